r"""The homework's network for a batch of rows, with biases and with a loss: what training needs.

$$p = x W_1 + b_1, \quad r = \max(p, 0), \quad z = r W_2 + b_2, \quad y = \mathrm{softmax}(z)$$

Section 3, (1) to (4), with a row of ``x`` for each of ``n`` samples, for the mean cross-entropy of
labels (where (1) is fused to $(y - t) / N$) and for the mean squared error.
"""

import numpy as np

from derivations.linear import backward as linear_backward
from derivations.linear import linear
from derivations.network import backward as backward_of_one_row
from derivations.network import network
from derivations.relu import backward as relu_backward
from derivations.relu import relu
from derivations.softmax_batch import backward as softmax_backward
from derivations.softmax_batch import softmax_batch
from derivations.softmax_cross_entropy import backward as softmax_cross_entropy_backward
from derivations.softmax_cross_entropy import softmax_cross_entropy
from derivations.squared_error import backward as squared_error_backward
from derivations.squared_error import squared_error
from gradcheck import derivation, identity, integers, options, real

SMALL = {"n": (1, 3), "d": (1, 4), "h": (1, 4), "k": (1, 4)}


def scores(x, W1, b1, W2, b2):
    r"""$z$, shape ``(n, k)``."""
    return linear(relu(linear(x, W1, b1)), W2, b2)


def backward_of_scores(dz, x, W1, b1, W2):
    r"""Steps (2) to (4): the gradients of ``x, W1, b1, W2, b2`` from ``dz`` ``(n, k)``."""
    p = linear(x, W1, b1)
    dr, dW2, db2 = linear_backward(dz, relu(p), W2)  # (2)
    dp = relu_backward(dr, p)  # (3)
    dx, dW1, db1 = linear_backward(dp, x, W1)  # (4)
    return dx, dW1, db1, dW2, db2


@options(sizes=SMALL)
@derivation(x="n d", W1="d h", b1="h", W2="h k", b2="k", labels=integers("n", low=0, high="k"))
def cross_entropy_loss(x, W1, b1, W2, b2, labels):
    r"""$l = -\frac{1}{N} \sum_a \log y_{a, t_a}$, a scalar; ``labels`` is ``(n,)``."""
    return softmax_cross_entropy(scores(x, W1, b1, W2, b2), labels)


@cross_entropy_loss.vjp
def cross_entropy_loss_backward(dl, x, W1, b1, W2, b2, labels):
    r"""The gradients of ``x, W1, b1, W2, b2``, in their shapes; ``dl`` is a scalar."""
    dz = softmax_cross_entropy_backward(dl, scores(x, W1, b1, W2, b2), labels)
    return backward_of_scores(dz, x, W1, b1, W2)


@options(sizes=SMALL)
@derivation(x="n d", W1="d h", b1="h", W2="h k", b2="k", t=real("n k", differentiate=False))
def squared_error_loss(x, W1, b1, W2, b2, t):
    r"""$l = \frac{1}{2N} \sum_a \sum_j (y_{aj} - t_{aj})^2$, a scalar; ``t`` is ``(n, k)``."""
    return squared_error(softmax_batch(scores(x, W1, b1, W2, b2)), t)


@squared_error_loss.vjp
def squared_error_loss_backward(dl, x, W1, b1, W2, b2, t):
    r"""The gradients of ``x, W1, b1, W2, b2``, in their shapes; ``dl`` is a scalar."""
    y = softmax_batch(scores(x, W1, b1, W2, b2))
    dy, _ = squared_error_backward(dl, y, t)
    dz = softmax_backward(dy, y)  # (1)
    return backward_of_scores(dz, x, W1, b1, W2)


# Small whole numbers, so that kinks, p = 0, are met as well.
@options(sizes=SMALL)
@identity(x=integers("n d", low=-1, high=2), W1=integers("d h", low=-1, high=2), W2="h k", dy="n k")
def batch_is_a_stack_of_rows(x, W1, W2, dy):
    r"""$\partial l / \partial x$ of a batch is that of its rows, stacked; ``(n, d)``."""
    no_b1, no_b2 = np.zeros(W1.shape[1]), np.zeros(W2.shape[1])
    dz = softmax_backward(dy, softmax_batch(scores(x, W1, no_b1, W2, no_b2)))
    batch = backward_of_scores(dz, x, W1, no_b1, W2)[0]
    rows = zip(x, dy, strict=True)
    return batch, np.stack(
        [backward_of_one_row(dy_a, x_a, W1, W2, network(x_a, W1, W2))[0] for x_a, dy_a in rows]
    )


@options(sizes=SMALL)
@identity(x=integers("n d", low=-1, high=2), W1=integers("d h", low=-1, high=2), W2="h k", dy="n k")
def weights_collect_all_rows(x, W1, W2, dy):
    r"""$\partial l / \partial W_1$ of a batch is the sum over its rows, shape ``(d, h)``."""
    no_b1, no_b2 = np.zeros(W1.shape[1]), np.zeros(W2.shape[1])
    dz = softmax_backward(dy, softmax_batch(scores(x, W1, no_b1, W2, no_b2)))
    batch = backward_of_scores(dz, x, W1, no_b1, W2)[1]
    rows = zip(x, dy, strict=True)
    return batch, sum(
        backward_of_one_row(dy_a, x_a, W1, W2, network(x_a, W1, W2))[1] for x_a, dy_a in rows
    )
