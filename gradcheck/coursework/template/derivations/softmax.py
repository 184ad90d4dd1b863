r"""Softmax of one vector: $y_j = e^{z_j} / \sum_k e^{z_k}$.

What is asked for comes from `submission.py`; the function below is the reference.
"""

import numpy as np

from gradcheck import derivation, identity, options, real
from gradcheck.coursework import from_submission


@options(smooth=True)
@derivation(z="k")
def softmax(z):
    """The reference, of shape ``(k,)``."""
    e = np.exp(z - z.max())
    return e / e.sum()


own_softmax = from_submission("softmax(z)")


@identity(z=real("k", low=-30, high=30), c=real(low=-1e4, high=1e4))
def shift_invariance(z, c):
    """softmax(z + c) = softmax(z): your softmax must not overflow where c is large."""
    return own_softmax(z + c), softmax(z + c)


softmax.partial(where=lambda i, j: i == j)(from_submission("same_index(y, i)"))
softmax.partial(where=lambda i, j: i != j)(from_submission("different_index(y, i, j)"))
softmax.jacobian(from_submission("softmax_jacobian(y)"))
softmax.vjp(from_submission("softmax_backward(dy, y)"))
