r"""Dropout with a fixed mask.

$$y = \frac{m \odot x}{\rho}, \qquad dx = \frac{m \odot dy}{\rho}$$

$m$ is 1 where an entry is kept, $\rho$ the probability of keeping one. The backward pass has to use
the mask of the forward pass, and its factor $1 / \rho$ ("inverted dropout": nothing is scaled at
test time). Source: N. Srivastava et al., "Dropout: a simple way to prevent neural networks from
overfitting", 2014.
"""

import itertools

import numpy as np

from gradcheck import boolean, derivation, identity, options, real

KEPT = real(low=0.1, high=1.0, differentiate=False)


@derivation(x="n d", mask=boolean("n d"), keep=KEPT)
def dropout(x, mask, keep):
    r"""``(n, d)`` gives ``(n, d)``; ``keep`` is $\rho$."""
    return x * mask / keep


@dropout.partial
def entry(mask, keep, i, j):
    r"""$m_i / \rho$ where $i = j$, else 0; a scalar."""
    return (i == j) * mask[i] / keep


@dropout.vjp
def backward(dy, mask, keep):
    r"""The same mask and the same factor, shape ``(n, d)``."""
    return dy * mask / keep


@dropout.jvp
def forward_mode(dx, mask, keep):
    r"""Linear, so it is its own forward rule."""
    return dx * mask / keep


@options(sizes={"k": (1, 5)})
@identity(x="k", keep=KEPT)
def nothing_changes_on_average(x, keep):
    r"""$\sum_m p(m)\, y(m) = x$ over all $2^k$ masks: why the factor is $1 / \rho$; ``(k,)``."""
    masks = np.array(list(itertools.product([True, False], repeat=len(x))))
    chance = np.where(masks, keep, 1 - keep).prod(axis=1)
    return chance @ dropout(x[np.newaxis, :], masks, keep), x


@identity(x="n d", mask=boolean("n d"), keep=KEPT, dy="n d")
def adjoint(x, mask, keep, dy):
    r"""$\langle dy, y \rangle = \langle dx, x \rangle$: forward and backward share one mask."""
    return (dy * dropout(x, mask, keep)).sum(), (backward(dy, mask, keep) * x).sum()
