"""``gradcheck scan``: the layers of a file, recognised and checked, without running the rest of it.

A gradient is right, wrong, undecided, or right up to a constant that may be a convention: that is
for a declaration to say, and is reported apart, as are side effects.
"""

from __future__ import annotations

import contextlib
import inspect
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gradcheck.adapters import guards
from gradcheck.adapters.conventions import style_of
from gradcheck.adapters.definitions import Definitions, definitions_of
from gradcheck.adapters.discovery import argument_text
from gradcheck.adapters.guesses import guessed
from gradcheck.adapters.layers import declare, plan_of, rounding_of
from gradcheck.adapters.names import Names
from gradcheck.adapters.places import CHANGE
from gradcheck.adapters.readings import others
from gradcheck.adapters.recognition import (
    Reading,
    Sighting,
    is_base,
    line_of,
    read,
    sightings,
    spec_line,
)
from gradcheck.adapters.scales import judge_scales, scale_of
from gradcheck.adapters.scan_report import (
    FAIL,
    PASS,
    SCALED,
    UNDECIDED,
    FileReport,
    GradientReport,
    LayerReport,
)
from gradcheck.adapters.spec import Entry
from gradcheck.adapters.style import parameters_of
from gradcheck.adapters.words import WORDS
from gradcheck.answers import last_line
from gradcheck.arguments import Real, real
from gradcheck.checking import Outcome, Profile, TimeUp, check_claim, limited
from gradcheck.claims import Derivation, Rule
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status

PROFILE = Profile("scan", inputs=35, derandomized=True, database=False)
#: Seconds for one gradient, and for reading one layer.
TIME_LIMIT = 20.0
#: Where exponentials of everything overflow, inputs of this size are tried.
_MODERATE = 30.0


def scan(path: Path, spec: Mapping[str, Entry], profile: Profile = PROFILE) -> Iterator[Any]:
    """Check the layers of a file: yields a report of each layer, and last that of the file.

    Raises ``InputError`` for a file that cannot be read.
    """
    report = FileReport(str(path))
    with _quietly():
        definitions = definitions_of(path)
        report.left_out = [str(one) for one in definitions.left_out]
        report.defined = [n for n, one in definitions.namespace.items() if callable(one)]
        found = _with_spec(definitions, spec)
    for sighting, entry in found:
        with _quietly():
            layer = _checked(sighting, entry, definitions, profile, [one for one, _ in found])
        report.layers.append(layer)
        yield layer
    for layer in _lonely(definitions, report):
        report.layers.append(layer)
        yield layer
    yield report


def _lonely(definitions: Definitions, report: FileReport) -> Iterator[LayerReport]:
    """Functions and classes with one half of a layer, or two that do not fit together."""
    known = {layer.name for layer in report.layers}
    for name, value in definitions.namespace.items():
        if name in known or hasattr(value, "named_parameters"):
            continue  # modules of torch are differentiated by torch
        if inspect.isclass(value):
            reason = "" if is_base(value, definitions.namespace) else _half_of_class(value)
            if reason:
                yield LayerReport(
                    name, "class", line_of(value), reason=reason, spec=f"{name} = {{ … }}"
                )
            continue
        found = next((half for half in _HALVES if f"_{half}" in name), "")
        base = name.replace(f"_{found}", "")
        if found and not any(one.startswith(base) for one in known):
            yield LayerReport(
                name, "function", line_of(value),
                reason=f"it has no {_HALVES[found]} half that was found",
                spec=f'{base} = {{ layer = ["{name}", "…"], … }}',
            )  # fmt: skip


_HALVES = {"forward": "backward", "backward": "forward"}
_GRADIENTS = (*WORDS.backward, "grad", "gradient", "delta")


