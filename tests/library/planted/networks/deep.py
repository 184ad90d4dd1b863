"""Wrong versions of claims in ``derivations/networks/deep.py``."""

from derivations.networks import deep as right
from gradcheck import derivation, options


@options(output="r", sizes=right.SMALL)
@derivation(**right.NETWORK)
def deep(x, weights):
    return right.deep(x, weights)


@deep.vjp
def layers_in_reverse(dr, x, weights):
    dx, dweights = right.backward(dr, x, weights)
    return dx, dweights[::-1]


@deep.vjp
def output_of_the_layer_for_its_input(dr, x, weights):
    after = right.activations(x, weights)[1:]
    dweights = []
    for r, W in zip(after[::-1], weights[::-1], strict=True):
        dp = dr * (1 - r * r)
        dweights.insert(0, r.T @ dp)
        dr = dp @ W.T
    return dr, dweights
