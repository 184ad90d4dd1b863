"""Wrong versions of claims of the networks."""

PLANTED_BUGS = {
    "deep": {
        "deep[vjp-backward]": ["layers_in_reverse", "output_of_the_layer_for_its_input"],
    },
    "three_layer": {"three_layer[vjp-backward]": ["residual_path_forgotten"]},
    "two_layer": {"two_layer[vjp-backward]": ["penalty_forgotten", "activation_skipped"]},
}
