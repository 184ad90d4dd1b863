"""Softmax and its losses: the weighted sum, the fused gradient, the wrong axis."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Find, Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: Probabilities add up to 1, and an output is a softmax of its input, up to rounding.
_ROUNDED = 1e-9


def softmax(x: Floats, axis: int) -> Floats:
    """The softmax along one axis."""
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return np.asarray(e / e.sum(axis=axis, keepdims=True))


def _axes(view: View, log: bool = False) -> Iterator[int]:
    """The axes along which the output is the softmax (or its logarithm) of the input."""
    for axis in range(view.pairs[0].x.ndim):
        good = []
        for pair in view.pairs:
            x, y = pair.x, pair.y
            if y.shape != x.shape:
                return
            made = softmax(x, axis)
            good.append(np.allclose(np.exp(y) if log else y, made, rtol=_ROUNDED, atol=0))
        if all(good):
            yield axis


def _of(log: bool, *predictions: Callable[[Pair, int], Floats]) -> Find:
    """One of some predictions of ``(pair, axis)``, where the output is a softmax."""

    def find(view: View, evidence: Evidence) -> Found | None:
        if evidence.rule.kind == "jvp":
            return None
        for axis in _axes(view, log):
            for predict in predictions:
                evidence.clock.check()
                if view.explains(predict, axis):
                    return Found()
        return None

    return find


def total(array: Floats, axis: int) -> Floats:
    """The sum along one axis, which stays."""
    return np.asarray(array.sum(axis=axis, keepdims=True))


def _no_normaliser(pair: Pair, axis: int) -> Floats:
    return pair.y * pair.G


def _unweighted(pair: Pair, axis: int) -> Floats:
    return pair.y * (pair.G - total(pair.G, axis))


def _averaged(pair: Pair, axis: int) -> Floats:
    return pair.y * (pair.G - pair.G.mean(axis=axis, keepdims=True))


def _outer_lost(pair: Pair, axis: int) -> Floats:
    return pair.G - total(pair.G * pair.y, axis)


def _no_diagonal(pair: Pair, axis: int) -> Floats:
    return -pair.y * total(pair.G * pair.y, axis)


def _other_front(pair: Pair, axis: int) -> Floats:
    return pair.y * pair.G - total(pair.G * pair.y**2, axis)


def _plus(pair: Pair, axis: int) -> Floats:
    return pair.y * (pair.G + total(pair.G * pair.y, axis))


def _over_all(pair: Pair, axis: int) -> Floats:
    return pair.y * (pair.G - (pair.G * pair.y).sum())


def _inputs(pair: Pair, axis: int) -> Floats:
    return pair.y * (pair.G - total(pair.G * pair.x, axis))


def _inputs_diagonal(pair: Pair, axis: int) -> Floats:
    return pair.G * pair.y * (1 - pair.x)


def _inputs_outside(pair: Pair, axis: int) -> Floats:
    return pair.x * (pair.G - total(pair.G * pair.y, axis))


def _log_one_hot(pair: Pair, axis: int) -> Floats:
    return pair.G - np.exp(pair.y)


def _log_diagonal(pair: Pair, axis: int) -> Floats:
    return pair.G * (1 - np.exp(pair.y))


def _log_softmax_rule(pair: Pair, axis: int) -> Floats:
    p = np.exp(pair.y)
    return p * (pair.G - total(pair.G * p, axis))


def _log_probability(pair: Pair, axis: int) -> Floats:
    return pair.G - pair.y * total(pair.G, axis)


def _log_averaged(pair: Pair, axis: int) -> Floats:
    return pair.G - np.exp(pair.y) * pair.G.mean(axis=axis, keepdims=True)


def _softmax_as_log(pair: Pair, axis: int) -> Floats:
    return pair.G - pair.y * total(pair.G, axis)


PATTERNS = [
    Pattern(
        "M20-normaliser",
        Text(
            "the term -y * (dy · y) of the softmax is missing", "缺少 softmax 的 -y * (dy · y) 一项"
        ),
        Text(
            "The sum in the denominator depends on every input; it is taken for a constant.",
            "分母里的总和依赖于每个输入，却被当作常数。",
        ),
        Text(
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
        ),
        _of(False, _no_normaliser),
        rank=8,
    ),
    Pattern(
        "M20-weights",
        Text(
            "the sum inside the softmax rule is not weighted by y", "softmax 规则里的求和没有乘 y"
        ),
        Text(
            "The rule needs (dy * y).sum(), not dy.sum().", "需要 (dy * y).sum()，而不是 dy.sum()。"
        ),
        Text(
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
        ),
        _of(False, _unweighted, _averaged),
        rank=8,
    ),
    Pattern(
        "M20-outer",
        Text("the factor y in front of the softmax rule is missing", "softmax 规则前缺少因子 y"),
        Text("", ""),
        Text(
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
        ),
        _of(False, _outer_lost),
        rank=8,
    ),
    Pattern(
        "M20-diagonal",
        Text("the case i = j of the softmax is left out", "漏掉了 softmax 的 i = j 情形"),
        Text("The term y * dy is missing.", "缺少 y * dy 一项。"),
        Text("y_i * (δ_ij - y_j), with δ_ij = 1 for i = j", "y_i * (δ_ij - y_j),i = j 时 δ_ij = 1"),
        _of(False, _no_diagonal),
        rank=8,
    ),
    Pattern(
        "M20-index",
        Text("the wrong y in front: y_j * (δ_ij - y_j)", "前面的 y 下标不对：y_j * (δ_ij - y_j)"),
        Text("", ""),
        Text("y_i * (δ_ij - y_j)", "y_i * (δ_ij - y_j)"),
        _of(False, _other_front),
        rank=8,
    ),
    Pattern(
        "M20-plus",
        Text("a plus for the minus in the softmax rule", "softmax 规则里的减号写成了加号"),
        Text("The terms with i ≠ j are negative.", "i ≠ j 的项是负的。"),
        Text(
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
        ),
        _of(False, _plus),
        rank=8,
    ),
    Pattern(
        "M23",
        Text("summed over the whole batch instead of the classes", "对整个批次而不是对类别求和"),
        Text("Each row has a sum of its own.", "每一行各有自己的总和。"),
        Text("sum over the class axis, with keepdims=True", "沿类别轴求和，并用 keepdims=True"),
        _of(False, _over_all),
        rank=8,
    ),
    Pattern(
        "M21",
        Text(
            "the softmax rule uses the scores where it needs the probabilities",
            "softmax 规则用了得分而不是概率",
        ),
        Text("Input and output are mixed up.", "混淆了输入与输出。"),
        Text("use y in both places: y_i * (δ_ij - y_j)", "两处都用 y:y_i * (δ_ij - y_j)"),
        _of(False, _inputs, _inputs_diagonal, _inputs_outside),
        rank=8,
    ),
    Pattern(
        "M59-log-softmax",
        Text("the rule of log-softmax for softmax", "把 log-softmax 的规则用于 softmax"),
        Text("", ""),
        Text(
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
            "y * (dy - (dy * y).sum(axis, keepdims=True))",
        ),
        _of(False, _softmax_as_log),
        rank=8,
    ),
    Pattern(
        "M28-log",
        Text("the upstream gradient is taken for one-hot", "把上游梯度当成了 one-hot"),
        Text(
            "dy - softmax(z) is right only where the upstream gradient adds up to 1.",
            "只有上游梯度之和为 1 时 dy - softmax(z) 才对。",
        ),
        Text(
            "dy - softmax(z) * dy.sum(axis, keepdims=True)",
            "dy - softmax(z) * dy.sum(axis, keepdims=True)",
        ),
        _of(True, _log_one_hot, _log_averaged),
        rank=8,
    ),
    Pattern(
        "M20-log",
        Text("only the diagonal of the log-softmax Jacobian", "只用了 log-softmax 雅可比的对角线"),
        Text("", ""),
        Text(
            "dy - softmax(z) * dy.sum(axis, keepdims=True)",
            "dy - softmax(z) * dy.sum(axis, keepdims=True)",
        ),
        _of(True, _log_diagonal),
        rank=8,
    ),
    Pattern(
        "M59-softmax",
        Text("the rule of softmax for log-softmax", "把 softmax 的规则用于 log-softmax"),
        Text("", ""),
        Text(
            "dy - softmax(z) * dy.sum(axis, keepdims=True)",
            "dy - softmax(z) * dy.sum(axis, keepdims=True)",
        ),
        _of(True, _log_softmax_rule),
        rank=8,
    ),
    Pattern(
        "M14-log",
        Text(
            "the log-probability is used where the probability is meant", "该用概率处用了对数概率"
        ),
        Text("", ""),
        Text("use np.exp(y), the probability", "用 np.exp(y)，即概率"),
        _of(True, _log_probability),
        rank=8,
    ),
]