def _half_of_class(cls: type) -> str:
    """Why a class is no layer though it has a half of one; empty where it has none."""
    loss, forward, backward = (
        next((n for n in names if inspect.isfunction(getattr(cls, n, None))), "")
        for names in (("loss", "cost"), WORDS.forward[:8], _GRADIENTS)
    )
    if backward and (loss or forward):
        (both, other) = (parameters_of(getattr(cls, n)) for n in (backward, loss or forward))
        names = [p.name for p in both if p.name != "self"]
        more = [n for n in names if n not in {p.name for p in other}]
        needed = f", of which {loss or forward} takes no {' and no '.join(more)}" if more else ""
        return (
            f"its {backward} takes {', '.join(names) or 'nothing'}{needed}: it is given no "
            "cotangent for what its forward half returns"
        )
    # With a backward method alone it is a variable, or an engine.
    return "it has no backward half that was found" if forward == "forward" else ""


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """What the code prints is not what the scan says, and nobody answers what it asks for."""
    kept, sys.stdin = sys.stdin, io.StringIO()
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        sys.stdin = kept


def _with_spec(
    definitions: Definitions, spec: Mapping[str, Entry]
) -> list[tuple[Sighting, Entry | None]]:
    """The layers of a file, each with what the spec says of it."""
    found: list[tuple[Sighting, Entry | None]] = []
    declared = {name: _made_of(definitions, entry) for name, entry in spec.items()}
    used: set[int] = set()
    for sighting in sightings(definitions):
        name = next(
            (
                n
                for n, what in declared.items()
                if (n == sighting.name and not spec[n].layer)
                or (what and what[-1] is sighting.what[-1])
            ),
            None,
        )
        if name is not None:
            used.add(id(declared[name]))
        found.append((sighting, spec[name] if name is not None else None))
    for name, what in declared.items():
        if what and id(what) not in used:
            code = getattr(what[-1], "__code__", None)
            line = code.co_firstlineno if code else 0
            style = style_of(what, spec[name].names)
            found.append((Sighting(name, what, style, line), spec[name]))
    return found


def _made_of(definitions: Definitions, entry: Entry) -> tuple[Any, ...]:
    names = entry.layer or (entry.name,)
    space = vars(definitions.module)
    if entry.layer and not all(name in space for name in names):
        return ()
    return tuple(space[name] for name in names if name in space)


def unknown_entries(spec: Mapping[str, Entry], reports: Sequence[FileReport]) -> list[str]:
    """The layers of a spec that no file has."""
    seen = {layer.name for report in reports for layer in report.layers}
    return [name for name in spec if name not in seen]


# ---- one layer -------------------------------------------------------------------------------


