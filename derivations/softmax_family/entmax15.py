r"""1.5-entmax: half way between softmax and sparsemax.

$$y_j = \max \Big( \frac{z_j}{2} - \tau, 0 \Big)^2, \quad \tau \text{ such that } \sum_j y_j = 1,
\qquad \frac{\partial y_j}{\partial z_i} = s_i \delta_{ij} - \frac{s_i s_j}{\sum_n s_n}, \quad
s = \sqrt y$$

``z`` and ``y`` are ``(k,)``. Peters, Niculae and Martins, "Sparse sequence-to-sequence models",
2019: $\partial y / \partial z$ by implicit differentiation, since $\tau$ has no simple formula.
Where a score leaves the support its $s$ is 0, so the Jacobian is continuous: no kink.
"""

import numpy as np

from gradcheck import derivation, identity, real


@derivation(z="k")
def entmax15(z):
    r"""$\max(z / 2 - \tau, 0)^2$, shape ``(k,)``.

    For each size of the support, $\tau$ is the smaller root of
    $\sum_{n \in S} (z_n / 2 - \tau)^2 = 1$, by the mean and the scatter of the largest scores; the
    support is right where its scores are above their $\tau$.
    """
    half = (z - z.max()) / 2
    ordered = -np.sort(-half)
    count = np.arange(1, len(z) + 1)
    mean = np.cumsum(ordered) / count
    # The sum of squares around the mean, not as a difference of large sums.
    scatter = np.array([((ordered[:n] - mean[n - 1]) ** 2).sum() for n in count])
    taus = mean - np.sqrt(np.maximum((1 - scatter) / count, 0))
    size = (ordered >= taus).sum()
    return np.maximum(half - taus[size - 1], 0) ** 2


@entmax15.vjp
def backward(dy, y):
    r"""$dz = s \odot (dy - (s \cdot dy) / \sum_n s_n)$ with $s = \sqrt y$, shape ``(k,)``."""
    s = np.sqrt(y)
    return s * (dy - s @ dy / s.sum())


@entmax15.jacobian
def jacobian(y):
    r"""$\mathrm{diag}(s) - s s^T / \sum_n s_n$, shape ``(k, k)``."""
    s = np.sqrt(y)
    return np.diag(s) - np.outer(s, s) / s.sum()


@identity(z="k")
def probabilities(z):
    r"""$\sum_j y_j = 1$, a scalar."""
    return entmax15(z).sum(), 1.0


@identity(z="k", c=real(low=-1e6, high=1e6))
def shift_invariance(z, c):
    r"""$y(z + c) = y(z)$, ``(k,)``."""
    return entmax15(z + c), entmax15(z)


@identity(z="k")
def rows_sum_to_zero(z):
    r"""$J \cdot 1 = 0$, the shift invariance in terms of derivatives; ``(k,)``."""
    return jacobian(entmax15(z)) @ np.ones_like(z), np.zeros_like(z)
