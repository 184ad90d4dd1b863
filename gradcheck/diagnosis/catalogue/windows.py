"""Windows that slide over an input: a stride that is left out, one place of a window only."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from gradcheck.diagnosis.catalogue.partial import reached
from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: Strides that are tried beside those that are inputs.
_STRIDES = (2, 3, 4)

#: Pairs of an axis of the input and one of the output along which a window slides.
Axes = tuple[tuple[int, int], ...]


def _strideless(view: View, evidence: Evidence) -> Found | None:
    """Every window begins at the output's own index instead of a stride times it."""
    for axes in _sliding(view):
        for stride in _strides(view.pairs[0]):
            evidence.clock.check()
            if view.explains(_unstrided, axes, stride):
                if all(_fits(pair, axes, stride) for pair in view.pairs):
                    return Found({"axes": _listed(axes), "stride": stride})
                # Windows that are only one place apart begin at the index itself.
                if stride == _STRIDES[0]:
                    title, explanation, remedy = _INDEXLESS
                    values = {"axes": _listed(axes)}
                    return Found(
                        values, id="M37-index", title=title, explanation=explanation, remedy=remedy
                    )
    return None


def _listed(axes: Axes) -> Text:
    names = [str(a) for a, _ in axes]
    return Text(" and axis ".join(names), " 和 ".join(names))


def _fits(pair: Pair, axes: Axes, stride: int | str) -> bool:
    """Whether windows so far apart are all inside of the input."""
    step = int(pair.arrays[stride]) if isinstance(stride, str) else stride
    return all(pair.leaf.shape[a] > (pair.G.shape[b] - 1) * step for a, b in axes)


def _undilated(view: View, evidence: Evidence) -> Found | None:
    """Places of a window are next to each other instead of a dilation apart."""
    for axes in _sliding(view):
        for dilation in _strides(view.pairs[0]):
            evidence.clock.check()
            if view.explains(_gathered, axes, dilation) and any(
                _is_dilated(pair, axes, dilation) for pair in view.pairs
            ):
                return Found({"axes": _listed(axes), "dilation": dilation})
    return None


def _is_dilated(pair: Pair, axes: Axes, dilation: int | str) -> bool:
    """Whether the inputs of each output are so far apart: of dense windows no dilation is left."""
    step = int(pair.arrays[dilation]) if isinstance(dilation, str) else dilation
    used = pair.jacobian.reshape(-1, *pair.leaf.shape) != 0
    apart = set[int]()
    for row, (a, _) in itertools.product(used, axes):
        apart |= set(np.diff(np.unique(np.nonzero(row)[a])).tolist())
    return bool(apart) and all(distance % step == 0 for distance in apart)


def _strides(pair: Pair) -> Iterator[int | str]:
    yield from (n for n, v in pair.arrays.items() if v.ndim == 0 and float(v).is_integer())
    yield from _STRIDES


def _sliding(view: View) -> Iterator[Axes]:
    pair = view.pairs[0]
    inner, outer = len(pair.leaf.shape), pair.G.ndim
    pairs = [
        (a, b)
        for a, b in itertools.product(range(inner), range(outer))
        if max(p.G.shape[b] for p in view.pairs) > 1
        and any(p.leaf.shape[a] != p.G.shape[b] for p in view.pairs)
    ]
    yield from (
        (one, two)
        for one, two in itertools.combinations(pairs, 2)
        if one[0] < two[0] and one[1] < two[1]
    )
    yield from ((one,) for one in pairs)


def _unstrided(pair: Pair, axes: Axes, stride: int | str) -> Floats:
    step = int(pair.arrays[stride]) if isinstance(stride, str) else stride
    return _displaced(pair, axes, 1, step - 1)


def _gathered(pair: Pair, axes: Axes, dilation: int | str) -> Floats:
    step = int(pair.arrays[dilation]) if isinstance(dilation, str) else dilation
    return _displaced(pair, axes, step, 1 - step)


def _displaced(pair: Pair, axes: Axes, factor: int, step: int) -> Floats:
    """At each place what is right at ``factor`` times it and ``step`` times the output's index."""
    shape = pair.leaf.shape
    outputs = np.indices(pair.G.shape).reshape(pair.G.ndim, -1, 1)
    source = list(np.indices(shape).reshape(len(shape), 1, -1))
    for a, b in axes:
        source[a] = factor * source[a] + step * outputs[b]
    inside = np.logical_and.reduce(
        np.broadcast_arrays(*((k >= 0) & (k < n) for k, n in zip(source, shape, strict=True)))
    )
    flat = np.ravel_multi_index(np.broadcast_arrays(*source), shape, mode="clip")
    moved = np.where(inside, np.take_along_axis(pair.jacobian, flat, axis=1), 0.0)
    return pair.pull(pair.u, moved)


