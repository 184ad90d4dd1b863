"""Wrong versions of claims in ``derivations/probability/gamma.py``."""

from derivations.probability import gamma as right
from gradcheck import derivation, options


@options(output="l")
@derivation(x=right.POSITIVE, a=right.SHAPE, rate=right.POSITIVE)
def log_density(x, a, rate):
    return right.log_density(x, a, rate)


@log_density.vjp
def scale_for_the_rate(dl, x, a, rate):
    dx, da, drate = right.backward(dl, x, a, 1 / rate)
    return dx, da, -drate / rate**2
