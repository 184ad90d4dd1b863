r"""Binary cross-entropy of predicted probabilities.

$$l = -\frac{1}{N} \sum_a \big( t_a \log q_a + (1 - t_a) \log(1 - q_a) \big), \qquad
dq_a = \frac{1}{N} \frac{q_a - t_a}{q_a (1 - q_a)}$$

``q`` and the targets ``t``, from 0 to 1, are ``(n,)``, $l$ is a scalar.

Weak: $1 / (q (1 - q))$ grows without bound towards 0 and 1. The probabilities stay 1e-6 away here,
and a network should use the rule with logits, ``binary_cross_entropy_with_logits.py``.

Cox, "The regression analysis of binary sequences", 1958.
"""

import numpy as np

from derivations.cross_entropy import cross_entropy
from gradcheck import derivation, identity, real

PROBABILITIES = real("n", low=1e-6, high=1 - 1e-6)
TARGETS = real("n", low=0, high=1)


@derivation(q=PROBABILITIES, t=TARGETS)
def binary_cross_entropy(q, t):
    r"""The mean of $-t \log q - (1 - t) \log(1 - q)$, a scalar."""
    return -(t * np.log(q) + (1 - t) * np.log1p(-q)).mean()


@binary_cross_entropy.vjp
def backward(dl, q, t):
    r"""$dq = dl\, (q - t) / (N q (1 - q))$ and $dt = -dl \log(q / (1 - q)) / N$, each ``(n,)``."""
    n = len(q)
    return dl * (q - t) / (n * q * (1 - q)), -dl * (np.log(q) - np.log1p(-q)) / n


@identity(q=PROBABILITIES, t=TARGETS)
def two_fractions(q, t):
    r"""$-\frac{t}{q} + \frac{1 - t}{1 - q} = \frac{q - t}{q (1 - q)}$, term by term; ``(n,)``."""
    return -t / q + (1 - t) / (1 - q), (q - t) / (q * (1 - q)), len(q) * backward(1.0, q, t)[0]


@identity(q=PROBABILITIES, t=TARGETS)
def two_classes(q, t):
    r"""It is the cross-entropy of the two classes $(q, 1 - q)$ and $(t, 1 - t)$; scalars."""
    rows = np.stack([q, 1 - q], axis=1), np.stack([t, 1 - t], axis=1)
    return binary_cross_entropy(q, t), cross_entropy(*rows)
