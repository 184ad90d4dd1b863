"""Wrong versions of claims in ``derivations/sequence/sinusoidal_positions.py``."""

from derivations.sequence import sinusoidal_positions as right
from gradcheck import derivation, options


@options(sizes={"t": (1, 6)})
@derivation(p=right.POSITIONS, R=right.HOW_MANY)
def sinusoidal_positions(p, R):
    return right.sinusoidal_positions(p, R)


@sinusoidal_positions.vjp
def inner_derivative_forgotten(dy, R, y):
    return (dy[:, :R] * y[:, R:] - dy[:, R:] * y[:, :R]).sum(axis=1)


@sinusoidal_positions.vjp
def sign_of_the_cosine_lost(dy, R, y):
    return (dy[:, :R] * y[:, R:] + dy[:, R:] * y[:, :R]) @ right.frequencies(R)
