r"""One step of RMSprop, with respect to everything that goes in.

$$s' = \rho s + (1 - \rho) g^2, \qquad w' = w - \frac{\eta\, g}{\sqrt{s'} + \varepsilon}$$

$g$ is in the numerator and in $s'$: $\dot g$ has two terms, of opposite sign. Adam without the
first moment and the corrections. Source: T. Hinton, lecture 6e of "Neural networks for machine
learning", 2012. The second moments stay above 0, where the root has a derivative.
"""

import numpy as np

from derivations.optimization.adam import BETA2, adam
from gradcheck import derivation, identity, options, real

EPSILON = 1e-8
STEP = {
    "w": "k",
    "s": real("k", low=0),
    "g": "k",
    "rate": real(low=0, high=1),
    "rho": real(low=0, high=1),
}


@options(output="w_next s_next")
@derivation(**STEP)
def rmsprop(w, s, g, rate, rho):
    r"""Weights, second moments and gradient ``(k,)`` give the next of the first two."""
    s_next = rho * s + (1 - rho) * g**2
    return w - rate * g / (np.sqrt(s_next) + EPSILON), s_next


@rmsprop.vjp
def backward(dw_next, ds_next, s, g, rate, rho, s_next):
    r"""The gradients of ``w, s, g`` ``(k,)`` and of the scalars ``rate`` and ``rho``."""
    root = np.sqrt(s_next)
    ds = ds_next + rate * dw_next * g / (root + EPSILON) ** 2 / (2 * root)
    dg = -rate * dw_next / (root + EPSILON) + ds * (1 - rho) * 2 * g
    drate = -dw_next @ (g / (root + EPSILON))
    return dw_next, rho * ds, dg, drate, ds @ (s - g**2)


@identity(w="k", s=real("k", low=0), g="k", rate=real(low=0, high=1))
def second_moment_as_in_adam(w, s, g, rate):
    r"""$s'$ with $\rho = \beta_2$ is Adam's; ``(k,)``."""
    return rmsprop(w, s, g, rate, BETA2)[1], adam(w, 0 * w, s, g, rate, 1)[2]


@identity(w="k", g=real("k", nonzero=True), rate=real(low=0, high=1))
def without_memory(w, g, rate):
    r"""$\rho = 0$ divides by $|g|$: each weight moves by the rate; ``(k,)``."""
    return rmsprop(w, 0 * g, g, rate, 0.0)[0], w - rate * g / (np.abs(g) + EPSILON)
