"""Wrong rules with the name of their mistake: every entry of the catalogue in two layers or more.

``PLANTED`` lists (the names that are right, the rule), ``UNNAMED`` rules whose mistake is not in
the catalogue. The first parameter of a backward rule is the cotangent, as always.
"""

from tests.diagnosis.planted import (
    behaviour,
    cells,
    compositions,
    factors,
    fresh,
    layout,
    lesser,
    missing,
    modes,
    more,
    normalization,
    orders,
    paths,
    regions,
    signs,
    softmax,
    spectra,
    sums,
    unnamed,
    upstream,
    windows,
)
from tests.diagnosis.planted.planting import PLANTED, UNNAMED

MODULES = (
    layout,
    lesser,
    factors,
    sums,
    upstream,
    softmax,
    normalization,
    orders,
    paths,
    missing,
    behaviour,
    more,
    cells,
    compositions,
    windows,
    modes,
    fresh,
    regions,
    signs,
    spectra,
    unnamed,
)

__all__ = ["MODULES", "PLANTED", "UNNAMED"]
