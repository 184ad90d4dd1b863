r"""Softmax over those scores that a mask lets through.

$$y_{aj} = \frac{m_{aj}\, e^{z_{aj}}}{\sum_n m_{an}\, e^{z_{an}}}, \quad m_{aj} \in \{0, 1\}, \qquad
dz = y \odot \Big( dy - \sum_j dy_j\, y_j \Big)$$

``z``, the mask and ``y`` are ``(n, k)``. Vaswani et al., "Attention is all you need", 2017, where
"illegal" scores are set to $-\infty$. The rule is that of softmax: where $m = 0$, $y = 0$, and so
nothing flows. A row with nothing let through is 0 here, instead of 0/0.
"""

import numpy as np

from derivations.softmax import softmax
from derivations.softmax_batch import backward as softmax_backward
from derivations.softmax_batch import softmax_batch
from gradcheck import boolean, derivation, identity, options


@derivation(z="n k", mask=boolean("n k"))
def masked_softmax(z, mask):
    r"""Probabilities of the scores let through, 0 for the others; shape ``(n, k)``."""
    largest = np.max(z, axis=-1, keepdims=True, where=mask, initial=-np.inf)
    # exp sees no score that the mask keeps out: such a one may be so large that it overflows.
    e = np.where(mask, np.exp(np.where(mask, z - largest, 0.0)), 0.0)
    total = e.sum(axis=-1, keepdims=True)
    return e / np.where(total > 0, total, 1.0)


@masked_softmax.vjp
def backward(dy, y):
    r"""$dz_a = y_a \odot (dy_a - dy_a \cdot y_a)$, shape ``(n, k)``: the mask is inside ``y``."""
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


@masked_softmax.partial
def entry(y, i, j):
    r"""$\partial y_{bj} / \partial z_{ai} = \delta_{ab}\, y_{bj} (\delta_{ij} - y_{ai})$."""
    return (i[0] == j[0]) * y[j] * ((i == j) - y[i])


@identity(z="n k", dy="n k")
def everything_let_through(z, dy):
    r"""With a mask of ones it is softmax; ``(2, n, k)``."""
    y = masked_softmax(z, np.ones(z.shape, bool))
    return np.stack([y, backward(dy, y)]), np.stack([softmax_batch(z), softmax_backward(dy, y)])


@options(sizes={"k": (2, 16)})
@identity(z="k")
def left_out_of_the_row(z):
    r"""Masking the last score is softmax of the row without it; ``(k - 1,)``."""
    mask = np.arange(len(z)) < len(z) - 1
    return masked_softmax(z[np.newaxis], mask[np.newaxis])[0, :-1], softmax(z[:-1])


@identity(z="n k", mask=boolean("n k"), dy="n k")
def what_is_masked_gets_no_gradient(z, mask, dy):
    r"""$dz_{aj} = 0$ where $m_{aj} = 0$, exactly; ``(n, k)``."""
    dz = backward(dy, masked_softmax(z, mask))
    return np.where(mask, 0.0, dz), np.zeros_like(z)
