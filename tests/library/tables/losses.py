"""Wrong versions of claims of the losses."""

PLANTED_BUGS = {
    "binary_cross_entropy": {
        "binary_cross_entropy[vjp-backward]": [
            "second_class_forgotten",
            "sign_of_the_inner_derivative_lost",
        ],
    },
    "binary_cross_entropy_with_logits": {
        "binary_cross_entropy_with_logits[vjp-backward]": [
            "sigmoid_rule_applied_again",
            "logits_for_probabilities",
        ],
    },
    "class_weights": {
        "weighted_cross_entropy[vjp-dl_dz]": ["weights_on_the_class_axis", "divided_by_the_count"],
        "weighted_cross_entropy[vjp-dl_dw]": ["rows_of_one_label_overwrite_each_other"],
    },
    "contrastive": {
        "contrastive[vjp-backward]": ["distance_not_divided_by"],
    },
    "dice": {
        "dice[gradient-gradient]": ["denominator_taken_for_a_constant"],
    },
    "focal": {
        "focal[vjp-backward]": ["weight_taken_for_a_constant", "sign_of_the_label_lost"],
    },
    "hinge": {
        "hinge[vjp-backward]": ["margin_left_out_of_the_mask", "mask_forgotten"],
        "squared_hinge[gradient-gradient]": ["label_missing_in_the_inner_derivative"],
    },
    "huber": {
        "huber[vjp-backward]": ["delta_missing_on_the_lines", "threshold_taken_for_a_constant"],
    },
    "info_nce": {
        "info_nce[vjp-backward]": ["inner_scale_forgotten"],
    },
    "jensen_shannon": {
        "jensen_shannon[vjp-backward]": ["half_forgotten", "the_other_distribution_for_the_middle"],
    },
    "kl_divergence": {
        "kl_divergence[gradient-gradient_of_p]": ["entropy_forgotten"],
        "kl_divergence[gradient-gradient_of_q]": ["the_other_divergence"],
        "cross_entropy_minus_entropy": ["symmetric"],
    },
    "kl_of_scores": {
        "kl_of_scores[vjp-backward]": ["loss_not_subtracted"],
    },
    "label_smoothing": {
        "smoothed_cross_entropy[vjp-backward]": [
            "spread_over_the_other_classes_only",
            "labels_not_smoothed",
        ],
    },
    "log_cosh": {
        "log_cosh[vjp-backward]": ["sign_of_the_error"],
    },
    "mean_absolute_error": {
        "mean_absolute_error[vjp-backward]": ["error_for_its_sign"],
        "right_predictions_stay": ["right_predictions_are_pushed_down"],
    },
    "mean_squared_error": {
        "mean_squared_error[vjp-backward]": ["constant_dropped", "averaged_over_the_rows_alone"],
    },
    "multiclass_hinge": {
        "multiclass_hinge[vjp-backward]": ["right_class_gets_nothing", "right_class_pays_once"],
    },
    "pinball": {
        "pinball[vjp-backward]": ["prediction_and_target_swapped", "levels_swapped"],
    },
    "poisson": {
        "poisson[vjp-backward]": ["logarithm_taken_for_the_rate"],
    },
    "sparsemax_loss": {
        "sparsemax_loss[gradient-gradient]": ["gradient_of_cross_entropy"],
        "sparsemax_loss[hessian-hessian]": ["support_taken_for_fixed_mass"],
    },
    "triplet": {
        "triplet[vjp-backward]": ["anchor_used_twice_counted_once", "mask_forgotten"],
    },
}
