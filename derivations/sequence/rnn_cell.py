r"""One step of the simple recurrent network.

$$h' = \tanh(a), \quad a = x W + h U + b, \qquad da = dh' \odot (1 - h' \odot h')$$

Then $dx = da\, W^T$, $dh = da\, U^T$, $dW = x^T da$, $dU = h^T da$ and $db = \sum da$: two linear
layers that share their output. Source: J. Elman, "Finding structure in time", 1990.
"""

import numpy as np

from derivations.linear import backward as linear_backward
from gradcheck import derivation, identity, options

SMALL = {"n": (1, 3), "d": (1, 4), "m": (1, 4)}
CELL = {"x": "n d", "h": "n m", "W": "d m", "U": "m m", "b": "m"}


@options(output="h_next", sizes=SMALL)
@derivation(**CELL)
def rnn_cell(x, h, W, U, b):
    r"""``x`` ``(n, d)`` and the state ``h`` ``(n, m)`` give the next state ``(n, m)``."""
    return np.tanh(x @ W + h @ U + b)


@rnn_cell.vjp
def backward(dh_next, x, h, W, U, h_next):
    r"""The gradients of ``x, h, W, U, b``: the slope of tanh from its output, then two layers."""
    da = dh_next * (1 - h_next * h_next)
    dx, dW, db = linear_backward(da, x, W)
    dh, dU, _ = linear_backward(da, h, U)
    return dx, dh, dW, dU, db


@rnn_cell.jvp("h")
def forward_mode_of_the_state(dh, U, h_next):
    r"""$\dot h' = \dot h\, U \odot (1 - h' \odot h')$, shape ``(n, m)``."""
    return dh @ U * (1 - h_next * h_next)


@options(output="h_next", sizes={"d": (1, 4), "m": (1, 4)})
@derivation(x="d", h="m", W="d m", U="m m", b="m")
def rnn_cell_of_one_row(x, h, W, U, b):
    r"""The same for one row: ``(d,)`` and ``(m,)`` give ``(m,)``."""
    return np.tanh(x @ W + h @ U + b)


@rnn_cell_of_one_row.vjp
def backward_of_one_row(dh_next, x, h, W, U, h_next):
    r"""The gradients of ``x, h, W, U, b``, where those of the matrices are outer products."""
    da = dh_next * (1 - h_next * h_next)
    return da @ W.T, da @ U.T, np.outer(x, da), np.outer(h, da), da


@rnn_cell_of_one_row.jacobian("h")
def jacobian_of_the_state(U, h_next):
    r"""$\partial h'_j / \partial h_i = (1 - h'^2_j)\, U_{ij}$, so $J = D\, U^T$, ``(m, m)``."""
    return (1 - h_next * h_next)[:, np.newaxis] * U.T


@rnn_cell_of_one_row.partial("W")
def entry_of_W(x, h_next, i, j):
    r"""$\partial h'_j / \partial W_{ab} = (1 - h'^2_j)\, x_a \delta_{bj}$, a scalar."""
    a, b = i
    return (1 - h_next[j] * h_next[j]) * x[a] * float(b == j)


@options(sizes=SMALL)
@identity(**CELL)
def one_layer_of_both(x, h, W, U, b):
    r"""$x W + h U = [x, h] \binom{W}{U}$: one layer that sees both; ``(n, m)``."""
    both = np.hstack([x, h]) @ np.vstack([W, U]) + b
    return rnn_cell(x, h, W, U, b), np.tanh(both)
