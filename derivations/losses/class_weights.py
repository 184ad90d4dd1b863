r"""Cross-entropy with a weight for each class, taken together with softmax.

$$l = -\frac{\sum_a w_{t_a} \log p_{a t_a}}{\sum_a w_{t_a}}, \quad p = \mathrm{softmax}(z), \qquad
dz_{aj} = \frac{w_{t_a}}{\sum_b w_{t_b}} (p_{aj} - [j = t_a])$$

``z`` is ``(n, k)``, the labels are ``(n,)``, the weights $w > 0$ are ``(k,)``, $l$ is a scalar: the
weighted mean, as in the common frameworks. The weight of a row is that of its *label*: one number
for the whole row of $dz$, not one for each column.

King and Zeng, "Logistic regression in rare events data", 2001.
"""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.softmax_cross_entropy import backward as unweighted_backward
from gradcheck import derivation, identity, integers, real

LABELS = integers("n", low=0, high="k")
WEIGHTS = real("k", low=0)


@derivation(z="n k", labels=LABELS, w=WEIGHTS)
def weighted_cross_entropy(z, labels, w):
    r"""The weighted mean of $-\log p_{a t_a}$, a scalar."""
    of_rows = w[labels]
    log_p = log_softmax(z)[np.arange(len(z)), labels]
    return -(of_rows * log_p).sum() / of_rows.sum()


@weighted_cross_entropy.vjp("z")
def dl_dz(dl, z, labels, w):
    r"""$dz_{aj} = dl\, w_{t_a} (p_{aj} - [j = t_a]) / \sum_b w_{t_b}$, shape ``(n, k)``."""
    of_rows = w[labels]
    p_minus_t = np.exp(log_softmax(z)) - np.eye(len(w))[labels]
    return dl * (of_rows / of_rows.sum())[:, np.newaxis] * p_minus_t


@weighted_cross_entropy.vjp("w")
def dl_dw(dl, z, labels, w, y):
    r"""$dw_c = dl \sum_{a : t_a = c} (-\log p_{a t_a} - l) / \sum_b w_{t_b}$, shape ``(k,)``.

    A class that no row is labelled with gets 0; rows of one label add up.
    """
    loss = -log_softmax(z)[np.arange(len(z)), labels]
    dw = np.zeros_like(w)
    np.add.at(dw, labels, dl * (loss - y) / w[labels].sum())
    return dw


@identity(z="n k", labels=LABELS, c=real(low=0))
def equal_weights_do_nothing(z, labels, c):
    r"""With one weight for all, whatever it is, it is the plain mean; ``(n, k)``."""
    return dl_dz(1.0, z, labels, np.full(z.shape[1], c)), unweighted_backward(1.0, z, labels)


@identity(z="n k", labels=LABELS, w=WEIGHTS)
def only_ratios_of_weights_count(z, labels, w):
    r"""$l(cw) = l(w)$ for $c > 0$, hence Euler's $dw \cdot w = 0$; scalars."""
    return dl_dw(1.0, z, labels, w, weighted_cross_entropy(z, labels, w)) @ w, 0.0
