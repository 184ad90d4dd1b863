"""Wrong versions of claims in ``derivations/normalization/cosine_similarity.py``."""

import numpy as np

from derivations.normalization import cosine_similarity as right
from derivations.normalization.l2_normalize import l2_normalize, length
from gradcheck import derivation, options


@options(output="c")
@derivation(x=right.ROWS, z=right.ROWS)
def cosine_similarity(x, z):
    return right.cosine_similarity(x, z)


@cosine_similarity.vjp
def lengths_taken_for_constants(dc, x, z):
    dc = dc[:, np.newaxis]
    return dc * l2_normalize(z) / length(x), dc * l2_normalize(x) / length(z)
