"""Right functions whose wrong rules look like something else where they are seen first."""

import numpy as np

from gradcheck import derivation, integers, options, real

#: What a rule may have written by hand.
GAIN = 0.7312


@derivation(x=real("n", low=1e-8, high=1e8))
def logarithm(x):
    return np.log(x)


@derivation(a=real("n", low=-10, high=10), b=real("n", low=-10, high=10))
def wrapped(a, b):
    return np.arctan2(np.sin(a - b), np.cos(a - b)) ** 2


@derivation(x="n")
def two_thirds(x):
    return 2 / 3 * x


@options(smooth=True)
@derivation(x="n")
def cubed(x):
    return x**3 + x


@derivation(x=real("n", low=0.5, high=2))
def root(x):
    return np.sqrt(x)


@options(output="l")
@derivation(a=real(low=0.5, high=3), b=real(low=0.5, high=3))
def distance(a, b):
    return np.sin(a * b) * np.exp(-a)


@derivation(x=real("n", low=-3, high=5), c="k")
def spline(x, c):
    a = np.abs(x[:, None] - np.arange(len(c)))
    return np.where(a < 1, 2 / 3 - a**2 + a**3 / 2, np.maximum((2 - a) ** 3 / 6, 0)) @ c


@derivation(x="n d")
def doubled(x):
    return 2 * x


@derivation(p="n", b=real("n", low=0.2, high=1))
def bump(p, b):
    return np.maximum(2 - np.abs(p), 0) * np.exp(np.abs(p) * b)


@derivation(gaps=real("k", low=0.2, high=2), ids=integers("n", low=0, high="k"))
def knots(gaps, ids):
    return np.cumsum(gaps)[ids]


@options(sizes={"n": (1, 4)})
@derivation(A=real("n n", low=-1, high=1))
def series(A):
    return np.eye(len(A)) + A + A @ A / 2 + A @ A @ A / 6


@options(sizes={"n": (2, 6), "k": (2, 5)})
@derivation(x=real("n", low=0, high=1), w="k")
def looked_up(x, w):
    return w[np.minimum((x * len(w)).astype(int), len(w) - 1)] * x


@derivation(a="n", b="n", c="n")
def overlap(a, b, c):
    return np.maximum(np.sin(a) - b, 0) ** 2 * np.exp(c)


@derivation(x="n", ids=integers("n", low=0, high="n"))
def gathered(x, ids):
    return x[ids]


@derivation(x="n")
def gained(x):
    return GAIN * x


@derivation(x=real(low=-20, high=20))
def sinc(x):
    if abs(x) < 1e-2:
        return 1 - x**2 / 6 + x**4 / 120
    return np.sin(x) / x
