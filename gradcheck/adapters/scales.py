"""Constants up to which a gradient is right, such as 1/n: a mistake, or a convention.

A batch may be averaged in the loss or in the gradient, and the code alone does not say which.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from gradcheck.adapters.judgements import outcomes_of
from gradcheck.adapters.kinds import Kind
from gradcheck.adapters.known import kind_of, roles_of
from gradcheck.adapters.layers import declare, plan_of
from gradcheck.adapters.places import evaluate
from gradcheck.adapters.scan_report import FAIL, PASS, SCALED, LayerReport
from gradcheck.adapters.settling import Reading
from gradcheck.checking import Outcome
from gradcheck.claims import Rule
from gradcheck.profiles import Profile
from gradcheck.verdict import Entry

#: A ratio within this of a constant is worth trying as one, however well it was measured; the
#: verdict is that of the trial.
_NEAR = 1e-2


def scale_of(rule: Rule, outcome: Outcome, reading: Reading, profile: Profile) -> str:
    """The constant, an expression in sizes, up to which a wrong gradient is right; or nothing."""
    verdict, (name,) = outcome.verdict, rule.wrt
    if verdict is None or verdict.worst is None or outcome.record.title != "wrong value":
        return ""
    worst = verdict.worst
    if worst.measured == 0 or worst.claimed == 0:
        return ""
    ratio = worst.claimed / worst.measured
    if abs(ratio - 1) <= _NEAR:
        return ""  # off by something else: for a single sample, every constant is 1
    if any(_has_another(entry, ratio) for entry in verdict.entries):
        return ""
    bindings = dict(verdict.bindings)
    sizes = [n for n, size in bindings.items() if isinstance(size, int)]
    for text in (*constants(sizes), *(["-1"] if _gives_forces(reading) else [])):
        value = evaluate(text, bindings, {})
        if abs(ratio - value) > _NEAR * abs(value):
            continue
        scaled = declare((*reading.sighting.what, _with_scale(reading, name, text)), reading.inputs)
        for again, tried in outcomes_of(scaled, profile, simplify=False, only=name):
            if again.wrt == (name,) and tried.record.status == PASS:
                return text
    return ""


def _has_another(entry: Entry, ratio: float) -> bool:
    """Whether the ratio of an entry that is measured well is surely another."""
    scaled = ratio * entry.measured
    if not abs(entry.error) <= _NEAR * abs(entry.measured):
        return False
    return abs(entry.claimed - scaled) > 2 * _NEAR * abs(scaled) + abs(ratio) * entry.error


def _gives_forces(reading: Reading) -> bool:
    """Whether a function says that it gives forces: the negative gradient of its energy."""
    style = reading.sighting.style
    try:
        text = inspect.getsource(style.source) if style.backward is None and style.source else ""
    except (OSError, TypeError):
        text = ""
    return re.search(r"\bforces?\b", text.replace("_", " "), re.IGNORECASE) is not None


def _with_scale(reading: Reading, name: str, text: str) -> Any:
    return replace(reading.names, scale={**reading.names.scale, name: text})


def constants(sizes: Sequence[str]) -> Iterator[str]:
    """The constants that a gradient is off by in usual code, the likeliest first."""
    for size in sizes:
        yield f"1/{size}"
        yield size
    yield from ("2", "1/2")
    for size in sizes:
        yield from (f"2/{size}", f"{size}/2")
    for a, b in itertools.combinations(sizes, 2):
        yield from (f"1/({a}*{b})", f"{a}*{b}", f"2/({a}*{b})", f"{a}*{b}/2")


def judge_scales(report: LayerReport, reading: Reading) -> None:
    """A constant that all gradients of parameters share may be a convention; another is wrong."""
    plan = plan_of(reading.declared) if reading.declared is not None else None
    assert plan is not None
    parameters = _parameters(plan.differentiable, plan.forward_inputs, reading)
    by_name = {gradient.name: gradient for gradient in report.gradients}
    # One that is wrong altogether says nothing about the scale that is meant.
    shared = {
        by_name[name].scale
        for name in parameters
        if by_name[name].scale or by_name[name].verdict == PASS
    }
    for gradient in report.gradients:
        if not gradient.scale or gradient.verdict != FAIL:
            continue
        alone = gradient.scale in ("2", "1/2") and not plan.is_loss
        # Of a layer without parameters only a loss is averaged, or not, by convention.
        meant = plan.is_loss and not parameters
        consistent = len(shared) <= 1 and (
            gradient.name in parameters or meant or shared == {gradient.scale}
        )
        if consistent and not alone:
            gradient.verdict = SCALED
        elif len(shared) > 1:
            gradient.mistakes.append("its scale differs from that of the other gradients")


def _parameters(wanted: Sequence[str], forward: Sequence[str], reading: Reading) -> list[str]:
    """Which of the inputs are parameters: by their roles where the forward function takes all."""
    roles = roles_of(list(reading.inputs), _kind(reading))
    return [
        name for name in wanted if name not in forward or not roles.get(name, "x").startswith("x")
    ]


def _kind(reading: Reading) -> Kind:
    return kind_of(reading.sighting.name)
