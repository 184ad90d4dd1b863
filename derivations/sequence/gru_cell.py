r"""One step of the gated recurrent unit.

$$r = \sigma(x W_r + h U_r + b_r), \quad z = \sigma(x W_z + h U_z + b_z), \quad
g = \tanh(x W_g + (r \odot h) U_g + b_g)$$
$$h' = (1 - z) \odot g + z \odot h$$

The state is used four times: for each gate, inside the candidate, and in the mean at the end; its
gradient is the sum of the four. Source: K. Cho et al., "Learning phrase representations using RNN
encoder-decoder for statistical machine translation", 2014.
"""

import numpy as np

from derivations.activations.sigmoid import sigmoid
from derivations.linear import backward as linear_backward
from gradcheck import derivation, identity, options

SMALL = {"n": (1, 2), "d": (1, 3), "m": (1, 3)}
CELL = {"x": "n d", "h": "n m", "W": "d 3*m", "U": "m 3*m", "b": "3*m"}


def gates(x, h, W, U, b):
    """``r``, ``z`` and the candidate ``g``, ``(n, m)`` each."""
    from_x = np.split(x @ W + b, 3, axis=1)
    U_r, U_z, U_g = np.split(U, 3, axis=1)
    r = sigmoid(from_x[0] + h @ U_r)
    z = sigmoid(from_x[1] + h @ U_z)
    return r, z, np.tanh(from_x[2] + (r * h) @ U_g)


@options(output="h_next", sizes=SMALL)
@derivation(**CELL)
def gru_cell(x, h, W, U, b):
    r"""``x`` ``(n, d)`` and the state ``h`` ``(n, m)`` give the next state ``(n, m)``."""
    _, z, g = gates(x, h, W, U, b)
    return (1 - z) * g + z * h


@gru_cell.vjp
def backward(dh_next, x, h, W, U, b):
    r"""The gradients of ``x, h, W, U, b``; the candidate first, since $r$ is inside it."""
    r, z, g = gates(x, h, W, U, b)
    U_r, U_z, U_g = np.split(U, 3, axis=1)
    da_g = dh_next * (1 - z) * (1 - g * g)
    da_z = dh_next * (h - g) * z * (1 - z)
    dreset, dU_g, _ = linear_backward(da_g, r * h, U_g)
    da_r = dreset * h * r * (1 - r)
    dx, dW, db = linear_backward(np.hstack([da_r, da_z, da_g]), x, W)
    dh_r, dU_r, _ = linear_backward(da_r, h, U_r)
    dh_z, dU_z, _ = linear_backward(da_z, h, U_z)
    dh = dh_next * z + dreset * r + dh_r + dh_z
    return dx, dh, dW, np.hstack([dU_r, dU_z, dU_g]), db


@options(sizes=SMALL)
@identity(**CELL)
def between_candidate_and_state(x, h, W, U, b):
    r"""$h' = g + z \odot (h - g)$: a step from the candidate towards the state; ``(n, m)``."""
    _, z, g = gates(x, h, W, U, b)
    return gru_cell(x, h, W, U, b), g + z * (h - g)


@options(sizes=SMALL)
@identity(**CELL, dh_next="n m")
def shut_update_gate_keeps_the_state(x, h, W, U, b, dh_next):
    r"""Where $a_z$ is large, $z = 1$: the cotangent passes unchanged, $dh = dh'$; ``(n, m)``."""
    b_r, _, b_g = np.split(b, 3)
    shut = np.full(len(b_r), np.inf)
    return backward(dh_next, x, h, W, U, np.concatenate([b_r, shut, b_g]))[1], dh_next
