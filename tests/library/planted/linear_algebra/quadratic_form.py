"""Wrong versions of claims in ``derivations/linear_algebra/quadratic_form.py``."""

from derivations.linear_algebra import quadratic_form as right
from gradcheck import derivation, options


@options(output="l")
@derivation(x="n", A="n n")
def quadratic_form(x, A):
    return right.quadratic_form(x, A)


@quadratic_form.gradient("x")
def matrix_taken_for_symmetric(x, A):
    return 2 * A @ x


@quadratic_form.gradient("x")
def only_one_use_of_the_input_counted(x, A):
    return A @ x


@quadratic_form.hessian("x")
def half_of_the_hessian(A):
    return (A + A.T) / 2
