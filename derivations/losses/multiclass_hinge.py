r"""The hinge loss of several classes.

$$l = \frac{1}{N} \sum_a \sum_{j \ne t_a} \max(0, 1 + s_{aj} - s_{a t_a})$$
$$ds_{aj} = \frac{1}{N} [1 + s_{aj} - s_{a t_a} > 0] \quad (j \ne t_a), \qquad
ds_{a t_a} = -\sum_{j \ne t_a} ds_{aj}$$

The scores ``s`` are ``(n, k)``, the labels ``(n,)``, $l$ is a scalar. Weston and Watkins,
"Support vector machines for multi-class pattern recognition", 1999. The right class pays for each
violated margin; the sum over $j$ without $j = t_a$ keeps out the constant $\max(0, 1)$.
"""

import numpy as np

from gradcheck import derivation, identity, integers, options

LABELS = integers("n", low=0, high="k")


def margins(s, labels):
    r"""$1 + s_{aj} - s_{a t_a}$, and 0 for $j = t_a$; shape ``(n, k)``."""
    rows = np.arange(len(s))
    found = 1 + s - s[rows, labels][:, np.newaxis]
    found[rows, labels] = 0
    return found


@derivation(s="n k", labels=LABELS)
def multiclass_hinge(s, labels):
    r"""The mean over the rows of the violated margins' sum, a scalar."""
    return np.maximum(0, margins(s, labels)).sum() / len(s)


@multiclass_hinge.vjp
def backward(dl, s, labels):
    r"""$ds$, shape ``(n, k)``: 1 for each violated margin, minus their count for the label."""
    violated = 1.0 * (margins(s, labels) > 0)
    violated[np.arange(len(s)), labels] = -violated.sum(axis=1)
    return dl * violated / len(s)


@identity(s="n k", labels=LABELS)
def rows_sum_to_zero(s, labels):
    r"""$\sum_j ds_{aj} = 0$: only differences of scores count; ``(n,)``."""
    return backward(1.0, s, labels).sum(axis=1), np.zeros(len(s))


@options(sizes={"k": (2, 2)})
@identity(s="n k", labels=LABELS)
def two_classes(s, labels):
    r"""For two classes it is the hinge of the difference of their scores; a scalar."""
    rows = np.arange(len(s))
    difference = s[rows, labels] - s[rows, 1 - labels]
    return multiclass_hinge(s, labels), np.maximum(0, 1 - difference).mean()
