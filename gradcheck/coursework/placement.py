"""Points placed where numbers that a submission is given are exactly zero, or the same.

Of numbers that are drawn few are, and each way to be so is drawn at some seeds only: one zero among
others, the first of two equal ones, all the same. A rule that is wrong in one such way alone would
lose its marks by luck. So every way is placed, at every seed, in each array that the submission is
given: in inputs by setting them, in what the function or an identity computes of them (``z + c``)
by moving an input until the computed number is exact.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.arguments import Arrays, Real
from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.coursework.submitted import overheard
from gradcheck.dims import Bindings
from gradcheck.returned import SetAside, Violation
from gradcheck.sampling import Draft, Sampler

Floats = NDArray[np.floating]
#: Entry ``a`` has to be ``factor`` times entry ``b``: 0 for a zero, 1 for a tie, -1 for a number
#: and its negative.
Wish = tuple[int, float, int]

#: At so many sizes each way is placed if there are no more arrays than that; of more arrays each
#: way has its turn at some of them.
_SIZES = 3
#: Large sizes are the largest of so many drawn ones.
_DRAWN = 3
#: Numbers are rounded to this first, so that sums of them are exact.
_GRID = 2.0**-12
#: A number is moved by so many steps of the secant at most: what is linear in it takes two, and one
#: for its rounding.
_STEPS = 4
#: Far out: what tends to zero there underflows, and what is cut off at zero is.
_FAR = 2.0**10
#: So many numbers of the inputs are tried as the one that moves.
_MOVERS = 12


@dataclass(frozen=True)
class Target:
    """An array that the submission is given: its value at inputs, and which input it is, if any."""

    at: Callable[[Mapping[str, Any]], Floats]
    name: str = ""
    number: int = 0


def placed(
    claim: Rule | Identity, sampler: Sampler, rng: np.random.Generator
) -> Iterator[tuple[Bindings, list[Case]]]:
    """Points of some sizes at a time, in each of which some numbers are zero or the same."""
    turn = itertools.count()
    for number, (bindings, case) in enumerate(usual(sampler, rng, largest=True)):
        place = _Place(claim, case, bindings, rng)
        targets = place.targets()
        every = max(1, -(-len(targets) // _SIZES))
        cases = []
        for target in targets:
            for wish, start in place.ways(target):
                if next(turn) % every == number % every:
                    made = place.granted(target, wish, start)
                    cases += [] if made is None else [Case(made, int(rng.integers(2**31)))]
        yield bindings, cases


def usual(
    sampler: Sampler, rng: np.random.Generator, *, largest: bool = False
) -> Iterator[tuple[Bindings, Case]]:
    """A point of usual numbers at each of the sizes: equal ones, others, and large ones.

    Or as large as may be: of many arrays no other sizes may be left to draw beside these, and what
    is wrong from a size on is met there.
    """
    if sampler.strategies:
        return  # its values are Hypothesis' to draw
    sizes = sampler.sizes.always()[1:_SIZES] or sampler.sizes.always()
    while len(sizes) < _SIZES:
        drawn = [sampler.sizes.random(rng) or sizes[-1] for _ in range(_DRAWN)]
        sizes.append(max(drawn, key=lambda one: sum(map(np.sum, one.values()))))
    if largest:
        sizes[-1] = sampler.sizes.enlarged(sizes[-1])
    for bindings in sizes:
        yield bindings, next(sampler.points(Draft(bindings, int(rng.integers(2**32)))))


class _Place:
    """One point, from which others are made."""

    def __init__(
        self, claim: Rule | Identity, case: Case, bindings: Bindings, rng: np.random.Generator
    ) -> None:
        self.claim, self.bindings, self.rng = claim, bindings, rng
        owner = claim.derivation if isinstance(claim, Rule) else claim
        self.arguments = owner.arguments
        self.names = [
            name
            for name, argument in owner.arguments.items()
            if isinstance(argument, Real | Arrays) and not argument.drawn_elsewhere
        ]
        self.usual = self._changed(case.inputs, lambda array: np.round(array / _GRID) * _GRID)
        #: The same with all numbers of each array alike.
        self.level = self._changed(self.usual, lambda array: array.flat[0] if array.size else array)

    def _changed(
        self, inputs: Mapping[str, Any], change: Callable[[Floats], Any]
    ) -> dict[str, Any]:
        """The inputs with each array changed, as far as the domains admit it."""
        changed = dict(inputs)
        for name in self.names:
            moved = _copied(inputs[name])
            for array in _arrays(moved):
                array[...] = change(array)
            if self._fits({**changed, name: moved}):
                changed[name] = moved
        return changed

    def targets(self) -> list[Target]:
        """The arrays of reals that the submission is given."""
        inputs = [
            Target(functools.partial(_input, name, k), name, k)
            for name in self.names
            for k in range(len(_arrays(self.usual[name])))
        ]
        found: list[Target] = []
        if isinstance(self.claim, Rule):
            signature, function = self.claim.signature, self.claim.derivation.function
            asked = () if signature is None else (*signature.positional, *signature.keywords)
            found += [one for one in inputs if one.name in asked]
            for k, name in enumerate(self.claim.derivation.options.output):
                if name in asked:
                    found.append(Target(functools.partial(_output, function, k)))
        else:
            for k, call in enumerate(self._calls(self.usual)):
                for position, array in enumerate(call):
                    if not any(_same(array, one.at(self.usual)) for one in found):
                        computed = Target(functools.partial(self._given, k, position))
                        same = (one for one in inputs if _same(array, one.at(self.usual)))
                        found.append(next(same, computed))
        return [one for one in found if one.at(self.usual).size]

    def _calls(self, inputs: Mapping[str, Any], last: int | None = None) -> list[list[Floats]]:
        """The arrays of reals in the calls that an identity makes of the submission."""
        with overheard(last) as calls:
            self.claim.function(**inputs)
        return [list(_reals(call)) for call in calls]

    def _given(self, call: int, position: int, inputs: Mapping[str, Any]) -> Floats:
        return self._calls(inputs, call)[call][position]

    def ways(self, target: Target) -> Iterator[tuple[Wish | None, Mapping[str, Any]]]:
        """The ways in which numbers of an array are to be zero or the same, and from where on."""
        array, rng = target.at(self.usual), self.rng
        n, flat = array.size, array.reshape(-1)
        for a in sorted({0, n - 1, int(rng.integers(n))}):
            yield (a, 0.0, a), self.usual
        yield (0, 0.0, 0), self.level
        if n == 1:
            return
        yield None, self.level
        order = np.argsort(flat, kind="stable")
        width = array.shape[-1]
        pairs = [(order[-1], order[-2]), (order[0], order[1])]
        if 1 < width < n:
            # Neighbours in a row: what is compared is compared there.
            a = int(rng.integers(n // width)) * width + int(rng.integers(width - 1))
            pairs.append((a, a + 1))
        one, other = rng.permutation(n)[:2]
        for a, b in (*pairs, (one, other)):
            yield (int(a), 1.0, int(b)), self.usual
        yield (int(one), -1.0, int(other)), self.usual

    def granted(
        self, target: Target, wish: Wish | None, start: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """Inputs at which a wish holds exactly; None where none were found."""
        inputs = {name: _copied(value) for name, value in start.items()}
        try:
            met = wish is None or self._moved(target, wish, inputs, start is self.level)
        except (SetAside, Violation, ArithmeticError, ValueError):
            return None
        if not met or not self._fits(inputs):
            return None
        return {name: _whole(value) for name, value in inputs.items()}

    def _moved(self, target: Target, wish: Wish, inputs: dict[str, Any], level: bool) -> bool:
        """Move one number of the inputs, or a whole array of the same ones, as wished."""
        a, factor, b = wish

        def left() -> float:
            flat = target.at(inputs).reshape(-1)
            return float(flat[a] - factor * flat[b])

        movers = [
            (array, k)
            for name in ([target.name] if target.name else self.names)
            for array in _arrays(inputs[name])
            for k in range(1 if level else array.size)
        ]
        if target.name:
            movers = [(_arrays(inputs[target.name])[target.number], 0 if level else a)]
        # What a computed number is made of stands most often where it does itself.
        size = target.at(inputs).size
        likely = [(array.size == size and k == a) + (array.size == 1) for array, k in movers]
        order = np.lexsort((self.rng.random(len(movers)), -np.array(likely)))[:_MOVERS]
        places = [(movers[n][0], slice(None) if level else slice(movers[n][1], movers[n][1] + 1))
                  for n in order]  # fmt: skip
        return left() == 0 or any(_root(left, array, place) for array, place in places)

    def _fits(self, inputs: Mapping[str, Any]) -> bool:
        return all(
            argument.contains(inputs[name], self.bindings, inputs)
            for name, argument in self.arguments.items()
        )


def _root(left: Callable[[], float], array: Floats, place: slice) -> bool:
    """Move a part of an array until nothing is left, by the secant; else put it back."""
    flat = array.reshape(-1)
    start, before, rest = flat[place].copy(), flat[place].copy(), left()
    step: Any = -rest
    for _ in range(_STEPS):
        flat[place] = before + step
        now = left()
        if now == 0:
            return True
        if now == rest or not np.isfinite(now):
            break
        by = flat[place] - before
        before, step, rest = flat[place].copy(), by * (now / (rest - now)), now
    for far in (-_FAR, _FAR):
        flat[place] = far
        if left() == 0:
            return True
    flat[place] = start
    return False


def _reals(value: Any) -> Iterator[Floats]:
    """The arrays of reals in the arguments of a call, also of a layer, which are nested."""
    if isinstance(value, tuple | list):
        for one in value:
            yield from _reals(one)
    elif isinstance(value, np.ndarray | np.generic | float) and np.asarray(value).dtype.kind == "f":
        yield np.asarray(value)


def _input(name: str, k: int, inputs: Mapping[str, Any]) -> Floats:
    return _arrays(inputs[name])[k]


def _output(function: Callable[..., Any], k: int, inputs: Mapping[str, Any]) -> Floats:
    return _parts(function(**inputs))[k]


def _parts(raw: Any) -> list[Floats]:
    return [np.asarray(one) for one in (raw if isinstance(raw, tuple) else (raw,))]


def _arrays(value: Any) -> list[Floats]:
    return [np.asarray(one) for one in (value if isinstance(value, list) else [value])]


def _copied(value: Any) -> Any:
    """A copy that can be written to, also of a number."""
    if isinstance(value, list):
        return [np.array(one) for one in value]
    return np.array(value) if isinstance(value, np.ndarray | np.floating) else value


def _whole(value: Any) -> Any:
    return value[()] if isinstance(value, np.ndarray) and not value.ndim else value


def _same(a: Floats, b: Floats) -> bool:
    return a.shape == b.shape and bool(np.all(a == b))
