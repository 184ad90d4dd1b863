r"""Softmax does not change when the same number is added to every score.

Section 1 of the homework, $\mathrm{softmax}(z + c) = \mathrm{softmax}(z)$: first the proof as
printed, about the textbook formula, then the result for the formula with the shift by the largest
score, and last what it says about derivatives: $J \cdot 1 = 0$ and $1^T J = 0$.
"""

import numpy as np

from derivations.softmax import jacobian, softmax
from derivations.softmax_chain import textbook_softmax
from gradcheck import identity, measure_jvp, real

# z + c stays within ±600, so that e^(z + c) neither overflows (from 709.8 on) nor underflows.
WITHIN_THE_RANGE_OF_EXP = {"low": -300, "high": 300}


@identity(z=real("k", **WITHIN_THE_RANGE_OF_EXP), c=real(**WITHIN_THE_RANGE_OF_EXP))
def exponential_of_a_sum(z, c):
    r"""$e^{z_i + c} = e^{z_i} e^c$, for each $i$: the step on which the proof rests; ``(k,)``."""
    return np.exp(z + c), np.exp(z) * np.exp(c)


@identity(z=real("k", **WITHIN_THE_RANGE_OF_EXP), c=real(**WITHIN_THE_RANGE_OF_EXP))
def shift_chain(z, c):
    r"""The proof of section 1, for each $i$; every expression is ``(k,)``.

    $$y_2^i = \frac{e^{z_i + c}}{\sum_j e^{z_j + c}} = \frac{e^{z_i} e^c}{\sum_j e^{z_j} e^c}
    = \frac{e^{z_i}}{\sum_j e^{z_j}} = y_1^i$$

    It holds until $e^{z + c}$ overflows, hence the bounds: within ±300 it does not.
    """
    return (
        textbook_softmax(z + c),
        np.exp(z + c) / np.exp(z + c).sum(),
        np.exp(z) * np.exp(c) / (np.exp(z) * np.exp(c)).sum(),
        np.exp(z) / np.exp(z).sum(),
        textbook_softmax(z),
    )


@identity(z=real("k", **WITHIN_THE_RANGE_OF_EXP))
def textbook_is_softmax(z):
    r"""The formula with the shift by $c = -\max_n z_n$ and the one without agree; ``(k,)``."""
    return softmax(z), textbook_softmax(z)


@identity(z="k", c=real(low=-1e6, high=1e6))
def shift_invariance(z, c):
    r"""$\mathrm{softmax}(z + c) = \mathrm{softmax}(z)$: any $z$, no overflow; ``(k,)``."""
    return softmax(z + c), softmax(z)


@identity(z="k", c=real(low=-1e6, high=1e6))
def constant_in_the_shift(z, c):
    r"""$\partial\, \mathrm{softmax}(z + c \cdot 1) / \partial c = 0$, measured; ``(k,)``."""
    return measure_jvp(lambda c: softmax(z + c), (c,), (np.ones_like(c),)), np.zeros_like(z)


@identity(z="k")
def rows_sum_to_zero(z):
    r"""$J \cdot 1 = 0$: adding the same to all scores moves no output; ``(k,)``."""
    return jacobian(softmax(z)) @ np.ones_like(z), np.zeros_like(z)


@identity(z="k")
def rows_sum_to_zero_measured(z):
    r"""$J \cdot 1 = 0$ for the measured $J$: the derivative in the direction of ones; ``(k,)``."""
    return measure_jvp(softmax, (z,), (np.ones_like(z),)), np.zeros_like(z)


@identity(z="k")
def columns_sum_to_zero(z):
    r"""$1^T J = 0$: the outputs sum to 1 whatever the scores are; ``(k,)``."""
    return np.ones_like(z) @ jacobian(softmax(z)), np.zeros_like(z)


@identity(z="k", v="k")
def columns_sum_to_zero_measured(z, v):
    r"""$1^T J v = 0$ for the measured $J$: $\sum_j y_j$ moves in no direction ``v``; a scalar."""
    return measure_jvp(lambda z: softmax(z).sum(), (z,), (v,)), 0.0
