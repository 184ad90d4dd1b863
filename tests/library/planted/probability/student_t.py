"""Wrong versions of claims in ``derivations/probability/student_t.py``."""

from derivations.probability import student_t as right
from gradcheck import derivation, options


@options(output="l")
@derivation(x="k", nu=right.FREEDOM)
def log_density(x, nu):
    return right.log_density(x, nu)


@log_density.vjp
def outer_factor_left_as_it_was(dl, x, nu):
    dx, dnu = right.backward(dl, x, nu)
    return dx * nu / (nu + 1), dnu
