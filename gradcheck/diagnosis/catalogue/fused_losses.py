"""Losses whose gradient is c (softmax(z) - t): a softmax too many, missing, or misplaced."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gradcheck.diagnosis.catalogue.softmax import softmax, total
from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import NOTHING, Find, Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: What is made of measured values is this much, or not.
_MEASURED = 1e-5


def _fused(pair: Pair) -> tuple[float, Floats, Floats, int] | None:
    """``c``, the probabilities, the targets and the axis of a fused gradient ``c (p - t)``.

    The targets are one-hot.
    """
    z, right = pair.x, pair.right
    if z.ndim == 0 or not np.isfinite(right).all():
        return None
    for axis in dict.fromkeys((z.ndim - 1, 0)):
        p = softmax(z, axis)
        if np.abs(total(right, axis)).max() > _MEASURED * np.abs(right).max():
            continue
        # The label's entry has the other sign; which sign that is depends on the cotangent.
        for sign in (np.sign(pair.u.sum()), -np.sign(pair.u.sum())):
            others = sign * right > 0
            if not others.any():
                continue
            c = float(right[others].sum() / p[others].sum())
            t = p - right / c
            whole = np.round(t)
            one_hot = np.all(total(whole, axis) == 1) and np.all((whole == 0) | (whole == 1))
            if one_hot and np.abs(t - whole).max() < _MEASURED:
                return c, p, whole, axis
    return None


def _fused_find(*predictions: Callable[..., Floats]) -> Find:
    def find(view: View, evidence: Evidence) -> Found | None:
        if any(_fused(pair) is None for pair in view.pairs):
            return None
        for predict in predictions:
            evidence.clock.check()

            def made(pair: Pair, f: Callable[..., Floats] = predict) -> Floats | None:
                parts = _fused(pair)
                return None if parts is None else f(*parts, pair)

            if view.explains(made):
                return Found()
        return None

    return find


def _again(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    g = pair.right
    return p * (g - total(g * p, axis))


def _slope_again(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    return pair.right * p * (1 - p)


def _no_softmax(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    return c * (pair.x - t)


def _no_label(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    return c * p


def _label_alone(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    return -c * t


def _own_entry(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    return c * (p - 1) * t


def _wrong_axis(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    e = np.exp(pair.x - pair.x.max())
    return c * (e / e.sum() - t)


def _other_axis(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    return c * (softmax(pair.x, 0 if axis else pair.x.ndim - 1) - t)


def _sigmoid(c: float, p: Floats, t: Floats, axis: int, pair: Pair) -> Floats:
    return c * (1 / (1 + np.exp(-pair.x)) - t)


def _logistic_find(predict: Callable[[float, Floats, Floats, Floats], Floats]) -> Find:
    """A wrong gradient of a loss of logits whose gradient is ``c (sigmoid(z) - t)``."""

    def find(view: View, evidence: Evidence) -> Found | None:
        for name in view.pairs[0].arrays:
            evidence.clock.check()
            if name == view.name or any(_logistic(pair, name) is None for pair in view.pairs):
                continue

            def made(pair: Pair, n: str = name) -> Floats | None:
                c = _logistic(pair, n)
                if c is None:
                    return None
                s = 1 / (1 + np.exp(-pair.x))
                if np.isfinite(c):
                    return predict(c, pair.x, s, pair.arrays[n])
                # Where z fits its target, the right gradient tells nothing of c.
                one = predict(1.0, pair.x, s, pair.arrays[n])
                under = float(np.sum(one**2)) or 1.0
                return one * float(np.sum(one * np.asarray(pair.claimed, float))) / under

            if view.explains(made):
                return Found()
        return None

    return find


def _logistic(pair: Pair, name: str) -> float | None:
    """The ``c`` of a gradient ``c (sigmoid(z) - t)`` with the targets of a name; NaN for zero."""
    z, right, t = pair.x, pair.right, pair.arrays.get(name)
    if t is None or t.shape != z.shape or pair.u.size != 1:
        return None
    if np.shape(pair.claimed) != z.shape:
        return None
    shape = 1 / (1 + np.exp(-z)) - t
    if np.abs(shape).max(initial=0.0) < _MEASURED:
        return np.nan if np.abs(right).max(initial=0.0) < _MEASURED else None
    c = float(np.sum(right * shape) / np.sum(shape**2))
    off = np.abs(right - c * shape).max()
    return c if off <= _MEASURED * np.abs(right).max() else None


def _weights_of_classes(view: View, evidence: Evidence) -> Found | None:
    """Every class has a weight of its own where each sample has that of its label."""
    if evidence.rule.kind == "jvp" or any(pair.x.ndim != 2 for pair in view.pairs):
        return None
    taken = sum(pair.x.shape[1] for pair in view.pairs)
    return Found() if view.explains(_by_class, parameters=taken) else None


def _by_class(pair: Pair) -> Floats | None:
    """``v[j] (p - t)[i, j]`` where ``v[t[i]] (p - t)[i, j]`` is right, with the ``v`` claimed."""
    z, right = pair.x, pair.right
    if pair.u.size != 1 or np.shape(pair.claimed) != z.shape or min(z.shape) < 2:
        return None
    p = softmax(z, 1)
    labels = np.argmin(np.sign(pair.u[0]) * right, axis=1)
    t = np.eye(z.shape[1])[labels]
    rows = (right / (p - t)).mean(axis=1)
    if np.abs(rows[:, None] * (p - t) - right).max() > _MEASURED * np.abs(right).max():
        return None
    weights = (np.asarray(pair.claimed, float) / (p - t)).mean(axis=0)
    if np.abs(weights[labels] - rows).max() > _MEASURED * np.abs(rows).max():
        return None
    return (p - t) * weights


def _plain_targets(view: View, evidence: Evidence) -> Found | None:
    """``p - y`` with the labels alone, of a loss that makes something else of them."""
    first = view.pairs[0]
    others = [name for name, array in first.arrays.items() if array.ndim and name != view.name]
    labels = [name for name in others if np.asarray(first.sample.names[name]).dtype.kind in "iu"]
    if len(labels) != 1 or len(others) != 1:
        return None
    for averaged in (True, False):
        if view.explains(_hard, labels[0], averaged):
            return Found()
    return None


def _hard(pair: Pair, labels: str, averaged: bool) -> Floats | None:
    z, t = pair.x, pair.arrays[labels].astype(int)
    if pair.u.size != 1 or z.ndim != 2 or t.shape != z.shape[:1] or t.max() >= z.shape[1]:
        return None
    made: Floats = pair.u[0] * (softmax(z, 1) - np.eye(z.shape[1])[t])
    return made / len(z) if averaged else made


_SIGMOID_MISSING = Pattern(
    "M25",
    Text("the sigmoid is missing in the gradient: z - t", "梯度里缺少 sigmoid：写成了 z - t"),
    NOTHING,
    Text("use sigmoid(z) - t", "用 sigmoid(z) - t"),
    _logistic_find(lambda c, z, s, t: c * (z - t)),
    rank=8,
)
_SIGMOID_AGAIN = Pattern(
    "M24",
    Text("the fused gradient goes through the sigmoid again", "融合梯度又经过了一次 sigmoid"),
    Text(
        "sigmoid(z) - t is the gradient for the scores already; the slope of the sigmoid is "
        "multiplied once more.",
        "sigmoid(z) - t 已经是对得分的梯度，又多乘了一次 sigmoid 的导数。",
    ),
    Text("return sigmoid(z) - t (times its constant)", "直接返回 sigmoid(z) - t（乘以常数）"),
    _logistic_find(lambda c, z, s, t: c * (s - t) * s * (1 - s)),
    rank=8,
)
_TARGET_MISSING = Pattern(
    "label",
    Text("the label is not subtracted", "没有减去标签"),
    Text("The gradient is sigmoid(z) - t; the t is missing.", "梯度是 sigmoid(z) - t，漏了 t。"),
    Text("subtract the label", "减去标签"),
    _logistic_find(lambda c, z, s, t: c * s),
    rank=8,
)

PATTERNS = [
    _SIGMOID_MISSING,
    _SIGMOID_AGAIN,
    _TARGET_MISSING,
    Pattern(
        "M26",
        Text(
            "the weight of each class for that of the sample's label",
            "用了各类别的权重，而不是样本标签的权重",
        ),
        Text(
            "Each row is multiplied by one number, the weight of its label; here each column is by "
            "the weight of its class.",
            "每一行应乘同一个数，即该样本标签的权重；这里却对每一列乘了该类别的权重。",
        ),
        Text("w[labels][:, None] * (p - y)", "w[labels][:, None] * (p - y)"),
        _weights_of_classes,
        rank=8,
    ),
    Pattern(
        "label-plain",
        Text("the gradient of plain cross-entropy, p - y", "这是普通交叉熵的梯度 p - y"),
        Text(
            "The function makes something else of the labels, such as smoothed ones, or has a term "
            "beside; the rule takes them as they are.",
            "函数对标签另有处理（如标签平滑），或另有一项；规则却直接使用了标签。",
        ),
        Text("use the targets of the function: p - q", "用函数里的目标：p - q"),
        _plain_targets,
        rank=9,
    ),
    Pattern(
        "M24",
        Text(
            "the fused gradient p - y goes through the softmax again",
            "融合梯度 p - y 又经过了一次 softmax",
        ),
        Text(
            "p - y is the gradient for the scores already; the softmax rule is applied to it once "
            "more.",
            "p - y 已经是对得分的梯度，又多用了一次 softmax 的规则。",
        ),
        Text("return p - y (times its constant) as it is", "直接返回 p - y（乘以常数）"),
        _fused_find(_again, _slope_again),
        rank=8,
    ),
    Pattern(
        "M25",
        Text(
            "the softmax is missing in the gradient: z - y for p - y",
            "梯度里缺少 softmax：写成了 z - y",
        ),
        Text("", ""),
        Text("use softmax(z) - y", "用 softmax(z) - y"),
        _fused_find(_no_softmax),
        rank=8,
    ),
    Pattern(
        "M25-sigmoid",
        Text("a sigmoid for the softmax", "用 sigmoid 代替了 softmax"),
        Text("", ""),
        Text("use softmax(z) - y", "用 softmax(z) - y"),
        _fused_find(_sigmoid),
        rank=8,
    ),
    Pattern(
        "label",
        Text("the label is not subtracted", "没有减去标签"),
        Text("The gradient is p - y; the y is missing.", "梯度是 p - y，漏了 y。"),
        Text("subtract the one-hot label", "减去 one-hot 标签"),
        _fused_find(_no_label),
        rank=8,
    ),
    Pattern(
        "label-only",
        Text("only the entry of the label is filled in", "只写入了标签对应的元素"),
        Text("The other classes get their probability.", "其他类别的梯度是各自的概率。"),
        Text("p - y for all classes", "对所有类别用 p - y"),
        _fused_find(_label_alone, _own_entry),
        rank=8,
    ),
    Pattern(
        "M23-loss",
        Text("the softmax in the gradient runs over the wrong axis", "梯度里的 softmax 取错了轴"),
        Text("", ""),
        Text("softmax over the class axis", "沿类别轴做 softmax"),
        _fused_find(_wrong_axis, _other_axis),
        rank=8,
    ),
]
