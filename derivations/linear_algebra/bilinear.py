r"""The bilinear layer: a number from two vectors and a matrix, for each of several matrices.

$$z_{nk} = \sum_{pq} x_{np} A_{kpq} w_{nq} + b_k$$

Linear in each of its inputs while the others are held, so each gradient is the same sum with the
cotangent in that input's place.

Petersen and Pedersen, "The matrix cookbook", 2012.
"""

import numpy as np

from gradcheck import derivation, identity, options

SMALL = {"n": (1, 4), "k": (1, 3), "p": (1, 4), "q": (1, 4)}


@options(output="z", sizes=SMALL)
@derivation(x="n p", A="k p q", w="n q", b="k")
def bilinear(x, A, w, b):
    r"""$z_{nk} = x_n A_k w_n^T + b_k$: shape ``(n, k)``."""
    return np.einsum("np,kpq,nq->nk", x, A, w) + b


@bilinear.vjp("x")
def dl_dx(dz, A, w):
    r"""$dx_{np} = \sum_{kq} dz_{nk} A_{kpq} w_{nq}$, shape ``(n, p)``."""
    return np.einsum("nk,kpq,nq->np", dz, A, w)


@bilinear.vjp("A")
def dl_dA(dz, x, w):
    r"""$dA_{kpq} = \sum_n dz_{nk} x_{np} w_{nq}$, shape ``(k, p, q)``: outer products, summed."""
    return np.einsum("nk,np,nq->kpq", dz, x, w)


@bilinear.vjp("w")
def dl_dw(dz, x, A):
    r"""$dw_{nq} = \sum_{kp} dz_{nk} x_{np} A_{kpq}$, shape ``(n, q)``: $A$ transposed."""
    return np.einsum("nk,np,kpq->nq", dz, x, A)


@bilinear.vjp("b")
def dl_db(dz):
    r"""$db_k = \sum_n dz_{nk}$, shape ``(k,)``."""
    return dz.sum(axis=0)


@bilinear.vjp
def backward(dz, x, A, w):
    r"""All four, in order."""
    return dl_dx(dz, A, w), dl_dA(dz, x, w), dl_dw(dz, x, A), dl_db(dz)


@bilinear.column("A")
def column_of_A(x, A, w, i):
    r"""$\partial z / \partial A_{kpq} = (x_p \odot w_q)\, e_k$, shape ``(n, k)``."""
    k, p, q = i
    dz = np.zeros((len(x), len(A)))
    dz[:, k] = x[:, p] * w[:, q]
    return dz


@options(sizes=SMALL)
@identity(x="n p", A="k p q", w="n q", dz="n k")
def each_input_gives_the_form_back(x, A, w, dz):
    r"""$\langle x, dx \rangle = \langle A, dA \rangle = \langle w, dw \rangle = \langle z, dz
    \rangle$ for $b = 0$; four scalars.

    Euler's identity: the form is homogeneous of degree 1 in each of its inputs.
    """
    dx, dA, dw, _ = backward(dz, x, A, w)
    z = bilinear(x, A, w, np.zeros(len(A)))
    return (x * dx).sum(), (A * dA).sum(), (w * dw).sum(), (z * dz).sum()
