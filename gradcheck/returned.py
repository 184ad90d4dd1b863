"""What a user's function returned: an array of real floating numbers, or a sentence about it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import last_line
from gradcheck.hints import Said, said
from gradcheck.oracle.layout import Vector
from gradcheck.oracle.stepped import UnknownOperation

Floats = NDArray[np.float64]


#: Up to so many entries, comparing two arrays as bytes is faster than by numpy.
_SMALL = 4096


class Violation(Exception):
    """A contract is broken: what no number can make good. Becomes a failing verdict."""

    def __init__(self, title: str, message: str) -> None:
        super().__init__(message)
        self.title, self.message = title, message


class SetAside(Exception):
    """The function has no finite value at this input: the case says nothing about the claim."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause, self.message = cause, message


def returns(name: str) -> Said:
    """The beginning of a sentence about what something returned."""
    return said("{name} returns", "{name} 返回了", name=name)


def floating(saying: Callable[[], Said], value: Any, integers: bool = False) -> Any:
    """``value`` as a real floating array or numpy scalar, or a ``Violation`` that says what it is.

    A claimed derivative may be an integer (``return 0`` is right for a constant).
    """
    if isinstance(value, np.floating):
        return value
    if value is None:
        raise Violation(
            "no answer",
            said(
                "{what} None; is a return statement missing?",
                "{what} None；是否漏了 return 语句？",
                what=saying(),
            ),
        )
    try:
        array = np.asarray(value)
    except UnknownOperation:
        raise stale(saying()) from None
    except (ValueError, TypeError) as error:
        told = said(
            "{what} {value}: {error}", "{what} {value}：{error}",
            what=saying(), value=kind_of(value), error=str(error),
        )  # fmt: skip
        raise Violation("wrong output", told) from None
    if array.dtype.kind == "c":
        raise Violation(
            "complex",
            said(
                "{what} complex; complex numbers are out of scope for now",
                "{what}复数；目前不支持复数",
                what=saying(),
            ),
        )
    if array.dtype.kind not in ("fiu" if integers else "f"):
        booleans = array.dtype.kind == "b"
        raise Violation(
            "wrong dtype",
            said(
                "{what} {value}; real floating numbers were expected{hint}",
                "{what} {value}；应为实浮点数{hint}",
                what=saying(),
                value=kind_of(value),
                hint=said("; multiply it with numbers", "；请与数相乘") if booleans else "",
            ),
        )
    return array if array.ndim else array[()]


def stale(what: str) -> Violation:
    """A rule met what only the function gets: its inputs at a probe."""
    return Violation(
        "stale cache",
        said(
            "{what} made of what the function left in a global or an attribute when it was last "
            "called, which was at other inputs; a rule gets what it needs by the names of its "
            "parameters",
            "{what} 来自函数上一次（在别的输入处）被调用时留在全局变量或属性里的值；"
            "规则所需的量应通过参数名得到",
            what=what,
        ),
    )


def raises(name: str, error: BaseException) -> Said:
    """That something raises, with the last line of what it says."""
    return said("{name} raises {error}", "{name} 抛出 {error}", name=name, error=last_line(error))


def all_finite(flat: Vector) -> bool:
    """Whether every entry is finite; one pass where it is, which is nearly always."""
    return math.isfinite(flat.sum()) or bool(np.isfinite(flat).all())


def same_bits(a: Vector, b: Vector) -> bool:
    """Whether two flat arrays of one type are equal bit for bit."""
    if a.size > _SMALL:
        kind = f"i{a.itemsize}"
        return a.shape == b.shape and bool((a.view(kind) == b.view(kind)).all())
    return a.tobytes() == b.tobytes()


def finite(flat: Floats, name: str, what: Said) -> Floats:
    """What is finite throughout, or a ``Violation`` that says where it is not."""
    if not all_finite(flat):
        position = int(np.flatnonzero(~np.isfinite(flat.reshape(-1)))[0])
        raise Violation(
            "numerically unstable",
            said(
                "{name} gives {value} at position {position} of its {what}, where the function is "
                "finite",
                "{name} 在其 {what} 的第 {position} 个位置给出 {value}，而函数在那里是有限的",
                name=name,
                value=flat.reshape(-1)[position],
                position=position,
                what=what,
            ),
        )
    return flat


def kind_of(value: Any) -> Said:
    """What a value is, in words."""
    if isinstance(value, np.ndarray | np.generic):
        return said(
            "an array of dtype {dtype} and shape {shape}",
            "dtype 为 {dtype}、形状为 {shape} 的数组",
            dtype=value.dtype, shape=value.shape,
        )  # fmt: skip
    kind = type(value).__name__
    if isinstance(value, tuple | list):
        return said("a {kind} of {n}", "长度为 {n} 的 {kind}", kind=kind, n=len(value))
    return said("{value} ({kind})", "{value}（{kind}）", value=repr(value), kind=kind)
