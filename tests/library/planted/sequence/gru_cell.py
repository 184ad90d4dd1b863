"""Wrong versions of claims in ``derivations/sequence/gru_cell.py``."""

from derivations.sequence import gru_cell as right
from gradcheck import derivation, options


@options(output="h_next", sizes=right.SMALL)
@derivation(**right.CELL)
def gru_cell(x, h, W, U, b):
    return right.gru_cell(x, h, W, U, b)


@gru_cell.vjp
def one_use_of_the_state_forgotten(dh_next, x, h, W, U, b):
    dx, dh, dW, dU, db = right.backward(dh_next, x, h, W, U, b)
    return dx, dh - dh_next * right.gates(x, h, W, U, b)[1], dW, dU, db


@gru_cell.vjp
def state_not_reset_in_front_of_the_candidate(dh_next, x, h, W, U, b):
    dx, dh, dW, dU, db = right.backward(dh_next, x, h, W, U, b)
    _, z, g = right.gates(x, h, W, U, b)
    dU = dU.copy()
    dU[:, -h.shape[1] :] = h.T @ (dh_next * (1 - z) * (1 - g * g))
    return dx, dh, dW, dU, db
