r"""The mean absolute error.

$$l = \frac{1}{N} \sum_a |q_a - t_a|, \qquad dq_a = \frac{1}{N}\, \mathrm{sign}(q_a - t_a),
\quad dt = -dq$$

``q`` and ``t`` have one shape of $N$ entries, $l$ is a scalar. Where $q_a = t_a$ there is a kink;
the middle of the two slopes, 0, is taken, so that a perfect prediction stays where it is.

Bloomfield and Steiger, "Least absolute deviations", 1983.
"""

import numpy as np

from gradcheck import derivation, identity, integers


@derivation(q="*batch k", t="*batch k")
def mean_absolute_error(q, t):
    r"""The mean of $|q - t|$ over all entries, a scalar."""
    return np.abs(q - t).mean()


@mean_absolute_error.vjp
def backward(dl, q, t):
    r"""$dq = dl\, \mathrm{sign}(q - t) / N$ and $dt = -dq$, of the shape of ``q``."""
    dq = dl * np.sign(q - t) / q.size
    return dq, -dq


# Small whole numbers, so that predictions are exactly right in many entries.
@identity(q=integers("k", low=-2, high=3), t=integers("k", low=-2, high=3))
def right_predictions_stay(q, t):
    r"""$dq_a = 0$ where $q_a = t_a$: the convention at the kink; ``(k,)``."""
    dq, _ = backward(1.0, q, t)
    return np.where(q == t, dq, 0.0), np.zeros(len(q))


@identity(q="k", t="k")
def homogeneous(q, t):
    r"""$dq \cdot q + dt \cdot t = l$, Euler's rule for degree 1; scalars."""
    dq, dt = backward(1.0, q, t)
    return dq @ q + dt @ t, mean_absolute_error(q, t)
