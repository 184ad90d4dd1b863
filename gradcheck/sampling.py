"""Drawing cases with Hypothesis: sizes, a seed, and a few edits; one value point of each regime.

Hypothesis draws what it is good at, a few small numbers: the sizes, a seed and some sparse edits.
The arrays come from numpy. Drawing arrays entry by entry costs ten times as much at best, fails to
find distinct entries at 32×32, and puts ties into nearly every array.
"""

from __future__ import annotations

import inspect
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
from gradcheck.dims import Bindings, bind, explain
from gradcheck.errors import DeclarationError, InputError
from gradcheck.regimes import REGIMES, TIES
from gradcheck.sizes import BATCH_AXES, BATCH_SIZE, Sizes

#: Values that are tried beside the constants of the source.
_SPECIAL = (0.0, 1.0, -1.0, 0.5)
_BESIDE = 2.0**-10
_MOST_EDITS = 3
#: How many of the inputs take part in a regime; the others are standard normal.
_SHARE_IN_REGIME = 0.7
#: For a diagnosis: how many sizes are tried, and how many entries all arrays may have together.
_MOST_TRIES = 60
_FEW = 120


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
        costly = isinstance(claim, Rule) and _is_measured_twice(claim)
        self.sizes = Sizes(owner, costly=costly)
        functions = [owner.function]
        if isinstance(owner, Derivation):
            functions += [rule.function for rule in owner.rules]
        self.specials = _specials(functions)

    def first_drafts(self, rng: np.random.Generator) -> Iterator[Draft]:
        """A draft of each of the sizes that are always tried."""
        for bindings in self.sizes.always():
            edits = tuple((int(a), int(b)) for a, b in rng.integers(0, 2**16, (2, 2)))
            yield Draft(bindings, int(rng.integers(2**32)), edits)

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
        pairs = st.tuples(st.integers(0, 2**16 - 1), st.integers(0, 2**16 - 1))
        return st.builds(
            Draft,
            self._sizes_beside(fixed),
            st.integers(0, 2**32 - 1),
            st.lists(pairs, max_size=_MOST_EDITS).map(tuple),
            st.just(given),
            st.booleans(),
        )

    def _sizes_beside(self, fixed: Bindings) -> st.SearchStrategy[Bindings]:
        sizes: dict[str, st.SearchStrategy[Any]] = {n: st.just(size) for n, size in fixed.items()}
        for name, (low, high) in self.sizes.limits.items():
            if name in fixed:
                continue
            if self.sizes.is_variadic(name):
                axis = st.integers(1, BATCH_SIZE)
                sizes[name] = st.lists(axis, max_size=BATCH_AXES).map(tuple)
            else:
                sizes[name] = st.one_of(
                    st.integers(low, min(high, max(low, 5))), st.integers(low, high)
                )
        return st.fixed_dictionaries(sizes).filter(self.sizes.fits)

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
        for number, bindings in self.sizes.covering(rng, count):
            edits = rng.integers(0, 2**16, (int(rng.integers(_MOST_EDITS + 1)), 2))
            yield Draft(
                bindings, int(rng.integers(2**32)), tuple((int(a), int(b)) for a, b in edits),
                alike=number % 2 == 0,
            )  # fmt: skip

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
            bindings = self.sizes.distinct(rng, again=number >= _MOST_TRIES // 2)
            small = self.sizes.fits(bindings) and self.sizes.entries(bindings) <= _FEW
            if small and bindings not in seen:
                seen.append(bindings)
                yield self._point(Draft(bindings, seed), "normal", 0, rng)
        for _ in range(len(seen) == 0 or not self.sizes.names):
            yield from (
                self._point(Draft(bindings, seed), "normal", 0, rng)
                for bindings in (seen or self.sizes.always()) * 3
            )

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
