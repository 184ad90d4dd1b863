r"""The Dice loss of a segmentation.

$$l = 1 - \frac{2 \sum_a p_a t_a + s}{\sum_a p_a + \sum_a t_a + s}, \qquad
dp_a = -\frac{2 t_a - D}{\sum p + \sum t + s}, \quad D = 1 - l$$

The predicted probabilities ``p`` and the mask ``t`` are ``(n,)``, the smoothing $s$ is 1, $l$ is a
scalar. Milletari, Navab and Ahmadi, "V-Net", 2016, in the form with plain sums. The numerator and
the denominator both depend on $p$: $D$ in the gradient is the denominator's share.
"""

from gradcheck import derivation, identity, real

SMOOTHING = 1.0
PROBABILITIES = real("n", low=0, high=1)


@derivation(p=PROBABILITIES, t=PROBABILITIES)
def dice(p, t):
    r"""$1 - (2 \sum p t + s) / (\sum p + \sum t + s)$, a scalar."""
    return 1 - (2 * (p * t).sum() + SMOOTHING) / (p.sum() + t.sum() + SMOOTHING)


@dice.gradient
def gradient(p, t, y):
    r"""$-(2 t - D) / (\sum p + \sum t + s)$ and the same with ``p`` for ``t``; each ``(n,)``."""
    total = p.sum() + t.sum() + SMOOTHING
    return -(2 * t - (1 - y)) / total, -(2 * p - (1 - y)) / total


@identity(p=PROBABILITIES, t=PROBABILITIES)
def quotient_rule(p, t):
    r"""$-\frac{u' v - u v'}{v^2}$ with $u' = 2t$, $v' = 1$, as on paper; ``(n,)``."""
    u = 2 * (p * t).sum() + SMOOTHING
    v = p.sum() + t.sum() + SMOOTHING
    return -(2 * t * v - u) / v**2, gradient(p, t, dice(p, t))[0]
