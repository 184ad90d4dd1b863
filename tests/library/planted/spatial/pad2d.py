"""Wrong versions of claims in ``derivations/spatial/pad2d.py``."""

from derivations.spatial import pad2d as right
from gradcheck import derivation, options


@options(sizes=right.SMALL)
@derivation(x=right.IMAGE, width=right.WIDTH, mode=right.MODES)
def pad2d(x, width, mode):
    return right.pad2d(x, width, mode)


@pad2d.vjp
def cropped_in_every_mode(dy, x, width, mode):
    rows, columns = x.shape[2:]
    return dy[:, :, width : width + rows, width : width + columns]
