"""Wrong versions of claims in ``derivations/losses/dice.py``."""

from derivations.losses import dice as right
from gradcheck import derivation


@derivation(p=right.PROBABILITIES, t=right.PROBABILITIES)
def dice(p, t):
    return right.dice(p, t)


@dice.gradient
def denominator_taken_for_a_constant(p, t):
    total = p.sum() + t.sum() + right.SMOOTHING
    return -2 * t / total, -2 * p / total
