r"""The mean squared error, over rows and columns.

$$l = \frac{1}{N C} \sum_{a=1}^N \sum_{c=1}^C (q_{ac} - t_{ac})^2, \qquad
dq = \frac{2}{N C} (q - t), \quad dt = -dq$$

``q`` and ``t`` are ``(n, c)``, $l$ is a scalar. The constant is a convention, and the one most
often lost: here the mean is over all $N C$ entries and no half cancels the 2; in
``derivations/squared_error.py`` it is over the rows, with a half.

Bishop, "Pattern recognition and machine learning", 2006.
"""

import numpy as np

from derivations.squared_error import backward as half_backward
from gradcheck import derivation, identity


@derivation(q="n c", t="n c")
def mean_squared_error(q, t):
    r"""The mean of $(q - t)^2$ over all entries, a scalar."""
    return ((q - t) ** 2).mean()


@mean_squared_error.vjp
def backward(dl, q, t):
    r"""$dq = 2\, dl\, (q - t) / (N C)$ and $dt = -dq$, each ``(n, c)``."""
    dq = 2 * dl * (q - t) / q.size
    return dq, -dq


@mean_squared_error.hessian("q")
def hessian(q):
    r"""$\frac{2}{N C} I$, shape ``(n, c, n, c)``: a constant."""
    return 2 / q.size * np.eye(q.size).reshape(q.shape + q.shape)


@identity(q="n c", t="n c")
def two_conventions(q, t):
    r"""$\frac{C}{2}$ times this rule is the rule of half the sum over columns; ``(n, c)``."""
    return q.shape[1] / 2 * backward(1.0, q, t)[0], half_backward(1.0, q, t)[0]
