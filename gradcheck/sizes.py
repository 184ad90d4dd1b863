"""The sizes of the axes that a claim is tried at."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.arguments import Arrays, Strategy
from gradcheck.claims import Derivation, Identity
from gradcheck.dims import Bindings, Shape
from gradcheck.errors import DeclarationError

#: The largest size drawn for a name, by the number of axes of the largest array that it is in.
_LARGEST = {0: 8, 1: 64, 2: 8, 3: 5}
_LARGEST_BEYOND = 4
#: That of a Hessian which is measured by differences of differences.
_LARGEST_COSTLY = 3
#: How many axes ``*batch`` stands for, and their sizes.
BATCH_AXES = 2
BATCH_SIZE = 3
#: An array of more entries than this is not drawn, unless the least of its sizes ask for more: then
#: it has so many times as many, since a batch of one says little.
_MOST_ENTRIES = 4096
_TIMES_THE_LEAST = 4
#: Of what is drawn without Hypothesis each name has so many of its smallest sizes, each once, and
#: then any; where sizes do not fit together, so many others are tried.
_SMALLEST = 8
_MOST_REDRAWN = 20
#: Of so many sizes each is 1 by itself once; of more, the first.
_MOST_ALONE = 4


class Sizes:
    """What sizes the dims of some arguments allow; ``costly``, of a claim that takes long."""

    def __init__(self, owner: Derivation | Identity, *, costly: bool) -> None:
        self._owner = owner
        self._arguments = owner.arguments
        self._costly = costly
        every = [n for argument in self._arguments.values() for n in argument.size_names()]
        #: The names that sizes have, in the order in which they were declared.
        self.names = list(dict.fromkeys(every))
        #: The least and the largest size of each.
        self.limits = {name: self._limit(name) for name in self.names}
        #: Whether a strategy of the user's draws some of them.
        self.are_drawn = any(isinstance(one, Strategy) for one in self._arguments.values())

    def _limit(self, name: str) -> tuple[int, int]:
        chosen = self._owner.options.sizes.get(name)
        if chosen is not None:
            return chosen
        axes = 0
        for argument in self._arguments.values():
            element = argument.element if isinstance(argument, Arrays) else argument
            if name in argument.size_names() and element.dims is not None:
                counted = len(element.dims.axes) + isinstance(argument, Arrays)
                axes = max(axes, counted + (element.dims.variadic is not None))
        if self._costly:
            return 1, _LARGEST_COSTLY
        return 1, _LARGEST.get(axes, _LARGEST_BEYOND)

    def fits(self, bindings: Bindings) -> bool:
        """Whether every declared array has a shape under ``bindings``."""
        for argument in self._arguments.values():
            parts = [argument.dims]
            if isinstance(argument, Arrays):
                parts.append(argument.element.dims)
            for dims in parts:
                if dims is None:
                    continue
                sizes = dims.sizes(bindings)
                least = 0 if any(self.limits[n][0] == 0 for n in dims.names) else 1
                if min(sizes, default=least) < least:
                    return False
                if math.prod(sizes) > self._most_entries(dims):
                    return False
        return True

    def _most_entries(self, dims: Shape) -> int:
        """How many entries an array may have: more where its dims or ``sizes`` ask for many."""
        smallest = {name: low for name, (low, _) in self.limits.items()}
        least = math.prod(max(axis.size(smallest), 1) for axis in dims.axes)
        return max(_MOST_ENTRIES, _TIMES_THE_LEAST * least)

    def always(self) -> list[Bindings]:
        """The sizes that are always tried: 1, square, and not square in both orders.

        Raises ``DeclarationError`` where no sizes satisfy the dims.
        """
        if self.are_drawn:
            return []

        def clipped(size: int, low: int, high: int) -> int:
            return int(np.clip(size, low, high))

        def wrapped(size: int, low: int, high: int) -> int:
            return low + (size - low) % (high - low + 1)  # clipped, two that differ may be one

        patterns: list[tuple[Callable[[int], int], Callable[[int, int, int], int]]] = [
            (lambda k: 1, clipped),
            (lambda k: 2, clipped),
            (lambda k: 3 + k, wrapped),
            (lambda k: 4 - k % 3, wrapped),
        ]
        found: list[Bindings] = []
        for pattern, fitted in patterns:
            bindings: Bindings = {}
            for k, name in enumerate(self.names):
                size = fitted(pattern(k), *self.limits[name])
                bindings[name] = (size,) * (size > 1) if self.is_variadic(name) else size
            if self.fits(bindings) and bindings not in found:
                found.append(bindings)
        if not found:
            found = self._search()
        return found

    def alone(self) -> list[Bindings]:
        """Sizes of which one is 1 and no other, as in a batch of one sample."""
        found: list[Bindings] = []
        if self.are_drawn:
            return found
        for one, (low, _) in self.limits.items():
            if self.is_variadic(one) or low > 1 or len(self.names) == 1:
                continue
            bindings: Bindings = {
                name: () if self.is_variadic(name) else min(max(limit, 2 + k), high)
                for k, (name, (limit, high)) in enumerate(self.limits.items())
            }
            bindings[one] = 1
            if self.fits(bindings):
                found.append(bindings)
        return found[:_MOST_ALONE]

    def is_variadic(self, name: str) -> bool:
        """Whether a name stands for several axes, as ``*batch`` does."""
        return any(
            dims is not None and dims.variadic == name
            for argument in self._arguments.values()
            for dims in (
                argument.dims, argument.element.dims if isinstance(argument, Arrays) else None
            )
        )  # fmt: skip

    def _search(self) -> list[Bindings]:
        ranges: list[list[Any]] = [
            [(), (2,)] if self.is_variadic(name) else list(range(low, min(high, low + 7) + 1))
            for name, (low, high) in self.limits.items()
        ]
        for sizes in itertools.islice(itertools.product(*ranges), 20_000):
            bindings: Bindings = dict(zip(self.limits, sizes, strict=True))
            if self.fits(bindings):
                return [bindings]
        declared = ", ".join(
            f"{name}: {argument.dims.text!r}"
            for name, argument in self._arguments.items()
            if argument.dims is not None
        )
        raise DeclarationError(
            f"{self._owner.name}: no sizes make every axis at least 1 ({declared}; tried sizes "
            f"{', '.join(f'{n} from {lo} to {hi}' for n, (lo, hi) in self.limits.items())})"
        )

    def covering(self, rng: np.random.Generator, count: int) -> Iterator[tuple[int, Bindings]]:
        """Numbered sizes drawn without Hypothesis; each name takes all of its small ones."""
        decks: dict[str, list[int]] = {}
        for name, (low, high) in self.limits.items():
            small = np.arange(low, min(high, low + _SMALLEST - 1) + 1)[:count]
            others = rng.integers(low, high + 1, count - small.size)
            decks[name] = [int(size) for size in rng.permutation([*small, *others])]
        for number in range(count):
            bindings: Bindings | None = {
                name: self._batch(rng) if self.is_variadic(name) else deck[number]
                for name, deck in decks.items()
            }
            for _ in range(_MOST_REDRAWN):
                if bindings is not None and self.fits(bindings):
                    break
                bindings = self.random(rng)
            if bindings is not None and self.fits(bindings):
                yield number, bindings

    def _batch(self, rng: np.random.Generator) -> tuple[int, ...]:
        axes = int(rng.integers(0, BATCH_AXES + 1))
        return tuple(int(k) for k in rng.integers(1, BATCH_SIZE + 1, axes))

    def random(self, rng: np.random.Generator, stretch: int = 1) -> Bindings | None:
        """Sizes drawn without Hypothesis, up to ``stretch`` times the usual ones; None if unfit."""
        bindings: Bindings = {}
        for name, (low, high) in self.limits.items():
            if self.is_variadic(name):
                bindings[name] = self._batch(rng)
                continue
            if name not in self._owner.options.sizes:
                high *= stretch
            few = rng.integers(0, 2) == 0 and stretch == 1
            bindings[name] = int(rng.integers(low, (min(high, max(low, 5)) if few else high) + 1))
        return bindings if self.fits(bindings) else None

    def enlarged(self, bindings: Bindings) -> Bindings:
        """The same sizes, each as large as it may be beside those before it."""
        for name, (_, high) in self.limits.items():
            if not self.is_variadic(name):
                larger = {**bindings, name: high}
                bindings = larger if self.fits(larger) else bindings
        return bindings

    def distinct(self, rng: np.random.Generator, *, again: bool) -> Bindings:
        """Sizes of which no two are the same, as far as the limits admit; or, ``again``, any."""
        sizes = rng.permutation(np.arange(2 if len(self.names) > 2 else 3, 5 + len(self.names)))
        bindings: Bindings = {}
        for k, name in enumerate(self.names):
            low, high = self.limits[name]
            size = int(rng.integers(2, 5) if again else sizes[k])
            if self.is_variadic(name):
                bindings[name] = ((3,), (2, 3), (4, 2))[int(rng.integers(3))]
            else:
                bindings[name] = int(np.clip(size, low, high))
        return bindings

    def entries(self, bindings: Bindings) -> int:
        """How many entries all arrays have together."""
        shapes = [argument.dims for argument in self._arguments.values() if argument.dims]
        return sum(int(np.prod(dims.sizes(bindings))) for dims in shapes)
