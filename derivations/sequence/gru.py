r"""The gated recurrent unit over time, with a loss of its last state.

$$h_t = \mathrm{cell}(x_t, h_{t-1}), \qquad dW = \sum_t dW^{(t)}, \quad dU = \sum_t dU^{(t)}$$

A sequence is read into one vector, as an encoder does. Nothing but the last state is handed out, so
all of the gradient comes through the chain of states.

Cho and others, "Learning phrase representations using RNN encoder-decoder for statistical machine
translation", 2014.
"""

import numpy as np

from derivations.sequence.gru_cell import backward as cell_backward
from derivations.sequence.gru_cell import gates, gru_cell
from gradcheck import derivation, identity, options, real

SMALL = {"t": (1, 3), "n": (1, 2), "d": (1, 2), "m": (1, 2)}


def states(x, h, W, U, b):
    """The states before each step, and the last one."""
    found = [h]
    for x_t in x:
        found.append(gru_cell(x_t, found[-1], W, U, b))
    return found


@options(output="h_last", sizes=SMALL)
@derivation(x="t n d", h="n m", W="d 3*m", U="m 3*m", b="3*m")
def gru(x, h, W, U, b):
    r"""Inputs ``(t, n, d)`` and a first state ``(n, m)`` give the last state ``(n, m)``."""
    return states(x, h, W, U, b)[-1]


@gru.vjp
def backward(dh_last, x, h, W, U, b):
    r"""The gradients of ``x, h, W, U, b``, from the last step to the first."""
    before = states(x, h, W, U, b)
    dx, dh = np.zeros_like(x), dh_last
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for t in range(len(x) - 1, -1, -1):
        dx[t], dh, *shares = cell_backward(dh, x[t], before[t], W, U, b)
        dW, dU, db = dW + shares[0], dU + shares[1], db + shares[2]
    return dx, dh, dW, dU, db


@options(sizes=SMALL)
@identity(
    x="t n d",
    h=real("n m", low=-1, high=1),
    W="d 3*m",
    U="m 3*m",
    b="3*m",
)
def a_weighted_mean_of_all_candidates(x, h, W, U, b):
    r"""$h_T = \sum_t \big( \prod_{s > t} z_s \big) (1 - z_t)\, g_t + \big( \prod z_s \big) h_0$.

    The recursion unrolled, shape ``(n, m)``: a product of gates instead of a product of matrices.
    """
    total, carried = np.zeros_like(h), np.ones_like(h)
    before = states(x, h, W, U, b)
    for x_t, h_t in zip(x[::-1], before[-2::-1], strict=True):
        _, z, g = gates(x_t, h_t, W, U, b)
        total = total + carried * (1 - z) * g
        carried = carried * z
    return before[-1], total + carried * h
