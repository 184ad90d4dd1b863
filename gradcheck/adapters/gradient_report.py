"""One gradient of a layer: what its outcome says, with a constant up to which it is right."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.adapters.layers import plan_of, rounding_of
from gradcheck.adapters.recognition import Reading
from gradcheck.adapters.scales import scale_of
from gradcheck.adapters.scan_report import FAIL, GradientReport
from gradcheck.checking import Outcome, Profile
from gradcheck.claims import Derivation, Rule


def gradient_report(
    rule: Rule, outcome: Outcome, declared: Derivation, reading: Reading, profile: Profile
) -> GradientReport:
    """What is to be said of one gradient."""
    record, (name,) = outcome.record, rule.wrt
    plan = plan_of(declared)
    report = GradientReport(
        name,
        record.status,
        lands=plan.where(name) if plan else "",
        message=_without_replay(record.message),
        resolution=record.resolution,
        rounding=rounding_of(declared).get(name),
    )
    if record.status != FAIL:
        return report
    report.mistakes = [str(mistake["title"]) for mistake in record.mistakes]
    if record.title and record.title != "wrong value":
        report.mistakes.append(record.title)
    scale = scale_of(rule, outcome, reading, profile)
    if scale:
        report.scale = scale
        report.mistakes.append(f"right up to the constant {scale}")
    return report


def is_wrong(gradients: Sequence[GradientReport]) -> bool:
    """Whether a gradient is wrong, and not by a constant alone."""
    return any(one.verdict == FAIL and not one.scale for one in gradients)


def _without_replay(message: str) -> str:
    """A layer that is scanned has no declaration by which a case could be replayed."""
    lines = [line for line in message.splitlines() if not line.startswith("  gradcheck replay ")]
    return "\n".join(lines).rstrip()
