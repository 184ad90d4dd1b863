"""Rules of frameworks that are accused with reason, and the reason."""

KNOWN: dict[str, dict[str, str]] = {
    "torch": {
        "as_strided_scatter": "torch does not check it either: entries of its input may overlap",
        "nn.functional.max_unpool3d": "for indices that repeat, which of the values lands is open",
        "normal": "zero by definition: a draw is not differentiated",
        "normal.number_mean": "zero by definition: a draw is not differentiated",
    },
    "jax": {
        "bitcast_convert_type": "zero by definition, though the function moves",
        "stop_gradient": "zero by definition, though the function moves",
        "digamma": "its derivative is wrong below 0: at -8.3178 13.692, where SciPy has 13.855",
        "random_gamma": "the derivative of a draw is approximated, to four digits",
    },
    "autograd": {},
}
