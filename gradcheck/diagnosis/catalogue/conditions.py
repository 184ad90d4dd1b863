"""Rules that are right only in a special case: one sample, a square, gamma = 1, usual values."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.diagnosis.evidence import Evidence, Sample, View, sample_at
from gradcheck.diagnosis.pattern import Behaviour, Found, Text
from gradcheck.errors import GradcheckError

#: A condition is believed after so many points at which it holds and the rule is right.
_NEEDED = 2


def _one_size(evidence: Evidence, title: str) -> Found | None:
    """Right where one size is 1."""
    fresh = _fresh(evidence)
    for name in _sizes(fresh):
        cases = [_resized(s, {**s.bindings, name: 1}) for s in fresh]
        if _all_right(evidence, cases):
            return Found({"condition": f"{name} = 1"})
    return None


def _equal_sizes(evidence: Evidence, title: str) -> Found | None:
    """Right where two sizes are equal."""
    fresh = _fresh(evidence)
    for a, b in itertools.combinations(_sizes(fresh), 2):
        cases = []
        for s in fresh:
            least = min(int(s.bindings[a]), int(s.bindings[b]))  # type: ignore[arg-type]
            if s.bindings[a] == s.bindings[b] or least < 2:
                return None  # wrong there as well, or nothing to compare with
            cases.append(_resized(s, {**s.bindings, a: least, b: least}))
        if _all_right(evidence, cases):
            return Found({"condition": f"{a} = {b}"})
    return None


def _one_value(evidence: Evidence, title: str) -> Found | None:
    """Right where all of one input is 1, or 0."""
    fresh = _fresh(evidence)
    if not fresh:
        return None
    for name, value in fresh[0].case.inputs.items():
        kind = np.asarray(value).dtype.kind
        if any(view.wrong and view.name == name for view in evidence.views):
            continue
        if kind != "f" and (kind not in "iu" or np.ndim(value) > 0):
            continue
        for number in (1, 0) if kind == "f" else (1,):
            if all(np.all(np.asarray(s.case.inputs[name]) == number) for s in fresh):
                continue
            cases = [
                s.case.with_inputs({**s.case.inputs, name: _filled(s.case.inputs[name], number)})
                for s in fresh
            ]
            others = [
                c.with_inputs({**c.inputs, name: _filled(c.inputs[name], number + 2)})
                for c in cases
            ]
            if _all_right(evidence, cases) and not _all_right(evidence, others):
                return Found({"condition": f"{name} = {number}"})
    return None


def _unrepeated(evidence: Evidence, title: str) -> Found | None:
    """Right where no index is repeated."""
    fresh = _fresh(evidence)
    for name in evidence.rule.derivation.arguments:
        cases: list[Case] = []
        repeated = True
        for s in fresh:
            value = np.asarray(s.case.inputs.get(name))
            if value.dtype.kind not in "iu" or value.size < 2:
                cases = []
                break
            repeated &= np.unique(value).size < value.size
            distinct = np.arange(value.size).reshape(value.shape)
            cases.append(s.case.with_inputs({**s.case.inputs, name: distinct}))
        if repeated and cases and _all_right(evidence, cases):
            return Found({"name": name})
    return None


def _special_values(evidence: Evidence, title: str) -> Found | None:
    """Wrong at the failing case alone: right at usual values of usual sizes."""
    fresh, failing = _fresh(evidence), [s for s in evidence.samples if s.failing]
    if len(fresh) < _NEEDED or not failing or any(_wrong(evidence, s) for s in fresh):
        return None
    values = [
        np.asarray(v, float)
        for v in failing[0].case.inputs.values()
        if isinstance(v, np.ndarray | np.floating) and np.asarray(v).dtype.kind == "f"
    ]
    if not values:
        return None
    flat = np.concatenate([np.ravel(v) for v in values])
    if np.abs(flat).max(initial=0.0) > _LARGE:
        return Found({"what": Text("where numbers are large", "在数值很大时")})
    if np.any(flat == 0):
        return Found({"what": Text("at zero", "在零处")})
    if np.unique(flat).size < flat.size:
        return Found({"what": Text("where two entries are equal (ties)", "在元素相等(并列)时")})
    return Found({"what": Text("at special values", "在特殊值处")})


#: Larger than what is drawn as a usual value.
_LARGE = 8.0


def _fresh(evidence: Evidence) -> list[Sample]:
    return [sample for sample in evidence.samples if not sample.failing]


def _sizes(samples: list[Sample]) -> Iterator[str]:
    for name, size in (samples[0].bindings if samples else {}).items():
        if isinstance(size, int) and all(s.bindings[name] != 1 for s in samples):
            yield name


def _resized(sample: Sample, bindings: Mapping[str, Any]) -> Case | None:
    arguments = sample.rule.derivation.arguments
    try:
        inputs = {n: arguments[n].resize(v, dict(bindings)) for n, v in sample.case.inputs.items()}
        if sample.rule.derivation.bind(inputs) != bindings:
            return None
    except (GradcheckError, ValueError, IndexError):
        return None
    return sample.case.with_inputs(inputs)


def _filled(value: Any, number: int) -> Any:
    array = np.full_like(np.asarray(value), number)
    return array if array.ndim else array[()]


def _all_right(evidence: Evidence, cases: Sequence[Case | None]) -> bool:
    """Whether the rule is right at every case, at enough of them, and says something there."""
    right = 0
    wrong = {view.name for view in evidence.views if view.wrong}
    for case in cases:
        evidence.clock.check()
        if case is None:
            continue
        try:
            sample = sample_at(evidence.rule, case, evidence.clock)
        except GradcheckError:
            continue
        if sample is None:
            continue
        one = Evidence(sample.rule, [sample], evidence.clock)
        if any(view.wrong for view in one.views):
            return False
        # Where what is right is zero or unknown, any rule is right.
        told = [v for v in one.views if v.name in wrong and _says_something(v)]
        right += len(told) == len(wrong)
    return right >= _NEEDED


def _wrong(evidence: Evidence, sample: Sample) -> bool:
    return any(view.wrong for view in Evidence(sample.rule, [sample], evidence.clock).views)


def _says_something(view: View) -> bool:
    return all(np.isfinite(p.right).all() and np.any(p.right) for p in view.pairs)


BEHAVIOURS = [
    Behaviour(
        "M49",
        Text("right only where no index in {name} is repeated", "仅当 {name} 中没有重复下标时才对"),
        Text(
            "Where an index comes twice, one contribution overwrites the other.",
            "下标重复时,一次的贡献覆盖了另一次。",
        ),
        Text(
            "use np.add.at(dW, {name}, g) for dW[{name}] += g",
            "用 np.add.at(dW, {name}, g) 代替 dW[{name}] += g",
        ),
        _unrepeated,
        rank=30,
    ),
    Behaviour(
        "only-one",
        Text("right only where {condition}", "仅当 {condition} 时才对"),
        Text(
            "What goes on between several of them is wrong or missing.",
            "多个之间的相互作用有误或缺失。",
        ),
        Text("look at sums, means and loops over that axis", "检查该轴上的求和、平均与循环"),
        _one_size,
        rank=32,
    ),
    Behaviour(
        "M41",
        Text("right only where {condition}", "仅当 {condition} 时才对"),
        Text("Two sizes or axes are mixed up.", "混淆了两个尺寸或轴。"),
        Text("look at where these two sizes are used", "检查使用这两个尺寸的地方"),
        _equal_sizes,
        rank=31,
    ),
    Behaviour(
        "M31",
        Text("right only where {condition}", "仅当 {condition} 时才对"),
        Text("It is left out of a term, or stands in one too many.", "某一项里漏了它,或多用了它。"),
        Text("look at where it enters the function and the rule", "对照函数与规则中使用它的地方"),
        _one_value,
        rank=33,
    ),
    Behaviour(
        "special",
        Text("right at usual values, wrong {what}", "通常的取值下正确,{what}错误"),
        Text("", ""),
        Text("look at branches, clipping and comparisons", "检查分支、截断与比较"),
        _special_values,
        rank=25,
    ),
]
