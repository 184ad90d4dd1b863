"""Wrong versions of claims of regularization and optimization."""

PLANTED_BUGS = {
    "adam": {
        "adam[vjp-backward]": ["second_moment_taken_for_a_constant", "correction_forgotten"],
    },
    "dropout": {"dropout[vjp-backward]": ["not_scaled", "another_mask", "mask_from_upstream"]},
    "gradient_clipping": {"clip_by_norm[vjp-backward]": ["norm_taken_for_a_constant"]},
    "l1_penalty": {
        "absolute_value[vjp-sign_rule]": ["one_at_zero"],
        "l1_penalty[vjp-backward]": ["decay_as_for_the_square"],
    },
    "l2_penalty": {
        "l2_penalty[gradient-gradient]": ["two_left_over"],
        "ridge_loss[vjp-backward]": ["penalty_forgotten"],
    },
    "momentum": {
        "momentum[vjp-backward]": ["velocity_used_once_only", "old_velocity_in_the_step"],
    },
    "rmsprop": {"rmsprop[vjp-backward]": ["old_second_moment_in_the_step"]},
}
