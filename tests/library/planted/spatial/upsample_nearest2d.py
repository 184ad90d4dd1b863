"""Wrong versions of claims in ``derivations/spatial/upsample_nearest2d.py``."""

from derivations.spatial import upsample_nearest2d as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x="n c h w", factor=right.FACTOR)
def upsample_nearest2d(x, factor):
    return right.upsample_nearest2d(x, factor)


@upsample_nearest2d.vjp
def one_corner_of_each_block(dy, x, factor):
    return dy[:, :, ::factor, ::factor]


@upsample_nearest2d.vjp
def mean_of_each_block(dy, x, factor):
    return right.backward(dy, x, factor) / factor**2
