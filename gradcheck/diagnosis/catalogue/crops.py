"""Padding and strides undone wrongly: a crop on the wrong axes, an output that is too small."""

from __future__ import annotations

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: A crop takes as much from both ends.
_ENDS = 2


def _wrong_axes(view: View, evidence: Evidence) -> Found | None:
    """Padded axes are left as they are, and others cut by as much as these were padded."""
    for pair in view.pairs:
        if _padding(pair) is None:
            return None
    left, cut = _axes(view.pairs[0])
    if any(_axes(pair)[0] != left for pair in view.pairs):
        return None
    whole = [pair for pair in view.pairs if np.size(pair.claimed)]
    if whole and not View(view.name, whole).explains(_uncropped):
        return None
    names = ", ".join(map(str, cut)) or "?", ", ".join(map(str, left))
    return Found({"cut": names[0], "left": names[1]})


def _padding(pair: Pair) -> int | None:
    """By how much the axes that are too long are so, at each end; None where that is not it."""
    claimed, right = np.shape(pair.claimed), pair.leaf.shape
    if pair.claimed is None or len(claimed) != len(right):
        return None
    longer = {a - b for a, b in zip(claimed, right, strict=True) if a > b}
    if len(longer) != 1:
        return None
    both = longer.pop()
    shorter = [(a, b) for a, b in zip(claimed, right, strict=True) if a < b]
    # A short axis holds nothing after the crop.
    if both % _ENDS or not shorter or any(a != max(b - both, 0) for a, b in shorter):
        return None
    return both // _ENDS


def _axes(pair: Pair) -> tuple[list[int], list[int]]:
    """The axes that are too long and those that are too short."""
    sizes = list(enumerate(zip(np.shape(pair.claimed), pair.leaf.shape, strict=True)))
    return [k for k, (a, b) in sizes if a > b], [k for k, (a, b) in sizes if a < b]


def _uncropped(pair: Pair) -> Floats | None:
    """The right numbers inside, with what is claimed at the rim that has no right value."""
    p = _padding(pair)
    if p is None:
        return None
    long, short = _axes(pair)
    inside = tuple(slice(p, -p) if k in long else slice(None) for k in range(pair.right.ndim))
    kept = tuple(slice(p, -p) if k in short else slice(None) for k in range(pair.right.ndim))
    made = np.array(pair.claimed, dtype=float)
    made[inside] = pair.right[kept]
    return made


def _too_small(view: View, evidence: Evidence) -> Found | None:
    """Without the last places along some axes, to which nothing flows back."""
    if not view.explains(_beginning):
        return None
    short = {
        axis
        for pair in view.pairs
        for axis, (a, b) in enumerate(zip(np.shape(pair.claimed), pair.leaf.shape, strict=True))
        if a < b
    }
    return Found({"axes": ", ".join(map(str, sorted(short)))}) if short else None


def _beginning(pair: Pair) -> Floats | None:
    shape, right = np.shape(pair.claimed), pair.right
    if len(shape) != right.ndim or any(a > b for a, b in zip(shape, right.shape, strict=True)):
        return None
    kept = tuple(slice(0, size) for size in shape)
    rest = right.copy()
    rest[kept] = 0.0
    off = np.abs(pair.sample.versions[1] - pair.sample.versions[0]).max(initial=0.0)
    if np.abs(rest).max(initial=0.0) > off * np.abs(pair.u).sum() or not np.any(right[kept]):
        return None
    return right[kept]


PATTERNS = [
    Pattern(
        "M44",
        Text(
            "the padding is cropped from axis {cut} instead of axis {left}",
            "裁剪填充时弄错了轴：裁了轴 {cut}，应裁轴 {left}",
        ),
        Text(
            "The axes that were padded are as long as before, and others are cut by as much.",
            "被填充的轴没有变短，另一些轴却被裁掉了同样的长度。",
        ),
        Text(
            "crop the padded axes: [..., p:-p, p:-p] for a padded height and width",
            "裁剪被填充的轴：高、宽被填充时用 [..., p:-p, p:-p]",
        ),
        _wrong_axes,
        rank=3,
        fitted=True,
    ),
    Pattern(
        "M45",
        Text(
            "too small along axis {axes}: the size of the input is not passed on",
            "沿轴 {axes} 太短：没有传入输入的尺寸",
        ),
        Text(
            "Where the stride does not divide the size, the last places reach no output. Their "
            "gradient is 0, but they are there; the output size alone does not tell their number.",
            "步长不能整除尺寸时，末尾几个位置不影响任何输出。它们的梯度为 0，但位置仍在；"
            "仅由输出尺寸无法得知它们有几个。",
        ),
        Text("begin with np.zeros_like(x), of the size of the input", "从 np.zeros_like(x) 开始"),
        _too_small,
        rank=3,
    ),
]
