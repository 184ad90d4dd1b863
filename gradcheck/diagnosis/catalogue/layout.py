"""Where the right numbers stand in the wrong place or shape: transposed, swapped, not summed."""

from __future__ import annotations

import itertools
import math

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Guess, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text, predicts
from gradcheck.diagnosis.samples import Floats

_MATRIX = 2


def _transposed(pair: Pair) -> Floats | None:
    right = pair.right
    if right.ndim == _MATRIX:
        return right.T
    return np.swapaxes(right, -1, -2) if right.ndim > _MATRIX else None


def _jacobian_transposed(pair: Pair) -> Floats | None:
    """The rule of the transposed Jacobian: ``J u`` for ``Jᵀ u``."""
    matrix = pair.jacobian
    if matrix.shape[0] != matrix.shape[1]:
        return None
    moved = matrix @ pair.u
    return moved.reshape(pair.leaf.shape)


def _by_transpose(view: View, evidence: Evidence) -> Found | None:
    if not predicts(_jacobian_transposed)(view, evidence):
        return None
    if evidence.rule.kind in ("vjp", "jvp"):
        return Found()
    return Found(
        title=Text("laid out the other way round: it is the transpose", "排布反了：是转置"),
        explanation=Text(
            "J[j, i] is the derivative of output j with respect to input i.",
            "J[j, i] 是输出 j 对输入 i 的导数。",
        ),
        remedy=Text("exchange i and j", "交换 i 与 j"),
    )


def _permuted(view: View, evidence: Evidence) -> Found | None:
    axes = len(view.pairs[0].leaf.shape)
    if not 2 < axes <= 4:
        return None
    for order in itertools.permutations(range(axes)):
        if order == tuple(range(axes)):
            continue
        evidence.clock.check()
        if view.explains(lambda pair, o: np.transpose(pair.right, o), order):
            return Found({"order": order})
    return None


def _reread(pair: Pair) -> Floats | None:
    """Reshaped where it has to be transposed."""
    right = pair.right
    if right.ndim != _MATRIX:
        return None
    return right.T.reshape(right.shape)


def _reread_back(pair: Pair) -> Floats | None:
    right = pair.right
    if right.ndim != _MATRIX:
        return None
    return right.reshape(right.shape[::-1]).T


def _moved(view: View, evidence: Evidence) -> Found | None:
    """Shifted by one along an axis, around the end or with zeros behind it."""
    axes = len(view.pairs[0].leaf.shape)
    for axis, step in itertools.product(range(axes), (1, -1)):
        evidence.clock.check()
        values = {"axis": axis, "step": f"{step:+d}"}
        for around in (True, False):
            if view.explains(lambda p, a, s, r: _shift(p.right, a, s, r), axis, step, around):
                return Found(values)
        usual = [p.leaf.shape[axis] for p in view.pairs if not p.sample.failing]
        if isinstance(view, Guess) or not usual or min(usual) <= _MATRIX:
            continue
        if view.explains(_entering, axis, step):
            return Found(values, explanation=_ENTERS)
    return None


def _entering(pair: Pair, axis: int, step: int) -> Floats | None:
    """Shifted, with at the end what the claim has there, from outside of the array."""
    if np.shape(pair.claimed) != pair.leaf.shape:
        return None
    moved = np.roll(pair.right, step, axis)
    index: list[slice | int] = [slice(None)] * moved.ndim
    index[axis] = 0 if step > 0 else -1
    moved[tuple(index)] = np.asarray(pair.claimed, float)[tuple(index)]
    return moved


_ENTERS = Text(
    "The right numbers one place off, and another one from outside at the end: a crop, a padding "
    "or a window that begins one too early or too late.",
    "数值正确但错开了一位，末端是来自外面的数：裁剪、填充或窗口的起点早了或晚了一位。",
)


def _shift(array: Floats, axis: int, step: int, around: bool) -> Floats:
    moved = np.roll(array, step, axis)
    if not around:
        index: list[slice | int] = [slice(None)] * array.ndim
        index[axis] = 0 if step > 0 else -1
        moved[tuple(index)] = 0.0
    return moved


