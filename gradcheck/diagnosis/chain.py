"""A chain of equalities that breaks: which expression is to blame, and how it is off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Identity
from gradcheck.diagnosis.factors import written
from gradcheck.diagnosis.likelihood import KINDS
from gradcheck.diagnosis.paths import part_values
from gradcheck.diagnosis.repair import repair_chain, sides_at
from gradcheck.diagnosis.samples import Clock, Floats
from gradcheck.hints import Mistake, Text
from gradcheck.sides import expression
from gradcheck.verdict import Verdict

#: Two expressions are the same, or a multiple of each other, up to this share of their size.
_SAME = 1e-7

_SIGN = Text("its sign is flipped", "正负号反了")
_FACTOR = Text("off by the constant factor {factor}", "相差常数因子 {factor}")
_TRANSPOSED = Text("it is the transpose of the others", "是其余表达式的转置")
_EITHER = Text("One of these two expressions is wrong.", "这两个表达式中有一个是错的。")
_BLAMED = Text("The others agree with each other.", "其余表达式彼此一致。")


def name_break(
    identity: Identity,
    verdict: Verdict,
    cases: Sequence[Case],
    clock: Clock,
    proving: Callable[[], Iterable[Case]] = tuple,
) -> list[Mistake]:
    """The mistakes in a chain whose ``=`` number ``verdict.broken`` does not hold.

    The first of the ``cases`` is where; ``proving`` gives those at which a remedy has to hold, too.
    """
    values = [sides_at(identity, case) for case in cases]
    known = [value for value in values if value is not None]
    if not known:
        return []
    broken = verdict.broken
    blamed = _blamed(known, broken)
    side = blamed[0]
    subject = expression(identity, side)
    explanation = _BLAMED if len(blamed) == 1 else _EITHER
    mistakes: list[Mistake] = []
    other = broken + 1 if side == broken else broken
    told = _relation(known, side, other)
    if told is not None:
        id_, text = told
        mistakes.append(Mistake(id_, _about(subject, text), explanation))
    # Where a side is zero, whatever makes the other vanish mends it.
    vanish = any(not any(np.any(value[k]) for value in known) for k in (broken, broken + 1))
    mended = None if vanish else repair_chain(identity, blamed, cases, clock, proving)
    part = None if mistakes or mended else _part(identity, cases, side, other)
    if part is None and mended is None and not vanish:
        mended = repair_chain(identity, blamed, cases, clock, proving, inserting=True)
    if mended is not None:
        side, kind, edit = mended
        about = _about(expression(identity, side), KINDS[kind])
        first = mistakes[0] if mistakes else Mistake(f"edit-{kind}", about, explanation)
        mistakes[:1] = [Mistake(first.id, first.title, explanation, edit=edit)]
    elif part is not None:
        mistakes.append(Mistake(part[0], _about(subject, part[1]), explanation))
    return mistakes


def _part(
    identity: Identity, cases: Sequence[Case], wrong: int, right: int
) -> tuple[str, Text] | None:
    """A part of the chain's own text that is a term or a factor too few, or one too many.

    The shortest that is: what is lost or added is usually a name.
    """
    seen = []
    for case in cases:
        values, _ = identity.accept(case.inputs)
        sides = sides_at(identity, case)
        if sides is None or sides[wrong].shape != sides[right].shape:
            continue
        with np.errstate(all="ignore"):
            seen.append((part_values(identity.function, values), sides[wrong], sides[right]))
    if len(seen) < len(("one", "and another")):
        return None
    for text in sorted(seen[0][0], key=lambda text: (len(text), text)):
        for id_, told, made in _RELATIONS:
            told_of = [(parts[text], a, b) for parts, a, b in seen if text in parts]
            # Where one of them is zero, that it fits says nothing.
            some = any(all(map(np.any, three)) for three in told_of)
            if some and len(told_of) == len(seen) and all(made(*three) for three in told_of):
                return id_, told.format(part=text)
    return None


def _is_sum(part: Floats, whole: Floats, rest: Floats) -> bool:
    made = part + rest
    return made.shape == whole.shape and _same(whole, made)


def _is_product(part: Floats, whole: Floats, rest: Floats) -> bool:
    made = part * rest
    return made.shape == whole.shape and _same(whole, made)


_RELATIONS: list[tuple[str, Text, Callable[[Floats, Floats, Floats], bool]]] = [
    (
        "edit-factor",
        Text("the factor {part} is missing", "缺少因子 {part}"),
        lambda part, wrong, right: _is_product(part, right, wrong),
    ),
    (
        "edit-factor",
        Text("one factor {part} too many", "多乘了因子 {part}"),
        _is_product,
    ),
    (
        "edit-term",
        Text("the term {part} is missing", "缺少一项 {part}"),
        lambda part, wrong, right: _is_sum(part, right, wrong),
    ),
    (
        "edit-term",
        Text("one term {part} too many", "多了一项 {part}"),
        _is_sum,
    ),
]


def _about(subject: str, text: Text) -> Text:
    return Text(f"{subject}: {text.en}", f"{subject}：{text.zh}")


def _blamed(known: Sequence[Sequence[Floats]], broken: int) -> list[int]:
    """The sides of the broken ``=`` that may be wrong: one where the other sides tell."""
    left, right = broken, broken + 1
    rest = [k for k in range(len(known[0])) if k not in (left, right)]
    with_left = any(all(_same(v[k], v[left]) for v in known) for k in rest)
    with_right = any(all(_same(v[k], v[right]) for v in known) for k in rest)
    if with_left and not with_right:
        return [right]
    if with_right and not with_left:
        return [left]
    # What is derived stands on the right of what it is derived from.
    return [right, left]


def _same(a: Floats, b: Floats) -> bool:
    try:
        size = max(np.abs(a).max(initial=0.0), np.abs(b).max(initial=0.0))
        return bool(np.abs(a - b).max(initial=0.0) <= _SAME * size)
    except ValueError:
        return False


def _relation(known: Sequence[Sequence[Floats]], wrong: int, right: int) -> tuple[str, Text] | None:
    """How a wrong side is made of the right one at every case."""
    pairs = [(v[wrong], v[right]) for v in known]
    if all(a.ndim > 1 and a.shape == b.T.shape and _same(a, b.T) for a, b in pairs):
        return "M1", _TRANSPOSED
    sizes = {a.size for a, _ in pairs}
    factors = []
    for a, b in pairs:
        if a.shape != b.shape or not np.any(b):
            return None
        c = float(np.sum(a * b) / np.sum(b * b))
        if not c or not _same(a, c * b):
            return None
        factors.append(c)
    if len(factors) < 2 or not sizes or abs(factors[0] - 1) <= _SAME:
        return None
    if all(abs(c - factors[0]) <= _SAME * abs(c) for c in factors):
        if abs(factors[0] + 1) <= _SAME:
            return "M19", _SIGN
        text = written(factors[0])
        return "M6", _FACTOR.format(factor=text)
    return None
