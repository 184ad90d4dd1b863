"""Products of the upstream gradient with the wrong partner."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text, predicts
from gradcheck.diagnosis.samples import Floats
from gradcheck.returned import SetAside, Violation

#: What is made of measured values is this much, or not.
_MEASURED = 1e-6


def _reduced(array: Floats, shape: tuple[int, ...]) -> Floats | None:
    """Summed down to a shape that is broadcast to it."""
    extra = array.ndim - len(shape)
    if extra < 0:
        return None
    array = array.sum(axis=tuple(range(extra)))
    over = tuple(k for k, size in enumerate(shape) if size == 1 < array.shape[k])
    array = array.sum(axis=over, keepdims=True)
    return array if array.shape == shape else None


def _with_partner(view: View, evidence: Evidence) -> Found | None:
    """``dy * w`` summed to the shape of the input, or ``w.T @ dy``, for some named array ``w``."""
    if evidence.rule.kind != "vjp":
        return None
    for name in view.pairs[0].arrays:
        evidence.clock.check()
        if name == view.name:
            continue  # it stands beside itself: one of two uses is counted
        if max(pair.arrays[name].size for pair in view.pairs if name in pair.arrays) < 2:
            continue
        if view.explains(_elementwise, name) and not _is_elementwise_value(view, name):
            if all(_is_partner(pair, name) for pair in view.pairs):
                return Found(
                    id="mask-forgotten", title=_UNMASKED, explanation=_PARTLY, remedy=_MASKED
                )
            return _multiplied(view, name)
        for how in ("left", "right"):
            if view.explains(_matrix, name, how):
                return _multiplied(view, name)
        for axis in range(1, view.pairs[0].G.ndim - 1):  # the last is the case above
            if view.explains(_along, name, axis):
                return _multiplied(view, name)
    return None


def _multiplied(view: View, name: str) -> Found:
    """What stands beside an input is its derivative where the function is a product with it."""
    if all(_is_affine(pair) for pair in view.pairs):
        return Found({"partner": name})
    title, explanation, remedy = _NO_PRODUCT
    return Found({"partner": name}, title=title, explanation=explanation, remedy=remedy)


def _is_affine(pair: Pair) -> bool:
    """Whether the function moves by as much to both sides of the point as its input does."""
    subject, ends = pair.sample.subject, []
    if pair.sample.rule.kind == "jvp":
        return True  # the outputs are those of another function
    step = np.zeros(subject.x.size)
    step[pair.leaf.slice] = np.resize([0.5, -0.25, 0.375], pair.leaf.shape).reshape(-1)
    for sign in (1, -1):
        try:
            ends.append(subject.moved_to(subject.x + sign * step, pair.sample.bindings).y)
        except (SetAside, Violation):
            return True
    off = np.abs(ends[0] + ends[1] - 2 * subject.y).max(initial=0.0)
    return bool(off <= _MEASURED * np.abs(ends[0] - ends[1]).max(initial=0.0))


def _is_partner(pair: Pair, name: str) -> bool:
    """Whether each slope is the entry of an array that stands beside it, or zero."""
    array = np.broadcast_to(pair.arrays[name], pair.G.shape).reshape(-1)
    if not np.isfinite(pair.jacobian).all():
        return False
    off = np.abs(pair.jacobian - array[:, None])
    zero = np.abs(pair.jacobian) <= _MEASURED * np.abs(pair.jacobian).max(initial=0.0)
    return bool(np.all(zero | (off <= _MEASURED * np.abs(array).max(initial=0.0))))


def _is_elementwise_value(view: View, name: str) -> bool:
    """``dy * y`` of an elementwise function has a name of its own."""
    return all(pair.is_elementwise for pair in view.pairs)


def _elementwise(pair: Pair, name: str) -> Floats | None:
    return _reduced(pair.G * pair.arrays[name], pair.leaf.shape)


def _along(pair: Pair, name: str, axis: int) -> Floats | None:
    """``dy * w`` summed over all axes but one, such as that of the channels."""
    product = pair.G * pair.arrays[name]
    kept: Floats = product.sum(axis=tuple(k for k in range(product.ndim) if k != axis))
    return kept if kept.shape == pair.leaf.shape else None


def _matrix(pair: Pair, name: str, how: str) -> Floats | None:
    g, w = pair.G, pair.arrays[name]
    if g.ndim != 2 or w.ndim != 2:
        return None
    return np.asarray(w.T @ g) if how == "left" else np.asarray(g @ w.T)


# ---- elementwise where a matrix product is meant ---------------------------------------------

_PRODUCTS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "{w}.T @ dy": lambda w, g: w.T @ g,
    "dy @ {w}.T": lambda w, g: g @ w.T,
    "{w} @ dy": lambda w, g: w @ g,
    "dy @ {w}": lambda w, g: g @ w,
    "np.outer({w}, dy)": lambda w, g: w[:, None] * g[None, :],
    "np.outer(dy, {w})": lambda w, g: g[:, None] * w[None, :],
}
_ELEMENTWISE: tuple[Callable[[Floats, Floats], Floats], ...] = (
    lambda w, g: g * w,
    lambda w, g: g * w.T,
    lambda w, g: g.T * w,
)


def elementwise_for_matrix(view: View, evidence: Evidence) -> Found | None:
    """``w * dy`` where the right gradient is a matrix product of the two."""
    if evidence.rule.kind != "vjp":
        return None
    for name, form in itertools.product(view.pairs[0].arrays, _PRODUCTS):
        evidence.clock.check()
        if not all(_is_right(pair, name, _PRODUCTS[form]) for pair in view.pairs):
            continue
        for product in _ELEMENTWISE:
            if view.explains(lambda p, n, f: f(p.arrays[n], p.G), name, product):
                return Found({"product": form.format(w=name)})
    return None


def _is_right(pair: Pair, name: str, product: Callable[[Floats, Floats], Floats]) -> bool:
    try:
        made = product(pair.arrays[name], pair.G)
    except (ValueError, IndexError):
        return False
    off = np.abs(made - pair.right).max(initial=0.0) if made.shape == pair.right.shape else np.inf
    return bool(off <= _MEASURED * np.abs(pair.right).max(initial=0.0))


def _masked(view: View, evidence: Evidence) -> Found | None:
    """Only where a named array is positive (or negative)."""
    for name in _maskable(view):
        evidence.clock.check()
        for sign, symbol in ((1, ">"), (-1, "<")):
            if view.explains(lambda p, n, s: p.right * (s * p.arrays[n] > 0), name, sign):
                return Found({"mask": f"({name} {symbol} 0)"})
    return None


def _maskable(view: View) -> Iterator[str]:
    pair = view.pairs[0]
    for name, array in pair.arrays.items():
        if array.shape == pair.leaf.shape and array.size > 1 and (array > 0).any():
            yield name


def _unmasked(view: View, evidence: Evidence) -> Found | None:
    """Right where it is not zero, and not zero where it has to be: a mask is forgotten."""
    zeros = same = 0
    for pair in view.pairs:
        claimed, right = pair.claimed, pair.right
        if claimed is None or np.shape(claimed) != right.shape:
            return None
        known = np.isfinite(right)
        off = np.abs(pair.sample.versions[1] - pair.sample.versions[0]).max(initial=0.0)
        dead = known & (np.abs(right) <= off)
        alive = known & ~dead
        if not View(view.name, [pair]).explains(
            lambda p, d, c: np.where(d, c, p.right), dead, claimed
        ):
            return None
        zeros += int(np.count_nonzero(np.asarray(claimed)[dead]))
        same += int(np.count_nonzero(alive))
    return Found() if zeros and same else None


def _inverse(pair: Pair) -> Floats | None:
    """What undoes the function, pulled back as the function should be."""
    matrix = pair.jacobian
    if matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        return None
    return pair.pull(pair.u, np.linalg.inv(matrix).T)


def _inverse_transposed(pair: Pair) -> Floats | None:
    matrix = pair.jacobian
    if matrix.shape[0] != matrix.shape[1] or not np.isfinite(matrix).all():
        return None
    return pair.pull(pair.u, np.linalg.inv(matrix))


#: Of a product with which the function has none: its title, explanation and remedy.
_NO_PRODUCT = (
    Text("just the upstream gradient times {partner}", "只是上游梯度与 {partner} 之积"),
    Text(
        "That is the gradient of a product with {partner}, and in this input the function is none.",
        "那是与 {partner} 之积的梯度，而函数关于该输入并不是这样的积。",
    ),
    Text(
        "derive what the function does with this input, wherever it stands",
        "对函数中每一处用到该输入的地方求导",
    ),
)
_UNMASKED = Text("a mask is forgotten before the sum", "求和之前漏了掩码")
_PARTLY = Text(
    "The terms that are summed are right, but for those that have to be zero.",
    "求和的各项都正确，只是本应为零的项没有去掉。",
)
_MASKED = Text("multiply by the mask of the forward pass, then sum", "先乘以前向的掩码，再求和")
ELEMENTWISE = Pattern(
    "M2",
    Text(
        "multiplied entry by entry where a matrix product is meant",
        "该用矩阵乘法的地方用了逐元素相乘",
    ),
    Text(
        "* and np.multiply give each entry its own product; here products have to be summed over "
        "the axis that both have in common.",
        "* 与 np.multiply 逐元素相乘；这里还要沿两者共有的轴求和。",
    ),
    Text("use {product}", "用 {product}"),
    elementwise_for_matrix,
    rank=3,
)

PATTERNS = [
    ELEMENTWISE,
    Pattern(
        "M32",
        Text(
            "multiplied with {partner}, which is not its partner", "与 {partner} 相乘，乘错了对象"
        ),
        Text(
            "It is just the upstream gradient times {partner}, summed: in the function another "
            "value stands beside this input.",
            "它恰好是上游梯度与 {partner} 之积（再求和），但函数里与该输入相乘的是另一个值。",
        ),
        Text(
            "multiply with what stands beside it in the forward direction, such as x_hat for gamma",
            "乘以前向中与它相乘的值，例如 gamma 对应 x_hat",
        ),
        _with_partner,
        same=(
            Text("pre- and post-activation are mixed up", "混淆了激活前后的值", "M14"),
            Text("dgamma from the output", "dgamma 用了输出", "M32"),
        ),
        rank=24,
    ),
    Pattern(
        "inverse",
        Text(
            "the inverse is used: divided where it is to be multiplied, or the other way round",
            "用成了逆：该乘的地方用了除，或反之",
        ),
        Text(
            "It is what the inverse of the Jacobian makes of the upstream gradient.",
            "它恰好是雅可比矩阵的逆作用于上游梯度的结果。",
        ),
        Text(
            "multiply by the derivative; for A^-1 b that is solve(A.T, dy)",
            "应乘以导数；对 A^-1 b 即 solve(A.T, dy)",
        ),
        predicts(_inverse, _inverse_transposed),
        rank=25,
    ),
    Pattern(
        "mask",
        Text("cut off where {mask} does not hold", "在 {mask} 不成立处被截为零"),
        Text("It is right where that holds, and zero elsewhere.", "它成立处正确，其余为零。"),
        Text(
            "leave out a mask that has no place there, or widen the condition of one that has",
            "去掉不该有的掩码；若本该有掩码，则放宽其条件",
        ),
        _masked,
        rank=26,
    ),
    Pattern(
        "mask-forgotten",
        Text("a mask is forgotten: not zero where it has to be", "漏了掩码：该为零处不为零"),
        Text(
            "Every entry is right, but for some whose right value is 0.",
            "除了一些本应为零的元素，其余都正确。",
        ),
        Text("multiply by the mask of the forward pass", "乘以前向的掩码"),
        _unmasked,
        rank=12,
        fitted=True,
    ),
]
