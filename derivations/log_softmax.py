r"""Log-softmax of one row of scores: the Jacobian that is not symmetric.

$$a_j = \log \frac{e^{z_j}}{\sum_n e^{z_n}} = z_j - \log \sum_n e^{z_n}$$

Not in the homework. Its layout of section 3, $M_{ij} = \partial a_j / \partial z_i$ used as $J$,
gives a wrong gradient here; ``tests/library/printed/log_softmax_transposed.py`` shows it fail.

Goodfellow, Bengio and Courville, "Deep learning", 2016, section 6.2.2.3.
"""

import numpy as np

from derivations.softmax import jacobian as softmax_jacobian
from derivations.softmax import softmax
from gradcheck import derivation, identity, options


@options(output="a")
@derivation(z="k")
def log_softmax(z):
    r"""$a_j = (z_j - m) - \log \sum_n e^{z_n - m}$, $m = \max_n z_n$; ``z`` and ``a`` are ``(k,)``.

    Not $\log(\mathrm{softmax}(z))$, which is $-\infty$ where softmax underflows. Along the last
    axis, so that the losses can call it for rows ``(n, k)``; its rules are for one row.
    """
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


@log_softmax.partial
def entry(a, i, j):
    r"""$\partial a_j / \partial z_i = \delta_{ij} - e^{a_i}$, a scalar: $i$, not $j$, in $e^a$."""
    return float(i == j) - np.exp(a[i])


@log_softmax.row
def row(a, j):
    r"""$\partial a_j / \partial z = e_j - e^{a}$, shape ``(k,)``: the gradient of one output."""
    return np.eye(len(a))[j] - np.exp(a)


@log_softmax.column
def column(a, i):
    r"""$\partial a / \partial z_i = e_i - e^{a_i} 1$, shape ``(k,)``."""
    return np.eye(len(a))[i] - np.exp(a[i])


@log_softmax.jacobian
def jacobian(a):
    r"""$J_{ji} = \delta_{ij} - e^{a_i}$, shape ``(k, k)``: every row loses the same $e^a$."""
    return np.eye(len(a)) - np.exp(a)[np.newaxis, :]


@log_softmax.vjp
def backward(da, a):
    r"""$dz = da - e^a \sum_j da_j$; ``da`` and the result are ``(k,)``."""
    return da - np.exp(a) * da.sum()


@log_softmax.jvp
def forward_mode(dz, a):
    r"""$da = dz - (e^a \cdot dz)\, 1$; the tangent ``dz`` and the result are ``(k,)``."""
    return dz - np.exp(a) @ dz


@identity(z="k")
def logarithm_of_softmax(z):
    r"""$e^{a} = \mathrm{softmax}(z)$, shape ``(k,)``."""
    return np.exp(log_softmax(z)), softmax(z)


@identity(z="k")
def chain_rule_of_the_logarithm(z):
    r"""$\mathrm{diag}(y)\, J_{\log} = J$, from $\partial a_j = \partial y_j / y_j$; ``(k, k)``.

    Multiplied by $y$ instead of divided: $y_j$ may underflow to 0.
    """
    y = softmax(z)
    return np.diag(y) @ jacobian(log_softmax(z)), softmax_jacobian(y)
