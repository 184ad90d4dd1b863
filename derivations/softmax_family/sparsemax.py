r"""Sparsemax: the point of the simplex that is nearest to the scores.

$$y = \mathrm{argmin}_{p \in \Delta} \|p - z\|^2 = \max(z - \tau, 0), \qquad
\tau = \frac{1}{|S|} \Big( \sum_{n \in S} z_n - 1 \Big), \quad S = \{ n : z_n > \tau \}$$
$$\frac{\partial y_j}{\partial z_i} = [i \in S]\,[j \in S] \Big( \delta_{ij} - \frac{1}{|S|} \Big)$$

``z`` and ``y`` are ``(k,)``. Martins and Astudillo, "From softmax to sparsemax", 2016. The map is
piecewise linear; where a score enters or leaves the support $S$ there is a kink.
"""

import numpy as np

from gradcheck import derivation, identity, real


@derivation(z="k")
def sparsemax(z):
    r"""$\max(z - \tau, 0)$, shape ``(k,)``; $\tau$ is found in the sorted scores.

    The scores are shifted by their maximum, which changes nothing and keeps the sums small.
    """
    shifted = z - z.max()
    ordered = -np.sort(-shifted)
    count = np.arange(1, len(z) + 1)
    taus = (np.cumsum(ordered) - 1) / count
    size = (ordered > taus).sum()
    return np.maximum(shifted - taus[size - 1], 0)


@sparsemax.jacobian
def jacobian(y):
    r"""$\mathrm{diag}(s) - s s^T / |S|$ with $s_n = [n \in S]$, shape ``(k, k)``."""
    s = 1.0 * (y > 0)
    return np.diag(s) - np.outer(s, s) / s.sum()


@sparsemax.vjp
def backward(dy, y):
    r"""$dz = s \odot (dy - \frac{1}{|S|} \sum_{n \in S} dy_n)$, shape ``(k,)``."""
    s = 1.0 * (y > 0)
    return s * (dy - dy @ s / s.sum())


@sparsemax.jvp
def forward_mode(dz, y):
    r"""The same map: the matrix is symmetric; shape ``(k,)``."""
    return backward(dz, y)


@identity(z="k")
def probabilities(z):
    r"""$\sum_j y_j = 1$, a scalar."""
    return sparsemax(z).sum(), 1.0


@identity(z="k", c=real(low=-1e6, high=1e6))
def shift_invariance(z, c):
    r"""$y(z + c) = y(z)$, as for softmax; ``(k,)``."""
    return sparsemax(z + c), sparsemax(z)


@identity(z="k", dy="k")
def projection(z, dy):
    r"""$P = J$ is a projection, $P P = P$: a second application changes nothing; ``(k,)``."""
    y = sparsemax(z)
    return backward(backward(dy, y), y), jacobian(y) @ (jacobian(y) @ dy), backward(dy, y)
