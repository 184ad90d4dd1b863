"""Drawing cases with Hypothesis: sizes, a seed, and a few edits; one value point of each regime.

Hypothesis draws what it is good at, a few small numbers: the sizes, a seed and some sparse edits.
The arrays come from numpy. Drawing arrays entry by entry costs ten times as much at best, fails to
find distinct entries at 32×32, and puts ties into nearly every array.
"""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from gradcheck.arguments import Argument, Arrays, Real, Strategy
from gradcheck.case import Case
from gradcheck.claims import Derivation, Identity, Rule
from gradcheck.dims import Bindings, Shape, bind, explain
from gradcheck.errors import DeclarationError, InputError
from gradcheck.regimes import REGIMES, TIES

#: The largest size drawn for a name, by the number of axes of the largest array that it is in.
_LARGEST = {0: 8, 1: 64, 2: 8, 3: 5}
_LARGEST_BEYOND = 4
#: That of a Hessian which is measured by differences of differences.
_LARGEST_COSTLY = 3
#: How many axes ``*batch`` stands for, and their sizes.
_BATCH_AXES = 2
_BATCH_SIZE = 3
#: An array of more entries than this is not drawn, unless its axes of one size each ask for more:
#: then it has so many times as many, since a batch of one says little.
_MOST_ENTRIES = 4096
_TIMES_THE_LEAST = 4
#: Values that are tried beside the constants of the source.
_SPECIAL = (0.0, 1.0, -1.0, 0.5)
_BESIDE = 2.0**-10
_MOST_EDITS = 3
#: How many of the inputs take part in a regime; the others are standard normal.
_SHARE_IN_REGIME = 0.7
#: For a diagnosis: how many sizes are tried, and how many entries all arrays may have together.
_MOST_TRIES = 60
_FEW = 120
#: Of what is drawn without Hypothesis each name has so many of its smallest sizes, each once, and
#: then any; where sizes do not fit together, so many others are tried.
_SMALLEST = 8
_MOST_REDRAWN = 20
#: Of so many sizes each is 1 by itself once; of more, the first.
_MOST_ALONE = 4


@dataclass(frozen=True)
class Draft:
    """What Hypothesis draws of a case: sizes, a seed, and (position, value) edits as fractions."""

    bindings: Bindings
    seed: int
    edits: tuple[tuple[int, int], ...] = ()
    #: Values of the arguments that have a strategy of their own.
    given: Mapping[str, Any] = field(default_factory=dict)
    #: Whether its point of zeros and ties is of arrays whose entries are all the same.
    alike: bool = False


