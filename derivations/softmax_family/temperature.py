r"""Softmax with a temperature, and the derivative by the temperature itself.

$$y_j = \frac{e^{z_j / T}}{\sum_n e^{z_n / T}}, \qquad
\frac{\partial y_j}{\partial z_i} = \frac{1}{T}\, y_i (\delta_{ij} - y_j), \qquad
\frac{\partial y_j}{\partial T} = -\frac{1}{T^2}\, y_j \Big( z_j - \sum_n y_n z_n \Big)$$

``z`` and ``y`` are ``(k,)``, the temperature $T > 0$ is a scalar. Hinton, Vinyals and Dean,
"Distilling the knowledge in a neural network", 2015.

Written with the shifted scores $z - \max z$, so that nothing overflows; $\partial y / \partial T$
does not change with the shift either, since $\sum_n y_n = 1$.
"""

import numpy as np

from derivations.softmax import backward as softmax_backward
from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax import softmax
from gradcheck import derivation, identity, real

POSITIVE = real(low=0)


@derivation(z="k", T=POSITIVE)
def tempered_softmax(z, T):
    r"""$\mathrm{softmax}((z - \max z) / T)$, shape ``(k,)``."""
    return softmax((z - z.max()) / T)


@tempered_softmax.jacobian("z")
def jacobian_of_scores(y, T):
    r"""$J = (\mathrm{diag}(y) - y y^T) / T$, shape ``(k, k)``."""
    return softmax_jacobian(y) / T


@tempered_softmax.column("T")
def derivative_by_the_temperature(z, y, T):
    r"""$-y \odot (z - y \cdot z) / T^2$, shape ``(k,)``: scores above the mean lose."""
    shifted = z - z.max()
    return -y * (shifted - y @ shifted) / T / T


@tempered_softmax.vjp
def backward(dy, z, y, T):
    r"""$dz$ ``(k,)`` by the rule of softmax, over $T$; $dT = -dz \cdot z / T$, a scalar."""
    dz = softmax_backward(dy, y) / T
    return dz, -dz @ (z - z.max()) / T


@identity(z="k", T=POSITIVE, dy="k")
def only_the_ratio_counts(z, T, dy):
    r"""$y(cz, cT) = y(z, T)$ for each $c > 0$, hence Euler's $z \cdot dz + T\, dT = 0$; scalars.

    With shifted scores, since $dz$ sums to 0.
    """
    dz, dT = backward(dy, z, tempered_softmax(z, T), T)
    return (z - z.max()) @ dz + T * dT, 0.0


@identity(z="k", dy="k")
def at_temperature_one(z, dy):
    r"""$T = 1$ is softmax, with its rule; ``(2, k)``."""
    y = tempered_softmax(z, 1.0)
    return np.stack([y, backward(dy, z, y, 1.0)[0]]), np.stack(
        [softmax(z), softmax_backward(dy, y)]
    )
