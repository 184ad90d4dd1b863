"""Functions with right and wrong backward rules, to measure a gradient checker.

`LAYERS` holds every `Layer`; `REGIMES` names the input regimes `Layer.draw` knows; `gap` tells how
far a wrong result is from the right one (some mistakes are right for some shapes and inputs).
"""

from __future__ import annotations

from . import (
    activations,
    attention,
    averages,
    elementary,
    fused_losses,
    gated,
    indexing,
    linear_algebra,
    losses,
    matrix_forms,
    metric_losses,
    networks,
    normalization,
    norms,
    ordering,
    piecewise,
    pooling,
    reductions,
    sequence,
    softmax_family,
    spatial,
    special,
    staircases,
)
from ._base import REGIMES, Layer, gap

FILES = (
    activations,
    attention,
    averages,
    elementary,
    fused_losses,
    gated,
    indexing,
    linear_algebra,
    matrix_forms,
    losses,
    metric_losses,
    networks,
    normalization,
    norms,
    ordering,
    piecewise,
    pooling,
    reductions,
    sequence,
    softmax_family,
    spatial,
    special,
    staircases,
)
LAYERS = [layer for file in FILES for layer in file.LAYERS]

__all__ = ["FILES", "LAYERS", "REGIMES", "Layer", "gap"]
