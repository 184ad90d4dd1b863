"""By how much an answer in single precision is off: some units of the numbers it is made of.

What computes in single precision rounds what it is given and every step on its way, each by at most
a unit u. Of k steps one after the other, on numbers no larger than those at hand, k u of these is a
bound (Higham, Accuracy and Stability of Numerical Algorithms, lemma 3.1). What is cancelled or
multiplied on the way is larger than what is at hand: so everything that an answer is made of is
moved by a share of itself, at random, and what the answer moves by for each unit is lost as well.
The share is so large that noise of a few units in the answers does not count.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.coursework.precision import IN_DOUBLE, UNIT, Lost, Precision
from gradcheck.evaluation import Claim, announce, claim_at
from gradcheck.measurement import measure_jvp
from gradcheck.oracle.directions import magnitudes
from gradcheck.oracle.layout import Vector, unit
from gradcheck.oracle.rounding import is_jittered, plain, wrapped
from gradcheck.subject import Subject
from gradcheck.verdict import Entry, Measured, Verdict

#: Rounding moves an answer by up to so many times what was seen in a few runs, as the engine takes
#: it of a rule.
_MARGIN = 4.0
_RUNS = 8
#: The steps one after the other of a function, as of a norm or a gate; and those of its gradient,
#: which is at most so many times as much work (Baur and Strassen), rounded down to a power of two.
#: Of 287 rules of the library at 9,998 points of every regime single precision is off by 0.1 units
#: of the numbers at hand in the median, by more than 6 at 1 % of the points, and by more than
#: these 32 at 0.3 %, of rules that cancel an offset (``tests.coursework.single_rounding``).
_STEPS = 8
_TIMES = 4
#: Cases of which it is remembered: those of one set of sizes are judged together.
_REMEMBERED = 64
#: Half the digits of single precision: of the answers' own rounding this leaves a share as small.
_MOVE = 2.0**-12
#: So many units in the last place of double precision are one of single.
_UNITS = round(UNIT / np.finfo(np.float64).eps)
_NOTHING = np.zeros(0)


class Rounding:
    """What is known of the rounding of a part's answers; each case is looked at once.

    Called with a case, the largest number at hand and what is sought, it is a ``Bound``.
    """

    def __init__(self, claim: Rule | Identity, precision: Precision) -> None:
        self.claim, self._precision = claim, precision
        self._known: list[tuple[Case, Lost]] = []
        #: Whether answers were believed to be in single precision.
        self.was_single = False
        #: The cases at which what is known was not enough, so that jitter had to tell.
        self._jittered: list[Case] = []

    def was_jittered(self, case: Case) -> bool:
        """Whether what jitter of the inputs moves answers by may have counted at a case.

        Of a side of an identity it always does.
        """
        is_rule = isinstance(self.claim, Rule)
        return not is_rule or any(case is one for one in self._jittered)

    def at(self, case: Case | None) -> Lost:
        """What answers at a case may be off by."""
        if case is None or not self._precision.is_single:
            return IN_DOUBLE
        self.was_single = True
        found = next((lost for known, lost in self._known if known is case), None)
        if found is None:
            found = lost_in_single(self.claim, case)
            self._known = [*self._known[1 - _REMEMBERED :], (case, found)]
        return found

    def __call__(self, case: Case, size: float, sought: float) -> float:
        known = self._of(case, size, sought)
        if not known >= sought > 0 and not (self._jittered and self._jittered[-1] is case):
            self._jittered.append(case)
        return known

    def _of(self, case: Case, size: float, sought: float) -> float:
        is_rule = isinstance(self.claim, Rule)
        if not self._precision.is_single:
            # How far one in double precision is off at most is no measure of how far one is.
            known = IN_DOUBLE.of(size)
            return known if is_rule and known >= sought > 0 else 0.0
        self.was_single = True
        known = Lost(_steps_of(self.claim) * UNIT).of(size)
        return known if known >= sought > 0 else self.at(case).of(size)


def _steps_of(claim: Rule | Identity) -> int:
    return _STEPS * (_TIMES if isinstance(claim, Rule) else 1)


def lost_in_single(claim: Rule | Identity, case: Case) -> Lost:
    """What answers in single precision may be off by at a case."""
    rng = case.rng("single")
    with np.errstate(all="ignore"):
        runs = _of_rule(claim, case, rng) if isinstance(claim, Rule) else _sides(claim, case, rng)
        here, *moved = runs
    off = [
        float(np.max(np.abs(one - here), initial=0.0)) for one in moved if one.shape == here.shape
    ]
    amount = max(filter(np.isfinite, off), default=0.0) / _MOVE
    return Lost(_steps_of(claim) * UNIT, _MARGIN * UNIT * amount)


def _of_rule(rule: Rule, case: Case, rng: np.random.Generator) -> Iterator[Vector]:
    """What a rule answers to one cotangent or tangent, or its entries: here, and moved."""
    along: Vector | None = None
    asked: list[tuple[Claim, list[Vector]] | Vector] = []
    for inputs in _inputs(case, rng):
        # Where it raises, as at the end of its domain, nothing is seen.
        with contextlib.suppress(Exception):
            values, bindings = rule.derivation.accept(inputs)
            subject = Subject(rule.derivation, values, bindings, rule.wrt)
            made = claim_at(rule, subject, case)
            if made.entries is not None:
                asked.append(np.ravel(made.entries.values))
                continue
            layout = subject.outputs if made.pull is not None else subject.inputs
            along = magnitudes(rng, layout.size) if along is None else along
            asked.append((made, [along * _factors(along, rng) if asked else along]))
            continue
        asked.append(_NOTHING)
    announce([one for one in asked if isinstance(one, tuple)])
    for one in asked:
        if not isinstance(one, tuple):
            yield one
            continue
        answer = one[0].pull or one[0].push
        assert answer is not None
        with contextlib.suppress(Exception):
            yield answer(one[1][0])
            continue
        yield _NOTHING


def is_untold_in_single(claim: Rule | Identity, verdict: Verdict) -> bool:
    """Whether single precision cannot tell what a verdict finds apart from what is equal.

    Rounding of the inputs and of every operation of the reference, as if these were in single
    precision, moves what is measured by as much: an entry, or the side of an identity that it moves
    least. What a submission makes of moved inputs is no excuse for it.
    """
    if verdict.case is None:
        return False
    if isinstance(claim, Identity):
        numbers = [value for _, value in verdict.chain]
        return bool(numbers) and max(numbers) - min(numbers) <= untold_in_single(
            claim, verdict.case
        )
    worst, off = verdict.worst, 0.0
    if worst is None or not np.isfinite(worst.claimed):
        return False
    for run, inputs in enumerate(_inputs(verdict.case, verdict.case.rng("untold"), _STEPS * UNIT)):
        with contextlib.suppress(Exception), np.errstate(all="ignore"):  # at the end of its domain
            moved = _entry(claim, inputs, worst, verdict.case.seed + run)
            off = max(off, abs(moved - worst.measured))
        if _MARGIN * off >= abs(worst.claimed - worst.measured):
            return True
    return False


def _entry(rule: Rule, inputs: Mapping[str, Any], at: Entry, run: int) -> float:
    """An entry of the Jacobian of the function of a rule, rounded as in one run, measured."""
    values, bindings = rule.derivation.accept(inputs)
    subject = Subject(rule.derivation, values, bindings, rule.wrt)
    column, row = (
        layout.position(next(leaf for leaf in layout.leaves if leaf.label == label), index)
        for layout, label, index in (
            (subject.inputs, at.input, at.index), (subject.outputs, at.output, at.output_index),
        )
    )  # fmt: skip

    def function(moved: Any) -> Any:
        return subject.rounded(moved, wrapped(run, _UNITS))[0][row]

    return float(measure_jvp(function, [subject.x], [unit(subject.x.size, column)]).value)


def untold_in_single(identity: Identity, case: Case) -> float:
    """By how much the side of an identity moves that moves least, of those computed here."""
    rng = case.rng("untold")
    with np.errstate(all="ignore"):
        here = _each_side(identity, case.inputs)
        runs = [
            _each_side(identity, {n: wrapped(case.seed + k, _UNITS)(v) for n, v in inputs.items()})
            for k, inputs in enumerate(_inputs(case, rng, _STEPS * UNIT))
        ]
    moved = [
        (
            _MARGIN * max((_apart(run[k], side) for run in runs if len(run) > k), default=0.0),
            any(is_jittered(run[k]) for run in runs if len(run) > k),
        )
        for k, side in enumerate(here)
    ]
    own = [amount for amount, is_own in moved if is_own]
    return min(own or [amount for amount, _ in moved], default=0.0)


def _apart(moved: Any, side: Any) -> float:
    """By how much a side has moved; 0 where it is no number any more."""
    moved, side = np.asarray(plain(moved), float), np.asarray(side, float)
    off = float(np.max(np.abs(moved - side), initial=0.0)) if moved.shape == side.shape else 0.0
    return off if np.isfinite(off) else 0.0


def _sides(identity: Identity, case: Case, rng: np.random.Generator) -> Iterator[Vector]:
    """The sides of an identity: here, and moved."""
    for inputs in _inputs(case, rng):
        sides = _each_side(identity, inputs)
        yield np.concatenate([_NOTHING, *(np.ravel(np.asarray(v, float)) for v in sides)])


def _each_side(identity: Identity, inputs: Mapping[str, Any]) -> list[Any]:
    """The sides at some inputs; none where one of them raises, as at the end of its domain."""
    with contextlib.suppress(Exception):
        raw = identity.function(**inputs)
        return [one.value if isinstance(one, Measured) else one for one in raw]
    return []


def _inputs(case: Case, rng: np.random.Generator, by: float = _MOVE) -> Iterator[dict[str, Any]]:
    """The inputs of a case, and as they are moved by a share of them."""
    yield dict(case.inputs)
    for _ in range(_RUNS):
        yield {
            name: _each(value, lambda one: one * _factors(one, rng, by))
            for name, value in case.inputs.items()
        }


def _factors(value: Any, rng: np.random.Generator, by: float = _MOVE) -> Any:
    return 1 + by * rng.choice([-1.0, 1.0], np.shape(value))


def _each(value: Any, change: Callable[[Any], Any]) -> Any:
    """An input with its real numbers changed."""
    if isinstance(value, list):
        return [_each(part, change) for part in value]
    is_real = getattr(getattr(value, "dtype", None), "kind", "") == "f"
    return np.asarray(change(value), dtype=value.dtype)[()] if is_real else value