def _reversed(view: View, evidence: Evidence) -> Found | None:
    for chosen in _directions(len(view.pairs[0].leaf.shape)):
        evidence.clock.check()
        if view.explains(lambda pair, c: np.flip(pair.right, c), chosen):
            return Found({"axes": ", ".join(map(str, chosen))})
    if view.pairs[0].leaf.part is not None and view.explains(_from_the_end):
        return Found(
            title=Text("the list is in the opposite order", "列表的次序反了"),
            explanation=Text(
                "What belongs to the first array is given to the last: going back in time appends "
                "the last step first.",
                "属于第一个数组的给了最后一个：沿时间倒推时，最先追加的是最后一步。",
            ),
            remedy=Text("reverse the list: [::-1]", "把列表反过来：[::-1]"),
        )
    return None


def _directions(axes: int) -> list[tuple[int, ...]]:
    """Axes along which an array may be reversed: each, the last two, and all."""
    if not axes:
        return []
    choices = [(axis,) for axis in range(axes)] + [(axes - 2, axes - 1)] * (axes >= _MATRIX)
    return [*choices, tuple(range(axes))]


def _from_the_end(pair: Pair) -> Floats | None:
    """The right gradient for the array that stands as far from the end of its list."""
    numbers = [k for k, leaf in enumerate(pair.sample.inputs.leaves) if leaf.name == pair.leaf.name]
    return pair.right_of(numbers[-1 - numbers.index(pair.number)])


def _partner_reversed(view: View, evidence: Evidence) -> Found | None:
    """Right as soon as the rule is given another input in the opposite order."""
    if evidence.rule.kind != "vjp" or not view.shows_usual:
        return None
    for leaf in view.pairs[0].sample.inputs.leaves:
        if leaf.name == view.name or leaf.part is not None:
            continue
        for chosen in _directions(len(leaf.shape)):
            if _is_right_with(view, evidence, leaf.name, chosen):
                return Found({"other": leaf.name, "axes": ", ".join(map(str, chosen))})
    return None


def _is_right_with(view: View, evidence: Evidence, name: str, axes: tuple[int, ...]) -> bool:
    asked = []
    for pair in view.pairs:
        evidence.clock.check()
        flipped = np.flip(pair.sample.names[name], axes)
        asked.append(pair.with_answer(pair.sample.ask(pair.u, {name: flipped})))
    return not View(view.name, asked).wrong


def _swapped(view: View, evidence: Evidence) -> Found | None:
    """The gradient of another input."""
    for number, leaf in enumerate(view.pairs[0].sample.inputs.leaves):
        if leaf.name == view.name:
            continue
        if view.explains(lambda pair, k: pair.right_of(k), number):
            return Found({"other": leaf.label})
    return None


def _same_numbers(pair: Pair) -> Floats | None:
    """The right numbers in another shape."""
    shape = np.shape(pair.claimed)
    if shape == pair.leaf.shape or math.prod(shape) != pair.right.size:
        return None
    return pair.right.reshape(shape)


def _empty(view: View, evidence: Evidence) -> Found | None:
    empty = [p.claimed is not None and np.size(p.claimed) == 0 < p.right.size for p in view.pairs]
    return Found() if any(empty) else None


