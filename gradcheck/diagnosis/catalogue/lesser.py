"""A rule that is right for a function without something: one branch alone, no mask, no term."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradcheck.claims import Derivation
from gradcheck.diagnosis.catalogue.paths import is_plain
from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import MOVES, Clock, Floats, Sample, aligned, jacobian_of
from gradcheck.lesser_functions import Lesser, choices_of, parts_of
from gradcheck.returned import SetAside, Violation
from gradcheck.source_trees import Function
from gradcheck.subject import Subject

#: The step of a first look, and how near to the claim it has to come: most are ruled out by it.
_STEP, _NEAR = 2.0**-12, 1e-4
#: A longer text is no help in a sentence.
_LONGEST = 48


def _of(lesser: Callable[[Function], Iterable[Lesser]]) -> Callable[..., Found | None]:
    """The first of some lesser functions of which a claim is the derivative, at every point."""

    def find(view: View, evidence: Evidence) -> Found | None:
        if not is_plain(view, evidence):
            return None
        largest = max(view.pairs, key=lambda pair: (not pair.sample.failing, pair.right.size))
        for one in lesser(evidence.rule.derivation.function):
            evidence.clock.check()
            # A mode that is an input is told by its values.
            is_mode = one.text in evidence.rule.derivation.arguments
            if is_mode or len(one.text) > _LONGEST or not _may_be(largest, one):
                continue
            if view.explains(_pulled, one, evidence.clock):
                title, explanation, remedy = _TOLD[one.what]
                values = {"part": one.text, "line": one.line}
                return Found(values, title=title, explanation=explanation, remedy=remedy)
        return None

    return find


def _may_be(pair: Pair, lesser: Lesser) -> bool:
    """A first look: whether the claim is near its derivative, along one line."""
    subject, leaf = pair.sample.subject, pair.leaf
    v = np.zeros(subject.x.size)
    v[leaf.slice] = pair.sample.case.rng("lesser").choice(
        [-1.0, 1.0], leaf.slice.stop - leaf.slice.start
    )
    ends = [_outputs(pair.sample, lesser, subject.x + s * _STEP * v) for s in (1.0, -1.0)]
    u = np.asarray(pair.u, float).reshape(-1)
    if any(end is None or end.size != u.size for end in ends):
        return False
    moved = (ends[0] - ends[1]) / (2 * _STEP)
    claimed = float(np.asarray(pair.claimed, float).reshape(-1) @ v[leaf.slice])
    return bool(abs(u @ moved - claimed) <= _NEAR * (np.abs(u) @ np.abs(moved) + abs(claimed)))


def _outputs(sample: Sample, lesser: Lesser, x: Floats) -> Any:
    try:
        raw = lesser.function(**{**sample.subject.values, **sample.inputs.restore(x)})
        parts = raw if isinstance(raw, tuple | list) else [raw]
        return np.concatenate([np.asarray(part, float).reshape(-1) for part in parts])
    except Exception:
        return None


def _pulled(pair: Pair, lesser: Lesser, clock: Clock) -> Floats | None:
    """The gradient that is right for a lesser function."""
    versions = _versions(pair.sample, lesser, clock)
    if versions is None:
        return None
    moved = aligned(versions[0], versions[pair.version], pair.u)
    return pair.pull(pair.u, moved[:, pair.leaf.slice])


def _versions(sample: Sample, lesser: Lesser, clock: Clock) -> list[Floats] | None:
    """Its Jacobian at a point, and the same moved by its error."""
    key = "lesser", lesser.what, lesser.text, lesser.line
    if key not in sample.remembered:
        sample.remembered[key] = None
        subject, owner = sample.subject, sample.rule.derivation
        try:
            changed = Derivation.of(lesser.function, owner, owner.options)
            other = Subject(changed, subject.values, sample.bindings, subject.wrt, subject.x.dtype)
            value, error = jacobian_of(other, clock)
        except (SetAside, Violation):
            return None
        rng = sample.case.rng("lesser")
        moved = [value + error * rng.choice([-1.0, 1.0], error.shape) for _ in range(MOVES)]
        sample.remembered[key] = [value + 0.0 * error, *moved]
    versions: list[Floats] | None = sample.remembered[key]
    return versions


_WITHOUT = Text(
    "Without it in line {line} the function has exactly the claimed derivative.",
    "若函数第 {line} 行没有它，导数就恰好是所声明的。",
)
_CHOOSING = Text(
    "By that the function chooses in line {line}; without the choice it has exactly the claimed "
    "derivative.",
    "函数在第 {line} 行据此选择；若不作这个选择，导数就恰好是所声明的。",
)
_CHOOSE = Text(
    "derive what the function computes elsewhere as well, and choose by the same condition",
    "对函数在其他情形下所算的也求导，并按同样的条件选择",
)
_LEFT_OUT = (
    Text("{part} is left out", "漏掉了 {part}"),
    _WITHOUT,
    Text("derive the function with {part} in it", "求导时不要漏掉 {part}"),
)
_ONE_BRANCH = Text("right only where {part}", "仅当 {part} 时才对"), _CHOOSING, _CHOOSE
_TOLD = {
    "holds": _ONE_BRANCH,
    "fails": (Text("wrong only where {part}", "仅当 {part} 时错误"), _CHOOSING, _CHOOSE),
    "mask": (
        Text("the mask {part} is forgotten", "漏了掩码 {part}"),
        _WITHOUT,
        Text(
            "what {part} leaves out gets 0, and counts in no sum",
            "被 {part} 排除的元素梯度为 0，也不计入任何求和",
        ),
    ),
    "part": _LEFT_OUT,
}

PATTERNS = [
    Pattern("choice", *_ONE_BRANCH, _of(choices_of), rank=13, special=True),
    Pattern("left-out", *_LEFT_OUT, _of(parts_of), rank=48),
]
