"""Wrong versions of claims in ``derivations/linear_algebra/batched_matmul.py``."""

from derivations.linear_algebra import batched_matmul as right
from gradcheck import derivation, options


@options(output="C")
@derivation(A="*batch n d", B="*batch d m")
def batched_matmul(A, B):
    return right.batched_matmul(A, B)


@batched_matmul.vjp
def all_axes_transposed(dC, A, B):
    return dC @ B.T, A.T @ dC


@options(output="C", sizes=right.SMALL)
@derivation(A="s n d", B="d m")
def shared_matmul(A, B):
    return right.shared_matmul(A, B)


@shared_matmul.vjp
def first_of_the_stack_only(dC, A, B):
    return dC @ B.T, A[0].T @ dC[0]


@shared_matmul.vjp
def averaged_over_the_stack(dC, A, B):
    dA, dB = right.backward_of_shared(dC, A, B)
    return dA, dB / len(A)


@options(output="C", sizes=right.SMALL)
@derivation(A="s 1 n d", B="t d m")
def broadcast_matmul(A, B):
    return right.broadcast_matmul(A, B)


@broadcast_matmul.vjp
def repeated_axis_not_reduced(dC, A, B):
    _, dB = right.backward_of_broadcast(dC, A, B)
    return dC @ right.transposed(B), dB
