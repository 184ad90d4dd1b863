"""``check``: the property over many shapes and values, and its smallest failure."""

from __future__ import annotations

import contextlib
import functools
import gc
import re
import secrets
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NoReturn

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings, target
from hypothesis.database import DirectoryBasedExampleDatabase

from gradcheck.boundaries import cases_at_boundaries
from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.diagnosis import diagnose
from gradcheck.dims import Bindings, explain
from gradcheck.errors import GradientMismatch, GradientUndecided, InputError, Judged
from gradcheck.hints import Hints, Mistakes, in_language
from gradcheck.profiles import PROFILES, TIME_LIMIT, Profile, default_profile
from gradcheck.records import Record
from gradcheck.regimes import REGIMES
from gradcheck.report.evidence import shown_by
from gradcheck.report.figures import percentage, place, printable
from gradcheck.report.narration import describe, narrate, sentences
from gradcheck.report.phrases import headline, phrase
from gradcheck.sampling import Draft, Sampler
from gradcheck.simplification import Simplifier, discrepancy
from gradcheck.tally import Tally
from gradcheck.time_limit import TimeUp, limited
from gradcheck.verdict import Status, Verdict, Verdicts
from gradcheck.verification import claims_of, judge_at, judge_drawn

#: Seconds of computing after which a diagnosis is cut off, should it not end by itself.
_DIAGNOSIS_LIMIT = 30.0
#: So many times as many seconds may go by on the way from a failure to its report: what was found
#: should not be lost on a busy machine.
_PATIENCE = 2.0
#: Where failing examples are kept between runs, beside those of Hypothesis itself.
_DATABASE = ".hypothesis/examples"
#: What a failure is that contracts alone show.
_BROKEN = ("contract", "function")
#: A case of more characters fills a screen and is replayed by its draw; nor is a script of more
#: lines printed.
_LONGEST_CASE = 1000
_MOST_LINES = 24
#: So many more objects are made before cyclic garbage is looked for: a tenth less time, some MB.
_COLLECTED_AFTER = 20_000
#: A claim that failed and does not when the very same is judged again changes its answers; so often
#: that is not chance.
_UNSTEADY = 3
#: From so many points at most boundaries are looked for, until some are found.
_STARTS = 3
#: The title of a failure at ties alone, and how many inputs without any are tried before that.
_TIED, _UNTIED = "wrong where inputs tie", 8
#: How many times smaller the inputs are made to find where an unstable rule is right.
_MODERATE = [2.0**-k for k in range(1, 24)]


#: Further points at which a claim is judged, of some sizes at a time.
Placed = Callable[[Sampler], Iterable[tuple[Bindings, list[Case]]]]


@dataclass
class Outcome:
    """What checking one claim came to, with the verdict on its smallest failing case."""

    record: Record
    verdict: Verdict | None = None

    def raise_for_failure(self) -> None:
        """Raise ``GradientMismatch`` or ``GradientUndecided`` with the whole report."""
        if self.record.status == str(Status.PASS):
            return
        failed = self.record.status == str(Status.FAIL)
        error: type[Judged] = GradientMismatch if failed else GradientUndecided
        raise error(
            self.record.message, Verdicts([self.verdict] if self.verdict is not None else [])
        )


def check(
    obj: Any, *, inputs: int | None = None, seed: int | None = None, profile: str | None = None
) -> list[Record]:
    """Check every claim of ``obj`` on many shapes and values.

    ``obj`` is a derivation, a rule or an identity; ``inputs`` is the number of points a claim,
    ``profile`` one of ``"dev"``, ``"ci"``, ``"nightly"``. Returns a record for each claim. Raises
    ``GradientMismatch`` with the whole report where a claim is wrong, ``GradientUndecided`` where
    none is wrong and one could not be decided.
    """
    if profile is not None and profile not in PROFILES:
        raise InputError(f"profile {profile!r}; there are {', '.join(PROFILES)}")
    chosen = PROFILES[profile] if profile else default_profile()
    if inputs is not None:
        chosen = replace(chosen, inputs=inputs)
    outcomes = [check_claim(claim, chosen, seed) for claim in claims_of(obj)]
    for status in (Status.FAIL, Status.UNDECIDED):
        bad = [outcome for outcome in outcomes if outcome.record.status == str(status)]
        if bad:
            error = GradientMismatch if status is Status.FAIL else GradientUndecided
            verdicts = Verdicts([outcome.verdict for outcome in bad if outcome.verdict is not None])
            raise error("\n\n".join(outcome.record.message for outcome in bad), verdicts)
    return [outcome.record for outcome in outcomes]


