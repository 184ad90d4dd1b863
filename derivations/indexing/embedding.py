r"""Embedding: rows of a table, picked by number, one by one or as the sum or mean of a bag.

$$y_a = W_{t_a}, \qquad dW_p = \sum_{a:\, t_a = p} dy_a$$

A row that is picked several times collects a gradient each time. ``dW[ids] += dy`` keeps only the
last of them, since numpy reads, adds and writes once for each place; ``np.add.at`` adds them all.

Bengio, Ducharme, Vincent and Jauvin, "A neural probabilistic language model", 2003.
"""

import numpy as np

from gradcheck import choice, derivation, identity, integers, options

SMALL = {"v": (1, 6), "d": (1, 4), "n": (1, 6)}
BAGS = {"v": (1, 6), "d": (1, 4), "n": (1, 4), "t": (1, 4)}


@options(sizes=SMALL)
@derivation(W="v d", ids=integers("n", low=0, high="v"))
def embedding(W, ids):
    r"""$y_a = W_{t_a}$: a table ``(v, d)`` and numbers ``(n,)`` below $v$ give ``(n, d)``."""
    return W[ids]


@embedding.partial
def entry(ids, i, j):
    r"""$\partial y_{ab} / \partial W_{pq} = [t_a = p]\,[b = q]$, a scalar."""
    (p, q), (a, b) = i, j
    return float(ids[a] == p and b == q)


@embedding.vjp
def backward(dy, W, ids):
    r"""$dW_p = \sum_{a: t_a = p} dy_a$, shape ``(v, d)``; a row that is never picked gets 0."""
    dW = np.zeros_like(W)
    np.add.at(dW, ids, dy)
    return dW


@embedding.jvp
def forward_mode(dW, ids):
    r"""$\dot y_a = \dot W_{t_a}$, shape ``(n, d)``: it is linear in the table."""
    return dW[ids]


@options(sizes=BAGS)
@derivation(W="v d", bags=integers("n t", low=0, high="v"), reduction=choice("sum", "mean"))
def embedding_bag(W, bags, reduction):
    r"""The sum or mean over each bag: ``(v, d)`` and ``(n, t)`` give ``(n, d)``."""
    rows = W[bags]
    return rows.sum(axis=1) if reduction == "sum" else rows.mean(axis=1)


@embedding_bag.vjp
def backward_of_bags(dy, W, bags, reduction):
    r"""Each member of a bag gets the bag's $dy$, or $dy / t$ for the mean; shape ``(v, d)``."""
    share = dy if reduction == "sum" else dy / bags.shape[1]
    dW = np.zeros_like(W)
    np.add.at(dW, bags, share[:, np.newaxis, :])
    return dW


@options(sizes=SMALL)
@identity(W="v d", ids=integers("n", low=0, high="v"), dy="n d")
def one_hot_product(W, ids, dy):
    r"""$y = T W$ with a unit vector a row of $T$, so $dW = T^T dy$; shape ``(v, d)``."""
    T = np.eye(len(W))[ids]
    return backward(dy, W, ids), T.T @ dy


@options(sizes=BAGS)
@identity(W="v d", bags=integers("n t", low=0, high="v"), dy="n d")
def mean_is_a_share_of_the_sum(W, bags, dy):
    r"""$dW_{\text{mean}} = dW_{\text{sum}} / t$, shape ``(v, d)``."""
    total = backward_of_bags(dy, W, bags, "sum")
    return backward_of_bags(dy, W, bags, "mean"), total / bags.shape[1]
