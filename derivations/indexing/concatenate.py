r"""Concatenation of arrays, and splitting, which is its backward rule.

$$y = [x_1, \dots, x_t], \qquad [dx_1, \dots, dx_t] = dy$$

Each output entry is a copy of one input entry: the Jacobian is a permutation matrix, whose
transpose is its inverse.

Huang, Liu, van der Maaten and Weinberger, "Densely connected convolutional networks", 2017.
"""

import numpy as np

from gradcheck import arrays, derivation, identity, options, real

SMALL = {"t": (1, 4), "n": (1, 3), "d": (1, 3)}
PARTS = {"x": arrays(real("n d"), count="t")}


@options(sizes=SMALL)
@derivation(**PARTS)
def concatenate(x):
    r"""$t$ arrays ``(n, d)`` give ``(n, t d)``."""
    return np.concatenate(x, axis=1)


@concatenate.vjp
def backward(dy, x):
    r"""A list of $t$ gradients ``(n, d)``: the pieces of ``dy`` in the same order."""
    return np.split(dy, len(x), axis=1)


@options(output="first second", sizes={"n": (1, 3), "d": (1, 4), "e": (1, 4)})
@derivation(x="n d", w="n e")
def joined_and_cut(x, w):
    r"""``(n, d)`` and ``(n, e)`` joined, then cut after the first column: two outputs."""
    both = np.concatenate([x, w], axis=1)
    return both[:, :1], both[:, 1:]


@joined_and_cut.vjp
def backward_of_cut(dfirst, dsecond, x):
    r"""The two cotangents joined and cut where ``x`` ends: ``(n, d)`` and ``(n, e)``."""
    both = np.concatenate([dfirst, dsecond], axis=1)
    d = x.shape[1]
    return both[:, :d], both[:, d:]


@options(sizes=SMALL)
@identity(**PARTS)
def splitting_undoes_it(x):
    r"""The backward rule of the result gives the parts back; ``(t, n, d)``."""
    return np.stack(backward(concatenate(x), x)), np.stack(x)
