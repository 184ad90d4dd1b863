r"""The linear layer: $z = x W + b$ for each row of x."""

from gradcheck import derivation, options
from gradcheck.coursework import from_submission


@options(output="z")
@derivation(x="n d", W="d m", b="m")
def linear(x, W, b):
    """The reference, of shape ``(n, m)``."""
    return x @ W + b


linear.vjp(from_submission("linear_backward(dz, x, W)"))
