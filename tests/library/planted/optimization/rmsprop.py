"""Wrong versions of claims in ``derivations/optimization/rmsprop.py``."""

from derivations.optimization import rmsprop as right
from gradcheck import derivation, options


@options(output="w_next s_next")
@derivation(**right.STEP)
def rmsprop(w, s, g, rate, rho):
    return right.rmsprop(w, s, g, rate, rho)


@rmsprop.vjp
def old_second_moment_in_the_step(dw_next, ds_next, s, g, rate, rho):
    return right.backward(dw_next, ds_next, s, g, rate, rho, s)
