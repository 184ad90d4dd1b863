"""Wrong versions of claims in ``derivations/sequence/rnn_cell.py``."""

import numpy as np

from derivations.sequence import rnn_cell as right
from gradcheck import derivation, options


@options(output="h_next", sizes=right.SMALL)
@derivation(**right.CELL)
def rnn_cell(x, h, W, U, b):
    return right.rnn_cell(x, h, W, U, b)


@rnn_cell.vjp
def new_state_for_the_old_one(dh_next, x, h, W, U, h_next):
    return right.backward(dh_next, x, h_next, W, U, h_next)


@rnn_cell.vjp
def tanh_applied_twice(dh_next, x, h, W, U, h_next):
    return right.backward(dh_next, x, h, W, U, np.tanh(h_next))
