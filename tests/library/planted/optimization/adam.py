"""Wrong versions of claims in ``derivations/optimization/adam.py``."""

from derivations.optimization import adam as right
from gradcheck import derivation, options


@options(output="w_next m_next s_next")
@derivation(**right.STEP)
def adam(w, m, s, g, rate, t):
    return right.adam(w, m, s, g, rate, t)


@adam.vjp
def second_moment_taken_for_a_constant(dw_next, dm_next, ds_next, g, rate, t, m_next, s_next):
    dw, dm, _, _, drate = right.backward(dw_next, dm_next, ds_next, g, rate, t, m_next, s_next)
    dg = (1 - right.BETA1) / right.BETA1 * dm + (1 - right.BETA2) * 2 * g * ds_next
    return dw, dm, right.BETA2 * ds_next, dg, drate


@adam.vjp
def correction_forgotten(dw_next, dm_next, ds_next, g, rate, t, m_next, s_next):
    late = 10**6  # steps after which the corrections are 1
    return right.backward(dw_next, dm_next, ds_next, g, rate, late, m_next, s_next)
