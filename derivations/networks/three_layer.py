r"""A network of three layers with a residual connection, for a squared error.

$$r_1 = \mathrm{relu}(x W_1 + b_1), \quad r_2 = r_1 + \mathrm{silu}(r_1 W_2 + b_2), \quad
q = r_2 W_3 + b_3, \quad l = \frac{1}{2N} \|q - t\|^2$$

$r_1$ is used twice, by the second layer and past it, so its gradient is the sum of two:
$dr_1 = dr_2 + dp_2 W_2^T$. Forgetting the first term is the classic mistake with residuals.

He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2016.
"""

import numpy as np

from derivations.activations.silu import backward as silu_backward
from derivations.activations.silu import silu
from derivations.linear import backward as linear_backward
from derivations.linear import linear
from derivations.relu import backward as relu_backward
from derivations.relu import relu
from derivations.squared_error import backward as squared_error_backward
from derivations.squared_error import squared_error
from gradcheck import derivation, identity, integers, options, real

SMALL = {"n": (1, 3), "d": (1, 3), "h": (1, 3), "k": (1, 3)}
# As in a network that is trained. With numbers of 1e6 beside 1e-6 one square is 1e24, in which all
# digits of the others are lost; the layers are checked at every scale by themselves.
TRAINED = {"low": -2, "high": 2}
NETWORK = {
    "x": real("n d", **TRAINED),
    "W1": real("d h", **TRAINED),
    "b1": real("h", **TRAINED),
    "W2": real("h h", **TRAINED),
    "b2": real("h", **TRAINED),
    "W3": real("h k", **TRAINED),
    "b3": real("k", **TRAINED),
    "t": real("n k", **TRAINED),
}


def layers(x, W1, b1, W2, b2, W3, b3):
    """What each layer hands on: ``p1``, ``r1``, ``p2``, ``r2`` ``(n, h)`` and ``q`` ``(n, k)``."""
    p1 = linear(x, W1, b1)
    r1 = relu(p1)
    p2 = linear(r1, W2, b2)
    r2 = r1 + silu(p2)
    return p1, r1, p2, r2, linear(r2, W3, b3)


@options(output="l", sizes=SMALL)
@derivation(**NETWORK)
def three_layer(x, W1, b1, W2, b2, W3, b3, t):
    r"""$l$, a scalar; the targets ``t`` are ``(n, k)``."""
    return squared_error(layers(x, W1, b1, W2, b2, W3, b3)[-1], t)


@three_layer.vjp
def backward(dl, x, W1, b1, W2, b2, W3, b3, t):
    r"""The gradients of ``x, W1, b1, W2, b2, W3, b3, t``, in their shapes."""
    p1, r1, p2, r2, q = layers(x, W1, b1, W2, b2, W3, b3)
    dq, dt = squared_error_backward(dl, q, t)
    dr2, dW3, db3 = linear_backward(dq, r2, W3)
    dp2 = silu_backward(dr2, p2)
    through, dW2, db2 = linear_backward(dp2, r1, W2)
    dp1 = relu_backward(dr2 + through, p1)
    dx, dW1, db1 = linear_backward(dp1, x, W1)
    return dx, dW1, db1, dW2, db2, dW3, db3, dt


@three_layer.jvp("x")
def forward_mode(dx, x, W1, b1, W2, b2, W3, b3, t):
    r"""The same chain forwards: each layer turns a tangent into the next; a scalar.

    Each activation acts entry by entry, so its backward rule is its forward rule.
    """
    p1, _, p2, _, q = layers(x, W1, b1, W2, b2, W3, b3)
    dr1 = relu_backward(dx @ W1, p1)
    dr2 = dr1 + silu_backward(dr1 @ W2, p2)
    return ((q - t) * (dr2 @ W3)).sum() / len(x)


# Small whole numbers, so that p1 is exactly 0, the kink, in many entries of many inputs.
@options(sizes=SMALL)
@identity(
    x=integers("n d", low=-1, high=2),
    W1=integers("d h", low=-1, high=2),
    W2="h h",
    W3="h k",
    t="n k",
)
def sum_of_two_paths_at_kinks(x, W1, W2, W3, t):
    r"""$dx = \big( dr_2 (I + D W_2^T) \odot f(p_1) \big) W_1^T$ in one line; ``(n, d)``.

    On a kink there is no derivative to measure; that both take $f(0) = 0$ can be said there.
    """
    none, last = np.zeros(W1.shape[1]), np.zeros(W3.shape[1])
    p1, _, p2, _, q = layers(x, W1, none, W2, none, W3, last)
    dr2 = (q - t) / len(x) @ W3.T
    slopes = silu_backward(np.ones_like(p2), p2)
    one_line = np.stack(
        [
            ((g + g @ np.diag(s) @ W2.T) * (p > 0)) @ W1.T
            for g, s, p in zip(dr2, slopes, p1, strict=True)
        ]
    )
    return one_line, backward(1.0, x, W1, none, W2, none, W3, last, t)[0]
