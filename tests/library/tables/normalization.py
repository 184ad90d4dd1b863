"""Wrong versions of claims of the normalization."""

PLANTED_BUGS = {
    "batch_norm": {
        "batch_norm[vjp-backward]": [
            "statistics_taken_for_constants",
            "gain_missing_in_two_terms",
            "gain_from_the_output",
        ],
    },
    "batch_norm_eval": {
        "batch_norm_eval[vjp-backward]": ["rule_of_training", "root_of_the_variance_forgotten"],
    },
    "cosine_similarity": {
        "cosine_similarity[vjp-backward]": ["lengths_taken_for_constants"],
    },
    "group_norm": {
        "group_norm[vjp-backward]": ["one_group_for_all", "gain_left_out"],
    },
    "instance_norm": {
        "instance_norm[vjp-backward]": ["parameters_of_the_first_sample"],
    },
    "l2_normalize": {
        "l2_normalize[vjp-backward]": [
            "input_for_output_in_the_projection",
            "diagonal_only",
            "sum_over_the_whole_batch",
        ],
    },
    "layer_norm": {
        "layer_norm[vjp-backward]": [
            "gain_applied_after_the_means",
            "parameters_summed_over_the_features",
        ],
    },
    "rms_norm": {
        "rms_norm[vjp-backward]": ["rule_of_layer_norm", "root_mean_square_taken_for_a_constant"],
    },
    "running_statistics": {
        "running_statistics[vjp-backward]": ["biased_variance", "second_output_forgotten"],
    },
    "standardize": {
        "standardize[vjp-backward]": [
            "statistics_taken_for_constants",
            "path_through_the_deviation_lost",
        ],
        "one_row[jacobian-jacobian]": ["sums_for_means"],
    },
    "weight_norm": {
        "weight_norm[vjp-backward]": ["length_taken_for_a_constant", "length_of_the_whole_matrix"],
    },
}
