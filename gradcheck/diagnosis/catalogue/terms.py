"""Terms that are lost or added: weight decay, a mean, a path through a statistic, a skip."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.factors import written
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

Direction = Callable[[Pair], Any]
#: A constant is what it is called where it agrees to this.
_EQUAL = 1e-7
#: Of so many numbers more along an axis than are fitted at least two have to be as predicted.
_SPARE = 1


def _fits(view: View, evidence: Evidence, direction: Direction) -> float | None:
    """The one constant c for which ``claimed = right + c direction`` at every point."""
    over = under = 0.0
    for pair in view.pairs:
        term = direction(pair)
        if term is None or np.shape(term) != pair.leaf.shape:
            return None
        if pair.claimed is None or np.shape(pair.claimed) != pair.leaf.shape:
            return None
        rest = np.asarray(pair.claimed, float) - pair.right
        known = np.isfinite(rest) & np.isfinite(term)
        over += float(np.sum(rest[known] * term[known]))
        under += float(np.sum(term[known] ** 2))
    if not under or not over:
        return None
    c = over / under
    # Ten parts in a million round it to what a person would have written.
    for tidy in (float(f"{c:.3g}"), c):
        if view.explains(lambda pair, c: pair.right + c * direction(pair), tidy, parameters=1):
            return tidy
    return None


def _decay(view: View, evidence: Evidence) -> Found | None:
    """``claimed - right = c W``, with one c everywhere."""
    if evidence.rule.kind == "jvp":
        return None
    return _times(_fits(view, evidence, lambda pair: pair.x), view.name)


def _decay_at_upstream(view: View, evidence: Evidence) -> Found | None:
    """``claimed - right = c dl W``: the regularisation of a loss whose upstream is not 1."""
    if evidence.rule.kind != "vjp" or any(pair.u.size != 1 for pair in view.pairs):
        return None
    return _times(_fits(view, evidence, lambda pair: pair.x * pair.u[0]), view.name)


def _times(c: float | None, name: str) -> Found | None:
    """``c W`` too much, or missing."""
    if c is None:
        return None
    times = f"{written(abs(c))} * {name}"
    if c > 0:
        title = Text("{term} too much", "多了 {term}")
    else:
        title = Text("{term} is missing", "少了 {term}")
    return Found({}, title=title.format(term=Text(times, times)))


def _skip(view: View, evidence: Evidence) -> Found | None:
    """The path around the layer: ``claimed - right = ± dy``."""
    if evidence.rule.kind != "vjp" or all(pair.is_elementwise for pair in view.pairs):
        return None
    c = _fits(view, evidence, lambda pair: pair.G if pair.G.shape == pair.leaf.shape else None)
    if c == -1.0:
        return Found()
    if c == 1.0:
        return Found(
            title=Text("the upstream gradient is added once more", "上游梯度多加了一次"),
            explanation=Text("", ""),
            remedy=Text("leave it out", "去掉它"),
        )
    return None


def _constant(view: View, evidence: Evidence) -> Found | None:
    """``claimed - right = c dy`` of a scalar or elementwise function: a slope off by a constant."""
    c = _fits(view, evidence, _upstream)
    if c is None:
        return None
    title = Text("a slope too small by {c} everywhere", "导数处处小了 {c}")
    if c > 0:
        title = Text("a slope too large by {c} everywhere", "导数处处大了 {c}")
    names = (
        name
        for name in view.pairs[0].arrays
        if all(p.arrays[name].size == 1 and _is(p.arrays[name], abs(c)) for p in view.pairs)
    )
    number, name = written(abs(c)), next(names, "")
    return Found({}, title=title.format(c=f"{number} ({name})" if name else number))


def _is(array: Floats, c: float) -> bool:
    return bool(np.all(np.abs(array - c) <= _EQUAL * c))


def _upstream(pair: Pair) -> Floats | None:
    if pair.u.size == 1:
        return np.full(pair.leaf.shape, pair.u[0])
    return pair.G if pair.is_elementwise else None


def _data(view: View, evidence: Evidence) -> Found | None:
    """Where a named array is added whatever the upstream gradient is."""
    if evidence.rule.kind != "vjp":
        return None
    for name in view.pairs[0].arrays:
        if view.pairs[0].arrays[name].ndim and view.explains(
            lambda pair, n: pair.right + pair.arrays[n], name
        ):
            return Found({"name": name})
    return None


def _stale_weights(view: View, evidence: Evidence) -> Found | None:
    """``right - claimed = c G (dW)ᵀ`` for the gradient dW of another input."""
    if evidence.rule.kind != "vjp":
        return None
    for number, leaf in enumerate(view.pairs[0].sample.inputs.leaves):
        if leaf.name == view.name or len(leaf.shape) != 2:
            continue

        def moved(pair: Pair, k: int = number) -> Floats | None:
            step = pair.right_of(k)
            if pair.G.ndim == 0 or pair.G.shape[-1] != step.shape[-1]:
                return None
            return np.asarray(pair.G @ step.T)

        c = _fits(view, evidence, moved)
        if c is not None and c < 0:
            return Found({"name": leaf.label, "rate": written(-c)})
    return None


# ---- terms that are a multiple of a known vector along an axis -------------------------------


def _spans(pair: Pair, axes: tuple[int, ...]) -> Iterator[tuple[str, Floats]]:
    x, y = pair.x, pair.y
    if pair.right.shape != x.shape:
        return
    yield "mean", np.ones_like(x)
    yield "variance", x - x.mean(axis=axes, keepdims=True)
    yield "input", x
    if y.shape == x.shape:
        yield "output", y


def _along(view: View, evidence: Evidence) -> Found | None:
    """What is missing is a multiple of one vector (or of two) along some axes, row by row."""
    first = view.pairs[0]
    if evidence.rule.kind == "jvp":
        return None
    axes = range(len(first.leaf.shape))
    # On a domain that is constrained, as to a sum of 1, the input is about its mean by itself.
    inside = first.sample.subject.point.tangent is not None
    terms = [names for names in _TERMS if not inside or names in (("output",), ("input",))]
    for count in (1, 2, 3):
        for over in itertools.combinations(axes, count):
            for names in terms:
                evidence.clock.check()
                if _long_enough(view, over, len(names)) and view.explains(_completed, over, names):
                    return _term(names, over, view.name)
    return None


def _long_enough(view: View, over: tuple[int, ...], fitted: int) -> bool:
    """Whether there are more numbers along the axes than a fit takes, at most wrong points."""
    wrong = [pair for pair in view.pairs if View(view.name, [pair]).wrong]
    lengths = [int(np.prod([p.leaf.shape[a] for a in over])) for p in wrong]
    return sum(length > fitted + _SPARE for length in lengths) * 2 > len(lengths)


def _completed(pair: Pair, over: tuple[int, ...], names: tuple[str, ...]) -> Floats | None:
    """The right gradient plus the multiples that fit the claimed one best."""
    if np.shape(pair.claimed) != pair.leaf.shape:
        return None
    known = {name: pair.sample.along(pair.number, v) for name, v in _spans(pair, over)}
    if any(name not in known for name in names):
        return None
    rest = np.asarray(pair.claimed, float) - pair.right
    last = [axis for axis in range(rest.ndim) if axis not in over] + list(over)
    length = int(np.prod([rest.shape[axis] for axis in over]))
    rows = np.transpose(rest, last).reshape(-1, length)
    vectors = [np.transpose(known[name], last).reshape(-1, length) for name in names]
    made = np.empty_like(rows)
    for k, row in enumerate(rows):
        basis = np.array([vector[k] for vector in vectors]).T
        made[k] = basis @ np.linalg.lstsq(basis, row, rcond=None)[0]
    shape = tuple(rest.shape[axis] for axis in last)
    return pair.right + np.transpose(made.reshape(shape), np.argsort(last))


#: In the order in which they are tried.
_TERMS = {
    ("mean",): (
        "M30",
        Text(
            "the path through a mean or sum is wrong or missing",
            "经由均值或总和的路径有误或缺失"),
        Text(
            "What is off is one number for each group along axis {axes}: such as the mean of the "
            "upstream gradient that is not subtracted, or the sum in a denominator.",
            "偏差在轴 {axes} 的每一组内是同一个数：例如没减去上游梯度的均值，或漏了分母里的总和。",
        ),
        Text(
            "differentiate that mean or sum as well: it depends on every entry",
            "对该均值或总和也要求导：它依赖于每个元素"),
    ),
    ("variance",): (
        "M30",
        Text("the path through the variance is wrong or missing", "经由方差的路径有误或缺失"),
        Text(
            "What is off is a multiple of {x} - mean({x}) for each group along axis {axes}.",
            "偏差在轴 {axes} 的每一组内是 {x} - mean({x}) 的倍数。",
        ),
        Text(
            "subtract x_hat * mean(dx_hat * x_hat) along axis {axes}",
            "减去沿轴 {axes} 的 x_hat * mean(dx_hat * x_hat)",
        ),
    ),
    ("output",): (
        "rank-one",
        Text("a multiple of the output is wrong or missing", "输出的某个倍数有误或缺失"),
        Text(
            "What is off is a multiple of y for each group along axis {axes}: such as the term "
            "y * (dy · y) of a softmax or a norm.",
            "偏差在轴 {axes} 的每一组内是 y 的倍数：例如 softmax 或范数里的 y * (dy · y)。",
        ),
        Text("look at the sum in that term", "检查该项中的求和"),
    ),
    ("input",): (
        "rank-one-input",
        Text("a multiple of the input is wrong or missing", "输入的某个倍数有误或缺失"),
        Text(
            "What is off is a multiple of {x} for each group along axis {axes}: such as the path "
            "through a norm.",
            "偏差在轴 {axes} 的每一组内是 {x} 的倍数：例如经由范数的路径。",
        ),
        Text("look at the derivative of the norm or sum", "检查范数或总和的导数"),
    ),
    ("mean", "variance"): (
        "M29",
        Text(
            "the paths through mean and variance are missing or wrong",
            "经由均值与方差的路径缺失或有误"),
        Text(
            "Every input of a group along axis {axes} changes both: they are no constants, and "
            "are taken over the same axes in the forward direction and here.",
            "轴 {axes} 的组内每个输入都会改变二者：它们不是常数，且此处与前向须取相同的轴。",
        ),
        Text(
            "(dx_hat - mean(dx_hat) - x_hat * mean(dx_hat * x_hat)) / std",
            "(dx_hat - mean(dx_hat) - x_hat * mean(dx_hat * x_hat)) / std",
        ),
    ),
}  # fmt: skip


def _term(names: tuple[str, ...], over: tuple[int, ...], x: str) -> Found:
    id_, title, explanation, remedy = _TERMS[names]
    axes = over[0] if len(over) == 1 else over
    return Found(
        {}, id=id_, title=title, explanation=explanation.format(axes=axes, x=x),
        remedy=remedy.format(axes=axes),
    )  # fmt: skip


_DECAY = Pattern(
    "M61",
    Text("a regularisation term", "正则项"),
    Text(
        "What is off is a multiple of the parameter itself: weight decay that is left out, "
        "counted twice, or added where the function has none.",
        "偏差是参数自身的倍数：权重衰减漏掉了、重复计入，或函数里本来没有。",
    ),
    Text(
        "lambda/2 * (W**2).sum() adds lambda * W to the gradient, and nothing else",
        "lambda/2 * (W**2).sum() 给梯度恰好加上 lambda * W",
    ),
    _decay,
    rank=11,
)

PATTERNS = [
    _DECAY,
    replace(_DECAY, find=_decay_at_upstream),
    Pattern(
        "M54-skip",
        Text("the skip connection is dropped", "丢掉了跳跃连接"),
        Text(
            "What is missing is the upstream gradient itself: the path around the layer.",
            "缺少的正是上游梯度本身：绕过该层的路径。",
        ),
        Text("add dy to it", "加上 dy"),
        _skip,
        rank=11,
    ),
    Pattern(
        "constant-term",
        Text("a constant term", "常数项"),
        Text(
            "What is off is the same number in every entry, at every point: such as the 1 in the "
            "derivative of x * log(x).",
            "每一处、每个元素的偏差都是同一个数：例如 x * log(x) 的导数里的 1。",
        ),
        Text("look at the product rule, and at terms linear in x", "检查乘积法则与 x 的一次项"),
        _constant,
        rank=20,
    ),
    Pattern(
        "M39",
        Text("{name} is added to it", "其中多加了 {name}"),
        Text(
            "The array that the gradient is summed into holds data when it begins.",
            "用于累加梯度的数组一开始就装着数据。",
        ),
        Text("begin with zeros: np.zeros_like({name})", "从零开始：np.zeros_like({name})"),
        _data,
        rank=7,
    ),
    Pattern(
        "M64",
        Text("{name} is updated before it is used", "{name} 在使用之前就被更新了"),
        Text(
            "What is off is {rate} times the upstream gradient with the gradient of {name}.",
            "偏差是上游梯度与 {name} 的梯度之积的 {rate} 倍。",
        ),
        Text("work out all gradients first, then update", "先算完所有梯度再更新"),
        _stale_weights,
        rank=12,
    ),
    Pattern(
        "M30",
        Text("a term along an axis", "沿某轴的一项"),
        Text("", ""),
        Text("", ""),
        _along,
        rank=28,
        fitted=True,
    ),
]
