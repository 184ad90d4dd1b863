"""A rule that is right for a function without something: one branch alone, no mask, no term."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gradcheck.diagnosis.catalogue.paths import is_plain
from gradcheck.diagnosis.changed_functions import jacobians_of, may_be, pulled
from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Clock, Floats
from gradcheck.lesser_functions import Lesser, choices_of, parts_of
from gradcheck.source_trees import Function

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
            if (
                is_mode
                or len(one.text) > _LONGEST
                or not may_be(largest, one.function, largest.sample.case.rng("lesser"))
            ):
                continue
            if view.explains(_pulled, one, evidence.clock):
                title, explanation, remedy = _TOLD[one.what]
                values = {"part": one.text, "line": one.line}
                return Found(values, title=title, explanation=explanation, remedy=remedy)
        return None

    return find


def _pulled(pair: Pair, lesser: Lesser, clock: Clock) -> Floats | None:
    """The gradient that is right for a lesser function."""
    sample = pair.sample
    key = "lesser", lesser.what, lesser.text, lesser.line
    if key not in sample.remembered:
        sample.remembered[key] = None
        rng = sample.case.rng("lesser")
        sample.remembered[key] = jacobians_of(sample, lesser.function, rng, clock)
    return pulled(pair, sample.remembered[key])


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
