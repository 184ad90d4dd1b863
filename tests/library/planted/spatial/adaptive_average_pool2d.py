"""Wrong versions of claims in ``derivations/spatial/adaptive_average_pool2d.py``."""

from derivations.spatial import adaptive_average_pool2d as right
from gradcheck import derivation, integers, options


@options(sizes=right.SMALL)
@derivation(x="n c H W", h=integers(low=1, high="H+1"), w=integers(low=1, high="W+1"))
def adaptive_average_pool2d(x, h, w):
    return right.adaptive_average_pool2d(x, h, w)


@adaptive_average_pool2d.vjp
def windows_taken_for_equal(dy, x, h, w):
    rows = right.averaging(x.shape[2], h) > 0
    columns = right.averaging(x.shape[3], w) > 0
    return rows.T @ dy @ columns * (h * w) / (x.shape[2] * x.shape[3])
