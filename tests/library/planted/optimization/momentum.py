"""Wrong versions of claims in ``derivations/optimization/momentum.py``."""

from derivations.optimization import momentum as right
from gradcheck import derivation, options


@options(output="w_next v_next")
@derivation(**right.STEP)
def momentum(w, v, g, rate, mu, nesterov):
    return right.momentum(w, v, g, rate, mu, nesterov)


@momentum.vjp
def velocity_used_once_only(dw_next, dv_next, v, g, rate, mu, nesterov, v_next):
    dw, _, dg, drate, dmu = right.backward(dw_next, dv_next, v, g, rate, mu, nesterov, v_next)
    return dw, mu * dv_next, dg, drate, dmu


@momentum.vjp
def old_velocity_in_the_step(dw_next, dv_next, v, g, rate, mu, nesterov, v_next):
    dw, dv, dg, _, dmu = right.backward(dw_next, dv_next, v, g, rate, mu, nesterov, v_next)
    return dw, dv, dg, -dw_next @ v, dmu
