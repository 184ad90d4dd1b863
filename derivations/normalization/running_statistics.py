r"""The running mean and variance that batch normalization collects, as functions of the batch.

$$m'_c = (1 - \rho)\, m_c + \rho\, \mu_c, \qquad
v'_c = (1 - \rho)\, v_c + \rho\, \frac{N}{N - 1} s_c, \quad s_c = \frac1N \sum_a (x_{ac}-\mu_c)^2$$
$$dx_{ac} = \frac{\rho}{N} dm'_c + \frac{2 \rho}{N - 1} (x_{ac} - \mu_c)\, dv'_c, \quad
dm = (1 - \rho)\, dm', \quad dv = (1 - \rho)\, dv'$$

``x`` is ``(n, c)`` with $N \ge 2$ rows, all else ``(c,)``; the momentum $\rho$ is 0.1. Ioffe and
Szegedy, "Batch normalization", 2015. There are two outputs, and so two cotangents. The variance
that is kept is the unbiased one, with $N - 1$; the one that normalizes in training has $N$.
"""

from gradcheck import derivation, identity, options

MOMENTUM = 0.1


@options(output="m2 v2", sizes={"n": (2, 8)})
@derivation(x="n c", m="c", v="c")
def running_statistics(x, m, v):
    r"""$m'$ and $v'$, each ``(c,)``."""
    mean, variance = x.mean(axis=0), x.var(axis=0, ddof=1)
    return (1 - MOMENTUM) * m + MOMENTUM * mean, (1 - MOMENTUM) * v + MOMENTUM * variance


@running_statistics.vjp
def backward(dm2, dv2, x):
    r"""$dx$ ``(n, c)``, $dm$ and $dv$ ``(c,)``, from the cotangents of both outputs."""
    n = len(x)
    dx = MOMENTUM * (dm2 / n + 2 / (n - 1) * (x - x.mean(axis=0)) * dv2)
    return dx, (1 - MOMENTUM) * dm2, (1 - MOMENTUM) * dv2


@options(sizes={"n": (2, 8)})
@identity(x="n c", dv2="c")
def variance_does_not_see_a_shift(x, dv2):
    r"""$\sum_a (x_{ac} - \mu_c) = 0$, so the gradient through the variance sums to 0; ``(c,)``."""
    dx, _, _ = backward(0 * dv2, dv2, x)
    return dx.sum(axis=0), 0 * dv2
