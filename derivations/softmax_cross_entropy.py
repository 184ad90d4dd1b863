r"""Softmax and cross-entropy taken together: $(p - t) / N$.

$$l = -\frac{1}{N} \sum_a \sum_j t_{aj} \log p_{aj}, \quad p = \mathrm{softmax}(z), \qquad
\frac{\partial l}{\partial z} = \frac{p - t}{N}$$

Not in the homework: it is its section 3 (1) with $\partial l / \partial y = -t / y$ put in and
cancelled. The fused rule divides by no probability, and so it is finite for every ``z``.
"""

import numpy as np

from derivations.log_softmax import log_softmax
from derivations.softmax import jacobian, softmax
from gradcheck import derivation, identity, integers, real, simplex


@derivation(z="n k", labels=integers("n", low=0, high="k"))
def softmax_cross_entropy(z, labels):
    r"""$-\frac{1}{N} \sum_a \log p_{a, t_a}$, a scalar; ``z`` ``(n, k)``, ``labels`` ``(n,)``."""
    return -log_softmax(z)[np.arange(len(z)), labels].mean()


@softmax_cross_entropy.vjp("z")
def backward(dl, z, labels):
    r"""$dz = dl\,(p - t) / N$, shape ``(n, k)``; ``dl`` is a scalar, $t$ is 1 at the label."""
    dz = np.exp(log_softmax(z))
    dz[np.arange(len(z)), labels] -= 1
    return dl * dz / len(z)


@derivation(z="*batch k", t=simplex("*batch k"))
def softmax_cross_entropy_of_targets(z, t):
    r"""The mean over the rows of $-\sum_j t_j \log p_j$, a scalar.

    ``z`` and the target probabilities ``t`` are one row ``(k,)`` or rows ``(n, k)``.
    """
    rows = z[..., 0].size
    return -(t * log_softmax(z)).sum() / rows


@softmax_cross_entropy_of_targets.vjp
def backward_of_targets(dl, z, t):
    r"""$dz = dl\,(p - t) / N$ and $dt = -dl \log p / N$, of the shapes of ``z`` and ``t``.

    $dz$ needs targets that sum to 1 in each row; otherwise it is $p \sum_j t_j - t$.
    """
    rows = z[..., 0].size
    log_p = log_softmax(z)
    return dl * (np.exp(log_p) - t) / rows, -dl * log_p / rows


@identity(z=real("k", low=-30, high=30), t=simplex("k"))
def fusing_the_two_rules(z, t):
    r"""Why $p - t$, for one row; each expression is ``(k,)``.

    $$-\frac{t}{p} J = -\frac{t}{p} (\mathrm{diag}(p) - p^T p)
    = -t + \Big(\sum_j t_j\Big) p = p - t$$

    The scores stay within ±30, so that no $p_j$ underflows and $t / p$ exists.
    """
    p = softmax(z)
    return (
        -(t / p) @ jacobian(p),
        -(t / p) @ (np.diag(p) - np.outer(p, p)),
        -t + t.sum() * p,
        p - t,
        backward_of_targets(1.0, z, t)[0],
    )


@identity(z="n k", labels=integers("n", low=0, high="k"))
def labels_are_certain_targets(z, labels):
    r"""With labels as targets of probability 1 the two rules agree, shape ``(n, k)``."""
    return backward(1.0, z, labels), backward_of_targets(1.0, z, np.eye(z.shape[1])[labels])[0]