class Sampler:
    """Draws cases for one claim."""

    def __init__(self, claim: Rule | Identity) -> None:
        owner = claim.derivation if isinstance(claim, Rule) else claim
        self.owner: Derivation | Identity = owner
        self.arguments = owner.arguments
        self.strategies = {
            name: argument
            for name, argument in self.arguments.items()
            if isinstance(argument, Strategy)
        }
        self.order = _order(self.arguments)
        self.names = _size_names(self.arguments)
        self.costly = isinstance(claim, Rule) and _is_measured_twice(claim)
        self.limits = {name: self._limit(name) for name in self.names}
        functions = [owner.function]
        if isinstance(owner, Derivation):
            functions += [rule.function for rule in owner.rules]
        self.specials = _specials(functions)

    def _limit(self, name: str) -> tuple[int, int]:
        chosen = self.owner.options.sizes.get(name)
        if chosen is not None:
            return chosen
        axes = 0
        for argument in self.arguments.values():
            element = argument.element if isinstance(argument, Arrays) else argument
            if name in argument.size_names() and element.dims is not None:
                counted = len(element.dims.axes) + isinstance(argument, Arrays)
                axes = max(axes, counted + (element.dims.variadic is not None))
        if self.costly:
            return 1, _LARGEST_COSTLY
        return 1, _LARGEST.get(axes, _LARGEST_BEYOND)

    def fits(self, bindings: Bindings) -> bool:
        """Whether every declared array has a shape under ``bindings``."""
        for argument in self.arguments.values():
            parts = [argument.dims]
            if isinstance(argument, Arrays):
                parts.append(argument.element.dims)
            for dims in parts:
                if dims is None:
                    continue
                sizes = dims.sizes(bindings)
                least = 0 if any(self.limits[n][0] == 0 for n in dims.names) else 1
                if any(size < least for size in sizes) or math.prod(sizes) > _most_entries(dims):
                    return False
        return True

    def always(self) -> list[Bindings]:
        """The sizes that are always tried: 1, square, and not square in both orders.

        Raises ``DeclarationError`` where no sizes satisfy the dims.
        """
        if self.strategies:
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
                bindings[name] = (size,) * (size > 1) if self._variadic(name) else size
            if self.fits(bindings) and bindings not in found:
                found.append(bindings)
        if not found:
            found = self._search()
        return found

    def alone(self) -> list[Bindings]:
        """Sizes of which one is 1 and no other, as in a batch of one sample."""
        found: list[Bindings] = []
        if self.strategies:
            return found
        for one, (low, _) in self.limits.items():
            if self._variadic(one) or low > 1 or len(self.names) == 1:
                continue
            bindings: Bindings = {
                name: () if self._variadic(name) else min(max(limit, 2 + k), high)
                for k, (name, (limit, high)) in enumerate(self.limits.items())
            }
            bindings[one] = 1
            if self.fits(bindings):
                found.append(bindings)
        return found[:_MOST_ALONE]

    def first_drafts(self, rng: np.random.Generator) -> Iterator[Draft]:
        """A draft of each of the sizes that are always tried."""
        for bindings in self.always():
            edits = tuple((int(a), int(b)) for a, b in rng.integers(0, 2**16, (2, 2)))
            yield Draft(bindings, int(rng.integers(2**32)), edits)

    def _variadic(self, name: str) -> bool:
        return any(
            dims is not None and dims.variadic == name
            for argument in self.arguments.values()
            for dims in (
                argument.dims, argument.element.dims if isinstance(argument, Arrays) else None
            )
        )  # fmt: skip

    def _search(self) -> list[Bindings]:
        ranges: list[list[Any]] = [
            [(), (2,)] if self._variadic(name) else list(range(low, min(high, low + 7) + 1))
            for name, (low, high) in self.limits.items()
        ]
        for sizes in itertools.islice(itertools.product(*ranges), 20_000):
            bindings: Bindings = dict(zip(self.limits, sizes, strict=True))
            if self.fits(bindings):
                return [bindings]
        declared = ", ".join(
            f"{name}: {argument.dims.text!r}"
            for name, argument in self.arguments.items()
            if argument.dims is not None
        )
        raise DeclarationError(
            f"{self.owner.name}: no sizes make every axis at least 1 ({declared}; tried sizes "
            f"{', '.join(f'{n} from {lo} to {hi}' for n, (lo, hi) in self.limits.items())})"
        )

    def drafts(self) -> st.SearchStrategy[Draft]:
        """The strategy of drafts: small sizes more often than large ones, 1 often."""
        if not self.strategies:
            return self._sized_drafts({}, {})

        def sized(given: dict[str, Any]) -> st.SearchStrategy[Draft]:
            values = {name: self.arguments[name].accept(name, v) for name, v in given.items()}
            shapes = {name: self.strategies[name].shape for name in values}
            try:
                fixed = bind(shapes, {name: np.shape(value) for name, value in values.items()})
            except InputError as error:
                raise DeclarationError(f"{self.owner.name}: its strategy drew: {error}") from None
            return self._sized_drafts(fixed, values)

        drawn = {name: argument.strategy for name, argument in self.strategies.items()}
        return st.fixed_dictionaries(drawn).flatmap(sized)

    def _sized_drafts(self, fixed: Bindings, given: Mapping[str, Any]) -> st.SearchStrategy[Draft]:
        sizes: dict[str, st.SearchStrategy[Any]] = {n: st.just(size) for n, size in fixed.items()}
        for name, (low, high) in self.limits.items():
            if name in fixed:
                continue
            if self._variadic(name):
                axis = st.integers(1, _BATCH_SIZE)
                sizes[name] = st.lists(axis, max_size=_BATCH_AXES).map(tuple)
            else:
                sizes[name] = st.one_of(
                    st.integers(low, min(high, max(low, 5))), st.integers(low, high)
                )
        pairs = st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1))
        return st.builds(
            Draft,
            st.fixed_dictionaries(sizes).filter(self.fits),
            st.integers(0, 2**32 - 1),
            st.lists(pairs, max_size=_MOST_EDITS).map(tuple),
            st.just(given),
            st.booleans(),
        )

    def some_drafts(self, count: int) -> list[Draft]:
        """Drafts outside of a test, always the same."""
        found: list[Draft] = []

        @seed(0)
        @settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
        )
        @given(self.drafts())
        def collect(draft: Draft) -> None:
            found.append(draft)

        collect()
        return found

    def covering(self, rng: np.random.Generator, count: int) -> Iterator[Draft]:
        """Drafts drawn without Hypothesis, in which each name takes all of its small sizes.

        A rule that is wrong for one size, or from one size on, is met at that size; one that is
        wrong where all entries are the same, in every second of them.
        """
        decks: dict[str, list[int]] = {}
        for name, (low, high) in self.limits.items():
            small = np.arange(low, min(high, low + _SMALLEST - 1) + 1)[:count]
            others = rng.integers(low, high + 1, count - small.size)
            decks[name] = [int(size) for size in rng.permutation([*small, *others])]
        for number in range(count):
            bindings: Bindings | None = {
                name: self._batch(rng) if self._variadic(name) else deck[number]
                for name, deck in decks.items()
            }
            for _ in range(_MOST_REDRAWN):
                if bindings is not None and self.fits(bindings):
                    break
                bindings = self.random_sizes(rng)
            if bindings is not None and self.fits(bindings):
                edits = rng.integers(0, 2**16, (int(rng.integers(_MOST_EDITS + 1)), 2))
                yield Draft(
                    bindings, int(rng.integers(2**32)), tuple((int(a), int(b)) for a, b in edits),
                    alike=number % 2 == 0,
                )  # fmt: skip

    def _batch(self, rng: np.random.Generator) -> tuple[int, ...]:
        axes = int(rng.integers(0, _BATCH_AXES + 1))
        return tuple(int(k) for k in rng.integers(1, _BATCH_SIZE + 1, axes))

    def random_sizes(self, rng: np.random.Generator, stretch: int = 1) -> Bindings | None:
        """Sizes drawn without Hypothesis, up to ``stretch`` times the usual ones; None if unfit."""
        bindings: Bindings = {}
        for name, (low, high) in self.limits.items():
            if self._variadic(name):
                bindings[name] = self._batch(rng)
                continue
            if name not in self.owner.options.sizes:
                high *= stretch
            few = rng.integers(0, 2) == 0 and stretch == 1
            bindings[name] = int(rng.integers(low, (min(high, max(low, 5)) if few else high) + 1))
        return bindings if self.fits(bindings) else None

    def enlarged(self, bindings: Bindings) -> Bindings:
        """The same sizes, each as large as it may be beside those before it."""
        for name, (_, high) in self.limits.items():
            if not self._variadic(name):
                larger = {**bindings, name: high}
                bindings = larger if self.fits(larger) else bindings
        return bindings

    def telling(self, seed: int) -> Iterator[Case]:
        """Usual values at sizes that tell mistakes apart: at least 2, and distinct where they can.

        Of a few entries only, since every one of them will be measured. May end at once.
        """
        if self.strategies:
            return  # its values are Hypothesis' to draw
        rng = np.random.default_rng(seed)
        seen: list[Bindings] = []
        for number in range(_MOST_TRIES):
            # Where no distinct sizes fit, equal ones have to do.
            bindings = self._distinct(rng, again=number >= _MOST_TRIES // 2)
            small = bindings not in seen and self.fits(bindings) and self._entries(bindings) <= _FEW
            if small:
                seen.append(bindings)
                yield self._point(Draft(bindings, seed), "normal", 0, rng)
        for _ in range(len(seen) == 0 or not self.names):
            yield from (
                self._point(Draft(bindings, seed), "normal", 0, rng)
                for bindings in (seen or self.always()) * 3
            )

    def _distinct(self, rng: np.random.Generator, *, again: bool) -> Bindings:
        sizes = rng.permutation(np.arange(2 if len(self.names) > 2 else 3, 5 + len(self.names)))
        bindings: Bindings = {}
        for k, name in enumerate(self.names):
            low, high = self.limits[name]
            size = int(rng.integers(2, 5) if again else sizes[k])
            if self._variadic(name):
                bindings[name] = ((3,), (2, 3), (4, 2))[int(rng.integers(3))]
            else:
                bindings[name] = int(np.clip(size, low, high))
        return bindings

    def _entries(self, bindings: Bindings) -> int:
        shapes = [argument.dims for argument in self.arguments.values() if argument.dims]
        return sum(int(np.prod(dims.sizes(bindings))) for dims in shapes)

    def points(self, draft: Draft) -> Iterator[Case]:
        """One case of each regime at the sizes of ``draft``."""
        rng = np.random.default_rng(draft.seed)
        for k, regime in enumerate(REGIMES):
            yield self._point(draft, regime, k, rng)

    def _point(self, draft: Draft, regime: str, number: int, rng: np.random.Generator) -> Case:
        drawn: dict[str, Any] = {}
        for name in self.order:
            argument = self.arguments[name]
            if name in draft.given:
                drawn[name] = draft.given[name]
                continue
            chosen = regime if number == 0 or rng.random() < _SHARE_IN_REGIME else "normal"
            try:
                drawn[name] = argument.draw(rng, draft.bindings, chosen, drawn)
            except InputError as error:
                raise DeclarationError(
                    f"{self.owner.name}: nothing can be drawn for {name!r} at "
                    f"{explain(draft.bindings)}: {error}"
                ) from None
        if draft.alike and regime == TIES:
            self._level(drawn, draft.bindings)
        elif number:
            self._edit(drawn, draft.bindings, draft.edits)
        return Case({name: drawn[name] for name in self.arguments}, int(rng.integers(2**31)))

    def _edit(
        self, drawn: dict[str, Any], bindings: Bindings, edits: Sequence[tuple[int, int]]
    ) -> None:
        """Put special values at a few places, as far as the domain admits them."""
        targets = self._targets(drawn)
        if not targets:
            return
        for where, what in edits:
            name, array = targets[where % len(targets)]
            flat = array.reshape(-1)
            position = (where // len(targets)) % flat.size
            before = flat[position]
            choices = len(self.specials) + 1
            # The last choice is a tie with the neighbouring entry.
            tie = what % choices == choices - 1
            flat[position] = flat[position - 1] if tie else self.specials[what % choices]
            if not self._inside(name, drawn, bindings):
                flat[position] = before

    def _level(self, drawn: dict[str, Any], bindings: Bindings) -> None:
        """Make all entries of each array the same, as far as the domain admits it."""
        for name, array in self._targets(drawn):
            before = array.copy()
            array[...] = array.flat[0]
            if not self._inside(name, drawn, bindings):
                array[...] = before

    def _targets(self, drawn: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
        """The drawn arrays of reals whose values may be replaced."""
        return [
            (name, array)
            for name in self.order
            for array in (drawn[name] if isinstance(drawn[name], list) else [drawn[name]])
            if isinstance(self.arguments[name], Real | Arrays)
            and not self.arguments[name].drawn_elsewhere
            and isinstance(array, np.ndarray)
            and array.size
        ]

    def _inside(self, name: str, drawn: Mapping[str, Any], bindings: Bindings) -> bool:
        """Whether a value is in its domain, and those whose domains depend on it are in theirs."""
        return all(
            argument.contains(drawn[other], bindings, drawn)
            for other, argument in self.arguments.items()
            if other == name or name in argument.depends_on()
        )


def _is_measured_twice(claim: Rule) -> bool:
    """Whether a claim is of a Hessian of which no gradient is declared."""
    others = claim.derivation.rules
    return claim.kind == "hessian" and not any(
        rule.kind in ("gradient", "vjp") and set(claim.wrt) <= set(rule.wrt) for rule in others
    )


def _most_entries(dims: Shape) -> int:
    """How many entries an array of these dims may have: more where they have large numbers."""
    least = math.prod(axis.size({}) for axis in dims.axes if not axis.names)
    return max(_MOST_ENTRIES, _TIMES_THE_LEAST * least)


def _order(arguments: dict[str, Argument]) -> list[str]:
    """The arguments such that each comes after those that its domain depends on."""
    order: list[str] = []
    waiting = list(arguments)
    while waiting:
        ready = [n for n in waiting if all(d in order for d in arguments[n].depends_on())]
        if not ready:
            raise DeclarationError(
                f"the domains of {', '.join(waiting)} depend on each other in a circle"
            )
        order += ready
        waiting = [name for name in waiting if name not in ready]
    return order


def _size_names(arguments: dict[str, Argument]) -> list[str]:
    names = [name for argument in arguments.values() for name in argument.size_names()]
    return list(dict.fromkeys(names))


def _specials(functions: Sequence[Callable[..., Any]]) -> list[float]:
    """The numbers in the source of the functions, and those beside them."""
    found: set[float] = set()
    for function in functions:
        function = inspect.unwrap(function)
        code = getattr(function, "__code__", None)
        if code is not None:
            _constants(code, getattr(function, "__globals__", {}), found)
    values = set(_SPECIAL)
    for number in found:
        for value in (number, -number):
            beside = _BESIDE * (abs(value) or 1.0)
            values |= {value, value + beside, value - beside, value + 1.0, value - 1.0}
    return sorted(value for value in values if np.isfinite(value))


def _constants(code: CodeType, namespace: dict[str, Any], found: set[float]) -> None:
    for constant in code.co_consts:
        if isinstance(constant, int | float) and not isinstance(constant, bool):
            found.add(float(constant))
        elif isinstance(constant, CodeType):
            _constants(constant, namespace, found)
    for name in code.co_names:
        value = namespace.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            found.add(float(value))
