"""One mutant on trial: whether it differs from the original, and whether the check sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gradcheck.checking import check_claim
from gradcheck.claims import Identity, Rule
from gradcheck.errors import GradcheckError
from gradcheck.mutation.comparison import Comparison, Original, Point
from gradcheck.mutation.mutants import Mutant
from gradcheck.profiles import Profile
from gradcheck.regimes import REGIMES
from gradcheck.sampling import Sampler
from gradcheck.time_limit import TimeUp, limited
from gradcheck.verdict import Status, Verdict
from gradcheck.verification import judge_at, judge_drawn

#: How many of the inputs at which a survivor differs are looked for, and how many of them are
#: judged, those first that differ most.
_ENOUGH = 42
_JUDGED = 12
#: Inputs at which a mutant that agrees with the original is held to its contracts.
_CONTRACT_INPUTS = 14


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: ``"killed"``, ``"survived"`` or ``"equivalent"``, and how."""

    outcome: str
    #: The headline of the failure that killed it, or what is known about it.
    how: str
    #: Inputs at which it was compared with the original.
    compared: int = 0


def try_mutant(original: Original, mutant: Mutant, profile: Profile, limit: float) -> Fate:
    """The fate of a mutant of ``original`` under the property of ``profile``.

    ``limit`` is how many seconds each of the steps may take. A mutant that raises, breaks a
    contract, does not end or cannot be decided is killed, since the check does not pass it.
    """
    comparison = Comparison(original, mutant)
    differs = True
    try:
        with limited(limit):
            differs = comparison.differs()
    except TimeUp:
        pass  # it does not end, or is slow: the property will tell
    if comparison.differences:
        title = failure(mutant.claim, comparison, profile, limit)
        if title:
            return Fate("killed", title, comparison.compared)
    if not differs:
        # What agrees everywhere may still break a contract.
        profile = Profile(profile.name, _CONTRACT_INPUTS, derandomized=True, database=False)
    outcome = check_claim(mutant.claim, profile, time_limit=limit, simplify=False)
    record = outcome.record
    # With few inputs a claim may say nothing at any of them, which is no case that fails.
    if record.status == str(Status.FAIL) and (differs or outcome.verdict is not None):
        return Fate("killed", record.title or "fails", comparison.compared)
    if not differs:
        return Fate("equivalent", _agreeing(comparison), comparison.compared)
    if record.status == str(Status.UNDECIDED):
        return Fate("killed", "undecided", comparison.compared)
    try:
        with limited(limit):
            while len(comparison.differences) < _ENOUGH and comparison.differs():
                pass
            if not comparison.differences:  # the first comparison was cut off
                return Fate("equivalent", _agreeing(comparison), comparison.compared)
            return Fate("survived", _shown(comparison), comparison.compared)
    except TimeUp:
        how = "passes; it takes too long to look for inputs that show it"
        return Fate("survived", how, comparison.compared)


def _agreeing(comparison: Comparison) -> str:
    return f"agrees with the original to rounding at {comparison.compared} inputs"


def failure(claim: Rule | Identity, comparison: Comparison, profile: Profile, limit: float) -> str:
    """The title of the failure at the first input that shows a difference; empty where none is.

    Of those inputs alone that the property tries in every run: it fails there as well, having
    judged all that come before.
    """
    _, point = comparison.differences[0]
    if not point.first or comparison.compared > profile.inputs:
        return ""
    contracts = point.regime == next(iter(REGIMES))
    try:
        with limited(limit):
            # Drawn for the mutant, since the numbers in its source are among those that are tried.
            cases = dict(zip(REGIMES, Sampler(claim).points(point.draft), strict=True))
            case = cases[point.regime]
            (verdict,) = judge_drawn(claim, [case], point.bindings, contracts=contracts)
            if verdict.status is not Status.FAIL:
                return ""
            again = judge_at(claim, case.afresh(), table=False)
            return verdict.title if again.status is Status.FAIL else ""
    except TimeUp:
        return ""


def _shown(comparison: Comparison) -> str:
    """What the inputs are at which a survivor can be seen, as far as some can be found."""
    found = sorted(comparison.differences, key=lambda pair: pair[0], reverse=True)
    difference, worst = found[0]
    text = f"{_told(difference)} at {worst}"
    for k, (off, point) in enumerate(found[:_JUDGED]):
        verdict = _verdict(comparison.mutant.claim, point)
        if verdict is not None and verdict.status is Status.FAIL:
            return f"{point} show it: there it {_told(off)}"
        if k == 0:
            text += f"; {_unseen(verdict, off)}"
    return text


def _told(difference: float) -> str:
    if difference == np.inf:
        return "raises or has no usable answer"
    return f"differs from the original by {difference:.0e} of its size"


def _unseen(verdict: Verdict | None, difference: float) -> str:
    """Why a difference is not seen at a point."""
    if verdict is None or verdict.status is Status.UNDECIDED:
        reason = verdict.reason if verdict is not None else ""
        return "nothing is accused there" + f": {reason}" * bool(reason)
    if difference <= verdict.resolution:
        return f"the check resolves {verdict.resolution:.0e} there"
    return "both pass there; if it is a kink, options(at_kink=…) says which slope is right"


def _verdict(claim: Rule | Identity, point: Point) -> Verdict | None:
    try:
        (verdict,) = judge_drawn(claim, [point.case], dict(point.bindings), contracts=True)
    except GradcheckError:
        return None
    return verdict
