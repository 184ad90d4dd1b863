"""The rounding of one claimed number: what of a disagreement the rule's own arithmetic explains."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import largest
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.evaluation import Claim, announce, answers_elsewhere, claim_at
from gradcheck.oracle import rounding
from gradcheck.oracle.captured import Wrap, uses_numbers_of_its_own
from gradcheck.oracle.confirmation import imagined
from gradcheck.oracle.constants import ConstantsAlone
from gradcheck.oracle.ladder import Ladder, Line
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.noise import project
from gradcheck.oracle.scatter import Scatter
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject

Floats = NDArray[np.float64]

#: The rule's own rounding counts so many times the scatter that was seen in a few runs.
_SCATTER_MARGIN = 4.0
_SCATTER_RUNS = 8
#: So many of many units will do where they fall short of what is sought.
_FEW_RUNS = 3
#: Moves add up to a sum whose density at 0 is no larger than that of a normal one: less than one
#: run in a million shows less of it than this part.
_NOWHERE_NEAR = 2.0**20
#: Of a claimed number this share is close enough: what is known of its rounding need not be seen.
_FINE = 1e-6
#: Amounts that are the same to so many digits are one.
_SAME_DIGITS = 6
#: So many runs tell a choice, whose amounts are the same under any jitter.
_CHOICES = 3
#: Of up to so many units, moves of two inputs are seldom alike.
_UNLIKE_UNITS = 16
#: Jitter of so many units makes rounding grow by about as much, at least by this.
_MANY_UNITS = 256
_GROWS = 16.0
#: Answers of no more numbers are kept, since other lines ask for the same.
_MOST_KEPT = 1 << 10


@dataclass
class RuleRounding:
    """That of the claimed ``uᵀJv``, which is ``claimed``, as jitter of every operation shows it.

    Where jitter does not get in, as moves of the inputs alone show it, or as much as is plausible.
    ``rounded`` is the share of its norm by which a sum of products in the claim is rounded.
    """

    rule: Rule
    subject: Subject
    claim: Claim
    case: Case
    ladder: Ladder
    rounded: float
    u: Vector
    v: Vector
    claimed: float

    def within(self, sought: float) -> float:
        """How far the claimed number may be off by the rule's own rounding.

        Less than ``sought`` explains nothing, and more is as good as that much: neither is looked
        at any closer.

        Rounding that is a choice, as of an argsort among equal numbers, is none: at a point at
        which the function is smooth a right rule answers the same whatever it chooses. It is told
        by jitter of many units, under which the one grows and the other does not.
        """
        known = self._known_rounding(sought)
        if _FINE * abs(self.claimed) >= known >= sought > 0:
            return known
        found = self._unseen_rounding()
        if not found >= sought > 0:
            found += self._seen_rounding(max(sought - found, 0.0))
        return found if found >= sought > 0 else max(found, known)

    def _known_rounding(self, sought: float) -> float:
        """That of a rule in another process, of which none is seen; 0 where nothing is known of it.

        Each number that it answers is off by so much at most, whichever way. As the signs of a line
        are drawn, that adds up by the root of their number, and by all of it where it has to.
        """
        if not self._is_remote:
            return 0.0
        u, v, claim = self.u, self.v, self.claim
        if claim.entries is not None:
            weights = np.outer(u[claim.entries.rows], v[claim.entries.columns])
            answer, given = claim.entries.values, 1.0
        else:
            asked, weights = (u, v) if claim.pull is not None else (v, u)
            given = float(np.abs(asked).max())
            if not given > 0:
                return 0.0
            answer, weights = claim.again(asked) / given, weights * given
        parts = [*map(largest, self.subject.values.values()), float(np.abs(answer).max())]
        total = float(np.linalg.norm(weights) if sought > 0 else np.abs(weights).sum())
        size, apart = max(1.0, *parts), sought / total if total > 0 else 0.0
        remote: Any = self.rule.function
        return total * float(remote.lost(self.case, size, apart))

    @property
    def _is_remote(self) -> bool:
        """Whether the rule answers in another process, where no operation of it is jittered."""
        return answers_elsewhere(self.rule)

    @property
    def _is_narrower(self) -> bool:
        """Whether the rule answers in a narrower type than the function computes in."""
        return self.claim.epsilon > self.ladder.epsilon

    def _unseen_rounding(self) -> float:
        """That of numbers which are computed where no jitter of the inputs shows their rounding.

        In the function it changes its slope by the same at every step. Where jitter cannot show it
        either, as much as is plausible.
        """
        functions = (self.subject.derivation.function, self.rule.function)
        uses = functools.partial(uses_numbers_of_its_own, everywhere=True)
        of_function, of_rule = map(uses, functions)
        of_function &= not self.subject.is_measured  # whose error is known
        if not (of_function or of_rule):
            return 0.0
        carried, run = self._jittered_once
        if not carried or run.escaped or run.unseen:
            return self._plausible() if any(map(uses_numbers_of_its_own, functions)) else 0.0
        return self._rounded_slope() if of_function else 0.0

    def _rounded_slope(self) -> float:
        """How far rounding inside the function may change its slope; infinite where unknown.

        By a step in the imaginary direction, where one can be taken: it shows nothing else. By real
        ones otherwise, where these leave the domain of the function by the smaller ones.
        """
        line = Line(self.subject.point, self.v)
        exact = imagined(line, self.ladder, self.ladder.epsilon, its_own=True)
        if exact is not None:
            return _SCATTER_MARGIN * float(np.abs(self.u) @ exact.error)
        for level in sorted({level for pair in self.ladder.pairs for level in pair}):
            step = self.ladder.step(level)
            found = [self._slope(self._jitter, k, step) for k in range(_SCATTER_RUNS)]
            if np.isfinite(found).all():
                return _SCATTER_MARGIN * (max(found) - min(found))
        return np.inf

    def of_literals(self) -> float:
        """That of what function and rule compute from the numbers of their code alone.

        In the function at the largest step, where all else moves the slope the least.
        """
        functions = (self.subject.derivation.function, self.rule.function)
        uses = functools.partial(uses_numbers_of_its_own, literals=True)
        if self.subject.is_measured or not any(map(uses, functions)):
            return 0.0
        step, slopes, claims = self.ladder.step(0), [], []
        made: list[ConstantsAlone] = []

        def jitter(run: int) -> ConstantsAlone:
            made.append(ConstantsAlone(Scatter(self.case.seed + run, literals=True)))
            return made[-1]

        for k in range(_SCATTER_RUNS):
            slopes.append(self._slope(jitter, k, step))
            with contextlib.suppress(Violation, SetAside):
                claim = claim_at(self.rule, self.subject, self.case, jitter(k))
                claims.append(abs(claim.number(self.u, self.v) - self.claimed))
            if not any(wrap.run.met for wrap in made):
                return 0.0  # nothing is computed from them alone
        found = _SCATTER_MARGIN * (max(slopes) - min(slopes) + max(claims, default=0.0))
        return found if np.isfinite(found) else 0.0

    def _jitter(self, run: int) -> Wrap:
        return functools.partial(rounding.jittered, rng=Scatter(self.case.seed + run, heeds=True))

    def _slope(self, jitter: Callable[[int], Wrap], run: int, step: float) -> float:
        """The slope in one run of jitter, by the same signs on both sides: all else cancels."""
        try:
            above, below = (
                self.subject.rounded(
                    self.subject.x + (t * self.v).astype(self.subject.x.dtype), jitter(run)
                )[0]
                for t in (step, -step)
            )
        except Exception:  # of the user's function, at a step
            return np.nan
        return float(project(above - below, self.u)) / (2 * step)

    def _seen_rounding(self, sought: float) -> float:
        """That of the rule as jitter shows it, and where that is not enough, what underflows."""
        if not (self._is_remote or self._is_narrower) and sought > 0 and self._jittered_once[0]:
            moved = self._scattered(0)
            if self._is_enough(0, moved, sought):
                return _SCATTER_MARGIN * moved
            # What even jitter of many units does not explain need not be looked at any closer.
            moved = self._most(sought, sinks=True) or self._most(sought, inputs_alone=True)
            if _SCATTER_MARGIN * moved < sought:
                return _SCATTER_MARGIN * moved * 2.0 / _MANY_UNITS
        found = self._jittered_rounding(sought)
        if self._is_remote or found >= sought > 0:  # no jitter gets to what underflows elsewhere
            return found
        return found + self._underflow()

    def _underflow(self) -> float:
        """By how much the claimed number moves with what has underflowed to 0 on the way to it."""
        moved = self._scattered(0, sinks=True)
        if moved == self._scattered(0):
            return 0.0
        return _SCATTER_MARGIN * max(
            moved, *(self._scattered(k, sinks=True) for k in range(1, _SCATTER_RUNS))
        )

    def _jittered_rounding(self, sought: float) -> float:
        runs, narrow = range(_SCATTER_RUNS), 0.0
        if self._is_narrower:
            # A rule that answers in a narrower type may have narrowed what it is given as well.
            units = int(self.claim.epsilon / self.ladder.epsilon) // 2
            narrowed = self._all_scattered(runs, inputs_alone=True, units=units)
            narrow = _SCATTER_MARGIN * max(narrowed)
            if np.isfinite(narrow) and narrow >= sought > 0:
                return narrow
            if self._is_remote:  # what it computes with has no other last bits
                return narrow + self._plausible()
        return narrow + self._own_rounding(max(sought - narrow, 0.0))

    def _own_rounding(self, sought: float) -> float:
        """That of a rule that computes with what it is given."""
        runs, moves = range(_SCATTER_RUNS), []
        self._ahead(runs)
        for k in runs:
            moves.append(self._scattered(k))
            if self._is_enough(k, moves[-1], sought):
                return _SCATTER_MARGIN * moves[-1]
        found = max(moves)
        seen = self._is_remote or self._jittered_once[0]
        if 0 < _SCATTER_MARGIN * found < sought and seen:
            return _SCATTER_MARGIN * found
        plausible = 0.0
        if (self.claim.pull is not None or self._is_narrower) and not self._jittered_once[0]:
            plausible = self._plausible()
        grows = found > 0 and self._grows(moves.index(found), found)
        # What rounding has moved as far as it can, as the phase of a wave, does not grow.
        if grows or (_differ(moves) and not self._is_choice(moves)):
            # Where jitter does not come through, it has moved what comes before that alone.
            return _SCATTER_MARGIN * found + plausible
        # Not to be jittered, not computed by numpy alone, or not steady: what its inputs show.
        moves = self._all_scattered(runs, inputs_alone=True)
        shown = max(moves)
        if plausible < shown < np.inf:
            # A choice moves by one of a few amounts however far the inputs do, rounding by others.
            # Each by so many units of its own: two by the same, up and down, would cancel.
            moves = self._all_scattered(runs, inputs_alone=True, units=_UNLIKE_UNITS, mixed=True)
            shown = shown if _differ(moves) else 0.0
        return _SCATTER_MARGIN * shown + plausible

    def _plausible(self) -> float:
        """The rounding of numbers as large as the largest of a claim, as in 1 - 1 / (1 + e)."""
        largest = max(float(np.abs(part).max()) for part in (self._answer(self.claim), self.u))
        return self.rounded * largest * float(np.abs(self.v).max())

    def _answer(self, claim: Claim) -> Floats:
        """What a claim says: of all that it pulls back or pushes, or its entries."""
        if claim.pull is not None:
            return claim.again(self.u)
        if claim.push is not None:
            return claim.again(self.v / np.abs(self.v).max())
        assert claim.entries is not None
        return claim.entries.values

    def _is_enough(self, run: int, moved: float, sought: float) -> bool:
        """Whether what a run of jitter has moved explains what is sought, and is rounding."""
        return _SCATTER_MARGIN * moved >= sought > 0 and self._grows(run, moved)

    def _grows(self, run: int, moved: float) -> bool:
        """Whether a run of jitter moves the claimed number by more where it is of many units."""
        # By the same signs, so that what cancels does so in both.
        return self._scattered(run, units=_MANY_UNITS) >= _GROWS * moved

    def _is_choice(self, moves: Sequence[float]) -> bool:
        """Whether jitter of many units moves the claimed number to where that of one does."""
        # In others the choice may have stayed what it is, and rounding alone is seen.
        runs = sorted(range(len(moves)), key=lambda k: -moves[k])[:_CHOICES]
        return all(
            round(self._scattered(k, units=_MANY_UNITS) / moves[k], _SAME_DIGITS) == 1
            for k in runs
            if moves[k] > 0
        )

    @functools.cached_property
    def _jittered_once(self) -> tuple[bool, Scatter]:
        """Whether jitter came through to all answers of the rule, and what was seen in that run.

        Answers that move have not seen all of it: where an array is made plain on the way, what is
        computed from it is exact from there on.
        """
        key = "once", *self._key(0, {})
        if key not in self.subject.asked:
            self.subject.asked[key] = self._run_once()
        found: tuple[bool, Scatter] = self.subject.asked[key]
        return found

    def _run_once(self) -> tuple[bool, Scatter]:
        run = Scatter(self.case.seed, heeds=True)
        wrap = functools.partial(rounding.jittered, rng=run)
        try:
            claim = claim_at(self.rule, self.subject, self.case, wrap)
            answer = self._answer(claim)
        except (Violation, SetAside):
            return False, run
        if claim.push is None:  # what is pushed is scaled for it
            self._keep(self._key(0, {}), answer)
        return claim.carried, run

    def _scattered(self, run: int, **how: Any) -> float:
        """By how much one run of jitter moves the claimed number."""
        try:
            with np.errstate(all="ignore"):
                off = abs(self._number_in(run, how) - self.claimed)
        except (Violation, SetAside):
            return np.inf if how.get("inputs_alone") else 0.0
        return np.inf if np.isnan(off) else off

    def _most(self, sought: float, **how: Any) -> float:
        """By how much a few runs of jitter of up to many units move the claimed number at most.

        Two moves by the same would cancel in every other run. One run is enough where it shows a
        move that explains what is ``sought``, or is nowhere near.
        """
        how.update(units=_MANY_UNITS, mixed=True)
        most = 0.0
        for run in range(_FEW_RUNS):
            most = max(most, self._scattered(run, **how))
            if 0 < _NOWHERE_NEAR * most < sought or _SCATTER_MARGIN * most >= sought:
                break
        return most

    def _all_scattered(self, runs: Sequence[int], **how: Any) -> list[float]:
        self._ahead(runs, **how)
        return [self._scattered(run, **how) for run in runs]

    def _ahead(self, runs: Sequence[int], **how: Any) -> None:
        """Ask for the answers of some runs in one message, where each would be one."""
        if self.claim.remote is None:
            return
        asked = self.u if self.claim.pull is not None else self.v
        fresh: list[tuple[Any, Claim]] = []
        for run in runs:
            key = self._key(run, how)
            if key not in self.subject.asked:
                wrap = rounding.wrapped(self.case.seed + run, **how)
                # Nothing is asked of it yet, so nothing is broken.
                fresh.append((key, claim_at(self.rule, self.subject, self.case, wrap)))
        if fresh:
            announce([(claim, [asked]) for _, claim in fresh])
        for key, claim in fresh:
            self.subject.asked[key] = self._said(claim)

    def _key(self, run: int, how: Mapping[str, Any]) -> Any:
        asked = self.u if self.claim.pull is not None else self.v
        of = b"" if self.claim.entries is not None else asked.tobytes()
        return self.rule.id, self.case.seed, run, *sorted(how.items()), of

    def _keep(self, key: Any, said: Floats | Violation | SetAside) -> None:
        if not isinstance(said, np.ndarray) or said.size <= _MOST_KEPT:
            self.subject.asked[key] = said

    def _said(self, claim: Claim) -> Floats | Violation | SetAside:
        """What a claim says in a run, of one vector or in its entries, or how that went wrong."""
        try:
            if claim.entries is not None:
                return claim.entries.values
            return claim.again(self.u if claim.pull is not None else self.v)
        except (Violation, SetAside) as broken:
            return broken

    def _number_in(self, run: int, how: Mapping[str, Any]) -> float:
        """The claimed number in one run; other lines may have asked for the same answer before."""
        self._ahead([run], **how)
        key, entries = self._key(run, how), self.claim.entries
        said = self.subject.asked.get(key)
        if said is None:
            wrap = rounding.wrapped(self.case.seed + run, **how)
            said = self._said(claim_at(self.rule, self.subject, self.case, wrap))
            self._keep(key, said)
        if not isinstance(said, np.ndarray):
            raise said
        if entries is not None:
            return float(self.u[entries.rows] @ said @ self.v[entries.columns])
        return float(said @ (self.v if self.claim.pull is not None else self.u))


def _differ(moves: Sequence[float]) -> bool:
    """Whether most of some amounts are different: of a choice there are but a few."""
    largest = max(moves)
    if not 0 < largest < np.inf:
        return False
    amounts = np.unique(np.round(np.array(moves) / largest, _SAME_DIGITS))
    return 2 * amounts.size > len(moves)
