r"""The running logarithm of a sum of exponentials.

$$y_j = \log \sum_{m \le j} e^{x_m}, \qquad
\frac{\partial y_j}{\partial x_i} = e^{x_i - y_j} \;\; (i \le j), \qquad
dx_i = \sum_{j \ge i} dy_j\, e^{x_i - y_j}$$

Row $j$ of the Jacobian is the softmax of $x_1, \dots, x_j$. With $i \le j$ the exponent is never
positive, so nothing overflows; the textbook's $e^{x_i} \sum_{j \ge i} dy_j e^{-y_j}$ does.

Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", 2021.
"""

import numpy as np

from derivations.logsumexp import logsumexp
from derivations.softmax import softmax
from gradcheck import derivation, identity, options, real

SMALL = {"k": (1, 16)}


@options(sizes=SMALL)
@derivation(x="k")
def logcumsumexp(x):
    r"""$y_j = \mathrm{logaddexp}(y_{j-1}, x_j)$; ``x`` and the result are ``(k,)``."""
    return np.logaddexp.accumulate(x)


@logcumsumexp.partial(where=lambda i, j: i <= j)
def share(x, y, i, j):
    r"""$e^{x_i - y_j}$, a scalar between 0 and 1: the share of $x_i$ in the sum."""
    return np.exp(x[i] - y[j])


@logcumsumexp.partial(where=lambda i, j: i > j)
def before_it():
    r"""0, a scalar: $y_j$ does not look ahead."""
    return 0.0


@logcumsumexp.jacobian
def jacobian(x, y):
    r"""$J_{ji} = e^{x_i - y_j} [i \le j]$, shape ``(k, k)``.

    Masked before the exponential: above the diagonal it could overflow.
    """
    exponents = np.where(np.tri(len(x)) == 1, x - y[:, np.newaxis], -np.inf)
    return np.exp(exponents)


@logcumsumexp.row
def row(x, y, j):
    r"""$(\mathrm{softmax}(x_1, \dots, x_j), 0, \dots, 0)$, shape ``(k,)``."""
    return np.concatenate([softmax(x[: j + 1]), np.zeros(len(x) - j - 1)])


@logcumsumexp.vjp
def backward(dy, x, y):
    r"""$dx_i = \sum_{j \ge i} dy_j e^{x_i - y_j}$, shape ``(k,)``."""
    return dy @ jacobian(x, y)


@logcumsumexp.jvp
def forward_mode(dx, x, y):
    r"""$\dot y_j = \sum_{i \le j} e^{x_i - y_j} \dot x_i$, shape ``(k,)``: a weighted mean."""
    return jacobian(x, y) @ dx


@options(sizes=SMALL)
@identity(x="k")
def last_one(x):
    r"""$y_k$ is the logsumexp of all; a scalar."""
    return logcumsumexp(x)[-1], logsumexp(x)


@options(sizes=SMALL)
@identity(x=real("k", low=-30, high=30), dy="k")
def textbook_form(x, dy):
    r"""$e^x \odot \mathrm{revcumsum}(dy \odot e^{-y})$, within the range of exp; ``(k,)``."""
    y = logcumsumexp(x)
    return backward(dy, x, y), np.exp(x) * np.cumsum((dy * np.exp(-y))[::-1])[::-1]


@options(sizes=SMALL)
@identity(x="k")
def rows_sum_to_one(x):
    r"""$J 1 = 1$: adding the same to all adds it to every $y_j$; shape ``(k,)``."""
    return jacobian(x, logcumsumexp(x)).sum(axis=1), np.ones_like(x)
