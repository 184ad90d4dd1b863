r"""The inverse of a matrix.

$$Y = A^{-1}, \qquad \dot Y = -Y \dot A\, Y, \qquad dA = -Y^T dY\, Y^T$$

From $A Y = I$, so $\dot A Y + A \dot Y = 0$. Source: M. Giles, 2008 (see ``matmul.py``),
section 2.2.3. $A = M + c I$ as in ``diagonal_shift.py``.
"""

import numpy as np

from derivations.linear_algebra.diagonal_shift import DOMINANT, shift
from derivations.linear_algebra.diagonal_shift import backward as shift_backward
from gradcheck import derivation, identity, measure_jvp, options, positive_definite

SMALL = {"n": (1, 5)}


@options(sizes=SMALL)
@derivation(**DOMINANT)
def inverse(M, c):
    r"""$Y = (M + c I)^{-1}$, shape ``(n, n)``."""
    return np.linalg.inv(shift(M, c))


@inverse.partial("M")
def entry(y, i, j):
    r"""$\partial Y_{ab} / \partial A_{pq} = -Y_{ap} Y_{qb}$, a scalar."""
    (p, q), (a, b) = i, j
    return -y[a, p] * y[q, b]


@inverse.jacobian("M")
def jacobian(y):
    r"""$J_{abpq} = -Y_{ap} Y_{qb}$, shape ``(n, n, n, n)``."""
    return -np.einsum("ap,qb->abpq", y, y)


@inverse.vjp
def backward(dY, y):
    r"""$dM = -Y^T dY\, Y^T$ ``(n, n)`` and its trace, the gradient of ``c``."""
    return shift_backward(-y.T @ dY @ y.T)


@inverse.jvp
def forward_mode(dM, dc, y):
    r"""$\dot Y = -Y (\dot M + \dot c I) Y$, shape ``(n, n)``."""
    return -y @ (dM + dc * np.eye(len(dM))) @ y


@options(sizes=SMALL)
@derivation(A=positive_definite("n n"))
def inverse_of_symmetric(A):
    r"""$Y = A^{-1}$ of a symmetric positive definite ``(n, n)`` matrix: symmetric as well."""
    return np.linalg.inv(A)


@inverse_of_symmetric.vjp
def backward_of_symmetric(dY, y):
    r"""$dA = -Y\, \frac{dY + dY^T}{2}\, Y$, shape ``(n, n)``: no transposes are left."""
    return -y @ ((dY + dY.T) / 2) @ y


@options(sizes=SMALL)
@identity(**DOMINANT, V="n n")
def differentiated_definition(M, c, V):
    r"""$A \dot Y = -\dot A\, Y$ with a measured $\dot Y$, as derived on paper; ``(n, n)``.

    A step further, $\dot Y = -Y \dot A\, Y$, is the rule.
    """
    y = inverse(M, c)
    measured = measure_jvp(lambda M: inverse(M, c), (M,), (V,))
    return measured, -y @ V @ y, forward_mode(V, 0.0, y)


@options(sizes=SMALL)
@identity(**DOMINANT)
def two_sided(M, c):
    r"""$A Y = I = Y A$, shape ``(n, n)``."""
    A, y = shift(M, c), inverse(M, c)
    return A @ y, np.eye(len(A)), y @ A
