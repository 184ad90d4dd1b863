"""Wrong versions of claims in ``derivations/sequence/lstm.py``."""

import numpy as np

from derivations.sequence import lstm as right
from gradcheck import derivation, options


@options(output="hs c_last", sizes=right.SMALL)
@derivation(**right.NETWORK)
def lstm(x, h, c, W, U, b):
    return right.lstm(x, h, c, W, U, b)


@lstm.vjp
def last_cell_forgotten(dhs, dc_last, x, h, c, W, U, b):
    return right.backward(dhs, np.zeros_like(dc_last), x, h, c, W, U, b)


@lstm.vjp
def gradients_of_the_inputs_in_reverse(dhs, dc_last, x, h, c, W, U, b):
    dx, *others = right.backward(dhs, dc_last, x, h, c, W, U, b)
    return dx[::-1], *others
