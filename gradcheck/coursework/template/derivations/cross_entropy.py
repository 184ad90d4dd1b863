r"""Cross-entropy of softmax scores: $l = -\frac{1}{n} \sum_a \log y_{a, t_a}$."""

import numpy as np

from gradcheck import derivation, integers, options
from gradcheck.coursework import from_submission


@options(output="l", smooth=True)
@derivation(z="n k", t=integers("n", low=0, high="k"))
def cross_entropy(z, t):
    """The reference: a scalar, the mean over the n rows."""
    shifted = z - z.max(axis=1, keepdims=True)
    log_y = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_y[np.arange(len(t)), t].mean()


cross_entropy.vjp(from_submission("cross_entropy_backward(dl, z, t)"))
