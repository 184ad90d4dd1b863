"""Wrong versions of claims of the probability."""

PLANTED_BUGS = {
    "beta": {
        "log_density[vjp-backward]": ["sum_of_the_shapes_forgotten"],
    },
    "categorical": {
        "log_likelihood[gradient-gradient]": ["gradient_of_the_loss"],
        "expected_reward[vjp-policy_gradient]": ["weighted_reward_without_the_score"],
    },
    "dirichlet": {
        "log_density[gradient-gradient]": ["normalization_of_each_entry_alone"],
    },
    "entropy": {
        "entropy[gradient-gradient]": [
            "derivative_by_the_probabilities",
            "sign_of_the_entropy_lost",
        ],
    },
    "gamma": {
        "log_density[vjp-backward]": ["scale_for_the_rate"],
    },
    "gaussian": {
        "log_density[vjp-backward]": [
            "variance_for_the_deviation",
            "normalization_taken_for_a_constant",
        ],
    },
    "gaussian_mixture": {
        "mixture_log_likelihood[gradient-gradient]": [
            "responsibilities_taken_for_the_shares",
            "shares_not_subtracted",
        ],
    },
    "kl_of_gaussians": {
        "kl_of_gaussians[vjp-backward]": ["the_two_distributions_swapped"],
        "from_the_standard_normal[gradient-gradient]": ["one_not_subtracted"],
    },
    "log_gamma": {
        "log_gamma[vjp-backward]": ["logarithm_for_the_digamma_function"],
    },
    "multivariate_gaussian": {
        "log_density[gradient-gradient]": ["gradient_of_the_precision", "determinant_forgotten"],
    },
    "reparameterization": {
        "sample[vjp-backward]": ["half_of_the_logarithm_forgotten", "noise_forgotten"],
    },
    "student_t": {
        "log_density[vjp-backward]": ["outer_factor_left_as_it_was"],
    },
}
