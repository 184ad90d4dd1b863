r"""The logarithm of the sigmoid, finite for every input.

$$y = \log \sigma(x) = -\log(1 + e^{-x}), \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij}\, (1 - \sigma(x_i)) = \delta_{ij}\, \sigma(-x_i)$$

``x`` and ``y`` have one shape. It is the log-likelihood of a label 1 with logit $x$; the losses of
two classes are made of it.

Weak: $\log(\sigma(x))$ taken literally is $-\infty$ from $x \approx -745$ on.

Mächler, "Accurately computing log(1 - exp(-|a|))", 2012.
"""

import numpy as np

from derivations.activations.sigmoid import sigmoid
from derivations.activations.softplus import backward as softplus_backward
from derivations.activations.softplus import softplus
from gradcheck import derivation, identity, real


@derivation(x="*batch k")
def log_sigmoid(x):
    r"""$\min(x, 0) - \log(1 + e^{-|x|})$: the same number, and no exponent is positive."""
    return np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))


@log_sigmoid.vjp
def backward(dy, x):
    r"""$dx = dy \odot \sigma(-x)$; all of the shape of ``x``."""
    return dy * sigmoid(-x)


@log_sigmoid.jacobian
def jacobian(x):
    r"""$J = \mathrm{diag}(\sigma(-x))$: shape ``x.shape + x.shape``."""
    return np.diag(sigmoid(-x).reshape(-1)).reshape(x.shape + x.shape)


@identity(x=real("k", low=-700, high=700))
def chain(x):
    r"""$\frac{1}{\sigma} \sigma (1 - \sigma) = 1 - \sigma(x) = \sigma(-x)$, shape ``(k,)``."""
    s = sigmoid(x)
    return 1 / s * (s * (1 - s)), 1 - s, backward(np.ones_like(x), x)


@identity(x="k", dy="k")
def softplus_mirrored(x, dy):
    r"""$\log \sigma(x) = -\mathrm{softplus}(-x)$, and the rule by two signs; ``(2, k)``."""
    mirrored = np.stack([-softplus(-x), -softplus_backward(-dy, -x)])
    return np.stack([log_sigmoid(x), backward(dy, x)]), mirrored
