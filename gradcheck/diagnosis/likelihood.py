"""Of several edits that mend a rule the likeliest, and what it is called."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from typing import TypeVar

from gradcheck.hints import Edit, Text
from gradcheck.source_trees import Edit as Neighbour

#: Kinds of neighbours that change a number, which may be an index.
_NUMBERS = ("sign", "term", "constant", "operator", "variable", "factor", "order")
#: A zero with a sign, of which one was made.
_ZERO = re.compile(r"(?<=[=(,\[ ])-0(?=[),\]])")
#: What stands before the brackets of an index, and not before those of a list.
_IS_NAMED = re.compile(r"[\w)\]]$")
#: Neighbours of these kinds leave something out.
_REMOVING = ("term", "factor", "statement", "branch")
#: And these a whole statement.
_WHOLE = ("statement", "branch")
#: What is written where one of two values is chosen.
_CHOOSING = ("where(", " if ")
#: An axis that is given without its name.
_AXIS = re.compile(r"\.(sum|mean|max|min|prod|std|var|cumsum|argmax|argmin)\(-?\d+")
#: What kind of slip an edit mends, the likeliest first: where several edits mend a rule, the last
#: ones only make up for what is wrong, such as ``mean(…) * len(x)`` for a sum.
KINDS = {
    "scatter": Text(
        "where an index comes twice, one contribution overwrites the other",
        "下标重复时，一次的贡献覆盖了另一次",
    ),
    "mask": Text(
        "the mask is missing: where a value is clamped it does not move",
        "漏了掩码：值被截断之处它不随输入变化",
    ),
    "sign": Text("a sign is wrong", "正负号有误"),
    "power": Text("a power is wrong", "幂次有误"),
    "transpose": Text("a transpose is missing or one too many", "缺少或多出一个转置"),
    "sum": Text("a sum is missing or one too many", "缺少或多出一次求和"),
    "axis": Text("the wrong axis", "轴有误"),
    "keepdims": Text("keepdims is missing or one too many", "缺少或多出 keepdims"),
    "forward": Text(
        "a value is computed otherwise than in the function", "有一个量的算法与函数中的不同"
    ),
    "function": Text("the wrong function", "函数用错了"),
    "call": Text("a function of the forward pass is missing", "漏用了前向中的一个函数"),
    "comparison": Text("the wrong comparison", "比较符有误"),
    "order": Text("the operands are in the wrong order", "运算对象的次序有误"),
    "index": Text("an index is wrong", "下标有误"),
    "variable": Text("the wrong variable", "变量用错了"),
    "range": Text("a loop runs over the wrong range", "循环的范围有误"),
    "term": Text("one term too many", "多了一项"),
    "branch": Text("a branch is wrong, or one too many", "分支有误，或多了一个分支"),
    "factor": Text("a factor is missing or one too many", "缺少或多出一个因子"),
    "constant": Text("a constant is wrong", "常数有误"),
    "operator": Text("the wrong operator", "运算符有误"),
    "statement": Text("a statement too many", "多了一条语句"),
    "in-place": Text("overwritten where it has to be added up", "应累加之处被覆盖了"),
    "missing factor": Text("a factor is missing", "缺少一个因子"),
    "missing term": Text("a term is missing", "缺少一项"),
}
#: The kinds that come before those of a variable or a number.
LIKELIEST = tuple(itertools.takewhile(lambda kind: kind != "index", KINDS))


_Any = TypeVar("_Any")


def telling(survivors: Iterable[tuple[Neighbour, _Any]]) -> list[tuple[Neighbour, _Any]]:
    """The edits, without those that change what may as well be left out.

    A condition that then always holds, a factor that is then 1, what is written into an array that
    nobody reads: such an edit is right by accident.
    """
    survivors = list(survivors)
    removed = [edit for edit, _ in survivors if edit.kind in _REMOVING]
    return [
        (edit, changed)
        for edit, changed in survivors
        if edit.kind in _REMOVING or not any(_covers(other, edit) for other in removed)
    ]


def _covers(removing: Neighbour, edit: Neighbour) -> bool:
    """Whether what an edit changes is part of what another one leaves out."""
    if removing.line != edit.line or removing.before != edit.before:
        # A statement that is left out is shown by itself.
        return removing.kind in _WHOLE and removing.line == edit.line
    (low, high), (first, last) = _changed(removing), _changed(edit)
    return low <= first and last <= high


def _changed(edit: Neighbour) -> tuple[int, int]:
    """From where to where a line is changed."""
    before, after = edit.before, edit.after
    front = _alike(before, after)
    return front, len(before) - _alike(before[front:][::-1], after[front:][::-1])


def _alike(one: str, other: str) -> int:
    """How many characters two texts have in common from their beginning."""
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda two: two[0] == two[1], pairs))


def told(edit: Neighbour) -> tuple[str, Edit]:
    """The kind of an edit, and the edit as it is shown."""
    return _kind(edit), Edit(edit.line, edit.before, _ZERO.sub("0", edit.after))


def _kind(edit: Neighbour) -> str:
    """Which slip it is: in brackets an index, in a range that, a sum's number is its axis."""
    if edit.kind == "term" and any(edit.after.count(w) < edit.before.count(w) for w in _CHOOSING):
        return "branch"
    if edit.kind in _NUMBERS and (around := _around(edit.before, edit.after)):
        return around
    if edit.kind == "constant" and _axisless(edit.before) == _axisless(edit.after):
        return "axis"
    return edit.kind


def _around(before: str, after: str) -> str:
    """``index`` or ``range`` where two lines differ inside of one; else empty."""
    before, after = before.replace(" ", ""), after.replace(" ", "")
    same = _alike(before, after)
    opened = [0]
    for k, character in enumerate(before[:same]):
        if character in "([":
            opened.append(k)
        elif character in ")]" and len(opened) > 1:
            opened.pop()
    for k in reversed(opened):
        if before[k : k + 1] == "[" and _IS_NAMED.search(before[:k]):
            return "index"
        if before[:k].endswith("range") and not before[:k].endswith("arange"):
            return "range"
    return ""


def _axisless(text: str) -> str:
    return _AXIS.sub(r"\1(", text)


def likelihood(edit: Neighbour) -> tuple[int, int, int, int, int]:
    """What people forget comes before what only makes up for it; then the shortest.

    Of one kind what takes the place of a character, as the sign of a term, comes before what takes
    one away, and that before what adds some: a minus before a bracket around another line may come
    to the same.
    """
    kinds = list(KINDS)
    rank = kinds.index(edit.kind) if edit.kind in kinds else len(kinds)
    rank = min(rank, kinds.index("missing factor"))
    without, with_brackets = (
        len(re.sub(but, "", edit.after)) - len(re.sub(but, "", edit.before))
        for but in (r"[\s()]", r"\s")
    )
    return rank, max(without, 0), max(with_brackets, 0), abs(without), len(edit.after)
