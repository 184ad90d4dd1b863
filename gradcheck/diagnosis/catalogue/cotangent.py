"""What is done to the upstream gradient: ignored, cut to its first part, averaged, clipped."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Find, Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: A slope this close to 0 or 1 is that of a mask.
_MASK = 1e-6

Change = Callable[[Floats], Floats]
#: What is made of an upstream gradient, given the shape of the input.
Reordering = Callable[[Floats, tuple[int, ...]], Floats]
#: Of more axes there are too many orders.
_MOST_AXES = 4


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


def _ordered(view: View, evidence: Evidence) -> Found | None:
    """The right rule for an upstream gradient whose entries stand in another order."""
    if evidence.rule.kind != "vjp" or not view.shows_usual:
        return None
    shapes = {pair.G.ndim for pair in view.pairs}
    if len(shapes) != 1 or max(pair.G.size for pair in view.pairs) < 2:
        return None
    for change, how in _orders(shapes.pop(), len(view.pairs[0].leaf.shape)):
        evidence.clock.check()
        if view.explains(lambda pair, c: pair.pull(c(pair.G, pair.leaf.shape)), change):
            return Found({"how": how})
    return Found({"how": _RESHAPED}) if view.explains(_in_output_order) else None


_RESHAPED = Text("reshaped where its axes have to be exchanged", "该交换轴处用了 reshape")


def _in_output_order(pair: Pair) -> Floats | None:
    """The products with the slopes where each output has an input of its own, moved to no place."""
    size = np.abs(pair.jacobian)
    matrix = size > _MASK * size.max(initial=0.0)
    if matrix.shape[0] != matrix.shape[1] or (matrix.sum(axis=1) != 1).any():
        return None
    return (pair.u * pair.jacobian.sum(axis=1)).reshape(pair.leaf.shape)


def _orders(axes: int, inner: int) -> Iterator[tuple[Reordering, Text]]:
    for axis in range(axes):
        reverse = Text(f"reversed along axis {axis}", f"沿轴 {axis} 反序")
        yield functools.partial(_flipped, axis), reverse
        for step in (1, -1):
            roll = Text(f"rolled by {step:+d} along axis {axis}", f"沿轴 {axis} 循环移动 {step:+d}")
            yield functools.partial(_rolled, axis, step), roll
    for order in itertools.permutations(range(axes)):
        if 1 < axes <= _MOST_AXES and order != tuple(range(axes)):
            yield functools.partial(_reread, order), _RESHAPED
    if axes == 1:
        yield _as_tiles, Text("as copies one after another where each entry is repeated, or the "
                              "other way round", "把逐个重复当成了整体平铺，或反之")  # fmt: skip
    if axes == 1 and inner > 1:
        yield (
            lambda g, shape: g.reshape(shape, order="F").reshape(-1),
            Text("reshaped column by column (order='F')", "按列 (order='F') 重排"),
        )


def _flipped(axis: int, g: Floats, shape: tuple[int, ...]) -> Floats:
    return np.flip(g, axis)


def _rolled(axis: int, step: int, g: Floats, shape: tuple[int, ...]) -> Floats:
    return np.roll(g, step, axis)


def _reread(order: tuple[int, ...], g: Floats, shape: tuple[int, ...]) -> Floats:
    return g.reshape([g.shape[k] for k in order]).transpose(np.argsort(order))


def _as_tiles(g: Floats, shape: tuple[int, ...]) -> Floats:
    size = int(np.prod(shape))
    return g.reshape(g.size // size, size).T.reshape(-1)


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
        "order-upstream",
        Text(
            "the entries of the upstream gradient are in the wrong order: {how}",
            "上游梯度的元素次序有误：{how}",
        ),
        Text(
            "The function moves entries about, and the rule does not move them back the same way.",
            "函数移动了元素的位置，规则却没有按同样的方式移回去。",
        ),
        Text(
            "undo on dy what the function does to the order: reverse, roll, transpose or reshape "
            "back",
            "对 dy 撤销函数对次序的改动：反序、移回、转置或还原形状",
        ),
        _ordered,
        rank=19,
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