PATTERNS = [
    Pattern(
        "M1",
        Text("the transpose of the right gradient", "是正确梯度的转置"),
        Text(
            "Rows and columns are exchanged; in a square case only the numbers tell.",
            "行与列互换了；方阵时只有数值能看出来。",
        ),
        Text(
            "transpose it: (A.T @ B).T = B.T @ A, such as x.T @ dz for the weights of x @ W",
            "转置：(A.T @ B).T = B.T @ A，例如 x @ W 的权重梯度为 x.T @ dz",
        ),
        predicts(_transposed),
        rank=8,
        plain=True,
    ),
    Pattern(
        "M1-jacobian",
        Text(
            "multiplied by the Jacobian instead of its transpose",
            "乘的是雅可比矩阵本身，而不是它的转置",
        ),
        Text(
            "The rule sums over the inputs where it has to sum over the outputs.",
            "应当对输出下标求和，却对输入下标求了和。",
        ),
        Text("use J.T @ dy; for x @ W that is dz @ W.T", "用 J.T @ dy；对 x @ W 即 dz @ W.T"),
        _by_transpose,
        same=(
            Text("the rule of the forward direction", "使用了前向规则"),
            Text("the Jacobian laid out as inputs × outputs", "雅可比按 输入 × 输出 排布"),
        ),
        rank=9,
    ),
    Pattern(
        "M1-axes",
        Text("its axes are in another order: {order}", "轴的次序不对：{order}"),
        Text("The right numbers, with axes exchanged.", "数值正确，但轴被交换了。"),
        Text("apply the inverse of the transposition", "做相反的转置"),
        _permuted,
        rank=9,
    ),
    Pattern(
        "M1-reshape",
        Text("reshaped where it has to be transposed", "该用转置的地方用了 reshape"),
        Text(
            "reshape keeps the order in memory; rows and columns get mixed.",
            "reshape 保持内存中的次序，行列因此混在一起。",
        ),
        Text("use .T (or np.swapaxes) instead of reshape", "用 .T（或 np.swapaxes）代替 reshape"),
        predicts(_reread, _reread_back),
        rank=9,
        plain=True,
    ),
    Pattern(
        "M41",
        Text("reversed along axis {axes}", "沿轴 {axes} 反了向"),
        Text(
            "The right numbers in the opposite order, such as a kernel that is (not) flipped.",
            "数值正确但次序相反，例如卷积核（未）翻转。",
        ),
        Text("reverse it along that axis", "沿该轴反转"),
        _reversed,
        rank=10,
        plain=True,
    ),
    Pattern(
        "M41-partner",
        Text(
            "{other} is used in the wrong direction along axis {axes}",
            "{other} 沿轴 {axes} 用反了方向",
        ),
        Text(
            "With {other} reversed along axis {axes} the rule gives the right gradient: where the "
            "function slides a kernel, the rule has to slide it the other way round.",
            "把 {other} 沿轴 {axes} 反过来，规则给出的就是正确的梯度："
            "函数让卷积核滑动，规则则要让它反向滑动。",
        ),
        Text(
            "reverse it in the rule, such as {other}[..., ::-1, ::-1], or leave out a reversal "
            "that is there",
            "在规则中把它反过来，例如 {other}[..., ::-1, ::-1]，或去掉多余的翻转",
        ),
        _partner_reversed,
        rank=11,
    ),
    Pattern(
        "M48",
        Text("shifted by {step} along axis {axis}", "沿轴 {axis} 错位 {step}"),
        Text(
            "The right numbers one place off: a wrong index or loop variable.",
            "数值正确但错了一位：下标或循环变量有误。",
        ),
        Text("look at the indices along that axis", "检查该轴上的下标"),
        _moved,
        rank=10,
        plain=True,
    ),
    Pattern(
        "swap",
        Text("this is the gradient for {other}", "这是 {other} 的梯度"),
        Text(
            "The gradients are returned in another order than the inputs.",
            "返回梯度的次序与输入的次序不一致。",
        ),
        Text("return one gradient for each input, in order", "按输入的次序返回各梯度"),
        _swapped,
        rank=6,
    ),
    Pattern(
        "shape",
        Text("the right numbers in the wrong shape", "数值正确，但形状不对"),
        Text("", ""),
        Text("reshape it to the shape of the input", "改成与输入相同的形状"),
        predicts(_same_numbers),
        rank=7,
    ),
    Pattern(
        "M43",
        Text("empty: a crop [p:-p] with p = 0", "是空数组：裁剪 [p:-p] 而 p = 0"),
        Text("[0:-0] is [0:0], which holds nothing.", "[0:-0] 即 [0:0]，什么也没有。"),
        Text("crop with [p : p + h]", "用 [p : p + h] 裁剪"),
        _empty,
        rank=4,
    ),
]
