"""One layer of a file: read, checked, and what is to be said of it."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from gradcheck.adapters import guards
from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.discovery import argument_text, unchecked
from gradcheck.adapters.guesses import guessed, usage_in
from gradcheck.adapters.inputs import tree_of
from gradcheck.adapters.judgements import TIME_LIMIT, outcomes_of, set_aside
from gradcheck.adapters.layers import declare, plan_of, rounding_of, trials
from gradcheck.adapters.names import Names
from gradcheck.adapters.places import CHANGE
from gradcheck.adapters.readings import one_sample, others
from gradcheck.adapters.recognition import (
    Reading,
    changes_nothing,
    read,
    spec_line,
)
from gradcheck.adapters.scales import judge_scales, scale_of
from gradcheck.adapters.scan_report import (
    FAIL,
    PASS,
    SCALED,
    UNDECIDED,
    GradientReport,
    LayerReport,
)
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.spec import Entry
from gradcheck.answers import last_line
from gradcheck.arguments import Real, real
from gradcheck.checking import Outcome, Profile, TimeUp, limited
from gradcheck.claims import Derivation, Rule

#: Where exponentials of everything overflow, inputs of this size are tried.
_MODERATE = 30.0
#: Where no line of a spec would settle what is not known.
NO_SPEC = "none"
#: What dims do not mend: a file or a name that is not there.
_BEYOND_A_SPEC = re.compile(r"every size that was tried: (NameError|\w*FoundError|OSError|Import)")
#: What fails loudly, so that its author would have seen it where it is used.
_BREAKS = ("wrong shape", "raises", "no gradient found")


def scan_layer(
    sighting: Sighting,
    entry: Entry | None,
    definitions: Definitions,
    profile: Profile,
) -> LayerReport:
    """The report of a layer of a file."""
    try:
        with limited(TIME_LIMIT):
            reading = _read(sighting, entry)
    except TimeUp:
        reading = Reading(sighting, reason=f"it does not end within {TIME_LIMIT:g} seconds")
        reading.spec = NO_SPEC
    except (Exception, SystemExit) as error:
        reading = Reading(sighting, reason=last_line(error))
    name = entry.name if entry is not None else sighting.name
    report = LayerReport(name, sighting.style.convention, sighting.line)
    report.assumptions = reading.assumptions
    report.inputs = {n: argument_text(given).strip('"') for n, given in reading.inputs.items()}
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if plan is not None and _explained(plan.trial_error, definitions) != plan.trial_error:
        reading.declared, reading.reason = None, f"its backward function raises {plan.trial_error}"
    lacking = definitions.lacking(sighting.what[-1])
    if plan is not None and plan.trial_error:
        needed = lacking or _kept_by_call(sighting, plan.trial_error, definitions)
        if needed:
            reading.declared, reading.assumptions, reading.spec = None, [], NO_SPEC
            reading.reason = f"its backward function raises {plan.trial_error}; {needed}"
    elif lacking and reading.declared is None:
        reading.reason, reading.spec = f"{reading.reason}; {lacking}", NO_SPEC
    elif lacking:
        needed = lacking.partition(":")[0]
        report.assumptions.append(f"{needed}, which is missing: what it defines itself is checked")
    if entry is None:
        _as_used(reading, report, definitions)
    if reading.declared is None:
        if _BEYOND_A_SPEC.search(reading.reason):
            reading.spec = NO_SPEC
        report.reason = _in_spec(_explained(reading.reason, definitions))
        report.assumptions = reading.assumptions
        report.spec = "" if reading.spec is NO_SPEC else reading.spec or spec_line(sighting, {})
        return report
    declared = reading.declared
    code = getattr(sighting.style.source, "__code__", None)
    for item in (declared, *declared.rules):
        item.line = code.co_firstlineno if code else sighting.line
        item.file = str(definitions.path)
    outcomes = outcomes_of(declared, profile)
    if set_aside(outcomes, "overflow") and entry is None:
        declared, outcomes = _moderate(reading, report, profile)
    if entry is None and any(outcome.record.status == FAIL for _, outcome in outcomes):
        declared, outcomes = _otherwise(reading, report, profile) or (declared, outcomes)
    gradients = [_gradient(rule, outcome, declared, reading, profile) for rule, outcome in outcomes]
    if _is_wrong(gradients):
        found = _without_guards(reading, report, declared, profile, guessed=entry is None)
        declared, outcomes, gradients = found or (declared, outcomes, gradients)
    if entry is None and _is_wrong(gradients):
        found = _of_one_sample(reading, report, gradients, profile)
        declared, outcomes, gradients = found or (declared, outcomes, gradients)
    plan = plan_of(declared)
    assert plan is not None
    report.convention = _convention(sighting, declared)
    if sighting.style.kind == "derivative" and not reading.names.derivative_of:
        report.assumptions.append(f"the derivative is given the {plan.derivative_of}")
    if declared.options.sizes:
        report.assumptions.append("sizes of two and more: it raises at others")
    report.gradients = gradients
    if entry is None:
        report.gradients += _unasked(declared, report)
    judge_scales(report, reading)
    guess = guessed(reading, definitions) if entry is None else None
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
    # Those of parameters are among the gradients; what forward makes anew is no parameter.
    asked = [place for text, place in plan.unasked if text and entry is None]
    for note in dict.fromkeys(notes):
        if any(f"a gradient in {place} that" in note for place in asked):
            continue
        (report.side_effects if note in declared.rules[0].notes else report.notes).append(note)
    undecided = [g for g in report.gradients if g.verdict in (UNDECIDED, SCALED)]
    if undecided:
        scales = ", ".join(f'{g.name} = "{g.scale}"' for g in undecided if g.scale)
        extra = f"names = {{ scale = {{ {scales} }} }}" if scales else ""
        unread = {gradient.name for gradient in undecided} - set(reading.inputs)
        extra = f"names = {{ {guess.names} }}" if guess is not None else extra
        more = dict.fromkeys(sorted(unread), "…")
        report.spec = spec_line(sighting, {**reading.inputs, **more}, extra)
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
        reading.declared, reading.reason = None, f"{entry.where}: {declared.problem}"
        # What a scan without the spec would assume is a line to begin with.
        alone = not entry.layer and sighting.style.backward is not None
        found = read(sighting) if alone else reading
        line = spec_line(sighting, found.inputs) if found.declared is not None else ""
        reading.spec = line or NO_SPEC
    return reading


def _unasked(declared: Derivation, report: LayerReport) -> list[GradientReport]:
    """Gradients that a layer computes for parameters of which nothing was found but that."""
    plan = plan_of(declared)
    if plan is None or not plan.unasked:
        return []
    bindings, values = trials(declared, few=True)[-1]
    return [
        GradientReport(
            name,
            UNDECIDED,
            lands=place,
            message=f"{report.name}: the gradient for {name}, in {place}, is not checked, since "
            f"the dims of {name} were not found",
        )
        for name, place in unchecked(plan, values, dict(bindings))
    ]


def _as_used(reading: Reading, report: LayerReport, definitions: Definitions) -> None:
    """A derivative is one of what the calls in its file give it."""
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if plan is None or reading.sighting.style.kind != "derivative":
        return
    usage, name = usage_in(reading.sighting, definitions), reading.sighting.style.name
    what = {"input": f"what {name} takes", "output": f"what {name} gave"}
    if plan.derivative_of == "output" and usage.settled:
        report.assumptions.append(f"{usage.said()} {what[usage.settled]}")
        if usage.settled == "input":
            reading.names = replace(reading.names, derivative_of="input")
            reading.declared = declare((*reading.sighting.what, reading.names), reading.inputs)
    elif plan.derivative_fits == {"input"} and usage.output:
        report.notes.append(
            f"{replace(usage, input=[]).said()} {what['output']}, where it is no derivative: it is "
            f"one of {what['input']}"
        )


def _kept_by_call(sighting: Sighting, error: str, definitions: Definitions) -> str:
    """What is missing where backward reads what the call of an object keeps, beside forward."""
    call = getattr(sighting.what[-1], "__call__", None)  # noqa: B004 - that of its instances
    if not inspect.isfunction(call):
        return ""
    nodes = list(ast.walk(tree_of(call)))
    names = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    known = {*call.__globals__, *dir(builtins)}
    known |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    known |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    if missing := next((name for name in names if name not in known), ""):
        why = definitions.missing.get(missing, "")
        return (
            f"it may read what __call__ keeps, which needs {missing}{f' ({why})' if why else ''}: "
            "scan it with that beside it"
        )
    found = re.search(r"object has no attribute '(\w+)'", error)
    kept = {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
    if found is None or found[1] not in kept:
        return ""
    return (
        f"self.{found[1]} is what __call__ keeps, of variables of a class that was not recognised"
    )


def _in_spec(text: str) -> str:
    """A reason with what is to be said in a declaration as it is said in a spec."""
    table = re.compile(r"names\((\w+)=\{([^{}]*)\}\)")
    pairs = re.compile(r"""['"](\w+)['"]: …""")
    text = table.sub(
        lambda one: f"names = {{ {one[1]} = {{ " + pairs.sub(r'\1 = "…"', one[2]) + " } }", text
    )
    return re.sub(r"names\((\w+)=…\)", r'names = { \1 = "…" }', text)


