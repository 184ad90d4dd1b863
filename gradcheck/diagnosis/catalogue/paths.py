"""A way from an input to the output that is not counted, and a wrong derivative on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Guess, Pair, View
from gradcheck.diagnosis.paths import Derivative, Paths, Slope, explaining
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats
from gradcheck.source_edits import Part

#: A longer text is no help in a sentence.
_LONGEST = 48
#: Of a larger array the slopes are not taken one by one.
_MOST_ENTRIES = 64
#: How near a slope has to be to one of the formulas below for that to be the one meant.
_SAME = 1e-9


def held(view: View, evidence: Evidence) -> Found | None:
    """One part of the function taken for a constant."""
    for part, _ in _explained(view, evidence, [None]):
        return Found(
            {"part": _shown(part.text, part.around), "line": part.line},
            id=HELD.id,
            title=HELD.title,
            explanation=HELD.explanation,
            remedy=HELD.remedy,
            more=HELD.same,
        )
    return None


def _bent(view: View, evidence: Evidence) -> Found | None:
    """Another derivative of a function inside."""
    for part, number in _explained(view, evidence, [slope for slope, *_ in _SLOPES]):
        _, name, title, remedy = _SLOPES[number]
        values = {"part": part.text, "line": part.line}
        return Found(values, id=name, title=title, remedy=remedy)
    return None


def _factor(view: View, evidence: Evidence) -> Found | None:
    """A part of the function by which every entry is multiplied, or not, once too often."""
    if not is_plain(view, evidence):
        return None
    largest = max(view.pairs, key=lambda pair: pair.right.size)
    for part in Paths.of(largest.sample).parts:
        if len(part.text) > _LONGEST:
            continue
        for power in (-1, 1, -2, 2):
            evidence.clock.check()
            if view.explains(_times, part.number, power):
                shown = part.text if abs(power) == 1 else f"({part.text})**2"
                missing = power < 0
                return Found(
                    {"part": shown, "line": part.line},
                    title=_MISSING if missing else _EXTRA,
                    remedy=_MULTIPLY if missing else _LEAVE,
                )
    return None


def _times(pair: Pair, number: int, power: int) -> Floats | None:
    value = Paths.of(pair.sample).value(number)
    if value is None:
        return None
    with np.errstate(all="ignore"):
        made: Floats = pair.right * value**power
    return made


_MISSING = Text("the factor {part} is missing", "缺少因子 {part}")
_EXTRA = Text("one factor {part} too many", "多乘了因子 {part}")
_MULTIPLY = Text("multiply by {part}", "乘以 {part}")
_LEAVE = Text(
    "divide by {part}, or leave it out where it is multiplied with",
    "除以 {part}，或去掉多乘的那一处",
)


def is_plain(view: View, evidence: Evidence) -> bool:
    """Whether all is a claimed array of the right shape, of a rule whose function is measured."""
    return (
        not isinstance(view, Guess)
        and evidence.rule.kind not in ("jvp", "hessian")
        and view.shows_usual
        and all(np.shape(pair.claimed) == pair.leaf.shape for pair in view.pairs)
    )


def _explained(
    view: View, evidence: Evidence, slopes: list[Slope | None]
) -> Iterator[tuple[Part, int]]:
    if not is_plain(view, evidence):
        return
    for part, number in explaining(view.pairs, view.explains, evidence.clock, slopes):
        if len(part.text) <= _LONGEST:
            yield part, number


def _shown(text: str, around: str) -> str:
    short = text == around or len(around) > _LONGEST or not text.isidentifier()
    return text if short else f"{text} in {around}"


# ---- slopes that are written for the right one, given that, the argument and the value -----------


def _one(derivative: Derivative, x: Floats, y: Floats) -> Floats:
    return np.ones_like(x)


def _at_output(derivative: Derivative, x: Floats, y: Floats) -> Floats:
    return derivative(y)


def _value(derivative: Derivative, x: Floats, y: Floats) -> Floats:
    return y


def _twice(derivative: Derivative, x: Floats, y: Floats) -> Floats:
    return derivative(x) ** 2


def _diagonal(derivative: Derivative, x: Floats, y: Floats) -> Floats:
    """The slope of each entry of the value by that of the argument, where others matter too."""
    if x.size > _MOST_ENTRIES:
        raise ValueError("too large")
    found = np.zeros(x.size)
    whole = derivative(x)
    for k, along in enumerate(np.eye(x.size)):
        found[k] = derivative(x, along.reshape(x.shape)).reshape(-1)[k]
    own = found.reshape(x.shape)
    if np.all(np.abs(own - whole) <= _SAME * np.abs(own).max(initial=0.0)):
        raise ValueError("entry by entry")
    return own


def _of_argument(derivative: Derivative, x: Floats, y: Floats) -> Floats:
    """A formula in the value, such as 1 - y**2, with the argument in it."""
    right = derivative(x)
    for formula in _IN_VALUE:
        if np.all(np.abs(formula(y) - right) <= _SAME * np.abs(right).max(initial=0.0)):
            return formula(x)
    raise ValueError("no formula in the value is known")


#: Derivatives as they are written with the value of the function: of tanh, sigmoid, exp, sqrt.
_IN_VALUE: list[Callable[[Floats], Floats]] = [
    lambda y: 1 - y**2,
    lambda y: y * (1 - y),
    lambda y: y,
    lambda y: 1 / (2 * y),
]

_MULTIPLIED = Text("multiply by the derivative of {part}", "乘以 {part} 的导数")
_SLOPES: list[tuple[Slope, str, Text, Text]] = [
    (
        _one,
        "pass",
        Text("the derivative of {part} is left out", "漏掉了 {part} 的导数"),
        _MULTIPLIED,
    ),
    (
        _of_argument,
        "M14",
        Text(
            "the derivative of {part} is written with its output, and gets its input",
            "{part} 的导数公式应代入其输出，却代入了输入",
        ),
        Text("put {part} itself into the formula", "在公式中代入 {part} 本身"),
    ),
    (
        _at_output,
        "M15",
        Text(
            "the derivative of {part} is taken at its output: applied twice",
            "{part} 的导数取在了它的输出处（函数被用了两次）",
        ),
        Text("take it at what {part} is applied to", "应取在 {part} 所作用的量处"),
    ),
    (
        _value,
        "M16",
        Text("{part} itself stands where its derivative should", "该用 {part} 的导数处用了它本身"),
        _MULTIPLIED,
    ),
    (
        _diagonal,
        "slope-diagonal",
        Text(
            "only the diagonal of the Jacobian of {part} is used", "只用了 {part} 的雅可比的对角线"
        ),
        Text(
            "each of its outputs depends on its other inputs as well: of a softmax the rule is "
            "y * (dy - (dy * y).sum(axis=-1, keepdims=True))",
            "它的每个输出也依赖于其他输入：softmax 的规则是 "
            "y * (dy - (dy * y).sum(axis=-1, keepdims=True))",
        ),
    ),
    (
        _twice,
        "slope-twice",
        Text("the derivative of {part} is multiplied in twice", "{part} 的导数乘了两次"),
        Text("multiply by it once", "只乘一次"),
    ),
]

HELD = Pattern(
    "path",
    Text("{part} is taken for a constant", "把 {part} 当成了常数"),
    Text(
        "It depends on the input as well (line {line} of the function); what goes through it "
        "is missing.",
        "它也依赖于该输入（函数第 {line} 行），经过它的那部分贡献缺失了。",
    ),
    Text("add the derivative through {part}", "加上经过 {part} 的导数"),
    held,
    same=(
        Text("a statistic taken for a constant", "统计量被当作常数", "M29"),
        Text("one of two uses of an input", "输入的两次使用只算了一次", "M54"),
    ),
    rank=47,
)

PATTERNS = [
    Pattern(
        "factor-part",
        _MISSING,
        Text(
            "It differs from the right gradient by just that factor, which stands in line {line} "
            "of the function.",
            "它与正确梯度恰好相差这个因子（它在函数的第 {line} 行）。",
        ),
        _MULTIPLY,
        _factor,
        rank=44,
    ),
    Pattern(
        "path-slope",
        Text("the derivative of {part} is wrong", "{part} 的导数有误"),
        Text(
            "With that slope in line {line} the function has exactly the claimed derivative: all "
            "the rest is right.",
            "若函数第 {line} 行中它的斜率如此，导数就恰好是所声明的：其余都正确。",
        ),
        Text(
            "multiply by the derivative of {part} at its own input",
            "乘以 {part} 在其自身输入处的导数",
        ),
        _bent,
        rank=46,
    ),
    HELD,
]
