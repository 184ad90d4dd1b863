r"""The rectifier: $r = \max(p, 0)$, with the convention that its slope at 0 is 0."""

import numpy as np

from gradcheck import derivation, options
from gradcheck.coursework import from_submission


@options(output="r", at_kink="left")
@derivation(p="n h")
def relu(p):
    """The reference, of shape ``(n, h)``."""
    return np.maximum(p, 0.0)


relu.vjp(from_submission("relu_backward(dr, p)"))
