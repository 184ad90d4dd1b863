"""Parts that are missing: zeros where there should be none, terms overwritten, other times cut."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text, predicts
from gradcheck.diagnosis.samples import Floats

#: An entry of the Jacobian below this share of the largest is one that is zero.
_ZERO = 1e-9


def _zero(view: View, evidence: Evidence) -> Found | None:
    return Found() if view.explains(lambda pair: np.zeros(pair.leaf.shape)) else None


def _one_only(view: View, evidence: Evidence) -> Found | None:
    """Right at one index along an axis, zero elsewhere; or zero there, right elsewhere."""
    axes = len(view.pairs[0].leaf.shape)
    places = ((number, first) for number in (1, 2, 3) for first in (True, False))
    for (number, first), axis, kept in itertools.product(places, range(axes), (True, False)):
        if max(pair.leaf.shape[axis] for pair in view.pairs) <= number:
            continue
        evidence.clock.check()
        index = slice(number) if first else slice(-number, None)
        if view.explains(lambda p, a, k, q: _part(p.right, a, k, q), axis, index, kept):
            place = Text("first", "第一个") if first else Text("last", "最后一个")
            if number > 1:
                place = Text(f"{place.en} {number}", f"{place.zh[:-1]} {number} 个")
            values = {"place": place, "axis": axis}
            if kept:
                return Found(values, title=_SEVERAL if number > 1 else None)
            title = _ZERO_AT if number == 1 else _ZERO_AT_SEVERAL
            return Found(values, title=title, explanation=_REST_RIGHT)
    return None


_SEVERAL = Text(
    "filled in at the {place} indices along axis {axis} only", "只写入了沿轴 {axis} 的{place}位置"
)
_ZERO_AT = Text("zero at the {place} index along axis {axis}", "沿轴 {axis} 的{place}位置是零")
_ZERO_AT_SEVERAL = Text(
    "zero at the {place} indices along axis {axis}", "沿轴 {axis} 的{place}位置是零"
)
_REST_RIGHT = Text("The rest is right.", "其余都正确。")


def _part(array: Floats, axis: int, index: slice, kept: bool) -> Floats:
    where: list[slice] = [slice(None)] * array.ndim
    where[axis] = index
    if kept:
        made = np.zeros_like(array)
        made[tuple(where)] = array[tuple(where)]
    else:
        made = array.copy()
        made[tuple(where)] = 0.0
    return made


def _diagonal(pair: Pair) -> Floats | None:
    """Of every output only the part of its own input."""
    matrix = pair.jacobian
    if matrix.shape[0] != matrix.shape[1]:
        return None
    return pair.pull(pair.u, np.diag(np.diagonal(matrix)))


def _only_diagonal(view: View, evidence: Evidence) -> Found | None:
    if not predicts(_diagonal)(view, evidence):
        return None
    remedy = Text("add the terms with i ≠ j", "补上 i ≠ j 的项")
    return Found(remedy=None if evidence.rule.kind == "vjp" else remedy)


def _off_diagonal(pair: Pair) -> Floats | None:
    matrix = pair.jacobian
    if matrix.shape[0] != matrix.shape[1]:
        return None
    return pair.pull(pair.u, matrix - np.diag(np.diagonal(matrix)))


def _overwritten(view: View, evidence: Evidence) -> Found | None:
    """Of the outputs that an input reaches only the last, or the first, counts."""
    if not any(len(p.jacobian) > 1 and not reached(p).all() for p in view.pairs):
        return None  # only the last output counts: that is another mistake
    for axes, last in itertools.product(_looped(view.pairs[0]), (True, False)):
        evidence.clock.check()
        if view.explains(_one_output, axes, last):
            return Found({"which": Text("last", "最后") if last else Text("first", "最先")})
    return None


def _looped(pair: Pair) -> Iterator[tuple[int, ...]]:
    """Axes of the output over which a loop may run: all, each, or two neighbours."""
    count = pair.G.ndim
    yield tuple(range(count))
    if count > 1:
        yield from ((axis,) for axis in range(count))
        yield from ((axis, axis + 1) for axis in range(count - 1) if count > 2)


def reached(pair: Pair) -> NDArray[np.bool_]:
    """Which outputs depend on which inputs."""
    size = np.abs(pair.jacobian)
    found: NDArray[np.bool_] = size > _ZERO * size.max(initial=0.0)
    return found


def _one_output(pair: Pair, axes: tuple[int, ...], last: bool) -> Floats | None:
    matrix = pair.jacobian
    if np.isnan(matrix).any() or pair.G.ndim <= max(axes, default=-1):
        return None
    ours = reached(pair)
    places, sizes = np.indices(pair.G.shape), pair.G.shape
    turn = np.zeros(pair.G.shape, int)
    for axis in axes:
        turn = turn * sizes[axis] + places[axis]
    rows = turn.reshape(-1, 1)
    chosen = np.where(ours, rows, -1 if last else len(matrix))
    row = chosen.max(axis=0) if last else chosen.min(axis=0)
    return pair.pull(pair.u, np.where(rows == row, matrix, 0.0))


def _own_index(view: View, evidence: Evidence) -> Found | None:
    """Only what has the same index along an axis of input and output, such as the same time."""
    for a, b in _common_axes(view):
        evidence.clock.check()
        if view.explains(lambda pair, a, b: _restricted(pair, a, b, "own"), a, b):
            return Found({"axis": a})
    return None


def _causal(view: View, evidence: Evidence) -> Found | None:
    """The same, where outputs depend on earlier inputs alone."""
    for a, b in _common_axes(view):
        evidence.clock.check()
        if all(_is_causal(pair, a, b) for pair in view.pairs) and view.explains(
            _restricted, a, b, "own"
        ):
            return Found({"axis": a})
    return None


def _is_causal(pair: Pair, a: int, b: int) -> bool:
    inside = np.indices(pair.leaf.shape)[a].reshape(-1)
    outside = np.indices(pair.G.shape)[b].reshape(-1)
    matrix = np.nan_to_num(np.abs(pair.jacobian))
    later = matrix[outside[:, None] < inside[None, :]]
    return bool(later.max(initial=0.0) <= _ZERO * matrix.max(initial=0.0))


def _one_step(view: View, evidence: Evidence) -> Found | None:
    """Only the same index and the next along an axis: cut off after one step."""
    for a, b in _common_axes(view):
        evidence.clock.check()
        if view.explains(lambda pair, a, b: _restricted(pair, a, b, "near"), a, b):
            return Found({"axis": a})
    return None


def _common_axes(view: View) -> Iterator[tuple[int, int]]:
    pair = view.pairs[0]
    for a, b in itertools.product(range(len(pair.leaf.shape)), range(pair.G.ndim)):
        if (
            all(p.leaf.shape[a] == p.G.shape[b] for p in view.pairs)
            and max(p.leaf.shape[a] for p in view.pairs) > 1
        ):
            yield a, b


def _restricted(pair: Pair, a: int, b: int, which: str) -> Floats | None:
    """The right gradient with only the entries that are near each other along two axes."""
    inside = np.indices(pair.leaf.shape)[a].reshape(-1)
    outside = np.indices(pair.G.shape)[b].reshape(-1)
    apart = outside[:, None] - inside[None, :]
    kept = apart == 0 if which == "own" else (apart >= 0) & (apart <= 1)
    matrix = np.where(kept, pair.jacobian, 0.0)
    return pair.pull(pair.u, matrix)


def _triangle(view: View, evidence: Evidence) -> Found | None:
    changes = {
        "lower triangle": (np.tril, "下三角"),
        "upper triangle": (np.triu, "上三角"),
        "diagonal": (lambda a, k: np.tril(np.triu(a, k), k), "对角线"),
    }
    for english, (cut, chinese) in changes.items():
        for k in (0, -1, 1):
            if view.explains(lambda p, c, k: c(p.right, k) if p.right.ndim > 1 else None, cut, k):
                part = Text(english, chinese)
                return Found({"part": _OFF_DIAGONAL.get((english, k), part)})
    return None


#: Triangles that end beside the diagonal.
_OFF_DIAGONAL = {
    ("lower triangle", -1): Text("part below the diagonal", "对角线以下的部分"),
    ("upper triangle", 1): Text("part above the diagonal", "对角线以上的部分"),
}


def _symmetrised(pair: Pair) -> Floats | None:
    right = pair.right
    if right.ndim < 2:
        return None
    return (right + np.swapaxes(right, -1, -2)) / 2


def _summed_with_transpose(pair: Pair) -> Floats | None:
    right = pair.right
    return None if right.ndim < 2 else right + np.swapaxes(right, -1, -2)


def _absolute(pair: Pair) -> Floats:
    return pair.pull(pair.u, np.abs(pair.jacobian))


_OWN_INDEX = Pattern(
    "M51",
    Text(
        "only the same index along axis {axis} counts: what the others add is dropped",
        "只计入了沿轴 {axis} 的同一位置，丢掉了来自其他位置的部分",
    ),
    Text(
        "An earlier step acts on all later outputs; its own output is only the first of them.",
        "较早的一步会影响之后所有的输出，而不仅是它自己的输出。",
    ),
    Text("add what comes back: dh = dh_t + dh_next", "加上回传的部分：dh = dh_t + dh_next"),
    _causal,
    same=(
        Text("a BPTT term dropped", "丢掉了 BPTT 的一项", "M51"),
        Text("the statistics taken for constants", "统计量被当作常数"),
    ),
    rank=8,
)

PATTERNS = [
    Pattern(
        "zero",
        Text("zero everywhere", "处处为零"),
        Text(
            "The gradient is never filled in, or the input is taken for a constant.",
            "梯度从未被写入，或者输入被当成了常数。",
        ),
        Text("work it out", "把它算出来"),
        _zero,
        same=(
            Text("the Jacobian is averaged and cancels", "雅可比被平均后相互抵消", "M22"),
            Text("a branch is treated as a constant", "某一分支被当作常数"),
        ),
        rank=3,
        plain=True,
    ),
    Pattern(
        "M40",
        Text(
            "filled in at the {place} index along axis {axis} only",
            "只写入了沿轴 {axis} 的{place}位置",
        ),
        Text(
            "The rest is zero: a return inside the loop, or a loop that stops early.",
            "其余为零：return 写进了循环，或循环提前结束。",
        ),
        Text(
            "let the loop run over all of it, and put the return behind it",
            "让循环走完全程，并把 return 移到循环之后",
        ),
        _one_only,
        rank=9,
        plain=True,
    ),
    Pattern(
        "M20",
        Text("only the diagonal of the Jacobian is used", "只用了雅可比矩阵的对角线"),
        Text(
            "Every output depends on the other inputs as well; those terms (i ≠ j) are missing.",
            "每个输出也依赖其他输入；缺少 i ≠ j 的项。",
        ),
        Text(
            "add the terms with i ≠ j; for a softmax: y * (dy - (dy * y).sum())",
            "补上 i ≠ j 的项；softmax 为 y * (dy - (dy * y).sum())",
        ),
        _only_diagonal,
        rank=9,
    ),
    Pattern(
        "M20-off",
        Text("the diagonal of the Jacobian is missing", "缺少雅可比矩阵的对角线"),
        Text("The case i = j is left out.", "漏掉了 i = j 的情形。"),
        Text("add the terms with i = j", "补上 i = j 的项"),
        predicts(_off_diagonal),
        rank=10,
    ),
    Pattern(
        "M35",
        Text(
            "overwritten where it has to be added up: only the {which} contribution counts",
            "该累加的地方被覆盖：只计入了{which}一次的贡献",
        ),
        Text(
            "An input that reaches several outputs gets a part from each of them.",
            "一个输入影响多个输出时，每个输出都有一份贡献。",
        ),
        Text(
            "use += in the loop; with repeated indices np.add.at(dx, i, g)",
            "循环里用 +=；下标重复时用 np.add.at(dx, i, g)",
        ),
        _overwritten,
        same=(
            Text("overlapping windows", "窗口重叠", "M35"),
            Text("repeated indices", "下标重复", "M49"),
            Text("a node that is used twice", "被使用两次的节点", "M54"),
            Text("one place of each block only", "每块只取一处", "M50"),
        ),
        rank=15,
    ),
    _OWN_INDEX,
    # Where outputs depend on later inputs too, more special patterns are named first.
    replace(
        _OWN_INDEX,
        explanation=Text(
            "An entry acts on outputs of other indices, too, as the second of a pair or by a sum.",
            "一个元素也会影响其他位置的输出，例如作为一对中的第二个，或经过求和。",
        ),
        remedy=Text(
            "add what it does to the outputs of the other indices", "加上它对其他位置输出的影响"
        ),
        find=_own_index,
        same=(
            Text("the statistics taken for constants", "统计量被当作常数", "M29"),
            Text("one of two uses of an input", "输入的两次使用只算了一次", "M54"),
        ),
        rank=16,
    ),
    Pattern(
        "M51-short",
        Text("cut off after one step along axis {axis}", "沿轴 {axis} 只回传了一步"),
        Text("Contributions from further away are missing.", "缺少更远处的贡献。"),
        Text("carry the sum through the whole loop", "让累加贯穿整个循环"),
        _one_step,
        rank=17,
    ),
    Pattern(
        "triangle",
        Text("only the {part} is filled in", "只填了{part}"),
        Text("The rest is zero.", "其余为零。"),
        Text("fill in the other part", "补上另一部分"),
        _triangle,
        rank=12,
        plain=True,
    ),
    Pattern(
        "symmetric",
        Text("made symmetric", "被对称化了"),
        Text("The entries [i, j] and [j, i] are averaged.", "[i, j] 与 [j, i] 被取了平均。"),
        Text("leave (A + A.T) / 2 out", "去掉 (A + A.T) / 2"),
        predicts(_symmetrised),
        rank=12,
    ),
    Pattern(
        "symmetric-sum",
        Text("its transpose is added", "多加了自身的转置"),
        Text("", ""),
        Text("leave A.T out", "去掉 A.T"),
        predicts(_summed_with_transpose),
        rank=12,
    ),
    Pattern(
        "M19-terms",
        Text("the sign of the negative terms is lost", "负项的符号丢了"),
        Text(
            "Every entry of the Jacobian is taken by its magnitude.",
            "雅可比矩阵的每一项都取了绝对值。",
        ),
        Text("look for an absolute value or a lost minus", "检查绝对值或丢掉的负号"),
        predicts(_absolute),
        rank=14,
    ),
]
