r"""Sinusoidal positions: a number as sines and cosines of many wave lengths.

$$y_{t, r} = \sin(p_t \omega_r), \quad y_{t, R + r} = \cos(p_t \omega_r), \quad
\omega_r = b^{-r / R}$$
$$dp_t = \sum_r \omega_r \big( dy_{t,r} \cos(p_t \omega_r) - dy_{t,R+r} \sin(p_t \omega_r) \big)$$

In a language model the positions are 0, 1, … and need no gradient; in a radiance field they are
coordinates and have one. Source: A. Vaswani et al., 2017, section 3.5.
"""

import numpy as np

from gradcheck import derivation, identity, integers, options, real

BASE = 10000.0  # the paper's choice, as for the rotary positions
# Further out, the sine of a number loses the digits of the number.
POSITIONS = real("t", low=-1000, high=1000)
HOW_MANY = integers(low=1, high=5)


def frequencies(R):
    r"""$\omega$, shape ``(R,)``."""
    return BASE ** (-np.arange(R) / R)


@options(sizes={"t": (1, 6)})
@derivation(p=POSITIONS, R=HOW_MANY)
def sinusoidal_positions(p, R):
    r"""Positions ``(t,)`` give ``(t, 2 R)``: sines, then cosines."""
    waves = p[:, np.newaxis] * frequencies(R)
    return np.hstack([np.sin(waves), np.cos(waves)])


@sinusoidal_positions.column
def column(y, R, i):
    r"""$\partial y / \partial p_t$: $\omega \cos$ and $-\omega \sin$ in row $t$; ``(t, 2 R)``."""
    dy = np.zeros_like(y)
    sines, cosines = y[i, :R], y[i, R:]
    dy[i] = np.concatenate([frequencies(R) * cosines, -frequencies(R) * sines])
    return dy


@sinusoidal_positions.vjp
def backward(dy, R, y):
    r"""$dp_t = \sum_r \omega_r (dy_{t,r} y_{t,R+r} - dy_{t,R+r} y_{t,r})$, shape ``(t,)``."""
    return (dy[:, :R] * y[:, R:] - dy[:, R:] * y[:, :R]) @ frequencies(R)


@options(sizes={"t": (1, 6)})
@identity(p=POSITIONS, c=real(low=-1000, high=1000), R=HOW_MANY)
def a_shift_is_a_rotation(p, c, R):
    r"""$y(p + c)$ is linear in $y(p)$, with a matrix that depends on $c$ alone; ``(t, 2 R)``."""
    y = sinusoidal_positions(p, R)
    sin, cos = np.sin(c * frequencies(R)), np.cos(c * frequencies(R))
    sines = y[:, :R] * cos + y[:, R:] * sin
    cosines = y[:, R:] * cos - y[:, :R] * sin
    return sinusoidal_positions(p + c, R), np.hstack([sines, cosines])
