"""Rules of frameworks that are accused with reason, and the reason."""

KNOWN: dict[str, dict[str, str]] = {
    "torch": {
        "as_strided_scatter": "torch does not check it either: entries of its input may overlap",
        **dict.fromkeys(
            (f"nn.functional.max_unpool{n}d" for n in (1, 2, 3)),
            "for indices that repeat, which of the values lands is open",
        ),
        "normal": "zero by definition: a draw is not differentiated",
        "normal.number_mean": "zero by definition: a draw is not differentiated",
    },
    "jax": {
        "cholesky": "the bare primitive, meant for symmetric matrices: it reads one triangle, and "
        "leaves in its answer what stands above the diagonal",
        "bitcast_convert_type": "zero by definition, though the function moves",
        "stop_gradient": "zero by definition, though the function moves",
        "digamma": "wrong far below 0: at -8.3178 13.691, where SciPy has 13.854 (jax issue 37635)",
        "random_gamma": "a sampler by rejection; the rule is the derivative at a fixed level of "
        "the distribution function (equal to 11 digits), as jax issue 27349 and pull 38358 say",
    },
    "autograd": {},
}
