r"""InfoNCE: each query has to find its key among those of the batch.

$$S = \frac{1}{T} Q K^T, \qquad l = -\frac{1}{N} \sum_a \log P_{aa}, \quad
P = \mathrm{softmax}(S) \text{ row by row}, \qquad G = \frac{P - I}{N}$$
$$dQ = \frac{1}{T} G K, \qquad dK = \frac{1}{T} G^T Q, \qquad
dT = -\frac{1}{T} \sum_{ab} G_{ab} S_{ab}$$

The queries ``Q`` and keys ``K`` are ``(n, d)``, the temperature $T > 0$ and $l$ are scalars. Van
den Oord, Li and Vinyals, "Representation learning with contrastive predictive coding", 2018; with
vectors of length 1 (``derivations/normalization/l2_normalize.py``) the loss of SimCLR and CLIP.
"""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.softmax_cross_entropy import backward as cross_entropy_backward
from gradcheck import derivation, identity, real

TEMPERATURE = real(low=0.01, high=100)


@derivation(Q="n d", K="n d", T=TEMPERATURE)
def info_nce(Q, K, T):
    r"""The mean cross-entropy of the rows of $Q K^T / T$, with row $a$ labelled $a$; a scalar."""
    return -np.diag(log_softmax(Q @ K.T / T)).mean()


@info_nce.vjp
def backward(dl, Q, K, T):
    r"""$dQ$ and $dK$ ``(n, d)``, and $dT$, a scalar."""
    S = Q @ K.T / T
    G = dl * (np.exp(log_softmax(S)) - np.eye(len(S))) / len(S)
    return G @ K / T, G.T @ Q / T, -(G * S).sum() / T


@identity(Q="n d", K="n d", T=TEMPERATURE)
def cross_entropy_of_similarities(Q, K, T):
    r"""The rule of the scores is that of softmax with cross-entropy; ``(n, d)``."""
    S = Q @ K.T / T
    dS = cross_entropy_backward(1.0, S, np.arange(len(S)))
    return backward(1.0, Q, K, T)[0], dS @ (K / T)


@identity(Q="n d", K="n d", T=TEMPERATURE)
def scales_cancel(Q, K, T):
    r"""$l(cQ, K, cT) = l(Q, K, T)$, hence $\langle dQ, Q \rangle + T\, dT = 0$; scalars."""
    dQ, _, dT = backward(1.0, Q, K, T)
    return (dQ * Q).sum(), -T * dT
