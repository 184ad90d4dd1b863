"""The right numbers at other places of an order: not put back from a sort, halves exchanged."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: Orders of so many axes at once: of a vector, or of rows and columns alike.
_MOST_AXES = 2


def _unsorted(view: View, evidence: Evidence) -> Found | None:
    """Gathered by an order where it has to be scattered by it, or left in it."""
    for source, axes in _orders(view):
        if all(_is_sorted(pair, source, axes) for pair in view.pairs):
            continue
        for times in (2, 1):
            evidence.clock.check()
            if view.explains(_in_order, source, axes, times) and not view.explains(
                _out_of_order, source, axes
            ):
                name = f"argsort({source})" if _is_key(view.pairs[0], source) else source
                values = {"order": name, "p": "order" if name != source else source}
                return Found(values) if times > 1 else Found(values, title=_LEFT)
    return None


_LEFT = Text("left in the order of {order}", "停留在 {order} 的次序里")


def _orders(view: View) -> Iterator[tuple[str, tuple[int, ...]]]:
    """What may be an order along some axes: a permutation, or an array of the shape as a key."""
    pair = view.pairs[0]
    axes = range(len(pair.leaf.shape))
    for source in pair.arrays:
        if source == view.name:
            yield from ((source, (axis,)) for axis in axes)
        elif not _is_key(pair, source):
            for count in range(1, _MOST_AXES + 1):
                yield from ((source, chosen) for chosen in itertools.combinations(axes, count))


def _is_key(pair: Pair, source: str) -> bool:
    """Whether an array is no permutation itself, but may be sorted."""
    array = pair.arrays[source]
    return array.ndim != 1 or not np.array_equal(np.sort(array), np.arange(array.size))


def _order(pair: Pair, source: str, axis: int) -> NDArray[np.intp] | None:
    """The order along an axis, of the shape of the gradient; None where there is none."""
    array, shape = pair.arrays[source], pair.leaf.shape
    if _is_key(pair, source):
        return np.argsort(array, axis, kind="stable") if array.shape == shape else None
    if array.size != shape[axis]:
        return None
    along = [1] * len(shape)
    along[axis] = array.size
    return np.broadcast_to(array.astype(np.intp).reshape(along), shape)


def _is_sorted(pair: Pair, source: str, axes: tuple[int, ...]) -> bool:
    """Whether the order changes nothing."""
    orders = [_order(pair, source, axis) for axis in axes]
    return all(
        order is not None and np.array_equal(order, np.sort(order, axis))
        for order, axis in zip(orders, axes, strict=True)
    )


def _in_order(pair: Pair, source: str, axes: tuple[int, ...], times: int) -> Floats | None:
    found = pair.right
    for axis, _ in itertools.product(axes, range(times)):
        order = _order(pair, source, axis)
        if order is None:
            return None
        found = np.take_along_axis(found, order, axis)
    return found


def _out_of_order(pair: Pair, source: str, axes: tuple[int, ...]) -> Floats | None:
    """As if the order had been undone once too often: of one that comes back in three, the same."""
    found = pair.right
    for axis in axes:
        order = _order(pair, source, axis)
        if order is None:
            return None
        found = np.take_along_axis(found, np.argsort(order, axis, kind="stable"), axis)
    return found


def _halved(pair: Pair, axis: int) -> Floats:
    """The two halves along an axis exchanged; what is left over of an odd size stays."""
    right = pair.right
    half = right.shape[axis] // 2
    first, second, rest = np.split(right, [half, 2 * half], axis)
    return np.concatenate([second, first, rest], axis)


def _halves(view: View, evidence: Evidence) -> Found | None:
    for axis in range(len(view.pairs[0].leaf.shape)):
        evidence.clock.check()
        if view.explains(_halved, axis):
            return Found({"axis": axis})
    return None


PATTERNS = [
    Pattern(
        "sorted",
        Text(
            "gathered by the order of {order} where it has to be scattered by it",
            "该按 {order} 的次序散布回去，却又按它取了一次",
        ),
        Text(
            "What the function has moved to place k came from place {p}[k], and goes back there.",
            "函数移到位置 k 的数来自位置 {p}[k]，梯度要回到那里。",
        ),
        Text(
            "write dx[{p}] = g, or g[np.argsort({p})]; g[{p}] puts it in that order once more",
            "写成 dx[{p}] = g，或 g[np.argsort({p})]；g[{p}] 只是再排一次",
        ),
        _unsorted,
        rank=10,
    ),
    Pattern(
        "halves",
        Text("its two halves along axis {axis} are exchanged", "沿轴 {axis} 的两半互换了"),
        Text(
            "The right numbers of the first half stand in the second, and the other way round.",
            "前一半的正确数值放到了后一半，反之亦然。",
        ),
        Text(
            "exchange the two parts that are put together there",
            "把那里拼接的两部分对调",
        ),
        _halves,
        rank=10,
        plain=True,
    ),
]
