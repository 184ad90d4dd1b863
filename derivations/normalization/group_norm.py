r"""Group normalization: every sample over groups of its channels, and over space.

$$y_{acs} = \gamma_c \hat x_{acs} + \beta_c, \qquad \hat x: \text{ standardized over the channels
and places of each group}$$
$$d\gamma_c = \sum_{as} dy_{acs} \hat x_{acs}, \quad d\beta_c = \sum_{as} dy_{acs}, \quad
dx: \text{ the rule of standardizing, a group at a time, of } \gamma_c\, dy_{acs}$$

``x`` and ``y`` are ``(n, 6c, s)`` for any number of places $s$, ``gamma`` and ``beta`` ``(6c,)``;
the channels are split into ``groups`` equal parts, 1, 2, 3 or 6. Wu and He, "Group normalization",
2018. One group is layer normalization (over channels and places); as many as channels are instance
normalization.
"""

from derivations.normalization.standardize import backward as standardize_backward
from derivations.normalization.standardize import standardize
from gradcheck import choice, derivation, identity, options

GROUPS = choice(1, 2, 3, 6)
SMALL = {"n": (1, 3), "c": (1, 2), "s": (1, 5)}


def by_group(x, groups):
    r"""``(n, 6c, s)`` as ``(n, groups, m)``: neighbouring channels and all places in one row."""
    return x.reshape(len(x), groups, -1)


@options(sizes=SMALL)
@derivation(x="n 6*c s", gamma="6*c", beta="6*c", groups=GROUPS)
def group_norm(x, gamma, beta, groups):
    r"""$\gamma \hat x + \beta$, shape ``(n, 6c, s)``."""
    x_hat = standardize(by_group(x, groups)).reshape(x.shape)
    return gamma[:, None] * x_hat + beta[:, None]


@group_norm.vjp
def backward(dy, x, gamma, groups):
    r"""$dx$ ``(n, 6c, s)``, $d\gamma$ and $d\beta$ ``(6c,)``."""
    grouped = by_group(x, groups)
    x_hat = standardize(grouped)
    dx_hat = by_group(dy * gamma[:, None], groups)
    dx = standardize_backward(dx_hat, grouped, x_hat).reshape(x.shape)
    dgamma = (dy * x_hat.reshape(x.shape)).sum(axis=(0, 2))
    return dx, dgamma, dy.sum(axis=(0, 2)), None


@options(sizes=SMALL)
@identity(x="n 6*c s", gamma="6*c", dy="n 6*c s", groups=GROUPS)
def groups_sum_to_zero(x, gamma, dy, groups):
    r"""$dx$ sums to 0 over each group: adding the same to it changes nothing; ``(n, groups)``."""
    dx, _, _, _ = backward(dy, x, gamma, groups)
    sums = by_group(dx, groups).sum(axis=-1)
    return sums, 0 * sums
