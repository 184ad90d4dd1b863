"""Wrong versions of claims in ``derivations/linear_algebra/bilinear.py``."""

import numpy as np

from derivations.linear_algebra import bilinear as right
from gradcheck import derivation, options


@options(output="z", sizes=right.SMALL)
@derivation(x="n p", A="k p q", w="n q", b="k")
def bilinear(x, A, w, b):
    return right.bilinear(x, A, w, b)


@bilinear.vjp("x")
def first_output_only(dz, A, w):
    return np.einsum("n,pq,nq->np", dz[:, 0], A[0], w)


@bilinear.vjp("A")
def partner_forgotten(dz, x, A):
    return np.einsum("nk,np->kp", dz, x)[:, :, np.newaxis] * np.ones_like(A)


@bilinear.vjp
def halved_as_if_quadratic(dz, x, A, w):
    dx, dA, dw, db = right.backward(dz, x, A, w)
    return dx / 2, dA, dw / 2, db
