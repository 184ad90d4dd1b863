"""What is done to the upstream gradient: ignored, cut to its first part, averaged, clipped."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Find, Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: A slope this close to 0 or 1 is that of a mask.
_MASK = 1e-6

Change = Callable[[Floats], Floats]


def _with(*changes: Change) -> Find:
    """The right rule after a change of the cotangent."""

    def find(view: View, evidence: Evidence) -> Found | None:
        if evidence.rule.kind != "vjp":
            return None
        for change in changes:
            evidence.clock.check()
            if view.explains(lambda pair, c: pair.pull(c(pair.G)), change):
                return Found()
        return None

    return find


def _some_only(view: View, evidence: Evidence) -> Found | None:
    """The right rule for a part of the upstream gradient: its first or last along an axis."""
    if evidence.rule.kind != "vjp":
        return None
    axes = view.pairs[0].G.ndim
    for axis, index in itertools.product(range(axes), (0, -1)):
        evidence.clock.check()
        if view.explains(lambda pair, a, k: pair.pull(_kept(pair.G, a, k)), axis, index):
            which = Text("first", "第一个") if index == 0 else Text("last", "最后一个")
            return Found({"which": which, "axis": axis})
    return None


def _kept(array: Floats, axis: int, index: int) -> Floats:
    kept = np.zeros_like(array)
    where: list[slice | int] = [slice(None)] * array.ndim
    where[axis] = index
    kept[tuple(where)] = array[tuple(where)]
    return kept


def _single(view: View, evidence: Evidence) -> Found | None:
    if evidence.rule.kind != "vjp" or view.pairs[0].G.ndim == 0:
        return None
    for position in (0, -1):

        def only(pair: Pair, k: int = position) -> Floats:
            u = np.zeros_like(pair.u)
            u[k] = pair.u[k]
            return pair.pull(u)

        if view.explains(only):
            return Found(
                {"which": Text("first", "第一个") if position == 0 else Text("last", "最后一个")}
            )
    return None


def _collapsed(view: View, evidence: Evidence) -> Found | None:
    """The upstream gradient summed or averaged along axes, and spread out again."""
    if evidence.rule.kind != "vjp":
        return None
    axes = view.pairs[0].G.ndim
    for count in range(1, axes + 1):
        for over in itertools.combinations(range(axes), count):
            for how in ("sum", "mean"):
                evidence.clock.check()

                def change(pair: Pair, over: tuple[int, ...] = over, how: str = how) -> Floats:
                    total = getattr(pair.G, how)(axis=over, keepdims=True)
                    return pair.pull(np.broadcast_to(total, pair.G.shape))

                if view.explains(change):
                    word = Text("summed", "求和") if how == "sum" else Text("averaged", "平均")
                    return Found({"how": word, "axes": over[0] if len(over) == 1 else over})
    return None


def _masked(*changes: Change) -> Find:
    """A mask of the upstream gradient in place of that of the input, or beside it."""

    def find(view: View, evidence: Evidence) -> Found | None:
        for change in changes:
            evidence.clock.check()
            if all(p.is_elementwise or p.u.size == 1 for p in view.pairs) and view.explains(
                lambda pair, c: c(pair.G) if _zero_or_one(pair) else None, change
            ):
                return Found()
        return _with(*changes)(view, evidence)

    return find


def _zero_or_one(pair: Pair) -> bool:
    slope = pair.slope[np.isfinite(pair.slope)]
    return bool(np.all(np.minimum(np.abs(slope), np.abs(slope - 1)) < _MASK))


def _ones(g: Floats) -> Floats:
    return np.ones_like(g)


def _averaging(g: Floats) -> Floats:
    return np.ones_like(g) / g.size


def _transposed(g: Floats) -> Floats:
    # Of a square batch alone; another shape does not fit.
    return g.T if g.shape == g.T.shape and g.ndim > 1 else np.full(g.shape, np.nan)


PATTERNS = [
    Pattern(
        "M12",
        Text("the upstream gradient is ignored", "没有使用上游梯度"),
        Text(
            "The answer does not depend on it: it is right only where every entry of it is 1.",
            "结果与上游梯度无关：只有上游梯度全为 1 时才对。",
        ),
        Text("multiply by the upstream gradient (chain rule)", "乘以上游梯度（链式法则）"),
        _with(_ones),
        same=(
            Text("upstream not multiplied", "没有乘上游梯度", "M12"),
            Text("upstream accepted but ignored", "接收了上游梯度却未使用", "M27"),
        ),
        rank=7,
    ),
    Pattern(
        "M22-mean",
        Text("the Jacobian is averaged over the outputs", "对雅可比矩阵的输出下标取了平均"),
        Text("The answer does not depend on the upstream gradient.", "结果与上游梯度无关。"),
        Text("multiply by the upstream gradient: J.T @ dy", "乘以上游梯度：J.T @ dy"),
        _with(_averaging),
        rank=8,
    ),
    Pattern(
        "M47",
        Text(
            "only the {which} entry along axis {axis} of the upstream gradient is used",
            "只用了上游梯度沿轴 {axis} 的{which}",
        ),
        Text(
            "The others are treated as zero; with one sample (or time step) it would be right.",
            "其余部分被当作零；只有一个样本（或时间步）时才对。",
        ),
        Text("sum over all of them", "对全部求和"),
        _some_only,
        same=(
            Text("only sample 0 is back-propagated", "只对第 0 个样本反向传播", "M47"),
            Text("only one time step counts", "只计入一个时间步", "M51"),
        ),
        rank=10,
    ),
    Pattern(
        "M28",
        Text(
            "only the {which} entry of the upstream gradient is used",
            "只用了上游梯度的{which}元素",
        ),
        Text("It is right for a one-hot upstream gradient only.", "只有 one-hot 的上游梯度才对。"),
        Text("sum over all outputs", "对所有输出求和"),
        _single,
        rank=9,
    ),
    Pattern(
        "M22-upstream",
        Text(
            "the upstream gradient is {how} over axis {axes} first",
            "先把上游梯度沿轴 {axes} {how}了",
        ),
        Text(
            "Each output has an upstream gradient of its own; together they lose what tells them "
            "apart.",
            "每个输出各有自己的上游梯度，合在一起就分不开了。",
        ),
        Text("multiply first, then sum", "先相乘，再求和"),
        _collapsed,
        rank=14,
    ),
    Pattern(
        "M11",
        Text("the mask is taken from the upstream gradient", "掩码取自上游梯度"),
        Text(
            "Entries are kept by the sign of the upstream gradient: the rule is not linear in it.",
            "按上游梯度的符号决定保留哪些元素：规则对它不是线性的。",
        ),
        Text("take the mask from the input: dy * (x > 0)", "掩码应取自输入：dy * (x > 0)"),
        _masked(
            lambda g: np.maximum(g, 0.0),
            lambda g: (g > 0) * 1.0,
            np.abs,
            np.sign,
            lambda g: np.minimum(g, 0.0),
        ),
        rank=9,
    ),
    Pattern(
        "M13-power",
        Text("the upstream gradient is squared", "上游梯度被平方了"),
        Text("It is multiplied twice.", "乘了两次。"),
        Text("multiply by it once", "只乘一次"),
        _with(lambda g: g**2),
        rank=9,
    ),
    Pattern(
        "M1-upstream",
        Text("the upstream gradient is transposed", "上游梯度被转置了"),
        Text("", ""),
        Text("use it as it comes", "直接使用，不要转置"),
        _with(_transposed),
        rank=13,
    ),
]
