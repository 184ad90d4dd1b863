"""Targets that a loss may be right for alone: rows with a single one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.arguments import cut
from gradcheck.dims import Bindings, parse
from gradcheck.domains import Simplex


@dataclass(frozen=True)
class OneHot(Simplex):
    """A single one along an axis, which is not differentiated."""

    axis: int = -1

    def draw(
        self, rng: np.random.Generator, bindings: Bindings, regime: str, drawn: Mapping[str, Any]
    ) -> Any:
        sizes = self.shape.sizes(bindings)
        count, others = sizes[self.axis], np.delete(sizes, self.axis)
        return np.moveaxis(np.eye(count)[rng.integers(count, size=others)], -1, self.axis)

    def contains(self, value: Any, bindings: Bindings, inputs: Mapping[str, Any]) -> bool:
        return bool(np.all((value == 0) | (value == 1)) and np.all(value.sum(axis=self.axis) == 1))

    def resize(self, value: Any, bindings: Bindings) -> Any:
        places = np.moveaxis(cut(value, self.shape.sizes(bindings)), self.axis, -1).argmax(axis=-1)
        count = self.shape.sizes(bindings)[self.axis]
        return np.moveaxis(np.eye(count)[places], -1, self.axis)

    @property
    def drawn_elsewhere(self) -> bool:
        return True


def one_hot(dims: str, *, axis: int = -1) -> OneHot:
    """Zeros with a single one along an axis, the last: ``axis=0`` for columns."""
    return OneHot(parse(dims), differentiate=False, axis=axis)
