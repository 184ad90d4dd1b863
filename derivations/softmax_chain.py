r"""Softmax as the textbook writes it, and its derivatives by the quotient rule, step by step.

Section 2 of the homework. Every ``=`` of its two chains is an ``=`` here, from the derivative as
measured on the left to $y_i (1 - y_i)$ and $-y_i y_j$ on the right.

The chain for $i \neq j$ is **not** the printed one: there the last fraction has lost the square of
its sum, $-e^{z_j} e^{z_i} / \sum_n e^{z_n}$, which is $-y_i y_j \sum_n e^{z_n}$. The square is put
back here; the printed line is kept, and shown to fail, in
``tests/library/printed/softmax_as_printed.py``.

The scores stay within ±30. There $e^z$, its sum and the square of the sum are far from overflow
(which begins at $z = 709.8$, for the square at 354.9) and from underflow.
"""

import numpy as np

from gradcheck import derivation, identity, integers, measure_jvp, options, real

WITHIN_THE_RANGE_OF_EXP = {"low": -30, "high": 30}
AT_LEAST_TWO_CLASSES = {"k": (2, 16)}  # with one class there is no pair i ≠ j


@derivation(z=real("k", **WITHIN_THE_RANGE_OF_EXP))
def textbook_softmax(z):
    r"""$y_j = e^{z_j} / \sum_n e^{z_n}$, with no shift; ``z`` and the result are ``(k,)``."""
    e = np.exp(z)
    return e / e.sum()


@textbook_softmax.partial(where=lambda i, j: i == j)
def quotient_rule_same_index(z, i, j):
    r"""$(e^{z_j} \sum_n e^{z_n} - e^{z_i} e^{z_j}) / (\sum_n e^{z_n})^2$, a scalar; $i = j$."""
    e = np.exp(z)
    return (e[j] * e.sum() - e[i] * e[j]) / e.sum() ** 2


@textbook_softmax.partial(where=lambda i, j: i != j)
def quotient_rule_different_index(z, i, j):
    r"""$(0 \cdot \sum_n e^{z_n} - e^{z_i} e^{z_j}) / (\sum_n e^{z_n})^2$, a scalar; $i \neq j$."""
    e = np.exp(z)
    return (0 * e.sum() - e[i] * e[j]) / e.sum() ** 2


def measured_entry(z, i, j):
    r"""$\partial y_j / \partial z_i$ by finite differences, a scalar with its error."""
    return measure_jvp(lambda z: textbook_softmax(z)[j], (z,), (np.eye(len(z))[i],))


@identity(z=real("k", **WITHIN_THE_RANGE_OF_EXP), i=integers(low=0, high="k"))
def same_index_chain(z, i):
    r"""Section 2, case 1; five scalars.

    $$\frac{\partial y_j}{\partial z_i}
    = \frac{e^{z_j} \sum_n e^{z_n} - e^{z_i} e^{z_j}}{(\sum_n e^{z_n})^2}
    = \frac{e^{z_j}}{\sum_n e^{z_n}} \frac{\sum_n e^{z_n} - e^{z_i}}{\sum_n e^{z_n}}
    = y_j (1 - y_i) = y_i (1 - y_i)$$
    """
    j = i
    e = np.exp(z)
    total = e.sum()
    y = textbook_softmax(z)
    return (
        measured_entry(z, i, j),
        (e[j] * total - e[i] * e[j]) / total**2,
        e[j] / total * ((total - e[i]) / total),
        y[j] * (1 - y[i]),
        y[i] * (1 - y[i]),
    )


@options(sizes=AT_LEAST_TWO_CLASSES)
@identity(
    z=real("k", **WITHIN_THE_RANGE_OF_EXP),
    i=integers(low=0, high="k"),
    distance=integers(low=1, high="k"),
)
def different_index_chain(z, i, distance):
    r"""Section 2, case 2, with the lost square put back; four scalars.

    $$\frac{\partial y_j}{\partial z_i}
    = \frac{0 \cdot \sum_n e^{z_n} - e^{z_i} e^{z_j}}{(\sum_n e^{z_n})^2}
    = \frac{-e^{z_j} e^{z_i}}{(\sum_n e^{z_n})^2} = -y_i y_j$$

    $j = i + \text{distance} \bmod k$ with a distance from 1 to $k - 1$ is never $i$.
    """
    j = (i + distance) % len(z)
    e = np.exp(z)
    total = e.sum()
    y = textbook_softmax(z)
    return (
        measured_entry(z, i, j),
        (0 * total - e[i] * e[j]) / total**2,
        -e[j] * e[i] / total**2,
        -y[i] * y[j],
    )
