r"""The pinball loss, whose minimum is a quantile.

$$l = \frac{1}{N} \sum_a \max(\tau r_a, (\tau - 1) r_a), \quad r = t - q, \qquad
dq_a = \frac{1}{N} \begin{cases} -\tau & \text{if } t_a > q_a \\ 1 - \tau & \text{if } t_a \le q_a
\end{cases}$$

``q`` and ``t`` are ``(n,)``, $\tau$ between 0 and 1 and $l$ are scalars. Koenker and Bassett,
"Regression quantiles", 1978. Where $t_a = q_a$ there is a kink; $1 - \tau$ is taken there.
"""

import numpy as np

from derivations.losses.mean_absolute_error import mean_absolute_error
from gradcheck import derivation, identity, real

LEVEL = real(low=0, high=1)


@derivation(q="n", t="n", tau=LEVEL)
def pinball(q, t, tau):
    r"""The mean of $\max(\tau r, (\tau - 1) r)$, a scalar."""
    r = t - q
    return np.maximum(tau * r, (tau - 1) * r).mean()


@pinball.vjp
def backward(dl, q, t, tau):
    r"""$dq$ as above and $dt = -dq$, each ``(n,)``; $d\tau$ is the mean of $r$, a scalar."""
    dq = dl * np.where(t > q, -tau, 1 - tau) / len(q)
    return dq, -dq, dl * (t - q).mean()


@identity(q="n", t="n")
def median(q, t):
    r"""For $\tau = \frac12$ it is half of the absolute error; scalars."""
    return pinball(q, t, 0.5), mean_absolute_error(q, t) / 2


@identity(t="n", tau=LEVEL, q="")
def balance_at_a_quantile(t, tau, q):
    r"""For one $q$ for all, $\sum_a dq_a = \frac{1}{N} \#\{t_a \le q\} - \tau$: 0 at a quantile."""
    dq, _, _ = backward(1.0, np.full(len(t), q), t, tau)
    return dq.sum(), np.mean(t <= q) - tau


@identity(t="n", tau=LEVEL)
def at_the_kink(t, tau):
    r"""$dq_a = \frac{1 - \tau}{N}$ where $q_a = t_a$, as is said above; ``(n,)`` each."""
    dq, _, _ = backward(1.0, t, t, tau)
    return dq, np.full(len(t), (1 - tau) / len(t))