def check_claim(
    claim: Rule | Identity,
    profile: Profile | None = None,
    seed_: int | None = None,
    *,
    time_limit: float = TIME_LIMIT,
    patience: float = 1.0,
    replay_id: str | None = None,
    hints: Hints | None = None,
    simplify: bool = True,
    width: int | None = None,
    progress: Callable[[int], None] | None = None,
    judged: Callable[[Verdict], object] | None = None,
    excused: Callable[[Verdict], Verdict | None] | None = None,
    placed: Placed | None = None,
) -> Outcome:
    """Check one claim; ``replay_id`` is what the printed replay line calls it.

    ``hints`` say how much of a mistake is told; with the level ``"none"`` it is not looked for.
    ``simplify=False`` stops at the first failing point, leaves it as it is and gives it no name.
    ``width`` is that of the reader's screen, see ``narrate``; ``progress`` is told how many inputs
    were judged, ``judged`` each verdict on one; a failure that ``excused`` has an excuse for counts
    as the verdict that it gives instead. ``placed`` gives further points, of some sizes at a time,
    which come before those of sizes that are drawn. ``patience`` is that of ``limited``.

    Raises ``DeclarationError`` for an unsound declaration; everything else becomes an outcome.
    """
    claim.require_sound()
    run = _Run(
        claim, profile or default_profile(), seed_, replay_id or claim.id, hints or Hints.of(),
        width, progress, judged, excused, placed,
    )  # fmt: skip
    run.simplified = simplify
    with _seldom_collected():
        try:
            with limited(time_limit, patience=patience):
                run.explore()
        except TimeUp:
            run.timed_out = time_limit
        if run.failure is not None and simplify:
            # A smaller case may be one at which the user's code does not end.
            patience = max(patience, _PATIENCE)
            with contextlib.suppress(TimeUp), limited(time_limit, patience=patience):
                return run.outcome()
            run.simplified = False
        return run.outcome()


class _Found(Exception):
    """Ends the exploration at a failure."""


def _strain(verdicts: list[Verdict]) -> float:
    """The largest share of its bound by which a claimed number was off."""
    shares = [0.0]
    for verdict in verdicts:
        if verdict.status is Status.PASS:
            claimed, measured, error = map(
                np.ravel, (verdict.claimed, verdict.measured, verdict.error)
            )
            with np.errstate(all="ignore"):
                off = np.abs(claimed - measured) / error
            shares += off[np.isfinite(off)].tolist()
    return max(shares)


