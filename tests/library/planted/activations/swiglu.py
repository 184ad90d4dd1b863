"""Wrong versions of claims in ``derivations/activations/swiglu.py``."""

from derivations.activations import swiglu as right
from derivations.activations.silu import backward as silu_backward
from gradcheck import derivation


@derivation(x="n d", W="d m", V="d m")
def swiglu(x, W, V):
    return right.swiglu(x, W, V)


@swiglu.vjp
def only_one_use_of_the_input_counted(dy, x, W, V):
    _, dW, dV = right.backward(dy, x, W, V)
    return silu_backward(dy * (x @ V), x @ W) @ W.T, dW, dV


@swiglu.vjp
def values_taken_for_the_gate(dy, x, W, V):
    dx, dV, dW = right.backward(dy, x, V, W)
    return dx, dW, dV
