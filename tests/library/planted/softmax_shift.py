"""Wrong versions of the claims in ``derivations/softmax_shift.py``."""

import numpy as np

from derivations.softmax import softmax
from derivations.softmax_chain import textbook_softmax
from derivations.softmax_shift import WITHIN_THE_RANGE_OF_EXP
from gradcheck import identity, measure_jvp, real

SCORES = real("k", **WITHIN_THE_RANGE_OF_EXP)
SHIFT = real(**WITHIN_THE_RANGE_OF_EXP)


@identity(z=SCORES, c=SHIFT)
def sum_of_exponentials(z, c):
    return np.exp(z + c), np.exp(z) + np.exp(c)


@identity(z=SCORES, c=SHIFT)
def factor_cancelled_in_one_place(z, c):
    return (
        textbook_softmax(z + c),
        np.exp(z) * np.exp(c) / np.exp(z).sum(),
        textbook_softmax(z),
    )


@identity(z=SCORES)
def shift_in_the_numerator_only(z):
    return softmax(z), np.exp(z - z.max()) / np.exp(z).sum()


@identity(z="k", c=real(low=-1e6, high=1e6))
def scale_for_shift(z, c):
    return softmax(c * z), softmax(z)


@identity(z="k", c=real(low=-1e6, high=1e6))
def one_score_shifted(z, c):
    first = np.eye(len(z))[0]
    return measure_jvp(lambda c: softmax(z + c * first), (c,), (np.ones_like(c),)), np.zeros_like(z)


@identity(z="k")
def rows_of_a_diagonal_matrix(z):
    y = softmax(z)
    return np.diag(y * (1 - y)) @ np.ones_like(z), np.zeros_like(z)


@identity(z="k")
def direction_of_the_scores(z):
    return measure_jvp(softmax, (z,), (z,)), np.zeros_like(z)


@identity(z="k")
def outer_product_forgotten(z):
    return np.ones_like(z) @ np.diag(softmax(z)), np.zeros_like(z)


@identity(z="k", v="k")
def sum_of_squares(z, v):
    return measure_jvp(lambda z: (softmax(z) ** 2).sum(), (z,), (v,)), 0.0
