"""Wrong versions of claims in ``derivations/sequence/rotary_positions.py``."""

from derivations.sequence import rotary_positions as right
from gradcheck import derivation, integers, options


@options(sizes=right.SMALL)
@derivation(x="n 2*r", start=integers(low=0, high=100))
def rotary_positions(x, start):
    return right.rotary_positions(x, start)


@rotary_positions.vjp
def turned_forwards_again(dy, start):
    return right.rotary_positions(dy, start)


@rotary_positions.vjp
def start_forgotten(dy):
    return right.backward(dy, 0)
