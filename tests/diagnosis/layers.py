"""Functions whose wrong rules test_report checks: kept apart, since tests are collected."""

import numpy as np

from gradcheck import (
    arrays,
    constant,
    derivation,
    identity,
    integers,
    options,
    positive_definite,
    real,
    simplex,
)


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


@derivation(x=real("n", low=-10, high=10))
def relu6(x):
    return np.clip(x, 0, 6)


@derivation(x="n", alpha=constant(0.7))
def elu(x, alpha):
    return np.where(x > 0, x, alpha * np.expm1(x))


@derivation(x=real("n", low=-100, high=100))
def magnitude(x):
    return np.abs(x)


@derivation(x=real("n", low=1e-5, high=2))
def clamped_log(x):
    return np.log(np.maximum(x, 1e-3))


@derivation(x="k")
def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


@derivation(xs=arrays(real("n d"), count="t"))
def stacked(xs):
    return sum(x**2 for x in xs)


@derivation(p=simplex("k"))
def entropy(p):
    return -(p * np.log(p)).sum()


@identity(z=real("k", low=-5, high=5))
def ones_vanish(z):
    e = np.exp(z)
    y = e / e.sum()
    return np.diag(y * (1 - y)) @ np.ones_like(z), np.zeros_like(z)


@identity(z=real("k", low=-5, high=5), c=real(low=1, high=5))
def shift_forgotten(z, c):
    return np.exp(z + c), np.exp(z) + np.exp(c)


@identity(x=real("k", low=-3, high=3), a=real(low=-2, high=2))
def square_of_sum(x, a):
    return (x + a) ** 2, x**2 + 2 * a * x + a**2, x**2 + 2 * a * x


@options(sizes={"k": (2, 6)})
@identity(z=real("k", low=-5, high=5))
def normaliser_forgotten(z):
    e = np.exp(z)
    y = e / e.sum()
    return np.diag(y) @ z, y * z, e * z


@identity(a=real("n m"))
def transposed_sides(a):
    return 2 * a, (2 * a).reshape(a.shape), a + a, -2 * a


@derivation(p=simplex("n k"), q=real("n k"))
def expectation(p, q):
    return (p * q).sum(axis=1)


@derivation(a=positive_definite("n n"))
def log_determinant(a):
    return np.linalg.slogdet(a)[1]


@derivation(x=real("k", low=-0.9, high=0.9))
def inverse_tanh(x):
    return np.arctanh(x)


@derivation(q="n d", k="m d", v="m e")
def attention(q, k, v):
    p = np.exp(q @ k.T / np.sqrt(q.shape[1]))
    return p / p.sum(axis=1, keepdims=True) @ v


@options(sizes={"w": (2, 3)})
@derivation(x="t+w-1", k="w")
def correlation(x, k):
    return np.array([x[i : i + len(k)] @ k for i in range(len(x) - len(k) + 1)])
