"""One layer of a file: read, checked, and what is to be said of it."""

from __future__ import annotations

import contextlib
import inspect
from dataclasses import replace

from gradcheck.adapters.by_name import outer_parameters
from gradcheck.adapters.conventions import beside_loss, custom_op
from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.discovery import argument_text, layers_within, unchecked
from gradcheck.adapters.gradient_report import gradient_report, is_wrong
from gradcheck.adapters.guesses import guessed, passes_on, takes_one, usage_in
from gradcheck.adapters.judgements import PATIENCE, TIME_LIMIT, outcomes_of, set_aside
from gradcheck.adapters.layers import declare, plan_of, rounding_of, trials
from gradcheck.adapters.loss_readings import read_output, read_with_loss
from gradcheck.adapters.modes import judge_eval
from gradcheck.adapters.other_defaults import judge_defaults
from gradcheck.adapters.other_inputs import judge_inputs
from gradcheck.adapters.places import CHANGE
from gradcheck.adapters.precision import in_double
from gradcheck.adapters.reasons import (
    BEYOND_A_SPEC,
    explained,
    in_spec,
    is_lacking,
    kept_by_call,
    of_module,
    without_loss,
)
from gradcheck.adapters.recognition import read
from gradcheck.adapters.scales import judge_scales
from gradcheck.adapters.scan_report import (
    FAIL,
    PASS,
    SCALED,
    UNDECIDED,
    GradientReport,
    LayerReport,
)
from gradcheck.adapters.second_readings import (
    moderate,
    of_one_sample,
    otherwise,
    unfilled,
    without_guards,
)
from gradcheck.adapters.settling import Reading, gives_nothing, spec_line, undifferentiated
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.spec import Entry
from gradcheck.adapters.style import is_required
from gradcheck.adapters.words import is_data
from gradcheck.answers import last_line
from gradcheck.checking import Outcome
from gradcheck.claims import Derivation, Rule
from gradcheck.errors import InputError
from gradcheck.profiles import Profile
from gradcheck.tally import FUNCTION_RAISES
from gradcheck.time_limit import TimeUp, limited

#: Where no line of a spec would settle what is not known.
NO_SPEC = "none"


def scan_layer(
    sighting: Sighting,
    entry: Entry | None,
    definitions: Definitions,
    profile: Profile,
    *,
    told: bool = True,
) -> LayerReport:
    """The report of a layer of a file; ``told`` as for ``scan``."""
    with contextlib.ExitStack() as stack:
        try:
            return _scanned(sighting, entry, definitions, profile, stack, told)
        except InputError as error:
            if entry is not None:
                raise
            # What was guessed of it cannot be drawn: the other layers of the file are checked.
            name, style = sighting.name, sighting.style
            line = spec_line(sighting, {p.name: "…" for p in style.takes if is_required(p)})
            return LayerReport(
                name, style.convention, sighting.line, reason=last_line(error), spec=line
            )


def _scanned(
    sighting: Sighting,
    entry: Entry | None,
    definitions: Definitions,
    profile: Profile,
    stack: contextlib.ExitStack,
    told: bool,
) -> LayerReport:
    try:
        with limited(TIME_LIMIT, patience=PATIENCE):
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
    if plan is not None and is_lacking(plan.trial_error, definitions):
        reading.declared, reading.reason = None, f"its backward function raises {plan.trial_error}"
    lacking = "" if sighting.style.whole else definitions.lacking(sighting.what[-1])
    if plan is not None and plan.trial_error:
        needed = lacking or kept_by_call(sighting, plan.trial_error, definitions)
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
        if reading.declared is not None and (outer := outer_parameters(sighting.what)):
            report.assumptions.append(
                f"{', '.join(outer)}, which are variables of the module, are given as arguments"
            )
    _require_reach(reading, report, said=entry is not None)
    if reading.declared is None:
        if BEYOND_A_SPEC.search(reading.reason):
            reading.spec = NO_SPEC
        report.reason = in_spec(explained(reading.reason, definitions))
        report.assumptions = reading.assumptions
        report.spec = "" if reading.spec is NO_SPEC else reading.spec or spec_line(sighting, {})
        return report
    declared = reading.declared
    code = getattr(inspect.unwrap(sighting.style.source or scan_layer), "__code__", None)
    for item in (declared, *declared.rules):
        item.line = code.co_firstlineno if code else sighting.line
        item.file = str(definitions.path)
    # What is wrong as it was read may be right in another reading: it is told of after these.
    outcomes = outcomes_of(declared, profile, simplify=told and entry is not None)
    if set_aside(outcomes, "overflow") and entry is None:
        declared, outcomes = moderate(reading, report, profile)
    if any(one.record.status == UNDECIDED for _, one in outcomes) and stack.enter_context(
        in_double(sighting.style)
    ):
        outcomes = outcomes_of(declared, profile)
        report.assumptions.append("what it makes in float32 is made in float64")
    raised = set_aside(outcomes, "raised")
    wrong = {rule.wrt[0] for rule, one in outcomes if one.record.status == FAIL}
    if entry is None and (raised or wrong):
        other = unfilled(reading, report, profile)
        other = other or otherwise(reading, report, profile, outcomes)
        other = other or unfilled(reading, report, profile, wrong)
        if other is None and wrong and told:
            other = declared, _told(declared, outcomes, profile)
        declared, outcomes = other or (declared, outcomes)
    broken = [one.record for _, one in outcomes if one.record.title == FUNCTION_RAISES]
    if entry is None and broken:
        # It ran in the trial alone: what was guessed of it is of no use, and accuses nobody.
        said = (line for line in broken[0].message.splitlines() if " raises " in line)
        what = next(said, FUNCTION_RAISES).partition(" raises ")[2]
        report.reason = f"at what was guessed of it, its forward function raises {what}"
        report.spec = spec_line(sighting, reading.inputs)
        report.assumptions = reading.assumptions
        return report
    gradients = [
        gradient_report(rule, outcome, declared, reading, profile) for rule, outcome in outcomes
    ]
    if is_wrong(gradients):
        found = without_guards(reading, report, declared, profile, guessed=entry is None)
        declared, outcomes, gradients = found or (declared, outcomes, gradients)
    if entry is None and is_wrong(gradients):
        found = of_one_sample(reading, report, gradients, profile)
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
        _ask_of_first(reading, report)
        report.assumptions += _inner(declared)
        report.gradients += _unasked(declared, report)
    judge_scales(report, reading)
    judge_defaults(report, reading, profile, definitions.namespace)
    judge_inputs(report, reading, profile, definitions.namespace)
    judge_eval(report, reading, declared, profile)
    question = passes_on(reading, definitions) if entry is None else ""
    question = question or takes_one(reading, outcomes)
    for gradient in report.gradients if question else ():
        if gradient.verdict == FAIL:
            gradient.verdict, gradient.mistakes = UNDECIDED, []
            gradient.message = f"{report.name}: its backward function {question}: is it meant?"
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
        beside = note in declared.rules[0].notes and note not in plan.notes
        (report.side_effects if beside else report.notes).append(note)
    undecided = [g for g in report.gradients if g.verdict in (UNDECIDED, SCALED)]
    if undecided:
        scales = ", ".join(f'{g.name} = "{g.scale}"' for g in undecided if g.scale)
        extra = f"names = {{ scale = {{ {scales} }} }}" if scales else ""
        unread = {gradient.name for gradient in undecided} - set(reading.inputs)
        extra = f"names = {{ {guess.names} }}" if guess is not None else extra
        more = dict.fromkeys(sorted(unread), "…")
        report.spec = spec_line(sighting, {**reading.inputs, **more}, extra)
    return report