@dataclass
class _Run:
    """One exploration and what it has seen."""

    claim: Rule | Identity
    profile: Profile
    seed: int | None
    replay_id: str
    hints: Hints
    width: int | None = None
    progress: Callable[[int], None] | None = None
    judged: Callable[[Verdict], object] | None = None
    excused: Callable[[Verdict], Verdict | None] | None = None
    placed: Placed | None = None
    failure: Verdict | None = None
    timed_out: float | None = None
    simplified: bool = True
    seen: set[tuple[Any, ...]] = field(default_factory=set)
    #: How often a failure was gone when the very same was judged again.
    unsteady: int = 0

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.claim)
        self.tally = Tally(self.claim)
        # Of the claim, so that what is always tried is the same in every run.
        self.own = zlib.crc32(self.claim.id.encode())
        if self.seed is None:
            self.seed = self.own if self.profile.derandomized else secrets.randbits(32)

    # ---- looking for trouble ---------------------------------------------------------------

    def explore(self) -> None:
        """Judge at the sizes that are always tried, then at drawn ones, until one fails."""
        own = [self.own, self.seed or 0] if self.profile.all_seeded else self.own
        rng = np.random.default_rng(own)
        with contextlib.suppress(_Found):
            for bindings in self.sampler.sizes.always():
                edits = tuple((int(a), int(b)) for a, b in rng.integers(0, 2**16, (2, 2)))
                self.example(Draft(bindings, int(rng.integers(2**32)), edits))
                if self.tally.inputs >= self.profile.inputs:
                    return
            self._one_by_one(np.random.default_rng([self.own, self.seed or 0, 2]))
            self._at_boundaries(np.random.default_rng([self.own, self.seed or 0]))
            for bindings, cases in () if self.placed is None else self.placed(self.sampler):
                self._judge(cases, bindings)
            left = -(-(self.profile.inputs - self.tally.inputs) // len(REGIMES))
            if left > 0 and self.profile.all_seeded and not self.sampler.strategies:
                for draft in self.sampler.covering(rng, left):
                    self.example(draft)
            elif left > 0:
                self._drawn(left)()

    def _drawn(self, examples: int) -> Any:
        database = DirectoryBasedExampleDatabase(_DATABASE) if self.profile.database else None

        @seed(self.seed)
        @settings(
            max_examples=examples,
            deadline=None,
            database=database,
            # Without shrinking: our own simplifier sees entries where Hypothesis sees a seed.
            phases=(Phase.reuse, Phase.generate, Phase.target),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(self.sampler.drafts())
        def claim_holds(draft: Draft) -> None:
            if self.failure is not None:
                self._stop()  # Hypothesis asks once more; a rule with a memory may have changed
            verdicts = self.example(draft)
            if self.profile.targeted:
                target(_strain(verdicts), label="discrepancy over bound")

        # The key of the database is made from the name, so each claim has examples of its own.
        claim_holds.hypothesis.inner_test._hypothesis_internal_add_digest = (  # type: ignore[attr-defined]
            f"{self.claim.module}:{self.claim.id}".encode()
        )
        return claim_holds

    def _one_by_one(self, rng: np.random.Generator) -> None:
        """Judge at usual values of sizes of which one alone is 1."""
        for bindings in self.sampler.sizes.alone():
            draft = Draft(bindings, int(rng.integers(2**32)))
            self._judge([next(self.sampler.points(draft))], bindings)

    def _at_boundaries(self, rng: np.random.Generator) -> None:
        """Judge where the branches of the function meet, and where it goes flat."""
        for cases, bindings in self._boundaries(rng):
            self._judge(cases, bindings)

    def _boundaries(self, rng: np.random.Generator) -> Iterator[tuple[list[Case], Bindings]]:
        bindings = self.sampler.sizes.always()[-1:]
        if not bindings or not isinstance(self.claim, Rule) or self.claim.kind == "hessian":
            return
        for _ in range(_STARTS):
            start = next(self.sampler.points(Draft(bindings[0], int(rng.integers(2**32)))))
            cases = cases_at_boundaries(self.claim, start, bindings[0])
            yield cases, bindings[0]
            if len(cases) > 1:
                return

    def _proving(self) -> list[Case]:
        """Points of every regime at usual sizes, one at each other, and where branches meet."""
        if self.sampler.strategies:
            return []
        rng = np.random.default_rng([self.own, self.seed or 0, 1])
        *others, usual = (
            self.sampler.points(Draft(bindings, int(rng.integers(2**32))))
            for bindings in self.sampler.sizes.always()
        )
        at_boundaries = (case for cases, _ in self._boundaries(rng) for case in cases)
        return [*usual, *(next(points) for points in others), *at_boundaries]

    def example(self, draft: Draft) -> list[Verdict]:
        """Judge one point of each regime at the sizes of a draft."""
        return self._judge(list(self.sampler.points(draft)), draft.bindings)

    def _judge(self, cases: list[Case], bindings: Bindings) -> list[Verdict]:
        """Judge at cases of the same sizes, as many as are left."""
        key = tuple(sorted(bindings.items(), key=lambda item: item[0]))
        fresh = key not in self.seen
        self.seen.add(key)
        cases = cases[: self.profile.inputs - self.tally.inputs]
        sizes = explain(bindings)
        # The very first by itself: of a slow function it may be the only one within the limit.
        alone = 0 if self.tally.inputs else 1
        verdicts = []
        for several in cases[:alone], cases[alone:]:
            for verdict in judge_drawn(self.claim, several, bindings, contracts=fresh):
                verdicts.append(self._counted(verdict, sizes))
                self._stop_at_a_failure(verdicts[-1], bindings)
            fresh = fresh and not several
        return verdicts

    def _stop_at_a_failure(self, verdict: Verdict, bindings: Bindings) -> None:
        """Raise ``_Found`` at one that fails again."""
        if verdict.status is Status.FAIL and (
            self._confirmed(verdict) or self._unsteadily(verdict, bindings)
        ):
            self.failure = verdict
            self._stop()

    def _stop(self) -> NoReturn:
        """From one place, by which Hypothesis knows that it is the same failure."""
        raise _Found

    def _confirmed(self, verdict: Verdict) -> bool:
        """Whether it fails again in fresh directions."""
        assert verdict.case is not None
        again = Case(verdict.case.inputs, verdict.case.seed ^ 0x5EED)
        return judge_at(self.claim, again, table=False).status is Status.FAIL

    def _unsteadily(self, verdict: Verdict, bindings: Bindings) -> bool:
        """Whether failures are gone when the very same is judged again, once more than by chance.

        A rule that is wrong when it first meets an input, say, and right from then on.
        """
        assert verdict.case is not None
        (again,) = judge_drawn(self.claim, [verdict.case], bindings, contracts=True)
        self.unsteady += again.status is not Status.FAIL
        return self.unsteady >= _UNSTEADY

    def _counted(self, verdict: Verdict, sizes: str) -> Verdict:
        if self.progress is not None:
            self.progress(self.tally.inputs + 1)
        if verdict.status is Status.FAIL and self.excused is not None:
            instead = self.excused(verdict)
            verdict = verdict if instead is None else instead
        if self.judged is not None:
            self.judged(verdict)
        self.tally.add(verdict, sizes)
        return verdict

    # ---- what it came to -------------------------------------------------------------------

    def outcome(self) -> Outcome:
        """The record, with the report of a failure at its smallest case."""
        record = self.tally.record(self.seed or 0, self.hints.language)
        if self.failure is not None:
            return self._failed(record)
        status, title, reason, example = self.tally.conclusion(record, self.timed_out)
        record.status, record.title = str(status), title
        if status is not Status.PASS:
            language = self.hints.language
            head = phrase("undecided", language)
            if title:
                head = phrase("fail", language, title=headline(title, language))
            lines = [
                f"{printable(self.claim.id)}: {head}",
                place(self.claim.file, self.claim.line),
                "",
                *sentences(in_language(reason, language), self.width),
            ]
            if example is not None:
                lines += narrate(example, self.hints, width=self.width).splitlines()[2:]
                lines += ["", f"  {self._replay(example)}"]
            record.message = "\n".join(lines)
        return Outcome(record, example)

    def _untied(self, tied: Verdict) -> Verdict:
        """A failure without ties where there is one: what is wrong elsewhere is not so by a tie."""
        rng = np.random.default_rng([self.own, self.seed or 0, 3])
        for bindings in self.sampler.sizes.always()[-1:] * _UNTIED:
            case = next(self.sampler.points(Draft(bindings, int(rng.integers(2**32)))))
            verdict = judge_at(self.claim, case, table=False)
            found = verdict.status is Status.FAIL and verdict.title != _TIED
            if found and self._confirmed(verdict):
                return verdict
        return tied

    def _failed(self, record: Record) -> Outcome:
        assert self.failure is not None
        if self.simplified and self.failure.title == _TIED:
            self.failure = self._untied(self.failure)
        judge = functools.partial(
            judge_at,
            self.claim,
            contracts=self.failure.cause in _BROKEN or "linear" in self.failure.title,
            table=False,
        )
        simplifier = Simplifier(self.sampler.owner, judge, self.failure)
        shown = self.failure
        if self.simplified:
            simplest = simplifier.run()
            if not self._confirmed(simplest):
                simplest = self.failure
            assert simplest.case is not None
            # Once more, with every entry measured, to be shown.
            shown = judge_at(self.claim, simplest.case)
            if shown.status is not Status.FAIL:
                shown = simplest
        worst = max(
            (v for v in (self.failure, simplifier.worst, shown) if v is not None), key=discrepancy
        )
        shown = self._diagnosed(shown)
        record.status, record.title = str(Status.FAIL), shown.title
        record.failure = shown_by(self.claim, shown, self._met(shown), self._replay(shown))
        if self.hints.shows("what"):
            record.mistakes = [mistake.as_dict(self.hints) for mistake in shown.mistakes]
        lines = [narrate(shown, self.hints, width=self.width)]
        if shown.title == "numerically unstable" and self.simplified and shown.case is not None:
            lines += ["", self._moderate(shown.case)]
        if worst.worst is not None and shown.kind != "identity":
            record.largest_discrepancy = discrepancy(worst)
            seen, entry = percentage(discrepancy(worst)), describe(worst, self.hints.language)
            told = self._phrase("largest", share=seen, entry=entry)
            lines += ["", *sentences(told, self.width)]
        else:
            lines.append("")
        lines += [
            self._phrase("found", number=self.tally.inputs, seed=self.seed),
            "",
            f"  {record.failure.replay}",
        ]
        script = record.failure.reproducer
        fits = script.count("\n") < _MOST_LINES and len(record.failure.case) <= _LONGEST_CASE
        if script and fits:
            # Not indented: it is to be pasted as it stands.
            lines += ["", self._phrase("script"), "", printable(script)]
        record.message = "\n".join(lines)
        return Outcome(record, shown)

    def _met(self, shown: Verdict) -> Verdict | None:
        """The case at which the failure was met, with its entries; None where it is the smallest.

        What is wrong is often seen better there: a smaller case has fewer entries.
        """
        assert self.failure is not None
        if not self.simplified or self.failure.case is None or self.failure.case is shown.case:
            return None
        verdict = judge_at(self.claim, self.failure.case)
        return verdict if verdict.status is Status.FAIL else None

    def _diagnosed(self, verdict: Verdict) -> Verdict:
        """The verdict with the mistakes that it looks like."""
        if not self.simplified or not self.hints.shows("where"):
            return verdict
        # The clock of a diagnosis cannot stop a loop inside a rule that it edits.
        with contextlib.suppress(TimeUp), limited(_DIAGNOSIS_LIMIT, patience=_PATIENCE):
            telling = self.sampler.telling(self.own)
            found = diagnose(self.claim, verdict, telling, proving=self._proving)
            return replace(verdict, mistakes=Mistakes(lambda: (found.mistakes, found.where)))
        return verdict

    def _replay(self, verdict: Verdict) -> str:
        case = repr(verdict.case)
        if len(case) > _LONGEST_CASE:
            # No shell takes a line of any length, and no reader. The same draws meet it again.
            case = f"--profile {self.profile.name} --inputs {self.tally.inputs} --seed {self.seed}"
            return f'gradcheck check "{self.replay_id}" {case}'
        # Inside double quotes a shell reads these four.
        case = re.sub(r'([\\"$`])', r"\\\1", case)
        return f'gradcheck replay "{self.replay_id}" "{case}"'

    def _moderate(self, case: Case) -> str:
        """Where an unstable rule is right: the first smaller inputs at which it passes."""
        for factor in _MODERATE:
            inputs = {
                name: value * factor if _is_real_array(value) else value
                for name, value in case.inputs.items()
            }
            with contextlib.suppress(InputError):
                if judge_at(self.claim, case.with_inputs(inputs), table=False):
                    return self._phrase("moderate", factor=factor)
        return self._phrase("never moderate")

    def _phrase(self, name: str, **values: object) -> str:
        return phrase(name, self.hints.language, **values)


def _is_real_array(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "f"


@contextlib.contextmanager
def _seldom_collected() -> Iterator[None]:
    """Look for cyclic garbage less often: judging leaves much that is freed without."""
    usual = gc.get_threshold()
    if gc.isenabled() and 0 < usual[0] < _COLLECTED_AFTER:
        gc.set_threshold(_COLLECTED_AFTER, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)
