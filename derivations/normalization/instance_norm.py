r"""Instance normalization: every channel of every sample over its places.

$$y_{achw} = \gamma_c \frac{x_{achw} - \mu_{ac}}{\sqrt{v_{ac} + \epsilon}} + \beta_c, \quad
\mu_{ac} = \frac{1}{HW} \sum_{hw} x_{achw}, \quad
v_{ac} = \frac{1}{HW} \sum_{hw} (x_{achw} - \mu_{ac})^2$$
$$dx = \frac{\gamma_c}{\sqrt{v_{ac} + \epsilon}} \big( dy - \overline{dy}
- \hat x\, \overline{dy \odot \hat x} \big), \quad d\gamma_c = \sum_{ahw} dy\, \hat x, \quad
d\beta_c = \sum_{ahw} dy$$

``x`` and ``y`` are ``(n, c, h, w)``, ``gamma`` and ``beta`` ``(c,)``; the bar is the mean over the
places, $\epsilon$ is 1e-5. Ulyanov, Vedaldi and Lempitsky, "Instance normalization: the missing
ingredient for fast stylization", 2016. Image by image: no row of the batch depends on another.
"""

import numpy as np

from derivations.normalization.group_norm import backward as group_norm_backward
from derivations.normalization.group_norm import group_norm
from derivations.normalization.standardize import EPSILON
from gradcheck import derivation, identity, options

PLACES = (2, 3)


@derivation(x="n c h w", gamma="c", beta="c")
def instance_norm(x, gamma, beta):
    r"""$\gamma \hat x + \beta$, shape ``(n, c, h, w)``."""
    sigma = np.sqrt(x.var(axis=PLACES, keepdims=True) + EPSILON)
    x_hat = (x - x.mean(axis=PLACES, keepdims=True)) / sigma
    return gamma[:, None, None] * x_hat + beta[:, None, None]


@instance_norm.vjp
def backward(dy, x, gamma):
    r"""$dx$ ``(n, c, h, w)``, $d\gamma$ and $d\beta$ ``(c,)``."""
    sigma = np.sqrt(x.var(axis=PLACES, keepdims=True) + EPSILON)
    x_hat = (x - x.mean(axis=PLACES, keepdims=True)) / sigma
    mean = dy.mean(axis=PLACES, keepdims=True)
    along = (dy * x_hat).mean(axis=PLACES, keepdims=True)
    dx = gamma[:, None, None] / sigma * (dy - mean - x_hat * along)
    return dx, (dy * x_hat).sum(axis=(0, 2, 3)), dy.sum(axis=(0, 2, 3))


@options(sizes={"n": (1, 3), "h": (1, 3), "w": (1, 3)})
@identity(x="n 6 h w", gamma="6", beta="6", dy="n 6 h w")
def a_group_for_each_channel(x, gamma, beta, dy):
    r"""It is group normalization with as many groups as channels; ``(2, n, 6, h, w)``."""
    flat = (len(x), 6, -1)
    by_groups = group_norm(x.reshape(flat), gamma, beta, 6)
    dx, _, _, _ = group_norm_backward(dy.reshape(flat), x.reshape(flat), gamma, 6)
    mine = np.stack([instance_norm(x, gamma, beta), backward(dy, x, gamma)[0]])
    return mine, np.stack([by_groups, dx]).reshape(mine.shape)
