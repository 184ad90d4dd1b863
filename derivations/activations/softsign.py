r"""Softsign: it saturates slowly, and needs no exponential.

$$y = \frac{x}{1 + |x|}, \qquad
\frac{\partial y_j}{\partial x_i} = \delta_{ij}\, \frac{1}{(1 + |x_i|)^2} = \delta_{ij}
(1 - |y_i|)^2$$

``x`` and ``y`` have one shape. Turian, Bergstra and Bengio, "Quadratic features and deep
architectures for chunking", 2009. At 0, where $|x|$ has a kink, $y$ has none: both slopes are 1.
"""

import numpy as np

from gradcheck import derivation, identity, real


@derivation(x="*batch k")
def softsign(x):
    r"""$x / (1 + |x|)$ for each entry; the result is shaped as ``x``."""
    return x / (1 + np.abs(x))


@softsign.vjp
def backward(dy, x):
    r"""$dx = dy / (1 + |x|)^2$; all of the shape of ``x``."""
    return dy / (1 + np.abs(x)) ** 2


@softsign.row
def row(y, j):
    r"""$\partial y_j / \partial x = (1 - |y_j|)^2\, e_j$, of the shape of ``x``."""
    unit = np.zeros_like(y)
    unit[j] = 1.0
    return (1 - np.abs(y[j])) ** 2 * unit


@identity(x=real("k", nonzero=True))
def chain(x):
    r"""The quotient rule as on paper, with $|x|' = \mathrm{sign}\, x$; each is ``(k,)``.

    $$\frac{(1 + |x|) - x\, \mathrm{sign}\, x}{(1 + |x|)^2} = \frac{1}{(1 + |x|)^2}
    = \Big( 1 - \frac{|x|}{1 + |x|} \Big)^2 = (1 - |y|)^2$$
    """
    below = 1 + np.abs(x)
    return (
        (below - x * np.sign(x)) / below**2,
        1 / below**2,
        (1 - np.abs(x) / below) ** 2,
        (1 - np.abs(softsign(x))) ** 2,
    )