def _explained(reason: str, definitions: Definitions) -> str:
    """Why a layer could not be checked, with the import for which a name is missing."""
    for name, why in definitions.missing.items():
        if f"name '{name}'" in reason:
            return f"{reason} ({why})"
    return reason


def _is_wrong(gradients: Sequence[GradientReport]) -> bool:
    """Whether a gradient is wrong, and not by a constant alone."""
    return any(one.verdict == FAIL and not one.scale for one in gradients)


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
    return declared, outcomes_of(declared, profile)


def _otherwise(
    reading: Reading, report: LayerReport, profile: Profile
) -> tuple[Derivation, list[tuple[Rule, Outcome]]] | None:
    """A layer that is wrong as it was read, in another reading of which all is right."""
    for inputs, names, assumption in others(reading):
        found = _all_right(reading, inputs, names, profile)
        if found is not None:
            reading.inputs, reading.names = inputs, names
            report.inputs = {n: argument_text(given).strip('"') for n, given in inputs.items()}
            report.assumptions.append(assumption)
            return found
    return None


def _without_guards(
    reading: Reading, report: LayerReport, declared: Derivation, profile: Profile, *, guessed: bool
) -> tuple[Derivation, list[tuple[Rule, Outcome]], list[GradientReport]] | None:
    """A loss without what only keeps it finite, if its gradient is then right up to a constant."""
    plan = plan_of(declared)
    if plan is None or not plan.is_loss:
        return None
    with guards.without(reading.sighting.style) as small:
        ways = [(reading.inputs, reading.names, "")] if small else []
        for inputs, names, assumption in [*ways, *(others(reading) if small and guessed else ())]:
            again = replace(reading, inputs=inputs, names=names)
            again.declared = declare((*reading.sighting.what, names), inputs)
            outcomes = outcomes_of(again.declared, profile, simplify=False)
            gradients = [
                _gradient(rule, outcome, again.declared, again, profile)
                for rule, outcome in outcomes
            ]
            if all(gradient.verdict == PASS or gradient.scale for gradient in gradients):
                reading.inputs, reading.names, reading.declared = inputs, names, again.declared
                report.inputs = {n: argument_text(given).strip('"') for n, given in inputs.items()}
                report.assumptions += [assumption] * bool(assumption)
                report.assumptions.append(
                    f"{', '.join(f'{number:g}' for number in small)} in its forward function only "
                    "keeps it finite: the gradient is judged without it, and off by as much with it"
                )
                return again.declared, outcomes, gradients
    return None


