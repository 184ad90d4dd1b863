r"""The L2 penalty, and a loss to which it is added.

$$l = \frac{\lambda}{2} \sum_a w_a^2, \qquad \frac{\partial l}{\partial w} = \lambda w, \qquad
\frac{\partial^2 l}{\partial w\, \partial w^T} = \lambda I$$

With the half in front no 2 is left in the gradient; without it there is one: the usual quarrel.
Ridge regression adds the penalty to a squared error, and so adds $\lambda w$ to its gradient.
Source: A. Hoerl and R. Kennard, "Ridge regression", 1970.
"""

import numpy as np

from derivations.squared_error import backward as squared_error_backward
from derivations.squared_error import squared_error
from gradcheck import derivation, identity, options, real

STRENGTH = real(low=0, high=10)
SMALL = {"n": (1, 5), "k": (1, 4)}


@options(output="l")
@derivation(w="k", strength=STRENGTH)
def l2_penalty(w, strength):
    r"""$l = \frac{\lambda}{2} \sum_a w_a^2$, a scalar; ``strength`` is $\lambda$."""
    return strength * (w @ w) / 2


@l2_penalty.gradient("w")
def gradient(w, strength):
    r"""$\lambda w$, shape ``(k,)``: shrinks every weight in proportion, "weight decay"."""
    return strength * w


@l2_penalty.gradient("strength")
def gradient_of_the_strength(w):
    r"""$\frac12 \sum w_a^2$, a scalar."""
    return w @ w / 2


@l2_penalty.hessian("w")
def hessian(w, strength):
    r"""$\lambda I$, shape ``(k, k)``: it makes every loss more convex."""
    return strength * np.eye(len(w))


@options(output="l", sizes=SMALL)
@derivation(X="n k", w="k", t="n", strength=STRENGTH)
def ridge_loss(X, w, t, strength):
    r"""$\frac{1}{2} \|X w - t\|^2 + \frac{\lambda}{2} \|w\|^2$, a scalar; ``X`` is ``(n, k)``."""
    return squared_error(X @ w, t) + l2_penalty(w, strength)


@ridge_loss.vjp
def backward(dl, X, w, t, strength):
    r"""The gradients of ``X, w, t, strength``; that of ``w`` has two terms, $X^T e + \lambda w$."""
    error, dt = squared_error_backward(dl, X @ w, t)
    dw = X.T @ error + dl * gradient(w, strength)
    return np.outer(error, w), dw, dt, dl * gradient_of_the_strength(w)


@identity(w="k", strength=real(low=0, high=1), rate=real(low=0, high=1), g="k")
def decay_of_the_weights(w, strength, rate, g):
    r"""A step on loss and penalty first shrinks the weights, then steps on the loss; ``(k,)``."""
    return w - rate * (g + gradient(w, strength)), (1 - rate * strength) * w - rate * g


@options(sizes=SMALL)
@identity(X=real("n k", low=-3, high=3), t=real("n", low=-3, high=3), strength=real(low=1, high=10))
def normal_equations(X, t, strength):
    r"""Where the gradient is 0: $w = (X^T X + \lambda I)^{-1} X^T t$, so $X^T e = -\lambda w$."""
    w = np.linalg.solve(X.T @ X + strength * np.eye(X.shape[1]), X.T @ t)
    return X.T @ (X @ w - t), -strength * w
