"""How a rule behaves: not linear, not repeatable, in place, of the wrong type."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, matches
from gradcheck.diagnosis.pattern import Behaviour, Found, Text
from gradcheck.diagnosis.samples import Answer, Floats, Sample

#: Two answers that agree to this are the same: rounding is far below, a mistake far above.
_SAME = 1e-9
#: Larger than what is drawn as a usual value.
LARGE = 8.0


def answered(sample: Sample, u: Floats) -> Floats | None:
    """All numbers of the answer in one vector; None where there is none, or none that is finite."""
    answer = sample.ask(u)
    if answer.parts is None:
        return None
    try:
        flat = np.concatenate([np.ravel(np.asarray(part, float)) for part in answer.parts])
    except (ValueError, TypeError):
        return None
    return flat if np.isfinite(flat).all() else None


def _equal(a: Floats, b: Floats) -> bool:
    size = max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
    return a.shape == b.shape and bool(np.abs(a - b).max(initial=0.0) <= _SAME * size)


def _nonlinear(evidence: Evidence, title: str) -> Found | None:
    """In which way a rule is not linear, the same at every point."""
    if evidence.rule.kind not in ("vjp", "jvp") or not _repeats(evidence, title):
        return None
    seen = {_way(sample) for sample in evidence.samples if not sample.failing}
    if len(seen) != 1 or seen == {""}:
        return None
    return _WAYS[seen.pop()]


def _repeats(evidence: Evidence, title: str) -> bool:
    """Whether a second call gives the same: the failure may have been met by a wrong value."""
    if title == "not repeatable":
        return False
    if evidence.rule.kind not in ("vjp", "jvp"):
        return True
    for sample in evidence.samples:
        u = sample.answers[0][0]
        first, second = answered(sample, u), answered(sample, u)
        if first is not None and second is not None and not np.array_equal(first, second):
            return False
    return True


def _way(sample: Sample) -> str:
    u = sample.answers[0][0]
    v = sample.answers[-1][0]
    a, doubled, negative, zero = (answered(sample, w) for w in (u, 2 * u, -u, 0 * u))
    both, b = answered(sample, u + v), answered(sample, v)
    if (
        a is None
        or doubled is None
        or negative is None
        or zero is None
        or both is None
        or b is None
    ):
        return ""
    if _equal(doubled, 2 * a) and _equal(negative, -a) and _equal(both, a + b):
        return ""
    if _equal(doubled, 2 * a) and not _equal(negative, -a):
        return "sign"
    if not _equal(zero, 0 * a) and _equal(a + b, both + zero) and _equal(a + negative, 2 * zero):
        return "constant" if not _equal(a, zero) else "ignored"
    if _equal(doubled, 4 * a):
        return "square"
    return "other"


_WAYS = {
    "sign": Found(
        id="M11",
        title=Text(
            "the rule looks at the sign of the upstream gradient", "规则依赖于上游梯度的符号"
        ),
        explanation=Text(
            "f(2 dy) = 2 f(dy), but f(-dy) ≠ -f(dy): a mask, a maximum or a magnitude is taken of "
            "the upstream gradient.",
            "f(2 dy) = 2 f(dy)，但 f(-dy) ≠ -f(dy)：对上游梯度取了掩码、最大值或绝对值。",
        ),
        remedy=Text("take the mask from the input: dy * (x > 0)", "掩码应取自输入：dy * (x > 0)"),
    ),
    "constant": Found(
        id="M39",
        title=Text(
            "something is added that does not depend on the upstream gradient",
            "加上了与上游梯度无关的一项",
        ),
        explanation=Text(
            "The rule does not give 0 for a zero upstream gradient.", "上游梯度为零时规则不为零。"
        ),
        remedy=Text(
            "begin sums with zeros; multiply every term by the upstream gradient",
            "累加从零开始；每一项都要乘上游梯度",
        ),
    ),
    "ignored": Found(
        id="M12",
        title=Text("the answer does not depend on the upstream gradient", "结果与上游梯度无关"),
        explanation=Text(
            "Every upstream gradient gives the same answer.", "任何上游梯度都给出同样的结果。"
        ),
        remedy=Text("multiply by the upstream gradient (chain rule)", "乘以上游梯度（链式法则）"),
    ),
    "square": Found(
        id="M13-power",
        title=Text("the upstream gradient is multiplied twice", "上游梯度乘了两次"),
        explanation=Text("f(2 dy) = 4 f(dy).", "f(2 dy) = 4 f(dy)。"),
        remedy=Text("multiply by it once", "只乘一次"),
    ),
    "other": Found(
        id="M13",
        title=Text(
            "the upstream gradient goes through a function that is not linear",
            "上游梯度经过了非线性函数",
        ),
        explanation=Text(
            "A backward rule only multiplies the upstream gradient and adds up; here a derivative "
            "or an activation is evaluated at it.",
            "反向规则只对上游梯度做乘法与求和；这里却在它处求了导数或激活值。",
        ),
        remedy=Text("evaluate derivatives at the input or output", "在输入或输出处求导"),
    ),
}  # fmt: skip


def _accumulates(evidence: Evidence, title: str) -> Found | None:
    """Every call adds the right gradient to what the last one gave."""
    if _repeats(evidence, title):
        return None
    for sample in evidence.samples:
        u = sample.answers[0][0]
        calls = [answered(sample, u) for _ in range(3)]
        if any(call is None for call in calls):
            return None
        first, second, third = calls
        assert first is not None
        assert second is not None
        assert third is not None
        if not _equal(second - first, third - second):
            return None
        step = third - second
        if not step.any():
            return None
        for number, leaf in enumerate(sample.inputs.leaves):
            part = step[leaf.slice].reshape(leaf.shape)
            if not part.any():
                continue  # this one is not kept
            parts = [np.zeros(0)] * number + [part]
            found = matches(Pair(sample, number, u, Answer(parts)), lambda pair: pair.right)
            if found is None or not found.all():
                return None
    return Found() if evidence.samples else None


def _changes(evidence: Evidence, title: str) -> Found | None:
    return Found() if title in ("input changed", "output changed", "cotangent changed") else None


def _random(evidence: Evidence, title: str) -> Found | None:
    return None if _repeats(evidence, title) else Found()


def _boolean(evidence: Evidence, title: str) -> Found | None:
    if title != "wrong dtype":
        return None
    for sample in evidence.samples:
        for _, answer in sample.answers:
            if any(np.asarray(part).dtype.kind == "b" for part in answer.parts or []):
                return Found()
    return None


def _whole(evidence: Evidence, title: str) -> Found | None:
    """Every answer is what is right without what is behind the point, or rounded."""
    if evidence.rule.kind not in ("vjp", "gradient"):
        return None
    pairs = [
        Pair(sample, number, u, answer)
        for sample in evidence.samples
        if not sample.failing
        for u, answer in sample.answers
        for number, part in enumerate(answer.parts or [])
        if np.asarray(part).dtype.kind in "iu"
    ]
    if not any(np.any(pair.claimed) for pair in pairs):
        return None
    return Found() if any(_is_cut(pairs, cut) for cut in (np.trunc, np.floor, np.rint)) else None


def _is_cut(pairs: Sequence[Pair], cut: np.ufunc) -> bool:
    found = (matches(pair, lambda pair: np.asarray(cut(pair.right))) for pair in pairs)
    return all(one is not None and one.all() for one in found)


def _unstable(evidence: Evidence, title: str) -> Found | None:
    """An overflow: finite at usual values, and not at the failing ones, which are large."""
    if title != "numerically unstable" or not all(_finite(s) for s in _usual(evidence)):
        return None
    failing = [sample for sample in evidence.samples if sample.failing]
    return Found() if any(map(_large, failing)) or not failing else None


def _undefined(evidence: Evidence, title: str) -> Found | None:
    """Not finite at values of a usual size."""
    if title != "numerically unstable":
        return None
    if any(not _finite(sample) for sample in _usual(evidence)):
        return Found(title=Text("not a finite number at usual values", "在通常的取值下不是有限数"))
    at_zero = any(np.any(s.subject.x == 0) for s in evidence.samples if s.failing)
    if _unstable(evidence, title) is not None:
        return None
    if at_zero:
        return Found(title=Text("not a finite number at zeros", "在零处不是有限数"))
    return Found()


def _usual(evidence: Evidence) -> list[Sample]:
    return [sample for sample in evidence.samples if not sample.failing and not _large(sample)]


def _large(sample: Sample) -> bool:
    return bool(np.abs(sample.subject.x).max(initial=0.0) > LARGE)


def _finite(sample: Sample) -> bool:
    """Whether all numbers that the rule gives there are finite."""
    for _, answer in sample.answers:
        for part in answer.parts or [answer.raw]:
            array = np.asarray(part)
            if array.dtype.kind in "fiub" and not np.isfinite(array).all():
                return False
    return True


def _never_returns(evidence: Evidence, title: str) -> Found | None:
    return Found() if title == "no answer" else None


BEHAVIOURS = [
    Behaviour(
        "M55",
        Text("the gradient is added to that of the call before", "梯度累加到了上一次调用的结果上"),
        Text(
            "Every call gives one right gradient more: the array it is summed into outlives the "
            "call.",
            "每次调用都多出一份正确的梯度：用于累加的数组在调用之间保留了下来。",
        ),
        Text("begin each call with np.zeros_like(…)", "每次调用都从 np.zeros_like(…) 开始"),
        _accumulates,
        rank=1,
    ),
    Behaviour(
        "M56",
        Text("an array that belongs to the caller is changed in place", "就地修改了调用者的数组"),
        Text(
            "By -=, *=, out= or an assignment to entries; another branch that uses the same array "
            "gets the changed one.",
            "通过 -=、*=、out= 或对元素赋值；使用同一数组的其他分支会得到被改过的值。",
        ),
        Text(
            "compute into a new array: dx = dy * … for dy *= …",
            "算到新数组里：用 dx = dy * … 代替 dy *= …",
        ),
        _changes,
        rank=1,
    ),
    Behaviour(
        "M57",
        Text("the second call gives another answer", "第二次调用给出不同的结果"),
        Text(
            "The rule changes what it remembers, or draws random numbers of its own.",
            "规则改动了它保存的内容，或自己抽取了随机数。",
        ),
        Text(
            "copy what is kept before changing it; keep the mask of the forward pass",
            "改动之前先复制；保存前向时的掩码",
        ),
        _random,
        same=(
            Text("the cache is destroyed", "缓存被破坏", "M57"),
            Text("a new dropout mask is drawn", "重新抽取了 dropout 掩码", "M63"),
        ),
        rank=2,
    ),
    Behaviour(
        "M65",
        Text("a mask is returned where a number is meant", "返回的是布尔掩码而不是数"),
        Text("x > 0 is true or false, no gradient.", "x > 0 是真假值，不是梯度。"),
        Text("multiply it by the upstream gradient: dy * (x > 0)", "乘以上游梯度：dy * (x > 0)"),
        _boolean,
        rank=1,
    ),
    Behaviour(
        "whole",
        Text("whole numbers are returned", "返回的是整数"),
        Text("What is behind the point is cut off.", "小数部分被截掉了。"),
        Text(
            "leave astype(int), // or round out; make arrays with a dtype of float",
            "去掉 astype(int)、// 或取整；创建数组时用浮点 dtype",
        ),
        _whole,
        rank=1,
    ),
    Behaviour(
        "unstable",
        Text("the rule overflows where the function does not", "函数不溢出之处规则却溢出了"),
        Text(
            "An exponential, a power or a quotient in it leaves the range of numbers.",
            "其中的指数、幂或商超出了数的范围。",
        ),
        Text(
            "use the output, which is finite, or subtract the maximum before exp",
            "使用有限的输出值，或在 exp 之前减去最大值",
        ),
        _unstable,
        rank=1,
    ),
    Behaviour(
        "nan",
        Text("not a finite number where the function is one", "函数有限之处规则却不是有限数"),
        Text(
            "Something is divided by zero (0/0), or a root or logarithm is taken of a number that "
            "has none; no number is too large for it.",
            "出现了除以零 (0/0)，或对没有根、没有对数的数开方、取对数；并不是数太大。",
        ),
        Text(
            "look at the denominators, roots and logarithms of the rule",
            "检查规则中的分母、开方与对数",
        ),
        _undefined,
        rank=0,
    ),
    Behaviour(
        "none",
        Text("nothing is returned", "没有返回任何值"),
        Text("", ""),
        Text("end the rule with a return statement", "在规则末尾写上 return"),
        _never_returns,
        rank=1,
    ),
    Behaviour(
        "nonlinear",
        Text("not linear in the upstream gradient", "对上游梯度不是线性的"),
        Text("", ""),
        Text("", ""),
        _nonlinear,
        rank=20,
    ),
]
