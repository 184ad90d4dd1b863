r"""The homework's network for one row, and its four backward steps composed.

$$p = x W_1, \quad r = \max(p, 0), \quad z = r W_2, \quad y = \mathrm{softmax}(z)$$

Section 3, (1) to (4), each step by the rule of its layer, together down to
$\partial l / \partial x$, and the gradients of $W_1$ and $W_2$, which the homework leaves out.
"""

import numpy as np

from derivations.cross_entropy import cross_entropy
from derivations.cross_entropy import dl_dq as cross_entropy_backward
from derivations.relu import backward as relu_backward
from derivations.relu import relu, slope
from derivations.softmax import backward as softmax_backward
from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax import softmax
from derivations.squared_error import backward as squared_error_backward
from derivations.squared_error import squared_error
from gradcheck import derivation, identity, integers, options, real

SMALL = {"d": (1, 4), "h": (1, 4), "k": (1, 4)}


@options(sizes=SMALL)
@derivation(x="d", W1="d h", W2="h k")
def network(x, W1, W2):
    r"""$y = \mathrm{softmax}(\max(x W_1, 0) W_2)$, shape ``(k,)``.

    ``x`` has shape ``(d,)``, ``W1`` ``(d, h)``, ``W2`` ``(h, k)``.
    """
    return softmax(relu(x @ W1) @ W2)


@network.vjp
def backward(dy, x, W1, W2, y):
    r"""$\partial l / \partial x$, $\partial l / \partial W_1$, $\partial l / \partial W_2$.

    From ``dy`` ``(k,)``, in the shapes of ``x``, ``W1`` and ``W2``. At a kink, $p_i = 0$, nothing
    flows, by the convention of ``relu.py``.
    """
    p = x @ W1
    dz = softmax_backward(dy, y)  # (1)
    dr = dz @ W2.T  # (2)
    dp = relu_backward(dr, p)  # (3)
    dx = dp @ W1.T  # (4)
    return dx, np.outer(x, dp), np.outer(relu(p), dz)


# Within ±1 and at these sizes the scores stay within ±16, so no probability is too small for log.
@options(sizes=SMALL)
@derivation(
    x=real("d", low=-1, high=1),
    W1=real("d h", low=-1, high=1),
    W2=real("h k", low=-1, high=1),
    label=integers(low=0, high="k"),
)
def cross_entropy_loss(x, W1, W2, label):
    r"""$l = -\log y_t$, a scalar; ``label`` is $t$."""
    y = network(x, W1, W2)
    return cross_entropy(y, np.eye(len(y))[label])


@cross_entropy_loss.vjp
def cross_entropy_loss_backward(dl, x, W1, W2, label):
    r"""The gradients of ``x``, ``W1`` and ``W2``, in their shapes; ``dl`` is a scalar."""
    y = network(x, W1, W2)
    dy = cross_entropy_backward(dl, y, np.eye(len(y))[label])
    return backward(dy, x, W1, W2, y)


@options(sizes=SMALL)
@derivation(x="d", W1="d h", W2="h k", t=real("k", differentiate=False))
def squared_error_loss(x, W1, W2, t):
    r"""$l = \frac12 \sum_j (y_j - t_j)^2$, a scalar; the target ``t`` is ``(k,)``."""
    return squared_error(network(x, W1, W2), t)


@squared_error_loss.vjp
def squared_error_loss_backward(dl, x, W1, W2, t):
    r"""The gradients of ``x``, ``W1`` and ``W2``, in their shapes; ``dl`` is a scalar."""
    y = network(x, W1, W2)
    dy, _ = squared_error_backward(dl, y, t)
    return backward(dy, x, W1, W2, y)


# Small whole numbers, so that p = x W1 is exactly 0, the kink, in many entries of many inputs.
@identity(
    x=integers("d", low=-1, high=2),
    W1=integers("d h", low=-1, high=2),
    W2="h k",
    dy="k",
)
def four_steps_at_kinks(x, W1, W2, dy):
    r"""$\frac{\partial l}{\partial x}
    = \Big( \frac{\partial l}{\partial y} J\, W_2^T \odot f(p) \Big) W_1^T$, shape ``(d,)``.

    Section 3 written in one line, and the rules of the layers one after the other. On a kink there
    is no derivative to measure; that both take $f(0) = 0$ is what can be said there.
    """
    p = x @ W1
    y = network(x, W1, W2)
    one_line = ((dy @ softmax_jacobian(y) @ W2.T) * slope(p)) @ W1.T
    matrices = dy @ softmax_jacobian(y) @ W2.T @ np.diag(slope(p)) @ W1.T
    return one_line, matrices, backward(dy, x, W1, W2, y)[0]
