"""Wrong versions of every claim of the homework, the files that lie flat in ``derivations/``."""

PLANTED_BUGS = {
    "cross_entropy": {
        "cross_entropy[vjp-dl_dq]": [
            "sign_lost",
            "not_averaged",
            "averaged_over_the_classes_too",
        ],
        "cross_entropy[vjp-dl_dt]": ["logarithm_forgotten"],
        "cross_entropy_of_labels[gradient-gradient_of_labels]": [
            "gradient_not_averaged",
            "every_class_taken_for_the_label",
        ],
        "labels_are_certain_targets": ["mean_and_sum"],
    },
    "linear": {
        "linear_row[jacobian-weights_transposed]": ["weights_not_transposed"],
        "linear_row[vjp-backward_row]": [
            "outer_product_transposed",
            "bias_summed_over_the_outputs",
        ],
        "upstream_times_weights": ["output_for_upstream"],
        "linear[vjp-dl_dx]": ["averaged_over_the_rows", "weights_on_the_wrong_side"],
        "linear[vjp-dl_dW]": ["product_transposed", "averaged_weights"],
        "linear[vjp-dl_db]": ["not_summed", "summed_over_everything"],
        "linear[vjp-backward]": ["bias_averaged", "bias_forgotten"],
    },
    "log_softmax": {
        "log_softmax[partial-entry]": ["output_index_in_the_exponent"],
        "log_softmax[row-row]": ["constant_row"],
        "log_softmax[column-column]": ["probabilities_down_the_column"],
        "log_softmax[jacobian-jacobian]": ["transposed", "matrix_of_softmax"],
        "log_softmax[vjp-backward]": ["rule_of_the_transpose", "logarithm_for_probability"],
        "log_softmax[jvp-forward_mode]": ["backward_rule_used_forward"],
        "logarithm_of_softmax": ["normaliser_forgotten"],
        "chain_rule_of_the_logarithm": ["diagonal_matrix_on_the_wrong_side"],
    },
    "logsumexp": {
        "logsumexp[gradient-gradient]": ["not_normalised", "gradient_of_the_maximum"],
        "logsumexp[hessian-hessian]": ["diagonal_of_the_hessian_only"],
        "logsumexp[vjp-backward]": ["upstream_forgotten"],
        "hessian_is_the_softmax_jacobian": ["plus_outer_product"],
        "shift": ["taken_for_invariant", "shift_counted_for_each_class"],
        "normaliser_of_log_softmax": ["maximum_for_logsumexp"],
    },
    "network": {
        "network[vjp-backward]": [
            "rectifier_skipped",
            "pre_activation_for_activation",
            "mask_from_upstream",
        ],
        "cross_entropy_loss[vjp-cross_entropy_loss_backward]": [
            "sign_of_the_loss_lost",
            "fused_gradient_through_softmax_again",
        ],
        "squared_error_loss[vjp-squared_error_loss_backward]": ["softmax_skipped"],
        "four_steps_at_kinks": ["one_at_the_kink"],
    },
    "network_batch": {
        "cross_entropy_loss[vjp-cross_entropy_loss_backward]": [
            "mean_forgotten",
            "biases_averaged",
            "first_bias_left_out_of_the_mask",
        ],
        "squared_error_loss[vjp-squared_error_loss_backward]": [
            "fused_with_softmax_as_if_cross_entropy",
            "weights_of_one_sample",
        ],
        "batch_is_a_stack_of_rows": ["rows_in_reverse"],
        "weights_collect_all_rows": ["weights_averaged_over_the_rows"],
    },
    "relu": {
        "relu[partial-same_index]": ["function_for_its_slope", "right_slope_at_zero"],
        "relu[partial-different_index]": ["slope_everywhere"],
        "relu[vjp-backward]": ["one_at_zero", "mask_from_upstream", "upstream_forgotten"],
        "two_readings": ["inner_product"],
        "two_readings_of_a_batch": ["mask_of_the_first_row"],
        "nothing_flows_at_zero": ["everything_flows_at_zero"],
        "upstream_times_slope": ["absolute_value_for_the_slope"],
    },
    "softmax": {
        "softmax[partial-same_index]": ["plus_for_minus", "score_for_probability"],
        "softmax[partial-different_index]": ["sign_lost", "taken_for_independent"],
        "softmax[column-column]": ["diagonal_case_forgotten", "wrong_probability_in_front"],
        "softmax[jacobian-jacobian]": ["diagonal_only_matrix", "plus_outer_product"],
        "softmax[vjp-backward]": ["diagonal_only", "unweighted_sum", "upstream_ignored"],
    },
    "softmax_batch": {
        "softmax_batch[vjp-backward]": [
            "sum_over_the_batch_axis",
            "sum_over_everything",
            "keepdims_lost",
        ],
        "row_by_row": ["first_upstream_row_for_all"],
    },
    "softmax_chain": {
        "textbook_softmax[partial-quotient_rule_same_index]": [
            "terms_of_the_numerator_swapped",
            "sum_taken_for_a_constant",
        ],
        "textbook_softmax[partial-quotient_rule_different_index]": ["square_lost"],
        "same_index_chain": ["square_lost_in_the_second_step", "sign_turned_in_the_last_step"],
        "different_index_chain": ["numerator_not_differentiated", "sign_lost_in_the_last_step"],
    },
    "softmax_cross_entropy": {
        "softmax_cross_entropy[vjp-backward]": [
            "target_minus_prediction",
            "not_averaged",
            "softmax_rule_applied_again",
            "scores_for_probabilities",
        ],
        "softmax_cross_entropy_of_targets[vjp-backward_of_targets]": [
            "upstream_forgotten",
            "probabilities_for_the_gradient_of_the_targets",
        ],
        "fusing_the_two_rules": ["diagonal_of_the_matrix_only"],
        "labels_are_certain_targets": ["label_for_its_unit_vector"],
    },
    "softmax_layout": {
        "rows_are_columns": ["square_missing_on_the_diagonal"],
        "matrix_is_transposed_jacobian": ["layouts_confused"],
        "symmetry": ["symmetry_of_log_softmax"],
        "symmetry_measured": ["measured_log_softmax_in_the_homework_layout"],
        "upstream_times_matrix": ["upstream_times_the_transpose"],
    },
    "softmax_shift": {
        "exponential_of_a_sum": ["sum_of_exponentials"],
        "shift_chain": ["factor_cancelled_in_one_place"],
        "textbook_is_softmax": ["shift_in_the_numerator_only"],
        "shift_invariance": ["scale_for_shift"],
        "constant_in_the_shift": ["one_score_shifted"],
        "rows_sum_to_zero": ["rows_of_a_diagonal_matrix"],
        "rows_sum_to_zero_measured": ["direction_of_the_scores"],
        "columns_sum_to_zero": ["outer_product_forgotten"],
        "columns_sum_to_zero_measured": ["sum_of_squares"],
    },
    "squared_error": {
        "squared_error[vjp-backward]": [
            "half_forgotten",
            "averaged_over_the_classes_too",
            "same_sign_for_the_target",
        ],
        "only_the_difference_counts": ["mean_forgotten"],
    },
}
