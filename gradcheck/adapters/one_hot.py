"""Targets that a loss may be right for alone: rows with a single one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.dims import Bindings, parse
from gradcheck.domains import Simplex


@dataclass(frozen=True)
class OneHot(Simplex):
    """Rows with a single one, which are not differentiated."""

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        sizes = self.shape.sizes(bindings)
        return np.eye(sizes[-1])[rng.integers(sizes[-1], size=sizes[:-1])]

    @property
    def drawn_elsewhere(self) -> bool:
        return True


def one_hot(dims: str) -> OneHot:
    """Rows of zeros with a single one, along the last axis."""
    return OneHot(parse(dims), differentiate=False)
