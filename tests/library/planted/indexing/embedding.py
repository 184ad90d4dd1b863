"""Wrong versions of claims in ``derivations/indexing/embedding.py``."""

import numpy as np

from derivations.indexing import embedding as right
from gradcheck import choice, derivation, integers, options


@options(sizes=right.SMALL)
@derivation(W="v d", ids=integers("n", low=0, high="v"))
def embedding(W, ids):
    return right.embedding(W, ids)


@embedding.vjp
def repeated_rows_overwritten(dy, W, ids):
    dW = np.zeros_like(W)
    dW[ids] += dy
    return dW


@options(sizes=right.BAGS)
@derivation(W="v d", bags=integers("n t", low=0, high="v"), reduction=choice("sum", "mean"))
def embedding_bag(W, bags, reduction):
    return right.embedding_bag(W, bags, reduction)


@embedding_bag.vjp
def sum_for_mean(dy, W, bags, reduction):
    return right.backward_of_bags(dy, W, bags, "sum")
