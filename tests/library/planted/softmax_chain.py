"""Wrong versions of the claims in ``derivations/softmax_chain.py``."""

import numpy as np

from derivations import softmax_chain as right
from gradcheck import derivation, identity, integers, options, real

SCORES = real("k", **right.WITHIN_THE_RANGE_OF_EXP)
INDEX = integers(low=0, high="k")
DISTANCE = integers(low=1, high="k")


@derivation(z=SCORES)
def textbook_softmax(z):
    return right.textbook_softmax(z)


@textbook_softmax.partial(where=lambda i, j: i == j)
def terms_of_the_numerator_swapped(z, i, j):
    e = np.exp(z)
    return (e[i] * e[j] - e[j] * e.sum()) / e.sum() ** 2


@textbook_softmax.partial(where=lambda i, j: i == j)
def sum_taken_for_a_constant(z, j):
    e = np.exp(z)
    return e[j] / e.sum()


@textbook_softmax.partial(where=lambda i, j: i != j)
def square_lost(z, i, j):
    e = np.exp(z)
    return (0 * e.sum() - e[i] * e[j]) / e.sum()


@identity(z=SCORES, i=INDEX)
def square_lost_in_the_second_step(z, i):
    e = np.exp(z)
    total = e.sum()
    y = right.textbook_softmax(z)
    return (
        right.measured_entry(z, i, i),
        (e[i] * total - e[i] * e[i]) / total,
        y[i] * (1 - y[i]),
    )


@identity(z=SCORES, i=INDEX)
def sign_turned_in_the_last_step(z, i):
    y = right.textbook_softmax(z)
    return right.measured_entry(z, i, i), y[i] * (1 - y[i]), y[i] * (1 + y[i])


@options(sizes=right.AT_LEAST_TWO_CLASSES)
@identity(z=SCORES, i=INDEX, distance=DISTANCE)
def numerator_not_differentiated(z, i, distance):
    j = (i + distance) % len(z)
    e = np.exp(z)
    total = e.sum()
    return right.measured_entry(z, i, j), (e[j] * total - e[i] * e[j]) / total**2


@options(sizes=right.AT_LEAST_TWO_CLASSES)
@identity(z=SCORES, i=INDEX, distance=DISTANCE)
def sign_lost_in_the_last_step(z, i, distance):
    j = (i + distance) % len(z)
    e = np.exp(z)
    y = right.textbook_softmax(z)
    return right.measured_entry(z, i, j), -e[j] * e[i] / e.sum() ** 2, y[i] * y[j]
