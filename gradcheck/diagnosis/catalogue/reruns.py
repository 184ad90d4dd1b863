"""What shows when a rule is asked again: after another forward pass, beside a tie, reshaped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.answers import same
from gradcheck.arguments import Boolean, Choice
from gradcheck.case import Case
from gradcheck.claims import Derivation, Rule
from gradcheck.diagnosis.catalogue.behaviour import answered
from gradcheck.diagnosis.catalogue.products import ELEMENTWISE, elementwise_for_matrix
from gradcheck.diagnosis.catalogue.specials import special_values
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.judged_again import right_under
from gradcheck.diagnosis.pattern import Behaviour, Found, Text
from gradcheck.diagnosis.samples import Sample, sample_at
from gradcheck.dims import Bindings
from gradcheck.errors import GradcheckError
from gradcheck.judging import judge
from gradcheck.returned import SetAside, Violation
from gradcheck.verdict import Status

#: Another point for a forward pass lies this share of the inputs away.
_AWAY = 0.5
#: A tie is broken by this share of the values that are equal.
_BREAK = 2.0**-8
#: The headlines of failures that a stale cache may lead to.
_BY_CACHE = ("stale cache", "wrong value", "wrong shape", "not repeatable")
#: Where a kind of input has more values than this, they are no modes.
_MOST_MODES = 4


# ---- another forward pass --------------------------------------------------------------------


def _stale(evidence: Evidence, title: str) -> Found | None:
    """The answer depends on which inputs the function was called with last."""
    if evidence.rule.kind not in ("vjp", "jvp") or title not in _BY_CACHE:
        return None
    if title == "stale cache":
        return Found()
    for sample in evidence.samples:
        evidence.clock.check()
        here, there = sample.subject, _elsewhere(sample)
        u = sample.answers[0][0]
        if there is None or here.derivation.options.mutates:
            continue
        here.point.evaluate(here.x)
        after_here = answered(sample, u)
        there.point.evaluate(there.x)
        after_there = answered(sample, u)
        here.point.evaluate(here.x)
        if (
            after_here is None
            or after_there is None
            or not same([after_here], [answered(sample, u)])
        ):
            return None  # it keeps more than the last forward pass
        if not same([after_here], [after_there]):
            return Found()
    return None


def _elsewhere(sample: Sample) -> Any:
    subject = sample.subject
    for factor in (1 - _AWAY, 1 + _AWAY):
        if subject.point.holds(subject.x * factor):
            try:
                return subject.moved_to(subject.x * factor, sample.bindings)
            except (SetAside, Violation):
                return None
    return None


def _one_mode(evidence: Evidence, title: str) -> Found | None:
    """Right for one value of a switch, such as ``training``, and wrong for the others."""
    arguments = evidence.rule.derivation.arguments
    for name, argument in arguments.items():
        modes: tuple[Any, ...] = ()
        if isinstance(argument, Choice) and 1 < len(argument.values) <= _MOST_MODES:
            modes = argument.values
        elif isinstance(argument, Boolean) and all(
            np.ndim(s.case.inputs[name]) == 0 for s in evidence.samples
        ):
            modes = (np.True_, np.False_)
        right = [mode for mode in modes if right_under(evidence, _switched(name, mode))]
        if len(right) == 1 and not _is_neutral(right[0]):
            return Found({"name": name, "mode": repr(_plain(right[0]))})
    return None


def _is_neutral(mode: Any) -> bool:
    """Whether a value is a number at which many a rule is right, such as a stride of 1."""
    return isinstance(mode, int | float) and not isinstance(mode, bool) and mode in (0, 1)


def _plain(mode: Any) -> Any:
    return mode.item() if isinstance(mode, np.generic) else mode


def _switched(name: str, mode: Any) -> Callable[[Case, Bindings], Case]:
    return lambda case, bindings: case.with_inputs({**case.inputs, name: mode})


# ---- ties ------------------------------------------------------------------------------------


def _all_of_a_tie(evidence: Evidence, title: str) -> Found | None:
    """Every one of the entries that tie gets what it would get if it were the only one."""
    if evidence.rule.kind != "vjp" or special_values(evidence, title) is None:
        return None
    return Found() if any(_takes_all(s, evidence) for s in evidence.samples if s.failing) else None


def _takes_all(sample: Sample, evidence: Evidence) -> bool:
    x, u = sample.subject.x, sample.answers[0][0]
    tied = np.array([np.count_nonzero(x == value) > 1 for value in x])
    at_tie = answered(sample, u)
    if at_tie is None or not tied.any():
        return False
    for sign in (1, -1):  # of a maximum or a minimum
        alone: list[float] = []
        for k in np.flatnonzero(tied):
            evidence.clock.check()
            moved = x.copy()
            moved[k] += sign * _BREAK * (abs(x[k]) or 1.0)
            try:
                beside = replace(sample, subject=sample.subject.moved_to(moved, sample.bindings))
            except (SetAside, Violation):
                return False
            there = answered(beside, u)
            alone.append(np.nan if there is None else float(there[k]))
        if np.count_nonzero(alone) > 1 and same([np.array(alone)], [at_tie[tied]]):
            return True
    return False


# ---- shapes ----------------------------------------------------------------------------------


def _column_and_vector(evidence: Evidence, title: str) -> Found | None:
    """Right for the function that takes labels of shape ``(n,)`` as predictions ``(n, 1)``."""
    rule = evidence.rule
    usual = [sample for sample in evidence.samples if not sample.failing]
    for column, vector in _columns_and_vectors(usual):
        # Whichever of the two has another shape, the function sees that of the first.
        other = Derivation.of(
            _joined(rule, column, vector), rule.derivation, rule.derivation.options
        )
        changed = Rule(
            rule.function, other, rule.kind, () if rule.joint else rule.wrt, register=False
        )
        if changed.problem is None and all(_passes(changed, s, evidence) for s in usual):
            return Found({"column": column, "vector": vector})
    return None


def _columns_and_vectors(samples: list[Sample]) -> Iterator[tuple[str, str]]:
    """The names of inputs of shape ``(n, 1)`` and ``(n,)``, with n > 1."""
    if not samples:
        return
    shapes = [{name: np.shape(v) for name, v in s.case.inputs.items()} for s in samples]
    for column in shapes[0]:
        for vector in shapes[0]:
            if all(len(s[vector]) == 1 and s[column] == (*s[vector], 1) for s in shapes) and any(
                s[column][0] > 1 for s in shapes
            ):
                yield column, vector


def _joined(rule: Rule, column: str, vector: str) -> Callable[..., Any]:
    function = rule.derivation.function

    def joined(**inputs: Any) -> Any:
        values: Mapping[str, Any] = {**inputs, vector: np.asarray(inputs[vector])[:, None]}
        return function(**values)

    joined.__name__ = rule.derivation.name
    return joined


def _passes(rule: Rule, sample: Sample, evidence: Evidence) -> bool:
    evidence.clock.check()
    try:
        values, bindings = rule.derivation.accept(sample.case.inputs)
        return judge(rule, values, bindings, sample.case, contracts=False).status is Status.PASS
    except GradcheckError:
        return False


def _fits_squares_alone(evidence: Evidence, title: str) -> Found | None:
    """A product entry by entry that raises, since sizes differ: seen where all sizes are equal."""
    if title != "raises":
        return None
    for sample in evidence.samples:
        case = _squared(evidence.rule, sample)
        if case is None:
            continue
        try:
            square = sample_at(evidence.rule, case, evidence.clock)
        except GradcheckError:
            continue
        if square is None:
            continue
        wrong = [v for v in Evidence(evidence.rule, [square], evidence.clock).views if v.wrong]
        for view in wrong:
            found = elementwise_for_matrix(view, evidence)
            if found is not None:
                return found
    return None


def _squared(rule: Rule, sample: Sample) -> Case | None:
    """The case with every size cut down to the smallest that is larger than 1."""
    sizes = [size for size in sample.bindings.values() if isinstance(size, int) and size > 1]
    if not sizes or len(sizes) < len(sample.bindings):
        return None
    wanted: Bindings = dict.fromkeys(sample.bindings, min(sizes))
    arguments = rule.derivation.arguments
    try:
        inputs = {n: arguments[n].resize(v, wanted) for n, v in sample.case.inputs.items()}
        return sample.case.with_inputs(inputs) if rule.derivation.bind(inputs) == wanted else None
    except (GradcheckError, ValueError, IndexError):
        return None


BEHAVIOURS = [
    Behaviour(
        "M33",
        Text(
            "the answer depends on which inputs the function was called with last",
            "结果取决于函数上一次是用哪些输入调用的",
        ),
        Text(
            "The rule reads what the last forward pass left behind, whichever that was: after one "
            "in test mode, or on other data, it is that one's.",
            "规则读取的是上一次前向留下的缓存：若上一次是测试模式或别的数据，就会用错。",
        ),
        Text(
            "give the rule what it needs as inputs, or keep one cache for each forward pass",
            "把所需的量作为输入传给规则，或为每次前向各保存一份缓存",
        ),
        _stale,
        rank=3,
    ),
    Behaviour(
        "M33",
        Text("right only where {name} is {mode}", "仅当 {name} 为 {mode} 时才对"),
        Text(
            "The rule of one mode is used in the other, such as that of training (statistics of "
            "the batch) where fixed statistics are used.",
            "一种模式的规则用到了另一种模式，例如使用固定统计量时却用了训练模式（批统计量）的规则。",
        ),
        Text("treat each mode by itself", "对每种模式分别处理"),
        _one_mode,
        rank=30,
    ),
    Behaviour(
        "M36",
        Text(
            "where entries tie, each of them gets the whole gradient",
            "元素相等（并列）时，每个都得到了全部梯度",
        ),
        Text(
            "x == x.max() holds for all of them. The output moves once when they move together; "
            "the rule counts it once for each.",
            "x == x.max() 对它们都成立。它们一起变动时输出只变动一次，规则却对每个都算了一次。",
        ),
        Text(
            "give it to one of them (np.argmax), or divide it by their number",
            "只给其中一个（np.argmax），或除以并列的个数",
        ),
        _all_of_a_tie,
        rank=24,
    ),
    Behaviour(
        "M62",
        Text(
            "the function combines each entry of {column} with every entry of {vector}",
            "函数把 {column} 的每个元素与 {vector} 的所有元素两两组合了",
        ),
        Text(
            "{column} has shape (n, 1) and {vector} shape (n,): together they are broadcast to "
            "(n, n). The rule is right for a function that pairs them off, so that the function is "
            "to blame.",
            "{column} 的形状是 (n, 1)，{vector} 是 (n,)：两者广播成 (n, n)。"
            "规则对逐一配对的函数是正确的，错在函数。",
        ),
        Text("use {vector}[:, None] in the function", "在函数里用 {vector}[:, None]"),
        _column_and_vector,
        rank=8,
    ),
    Behaviour(
        ELEMENTWISE.id,
        ELEMENTWISE.title,
        ELEMENTWISE.explanation,
        ELEMENTWISE.remedy,
        _fits_squares_alone,
        rank=5,
    ),
]
