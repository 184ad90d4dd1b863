r"""One step of Adam, with respect to everything that goes in but the constants.

$$m' = \beta_1 m + (1 - \beta_1) g, \quad s' = \beta_2 s + (1 - \beta_2) g^2, \quad
\hat m = \frac{m'}{1 - \beta_1^t}, \quad \hat s = \frac{s'}{1 - \beta_2^t}, \quad
w' = w - \frac{\eta\, \hat m}{\sqrt{\hat s} + \varepsilon}$$

$g$ is used twice, in $m'$ and in $s'$, and $m'$, $s'$ are outputs as well: each has two shares. The
step is bounded because the two shares of $g$ nearly cancel where $g$ dominates both averages.

The second moments stay above 0: at $s' = 0$ the root has no derivative.
Source: D. Kingma and J. Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.
"""

import numpy as np

from gradcheck import derivation, identity, integers, options, real

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # the paper's
STEP = {
    "w": "k",
    "m": "k",
    "s": real("k", low=0),
    "g": "k",
    "rate": real(low=0, high=1),
    "t": integers(low=1, high=1000),
}


@options(output="w_next m_next s_next")
@derivation(**STEP)
def adam(w, m, s, g, rate, t):
    r"""Weights, both moments and the gradient ``(k,)`` give the next of the first three."""
    m_next = BETA1 * m + (1 - BETA1) * g
    s_next = BETA2 * s + (1 - BETA2) * g**2
    mean, square = m_next / (1 - BETA1**t), s_next / (1 - BETA2**t)
    return w - rate * mean / (np.sqrt(square) + EPSILON), m_next, s_next


@adam.vjp
def backward(dw_next, dm_next, ds_next, g, rate, t, m_next, s_next):
    r"""The gradients of ``w, m, s, g`` ``(k,)`` and of the scalar ``rate``."""
    mean, square = m_next / (1 - BETA1**t), s_next / (1 - BETA2**t)
    root = np.sqrt(square)
    dmean = -rate * dw_next / (root + EPSILON)
    droot = rate * dw_next * mean / (root + EPSILON) ** 2
    dm = dm_next + dmean / (1 - BETA1**t)
    ds = ds_next + droot / (2 * root) / (1 - BETA2**t)
    dg = (1 - BETA1) * dm + (1 - BETA2) * 2 * g * ds
    drate = -dw_next @ (mean / (root + EPSILON))
    return dw_next, BETA1 * dm, BETA2 * ds, dg, drate


@identity(w="k", g=real("k", nonzero=True), rate=real(low=0, high=1))
def first_step_forgets_the_scale(w, g, rate):
    r"""From nothing, the first step is $-\eta\, g / (|g| + \varepsilon)$; ``(k,)``.

    The corrections undo the factors $1 - \beta$: that is what they are for.
    """
    nothing = np.zeros_like(g)
    return adam(w, nothing, nothing, g, rate, 1)[0], w - rate * g / (np.abs(g) + EPSILON)


@identity(w="k", g="k", t=integers(low=1, high=1000), rate=real(low=0, high=1))
def constant_gradients(w, g, t, rate):
    r"""After $t$ steps with one gradient, $\hat m = g$ and $\hat s = g^2$ exactly; two scalars.

    $m_t = (1 - \beta_1^t) g$, a geometric sum; the correction divides it away. Here for the
    moments that $t - 1$ such steps leave, summed over the entries.
    """
    before = ((1 - BETA1 ** (t - 1)) * g, (1 - BETA2 ** (t - 1)) * g**2)
    _, m_next, s_next = adam(w, *before, g, rate, t)
    return (m_next / (1 - BETA1**t)).sum() + (s_next / (1 - BETA2**t)).sum(), (g + g**2).sum()
