r"""Rotary positions: pairs of features turned by an angle that grows with the position.

$$\begin{pmatrix} y_{t, 2r} \\ y_{t, 2r+1} \end{pmatrix} =
\begin{pmatrix} \cos \theta & -\sin \theta \\ \sin \theta & \cos \theta \end{pmatrix}
\begin{pmatrix} x_{t, 2r} \\ x_{t, 2r+1} \end{pmatrix}, \qquad
\theta = (t + t_0)\, b^{-2r / d}$$

A rotation is orthogonal: its transpose, the backward rule, is the rotation by $-\theta$. Queries
and keys turned in this way have products that depend on the distance of their positions alone.

Source: J. Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021.
"""

import numpy as np

from gradcheck import derivation, identity, integers, options

BASE = 10000.0  # the paper's choice: the slowest pair turns once in some ten thousand positions
SMALL = {"n": (1, 6), "r": (1, 4)}


def angles(length, pairs, start):
    r"""$\theta$ for each position and pair, shape ``(length, pairs)``."""
    return (start + np.arange(length))[:, np.newaxis] * BASE ** (-np.arange(pairs) / pairs)


def turned(x, theta):
    """Each pair of ``x`` ``(…, n, 2 r)`` turned by ``theta`` ``(n, r)``."""
    cos, sin = np.cos(theta), np.sin(theta)
    even, odd = x[..., 0::2], x[..., 1::2]
    pairs = np.stack([even * cos - odd * sin, even * sin + odd * cos], axis=-1)
    return pairs.reshape(x.shape)


@options(sizes=SMALL)
@derivation(x="n 2*r", start=integers(low=0, high=100))
def rotary_positions(x, start):
    r"""``(n, 2 r)``, the first of them at position ``start``; the result has the same shape."""
    return turned(x, angles(len(x), x.shape[1] // 2, start))


@rotary_positions.vjp
def backward(dy, start):
    r"""$dx$ = the cotangent turned back, by $-\theta$; shaped as ``x``."""
    return turned(dy, -angles(len(dy), dy.shape[1] // 2, start))


@rotary_positions.jvp
def forward_mode(dx, start):
    r"""Linear, so it is its own forward rule."""
    return rotary_positions(dx, start)


@options(sizes=SMALL)
@identity(x="n 2*r", start=integers(low=0, high=100))
def turning_back(x, start):
    r"""$R^T R x = x$, shape ``(n, 2 r)``."""
    return backward(rotary_positions(x, start), start), x


@options(sizes={"r": (1, 4)})
@identity(
    q="2*r",
    k="2*r",
    at=integers(low=0, high=20),
    distance=integers(low=0, high=20),
    later=integers(low=0, high=20),
)
def only_the_distance_counts(q, k, at, distance, later):
    r"""$\langle R_s q, R_t k \rangle$ depends on $t - s$ alone; two scalars."""
    pairs = len(q) // 2
    here = turned(q[np.newaxis], angles(1, pairs, at))
    there = turned(k[np.newaxis], angles(1, pairs, at + distance))
    later_here = turned(q[np.newaxis], angles(1, pairs, at + later))
    later_there = turned(k[np.newaxis], angles(1, pairs, at + later + distance))
    return (here * there).sum(), (later_here * later_there).sum()
