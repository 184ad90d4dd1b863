"""Rules that are right only in a special case: one sample, a square, gamma = 1, usual values."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradcheck.answers import same
from gradcheck.arguments import Real
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.diagnosis.catalogue.behaviour import answered
from gradcheck.diagnosis.evidence import Evidence
from gradcheck.diagnosis.judged_again import (
    Change,
    fails,
    is_wrong,
    resolves,
    right_under,
    wrong_under,
)
from gradcheck.diagnosis.pattern import Behaviour, Found, Text
from gradcheck.diagnosis.samples import Sample, sample_at
from gradcheck.dims import Bindings
from gradcheck.errors import GradcheckError
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject

#: At so many points what is kept from another has to show.
_SHOWN = 2
#: At these numbers a rule that needs a 1 or a 0 is wrong.
_OTHERS = (0.5, 3)


def _one_value(evidence: Evidence, title: str) -> Found | None:
    """Right where all of one input is 1, or 0, and seen to be wrong at others: of one alone.

    At numbers of the same sign as well: what is right of all of them has nothing to do with 1.

    Where it is right for other reasons too, as with one sample, none of them is the only one.
    """
    wrong = [view.name for view in evidence.views if view.wrong]
    found = []
    for name, value in (evidence.samples[0].case.inputs if evidence.samples else {}).items():
        kind = np.asarray(value).dtype.kind
        if name in wrong or (kind != "f" and (kind not in "iu" or np.ndim(value) > 0)):
            continue
        for number in (1, 0) if kind == "f" else (1,):
            others = _OTHERS if kind == "f" else (number + 2,)
            if right_under(evidence, _setting(name, number)) and all(
                wrong_under(evidence, _setting(name, other)) for other in others
            ):
                found.append(f"{name} = {number}")
                break
        if len(found) > 1:
            return None
    if not found or _one_size(evidence, title) is not None:
        return None
    return Found({"condition": found[0]})


def _one_sign(evidence: Evidence, title: str) -> Found | None:
    """Right where all of one input is positive, or negative, and not where it is the other."""
    for name, value in (evidence.samples[0].case.inputs if evidence.samples else {}).items():
        if isinstance(value, list) or np.asarray(value).dtype.kind != "f":
            continue
        for sign, other in ((1, "<"), (-1, ">")):
            if right_under(evidence, _signed(name, sign)) and wrong_under(
                evidence, _signed(name, -sign)
            ):
                return Found({"condition": f"{name} {other} 0", "name": name})
    return None


def _signed(name: str, sign: int) -> Change:
    def change(case: Case, bindings: Bindings) -> Case:
        return case.with_inputs({**case.inputs, name: sign * np.abs(case.inputs[name])})

    return change


def _setting(name: str, number: float) -> Change:
    def change(case: Case, bindings: Bindings) -> Case:
        array = np.full_like(np.asarray(case.inputs[name]), number)
        return case.with_inputs({**case.inputs, name: array if array.ndim else array[()]})

    return change


def _equal_sizes(evidence: Evidence, title: str) -> Found | None:
    """Right where two sizes are equal."""
    for a, b in itertools.combinations(_sizes(evidence), 2):
        if right_under(evidence, _cut(evidence.rule, (a, b))):
            return Found({"condition": f"{a} = {b}"})
    return None


def _one_size(evidence: Evidence, title: str) -> Found | None:
    """Right where one size is 1."""
    for name in _sizes(evidence):
        if right_under(evidence, _cut(evidence.rule, (name,))):
            return Found({"condition": f"{name} = 1"})
    return None


def _cut(rule: Rule, names: tuple[str, ...], to: int = 1) -> Change:
    """Cut one size down to 1, or to another, or two to the smaller of them."""

    def change(case: Case, bindings: Bindings) -> Case | None:
        sizes = [bindings[name] for name in names]
        least = to if len(names) == 1 else min(size for size in sizes if isinstance(size, int))
        if len(names) > 1 and least == 1:
            return None
        wanted = {**bindings, **dict.fromkeys(names, least)}
        arguments = rule.derivation.arguments
        try:
            inputs = {n: arguments[n].resize(v, wanted) for n, v in case.inputs.items()}
            if rule.derivation.bind(inputs) != wanted:
                return None
        except (GradcheckError, ValueError, IndexError):
            return None
        return case.with_inputs(inputs)

    return change


def _sizes(evidence: Evidence) -> Iterator[str]:
    samples = [sample for sample in evidence.samples if not sample.failing]
    for name, size in (samples[0].bindings if samples else {}).items():
        if isinstance(size, int) and all(s.bindings[name] != 1 for s in samples):
            yield name


def _symmetric(evidence: Evidence, title: str) -> Found | None:
    """Right where a square input is its own transpose."""
    first = evidence.samples[0].case.inputs if evidence.samples else {}
    for name, argument in evidence.rule.derivation.arguments.items():
        value = first.get(name)
        is_matrix = isinstance(value, np.ndarray) and value.ndim > 1 and value.dtype.kind == "f"
        if is_matrix and isinstance(argument, Real) and right_under(evidence, _mirrored(name)):
            return Found({"name": name})
    return None


def _symmetric_upstream(evidence: Evidence, title: str) -> Found | None:
    """Right where the upstream gradient is its own transpose."""
    wrong = {view.name for view in evidence.views if view.wrong}
    shown = 0
    for sample in evidence.samples:
        u = sample.answers[0][0]
        leaves = sample.outputs.leaves
        if evidence.rule.kind != "vjp" or len(leaves) != 1 or not _is_square(leaves[0].shape):
            return None
        if leaves[0].shape[-1] == 1:
            continue
        matrix = u.reshape(leaves[0].shape)
        mirrored = (matrix + np.swapaxes(matrix, -1, -2)).reshape(-1)
        asked = replace(sample, answers=[(mirrored, sample.ask(mirrored))])
        views = Evidence(sample.rule, [asked], evidence.clock).views
        if any(view.wrong for view in views) or not resolves(evidence, asked):
            return None
        once = Evidence(sample.rule, [replace(sample, answers=sample.answers[:1])], evidence.clock)
        shown += any(view.wrong for view in once.views if view.name in wrong)
    return Found() if shown >= _SHOWN else None


def _is_square(shape: tuple[int, ...]) -> bool:
    return len(shape) > 1 and shape[-1] == shape[-2]


def _mirrored(name: str) -> Change:
    def change(case: Case, bindings: Bindings) -> Case | None:
        value = np.asarray(case.inputs[name])
        rows, columns = value.shape[-2:]
        if rows != columns or rows == 1:
            return None
        # Halves are exact but at the edge of what is representable.
        mirrored = value / 2 + np.swapaxes(value, -1, -2) / 2
        return case.with_inputs({**case.inputs, name: mirrored.astype(value.dtype)})

    return change


def _unrepeated(evidence: Evidence, title: str) -> Found | None:
    """Right where no index is repeated."""
    for name in evidence.rule.derivation.arguments:
        value = np.asarray(evidence.samples[0].case.inputs.get(name))
        if (
            value.dtype.kind in "iu"
            and value.ndim
            and right_under(evidence, _counting(evidence.rule, name))
        ):
            return Found({"name": name})
    return None


def _counting(rule: Rule, name: str) -> Change:
    """Indices 0, 1, 2, …, of as many as there are things to count."""

    def change(case: Case, bindings: Bindings) -> Case | None:
        value = np.asarray(case.inputs[name])
        if np.unique(value).size == value.size:
            return None
        while True:
            value = np.asarray(case.inputs[name])
            counted = np.arange(value.size).reshape(value.shape)
            changed = case.with_inputs({**case.inputs, name: counted})
            with contextlib.suppress(GradcheckError, SetAside, Violation):
                values, found = rule.derivation.accept(changed.inputs)
                Subject(rule.derivation, values, found, rule.wrt)  # it raises at too large indices
                return changed
            # More indices than rows: one of their sizes is cut.
            sizes = rule.derivation.bind(case.inputs)
            named = [n for n, size in sizes.items() if size in value.shape and size != 1]
            fewer = [_cut(rule, (n,))(case, sizes) for n in named]
            left = [c for c in fewer if c is not None and 1 < np.size(c.inputs[name]) < value.size]
            if not left:
                return None
            case = max(left, key=lambda c: np.size(c.inputs[name]))

    return change


def _special_size(evidence: Evidence, title: str) -> Found | None:
    """Wrong at one size alone, whatever the values: right at usual values of other sizes."""
    usual = _right_elsewhere(evidence)
    failing = [sample for sample in evidence.samples if sample.failing]
    if any(fails(evidence, _halved(sample)) for sample in usual):
        return None  # it was right for what it met first there
    for name in _sizes(evidence) if usual else ():
        size, others = failing[0].bindings[name], [s.bindings[name] for s in usual]
        if not isinstance(size, int) or size >= min(o for o in others if isinstance(o, int)):
            continue
        cut = _cut(evidence.rule, (name,), size)
        changed = [cut(sample.case, sample.bindings) for sample in usual]
        if all(case is not None and fails(evidence, case) for case in changed):
            return Found({"condition": f"{name} = {size}"})
    return None


def _kept(evidence: Evidence, title: str) -> Found | None:
    """The same answer at other inputs, of which the right gradient is another one."""
    if evidence.rule.kind not in ("vjp", "jvp"):
        return None
    shown = 0
    for sample in _right_elsewhere(evidence):
        there = sample_at(evidence.rule, _halved(sample), evidence.clock)
        u = sample.answers[0][0]
        before, after = answered(sample, u), there and answered(there, u)
        if there is None or before is None or after is None or not same([before], [after]):
            return None
        shown += is_wrong(evidence, there)
    return Found() if shown >= _SHOWN else None


def _halved(sample: Sample) -> Case:
    """Other inputs of the same sizes, where their domains have them."""
    inputs, arguments = sample.case.inputs, sample.rule.derivation.arguments
    half = {
        name: value / 2
        for name, value in inputs.items()
        if not isinstance(value, list) and np.asarray(value).dtype.kind == "f"
    }
    inside = {
        name: value
        for name, value in half.items()
        if arguments[name].contains(value, sample.bindings, inputs)
    }
    return sample.case.with_inputs({**inputs, **inside})


def _right_elsewhere(evidence: Evidence) -> list[Sample]:
    """The usual samples, if the rule was seen to be right at all of them, and fails elsewhere."""
    usual = [s for s in evidence.samples if not s.failing]
    if len(usual) == len(evidence.samples) or any(is_wrong(evidence, s) for s in usual):
        return []
    return usual if any(resolves(evidence, s) for s in usual) else []


BEHAVIOURS = [
    Behaviour(
        "M33-kept",
        Text("values of an earlier call are used", "用了之前某次调用的值"),
        Text(
            "At other inputs of the same shape the answer stays the same, and is no longer right: "
            "the rule keeps what it got first.",
            "换成同样形状的其他输入，结果不变，也就不再正确：规则保留了最初得到的值。",
        ),
        Text(
            "compute it anew in each call, or keep it by the call, not by the shape",
            "每次调用都重新计算，不要按形状缓存",
        ),
        _kept,
        rank=8,
    ),
    Behaviour(
        "only-size",
        Text("wrong only where {condition}", "仅当 {condition} 时错误"),
        Text(
            "At other sizes it is right, at this one it is wrong for any values.",
            "其他尺寸下正确；该尺寸下任何取值都错误。",
        ),
        Text(
            "look at what is special at that size: a branch, a division by n - 1, an axis that "
            "squeeze drops, broadcasting",
            "检查该尺寸的特殊之处：分支、除以 n - 1、被 squeeze 去掉的轴、广播",
        ),
        _special_size,
        rank=9,
    ),
    Behaviour(
        "M49",
        Text("right only where no index in {name} is repeated", "仅当 {name} 中没有重复下标时才对"),
        Text(
            "Where an index comes twice, one contribution overwrites the other.",
            "下标重复时，一次的贡献覆盖了另一次。",
        ),
        Text(
            "use np.add.at(dW, {name}, g) for dW[{name}] += g",
            "用 np.add.at(dW, {name}, g) 代替 dW[{name}] += g",
        ),
        _unrepeated,
        rank=30,
    ),
    Behaviour(
        "M1-symmetric",
        Text("right only where {name} is symmetric", "仅当 {name} 对称时才对"),
        Text("{name} is taken for its own transpose.", "把 {name} 与它的转置当成了同一个矩阵。"),
        Text(
            "look at each {name}: where does {name}.T belong, where ({name} + {name}.T) / 2?",
            "逐处检查 {name}：哪里应为 {name}.T，哪里应为 ({name} + {name}.T) / 2？",
        ),
        _symmetric,
        rank=31,
    ),
    Behaviour(
        "symmetric-upstream",
        Text("right only where the upstream gradient is symmetric", "仅当上游梯度对称时才对"),
        Text(
            "The upstream gradient is taken for its own transpose, as it need not be where the "
            "output is symmetric.",
            "把上游梯度与它的转置当成了同一个矩阵；即使输出对称，上游梯度也不必对称。",
        ),
        Text(
            "use dy + dy.T for 2 * dy, and (dy + dy.T) / 2 for dy",
            "用 dy + dy.T 代替 2 * dy，用 (dy + dy.T) / 2 代替 dy",
        ),
        _symmetric_upstream,
        rank=31,
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
        rank=33,
    ),
    Behaviour(
        "M41",
        Text("right only where {condition}", "仅当 {condition} 时才对"),
        Text("Two sizes or axes are mixed up.", "混淆了两个尺寸或轴。"),
        Text("look at where these two sizes are used", "检查使用这两个尺寸的地方"),
        _equal_sizes,
        rank=32,
    ),
    Behaviour(
        "only-sign",
        Text("wrong only where {condition}", "仅当 {condition} 时错误"),
        Text(
            "With all of {name} of the other sign it is right.", "{name} 全取另一种符号时是正确的。"
        ),
        Text(
            "look for a factor sign({name}), for abs({name}), and for branches by its sign",
            "检查因子 sign({name})、abs({name})，以及按其符号区分的分支",
        ),
        _one_sign,
        rank=31,
    ),
    Behaviour(
        "M31",
        Text("right only where {condition}", "仅当 {condition} 时才对"),
        Text(
            "It is left out of a term, or stands in one too many.", "某一项里漏了它，或多用了它。"
        ),
        Text("look at where it enters the function and the rule", "对照函数与规则中使用它的地方"),
        _one_value,
        rank=31,
    ),
]
