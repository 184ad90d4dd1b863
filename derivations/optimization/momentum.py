r"""One step of gradient descent with momentum, with respect to everything that goes in.

$$v' = \mu v + g, \qquad w' = w - \eta v', \qquad \text{with Nesterov} \quad
w' = w - \eta (g + \mu v')$$

Differentiated when the optimizer itself is trained or tuned. $v'$ is an output and is used inside
the other one, so its cotangent has two shares. Source: I. Sutskever et al., "On the importance of
initialization and momentum in deep learning", 2013.
"""

import numpy as np

from gradcheck import boolean, derivation, identity, options, real

STEP = {
    "w": "k",
    "v": "k",
    "g": "k",
    "rate": real(low=0, high=1),
    "mu": real(low=0, high=1),
    "nesterov": boolean(),
}


@options(output="w_next v_next")
@derivation(**STEP)
def momentum(w, v, g, rate, mu, nesterov):
    r"""Weights, velocity and gradient ``(k,)`` give the next weights and velocity ``(k,)``."""
    v_next = mu * v + g
    return w - rate * (g + mu * v_next if nesterov else v_next), v_next


@momentum.vjp
def backward(dw_next, dv_next, v, g, rate, mu, nesterov, v_next):
    r"""The gradients of ``w, v, g`` ``(k,)`` and of the scalars ``rate`` and ``mu``."""
    dstep = -rate * dw_next
    if nesterov:
        dv = dv_next + mu * dstep
        dg, dmu = dstep, dstep @ v_next
        drate = -dw_next @ (g + mu * v_next)
    else:
        dv = dv_next + dstep
        dg, dmu = np.zeros_like(g), 0.0
        drate = -dw_next @ v_next
    return dw_next, mu * dv, dg + dv, drate, dmu + dv @ v


@momentum.jvp
def forward_mode(dw, dv, dg, drate, dmu, v, g, rate, mu, nesterov, v_next):
    r"""$\dot v' = \dot \mu v + \mu \dot v + \dot g$, then $\dot w'$; both ``(k,)``."""
    dv_next = dmu * v + mu * dv + dg
    if nesterov:
        step, dstep = g + mu * v_next, dg + dmu * v_next + mu * dv_next
    else:
        step, dstep = v_next, dv_next
    return dw - drate * step - rate * dstep, dv_next


@identity(w="k", v="k", g="k", rate=real(low=0, high=1))
def without_momentum(w, v, g, rate):
    r"""$\mu = 0$ is plain gradient descent, with Nesterov or without; ``(k,)``."""
    plain = momentum(w, v, g, rate, 0.0, False)[0]
    return plain, momentum(w, v, g, rate, 0.0, True)[0], w - rate * g


@identity(v="k", g="k", f="k", mu=real(low=0, high=1))
def two_steps(v, g, f, mu):
    r"""$v'' = \mu^2 v + \mu g + f$: old gradients fade by $\mu$ a step; ``(k,)``."""
    w, rate = np.zeros_like(v), 0.0
    once = momentum(w, v, g, rate, mu, False)[1]
    return momentum(w, once, f, rate, mu, False)[1], mu**2 * v + mu * g + f
