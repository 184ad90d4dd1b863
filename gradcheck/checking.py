"""``check``: the property over many shapes and values, and its smallest failure."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import os
import re
import secrets
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings, target
from hypothesis.database import DirectoryBasedExampleDatabase

from gradcheck.boundaries import cases_at_boundaries
from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.diagnosis import diagnose
from gradcheck.dims import Bindings, explain
from gradcheck.errors import GradientMismatch, GradientUndecided, InputError, Judged
from gradcheck.hints import Hints, Mistakes, in_language, said
from gradcheck.judging.evidence import COARSEST
from gradcheck.records import Record, count
from gradcheck.regimes import REGIMES
from gradcheck.report.evidence import origin, shown_by
from gradcheck.report.figures import percentage, place, printable
from gradcheck.report.narration import describe, narrate, sentences
from gradcheck.report.phrases import headline, phrase
from gradcheck.sampling import Draft, Sampler
from gradcheck.simplification import Simplifier, discrepancy
from gradcheck.verdict import Status, Verdict, Verdicts
from gradcheck.verification import claims_of, judge_at, judge_drawn

#: Seconds after which a claim is cut off.
TIME_LIMIT = 60.0
#: Seconds after which a diagnosis is cut off, should it not end by itself.
_DIAGNOSIS_LIMIT = 30.0
#: Where failing examples are kept between runs, beside those of Hypothesis itself.
_DATABASE = ".hypothesis/examples"
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
#: How many times smaller the inputs are made to find where an unstable rule is right.
_MODERATE = [2.0**-k for k in range(1, 24)]


@dataclass(frozen=True)
class Profile:
    """How many inputs are tried for a claim, and how they are drawn."""

    name: str
    inputs: int
    derandomized: bool = False
    database: bool = True
    #: Whether the seed alone decides all that is tried: the values at the sizes that are always
    #: tried, which else are the same in every run, and the other sizes, without Hypothesis.
    all_seeded: bool = False
    #: Whether Hypothesis steers towards inputs at which a rule is off by most of what is allowed.
    targeted: bool = False


PROFILES = {
    "dev": Profile("dev", inputs=100),
    "ci": Profile("ci", inputs=100, derandomized=True, database=False),
    "nightly": Profile("nightly", inputs=2000, targeted=True),
}


def default_profile() -> Profile:
    """``ci`` where the environment says so, else ``dev``."""
    return PROFILES["ci" if os.environ.get("CI") else "dev"]


#: Further points at which a claim is judged, of some sizes at a time.
Placed = Callable[[Sampler], Iterable[tuple[Bindings, list[Case]]]]


class TimeUp(BaseException):
    """Raised in the middle of a user's loop; no ``except Exception`` of theirs catches it."""


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
    replay_id: str | None = None,
    hints: Hints | None = None,
    simplify: bool = True,
    width: int | None = None,
    progress: Callable[[int], None] | None = None,
    judged: Callable[[Verdict], object] | None = None,
    excused: Callable[[Verdict], bool] | None = None,
    placed: Placed | None = None,
) -> Outcome:
    """Check one claim; ``replay_id`` is what the printed replay line calls it.

    ``hints`` say how much of a mistake is told; with the level ``"none"`` it is not looked for.
    ``simplify=False`` stops at the first failing point, leaves it as it is and gives it no name.
    ``width`` is that of the reader's screen, see ``narrate``; ``progress`` is told how many inputs
    were judged, ``judged`` each verdict on one; a failure that ``excused`` has an excuse for counts
    as undecided. ``placed`` gives further points, of some sizes at a time, which come before those
    of sizes that are drawn.

    Raises ``DeclarationError`` for an unsound declaration; everything else becomes an outcome.
    """
    claim.require_sound()
    run = _Run(
        claim, profile or default_profile(), seed_, replay_id or claim.id, hints or Hints.of(),
        width, progress, judged, excused, placed,
    )  # fmt: skip
    run.simplified = simplify
    try:
        with limited(time_limit):
            run.explore()
    except TimeUp:
        run.timed_out = time_limit
    if run.failure is not None and simplify:
        # A smaller case may be one at which the user's code does not end.
        with contextlib.suppress(TimeUp), limited(time_limit):
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
    excused: Callable[[Verdict], bool] | None = None
    placed: Placed | None = None
    inputs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    resolutions: list[float] = field(default_factory=list)
    notable: dict[str, Verdict] = field(default_factory=dict)
    kinks: int = 0
    uncovered: int = 0
    evaluations: int = 0
    calls: int = 0
    notes: list[str] = field(default_factory=list)
    failure: Verdict | None = None
    worst: Verdict | None = None
    timed_out: float | None = None
    simplified: bool = True
    seen: set[tuple[Any, ...]] = field(default_factory=set)
    #: How often a failure was gone when the very same was judged again.
    unsteady: int = 0
    #: At how many inputs of each binding of sizes the function raised, and of how many.
    raised: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.sampler = Sampler(self.claim)
        # Of the claim, so that what is always tried is the same in every run.
        self.own = zlib.crc32(self.claim.id.encode())
        if self.seed is None:
            self.seed = self.own if self.profile.derandomized else secrets.randbits(32)

    # ---- looking for trouble ---------------------------------------------------------------

    def explore(self) -> None:
        """Judge at the sizes that are always tried, then at drawn ones, until one fails."""
        own = [self.own, self.seed or 0] if self.profile.all_seeded else self.own
        rng = np.random.default_rng(own)
        with contextlib.suppress(_Found), _seldom_collected():
            for bindings in self.sampler.always():
                edits = tuple((int(a), int(b)) for a, b in rng.integers(0, 2**16, (2, 2)))
                self.example(Draft(bindings, int(rng.integers(2**32)), edits))
                if self.inputs >= self.profile.inputs:
                    return
            self._at_boundaries(np.random.default_rng([self.own, self.seed or 0]))
            for bindings, cases in () if self.placed is None else self.placed(self.sampler):
                self._judge(cases, bindings)
            left = -(-(self.profile.inputs - self.inputs) // len(REGIMES))
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
            verdicts = self.example(draft)
            if self.profile.targeted:
                target(_strain(verdicts), label="discrepancy over bound")

        # The key of the database is made from the name, so each claim has examples of its own.
        claim_holds.hypothesis.inner_test._hypothesis_internal_add_digest = (  # type: ignore[attr-defined]
            f"{self.claim.module}:{self.claim.id}".encode()
        )
        return claim_holds

    def _at_boundaries(self, rng: np.random.Generator) -> None:
        """Judge where the branches of the function meet, and where it goes flat."""
        for cases, bindings in self._boundaries(rng):
            self._judge(cases, bindings)

    def _boundaries(self, rng: np.random.Generator) -> Iterator[tuple[list[Case], Bindings]]:
        bindings = self.sampler.always()[-1:]
        if not bindings or not isinstance(self.claim, Rule) or self.claim.kind == "hessian":
            return
        for _ in range(_STARTS):
            start = next(self.sampler.points(Draft(bindings[0], int(rng.integers(2**32)))))
            cases = cases_at_boundaries(self.claim, start, bindings[0])
            yield cases, bindings[0]
            if len(cases) > 1:
                return

    def _proving(self) -> list[Case]:
        """Points of every regime at usual sizes, and where branches meet."""
        if self.sampler.strategies:
            return []
        rng = np.random.default_rng([self.own, self.seed or 0, 1])
        draft = Draft(self.sampler.always()[-1], int(rng.integers(2**32)))
        at_boundaries = (case for cases, _ in self._boundaries(rng) for case in cases)
        return [*self.sampler.points(draft), *at_boundaries]

    def example(self, draft: Draft) -> list[Verdict]:
        """Judge one point of each regime at the sizes of a draft."""
        return self._judge(list(self.sampler.points(draft)), draft.bindings)

    def _judge(self, cases: list[Case], bindings: Bindings) -> list[Verdict]:
        """Judge at cases of the same sizes, as many as are left."""
        key = tuple(sorted(bindings.items(), key=lambda item: item[0]))
        fresh = key not in self.seen
        self.seen.add(key)
        cases = cases[: self.profile.inputs - self.inputs]
        sizes = explain(bindings)
        # The very first by itself: of a slow function it may be the only one within the limit.
        alone = 0 if self.inputs else 1
        first = judge_drawn(self.claim, cases[:alone], bindings, contracts=fresh)
        verdicts = [self._counted(verdict, sizes) for verdict in first]
        fresh = fresh and not alone
        others = judge_drawn(self.claim, cases[alone:], bindings, contracts=fresh)
        verdicts += [self._counted(verdict, sizes) for verdict in others]
        for verdict in verdicts:
            if verdict.status is Status.FAIL and (
                self._confirmed(verdict) or self._unsteadily(verdict, bindings)
            ):
                if self.worst is None or discrepancy(verdict) > discrepancy(self.worst):
                    self.worst = verdict
                self.failure = self.failure or verdict
                if not self.simplified:
                    break
        if self.failure is not None:
            raise _Found
        return verdicts

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
        self.inputs += 1
        if self.progress is not None:
            self.progress(self.inputs)
        failed = verdict.status is Status.FAIL
        if failed and self.excused is not None and self.excused(verdict):
            verdict = replace(verdict, status=Status.UNDECIDED, cause="coarse", title="")
        if self.judged is not None:
            self.judged(verdict)
        at = self.raised.setdefault(sizes, [0, 0])
        at[0] += verdict.cause == "raised"
        at[1] += 1
        self.evaluations += verdict.evaluations
        self.calls += verdict.calls
        self.kinks += verdict.kinks
        self.uncovered += verdict.uncovered
        self.notes += [note for note in verdict.notes if note not in self.notes]
        label = verdict.cause if verdict.status is Status.UNDECIDED else str(verdict.status)
        self.verdicts[label] += 1
        if verdict.status is Status.PASS:
            self.resolutions.append(verdict.resolution)
        elif verdict.status is Status.UNDECIDED:
            self.notable.setdefault(verdict.cause, verdict)
        return verdict

    # ---- what it came to -------------------------------------------------------------------

    def outcome(self) -> Outcome:
        """The record, with the report of a failure at its smallest case."""
        record = Record(
            claim=self.claim.id,
            kind=self.claim.kind if isinstance(self.claim, Rule) else "identity",
            status=str(Status.PASS),
            file=self.claim.file,
            line=self.claim.line,
            **origin(self.claim),
            inputs=self.inputs,
            set_aside={k: self.verdicts[k] for k in _SET_ASIDE if self.verdicts[k]},
            undecided=sum(self.verdicts[k] for k in _UNDECIDED),
            silent=self.verdicts["silent"],
            resolution=max(
                # Where the smaller half of a gradient is lost, other inputs show it.
                (one for one in self.resolutions if one <= COARSEST),
                default=min(self.resolutions, default=None),
            ),
            finest=min(self.resolutions, default=None),
            kinks=self.kinks,
            uncovered=self.uncovered,
            evaluations=self.evaluations,
            calls=self.calls,
            seed=self.seed or 0,
            notes=[in_language(note, self.hints.language) for note in self.notes],
            unclaimed=self._unclaimed(),
        )
        if self.failure is not None:
            return self._failed(record)
        status, title, reason, example = self._judged(record)
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

    def _unclaimed(self) -> list[str]:
        """Inputs that no rule of the derivation speaks about; said once, with its first rule."""
        if not isinstance(self.claim, Rule) or self.claim not in self.claim.derivation.rules[:1]:
            return []
        owner = self.claim.derivation
        claimed = {name for rule in owner.rules for name in rule.wrt}
        return [f"{owner.name}: {name}" for name in owner.differentiable if name not in claimed]

    def _judged(self, record: Record) -> tuple[Status, str, str, Verdict | None]:
        """What the cases together say where none failed: status, title, reason, an example."""
        aside = sum(record.set_aside.values())
        speaking = self.inputs - record.silent
        if self.timed_out is not None:
            # What was judged was right, so nothing is accused; nothing judged at all is a failure.
            slow = not self.verdicts[str(Status.PASS)]
            return (
                Status.FAIL if slow else Status.UNDECIDED, "too slow" if slow else "",
                said(
                    "cut off after {seconds:g} seconds and {inputs}; does a loop not end? (A loop "
                    "in compiled code is not cut.)",
                    "{seconds:g} 秒、{number} 个输入之后被中止；是否有循环不结束？"
                    "（编译代码中的循环无法中止。）",
                    seconds=self.timed_out, inputs=count(self.inputs, "input"), number=self.inputs,
                ), None,
            )  # fmt: skip
        if not speaking:
            return (
                Status.FAIL, "nothing claimed",
                said(
                    "the claim says nothing at any of {inputs}: {question}",
                    "在全部 {number} 个输入处都没有声明任何内容：{question}",
                    inputs=count(self.inputs, "input"), number=self.inputs,
                    question=_NEVER if getattr(self.claim, "where", None) else _EMPTY,
                ), None,
            )  # fmt: skip
        if self.verdicts["raised"] == speaking:
            verdict = self.notable["raised"]
            return (
                Status.FAIL,
                "the function raises",
                said(
                    "at every input; {remedy}", "在每个输入处；{remedy}", remedy=_REMEDY["raised"]
                ),
                verdict,
            )
        always = [sizes for sizes, (raised, of) in self.raised.items() if raised == of]
        never = [sizes for sizes, (raised, _) in self.raised.items() if not raised]
        if always and len(always) + len(never) == len(self.raised):
            return (
                Status.UNDECIDED, "",
                said(
                    "the function raises at every input of some sizes ({always}) and at none of "
                    "others ({never}): mend it, or declare the sizes, such as {example}",
                    "在某些尺寸（{always}）下函数总是抛出异常，在另一些（{never}）下从不抛出："
                    "请修正函数，或声明尺寸，例如 {example}",
                    always="; ".join(always[:3]), never="; ".join(never[:3]),
                    example='options(sizes={"k": (2, 8)})',
                ), self.notable["raised"],
            )  # fmt: skip
        if 2 * aside > speaking:
            cause = max(record.set_aside, key=lambda k: record.set_aside[k])
            return (
                Status.UNDECIDED, "",
                said(
                    "{some} of {inputs} set aside ({cause}); {remedy}",
                    "{number} 个输入中有 {some} 个被搁置（{cause}）；{remedy}",
                    some=aside, inputs=count(speaking, "input"), number=speaking,
                    cause=_CAUSE[cause], remedy=_REMEDY[cause],
                ), self.notable[cause],
            )  # fmt: skip
        if 2 * record.undecided > speaking - aside or not self.resolutions:
            cause = max(_UNDECIDED, key=lambda k: self.verdicts[k])
            return (
                Status.UNDECIDED, "",
                said(
                    "{some} of {inputs} could not be decided ({cause}); {remedy}",
                    "{number} 个输入中有 {some} 个无法判定（{cause}）；{remedy}",
                    some=record.undecided, inputs=count(speaking - aside, "input"),
                    number=speaking - aside, cause=_CAUSE[cause], remedy=_REMEDY[cause],
                ), self.notable.get(cause),
            )  # fmt: skip
        return Status.PASS, "", "", None

    def _failed(self, record: Record) -> Outcome:
        assert self.failure is not None
        judge = functools.partial(
            judge_at,
            self.claim,
            contracts=self.failure.cause == "contract" or "linear" in self.failure.title,
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
            (v for v in (self.worst, simplifier.worst, shown) if v is not None), key=discrepancy
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
            self._phrase("found", number=self.inputs, seed=self.seed),
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
        with contextlib.suppress(TimeUp), limited(_DIAGNOSIS_LIMIT):
            telling = self.sampler.telling(self.own)
            found = diagnose(self.claim, verdict, telling, proving=self._proving)
            return replace(verdict, mistakes=Mistakes(lambda: (found.mistakes, found.where)))
        return verdict

    def _replay(self, verdict: Verdict) -> str:
        case = repr(verdict.case)
        if len(case) > _LONGEST_CASE:
            # No shell takes a line of any length, and no reader. The same draws meet it again.
            case = f"--profile {self.profile.name} --inputs {self.inputs} --seed {self.seed}"
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


#: Why a claim may say nothing anywhere.
_NEVER = said("does where= ever hold?", "where= 是否从不成立？")
_EMPTY = said(
    "is every array empty? Declare sizes of 1 and more",
    "是否所有数组都是空的？请声明不小于 1 的尺寸",
)
#: Causes for which a case is set aside, and those for which it is undecided.
_SET_ASIDE = ("overflow", "raised", "underflow")
_UNDECIDED = ("coarse", "measurement")
_CAUSE = {
    "overflow": said("the function is not finite there", "函数在那里不是有限数"),
    "raised": said("the function raises there", "函数在那里抛出异常"),
    "underflow": said("digits are lost in numbers close to zero", "接近零的数丢失了有效数字"),
    "coarse": said(
        "the function's own noise hides even large errors", "函数自身的噪声连大的误差也会掩盖"
    ),
    "measurement": said(
        "no single entry could be measured well enough", "没有一个元素能测得足够准"
    ),
}
_REMEDY = {
    "overflow": said(
        "narrow the domain, such as real(…, low=-30, high=30), or rewrite the function so that it "
        "stays finite",
        "缩小定义域，例如 real(…, low=-30, high=30)，或改写函数使其保持有限",
    ),
    "raised": said(
        "narrow the domain to where the function is defined", "把定义域缩小到函数有定义之处"
    ),
    "underflow": said("narrow the domain, or rewrite the expression", "缩小定义域，或改写表达式"),
    "coarse": said(
        "rewrite the function so that it loses fewer digits, or compute it in float64",
        "改写函数以减少有效数字的损失，或用 float64 计算",
    ),
    "measurement": said("keep the domain away from jumps and edges", "让定义域避开跳跃与边界"),
}


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


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise ``TimeUp`` in this thread after ``seconds``; cuts loops of Python code anywhere."""
    thread = ctypes.c_ulong(threading.get_ident())
    finished = threading.Event()
    lock = threading.Lock()

    def cut() -> None:
        with lock:
            if not finished.is_set():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeUp))

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            finished.set()
        timer.cancel()
