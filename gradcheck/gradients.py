"""What a rule returned for the inputs it is about: one flat vector of the right shapes."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.claims import Rule
from gradcheck.hints import Said, said
from gradcheck.oracle.layout import Layout, Leaf
from gradcheck.returned import (
    Violation,
    floating,
    kind_of,
)

Floats = NDArray[np.float64]


def as_gradients(name: str, raw: Any, rule: Rule, layout: Layout, notes: list[str]) -> Floats:
    """A rule's gradients in one flat vector; shape and count are checked."""
    parts = gradients_by_name(name, raw, rule)
    if len(parts) > 1:
        _require_each(name, parts)
    flat = np.empty(layout.size)
    for leaf in layout.leaves:
        part = parts[leaf.name]
        if leaf.part is not None:
            if not isinstance(part, list | tuple) or len(part) <= leaf.part:
                raise Violation(
                    "wrong count",
                    said(
                        "{name}: {leaf} is a list of arrays, so its gradient is a list of as many; "
                        "got {what}",
                        "{name}：{leaf} 是数组的列表，其梯度应是同样长的列表；得到的是 {what}",
                        name=name,
                        leaf=leaf.name,
                        what=kind_of(part),
                    ),
                )
            part = part[leaf.part]
        what = functools.partial(
            said, "{name}: the gradient for {leaf}", "{name}：{leaf} 的梯度",
            name=name, leaf=leaf.label,
        )  # fmt: skip
        flat[leaf.slice] = fit(what, part, leaf, notes)
    return flat


def _require_each(name: str, parts: Mapping[str, Any]) -> None:
    for leaf, part in parts.items():
        if part is None:
            raise Violation(
                "no gradient found",
                said(
                    "{name} returns None for {leaf}; return its gradient, zeros where it has none, "
                    "or declare it with real(…, differentiate=False)",
                    "{name} 对 {leaf} 返回了 None；请返回其梯度，没有梯度时返回零，"
                    "或用 real(…, differentiate=False) 声明它",
                    name=name,
                    leaf=leaf,
                ),
            )


def gradients_by_name(name: str, raw: Any, rule: Rule) -> dict[str, Any]:
    """A rule's gradients, each by the name of its input; their count is checked.

    A rule answers with one, with a tuple of them, or with a dict by these very names.
    """
    wrt = rule.wrt
    if isinstance(raw, dict) and set(raw) == set(wrt):
        return {n: raw[n] for n in wrt}
    if len(wrt) == 1 and not isinstance(raw, tuple):
        return {wrt[0]: raw}
    if not isinstance(raw, tuple | list):
        raise Violation(
            "wrong count",
            said(
                "{name} returns {what}; {expected} was expected",
                "{name} 返回了 {what}；应为 {expected}",
                name=name, what=kind_of(raw), expected=_expected(wrt),
            ),
        )  # fmt: skip
    if len(raw) == len(wrt):
        return dict(zip(wrt, raw, strict=True))
    every = list(rule.derivation.arguments)
    if rule.joint and len(raw) == len(every):
        return {n: part for n, part in zip(every, raw, strict=True) if n in wrt}
    raise Violation(
        "wrong count",
        said(
            "{name} returns {count} gradient{s}; {expected} was expected{others}",
            "{name} 返回了 {count} 个梯度；应为 {expected}{others}",
            name=name,
            count=len(raw),
            s="s" * (len(raw) != 1),
            expected=_expected(wrt),
            others=said(
                ", or one for each of {names}", "，或 {names} 各一个", names=", ".join(every)
            )
            if rule.joint and every != list(wrt)
            else "",
        ),
    )


def _expected(wrt: Sequence[str]) -> Said:
    if len(wrt) > 1:
        return said("one for each of {names}", "{names} 各一个", names=", ".join(wrt))
    return said("the gradient for {name}", "{name} 的梯度", name=wrt[0])


def shaped(name: str, raw: Any, layout: Layout, notes: list[str]) -> Floats:
    """A single array, or the parts of a list, as one flat vector."""
    parts = list(raw) if isinstance(raw, tuple | list) else [raw]
    if len(parts) != len(layout.leaves):
        raise Violation(
            "wrong count",
            said(
                "{name} returns {count} values; one for each output ({names}) was expected",
                "{name} 返回了 {count} 个值；应为每个输出各一个（{names}）",
                name=name,
                count=len(parts),
                names=", ".join(layout.names),
            ),
        )
    flat = np.empty(layout.size)
    for leaf, part in zip(layout.leaves, parts, strict=True):
        what = functools.partial(
            said, "{name}: the answer for {leaf}", "{name}：对 {leaf} 的回答",
            name=name, leaf=leaf.label,
        )  # fmt: skip
        flat[leaf.slice] = fit(what, part, leaf, notes)
    return flat


def fit(saying: Callable[[], Said], part: Any, leaf: Leaf, notes: list[str]) -> Floats:
    """One part, flat, where its shape is that of ``leaf``."""
    if type(part) is np.ndarray and part.dtype == np.float64 and part.shape == leaf.shape:
        return part.reshape(-1)
    told = functools.partial(said, "{what} is", "{what}是")
    array = np.asarray(floating(lambda: told(what=saying()), part, integers=True))
    if array.shape != leaf.shape:
        what = saying()
        if _stripped(array.shape) != _stripped(leaf.shape):
            hint = ""
            if array.shape == leaf.shape[::-1]:
                hint = said("; it looks like the transpose", "；看起来像是转置")
            elif array.size > math.prod(leaf.shape):
                hint = said("; is a sum over an axis missing?", "；是否漏了沿某个轴的求和？")
            raise Violation(
                "wrong shape",
                said(
                    "{what} has shape {shape}; {leaf} has shape {right}{hint}",
                    "{what}：形状为 {shape}；{leaf} 的形状是 {right}{hint}",
                    what=what,
                    shape=array.shape,
                    leaf=leaf.name,
                    right=leaf.shape,
                    hint=hint,
                ),
            )
        note = said(
            "{what} has shape {shape} where {leaf} has {right}",
            "{what}的形状是 {shape}，而 {leaf} 的形状是 {right}",
            what=what, shape=array.shape, leaf=leaf.name, right=leaf.shape,
        )  # fmt: skip
        if note not in notes:
            notes.append(note)
    return np.asarray(array, dtype=np.float64).reshape(-1)


def _stripped(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(itertools.dropwhile(lambda size: size == 1, shape))
