"""Ten ways to be wrong, and one that cannot be decided: what reports are made of in these tests."""

import numpy as np

from gradcheck import derivation, identity, integers, options, real
from gradcheck.checking import check_claim
from gradcheck.hints import Hints
from gradcheck.profiles import PROFILES

WIDTH = 100


@options(sizes={"k": (3, 5)})
@derivation(z="k")
def softmax(z):
    r"""$y_j = e^{z_j} / \sum_n e^{z_n}$, shape ``(k,)``."""
    e = np.exp(z - z.max())
    return e / e.sum()


@softmax.jacobian
def sign_in_a_jacobian(y):
    r"""$\partial y_j / \partial z_i = y_j ([i = j] + y_i)$, with a plus for the minus."""
    return np.diag(y) + np.outer(y, y)


@softmax.partial(where=lambda i, j: i != j)
def sign_in_a_partial(y, i, j):
    return y[i] * y[j]


@softmax.jvp
def tangent_not_centred(dz, y):
    return y * dz


@softmax.vjp
def cotangent_ignored(dy, y):
    return y * (1 - y)


@derivation(x="n d", W="d m", b="m")
def affine(x, W, b):
    return x @ W + b


@affine.vjp
def bias_averaged(dz, x, W, b):
    return dz @ W.T, x.T @ dz, dz.mean(axis=0)


@affine.vjp("W")
def weights_not_transposed(dz, x):
    return dz.T @ x


@derivation(x=real("k", low=0.5, high=4))
def entropy(x):
    return -(x * np.log(x)).sum()


@entropy.gradient
def one_forgotten(x):
    return -np.log(x)


@entropy.hessian
def sign_in_a_hessian(x):
    return np.diag(1 / x)


@derivation(x="k")
def sigmoid(x):
    return np.where(x > 0, 1, np.exp(-np.abs(x))) / (1 + np.exp(-np.abs(x)))


@sigmoid.vjp
def overflowing(dy, x):
    return dy * np.exp(x) / (1 + np.exp(x)) ** 2


@options(sizes={"k": (2, 8)})
@identity(z=real("k", low=-30, high=30), i=integers(high="k"), d=integers(low=1, high="k"))
def lost_square(z, i, d):
    j = (i + d) % len(z)
    e = np.exp(z)
    total = e.sum()
    return (0 * total - e[i] * e[j]) / total**2, -e[j] * e[i] / total, -e[i] / total * e[j] / total


@derivation(x="k")
def steep(x):
    return np.exp(1e5 * np.abs(x) + 1e5)


@steep.vjp
def undecided(dy, x, y):
    return dy * 1e5 * np.sign(x) * y


CLAIMS = [
    sign_in_a_jacobian, sign_in_a_partial, tangent_not_centred, cotangent_ignored, bias_averaged,
    weights_not_transposed, one_forgotten, sign_in_a_hessian, overflowing, lost_square, undecided,
]  # fmt: skip


#: A matrix, a list with a mistake and its remedy, a chain, and what is undecided.
IN_CHINESE = [sign_in_a_jacobian, bias_averaged, lost_square, undecided]


def checked(claim, language="en"):
    return check_claim(claim, PROFILES["ci"], width=WIDTH, hints=Hints(language=language))
