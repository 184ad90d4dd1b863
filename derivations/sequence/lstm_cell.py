r"""One step of the long short-term memory.

$$[a_i, a_f, a_g, a_o] = x W + h U + b, \quad i = \sigma(a_i),\ f = \sigma(a_f),\
g = \tanh(a_g),\ o = \sigma(a_o)$$
$$c' = f \odot c + i \odot g, \qquad h' = o \odot \tanh(c')$$

Two outputs, so two cotangents. The cell reaches the loss by itself and through $h'$:
$dc = dc' + dh' \odot o \odot (1 - \tanh^2 c')$; the gates follow, each times its partner:
$di = dc \odot g$, $df = dc \odot c$, $dg = dc \odot i$, $do = dh' \odot \tanh c'$.

Source: S. Hochreiter and J. Schmidhuber, 1997; with the forget gate of F. Gers et al., 2000.
"""

import numpy as np

from derivations.activations.sigmoid import sigmoid
from derivations.linear import backward as linear_backward
from gradcheck import derivation, identity, measure_jvp, options

SMALL = {"n": (1, 2), "d": (1, 3), "m": (1, 3)}
CELL = {"x": "n d", "h": "n m", "c": "n m", "W": "d 4*m", "U": "m 4*m", "b": "4*m"}


def gates(x, h, W, U, b):
    """The four gates, ``(n, m)`` each, in the order input, forget, candidate, output."""
    a_i, a_f, a_g, a_o = np.split(x @ W + h @ U + b, 4, axis=1)
    return sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), sigmoid(a_o)


@options(output="h_next c_next", sizes=SMALL)
@derivation(**CELL)
def lstm_cell(x, h, c, W, U, b):
    r"""``x`` ``(n, d)``, ``h`` and ``c`` ``(n, m)`` give the next ``h`` and ``c``, ``(n, m)``."""
    i, f, g, o = gates(x, h, W, U, b)
    c_next = f * c + i * g
    return o * np.tanh(c_next), c_next


@lstm_cell.vjp
def backward(dh_next, dc_next, x, h, c, W, U, b, c_next):
    r"""The gradients of ``x, h, c, W, U, b`` from those of both outputs, ``(n, m)`` each."""
    i, f, g, o = gates(x, h, W, U, b)
    squashed = np.tanh(c_next)
    dc = dc_next + dh_next * o * (1 - squashed * squashed)
    da_i = dc * g * i * (1 - i)
    da_f = dc * c * f * (1 - f)
    da_g = dc * i * (1 - g * g)
    da_o = dh_next * squashed * o * (1 - o)
    da = np.hstack([da_i, da_f, da_g, da_o])
    dx, dW, db = linear_backward(da, x, W)
    dh, dU, _ = linear_backward(da, h, U)
    return dx, dh, dc * f, dW, dU, db


@options(sizes=SMALL)
@identity(**CELL, v="n m")
def the_carousel(x, h, c, W, U, b, v):
    r"""$\partial c' / \partial c = \mathrm{diag}(f)$: the error is carried on; ``(n, m)``.

    With $f = 1$ it is the identity matrix, at every step: what the cell was invented for.
    """
    f = gates(x, h, W, U, b)[1]
    return measure_jvp(lambda c: lstm_cell(x, h, c, W, U, b)[1], (c,), (v,)), f * v


@options(sizes=SMALL)
@identity(**CELL, dh="n m")
def zero_cell_shuts_the_forget_gate(x, h, c, W, U, b, dh):
    r"""With $c = 0$ no gradient reaches the bias of the forget gate, shape ``(m,)``."""
    nothing = np.zeros_like(c)
    c_next = lstm_cell(x, h, nothing, W, U, b)[1]
    db = backward(dh, nothing, x, h, nothing, W, U, b, c_next)[-1]
    return np.split(db, 4)[1], np.zeros(c.shape[1])
