"""Wrong versions of the claims in ``derivations/network_batch.py``."""

import numpy as np

from derivations import network_batch as right
from derivations.network import backward as backward_of_one_row
from derivations.network import network
from derivations.softmax_batch import backward as softmax_backward
from derivations.softmax_batch import softmax_batch
from derivations.squared_error import backward as squared_error_backward
from gradcheck import derivation, identity, integers, options, real

ROWS = {
    "x": integers("n d", low=-1, high=2),
    "W1": integers("d h", low=-1, high=2),
    "W2": real("h k"),
    "dy": real("n k"),
}


@options(sizes=right.SMALL)
@derivation(x="n d", W1="d h", b1="h", W2="h k", b2="k", labels=integers("n", low=0, high="k"))
def cross_entropy_loss(x, W1, b1, W2, b2, labels):
    return right.cross_entropy_loss(x, W1, b1, W2, b2, labels)


@cross_entropy_loss.vjp
def mean_forgotten(dl, x, W1, b1, W2, b2, labels):
    return right.cross_entropy_loss_backward(dl * len(x), x, W1, b1, W2, b2, labels)


@cross_entropy_loss.vjp
def biases_averaged(dl, x, W1, b1, W2, b2, labels):
    dx, dW1, db1, dW2, db2 = right.cross_entropy_loss_backward(dl, x, W1, b1, W2, b2, labels)
    return dx, dW1, db1 / len(x), dW2, db2 / len(x)


@cross_entropy_loss.vjp
def first_bias_left_out_of_the_mask(dl, x, W1, b1, W2, b2, labels):
    no_b1 = np.zeros_like(b1)
    return right.cross_entropy_loss_backward(dl, x, W1, no_b1, W2, b2, labels)


@options(sizes=right.SMALL)
@derivation(x="n d", W1="d h", b1="h", W2="h k", b2="k", t=real("n k", differentiate=False))
def squared_error_loss(x, W1, b1, W2, b2, t):
    return right.squared_error_loss(x, W1, b1, W2, b2, t)


@squared_error_loss.vjp
def fused_with_softmax_as_if_cross_entropy(dl, x, W1, b1, W2, b2, t):
    y = softmax_batch(right.scores(x, W1, b1, W2, b2))
    dz, _ = squared_error_backward(dl, y, t)
    return right.backward_of_scores(dz, x, W1, b1, W2)


@squared_error_loss.vjp
def weights_of_one_sample(dl, x, W1, b1, W2, b2, t):
    dx, _, db1, dW2, db2 = right.squared_error_loss_backward(dl, x, W1, b1, W2, b2, t)
    _, first_dW1, *_ = right.squared_error_loss_backward(dl / len(x), x[:1], W1, b1, W2, b2, t[:1])
    return dx, first_dW1, db1, dW2, db2


def gradients(x, W1, W2, dy):
    """The gradients of ``x`` and ``W1`` for the batch, and those of each row."""
    no_b1, no_b2 = np.zeros(W1.shape[1]), np.zeros(W2.shape[1])
    dz = softmax_backward(dy, softmax_batch(right.scores(x, W1, no_b1, W2, no_b2)))
    dx, dW1, *_ = right.backward_of_scores(dz, x, W1, no_b1, W2)
    rows = zip(x, dy, strict=True)
    of_rows = [backward_of_one_row(dy_a, x_a, W1, W2, network(x_a, W1, W2)) for x_a, dy_a in rows]
    return dx, dW1, of_rows


@options(sizes=right.SMALL)
@identity(**ROWS)
def rows_in_reverse(x, W1, W2, dy):
    dx, _, of_rows = gradients(x, W1, W2, dy)
    return dx, np.stack([row[0] for row in reversed(of_rows)])


@options(sizes=right.SMALL)
@identity(**ROWS)
def weights_averaged_over_the_rows(x, W1, W2, dy):
    _, dW1, of_rows = gradients(x, W1, W2, dy)
    return dW1, sum(row[1] for row in of_rows) / len(of_rows)
