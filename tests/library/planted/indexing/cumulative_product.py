"""Wrong versions of claims in ``derivations/indexing/cumulative_product.py``."""

import numpy as np

from derivations.indexing import cumulative_product as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="k")
def cumulative_product(x):
    return right.cumulative_product(x)


@cumulative_product.partial(where=lambda i, j: i <= j)
def product_up_to_the_entry_only(x, i):
    return x[:i].prod()


@cumulative_product.vjp
def divided_by_zero(dy, x, y):
    return np.cumsum((dy * y)[::-1])[::-1] / x


@cumulative_product.vjp
def last_product_for_all(dy, x, y):
    return dy.sum() * right.backward(np.eye(len(x))[-1], x)
