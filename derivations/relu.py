r"""The rectifier, with the homework's convention at 0.

$$r = \max(p, 0), \qquad
f(p)_i = \begin{cases} 1 & \text{if } p_i > 0 \\ 0 & \text{if } p_i \le 0 \end{cases}$$

Section 3 (3). At $p_i = 0$ the function has no derivative, and any number from 0 to 1 would do;
the homework chooses 0, the slope on the left, and so the derivation declares ``at_kink="left"``.
"""

import numpy as np

from gradcheck import derivation, identity, measure_jvp, options, real


@options(at_kink="left")
@derivation(p="*batch h")
def relu(p):
    r"""$\max(p, 0)$ for each entry; ``p`` is a row ``(h,)`` or rows ``(n, h)``, the result too."""
    return np.maximum(p, 0.0)


def slope(p):
    r"""The homework's $f(p)$, of the shape of ``p``; $f(0) = 0$."""
    return 1.0 * (p > 0)


@relu.partial(where=lambda i, j: i == j)
def same_index(p, i):
    r"""$\partial r_i / \partial p_i = f(p)_i$, a scalar."""
    return slope(p[i])


@relu.partial(where=lambda i, j: i != j)
def different_index():
    r"""$\partial r_j / \partial p_i = 0$, a scalar: each entry by itself."""
    return 0.0


@relu.vjp
def backward(dr, p):
    r"""$\partial l / \partial p = \partial l / \partial r \odot f(p)$; all shaped as ``p``."""
    return dr * slope(p)


@identity(p="h", dr="h")
def two_readings(p, dr):
    r"""The homework's $\frac{\partial l}{\partial r} f(p)$ as a product of entries or a matrix.

    $dr \odot f(p) = dr \; \mathrm{diag}(f(p))$: a row vector times $\partial r / \partial p$, which
    is diagonal; each expression is ``(h,)``.
    """
    return dr * slope(p), dr @ np.diag(slope(p)), backward(dr, p)


@identity(p="n h", dr="n h")
def two_readings_of_a_batch(p, dr):
    r"""The same for each row of a batch, with one diagonal matrix a row; ``(n, h)``."""
    diagonal = slope(p)[:, np.newaxis, :] * np.eye(p.shape[-1])
    return dr * slope(p), (dr[:, np.newaxis, :] @ diagonal)[:, 0, :], backward(dr, p)


@identity(dr="h")
def nothing_flows_at_zero(dr):
    r"""$f(0) = 0$: the convention at the kink, where nothing can be measured; ``(h,)``."""
    return backward(dr, np.zeros_like(dr)), np.zeros_like(dr)


@identity(p=real("h", nonzero=True), dr="h", v="h")
def upstream_times_slope(p, dr, v):
    r"""Section 3 (3) away from the kink; three expressions of shape ``(h,)``.

    $$\frac{\partial l}{\partial p} = \frac{\partial l}{\partial r} \frac{\partial r}{\partial p}
    = \frac{\partial l}{\partial r} f(p)$$

    The left side is measured, in a direction ``v``, so every side is taken times ``v``. The terms
    of $l = \sum_i dr_i r_i$ are kept apart: each depends on its own $p_i$ alone, and in their sum a
    kink near one $p_i$ could hide behind another.
    """
    measured = measure_jvp(lambda p: dr * relu(p), (p,), (v,))
    return measured, dr @ np.diag(slope(p)) * v, dr * slope(p) * v
