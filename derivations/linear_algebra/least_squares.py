r"""Linear regression: the weights that fit best, as a function of the data.

$$w = (X^T X + \lambda I)^{-1} X^T t, \qquad
dt = X u, \quad dX = e\, u^T - X u\, w^T, \quad u = (X^T X + \lambda I)^{-1} dw, \quad e = t - X w$$

Differentiated through the optimum ("implicitly"): of the condition $X^T (X w - t) + \lambda w = 0$,
not of the steps that led to it. The penalty keeps the matrix away from singular.
Source: G. Golub and V. Pereyra, "The differentiation of pseudo-inverses and nonlinear least squares
problems whose variables separate", 1973.
"""

import numpy as np

from derivations.optimization.l2_penalty import gradient as penalty_gradient
from gradcheck import derivation, identity, options, real

SMALL = {"n": (1, 5), "d": (1, 4)}
# Data of unit scale and a penalty that is not small against it: the normal equations square the
# condition of the data.
PROBLEM = {
    "X": real("n d", low=-3, high=3),
    "t": real("n", low=-10, high=10),
    "penalty": real(low=1, high=10),
}


def normal_matrix(X, penalty):
    r"""$X^T X + \lambda I$, shape ``(d, d)``."""
    return X.T @ X + penalty * np.eye(X.shape[1])


@options(output="w", sizes=SMALL)
@derivation(**PROBLEM)
def least_squares(X, t, penalty):
    r"""$w$, shape ``(d,)``, of rows ``(n, d)`` and targets ``(n,)``."""
    return np.linalg.solve(normal_matrix(X, penalty), X.T @ t)


@least_squares.jacobian("t")
def hat(X, penalty):
    r"""$\partial w / \partial t = (X^T X + \lambda I)^{-1} X^T$, shape ``(d, n)``."""
    return np.linalg.solve(normal_matrix(X, penalty), X.T)


@least_squares.jacobian("penalty")
def shrinkage(X, penalty, w):
    r"""$\partial w / \partial \lambda = -(X^T X + \lambda I)^{-1} w$, shape ``(d,)``."""
    return -np.linalg.solve(normal_matrix(X, penalty), w)


@least_squares.vjp
def backward(dw, X, t, penalty, w):
    r"""$dX = e\, u^T - X u\, w^T$ ``(n, d)``, $dt = X u$ ``(n,)`` and $d\lambda = -u^T w$."""
    u = np.linalg.solve(normal_matrix(X, penalty), dw)
    residual = t - X @ w
    return np.outer(residual, u) - np.outer(X @ u, w), X @ u, -u @ w


@options(sizes=SMALL)
@identity(**PROBLEM)
def optimal(X, t, penalty):
    r"""At $w$ the gradient of the loss is 0: $X^T (t - X w) = \lambda w$, shape ``(d,)``."""
    w = least_squares(X, t, penalty)
    return X.T @ (t - X @ w), penalty_gradient(w, penalty)


@options(sizes=SMALL)
@identity(**PROBLEM)
def two_forms(X, t, penalty):
    r"""$(X^T X + \lambda I)^{-1} X^T = X^T (X X^T + \lambda I)^{-1}$, the kernel form; ``(d,)``."""
    kernel = X @ X.T + penalty * np.eye(len(X))
    return least_squares(X, t, penalty), X.T @ np.linalg.solve(kernel, t)
