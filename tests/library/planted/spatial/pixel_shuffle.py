"""Wrong versions of claims in ``derivations/spatial/pixel_shuffle.py``."""

from derivations.spatial import pixel_shuffle as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="n 4*c h w")
def pixel_shuffle(x):
    return right.pixel_shuffle(x)


@pixel_shuffle.vjp
def reshaped_without_transposing(dy, x):
    return dy.reshape(x.shape)
