"""Wrong versions of claims in ``derivations/normalization/running_statistics.py``."""

from derivations.normalization import running_statistics as right
from gradcheck import derivation, options


@options(output="m2 v2", sizes={"n": (2, 8)})
@derivation(x="n c", m="c", v="c")
def running_statistics(x, m, v):
    return right.running_statistics(x, m, v)


@running_statistics.vjp
def biased_variance(dm2, dv2, x):
    n = len(x)
    dx, dm, dv = right.backward(dm2, dv2 * (n - 1) / n, x)
    return dx, dm, dv * n / (n - 1)


@running_statistics.vjp
def second_output_forgotten(dm2, dv2, x):
    dx, dm, _ = right.backward(dm2, 0 * dv2, x)
    return dx, dm, (1 - right.MOMENTUM) * dv2