def _checked(
    sighting: Sighting,
    entry: Entry | None,
    definitions: Definitions,
    profile: Profile,
    beside: Sequence[Sighting],
) -> LayerReport:
    try:
        with limited(TIME_LIMIT):
            reading = _read(sighting, entry)
    except TimeUp:
        reading = Reading(sighting, reason=f"it does not end within {TIME_LIMIT:g} seconds")
    except (Exception, SystemExit) as error:
        reading = Reading(sighting, reason=last_line(error))
    name = entry.name if entry is not None else sighting.name
    report = LayerReport(name, sighting.style.convention, sighting.line)
    report.assumptions = reading.assumptions
    report.inputs = {n: argument_text(given).strip('"') for n, given in reading.inputs.items()}
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if plan is not None and _explained(plan.trial_error, definitions) != plan.trial_error:
        reading.declared, reading.reason = None, f"its backward function raises {plan.trial_error}"
    if reading.declared is None:
        report.reason = _explained(reading.reason, definitions)
        report.spec = reading.spec or spec_line(sighting, {})
        return report
    declared = reading.declared
    code = getattr(sighting.style.source, "__code__", None)
    for item in (declared, *declared.rules):
        item.line = code.co_firstlineno if code else sighting.line
        item.file = str(definitions.path)
    outcomes = _outcomes(declared, profile)
    if _set_aside(outcomes, "overflow") and entry is None:
        declared, outcomes = _moderate(reading, report, profile)
    if _set_aside(outcomes, "raised"):
        _from_two(declared, report)
        outcomes = _outcomes(declared, profile)
    if entry is None and any(outcome.record.status == FAIL for _, outcome in outcomes):
        declared, outcomes = _otherwise(reading, report, profile) or (declared, outcomes)
    plan = plan_of(declared)
    assert plan is not None
    report.convention = _convention(sighting, declared)
    if sighting.style.kind == "derivative" and not reading.names.derivative_of:
        report.assumptions.append(f"the derivative is given the {plan.derivative_of}")
    for rule, outcome in outcomes:
        report.gradients.append(_gradient(rule, outcome, declared, reading, profile))
    judge_scales(report, reading)
    guess = guessed(reading, beside) if entry is None else None
    for gradient in report.gradients if guess is not None else ():
        if gradient.verdict == PASS:
            assert guess is not None
            gradient.verdict = UNDECIDED
            gradient.message = (
                f"{report.name}: the gradient for {gradient.name} is {guess.said}: is it meant?"
            )
    if rounding := rounding_of(declared):
        dtype = plan.style.own_dtype
        seen = ", ".join(f"{name} {off:.0e}" for name, off in rounding.items())
        report.notes.append(f"in {dtype} its gradients are off by, relative to their norms: {seen}")
    notes = [note for _, outcome in outcomes for note in outcome.record.notes]
    for note in dict.fromkeys(notes):
        (report.side_effects if note in declared.rules[0].notes else report.notes).append(note)
    undecided = [g for g in report.gradients if g.verdict in (UNDECIDED, SCALED)]
    if undecided:
        scales = ", ".join(f'{g.name} = "{g.scale}"' for g in undecided if g.scale)
        extra = f"names = {{ scale = {{ {scales} }} }}" if scales else ""
        extra = f"names = {{ {guess.names} }}" if guess is not None else extra
        report.spec = spec_line(sighting, reading.inputs, extra)
    return report


def _read(sighting: Sighting, entry: Entry | None) -> Reading:
    if entry is None:
        return read(sighting)
    if not entry.inputs:
        reading = read(sighting)
        if reading.declared is None:
            return reading
        reading.declared = declare((*sighting.what, entry.names), reading.inputs)
        return reading
    declared = declare((*sighting.what, entry.names), entry.inputs)
    reading = Reading(sighting, declared, entry.inputs, entry.names)
    if declared.problem is not None:
        reading.declared, reading.reason = None, declared.problem
    return reading


def _explained(reason: str, definitions: Definitions) -> str:
    """Why a layer could not be checked, with the import for which a name is missing."""
    for name, why in definitions.missing.items():
        if f"name '{name}'" in reason:
            return f"{reason} ({why})"
    return reason


def _outcomes(declared: Derivation, profile: Profile) -> list[tuple[Rule, Outcome]]:
    found: list[tuple[Rule, Outcome]] = []
    for rule in declared.rules:
        outcome = check_claim(rule, profile, time_limit=TIME_LIMIT)
        found.append((rule, outcome))
    return found


def _set_aside(outcomes: Sequence[tuple[Rule, Outcome]], why: str) -> bool:
    """Whether a gradient is undecided, and points were set aside for that reason."""
    return any(
        outcome.record.status == str(Status.UNDECIDED) and why in outcome.record.set_aside
        for _, outcome in outcomes
    )


def _from_two(declared: Derivation, report: LayerReport) -> None:
    """Sizes of two and more alone: labels and one-hot rows look alike for one class."""
    limits = Sampler(declared.rules[0]).limits
    sizes = {name: (max(2, low), max(2, high)) for name, (low, high) in limits.items()}
    declared.options = replace(declared.options, sizes=sizes)
    said = "sizes of two and more: it raises at others"
    if said not in report.assumptions:
        report.assumptions.append(said)


