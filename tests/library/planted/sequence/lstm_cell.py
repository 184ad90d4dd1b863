"""Wrong versions of claims in ``derivations/sequence/lstm_cell.py``."""

import numpy as np

from derivations.sequence import lstm_cell as right
from gradcheck import derivation, options


@options(output="h_next c_next", sizes=right.SMALL)
@derivation(**right.CELL)
def lstm_cell(x, h, c, W, U, b):
    return right.lstm_cell(x, h, c, W, U, b)


@lstm_cell.vjp
def cell_added_on_the_wrong_side_of_tanh(dh_next, dc_next, x, h, c, W, U, b, c_next):
    inside = dc_next * (1 - np.tanh(c_next) ** 2)
    return right.backward(dh_next, inside, x, h, c, W, U, b, c_next)


@lstm_cell.vjp
def partner_of_the_input_gate_wrong(dh_next, dc_next, x, h, c, W, U, b, c_next):
    dx, dh, dc, dW, dU, db = right.backward(dh_next, dc_next, x, h, c, W, U, b, c_next)
    i, _, _, o = right.gates(x, h, W, U, b)
    into_the_cell = dc_next + dh_next * o * (1 - np.tanh(c_next) ** 2)
    wrong = (into_the_cell * i * i * (1 - i)).sum(axis=0)
    return dx, dh, dc, dW, dU, np.concatenate([wrong, db[len(wrong) :]])


@lstm_cell.vjp
def cell_reached_by_itself_alone(dh_next, dc_next, x, h, c, W, U, b, c_next):
    *others, _, dW, dU, db = right.backward(dh_next, dc_next, x, h, c, W, U, b, c_next)
    return *others, dc_next * right.gates(x, h, W, U, b)[1], dW, dU, db
