r"""The running product, with a rule that does not divide.

$$y_j = \prod_{m \le j} x_m, \qquad
\frac{\partial y_j}{\partial x_i} = \prod_{m \le j,\, m \ne i} x_m \;\; (i \le j), \qquad
dx_i = \Big( \prod_{m < i} x_m \Big) s_i, \quad s_i = dy_i + x_{i+1} s_{i+1}$$

The textbook writes $\partial y_j / \partial x_i = y_j / x_i$, which is 0/0 where an entry is 0,
although the derivative is fine there. The recursion for $s$ costs as little and needs no division.

Blelloch, "Prefix sums and their applications", 1990.
"""

import numpy as np

from gradcheck import derivation, identity, options, real

# The product of ten entries of 1e8 is far from overflow.
SMALL = {"k": (1, 10)}


@options(sizes=SMALL)
@derivation(x="k")
def cumulative_product(x):
    r"""$y_j = x_1 \cdots x_j$; ``x`` and the result are ``(k,)``."""
    return np.cumprod(x)


@cumulative_product.partial(where=lambda i, j: i <= j)
def all_the_others(x, i, j):
    r"""$\prod_{m \le j, m \ne i} x_m$, a scalar."""
    return np.delete(x[: j + 1], i).prod()


@cumulative_product.partial(where=lambda i, j: i > j)
def before_it():
    r"""0, a scalar: a running product does not look ahead."""
    return 0.0


@cumulative_product.vjp
def backward(dy, x):
    r"""$dx_i = (\prod_{m < i} x_m)\, s_i$ with $s$ from the end, shape ``(k,)``; no division."""
    before = np.concatenate([[1.0], np.cumprod(x[:-1])])
    s = dy.copy()
    for m in range(len(x) - 2, -1, -1):
        s[m] += x[m + 1] * s[m + 1]
    return before * s


@cumulative_product.jvp
def forward_mode(dx, x):
    r"""$\dot y_j = \dot y_{j-1} x_j + y_{j-1} \dot x_j$, shape ``(k,)``: the product rule."""
    product, tangent = 1.0, 0.0
    tangents = []
    for value, moved in zip(x, dx, strict=True):
        product, tangent = product * value, tangent * value + product * moved
        tangents.append(tangent)
    return np.stack(tangents)


@options(sizes=SMALL)
@identity(x=real("k", nonzero=True), dy="k")
def textbook_form(x, dy):
    r"""$dx_i = \frac{1}{x_i} \sum_{j \ge i} dy_j y_j$ where no entry is 0; shape ``(k,)``."""
    y = cumulative_product(x)
    return backward(dy, x), np.cumsum((dy * y)[::-1])[::-1] / x


@options(sizes=SMALL)
@identity(x=real("k", low=0), dy="k")
def running_sum_of_logarithms(x, dy):
    r"""$y = \exp(\mathrm{cumsum}(\log x))$ for positive entries, and its chain rule; ``(k,)``."""
    y = np.exp(np.cumsum(np.log(x)))
    return backward(dy, x), np.cumsum((dy * y)[::-1])[::-1] / x


@options(sizes=SMALL)
@identity(x="k", dy="k")
def a_zero_lets_only_itself_through(x, dy):
    r"""With $x_1 = 0$ only $dx_1$ is left, $\sum_j dy_j x_2 \cdots x_j$, not 0/0; ``(k,)``."""
    x = np.concatenate([[0.0], x[1:]])
    others = np.concatenate([[1.0], np.cumprod(x[1:])])
    return backward(dy, x), np.concatenate([[dy @ others], np.zeros(len(x) - 1)])
