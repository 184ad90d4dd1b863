import numpy as np

from gradcheck import derivation, identity, options, real
from gradcheck.coursework import from_submission

own_softmax = from_submission("softmax(z)")


@derivation(z=real("k", low=-30, high=30))
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


@identity(z=real("k", low=-30, high=30))
def forward(z):
    return own_softmax(z), softmax(z)


softmax.vjp(from_submission("softmax_backward(dy, y)"))


@options(output="z")
@derivation(x="n d", W="d m", b="m")
def linear(x, W, b):
    return x @ W + b


linear.vjp(from_submission("linear_backward(dz, x, W)"))