#: Of a base that is left out of an index: its title, explanation and remedy.
_INDEXLESS = (
    Text(
        "the place of the window is left out of the index along axis {axes}",
        "沿轴 {axes} 的下标漏加了窗口的位置",
    ),
    Text(
        "What is found inside of the window of output i stands i further on in the input.",
        "在第 i 个输出的窗口内找到的位置，在输入中要再加 i。",
    ),
    Text("add the index of the output", "加上输出的下标"),
)


def _one_place(view: View, evidence: Evidence) -> Found | None:
    """Of the inputs that an output depends on only one gets anything: its part, or all of it."""
    if all(reached(pair).all() for pair in view.pairs):
        return None  # every output depends on all inputs: there are no windows
    for last, whole in itertools.product((False, True), repeat=2):
        if view.explains(_placed, last, whole):
            which = Text("last", "最后") if last else Text("first", "最先")
            if all(_are_windows(pair) for pair in view.pairs):
                return Found({"which": which})
            title, remedy = _NO_WINDOWS
            return Found({"which": which}, title=title, remedy=remedy)
    return None


def _are_windows(pair: Pair) -> bool:
    """Whether outputs depend on as many inputs each, but for those at an edge."""
    counts = reached(pair).sum(axis=1)
    counts = counts[counts > 0]
    return counts.size == 0 or 2 * np.count_nonzero(counts == counts.max()) > counts.size


#: Of inputs that are no windows, as all up to some place: a title and a remedy.
_NO_WINDOWS = (
    Text(
        "of the inputs that an output depends on only the {which} gets a part",
        "每个输出所依赖的输入中只有{which}一个得到了贡献",
    ),
    Text(
        "add the parts of the others; of a cumulative sum that is the sum over all later outputs",
        "补上其他输入的贡献；对累加和而言即对其后所有输出求和",
    ),
)


def _placed(pair: Pair, last: bool, whole: bool) -> Floats | None:
    matrix = pair.jacobian
    if np.isnan(matrix).any():
        return None
    ours = reached(pair)
    columns = np.arange(matrix.shape[1])
    chosen = np.where(ours, columns, -1 if last else matrix.shape[1])
    column = chosen.max(axis=1) if last else chosen.min(axis=1)
    values = matrix.sum(axis=1, keepdims=True) if whole else matrix
    return pair.pull(pair.u, np.where(columns == column[:, None], values, 0.0))


PATTERNS = [
    Pattern(
        "M37",
        Text(
            "the stride is left out of the index along axis {axes} (it is {stride})",
            "沿轴 {axes} 的下标漏乘了步长（步长为 {stride}）",
        ),
        Text(
            "The window of output i begins at i * stride, not at i.",
            "第 i 个输出的窗口从 i * stride 开始，而不是从 i 开始。",
        ),
        Text(
            "write i * stride : i * stride + size wherever the window is used",
            "凡用到窗口处都写成 i * stride : i * stride + size",
        ),
        _strideless,
        same=(
            Text(
                "of two window indices one misses the stride",
                "两个窗口下标中有一个漏乘了步长",
                "M42",
            ),
        ),
        rank=18,
    ),
    Pattern(
        "dilation",
        Text(
            "the dilation is left out of the index along axis {axes} (it is {dilation})",
            "沿轴 {axes} 的下标漏乘了扩张率（扩张率为 {dilation}）",
        ),
        Text(
            "Place a of the kernel meets the input at i + a * dilation, not at i + a.",
            "卷积核的第 a 处对应输入的 i + a * dilation，而不是 i + a。",
        ),
        Text(
            "write i + a * dilation wherever the input is used",
            "凡用到输入处都写成 i + a * dilation",
        ),
        _undilated,
        rank=18,
    ),
    Pattern(
        "M50-place",
        Text(
            "of each window only the {which} place gets a part",
            "每个窗口只有{which}一处得到了贡献",
        ),
        Text(
            "An output that is made of several inputs hands a part back to each of them.",
            "由多个输入得到的输出，要向其中每一个回传一份。",
        ),
        Text(
            "spread the upstream gradient over the whole window, such as with np.repeat",
            "把上游梯度分散到整个窗口，例如用 np.repeat",
        ),
        _one_place,
        rank=18,
    ),
]
