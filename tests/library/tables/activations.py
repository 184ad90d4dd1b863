"""Wrong versions of claims of the activations."""

PLANTED_BUGS = {
    "elu": {
        "elu[vjp-backward]": ["alpha_not_added_to_the_output"],
        "elu[jvp-forward_mode]": ["alpha_forgotten"],
    },
    "gelu": {
        "gelu[vjp-backward]": [
            "slope_of_the_approximation",
            "second_term_of_the_product_rule_lost",
        ],
    },
    "gelu_tanh": {
        "gelu_tanh[vjp-backward]": ["slope_of_the_exact_function", "inner_derivative_forgotten"],
    },
    "glu": {"glu[vjp-backward]": ["halves_swapped", "gate_not_multiplied_by_the_values"]},
    "hard_sigmoid": {
        "hard_sigmoid[vjp-backward]": ["derivative_of_the_smooth_one", "not_flat_at_the_kinks"],
    },
    "hard_swish": {"hard_swish[vjp-backward]": ["gate_taken_for_a_constant"]},
    "hard_tanh": {
        "hard_tanh[vjp-backward]": ["upstream_cut_off"],
        "hard_tanh[partial-entry]": ["not_flat_at_the_kinks"],
    },
    "leaky_relu": {"leaky_relu[vjp-backward]": ["nothing_flows_below", "one_at_zero"]},
    "log_sigmoid": {
        "log_sigmoid[vjp-backward]": ["sign_of_the_input_lost", "logarithm_taken_for_the_sigmoid"],
    },
    "maxout": {
        "maxout[vjp-backward]": ["winner_of_the_first_row_for_all"],
        "one_winner_at_ties": ["every_tie_gets_the_gradient"],
    },
    "mish": {"mish[vjp-backward]": ["slope_of_softplus_forgotten"]},
    "prelu": {
        "prelu[vjp-dl_dalpha]": [
            "summed_over_the_positive_inputs_too",
            "one_alpha_for_all_channels",
        ],
    },
    "selu": {"selu[vjp-backward]": ["scale_missing_below_zero"]},
    "sigmoid": {
        "sigmoid[vjp-backward]": ["applied_twice", "input_for_output"],
        "chain": ["square_lost"],
    },
    "silu": {"silu[vjp-backward]": ["gate_taken_for_a_constant", "output_for_the_sigmoid"]},
    "softplus": {
        "softplus[vjp-backward]": ["function_for_its_derivative", "slope_of_the_rectifier"],
        "total[hessian-hessian]": ["first_derivative_on_the_diagonal"],
    },
    "softsign": {"softsign[vjp-backward]": ["absolute_value_taken_for_a_constant"]},
    "squared_relu": {"squared_relu[vjp-backward]": ["rectifier_forgotten", "two_forgotten"]},
    "swiglu": {
        "swiglu[vjp-backward]": [
            "only_one_use_of_the_input_counted",
            "values_taken_for_the_gate",
        ],
    },
    "tanh": {
        "tanh[vjp-backward]": [
            "pre_activation_for_activation",
            "derivative_evaluated_on_upstream",
        ],
    },
}
