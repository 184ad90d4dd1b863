r"""Cross-entropy of predicted probabilities: where $\partial l / \partial y$ comes from.

$$l = -\frac{1}{N} \sum_{a=1}^N \sum_{j=1}^k t_{aj} \log q_{aj}$$

Not in the homework, whose section 3 starts from a given $\partial l / \partial y$. The predicted
probabilities are called $q$ here (``y`` is the name of an output). They are the output of a
softmax; its gradient taken together with it is in ``softmax_cross_entropy.py``.

Bishop, "Pattern recognition and machine learning", 2006, section 4.3.4.

Weak: $1/q$ grows without bound as $q \to 0$. The probabilities stay above 1e-6 here, and a network
should use the fused rule.
"""

import numpy as np

from gradcheck import derivation, identity, integers, real, simplex

PROBABILITIES = {"low": 1e-6, "high": 1.0}


@derivation(q=real("*batch k", **PROBABILITIES), t=simplex("*batch k"))
def cross_entropy(q, t):
    r"""The mean over the rows of $-\sum_j t_j \log q_j$, a scalar.

    ``q`` and the target probabilities ``t`` are one row ``(k,)`` or rows ``(n, k)``.
    """
    rows = q[..., 0].size
    return -(t * np.log(q)).sum() / rows


@cross_entropy.vjp("q")
def dl_dq(dl, q, t):
    r"""$dq_{aj} = -dl \; t_{aj} / (N q_{aj})$, of the shape of ``q``; ``dl`` is a scalar."""
    rows = q[..., 0].size
    return -dl * t / (rows * q)


@cross_entropy.vjp("t")
def dl_dt(dl, q):
    r"""$dt_{aj} = -dl \log q_{aj} / N$, of the shape of ``t``.

    Targets sum to 1, so it is compared along directions of sum 0 alone.
    """
    rows = q[..., 0].size
    return -dl * np.log(q) / rows


@derivation(q=real("n k", **PROBABILITIES), labels=integers("n", low=0, high="k"))
def cross_entropy_of_labels(q, labels):
    r"""$-\frac{1}{N} \sum_a \log q_{a, t_a}$, a scalar; ``q`` ``(n, k)``, ``labels`` ``(n,)``."""
    return -np.log(q[np.arange(len(q)), labels]).mean()


@cross_entropy_of_labels.gradient("q")
def gradient_of_labels(q, labels):
    r"""$-1 / (N q_{a, t_a})$ at the label of each row and 0 elsewhere, shape ``(n, k)``."""
    rows = np.arange(len(q))
    dq = np.zeros_like(q)
    dq[rows, labels] = -1 / (len(q) * q[rows, labels])
    return dq


@identity(q=real("n k", **PROBABILITIES), labels=integers("n", low=0, high="k"))
def labels_are_certain_targets(q, labels):
    r"""A label is a target of probability 1: the two losses agree, a scalar."""
    return cross_entropy_of_labels(q, labels), cross_entropy(q, np.eye(q.shape[1])[labels])
