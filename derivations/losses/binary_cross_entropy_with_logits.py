r"""Binary cross-entropy taken together with the sigmoid.

$$l = \frac{1}{N} \sum_a \big( \max(z_a, 0) - t_a z_a + \log(1 + e^{-|z_a|}) \big), \qquad
dz_a = \frac{\sigma(z_a) - t_a}{N}$$

The logits ``z`` and the targets ``t``, from 0 to 1, are ``(n,)``, $l$ is a scalar. Finite for every
``z``: no logarithm of a probability that may be 0. The form with max and $|z|$ is
$\mathrm{softplus}(z) - t z$.

Bishop, "Pattern recognition and machine learning", 2006.
"""

import numpy as np

from derivations.activations.sigmoid import backward as sigmoid_backward
from derivations.activations.sigmoid import sigmoid, slope
from derivations.activations.softplus import softplus
from derivations.losses.binary_cross_entropy import backward as backward_of_probabilities
from derivations.losses.binary_cross_entropy import binary_cross_entropy
from gradcheck import derivation, identity, real

TARGETS = real("n", low=0, high=1)
# Within ±13 the probabilities stay 1e-6 away from 0 and 1, where the textbook form loses no digits.
MODERATE = real("n", low=-13, high=13)


@derivation(z="n", t=TARGETS)
def binary_cross_entropy_with_logits(z, t):
    r"""The mean of $\max(z, 0) - t z + \log(1 + e^{-|z|})$, a scalar."""
    return (np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z)))).mean()


@binary_cross_entropy_with_logits.vjp
def backward(dl, z, t):
    r"""$dz = dl\, (\sigma(z) - t) / N$ and $dt = -dl\, z / N$, each ``(n,)``."""
    return dl * (sigmoid(z) - t) / len(z), -dl * z / len(z)


@binary_cross_entropy_with_logits.hessian("z")
def hessian(z):
    r"""$\mathrm{diag}(\sigma(z) (1 - \sigma(z))) / N$, shape ``(n, n)``: convex in ``z``."""
    return np.diag(slope(z)) / len(z)


@identity(z=MODERATE, t=TARGETS)
def fusing_the_two_rules(z, t):
    r"""Why $\sigma - t$; each expression is ``(n,)``.

    $$\frac{p - t}{p (1 - p)} \cdot p (1 - p) = p - t, \quad p = \sigma(z)$$
    """
    p = sigmoid(z)
    dp, _ = backward_of_probabilities(1.0, p, t)
    return sigmoid_backward(dp, p), (p - t) / len(z), backward(1.0, z, t)[0]


@identity(z=MODERATE, t=TARGETS)
def textbook_form(z, t):
    r"""$-t \log \sigma(z) - (1 - t) \log(1 - \sigma(z)) = \mathrm{softplus}(z) - t z$; scalars."""
    return (
        binary_cross_entropy(sigmoid(z), t),
        (softplus(z) - t * z).mean(),
        binary_cross_entropy_with_logits(z, t),
    )
