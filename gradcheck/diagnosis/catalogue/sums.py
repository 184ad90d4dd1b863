"""Sums that are missing or one too many, and the Jacobian in place of a product with it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Answer, Floats


def _unsummed(pair: Pair) -> Iterator[tuple[int, ...]]:
    """Axes of a claimed gradient whose sum has the shape of the input."""
    shape, wanted = np.shape(pair.claimed), pair.leaf.shape
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            rest = tuple(size for k, size in enumerate(shape) if k not in axes)
            kept = tuple(1 if k in axes else size for k, size in enumerate(shape))
            if wanted in (rest, kept) or _stripped(rest) == _stripped(wanted):
                yield axes


def _stripped(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size > 1)


def _not_summed(view: View, evidence: Evidence) -> Found | None:
    """The claimed gradient has the right one as its sum over some axes."""
    first = next((p for p in view.pairs if np.ndim(p.claimed) and p.claimed is not None), None)
    if first is None or np.shape(first.claimed) == first.leaf.shape:
        return None
    for axes in _unsummed(first):

        def collapsed(pair: Pair, axes: tuple[int, ...] = axes) -> Floats:
            total: Floats = np.asarray(pair.claimed, float).sum(axis=axes)
            return total.reshape(pair.leaf.shape)

        try:
            changed = [
                p.with_answer(_replaced(p, collapsed(p)))
                for p in view.pairs
                if p.claimed is not None
            ]
        except (ValueError, IndexError):
            continue
        if changed and not View(view.name, changed).wrong:
            shapes = [np.shape(p.claimed) for p in view.pairs if p.claimed is not None]
            if all(shape[axis] == 1 for shape in shapes for axis in axes):
                return Found({"axes": _axes(axes)}, title=_LONGER, explanation=_SHAPE, remedy=_FLAT)
            kept = np.ndim(first.claimed) == len(first.leaf.shape)
            return Found({"axes": _axes(axes)}, remedy=_KEPT if kept else None)
    return None


_LONGER = Text("an axis of length 1 too many: axis {axes}", "多了一个长度为 1 的轴：轴 {axes}")
_SHAPE = Text("The numbers are right, the shape is not.", "数值正确，形状有误。")
_FLAT = Text(
    "drop it: .squeeze(axis={axes}), or dy for dy[:, None]", "去掉它：.squeeze(axis={axes})"
)
_KEPT = Text("sum it: .sum(axis={axes}, keepdims=True)", "求和：.sum(axis={axes}, keepdims=True)")


def _replaced(pair: Pair, array: Floats) -> Answer:
    parts = list(pair.answer.parts or [])
    parts[pair.number] = array
    return replace(pair.answer, parts=parts)


def _axes(axes: tuple[int, ...]) -> str:
    return str(axes[0]) if len(axes) == 1 else str(axes)


def _over_summed(view: View, evidence: Evidence) -> Found | None:
    """Summed over an axis too many, and spread out again; or over everything."""
    pair = view.pairs[0]
    axes = len(pair.leaf.shape)
    chosen = [c for count in range(1, axes + 1) for c in itertools.combinations(range(axes), count)]
    for over in reversed(chosen):
        evidence.clock.check()
        if any(view.explains(_totalled, over, how) for how in ("spread", "dropped", "kept")):
            title = Text("summed over everything", "对所有轴求了和")
            return Found({"axes": _axes(over)}, title=title if len(over) == axes else None)
    return None


def _totalled(pair: Pair, over: tuple[int, ...], how: str) -> Floats:
    total = pair.right.sum(axis=over, keepdims=how != "dropped")
    return np.broadcast_to(total, pair.leaf.shape) if how == "spread" else total


def _averaged(view: View, evidence: Evidence) -> Found | None:
    axes = len(view.pairs[0].leaf.shape)
    for count in range(1, axes + 1):
        for over in itertools.combinations(range(axes), count):
            evidence.clock.check()
            if view.explains(
                lambda p, o: np.broadcast_to(p.right.mean(axis=o, keepdims=True), p.leaf.shape),
                over,
            ):
                return Found({"axes": _axes(over)})
    return None


def _whole_jacobian(view: View, evidence: Evidence) -> Found | None:
    """The Jacobian itself, before the product with the upstream gradient."""

    def predict(pair: Pair) -> Floats | None:
        shape = np.shape(pair.claimed)
        out = pair.G.shape
        if math.prod(out) == 1:
            return None  # of one output it is the gradient itself
        if shape == out + pair.leaf.shape:
            return pair.jacobian.reshape(shape)
        if shape == pair.leaf.shape + out:
            return pair.jacobian.T.reshape(shape)
        return None

    def by_row(pair: Pair) -> Floats | None:
        shape = np.shape(pair.claimed)
        if len(shape) != len(pair.leaf.shape) + 1 or math.prod(shape) == 0:
            return None
        block = pair.jacobian.reshape(*pair.G.shape, *pair.leaf.shape)
        if pair.G.ndim != 2 or len(pair.leaf.shape) != 2:
            return None
        return np.einsum("nanb->nab", block)

    return Found() if view.explains(predict) or view.explains(by_row) else None


PATTERNS = [
    Pattern(
        "M7",
        Text("not summed over axis {axes}", "没有沿轴 {axes} 求和"),
        Text(
            "What is broadcast in the forward direction is summed in the backward one: each sample "
            "adds to the same entry.",
            "前向里被广播的量在反向里要求和：每个样本都对同一个元素有贡献。",
        ),
        Text("sum it: .sum(axis={axes})", "求和：.sum(axis={axes})"),
        _not_summed,
        same=(Text("a broadcast axis is not reduced", "被广播的轴没有归约", "M10"),),
        rank=4,
    ),
    Pattern(
        "M8",
        Text("summed over axis {axes} as well", "多沿轴 {axes} 求了和"),
        Text(
            "One sum too many: entries that are separate are added up.",
            "多求了一次和：本应分开的元素被加在一起。",
        ),
        Text(
            "sum over the broadcast axes only, such as .sum(axis=0) for a bias",
            "只对被广播的轴求和，例如偏置用 .sum(axis=0)",
        ),
        _over_summed,
        rank=12,
        plain=True,
    ),
    Pattern(
        "M8-mean",
        Text("replaced by its mean over axis {axes}", "被沿轴 {axes} 的平均值取代"),
        Text("Every entry along it is the same.", "该轴上的元素全都相同。"),
        Text("leave the mean out", "去掉求平均"),
        _averaged,
        rank=12,
        plain=True,
    ),
    Pattern(
        "M22",
        Text("the Jacobian itself is returned", "返回的是雅可比矩阵本身"),
        Text(
            "The product with the upstream gradient is missing.",
            "缺少与上游梯度的乘积。",
        ),
        Text(
            "multiply by the cotangent and sum over the outputs: J.T @ dy",
            "乘以上游梯度并对输出求和：J.T @ dy",
        ),
        _whole_jacobian,
        rank=4,
    ),
]
