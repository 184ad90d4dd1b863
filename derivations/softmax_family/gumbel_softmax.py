r"""Gumbel-softmax: a sample from classes that has a derivative, with its noise held fixed.

$$y = \mathrm{softmax} \Big( \frac{z + g}{T} \Big), \quad g_n = -\log(-\log u_n), \qquad
dz = \frac{1}{T}\, y \odot (dy - dy \cdot y), \qquad dT = -\frac{1}{T}\, dz \cdot (z + g)$$

``z``, the uniform noise ``u`` and ``y`` are ``(k,)``, the temperature $T > 0$ is a scalar. Jang, Gu
and Poole, "Categorical reparameterization with Gumbel-softmax"; Maddison, Mnih and Teh, "The
concrete distribution", both 2017. The noise is an input, so that every evaluation sees the same.
"""

import numpy as np

from derivations.softmax_family.temperature import backward as tempered_backward
from derivations.softmax_family.temperature import tempered_softmax
from gradcheck import derivation, identity, real

NOISE = real("k", low=0, high=1, differentiate=False)
POSITIVE = real(low=0)


def gumbel(u):
    r"""$-\log(-\log u)$, the noise whose distribution function is $e^{-e^{-g}}$; ``(k,)``."""
    return -np.log(-np.log(u))


@derivation(z="k", u=NOISE, T=POSITIVE)
def gumbel_softmax(z, u, T):
    r"""$\mathrm{softmax}((z + g) / T)$, shape ``(k,)``."""
    return tempered_softmax(z + gumbel(u), T)


@gumbel_softmax.vjp
def backward(dy, z, u, T, y):
    r"""$dz$ ``(k,)``, nothing for the noise, and $dT$, a scalar."""
    dz, dT = tempered_backward(dy, z + gumbel(u), y, T)
    return dz, None, dT


@gumbel_softmax.jvp
def forward_mode(dz, dT, z, u, T, y):
    r"""$\dot y = y \odot (\dot a - y \cdot \dot a)$ for $a = (z + g) / T$; shape ``(k,)``.

    $\dot a = (\dot z - a \dot T) / T$; $a$ is shifted by its maximum, which $\dot y$ does not see.
    """
    noisy = z + gumbel(u)
    a = (noisy - noisy.max()) / T
    da = (dz - a * dT) / T
    return y * (da - y @ da)


@identity(u=real("k", low=0, high=1))
def noise_by_inversion(u):
    r"""$e^{-e^{-g(u)}} = u$: uniform numbers become Gumbel noise; ``(k,)``."""
    return np.exp(-np.exp(-gumbel(u))), u


@identity(z="k", u=real("k", low=0, high=1), c=real(low=-1e3, high=1e3), T=real(low=0.1, high=10))
def shift_invariance(z, u, c, T):
    r"""The scores matter up to a shift, noise or not; ``(k,)``."""
    return gumbel_softmax(z + c, u, T), gumbel_softmax(z, u, T)
