"""What else a layer takes: operands that are broadcast, and labels as rows with a single one.

A layer that is right is judged again with them, as far as it runs there. Only what is wrong
silently is a mistake of it; a gradient of another shape is one where some gradient is summed to
the shape of its operand, so that operands of other shapes are meant.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gradcheck.adapters import guards
from gradcheck.adapters.conventions import tape
from gradcheck.adapters.gradient_report import message_of, mistakes_of
from gradcheck.adapters.judgements import outcomes_of
from gradcheck.adapters.layers import declare, plan_of, trials
from gradcheck.adapters.one_hot import one_hot
from gradcheck.adapters.other_defaults import INPUTS, LOUD
from gradcheck.adapters.scan_report import FAIL, PASS, LayerReport
from gradcheck.adapters.settling import Reading
from gradcheck.adapters.sightings import Sighting
from gradcheck.arguments import Integers, Real, as_argument
from gradcheck.oracle.captured import names_in
from gradcheck.profiles import Profile
from gradcheck.tally import FUNCTION_RAISES

#: Operators whose operands may be of different shapes.
_OPERATORS = (tape.CONVENTION, "function of variables")
#: Shapes of which each is broadcast along an axis of the other.
_BROADCAST = (("n 1", "d"), ("d", "n 1"))
#: What the axes of a window are called.
_WINDOW = "k"
#: Of a loss: what a sum in another order is rounded by.
_ROUNDING = 64 * np.finfo(np.float64).eps
#: What a function is called that sums a gradient to the shape of its operand.
_HELPER = re.compile(r"(?i)un_?broad|sum_?to|reduce_?(to|grad)|broadcast|match_?shape|reduce_shape")


@dataclass(frozen=True)
class OtherInputs:
    """The inputs in another form, and how that is said."""

    inputs: Mapping[str, Any]
    said: str


def judge_inputs(
    report: LayerReport, reading: Reading, profile: Profile, space: Mapping[str, Any]
) -> None:
    """Judge a right layer again with other inputs that its forward function takes."""
    helped = _is_helped(reading.sighting, space)
    for other in (*_broadcast(reading), *_single_ones(reading), *_windows(reading)):
        if any(gradient.verdict != PASS for gradient in report.gradients):
            return
        # What only keeps a logarithm finite is judged without, as before.
        with guards.without(reading.sighting.style):
            _judge(report, reading, other, profile, helped=helped)


def _is_helped(sighting: Sighting, space: Mapping[str, Any]) -> bool:
    """Whether operators sum gradients to the shape of an operand, with a function for that."""
    helpers = {n for n, one in space.items() if inspect.isfunction(one) and _HELPER.search(n)}
    if sighting.style.convention != tape.CONVENTION:
        return bool(helpers)
    # Of two classes of variables in a file, one may be of numbers.
    (cls, _) = sighting.what
    methods = {n: m for n, m in vars(cls).items() if inspect.isroutine(m)}
    helpers |= {n for n in methods if _HELPER.search(n)}
    codes = [getattr(getattr(m, "__func__", m), "__code__", None) for m in methods.values()]
    return not helpers.isdisjoint(name for code in codes if code for name in names_in(code))


def _judge(
    report: LayerReport, reading: Reading, other: OtherInputs, profile: Profile, *, helped: bool
) -> None:
    declared = declare((*reading.sighting.what, reading.names), other.inputs, guessed=True)
    plan = plan_of(declared)
    if declared.problem is not None or plan is None or plan.trial_error:
        return
    few = replace(profile, inputs=min(profile.inputs, INPUTS))
    outcomes = outcomes_of(declared, few, simplify=False)
    records = {rule.wrt[0]: outcome.record for rule, outcome in outcomes}
    if any(record.title == FUNCTION_RAISES for record in records.values()):
        return  # no rule is judged where its function does not run
    status = {name: record.status for name, record in records.items()}
    if all(one == PASS for one in status.values()):
        report.assumptions.append(f"{other.said} as well")
        return
    summed = helped or PASS in status.values()
    for gradient in report.gradients:
        record = records.get(gradient.name)
        if record is None or record.status != FAIL:
            continue
        text = f"with {other.said}, the gradient for {gradient.name} is wrong"
        if record.title in LOUD and not (record.title == LOUD[0] and summed):
            report.notes.append(f"{text} ({record.title}), which is seen where it is used")
            continue
        ((_, smallest),) = outcomes_of(declared, few, only=gradient.name)
        record = smallest.record
        gradient.verdict = FAIL
        gradient.mistakes = [f"wrong with {other.said}", *mistakes_of(record)]
        gradient.message = f"{report.name}: {text}:\n{message_of(record)}"


def _windows(reading: Reading) -> Iterator[OtherInputs]:
    """Of two arrays of the same dims, one that is slid over the other: neither need be as large."""
    dims = list(reading.inputs.values())
    if len(dims) != len(("x", "k")) or dims[0] != dims[1] or not isinstance(dims[0], str):
        return
    axes = dims[0].split()
    if not all(axis.isidentifier() for axis in axes) or len(set(axes)) < len(axes):
        return
    longer = " ".join(f"{axis}+{_WINDOW}{k}-1" for k, axis in enumerate(axes))
    shorter = " ".join(f"{_WINDOW}{k}" for k in range(len(axes)))
    for first, second in (list(reading.inputs), [*reversed(reading.inputs)]):
        way = {first: longer, second: shorter}
        inputs = {name: way[name] for name in reading.inputs}
        yield OtherInputs(inputs, f"{second} smaller than {first}")


def _broadcast(reading: Reading) -> Iterator[OtherInputs]:
    """Operands of which each is broadcast, where both were of one shape."""
    if reading.sighting.style.convention not in _OPERATORS:
        return
    given = {name: as_argument(one) for name, one in reading.inputs.items()}
    real = {n: one for n, one in given.items() if isinstance(one, Real) and one.differentiable}
    axes = [one.shape.text.split() for one in real.values()]
    if len(axes) != len(_BROADCAST[0]) or axes[0] != axes[1] or len(axes[0]) != len(axes):
        return
    for shapes in _BROADCAST:
        ways = dict(zip(real, shapes, strict=True))
        said = ", ".join(f'{name} = "{text}"' for name, text in ways.items())
        yield OtherInputs({**reading.inputs, **ways}, said)


def _single_ones(reading: Reading) -> Iterator[OtherInputs]:
    """Labels as rows with a single one, where the loss is the same with these."""
    labels = {
        name: one
        for name, one in ((n, as_argument(given)) for n, given in reading.inputs.items())
        if isinstance(one, Integers) and isinstance(one.high, str) and len(one.shape.axes) == 1
    }
    if len(labels) != 1 or reading.declared is None:
        return
    ((name, one),) = labels.items()
    rows = one_hot(f"{one.shape.text} {one.high}")
    other = OtherInputs({**reading.inputs, name: rows}, f"{name} = one_hot({rows.shape.text!r})")
    if _is_same(reading, other, name, str(one.high)):
        yield other


def _is_same(reading: Reading, other: OtherInputs, name: str, high: str) -> bool:
    """Whether the output is the same with labels as rows with a single one."""
    assert reading.declared is not None
    bindings, values = trials(reading.declared, few=True)[-1]
    again = declare((*reading.sighting.what, reading.names), other.inputs, guessed=True)
    try:
        rows = np.eye(int(bindings[high]))[np.asarray(values[name])]
        before = reading.declared.function(**values)
        after = again.function(**{**values, name: rows})
        return bool(np.all(np.abs(before - after) <= _ROUNDING * np.abs(before)))
    except Exception:
        return False
