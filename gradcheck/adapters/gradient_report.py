"""One gradient of a layer: what its outcome says, with a constant up to which it is right."""

from __future__ import annotations

from collections.abc import Sequence

from gradcheck.adapters.layers import plan_of, rounding_of
from gradcheck.adapters.scales import scale_of
from gradcheck.adapters.scan_report import FAIL, GradientReport
from gradcheck.adapters.settling import Reading
from gradcheck.checking import Outcome
from gradcheck.claims import Derivation, Rule
from gradcheck.profiles import Profile
from gradcheck.records import Record


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
        message=message_of(record),
        resolution=record.resolution,
        rounding=rounding_of(declared).get(name),
    )
    if record.status != FAIL:
        return report
    report.mistakes = mistakes_of(record)
    scale = scale_of(rule, outcome, reading, profile)
    if scale:
        report.scale = scale
        report.mistakes.append(f"right up to the constant {scale}")
    return report


def is_wrong(gradients: Sequence[GradientReport]) -> bool:
    """Whether a gradient is wrong, and not by a constant alone."""
    return any(one.verdict == FAIL and not one.scale for one in gradients)


def mistakes_of(record: Record) -> list[str]:
    """The names of what is wrong."""
    named = [str(mistake["title"]) for mistake in record.mistakes]
    return named + [record.title] * (record.title not in ("", "wrong value"))


def message_of(record: Record) -> str:
    """A layer that is scanned has no declaration by which a case could be replayed."""
    lines = record.message.splitlines()
    return "\n".join(one for one in lines if not one.startswith("  gradcheck replay ")).rstrip()
