"""A layer that is wrong as it was read, judged again as it may be meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.adapters import guards
from gradcheck.adapters.discovery import argument_text
from gradcheck.adapters.gradient_report import gradient_report
from gradcheck.adapters.judgements import outcomes_of
from gradcheck.adapters.layers import declare, plan_of, trials
from gradcheck.adapters.names import Names
from gradcheck.adapters.readings import one_sample, others
from gradcheck.adapters.scales import scale_of
from gradcheck.adapters.scan_report import FAIL, PASS, GradientReport, LayerReport
from gradcheck.adapters.settling import Reading, changes_nothing, follows
from gradcheck.answers import same
from gradcheck.arguments import Real, as_argument, real
from gradcheck.checking import Outcome
from gradcheck.claims import Derivation, Rule
from gradcheck.profiles import Profile

#: Where exponentials of everything overflow, inputs of this size are tried.
_MODERATE = 30.0
#: Where something is masked by a number that stands for infinity.
_SMALL = 2.0
#: Where gradients are clipped.
_TINY = 0.25
#: What fails loudly, so that its author would have seen it where it is used.
_BREAKS = ("wrong shape", "raises", "no gradient found")

#: The name of the mistake of a bias whose gradient has a row for each sample.
_UNSUMMED = "not summed over axis 0"


def moderate(
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


def otherwise(
    reading: Reading,
    report: LayerReport,
    profile: Profile,
    outcomes: Sequence[tuple[Rule, Outcome]],
) -> tuple[Derivation, list[tuple[Rule, Outcome]]] | None:
    """A layer that is wrong as it was read, in another reading of which all is right.

    Where there is none, a loss in one of which all is right up to a constant, if it is not as read.
    """
    up_to: tuple[dict[str, Any], Names, str, Derivation, list[tuple[Rule, Outcome]]] | None = None
    assert reading.declared is not None
    scaled = _are_scaled(reading, reading.inputs, reading.declared, outcomes, profile)
    for inputs, names, assumption in others(reading):
        found = _judged(reading, inputs, names, profile)
        if found is not None and _are_right(found[1]):
            _take(reading, report, inputs, names, assumption)
            return found
        if scaled or found is None or up_to is not None:
            continue
        if _are_scaled(reading, inputs, *found, profile):
            up_to = (inputs, names, assumption, *found)
    if up_to is None:
        return None
    _take(reading, report, *up_to[:3])
    return up_to[3:]


def _take(
    reading: Reading, report: LayerReport, inputs: dict[str, Any], names: Names, assumption: str
) -> None:
    """Let a reading be another, and say so."""
    before = reading.names.through
    if before and before != names.through:
        superseded = {follows(name, before) for name in inputs}
        report.assumptions[:] = [a for a in report.assumptions if a not in superseded]
    reading.inputs, reading.names = inputs, names
    report.inputs = {n: argument_text(given).strip('"') for n, given in inputs.items()}
    report.assumptions.append(assumption)


def unfilled(
    reading: Reading,
    report: LayerReport,
    profile: Profile,
    wrong: Collection[str] | None = None,
) -> tuple[Derivation, list[tuple[Rule, Outcome]]] | None:
    """A layer that masks by a large number, at inputs beside which that number is large.

    One that clips its gradients, at inputs where they are small. If all gradients are right there;
    or, of those that are ``wrong`` at others, some.
    """
    style = reading.sighting.style
    most, why = _SMALL, ""
    if fills := guards.fills(style):
        why = f"{fills[0]:g} masks nothing beside numbers that are as large"
    elif guards.clips(style):
        most, why = _TINY, "it clips its gradients, which are larger at others"
    if not why:
        return None
    inputs = {name: _between(given, most) for name, given in reading.inputs.items()}
    if wrong is None:
        found = _all_right(reading, inputs, reading.names, profile)
    else:
        declared = declare((*reading.sighting.what, reading.names), inputs, guessed=True)
        outcomes = outcomes_of(declared, profile)
        right = {rule.wrt[0] for rule, outcome in outcomes if outcome.record.status == PASS}
        found = None if right.isdisjoint(wrong) else (declared, outcomes)
    if found is not None:
        reading.inputs = inputs
        report.inputs = {n: argument_text(given).strip('"') for n, given in inputs.items()}
        report.assumptions.append(f"inputs between {-most:g} and {most:g}: {why}")
    return found


def _between(given: Any, most: float) -> Any:
    """An argument of reals that is no larger than that, where nothing else is said of it."""
    argument = as_argument(given)
    if not isinstance(argument, Real) or argument.low is not None or argument.high is not None:
        return given
    return replace(argument, low=-most, high=most)


def without_guards(
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
            if plan_of(again.declared) is None:
                continue  # it does not run at these
            outcomes = outcomes_of(again.declared, profile, simplify=False)
            gradients = [
                gradient_report(rule, outcome, again.declared, again, profile)
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


def of_one_sample(
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
    outcomes = outcomes_of(again.declared, profile, simplify=False)
    right = {rule.wrt[0] for rule, outcome in outcomes if outcome.record.status == PASS}
    wrong = {one.name: one for one in gradients if one.verdict == FAIL}
    mended = [one for name, one in wrong.items() if name in right and not one.scale]
    broken = [
        one.name
        for one in mended
        if not set(one.mistakes).isdisjoint(_BREAKS)
        # What is not summed over the samples is forgotten more often than meant.
        and not any(_UNSUMMED in mistake for mistake in one.mistakes)
    ]
    parameters = [name for name in plan.differentiable if inputs[name] is reading.inputs[name]]
    alone = not parameters and len(right) == len(outcomes) and _mixes_samples(reading)
    if broken and (alone or (parameters and all(name in wrong for name in parameters))):
        if len(right) < len(outcomes):  # now what is wrong is to be shown as well
            outcomes = outcomes_of(again.declared, profile)
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
                gradient_report(rule, outcome, again.declared, again, profile)
                for rule, outcome in outcomes
            ],
        )
    for one in mended if len(right) == len(outcomes) else ():
        one.mistakes.append("right for one sample, wrong for a batch of more")
    return None


def _mixes_samples(reading: Reading) -> bool:
    """Whether what is given for one sample depends on the others: no batch is meant then.

    A softmax over everything is one, where one for each row is none. What normalises over a batch
    is constant for one sample, and never gets so far. The others are changed, and not left out:
    then what does not depend on them is computed in the same order, and is the same bit for bit.
    """
    assert reading.declared is not None
    _, values = trials(reading.declared, few=True)[-1]
    try:
        others = {
            name: np.concatenate([value[:1], value[1:][::-1] / 2]) for name, value in values.items()
        }
        outputs = [np.asarray(reading.declared.function(**given)) for given in (values, others)]
    except Exception:
        return False
    return not same(*(output[:1] for output in outputs))


def _all_right(
    reading: Reading, inputs: Mapping[str, Any], names: Names, profile: Profile
) -> tuple[Derivation, list[tuple[Rule, Outcome]]] | None:
    """A layer in a reading in which every gradient is right; None where one is not."""
    found = _judged(reading, inputs, names, profile)
    return found if found is not None and _are_right(found[1]) else None


def _are_right(outcomes: Sequence[tuple[Rule, Outcome]]) -> bool:
    return all(outcome.record.status == PASS for _, outcome in outcomes)


def _are_scaled(
    reading: Reading,
    inputs: dict[str, Any],
    declared: Derivation,
    outcomes: Sequence[tuple[Rule, Outcome]],
    profile: Profile,
) -> bool:
    """Whether every gradient of a loss is right up to one constant, such as the samples."""
    plan = plan_of(declared)
    if plan is None or not plan.is_loss:
        return False
    again = replace(reading, inputs=inputs, names=plan.names, declared=declared)
    scales = {scale_of(rule, outcome, again, profile) for rule, outcome in outcomes}
    return len(scales) == 1 and "" not in scales


def _judged(
    reading: Reading, inputs: Mapping[str, Any], names: Names, profile: Profile
) -> tuple[Derivation, list[tuple[Rule, Outcome]]] | None:
    """A layer in another reading, with the outcomes; None where it does not run, or is constant."""
    declared = declare((*reading.sighting.what, names), inputs, guessed=True)
    plan = plan_of(declared)
    if declared.problem is not None or plan is None or plan.trial_error:
        return None
    # A softmax of one number is constant: there, rules are right that are wrong everywhere else.
    if any(changes_nothing(replace(reading, declared=declared), n) for n in plan.differentiable):
        return None
    return declared, outcomes_of(declared, profile, simplify=False)
