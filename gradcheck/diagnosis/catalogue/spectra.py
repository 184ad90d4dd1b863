"""One-sided spectra: most bins of ``rfft`` stand for two of ``fft``."""

from __future__ import annotations

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats
from gradcheck.source_edits import calls_of

#: By how much the first bin, those in between, and the last of an even size are too large.
_WEIGHTS = {
    (1.0, 2.0, 1.0): "inner twice",
    (1.0, 0.5, 1.0): "inner half",
    (0.5, 1.0, 0.5): "inner twice",
    (2.0, 1.0, 2.0): "inner half",
    (1.0, 1.0, 0.5): "last half",
    (1.0, 1.0, 2.0): "last twice",
    (0.5, 1.0, 1.0): "first half",
    (2.0, 1.0, 1.0): "first twice",
}
#: Fewer numbers have no bins in between.
_FEWEST = 3


def _bins(view: View, evidence: Evidence) -> Found | None:
    """The right gradient but for some of its frequencies, which are counted once or twice."""
    called = set[str]().union(
        *(calls_of(f) for f in (evidence.rule.function, evidence.rule.derivation.function))
    )
    if not any("fft" in name for name in called):
        return None
    for axis in range(len(view.pairs[0].leaf.shape)):
        sizes = [pair.leaf.shape[axis] for pair in view.pairs]
        if max(sizes) < _FEWEST or not any(size % 2 == 0 for size in sizes):
            continue
        for weights, kind in _WEIGHTS.items():
            evidence.clock.check()
            if view.explains(_weighed, axis, weights):
                return Found({"axis": axis, "what": _KINDS[kind]}, remedy=_REMEDIES[kind])
    return None


def _weighed(pair: Pair, axis: int, weights: tuple[float, float, float]) -> Floats:
    size = pair.leaf.shape[axis]
    spectrum = np.fft.rfft(pair.right, axis=axis)
    first, inner, last = weights
    by = np.full(spectrum.shape[axis], inner)
    by[0] = first
    if size % 2 == 0:
        by[-1] = last
    shape = [1] * spectrum.ndim
    shape[axis] = -1
    return np.asarray(np.fft.irfft(spectrum * by.reshape(shape), size, axis=axis))


_KINDS = {
    "inner twice": Text(
        "the bins between the first and the last are counted twice", "首末之间的频点计了两次"
    ),
    "inner half": Text(
        "the bins between the first and the last are counted once, where they stand for two",
        "首末之间的频点只计了一次，而它们各代表两个",
    ),
    "last twice": Text(
        "the last bin of even sizes is counted twice", "偶数长度的最后一个频点计了两次"
    ),
    "last half": Text("the last bin of even sizes is halved", "偶数长度的最后一个频点只计了一半"),
    "first twice": Text("the first bin is counted twice", "第一个频点计了两次"),
    "first half": Text("the first bin is halved", "第一个频点只计了一半"),
}
_REMEDIES = {
    "inner twice": Text(
        "halve them before irfft, which doubles them: Z[1:-1] /= 2 of even sizes, Z[1:] /= 2 of "
        "odd ones",
        "irfft 会把它们加倍，先减半：偶数长度 Z[1:-1] /= 2，奇数长度 Z[1:] /= 2",
    ),
    "inner half": Text(
        "double them: Z[1:-1] *= 2 of even sizes, Z[1:] *= 2 of odd ones",
        "把它们加倍：偶数长度 Z[1:-1] *= 2，奇数长度 Z[1:] *= 2",
    ),
    "last twice": Text(
        "treat Z[-1] of even sizes as Z[0]: it stands for one alone",
        "偶数长度的 Z[-1] 应与 Z[0] 一样处理：它只代表一个",
    ),
    "last half": Text(
        "treat Z[-1] of even sizes as Z[0]: it stands for one alone",
        "偶数长度的 Z[-1] 应与 Z[0] 一样处理：它只代表一个",
    ),
    "first twice": Text(
        "treat Z[0] as Z[-1] of even sizes: it stands for one alone",
        "Z[0] 应与偶数长度的 Z[-1] 一样处理：它只代表一个",
    ),
    "first half": Text(
        "treat Z[0] as Z[-1] of even sizes: it stands for one alone",
        "Z[0] 应与偶数长度的 Z[-1] 一样处理：它只代表一个",
    ),
}

PATTERNS = [
    Pattern(
        "one-sided",
        Text("{what}", "{what}"),
        Text(
            "In rfft along axis {axis} each bin stands for itself and for its mirror image, but "
            "for the first and, of even sizes, the last.",
            "沿轴 {axis} 的 rfft 中，每个频点同时代表自身及其镜像；第一个，以及偶数长度时的最后"
            "一个除外。",
        ),
        Text("", ""),
        _bins,
        rank=18,
    ),
]
