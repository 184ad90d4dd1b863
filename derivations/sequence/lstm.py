r"""The long short-term memory over time.

$$(h_t, c_t) = \mathrm{cell}(x_t, h_{t-1}, c_{t-1}), \qquad
\frac{\partial l}{\partial h_t} = dh_t + \Big[\frac{\partial l}{\partial h_t}\Big]_{t+1}, \quad
\frac{\partial l}{\partial c_t} = \Big[\frac{\partial l}{\partial c_t}\Big]_{t+1}$$

Only the $h_t$ are handed out, and the last cell. Going back, both the state and the cell carry what
the later steps sent: $dc$ is added *before* the gates of the step, inside the rule of the cell.

The inputs are a list here, an array for each step, and so is their gradient.

Hochreiter and Schmidhuber, "Long short-term memory", 1997.
"""

import numpy as np

from derivations.sequence.lstm_cell import backward as cell_backward
from derivations.sequence.lstm_cell import lstm_cell
from gradcheck import arrays, derivation, identity, options, real

SMALL = {"t": (1, 3), "n": (1, 2), "d": (1, 2), "m": (1, 2)}
NETWORK = {
    "x": arrays(real("n d"), count="t"),
    "h": "n m",
    "c": "n m",
    "W": "d 4*m",
    "U": "m 4*m",
    "b": "4*m",
}


def steps(x, h, c, W, U, b):
    """The states and cells of all steps, each with the first one in front."""
    states, cells = [h], [c]
    for x_t in x:
        h, c = lstm_cell(x_t, h, c, W, U, b)
        states.append(h)
        cells.append(c)
    return states, cells


@options(output="hs c_last", sizes=SMALL)
@derivation(**NETWORK)
def lstm(x, h, c, W, U, b):
    r"""$t$ inputs ``(n, d)``, ``h`` and ``c`` ``(n, m)`` give ``(t, n, m)`` and ``(n, m)``."""
    states, cells = steps(x, h, c, W, U, b)
    return np.stack(states[1:]), cells[-1]


@lstm.vjp
def backward(dhs, dc_last, x, h, c, W, U, b):
    r"""A list of gradients for ``x``, then those of ``h, c, W, U, b``."""
    states, cells = steps(x, h, c, W, U, b)
    dh, dc = np.zeros_like(h), dc_last
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dx = []
    for t in range(len(x) - 1, -1, -1):
        dx_t, dh, dc, *shares = cell_backward(
            dhs[t] + dh, dc, x[t], states[t], cells[t], W, U, b, cells[t + 1]
        )
        dx.insert(0, dx_t)
        dW, dU, db = dW + shares[0], dU + shares[1], db + shares[2]
    return dx, dh, dc, dW, dU, db


@options(sizes={"n": (1, 2), "d": (1, 2), "m": (1, 2)})
@identity(x="n d", h="n m", c="n m", W="d 4*m", U="m 4*m", b="4*m", dh="n m", dc="n m")
def one_step_is_the_cell(x, h, c, W, U, b, dh, dc):
    r"""$dU$ for $t = 1$ is that of the cell, shape ``(m, 4 m)``."""
    _, c_next = lstm_cell(x, h, c, W, U, b)
    over_time = backward(dh[np.newaxis], dc, [x], h, c, W, U, b)[4]
    return over_time, cell_backward(dh, dc, x, h, c, W, U, b, c_next)[4]


@options(sizes=SMALL)
@identity(**NETWORK, dc="n m")
def steps_can_be_split(x, h, c, W, U, b, dc):
    r"""$dh$ through all steps is that through the first, of that through the rest; ``(n, m)``."""
    h_1, c_1 = lstm_cell(x[0], h, c, W, U, b)
    nothing = np.zeros((len(x), *h.shape))
    at_once = backward(nothing, dc, x, h, c, W, U, b)[1]
    dh_1, dc_1 = backward(nothing[1:], dc, x[1:], h_1, c_1, W, U, b)[1:3]
    return at_once, cell_backward(dh_1, dc_1, x[0], h, c, W, U, b, c_1)[1]
