r"""Maxout: the largest of several pieces, channel by channel.

$$y_{ac} = \max_q x_{aqc}, \qquad
\frac{\partial y_{ac}}{\partial x_{bqe}} = \delta_{ab}\, \delta_{ce}\, [q = q^*_{ac}], \quad
q^*_{ac} = \mathrm{argmax}_q\, x_{aqc}$$

``x`` is ``(n, q, c)``, ``y`` ``(n, c)``. Goodfellow, Warde-Farley, Mirza, Courville and Bengio,
"Maxout networks", 2013. Where pieces tie, there is no derivative; the first of them gets the whole
gradient here, as ``argmax`` has it.
"""

import numpy as np

from derivations.relu import backward as relu_backward
from derivations.relu import relu
from gradcheck import derivation, identity, integers


@derivation(x="n q c")
def maxout(x):
    r"""The largest of the ``q`` pieces, shape ``(n, c)``."""
    return x.max(axis=1)


def winners(x):
    r"""1 at the first of the largest pieces, else 0; shape ``(n, q, c)``."""
    pieces = np.arange(x.shape[1])[:, np.newaxis]
    return 1.0 * (pieces == x.argmax(axis=1)[:, np.newaxis, :])


@maxout.vjp
def backward(dy, x):
    r"""$dx_{aqc} = dy_{ac}\, [q = q^*_{ac}]$, shape ``(n, q, c)``."""
    return dy[:, np.newaxis, :] * winners(x)


@maxout.jvp
def forward_mode(dx, x):
    r"""$\dot y_{ac} = \dot x_{a q^* c}$: the tangent of the winner; shape ``(n, c)``."""
    return np.take_along_axis(dx, x.argmax(axis=1)[:, np.newaxis, :], axis=1)[:, 0, :]


# Small whole numbers, so that pieces tie in many entries of many inputs.
@identity(x=integers("n q c", low=-1, high=2), dy="n c")
def one_winner_at_ties(x, dy):
    r"""$\sum_q dx_{aqc} = dy_{ac}$, also where pieces tie: it goes to one of them; ``(n, c)``."""
    return backward(dy, x).sum(axis=1), dy


@identity(p=integers("n c", low=-1, high=2), dy="n c")
def rectifier_is_a_maxout(p, dy):
    r"""$\max(0, p)$ is a maxout of 0 and $p$, and the convention at $p = 0$ agrees; ``(2, n, c)``.

    The zero stands first, and so wins the tie.
    """
    x = np.stack([np.zeros_like(p), p], axis=1)
    return (
        np.stack([maxout(x), backward(dy, x)[:, 1, :]]),
        np.stack([relu(p), relu_backward(dy, p)]),
    )
