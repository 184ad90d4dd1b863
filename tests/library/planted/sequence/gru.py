"""Wrong versions of claims in ``derivations/sequence/gru.py``."""

from derivations.sequence import gru as right
from derivations.sequence.gru_cell import backward as cell_backward
from gradcheck import derivation, options


@options(output="h_last", sizes=right.SMALL)
@derivation(x="t n d", h="n m", W="d 3*m", U="m 3*m", b="3*m")
def gru(x, h, W, U, b):
    return right.gru(x, h, W, U, b)


@gru.vjp
def only_the_last_step(dh_last, x, h, W, U, b):
    before = right.states(x, h, W, U, b)
    dx = 0 * x
    dx[-1], dh, dW, dU, db = cell_backward(dh_last, x[-1], before[-2], W, U, b)
    return dx, dh, dW, dU, db
