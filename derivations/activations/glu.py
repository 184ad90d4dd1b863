r"""The gated linear unit: one half of the channels opens and shuts the other.

$$x = [a, b], \quad y = a \odot \sigma(b), \qquad da = dy \odot \sigma(b), \quad
db = dy \odot a \odot \sigma(b) \odot (1 - \sigma(b))$$

``x`` is ``(n, 2k)``, its halves and ``y`` are ``(n, k)``. Dauphin, Fan, Auli and Grangier,
"Language modeling with gated convolutional networks", 2017.
"""

import numpy as np

from derivations.activations.sigmoid import backward as sigmoid_backward
from derivations.activations.sigmoid import sigmoid, slope
from gradcheck import derivation, identity


@derivation(x="n 2*k")
def glu(x):
    r"""$a \odot \sigma(b)$, shape ``(n, k)``."""
    a, b = np.split(x, 2, axis=-1)
    return a * sigmoid(b)


@glu.vjp
def backward(dy, x):
    r"""$dx = [da, db]$, shape ``(n, 2k)``, from ``dy`` ``(n, k)``."""
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([dy * sigmoid(b), dy * a * slope(b)], axis=-1)


@glu.jvp
def forward_mode(dx, x):
    r"""$\dot y = \dot a \odot \sigma(b) + a \odot \sigma'(b) \odot \dot b$, shape ``(n, k)``."""
    a, b = np.split(x, 2, axis=-1)
    da, db = np.split(dx, 2, axis=-1)
    return da * sigmoid(b) + a * slope(b) * db


@identity(x="n 2*k", dy="n k")
def gate_by_the_rule_of_sigmoid(x, dy):
    r"""$db$: the product hands $dy \odot a$ on to the rule of the sigmoid; ``(n, k)``."""
    a, b = np.split(x, 2, axis=-1)
    return backward(dy, x)[:, a.shape[-1] :], sigmoid_backward(dy * a, sigmoid(b))
