r"""The hinge loss of two classes, plain and squared.

$$l = \frac{1}{N} \sum_a \max(0, 1 - t_a s_a), \qquad
ds_a = \frac{1}{N} \begin{cases} -t_a & \text{if } t_a s_a < 1 \\ 0 & \text{if } t_a s_a \ge 1
\end{cases}$$
$$l_2 = \frac{1}{N} \sum_a \max(0, 1 - t_a s_a)^2, \qquad
ds_a = -\frac{2}{N} t_a \max(0, 1 - t_a s_a)$$

The scores ``s`` are ``(n,)``; ``positive`` says which labels $t_a$ are 1, the others are -1. Cortes
and Vapnik, "Support-vector networks", 1995. At the margin, $t_a s_a = 1$, the first has a kink; 0
is taken there. The square has none.
"""

import numpy as np

from derivations.relu import backward as relu_backward
from derivations.relu import relu
from gradcheck import boolean, derivation, identity

POSITIVE = boolean("n")


def labels(positive):
    r"""$t$: 1 or -1, shape ``(n,)``."""
    return np.where(positive, 1.0, -1.0)


@derivation(s="n", positive=POSITIVE)
def hinge(s, positive):
    r"""The mean of $\max(0, 1 - t s)$, a scalar."""
    return np.maximum(0, 1 - labels(positive) * s).mean()


@hinge.vjp
def backward(dl, s, positive):
    r"""$ds = -dl\, t / N$ inside of the margin, else 0; shape ``(n,)``."""
    t = labels(positive)
    return -dl * t * (t * s < 1) / len(s)


@derivation(s="n", positive=POSITIVE)
def squared_hinge(s, positive):
    r"""The mean of $\max(0, 1 - t s)^2$, a scalar."""
    return (np.maximum(0, 1 - labels(positive) * s) ** 2).mean()


@squared_hinge.gradient
def gradient(s, positive):
    r"""$-2 t \max(0, 1 - t s) / N$, shape ``(n,)``."""
    t = labels(positive)
    return -2 * t * np.maximum(0, 1 - t * s) / len(s)


@identity(s="n", positive=POSITIVE)
def rectifier_inside(s, positive):
    r"""The chain rule: mean, rectifier, then $1 - t s$; ``(n,)``."""
    t = labels(positive)
    margin = 1 - t * s
    mean = np.full(len(s), 1 / len(s))
    by_layers = np.stack([relu(margin), -t * relu_backward(mean, margin)])
    return by_layers, np.stack([np.maximum(0, margin), backward(1.0, s, positive)])
