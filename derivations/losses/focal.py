r"""The focal loss: cross-entropy in which easy examples count less.

$$l = -\frac{1}{N} \sum_a (1 - p_a)^\gamma \log p_a, \quad p_a = \sigma(x_a), \quad x_a = t_a z_a$$
$$dz_a = -\frac{t_a}{N} (1 - p_a)^\gamma \big( (1 - p_a) - \gamma\, p_a \log p_a \big)$$

The logits ``z`` are ``(n,)``; ``positive`` says which labels $t_a$ are 1, the others are -1;
$\gamma \ge 0$ is a fixed scalar. $p_a$ is the probability given to the right label. Lin, Goyal,
Girshick, He and Dollár, "Focal loss for dense object detection", 2017. With $1 - p = \sigma(-x)$
and $-\log p = \mathrm{softplus}(-x)$ nothing overflows and nothing cancels.
"""

from derivations.activations.sigmoid import sigmoid
from derivations.activations.softplus import softplus
from derivations.losses.binary_cross_entropy_with_logits import backward as plain_backward
from derivations.losses.hinge import labels
from gradcheck import boolean, derivation, identity, real

POSITIVE = boolean("n")
GAMMA = real(low=0, high=5, differentiate=False)


@derivation(z="n", positive=POSITIVE, gamma=GAMMA)
def focal(z, positive, gamma):
    r"""The mean of $\sigma(-x)^\gamma\, \mathrm{softplus}(-x)$, a scalar."""
    x = labels(positive) * z
    return (sigmoid(-x) ** gamma * softplus(-x)).mean()


@focal.vjp
def backward(dl, z, positive, gamma):
    r"""$dz = -dl\, t\, q^\gamma (q + \gamma\, p\, \mathrm{softplus}(-x)) / N$ with $q = 1 - p$."""
    t = labels(positive)
    p, q = sigmoid(t * z), sigmoid(-t * z)
    return -dl * t * q**gamma * (q + gamma * p * softplus(-t * z)) / len(z)


@identity(z=real("n", low=-30, high=30), positive=POSITIVE, gamma=GAMMA)
def chain(z, positive, gamma):
    r"""The product rule in $p$, times $dp / dx = p (1 - p)$, as on paper; ``(n,)``.

    $$\Big( \gamma (1 - p)^{\gamma - 1} \log p - \frac{(1 - p)^\gamma}{p} \Big) p (1 - p)
    = \gamma p (1 - p)^\gamma \log p - (1 - p)^{\gamma + 1}$$

    Within ±30, where $1 - p$ and $\log p$ are not rounded to 0.
    """
    t = labels(positive)
    p, q = sigmoid(t * z), sigmoid(-t * z)
    log_p = -softplus(-t * z)
    return (
        (gamma * q ** (gamma - 1) * log_p - q**gamma / p) * p * q,
        gamma * p * q**gamma * log_p - q ** (gamma + 1),
        t * len(z) * backward(1.0, z, positive, gamma),
    )


@identity(z="n", positive=POSITIVE)
def gamma_zero(z, positive):
    r"""$\gamma = 0$ is the binary cross-entropy; ``(n,)``."""
    return backward(1.0, z, positive, 0.0), plain_backward(1.0, z, 1.0 * positive)[0]
