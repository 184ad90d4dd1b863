"""Wrong versions of claims of the activations."""

PLANTED_BUGS = {
    "sigmoid": {
        "sigmoid[vjp-backward]": ["applied_twice", "input_for_output"],
        "chain": ["square_lost"],
    },
}
