r"""The sparsemax loss: what cross-entropy is to softmax.

$$l = -z_t + \frac12 \sum_{n \in S} (z_n^2 - \tau^2) + \frac12, \qquad dz = y - e_t, \quad
y = \mathrm{sparsemax}(z)$$

``z`` is ``(k,)``, the label $t$ an integer, $l$ a scalar; $S$ and $\tau$ are those of
``derivations/softmax_family/sparsemax.py``. Martins and Astudillo, "From softmax to sparsemax",
2016: the loss is made so that its gradient is prediction minus target. The gradient has kinks, the
loss has none.
"""

import numpy as np

from derivations.softmax_family.sparsemax import jacobian as sparsemax_jacobian
from derivations.softmax_family.sparsemax import sparsemax
from gradcheck import derivation, identity, integers

LABEL = integers(low=0, high="k")


@derivation(z="k", label=LABEL)
def sparsemax_loss(z, label):
    r"""$-z_t + \frac12 \sum_{n \in S} (z_n^2 - \tau^2) + \frac12$, a scalar.

    The scores are shifted by their maximum, which changes nothing: those in $S$ are then within 1
    of 0, and no large squares are subtracted. For $n \in S$, $\tau = z_n - y_n$, so the terms are
    $z_n^2 - \tau^2 = y_n (2 z_n - y_n)$, which is 0 elsewhere.
    """
    shifted, y = z - z.max(), sparsemax(z)
    return -shifted[label] + (y * (2 * shifted - y)).sum() / 2 + 0.5


@sparsemax_loss.gradient
def gradient(z, label):
    r"""$y - e_t$, shape ``(k,)``."""
    return sparsemax(z) - np.eye(len(z))[label]


@sparsemax_loss.hessian
def hessian(z):
    r"""The Jacobian of sparsemax, shape ``(k, k)``."""
    return sparsemax_jacobian(sparsemax(z))


@identity(z="k", label=LABEL)
def threshold_form(z, label):
    r"""The formula with $\tau$, which is found from an entry of the support; scalars."""
    shifted, y = z - z.max(), sparsemax(z)
    tau = shifted[y.argmax()] - y.max()
    squares = (y > 0) * (shifted**2 - tau**2)
    return sparsemax_loss(z, label), -shifted[label] + squares.sum() / 2 + 0.5