def _told(
    declared: Derivation, outcomes: list[tuple[Rule, Outcome]], profile: Profile
) -> list[tuple[Rule, Outcome]]:
    """The outcomes, with those of wrong gradients as small as can be, and with names."""
    wrong = {rule.wrt[0] for rule, one in outcomes if one.record.status == FAIL}
    told = {
        id(rule): one for name in wrong for rule, one in outcomes_of(declared, profile, only=name)
    }
    return [(rule, told.get(id(rule), one)) for rule, one in outcomes]


def _ask_of_first(reading: Reading, report: LayerReport) -> None:
    """Ask of an input whether it is data: all else is right, and nothing is returned for it."""
    plan = plan_of(reading.declared) if reading.declared is not None else None
    missing = [one for one in report.gradients if "no gradient found" in one.mistakes]
    right = all(one.verdict == PASS for one in report.gradients if one not in missing)
    if plan is None or not plan.places or not right or len(missing) == len(report.gradients):
        return
    of_model = plan.is_loss and all(is_data(one.name) for one in missing)
    if not (gives_nothing(plan.style.source) or of_model):
        return
    if any(one.name in plan.places for one in missing):
        return
    for gradient in missing:
        gradient.verdict, gradient.mistakes = UNDECIDED, []
        gradient.message = (
            f"{report.name}: its backward function returns nothing for {gradient.name}: is it "
            "data, as for the first layer of a network, or was it forgotten?"
        )
        given = reading.inputs[gradient.name]
        reading.inputs = {**reading.inputs, gradient.name: undifferentiated(given)}


def _require_reach(reading: Reading, report: LayerReport, *, said: bool) -> None:
    """Say what no dims settle; of a layer that a spec declares, only if it could not be read."""
    style, read_ = reading.sighting.style, reading.declared is not None
    if (outer := of_module(style)) and read_:
        report.notes.append(
            f"{outer} are variables of the module: gradients of them are not checked"
        )
    reason = without_loss(style, surely=read_)
    if outer and not read_:
        reason = (
            f"it computes gradients for {outer}, which are variables of the module: they can be "
            "checked where they are arguments of the function"
        )
    if reason and not (said and read_):
        reading.declared, reading.assumptions, reading.spec = None, [], NO_SPEC
        reading.reason = reason


def _read(sighting: Sighting, entry: Entry | None) -> Reading:
    if entry is None:
        if sighting.style.convention == custom_op.OUTPUT:
            return read_output(sighting)
        without = sighting.style.convention == beside_loss.CONVENTION
        return read_with_loss(sighting) if without else read(sighting)
    if not entry.inputs:
        reading = read(sighting)
        if reading.declared is None:
            return reading
        reading.declared = declare((*sighting.what, entry.names), reading.inputs)
        reading.names = entry.names
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


def _inner(declared: Derivation) -> list[str]:
    """What to say of layers that a layer holds: their parameters are no part of what is checked."""
    plan = plan_of(declared)
    if plan is None:
        return []
    bindings, values = trials(declared, few=True)[-1]
    names = layers_within(plan, values, dict(bindings))
    own = "is a layer of its own" if len(names) == 1 else "are layers of their own"
    held = "it holds" if len(names) == 1 else "they hold"
    said = f"{' and '.join(names)} {own}: the gradients of what {held} are not checked here"
    return [said] if names else []


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
