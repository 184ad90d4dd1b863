r"""The Huber loss: a parabola near 0, straight lines beyond $\delta$.

$$l = \frac{1}{N} \sum_a h(r_a), \quad r = q - t, \qquad h(r) = \begin{cases}
\frac12 r^2 & \text{if } |r| \le \delta \\ \delta (|r| - \frac12 \delta) & \text{if } |r| > \delta
\end{cases}$$
$$dq_a = \frac{1}{N} \min(\max(r_a, -\delta), \delta), \qquad
\frac{\partial l}{\partial \delta} = \frac{1}{N} \sum_a \max(|r_a| - \delta, 0)$$

``q`` and ``t`` have one shape of $N$ entries, $\delta > 0$ and $l$ are scalars. Huber, "Robust
estimation of a location parameter", 1964. No kink in $h$: value and slope agree at $\pm \delta$.
"""

import numpy as np

from derivations.losses.mean_absolute_error import backward as absolute_backward
from gradcheck import derivation, identity, options, real

POSITIVE = real(low=0)


@derivation(q="*batch k", t="*batch k", delta=POSITIVE)
def huber(q, t, delta):
    r"""The mean of $h(q - t)$, a scalar."""
    r = np.abs(q - t)
    return np.where(r <= delta, r * r / 2, delta * (r - delta / 2)).mean()


@huber.vjp
def backward(dl, q, t, delta):
    r"""$dq$ is the residual cut off at $\pm \delta$; $dt = -dq$; $d\delta$ counts the excess."""
    dq = dl * np.clip(q - t, -delta, delta) / q.size
    return dq, -dq, dl * np.maximum(np.abs(q - t) - delta, 0).mean()


@options(output="h")
@derivation(r="*batch k", delta=real(low=0, differentiate=False))
def elementwise(r, delta):
    r"""$h(r)$ for each entry; the result is shaped as ``r``."""
    size = np.abs(r)
    return np.where(size <= delta, r * r / 2, delta * (size - delta / 2))


@elementwise.partial
def entry(r, delta, i, j):
    r"""$\partial h_j / \partial r_i = \delta_{ij} \min(\max(r_i, -\delta), \delta)$, a scalar."""
    return (i == j) * np.clip(r[i], -delta, delta)


@identity(q="k", t="k", delta=POSITIVE)
def large_residuals(q, t, delta):
    r"""Where $|r| > \delta$ the rule is $\delta$ times that of the absolute error; ``(k,)``."""
    beyond = np.abs(q - t) > delta
    huber_dq, absolute_dq = backward(1.0, q, t, delta)[0], absolute_backward(delta, q, t)[0]
    return np.where(beyond, huber_dq, 0.0), np.where(beyond, absolute_dq, 0.0)


@identity(r="k", delta=POSITIVE)
def one_formula(r, delta):
    r"""$h = c\, r - \frac12 c^2$ with $c$ the residual cut off: both cases at once; ``(k,)``."""
    cut = np.clip(r, -delta, delta)
    return elementwise(r, delta), cut * r - cut * cut / 2
