r"""Broadcasting: adding and multiplying arrays of different shapes, and what it costs going back.

$$y_{ab} = x_{ab}\, s_a + b_b, \qquad dx_{ab} = dy_{ab} s_a, \quad ds_a = \sum_b dy_{ab} x_{ab},
\quad db_b = \sum_a dy_{ab}$$

Forwards an axis of size 1, or one that is missing, is repeated. Each copy gets a gradient, so
backwards that axis is summed over. Where the axis is there with size 1, it stays.

Harris and others, "Array programming with NumPy", 2020.
"""

import numpy as np

from gradcheck import choice, derivation, identity, options

SMALL = {"n": (1, 5), "d": (1, 5)}


@options(sizes=SMALL)
@derivation(x="n d", s="n 1", b="d")
def scale_and_shift(x, s, b):
    r"""``(n, d)``, ``(n, 1)`` and ``(d,)`` give ``(n, d)``."""
    return x * s + b


@scale_and_shift.partial("b")
def entry_of_b(i, j):
    r"""$\partial y_{ab} / \partial b_p = [b = p]$ in every row $a$, a scalar."""
    return float(i == j[1])


@scale_and_shift.vjp
def backward(dy, x, s):
    r"""$dx$ ``(n, d)``, $ds$ ``(n, 1)`` and $db$ ``(d,)``."""
    return dy * s, (dy * x).sum(axis=1, keepdims=True), dy.sum(axis=0)


def reduced(dy, shape):
    """The sum of ``dy`` over the axes along which an array of ``shape`` was repeated."""
    missing = dy.ndim - len(shape)
    dy = dy.sum(axis=tuple(range(missing)))
    repeated = tuple(axis for axis, size in enumerate(shape) if size == 1)
    return dy.sum(axis=repeated, keepdims=True)


SHAPES = choice((), (1,), (3,), (2, 1), (1, 3), (2, 3), (4, 2, 3), (4, 1, 1))


@derivation(x="2 3", shape=SHAPES)
def broadcast_sum(x, shape):
    r"""``x`` ``(2, 3)`` plus ones of any shape that fits; the result has the wider shape."""
    return x + np.ones(shape)


@broadcast_sum.vjp
def backward_of_any(dy, x):
    r"""Missing axes are summed away, axes of size 1 are summed and kept; ``(2, 3)``."""
    return reduced(dy, x.shape)


@options(sizes=SMALL)
@identity(x="n d", s="n 1", b="d", dy="n d")
def one_rule_for_all(x, s, b, dy):
    r"""$ds$ and $db$ are the full products, reduced to the shapes of ``s`` and ``b``; a scalar."""
    _, ds, db = backward(dy, x, s)
    return ds.sum() + db.sum(), reduced(dy * x, s.shape).sum() + reduced(dy, b.shape).sum()
