"""Cells with gates and a state, whose gates are multiplied by the wrong partner."""

import numpy as np

from tests.diagnosis.planted.layers import (
    gated_memory,
    gated_sum,
    leaky_step,
    lstm_state,
    memory_cell,
    recurrent_step,
    sigmoid_of,
    two_steps,
)
from tests.diagnosis.planted.planting import plant


@plant("M52", lstm_state)
def _(dh, dc, o, c0, g, h, c):
    dc = (dh * o + dc) * (1 - np.tanh(c) ** 2)
    return dh * np.tanh(c), dc, dc


@plant("M52", memory_cell)
def _(dh, dc, f, c0, c):
    dc = (dh + dc) * (1 - np.tanh(c) ** 2)
    return dc * c0, dc * f


@plant("M53", gated_sum, "i")
def _(dy, i):
    return dy * i


@plant("M53", gated_memory, "zi")
def _(dc, zi, zg):
    i = sigmoid_of(zi)
    return dc * i * i * (1 - i)


@plant("M53", gated_memory, "zf")
def _(dc, zf, zg):
    f = sigmoid_of(zf)
    return dc * np.tanh(zg) * f * (1 - f)


@plant("M53-step", recurrent_step, "Wh")
def _(dh, h):
    return h.T @ (dh * (1 - h**2))


@plant("M53-step", leaky_step, "Wh")
def _(dh, h0, h):
    return h.T @ (0.5 * dh * (1 - (2 * h - h0) ** 2))


@plant("M53-step M14", two_steps, "W")
def _(dy, h1, h0, y):
    return h1.T @ (dy * (1 - y**2))
