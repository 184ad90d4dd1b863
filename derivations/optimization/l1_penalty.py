r"""The L1 penalty, which makes weights exactly 0.

$$l = \lambda \sum_a |w_a|, \qquad \frac{\partial l}{\partial w} = \lambda\, \mathrm{sign}(w)$$

At $w_a = 0$ every number from $-\lambda$ to $\lambda$ would do; ``sign(0) = 0`` chooses the middle.
A step of descent along it crosses 0 and comes back; the proximal step stops there.
Source: R. Tibshirani, "Regression shrinkage and selection via the lasso", 1996.
"""

import numpy as np

from gradcheck import derivation, identity, options, real

STRENGTH = real(low=0, high=10)


@options(at_kink="middle")
@derivation(w="k")
def absolute_value(w):
    r"""$|w|$ for each entry, shape ``(k,)``."""
    return np.abs(w)


@absolute_value.vjp
def sign_rule(dy, w):
    r"""$dw = dy \odot \mathrm{sign}(w)$, 0 at 0; shape ``(k,)``."""
    return dy * np.sign(w)


@options(output="l")
@derivation(w="k", strength=STRENGTH)
def l1_penalty(w, strength):
    r"""$l = \lambda \sum_a |w_a|$, a scalar; ``strength`` is $\lambda$."""
    return strength * absolute_value(w).sum()


@l1_penalty.vjp
def backward(dl, w, strength):
    r"""$dw = dl\, \lambda\, \mathrm{sign}(w)$ ``(k,)`` and $d\lambda = dl \sum |w_a|$, a scalar."""
    return strength * sign_rule(dl, w), dl * np.abs(w).sum()


def shrunk(w, step):
    r"""The proximal step, $\mathrm{sign}(w) \max(|w| - \text{step}, 0)$, shape ``(k,)``."""
    return np.sign(w) * np.maximum(np.abs(w) - step, 0)


@identity(w="k", strength=STRENGTH)
def euler(w, strength):
    r"""$\langle \partial l / \partial w, w \rangle = l$: homogeneous of degree 1; two scalars."""
    return backward(1.0, w, strength)[0] @ w, l1_penalty(w, strength)


@identity(w=real("k", nonzero=True), step=STRENGTH)
def proximal_step_is_optimal(w, step):
    r"""$p = \arg\min_q \frac12 \|q - w\|^2 + \text{step} \|q\|_1$, shape ``(k,)``.

    Where $p \neq 0$ the gradient $p - w + \text{step}\, \mathrm{sign}(p)$ is 0; where $p = 0$, the
    subgradient $w / \text{step}$ lies within ±1. Both say $p = w - \mathrm{clip}(w)$.
    """
    return shrunk(w, step), w - np.clip(w, -step, step)
