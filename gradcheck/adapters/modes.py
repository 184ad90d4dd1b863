"""Eval mode: a layer that is right in train mode judged again as it is used once it is trained.

A mistake there is one of a backward function that makes a difference between the modes. One that
makes none is that of training: what it gives in eval mode is said, and nobody is accused.
"""

from __future__ import annotations

import ast
import contextlib
import inspect
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.adapters.gradient_report import message_of, mistakes_of
from gradcheck.adapters.judgements import outcomes_of
from gradcheck.adapters.layers import declare, plan_of, trials
from gradcheck.adapters.other_defaults import INPUTS, LOUD
from gradcheck.adapters.plan import Plan
from gradcheck.adapters.randomness import reproducible
from gradcheck.adapters.scan_report import FAIL, PASS, LayerReport
from gradcheck.adapters.session import Session
from gradcheck.adapters.settling import Reading
from gradcheck.adapters.sources import mode_words, nodes_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import EVAL, mode_value
from gradcheck.answers import same
from gradcheck.claims import Derivation
from gradcheck.profiles import Profile

_SWITCHES = ("train", EVAL)


def judge_eval(report: LayerReport, reading: Reading, before: Derivation, profile: Profile) -> None:
    """Judge the gradients that are right in train mode in eval mode too, where there is one."""
    style = reading.sighting.style
    right = {one.name for one in report.gradients if one.verdict == PASS}
    if reading.names.mode or not right or not _has_modes(style):
        return
    declared = declare(
        (*reading.sighting.what, replace(reading.names, mode=EVAL)), reading.inputs, guessed=True
    )
    plan, told = plan_of(declared), _makes_difference(before, declared)
    if declared.problem is not None or plan is None:
        report.assumptions.append("train mode: it was not seen to run in eval mode")
    elif plan.trial_error:
        report.assumptions.append(
            f"train mode: in eval mode its backward function raises {plan.trial_error}"
        )
    elif told or not _is_alike(before, declared, plan):
        _judge(report, declared, profile, right, told=told)


def _judge(
    report: LayerReport, declared: Derivation, profile: Profile, right: set[str], *, told: bool
) -> None:
    by_name = {one.name: one for one in report.gradients if one.name in right}
    few, passed = replace(profile, inputs=min(profile.inputs, INPUTS)), True
    for rule, outcome in outcomes_of(declared, few, simplify=told):
        (name,), record = rule.wrt, outcome.record
        if name not in by_name:
            continue
        passed = passed and record.status == PASS
        if record.status != FAIL:
            if record.status != PASS:
                report.notes.append(f"in eval mode, the gradient for {name} is undecided")
            continue
        text = f"in eval mode, the gradient for {name} is wrong"
        if record.title in LOUD:
            report.notes.append(f"{text} ({record.title}), which is seen where it is used")
        elif not told:
            report.notes.append(
                f"{text}: its backward function makes no difference between the modes, and is that "
                "of train mode"
            )
        else:
            gradient = by_name[name]
            gradient.verdict = FAIL
            gradient.mistakes = ["wrong in eval mode", *mistakes_of(record)]
            gradient.message = (
                f"{report.name}: the gradient for {name} is right in train mode, and wrong in eval "
                'mode (if train mode alone is meant: names = { mode = "train" }):\n'
                f"{message_of(record)}"
            )
    if passed:
        report.assumptions.append("train mode, and eval mode as well")


def _has_modes(style: Style) -> bool:
    """Whether a layer may be put into eval mode: by an argument, an attribute, a key, a method."""
    made = style.make
    parameters = [*style.takes, *style.gets, *(() if made is None else parameters_of(made))]
    words = mode_words(style)
    if any(mode_value(p.name, EVAL, words) is not None for p in parameters):
        return True
    if made is None:
        return _names_mode([style.forward(None)], style)
    switches = (getattr(made, text, None) for text in _SWITCHES)
    if all(
        inspect.isfunction(one) and not any(map(is_required, parameters_of(one, skip_first=True)))
        for one in switches
    ):
        return True
    return _names_mode([one for one in vars(made).values() if inspect.isfunction(one)], style)


def _makes_difference(train: Derivation, other: Derivation) -> bool:
    """Whether the backward function reads the mode, or an attribute that the mode sets."""
    plan = plan_of(train)
    if plan is None or plan.style.source is None:
        return False
    source = inspect.unwrap(plan.style.source)
    if _names_mode([source], plan.style):
        return True
    read = {node.attr for node in nodes_of(source) if isinstance(node, ast.Attribute)}
    one, two = (_flags(declared) for declared in (train, other))
    return any(one[name] != two.get(name, one[name]) for name in read & set(one))


def _flags(declared: Derivation) -> dict[str, Any]:
    """The flags and words that an object has once it ran forward."""
    plan, (bindings, values) = plan_of(declared), trials(declared, few=True)[-1]
    if plan is None or plan.style.make is None:
        return {}
    with reproducible(plan.generators), np.errstate(all="ignore"):
        session = Session(plan, values, bindings)
        with contextlib.suppress(Exception):
            session.run_forward(values)
    held = getattr(session.object, "__dict__", {})
    return {name: value for name, value in held.items() if isinstance(value, bool | int | str)}


def _names_mode(functions: Sequence[Any], style: Style) -> bool:
    """Whether functions read a flag or a word for the mode: ``self.training``, ``p["mode"]``."""
    words, called = mode_words(style), []
    for node in (node for one in functions for node in nodes_of(one)):
        match node:
            case ast.Attribute(attr=name) | ast.Name(id=name) | ast.arg(arg=name):
                called.append(name)
            case ast.Subscript(slice=ast.Constant(value=str() as name)):
                called.append(name)
    return any(mode_value(name, EVAL, words) is not None for name in called)


def _is_alike(one: Derivation, other: Derivation, plan: Plan) -> bool:
    """Whether two modes give the same outputs and gradients: one layer in both."""
    _, values = trials(one, few=True)[-1]
    try:
        outputs = [np.asarray(declared.function(**values)) for declared in (one, other)]
        cotangents = [np.cos(np.arange(outputs[0].size)).reshape(outputs[0].shape)]
        rules = zip(one.rules, other.rules, strict=True)
        pairs = [[rule(*cotangents, **values) for rule in pair] for pair in rules]
    except Exception:
        return False
    return plan.outputs == 1 and all(same(*pair) for pair in [outputs, *pairs])