def _moderate(
    reading: Reading, report: LayerReport, profile: Profile
) -> tuple[Derivation, list[tuple[Rule, Outcome]]]:
    """Again with inputs of moderate size."""
    inputs: dict[str, Any] = {}
    for name, given in reading.inputs.items():
        argument = real(given) if isinstance(given, str) else given
        if isinstance(argument, Real) and argument.low is None and argument.high is None:
            argument = real(
                argument.dims.text if argument.dims else "",
                low=-_MODERATE,
                high=_MODERATE,
                differentiate=argument.differentiate,
            )
        inputs[name] = argument
    declared = declare((*reading.sighting.what, reading.names), inputs)
    reading.inputs = inputs
    report.inputs = {n: argument_text(given).strip('"') for n, given in inputs.items()}
    report.assumptions.append(
        f"inputs between {-_MODERATE:g} and {_MODERATE:g}: at others it overflows"
    )
    return declared, _outcomes(declared, profile)


def _otherwise(
    reading: Reading, report: LayerReport, profile: Profile
) -> tuple[Derivation, list[tuple[Rule, Outcome]]] | None:
    """A layer that is wrong as it was read, in another reading of which all is right."""
    for inputs, names, assumption in others(reading):
        found = _all_right(reading, report, inputs, names, profile)
        if found is not None:
            reading.inputs, reading.names = inputs, names
            report.inputs = {n: argument_text(given).strip('"') for n, given in inputs.items()}
            report.assumptions.append(assumption)
            return found
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if plan is None or not plan.is_loss:
        return None
    with guards.without(reading.sighting.style) as small:
        found = (
            _all_right(reading, report, reading.inputs, reading.names, profile) if small else None
        )
    if found is not None:
        report.assumptions.append(
            f"{', '.join(f'{number:g}' for number in small)} in its forward function only keeps it "
            "finite: without it the gradient is right, with it off by as much"
        )
    return found


def _all_right(
    reading: Reading,
    report: LayerReport,
    inputs: Mapping[str, Any],
    names: Names,
    profile: Profile,
) -> tuple[Derivation, list[tuple[Rule, Outcome]]] | None:
    """A layer in a reading in which every gradient is right; None where one is not."""
    declared = declare((*reading.sighting.what, names), inputs, guessed=True)
    plan = plan_of(declared)
    if declared.problem is not None or plan is None or plan.trial_error:
        return None
    outcomes: list[tuple[Rule, Outcome]] = []
    for rule in declared.rules:
        outcome = check_claim(rule, profile, time_limit=TIME_LIMIT)
        if _set_aside([(rule, outcome)], "raised"):
            _from_two(declared, report)
            outcome = check_claim(rule, profile, time_limit=TIME_LIMIT)
        if outcome.record.status != PASS:
            return None
        outcomes.append((rule, outcome))
    return declared, outcomes


def _convention(sighting: Sighting, declared: Derivation) -> str:
    """The convention, with where its gradients land for a class."""
    plan = plan_of(declared)
    name = sighting.style.convention
    if name == "functions with a cache" and plan is not None and plan.packed:
        return "functions with a cache and a dict of parameters"
    if name != "class" or plan is None:
        return "fused loss" if plan and plan.is_loss and name == "value with its gradient" else name
    if plan.is_loss:
        return "loss class"
    texts = [
        place.text
        for n, place in plan.gradients.items()
        if place is not None and n not in plan.forward_inputs
    ]
    if CHANGE in texts:
        return "class that updates itself"
    if not texts:
        returned = all(p is None or p.text.startswith("returned") for p in plan.gradients.values())
        return "class" if returned else "class with attributes"
    text = texts[0]
    if text.startswith("returned"):
        return "class, gradients returned"
    if "[" not in text:
        return "class with attributes"
    head, _, key = text.partition("[")
    if key.rstrip("]").isdigit():
        return "class with parallel lists"
    return (
        "class with dicts"
        if head in sighting.style.words.gradients
        else ("class with nested dicts")
    )


# ---- one gradient ----------------------------------------------------------------------------


def _gradient(
    rule: Rule, outcome: Outcome, declared: Derivation, reading: Reading, profile: Profile
) -> GradientReport:
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


def _without_replay(message: str) -> str:
    """A layer that is scanned has no declaration by which a case could be replayed."""
    lines = [line for line in message.splitlines() if not line.startswith("  gradcheck replay ")]
    return "\n".join(lines).rstrip()
