"""Constant factors: a sign, a forgotten mean, a 2, a temperature; and factors entry by entry."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from gradcheck.diagnosis import factors
from gradcheck.diagnosis.evidence import Evidence, Guess, Pair, View
from gradcheck.diagnosis.factors import Factor
from gradcheck.diagnosis.pattern import NOTHING, Find, Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: Quotients nearer to 1 than this are of numbers that are right.
_NEAR_ONE = 1e-6
#: So many quotients at least have to be one constant.
_FEWEST = 2


def _factor(wanted: Callable[[Factor], bool]) -> Find:
    """A constant factor of one kind."""

    def find(view: View, evidence: Evidence) -> Found | None:
        if isinstance(view, Guess):
            return _guessed(view, wanted)
        found = _known.get(id(view))
        if found is None or found[0] is not view:
            fitted = factors.fitted(view)
            named = None if fitted is None else factors.name(view, fitted)
            _known.clear()
            _known[id(view)] = found = (view, named)
        factor = found[1]
        if factor is None or not wanted(factor) or factor.value == 0:
            return None
        if factor.kind == "unknown" and not (
            view.shows_usual and all(_several(pair) for pair in view.pairs)
        ):
            return None  # one number is always some multiple of another
        here = " = ".join(factor.here or (factor.equal,) if factor.equal else factor.here)
        note = Text(f" (here {here})", f"（此处即 {here}）") if here else Text("", "")
        more: list[Text] = []
        if factor.kind == "constant" and _is_power_of_two(factor.value):
            more += _MORE_OF_TWO
        if factor.here:
            more.append(_BY_SIZE)
        if factor.kind == "size" and factor.inverse:
            if factor.mixed:
                more.append(_BY_OUTPUT)
            if all(_is_added(pair) for pair in view.pairs):
                more.append(_INSIDE)
        equal = Text(factor.equal, factor.equal) if factor.equal else factor.name
        values = {"factor": factor.name, "here": note, "mend": _mend(equal)}
        # What is no number of anybody's is no number to divide by either.
        return Found(values, more=tuple(more), remedy=None if factor.known else _NOT_ONE)

    return find


def _guessed(view: Guess, wanted: Callable[[Factor], bool]) -> Found | None:
    """The factor that most of the wrong numbers have, where it is a simple fraction."""
    quotients: list[float] = []
    for pair in view.pairs:
        if np.shape(pair.claimed) != pair.leaf.shape:
            return None
        with np.errstate(all="ignore"):
            quotient = np.ravel(np.asarray(pair.claimed, float) / pair.right)
        quotients += [float(q) for q in quotient[np.isfinite(quotient)] if abs(q - 1) > _NEAR_ONE]
    if not quotients:
        return None
    text = factors.written(float(np.median(quotients)))
    value = float(Fraction(text))
    factor = Factor(Text(text, text), "sign" if value == -1 else "constant", value)
    if not value or not wanted(factor) or "." in text:
        return None
    found = view.explains(lambda pair: value * pair.right)
    values = {"factor": factor.name, "here": NOTHING, "mend": _mend(factor.name)}
    return Found(values, more=_MORE_OF_TWO if _is_power_of_two(value) else ()) if found else None


def _is_plain(factor: Factor) -> bool:
    """Whether a factor of sizes is no more than a mean that is missing or one too many."""
    return not factor.mixed and factor.value > 0


def _is_power_of_two(value: float) -> bool:
    power = math.log2(abs(value))
    return bool(round(power)) and abs(power - round(power)) <= _NEAR_ONE


def _mend(factor: Text) -> Text:
    """What is to be done about a factor: to multiply where it is one over something."""
    sign, over, rest = factor.en.partition("1/")
    if not over or sign not in ("", "-"):
        return Text(f"divide by {factor.en}", f"除以 {factor.zh}")
    inverse = sign + rest.removeprefix("(").removesuffix(")")
    return Text(f"multiply by {inverse}", f"乘以 {inverse}")


def _is_added(pair: Pair) -> bool:
    """Whether the input is just added, a whole number of times, wherever it acts, as a bias is."""
    slopes = pair.jacobian[np.abs(pair.jacobian) > _NEAR_ONE]
    times = np.round(slopes.max(initial=0.0))
    return bool(times >= 1) and bool(np.all(np.abs(slopes - times) <= _NEAR_ONE * times))


def _several(pair: Pair) -> bool:
    return int(np.count_nonzero(pair.right)) > 1


#: The factor of the view that was looked at last: several patterns ask for it.
_known: dict[int, tuple[View, Factor | None]] = {}


def _elementwise(view: View, evidence: Evidence) -> Found | None:
    """A named value by which every entry is multiplied or divided."""
    if any(p.claimed is None or np.shape(p.claimed) != p.leaf.shape for p in view.pairs):
        return None
    for label in _candidates(view):
        for power, extra in ((-1, False), (1, True), (-2, False), (2, True), (-0.5, False)):
            evidence.clock.check()
            for c in (1.0, *_constant(view, label, power)):
                if view.explains(_times, label, power, c):
                    shown = label if abs(power) == 1 else f"{label}**2"
                    if abs(power) < 1:
                        shown = f"sqrt({label})"
                    # What is too many is in the claim, what is missing is not: its inverse is.
                    if c != 1:
                        shown = f"{factors.written(c if extra else 1 / c)} * {shown}"
                    return _extra(shown) if extra else _missing(shown)
    return None


def _constant(view: View, label: str, power: float) -> list[float]:
    """The simple fraction that stands beside a factor, if one may."""
    if isinstance(view, Guess):
        return []
    quotients = [np.zeros(0)]
    for pair in view.pairs:
        made = None if pair.sample.failing else _times(pair, label, power, 1.0)
        if made is not None:
            quotients.append(np.ravel(np.asarray(pair.claimed, float) / made))
    known = np.concatenate(quotients)
    known = known[np.isfinite(known)]
    if known.size < _FEWEST or np.ptp(known) > _NEAR_ONE * np.abs(known).max():
        return []
    text = factors.written(float(np.median(known)))
    return [] if "." in text or "e" in text else [float(Fraction(text))]


def _times(pair: Pair, label: str, power: float, c: float) -> Floats | None:
    value = _named(pair).get(label)
    if value is None:
        return None
    right = pair.right
    factor = value**power
    if np.broadcast_shapes(factor.shape, right.shape) != right.shape:
        return None
    made: Floats = c * right * factor
    return made


def _candidates(view: View) -> list[str]:
    """The labels of what is no constant: from entry to entry, or from point to point."""
    # The failing point may be so small that every array is a constant there.
    pair = max(view.pairs, key=lambda pair: pair.right.size)
    values = _named(pair)
    labels = [label for label, value in values.items() if _fits(value, pair.leaf.shape)]
    if pair.right.size > 1:
        return [n for n in labels if np.ptp(np.broadcast_to(values[n], pair.leaf.shape)) > 0]
    points = [_named(pairs[0]) for pairs in view.samples]
    return [n for n in labels if np.ptp([float(np.ravel(p[n])[0]) for p in points if n in p]) > 0]


def _fits(value: Floats, shape: tuple[int, ...]) -> bool:
    try:
        return np.broadcast_shapes(value.shape, shape) == shape
    except ValueError:
        return False


def _named(pair: Pair) -> dict[str, Floats]:
    """What may be a factor at a point, made once."""
    kept = pair.sample.remembered
    if "factors" not in kept:
        kept["factors"] = dict(_values(pair))
    named: dict[str, Floats] = kept["factors"]
    return named


def _values(pair: Pair) -> Iterator[tuple[str, Floats]]:
    """The named arrays, and what is often made of one."""
    with np.errstate(all="ignore"):
        for name, array in pair.arrays.items():
            yield name, array
            yield f"(1 - {name})", 1 - array
            yield f"(1 - {name}**2)", 1 - array**2
            yield f"(1 + {name}**2)", 1 + array**2
            yield f"sigmoid({name})", 1 / (1 + np.exp(-array))
            yield f"tanh({name})", np.tanh(array)
            if array.ndim:
                for axis in range(array.ndim):
                    total = array.sum(axis=axis, keepdims=True)
                    norm = np.sqrt((array**2).sum(axis=axis, keepdims=True))
                    where = "" if array.ndim == 1 else f", axis={axis}"
                    yield f"sum({name}{where})", total
                    yield f"norm({name}{where})", norm
                yield f"norm({name})", np.sqrt((array**2).sum()).reshape((1,) * array.ndim)


def _missing(label: str) -> Found:
    return Found(
        {"factor": label},
        title=Text("the factor {factor} is missing", "缺少因子 {factor}").format(factor=label),
        remedy=Text("multiply by {factor}", "乘以 {factor}").format(factor=label),
    )


def _extra(label: str) -> Found:
    return Found(
        {"factor": label},
        title=Text("one factor {factor} too many", "多乘了因子 {factor}").format(factor=label),
        remedy=Text(
            "divide by {factor}, or leave it out where it is multiplied with",
            "除以 {factor}，或去掉多乘的那一处",
        ).format(factor=label),
    )


_NOT_ONE = Text(
    "it is no number that stands in the code: look for a constant or a scale that is lost, counted "
    "twice, or another one than in the function",
    "代码中并没有这个数：检查漏掉、重复计入或与函数中不同的常数或缩放",
)
_TWO = Text("a 2 from a square, or a 1/2 in the function", "平方求导得到的 2，或函数里的 1/2")
_BY_OUTPUT = Text(
    "an average over a window that is divided by the size of the output",
    "窗口平均却除以了输出的尺寸",
    "M38",
)
_INSIDE = Text(
    "the function adds the bias inside a sum, once for each term: then the function is wrong",
    "函数把偏置加在了求和号里面，每一项各加一次：那样错的是函数",
    "M46",
)
_USED_TWICE = Text(
    "an input that is used twice, of which one path is counted", "输入被用了两次而只算了一条路径"
)

_BY_SIZE = Text(
    "a sum where the function takes a mean, or a mean where it sums",
    "函数取平均而这里求了和，或函数求和而这里取了平均",
)
_MORE_OF_TWO = (_TWO, _USED_TWICE)

PATTERNS = [
    Pattern(
        "M19",
        Text("the sign is flipped", "符号反了"),
        Text("Every entry is minus the right one.", "每个元素都是正确值的相反数。"),
        Text(
            "flip the sign; for a loss, look at the order of a difference (p - y, not y - p)",
            "改变正负号；若是损失函数，检查差的次序（应为 p - y 而非 y - p）",
        ),
        _factor(lambda factor: factor.kind == "sign"),
        rank=5,
        plain=True,
    ),
    Pattern(
        "M3",
        Text(
            "{factor} times too large: the 1/{factor} of a mean is missing",
            "大了 {factor} 倍：缺少平均的 1/{factor}",
        ),
        Text("The function averages where the rule sums.", "函数取了平均，而反向规则只做了求和。"),
        Text("divide by {factor}", "除以 {factor}"),
        _factor(lambda f: f.kind == "size" and not f.inverse and _is_plain(f)),
        same=(
            Text("a constant of the loss is dropped", "丢掉了损失里的常数", "M6"),
            Text(
                "the function sums where a mean is meant (a convention)",
                "函数求和而本意是平均（约定问题）",
            ),
        ),
        rank=5,
        plain=True,
    ),
    Pattern(
        "M4",
        Text(
            "{factor} of the right gradient: averaged where it has to be summed",
            "只有正确值的 {factor}：该求和处取了平均",
        ),
        Text("The rule averages where the function sums.", "函数是求和，而反向规则取了平均。"),
        Text("leave the division out; use sum instead of mean", "去掉这次除法；用 sum 代替 mean"),
        _factor(lambda f: f.kind == "size" and f.inverse and _is_plain(f)),
        same=(
            Text("the 1/N of a mean is counted twice", "平均的 1/N 计了两次", "M4"),
            Text("another scale than for the other parameters", "与其他参数的缩放不一致", "M5"),
        ),
        rank=5,
        plain=True,
    ),
    Pattern(
        "M6",
        Text("a constant factor: {factor}{here}", "相差常数因子 {factor}{here}"),
        Text("Every entry is {factor} times the right one.", "每个元素都是正确值的 {factor} 倍。"),
        Text(
            "{mend}; look for a constant lost or counted twice",
            "{mend}；检查漏掉或重复计入的常数",
        ),
        _factor(lambda f: f.kind == "constant" or (f.kind == "size" and not _is_plain(f))),
        rank=5,
        plain=True,
    ),
    Pattern(
        "M18",
        Text("off by the factor {factor}", "相差因子 {factor}"),
        Text(
            "Every entry is {factor} times the right one: an inner or outer scale is forgotten or "
            "counted twice.",
            "每个元素都是正确值的 {factor} 倍：内层或外层的缩放漏掉了，或重复计入。",
        ),
        Text("{mend}", "{mend}"),
        _factor(lambda f: f.kind == "value"),
        same=(
            Text("a keep probability in dropout", "dropout 的保留概率", "M63"),
            Text("a temperature", "温度系数"),
        ),
        rank=5,
        plain=True,
    ),
    Pattern(
        "factor",
        Text("a factor is missing or one too many", "缺少或多出一个因子"),
        Text(
            "Entry by entry it differs from the right gradient by just that factor.",
            "它与正确梯度逐元素恰好相差这个因子。",
        ),
        Text("", ""),
        _elementwise,
        rank=17,
    ),
    Pattern(
        "scale",
        Text(
            "the right gradient times a factor that differs from input to input ({factor})",
            "等于正确梯度乘以一个随输入变化的因子({factor})",
        ),
        Text(
            "The direction is right. What is lost or added is a single number, such as a norm, a "
            "sum or a maximum.",
            "方向正确；漏掉或多出的是一个标量，如范数、总和或最大值。",
        ),
        Text("look for a scalar that was dropped", "检查被漏掉的标量"),
        _factor(lambda f: f.kind == "unknown"),
        rank=45,
        plain=True,
    ),
]
