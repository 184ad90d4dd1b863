r"""The layout of the homework's section 3 (1) applied to log-softmax: it does not hold.

There the columns $\partial y / \partial z_i$ are stacked as rows, $M_{ij} = \partial y_j /
\partial z_i$, and $M$ is used where the chain rule has $J$. For softmax the two are equal; for
log-softmax $M = J^T \neq J$. The right layout is in ``derivations/log_softmax.py``.
"""

import numpy as np

from derivations import log_softmax as right
from gradcheck import derivation, options


@options(output="a")
@derivation(z="k")
def log_softmax(z):
    """Shape ``(k,)`` to ``(k,)``."""
    return right.log_softmax(z)


@log_softmax.jacobian
def rows_of_columns(a):
    r"""$M_{ij} = \delta_{ij} - e^{a_i}$, shape ``(k, k)``: one number less along each row."""
    return np.stack([right.column(a, i) for i in range(len(a))])


@log_softmax.vjp
def upstream_times_rows_of_columns(da, a):
    r"""$da\, M$ instead of $da\, J$, shape ``(k,)``."""
    return da @ rows_of_columns(a)
