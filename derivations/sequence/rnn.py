r"""The simple recurrent network over time, and back-propagation through time.

$$h_t = \tanh(x_t W + h_{t-1} U + b), \qquad
\frac{\partial l}{\partial h_t} = dh_t + da_{t+1} U^T, \qquad dU = \sum_t h_{t-1}^T da_t$$

A state reaches the loss by two ways: as an output of its step, and through the next state. The
backward pass walks from the last step to the first, adds the two, and sums what each step gives to
the weights, which all steps share. Source: P. Werbos, "Backpropagation through time", 1990.
"""

import numpy as np

from derivations.sequence.rnn_cell import backward as cell_backward
from derivations.sequence.rnn_cell import jacobian_of_the_state, rnn_cell
from gradcheck import derivation, identity, measure_jvp, options

SMALL = {"t": (1, 4), "n": (1, 2), "d": (1, 3), "m": (1, 3)}
NETWORK = {"x": "t n d", "h": "n m", "W": "d m", "U": "m m", "b": "m"}


@options(output="states", sizes=SMALL)
@derivation(**NETWORK)
def rnn(x, h, W, U, b):
    r"""Inputs ``(t, n, d)`` and a first state ``(n, m)`` give the states ``(t, n, m)``."""
    states = []
    for x_t in x:
        h = rnn_cell(x_t, h, W, U, b)
        states.append(h)
    return np.stack(states)


@rnn.vjp
def backward(dstates, x, h, W, U, states):
    r"""The gradients of ``x, h, W, U, b`` from ``dstates`` ``(t, n, m)``."""
    before = [h, *states[:-1]]
    dx = np.zeros_like(x)
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros(W.shape[1])
    dh = np.zeros_like(h)
    for t in range(len(x) - 1, -1, -1):
        dx[t], dh, *shares = cell_backward(dstates[t] + dh, x[t], before[t], W, U, states[t])
        dW, dU, db = dW + shares[0], dU + shares[1], db + shares[2]
    return dx, dh, dW, dU, db


@rnn.jvp("x")
def forward_mode(dx, W, U, states):
    r"""$\dot h_t = (\dot x_t W + \dot h_{t-1} U) \odot (1 - h_t^2)$, shape ``(t, n, m)``."""
    dh, tangents = np.zeros_like(states[0]), []
    for dx_t, h_t in zip(dx, states, strict=True):
        dh = (dx_t @ W + dh @ U) * (1 - h_t * h_t)
        tangents.append(dh)
    return np.stack(tangents)


@options(sizes=SMALL)
@identity(**NETWORK, v="n m")
def product_of_jacobians(x, h, W, U, b, v):
    r"""$\dot h_T = J_T \cdots J_1 \dot h_0$ with $J_t = D_t U^T$, for each row; ``(n, m)``.

    Why gradients vanish or explode: the same $U$ is multiplied again for every step.
    """
    states = rnn(x, h, W, U, b)
    measured = measure_jvp(lambda h: rnn(x, h, W, U, b)[-1], (h,), (v,))
    rows = []
    for row, tangent in enumerate(v):
        for h_t in states:
            tangent = jacobian_of_the_state(U, h_t[row]) @ tangent
        rows.append(tangent)
    return measured, np.stack(rows)


@options(sizes=SMALL)
@identity(**NETWORK, dlast="n m")
def last_state_alone(x, h, W, U, b, dlast):
    r"""With a loss of the last state alone, $dh_{t-1} = (dh_t \odot (1 - h_t^2)) U^T$."""
    states = rnn(x, h, W, U, b)
    dstates = np.zeros_like(states)
    dstates[-1] = dlast
    dh = dlast
    for h_t in states[::-1]:
        dh = (dh * (1 - h_t * h_t)) @ U.T
    return backward(dstates, x, h, W, U, states)[1], dh
