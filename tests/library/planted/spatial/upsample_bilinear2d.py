"""Wrong versions of claims in ``derivations/spatial/upsample_bilinear2d.py``."""

from derivations.spatial import upsample_bilinear2d as right
from derivations.spatial.upsample_nearest2d import backward as nearest_backward
from gradcheck import choice, derivation, options


@options(sizes=right.SMALL)
@derivation(x="n c h w", factor=choice(1, 2, 3), align_corners=choice(False, True))
def upsample_bilinear2d(x, factor, align_corners):
    return right.upsample_bilinear2d(x, factor, align_corners)


@upsample_bilinear2d.vjp
def sum_of_the_block_as_for_the_nearest(dy, x, factor):
    return nearest_backward(dy, x, factor)


@upsample_bilinear2d.vjp
def corners_always_aligned(dy, x, factor):
    return right.backward(dy, x, factor, align_corners=True)
