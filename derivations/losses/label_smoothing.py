r"""Cross-entropy with smoothed labels, taken together with softmax.

$$t_{aj} = (1 - \varepsilon) [j = t_a] + \frac{\varepsilon}{k}, \qquad
l = -\frac{1}{N} \sum_a \sum_j t_{aj} \log p_{aj}, \quad p = \mathrm{softmax}(z), \qquad
dz = \frac{p - t}{N}$$

``z`` is ``(n, k)``, the labels are ``(n,)``, $l$ is a scalar. Szegedy, Vanhoucke, Ioffe, Shlens and
Wojna, "Rethinking the Inception architecture for computer vision", 2016. Even a certain and right
prediction keeps a gradient: it is 0 only where $p = t$, at a finite distance of the scores.
"""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.softmax_cross_entropy import softmax_cross_entropy
from gradcheck import derivation, identity, integers, real

LABELS = integers("n", low=0, high="k")
SMOOTHING = real(low=0, high=1, differentiate=False)


def smoothed(labels, smoothing, k):
    r"""The targets $t$, shape ``(n, k)``."""
    return (1 - smoothing) * np.eye(k)[labels] + smoothing / k


@derivation(z="n k", labels=LABELS, smoothing=SMOOTHING)
def smoothed_cross_entropy(z, labels, smoothing):
    r"""$-\frac{1}{N} \sum t_{aj} \log p_{aj}$, a scalar; ``smoothing`` is $\varepsilon$."""
    return -(smoothed(labels, smoothing, z.shape[1]) * log_softmax(z)).sum() / len(z)


@smoothed_cross_entropy.vjp
def backward(dl, z, labels, smoothing):
    r"""$dz = dl\, (p - t) / N$, shape ``(n, k)``."""
    return dl * (np.exp(log_softmax(z)) - smoothed(labels, smoothing, z.shape[1])) / len(z)


@identity(z="n k", labels=LABELS, smoothing=SMOOTHING)
def two_losses_mixed(z, labels, smoothing):
    r"""$(1 - \varepsilon)$ of the loss of the labels and $\varepsilon$ of that of equal targets."""
    uniform = -log_softmax(z).mean()
    of_labels = softmax_cross_entropy(z, labels)
    return (
        smoothed_cross_entropy(z, labels, smoothing),
        (1 - smoothing) * of_labels + smoothing * uniform,
    )


@identity(z="n k", labels=LABELS, smoothing=SMOOTHING)
def rows_sum_to_zero(z, labels, smoothing):
    r"""$\sum_j dz_{aj} = 0$, since $p$ and $t$ both sum to 1; ``(n,)``."""
    return backward(1.0, z, labels, smoothing).sum(axis=1), np.zeros(len(z))
