"""Functions whose wrong rules test_report checks: kept apart, since tests are collected."""

import numpy as np

from gradcheck import arrays, derivation, identity, integers, options, real, simplex


@derivation(x="n d", W="d m", b="m")
def affine(x, W, b):
    return x @ W + b


@options(sizes={"k": (2, 8)})
@identity(z=real("k", low=-30, high=30), i=integers(high="k"), d=integers(low=1, high="k"))
def different_index(z, i, d):
    j = (i + d) % len(z)
    e = np.exp(z)
    total = e.sum()
    y = e / total
    return (
        (0 * total - e[i] * e[j]) / total**2,
        -e[j] * e[i] / total,
        -y[i] * y[j],
    )


@derivation(x="k")
def softplus(x):
    return np.logaddexp(0, x)


@derivation(x="k")
def square(x):
    return x**2


@derivation(xs=arrays(real("n d"), count="t"))
def stacked(xs):
    return sum(x**2 for x in xs)


@derivation(p=simplex("k"))
def entropy(p):
    return -(p * np.log(p)).sum()
