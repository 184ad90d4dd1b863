"""Wrong versions of claims of the softmax family."""

PLANTED_BUGS = {
    "entmax15": {
        "entmax15[vjp-backward]": ["output_for_its_root"],
        "entmax15[jacobian-jacobian]": ["half_of_the_inner_derivative_kept"],
    },
    "gumbel_softmax": {
        "gumbel_softmax[vjp-backward]": [
            "temperature_forgotten",
            "noise_left_out_of_the_temperature",
        ],
    },
    "log_softmax_batch": {
        "log_softmax_batch[vjp-backward]": ["sum_over_the_whole_batch", "rule_of_softmax"],
    },
    "masked": {
        "masked_softmax[vjp-backward]": [
            "masked_after_the_softmax",
            "mean_over_the_scores_let_through",
        ],
    },
    "softmax_with_zero": {
        "softmax_with_zero[vjp-backward]": ["normalised_as_softmax"],
        "what_a_shift_changes": ["shift_invariance_kept"],
    },
    "sparsemax": {
        "sparsemax[jacobian-jacobian]": ["rule_of_softmax"],
        "sparsemax[vjp-backward]": ["mean_over_all_scores", "mask_alone"],
    },
    "temperature": {
        "tempered_softmax[jacobian-jacobian_of_scores]": ["inner_scale_forgotten"],
        "tempered_softmax[column-derivative_by_the_temperature]": ["mean_not_subtracted"],
        "tempered_softmax[vjp-backward]": ["divided_once"],
    },
    "weighted_logsumexp": {
        "weighted_logsumexp[gradient-gradient]": [
            "weights_forgotten",
            "shares_for_the_gradient_of_the_weights",
        ],
    },
}