def _all_right(
    reading: Reading, inputs: Mapping[str, Any], names: Names, profile: Profile
) -> tuple[Derivation, list[tuple[Rule, Outcome]]] | None:
    """A layer in a reading in which every gradient is right; None where one is not."""
    declared = declare((*reading.sighting.what, names), inputs, guessed=True)
    plan = plan_of(declared)
    if declared.problem is not None or plan is None or plan.trial_error:
        return None
    # A softmax of one number is constant: there, rules are right that are wrong everywhere else.
    if any(changes_nothing(replace(reading, declared=declared), n) for n in plan.differentiable):
        return None
    outcomes = outcomes_of(declared, profile, simplify=False)
    right = all(outcome.record.status == PASS for _, outcome in outcomes)
    return (declared, outcomes) if right else None


def _of_one_sample(
    reading: Reading, report: LayerReport, gradients: Sequence[GradientReport], profile: Profile
) -> tuple[Derivation, list[tuple[Rule, Outcome]], list[GradientReport]] | None:
    """A layer that is wrong for a batch as one of a single sample, if it is written for one.

    It is if a batch breaks its backward function, or gives gradients that no parameter fits, as
    ``np.outer`` does, and no gradient of a parameter is right for a batch. Where a batch is meant,
    it is said of those that are right for one sample, and they stay wrong.
    """
    inputs = one_sample(reading)
    if inputs is None:
        return None
    again = replace(reading, inputs=inputs)
    again.declared = declare((*reading.sighting.what, reading.names), inputs, guessed=True)
    plan = plan_of(again.declared)
    if again.declared.problem is not None or plan is None or plan.trial_error:
        return None
    if any(changes_nothing(again, name) for name in plan.differentiable):
        return None
    outcomes = outcomes_of(again.declared, profile)
    right = {rule.wrt[0] for rule, outcome in outcomes if outcome.record.status == PASS}
    wrong = {one.name: one for one in gradients if one.verdict == FAIL}
    mended = [one for name, one in wrong.items() if name in right and not one.scale]
    broken = [one.name for one in mended if not set(one.mistakes).isdisjoint(_BREAKS)]
    parameters = [name for name in plan.differentiable if inputs[name] is reading.inputs[name]]
    if broken and parameters and all(name in wrong for name in parameters):
        reading.inputs = inputs
        report.inputs = {n: argument_text(given).strip('"') for n, given in inputs.items()}
        report.assumptions.append(
            "it is for one sample at a time: for more, its backward function raises, or gives "
            f"{' and '.join(broken)} no gradient that fits"
        )
        return (
            again.declared,
            outcomes,
            [
                _gradient(rule, outcome, again.declared, again, profile)
                for rule, outcome in outcomes
            ],
        )
    for one in mended if len(right) == len(outcomes) else ():
        one.mistakes.append("right for one sample, wrong for a batch of more")
    return None


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
