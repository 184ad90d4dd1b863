"""Wrong versions of the claims in ``derivations/softmax_layout.py``.

Most make the homework's step from $M$ to $J$ for log-softmax, whose Jacobian is not symmetric.
"""

import numpy as np

from derivations import softmax_layout as right
from derivations.log_softmax import column, jacobian, log_softmax
from derivations.softmax import softmax
from gradcheck import identity, measure_jvp


def rows_of_columns(a):
    return np.stack([column(a, i) for i in range(len(a))])


@identity(z="k")
def square_missing_on_the_diagonal(z):
    y = softmax(z)
    return right.homework_matrix(y), np.where(np.eye(len(y)) == 1, y, -np.outer(y, y))


@identity(z="k")
def layouts_confused(z):
    a = log_softmax(z)
    return rows_of_columns(a), jacobian(a)


@identity(z="k")
def symmetry_of_log_softmax(z):
    a = log_softmax(z)
    return jacobian(a), jacobian(a).T


@identity(z="k", v="k")
def measured_log_softmax_in_the_homework_layout(z, v):
    return measure_jvp(log_softmax, (z,), (v,)), rows_of_columns(log_softmax(z)) @ v


@identity(z="k", dy="k", v="k")
def upstream_times_the_transpose(z, dy, v):
    return (
        measure_jvp(lambda z: dy @ log_softmax(z), (z,), (v,)),
        dy @ rows_of_columns(log_softmax(z)) @ v,
    )
