"""Elementwise rules that are wrong in one region only: a branch, or the number where it begins."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gradcheck.arguments import Real
from gradcheck.diagnosis.catalogue.nonlinear import is_elementwise_view
from gradcheck.diagnosis.evidence import Evidence, Guess, Pair, Usual, View, matches
from gradcheck.diagnosis.factors import is_in_code, written
from gradcheck.diagnosis.pattern import NOTHING, Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats, Sample
from gradcheck.dims import Bindings
from gradcheck.errors import GradcheckError
from gradcheck.judging.context import MARGIN
from gradcheck.oracle.entry import slopes
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.returned import SetAside, Violation
from gradcheck.subject import Subject

#: So many numbers are looked at together, between these ends where no bounds are declared: every
#: threshold that is usual lies between them.
_POINTS, _END = 96, 12.0
#: Where it was seen to fail at a larger number, so many times that number is the end.
_BEYOND = 1.25
#: Steps of the ladder that are taken, beginning at a quarter of the distance between two points.
_LEVELS = list(range(1, 7))
#: So many of the numbers at which it was seen to fail are among them.
_MOST_MET = 8
#: A bound that is declared is not touched, by this share of what lies between both.
_INSIDE = 1e-3
#: How often the place of a change is looked at closer, each time by the number of points.
_CLOSER = 5
#: More changes than these are no branches.
_MOST_EDGES = 4
#: A branch shows at once: beside its edge the slope is off by at least this share. Where two
#: formulas come nearer and nearer to each other there is no edge.
_SHARP = 1e-3
#: An edge is known when it lies between two numbers that are this near each other.
_NEAR = 1e-5
#: What rounding does to a slope that is claimed, as a share of it.
_ROUNDED = 1e-9
#: An error below this share of the usual slopes tells a zero from a number.
_SMALL = 1e-6
#: The states of a point: not known, right, wrong.
_UNKNOWN, _RIGHT, _WRONG = -1, 0, 1

States = NDArray[np.int64]
Interval = tuple[float, float]


@dataclass(frozen=True)
class _Seen:
    """The slopes at many numbers, in rising order: claimed, measured, and whether they agree."""

    x: Floats
    claimed: Floats
    right: Floats
    states: States

    def known(self) -> _Seen | None:
        """What is known, single gaps closed and unknown ends cut off; None with a wider gap."""
        states = self.states.copy()
        # Two formulas are equal where they cross, as at a zero of both.
        wrong = states == _WRONG
        states[1:-1][wrong[:-2] & ~wrong[1:-1] & wrong[2:]] = _UNKNOWN
        at = np.flatnonzero(states != _UNKNOWN)
        if at.size < 2 or np.diff(at).max() > 2:
            return None
        return _Seen(self.x[at], self.claimed[at], self.right[at], self.states[at])

    def edges(self) -> list[Interval]:
        """Between which numbers right turns to wrong, or wrong to right."""
        at = np.flatnonzero(np.diff(self.states))
        return [(float(self.x[k]), float(self.x[k + 1])) for k in at]


class _Probe:
    """An elementwise function of one array, at as many numbers as are asked about."""

    def __init__(self, view: View, evidence: Evidence) -> None:
        self.evidence, self.name = evidence, view.name
        sample = next(s for s in reversed(evidence.samples) if not s.failing or s.bindings)
        self.case = sample.case
        self.argument = evidence.rule.derivation.arguments[view.name]
        #: How large slopes usually are, as first seen.
        self.usual = 0.0
        names = list(sample.bindings)
        self.bindings: Bindings = {n: _POINTS if n == names[0] else 1 for n in names}

    def bounds(self, view: View) -> Iterator[Interval]:
        """Between which numbers it is looked at: where it was seen to fail as well, else usual."""
        assert isinstance(self.argument, Real)
        try:
            low, high = self.argument.bounds(
                self.case.inputs[self.name], self.bindings, self.case.inputs
            )
        except (GradcheckError, ValueError, KeyError):
            return
        met = [pair.x for pair in view.pairs if pair.sample.failing]
        far = _BEYOND * max((float(np.abs(x).max()) for x in met if x.size), default=0.0)
        for end in dict.fromkeys((max(far, _END), _END)):
            a = -end if low is None else max(-end, float(np.max(low)))
            b = end if high is None else min(end, float(np.min(high)))
            if b > a:
                rims = [_INSIDE * min(b - a, abs(end) or b - a) for end in (a, b)]
                yield a + rims[0], b - rims[1]

    def at(self, x: Floats, reach: Floats) -> _Seen | None:
        """What is claimed and right there; ``reach`` is how far each number may be moved."""
        self.evidence.clock.check()
        rule = self.evidence.rule
        assert isinstance(self.argument, Real)
        try:
            shape = self.argument.shape.sizes(self.bindings)
            if math.prod(shape) != _POINTS:
                return None
            case = self.case.with_inputs({**self.case.inputs, self.name: x.reshape(shape)})
            values, bindings = rule.derivation.accept(case.inputs)
            subject = Subject(rule.derivation, values, bindings, rule.wrt)
        except (GradcheckError, SetAside, Violation, ValueError):
            return None
        if subject.y.size != x.size or subject.point.tangent is not None:
            return None
        found = slopes(Line(subject.point, reach), DOUBLE, _LEVELS, DOUBLE.epsilon)
        right, error = found.value / reach, MARGIN * found.error / reach
        sample = Sample(rule, case, bindings, subject, subject.inputs, subject.outputs, [])
        answer = sample.ask(np.ones(x.size))
        if answer.parts is None or np.shape(answer.parts[0]) != shape:
            return None
        claimed = np.asarray(answer.parts[0], float).reshape(-1)
        known = np.isfinite(right) & np.isfinite(error) & np.isfinite(claimed) & ~found.kinked
        size = np.maximum(np.abs(claimed), np.abs(right))
        near = np.abs(claimed - right) <= error + _ROUNDED * size
        alive = known & (right != 0)
        self.usual = self.usual or (float(np.median(np.abs(right[alive]))) if alive.any() else 0.0)
        small = error <= _SHARP * self.usual
        told = np.where(claimed == 0, small, error <= _SHARP * np.abs(right))
        states = np.where(known & ~near, _WRONG, np.where(known & told, _RIGHT, _UNKNOWN))
        return _Seen(x, claimed, right, states)


def _regions(view: View, evidence: Evidence) -> Found | None:
    """Wrong between certain numbers, and right at all others."""
    if isinstance(view, Guess | Usual) or evidence.rule.kind != "vjp":
        return None
    arguments = evidence.rule.derivation.arguments
    given = evidence.samples[0].case.inputs
    others = [np.ndim(value) for name, value in given.items() if name != view.name]
    usual = View(view.name, [pair for pair in view.pairs if not pair.sample.failing])
    if (
        type(arguments[view.name]) is not Real
        or any(others)
        or not _some_right(view)
        or not is_elementwise_view(usual, evidence)
    ):
        return None
    probe = _Probe(view, evidence)
    met = np.concatenate([np.zeros(0), *map(_wrong_at, view.pairs)])
    spreads = (_spread(*bounds, met) for bounds in probe.bounds(view))
    first_looks = (probe.at(x, _reach(x)) for x in spreads if np.diff(x).min() > 0)
    looked = next((look for look in first_looks if look is not None), None)
    seen = None if looked is None else looked.known()
    edges = [] if seen is None else seen.edges()
    if seen is None or not 0 < len(edges) <= _MOST_EDGES or not _are_sharp(seen, edges):
        return None
    for _ in range(_CLOSER):
        if _are_near(edges):
            break
        closer = _closer(probe, edges, int(seen.states[0]))
        if closer is None:
            return None
        edges = closer
    if not _are_near(edges):
        return None
    places = [shortest(edge) for edge in edges]
    inner = [-math.inf, *places, math.inf]
    first = int(seen.states[0] == _RIGHT)
    wrong = [(inner[k], inner[k + 1]) for k in range(first, len(inner) - 1, 2)]
    if any(low == high for low, high in wrong):
        return None  # a single number
    text = " or ".join(_written(view.name, wrong))
    region = Text(text, text.replace(" or ", " 或 "))
    told, remedy = _told(seen, evidence.samples[-1])
    return Found({"region": region, "told": told}, remedy=remedy)


def _spread(low: float, high: float, met: Floats) -> Floats:
    """Numbers between two, those that were ``met`` among them.

    As many and as near each other as can be up to a usual size.
    """
    met = np.unique(met[(met > low) & (met < high)])[:_MOST_MET]
    count = _POINTS - met.size
    a, b = max(low, -_END), min(high, _END)
    if b <= a or high - low <= 4 * _END:
        spread = [np.linspace(low, high, count)]
    else:
        sides = [(a, low)] * (low < a) + [(b, high)] * (high > b)
        each = count // 3 // len(sides)
        spread = [
            np.sign(end) * np.geomspace(abs(start), abs(end), each + 1)[1:] for start, end in sides
        ]
        spread.append(np.linspace(a, b, count - each * len(sides)))
    return np.sort(np.concatenate([met, *spread]))


def _reach(x: Floats) -> Floats:
    """How far each of several numbers may be moved without coming near the next."""
    gaps = np.diff(x)
    return np.minimum(np.append(gaps, gaps[-1]), np.append(gaps[0], gaps)) / 2


def _wrong_at(pair: Pair) -> Floats:
    """The numbers at which it was seen to fail."""
    found = matches(pair, lambda pair: pair.right) if pair.sample.failing else None
    return (
        np.zeros(0)
        if found is None or found.size < pair.x.size
        else pair.x[~found.reshape(pair.x.shape)]
    )


def _some_right(view: View) -> bool:
    """Whether some numbers are right: where all are wrong there is no region."""
    for pair in view.pairs:
        found = matches(replace(pair), lambda pair: pair.right)
        if found is not None and found.any() and np.any(pair.right):
            return True
    return False


def _are_sharp(seen: _Seen, edges: list[Interval]) -> bool:
    size = np.maximum(np.abs(seen.claimed), np.abs(seen.right))
    with np.errstate(all="ignore"):
        off = np.where(size > 0, np.abs(seen.claimed - seen.right) / size, 0.0)
    for low, high in edges:
        left = off[seen.x <= low][-2:]
        right = off[seen.x >= high][:2]
        if max(left.max(), right.max()) < _SHARP:
            return False
    return True


def _are_near(edges: list[Interval]) -> bool:
    return all(high - low <= _NEAR * max(1.0, abs(low)) for low, high in edges)


def _closer(probe: _Probe, edges: list[Interval], first: int) -> list[Interval] | None:
    """Each edge between two numbers that are nearer to each other.

    ``first`` is the state below the first of them; it changes at each.
    """
    each = _POINTS // len(edges)
    parts = [np.linspace(low, high, each + 2)[1:-1] for low, high in edges]
    steps = [(high - low) / (each + 1) / 2 for low, high in edges]
    left = _POINTS - each * len(edges)
    x = np.concatenate([*parts, np.full(left, parts[-1][-1])])
    reach = np.concatenate([np.full(each, step) for step in steps] + [np.full(left, steps[-1])])
    seen = probe.at(x, reach)
    if seen is None:
        return None
    found = []
    for k, (low, high) in enumerate(edges):
        part = seen.states[k * each : (k + 1) * each]
        told = np.flatnonzero(part != _UNKNOWN)
        changes = told[np.flatnonzero(np.diff(part[told]))]
        if not told.size or (changes.size > 1 and changes.size % 2 == 0):
            return None
        if changes.size:
            # Right before an edge two formulas that meet there cannot be told apart.
            after = told[told > changes[-1]][0]
            found.append((float(parts[k][changes[0]]), float(parts[k][after])))
        elif part[told[0]] == (first + k) % 2:
            found.append((float(parts[k][told[-1]]), high))
        else:
            found.append((low, float(parts[k][told[0]])))
    return found


def shortest(edge: Interval) -> float:
    """The shortest decimal number between two, or right beside.

    Two formulas that meet at an edge differ by less than is measured right before it.
    """
    beside = 2 * _NEAR * max(1.0, abs(edge[0]))
    low, high = edge[0] - beside, edge[1] + beside
    for digits in range(8):
        middle = round((low + high) / 2, digits)
        if low <= middle <= high:
            return middle + 0.0
    return (low + high) / 2


def _written(name: str, wrong: list[Interval]) -> Iterator[str]:
    """``|x| > 1``, ``5 < x < 6``."""
    if len(wrong) == 2 and wrong[0] == (-wrong[1][1], -wrong[1][0]):
        yield _between(f"|{name}|", wrong[1])
    elif len(wrong) == 1 and wrong[0][0] == -wrong[0][1] != -math.inf:
        yield f"|{name}| < {wrong[0][1]:g}"
    else:
        yield from (_between(name, interval) for interval in wrong)


def _between(name: str, interval: Interval) -> str:
    low, high = interval
    if low == -math.inf:
        return f"{name} < {high:g}"
    return f"{name} > {low:g}" if high == math.inf else f"{low:g} < {name} < {high:g}"


def _told(seen: _Seen, sample: Sample) -> tuple[Text, Text | None]:
    """What is claimed there in place of the right slope, and what to do about it if known."""
    wrong = seen.states == _WRONG
    claimed, right = seen.claimed[wrong], seen.right[wrong]
    if not np.any(claimed):
        return (
            Text("There the claim is 0, and the right slope is not.", "那里声明为 0，应不为 0。"),
            Text(
                "it is not to be 0 where {region}: look at the mask, and at the number where it "
                "begins",
                "{region} 处不应为 0：检查掩码及其界限",
            ),
        )
    least = _SMALL * np.abs(claimed).max()
    if np.all(np.abs(right) <= least):
        return (
            Text(
                "There the right slope is 0, and the claim is not: a mask is forgotten, or begins "
                "at another number.",
                "那里正确的斜率是 0 而声明不是：漏了掩码，或掩码的界限有误。",
            ),
            Text("multiply by a mask that is 0 where {region}", "乘以在 {region} 处为 0 的掩码"),
        )
    with np.errstate(all="ignore"):
        factor = claimed / right
    if not np.isfinite(factor).all() or np.ptp(factor) > _SMALL * np.abs(factor).max():
        return NOTHING, None
    c = float(np.median(factor))
    if abs(c + 1) <= _SMALL:
        return Text("There the sign is flipped.", "那里符号反了。"), None
    names = itertools.chain.from_iterable(
        ((name, float(value)), (f"1/{name}", 1 / float(value)))
        for name, value in sample.names.items()
        if isinstance(value, int | float | np.number) and not isinstance(value, bool) and value
    )
    named = next((name for name, value in names if abs(value - c) <= _SMALL * abs(c)), "")
    number = f"{written(c)} ({named})" if named else written(c)
    by = named or written(c)
    over = by.removeprefix("1/")
    mend = Text(f"divide by {by}", f"除以 {by}")
    if over != by:
        mend = Text(f"multiply by {over}", f"乘以 {over}")
    told = Text(f"There it is {number} times the right slope.", f"那里是正确斜率的 {number} 倍。")
    if "." in by and not is_in_code(c, sample.rule):
        return told, None  # a number that nobody wrote is none to divide by
    return (
        told,
        Text("{mend} where {region}", "在 {region} 处{mend}").format(mend=mend, region="{region}"),
    )


PATTERNS = [
    Pattern(
        "region",
        Text("wrong only where {region}", "只在 {region} 处错误"),
        Text("{told}", "{told}"),
        Text(
            "look at the branch for {region}, and at the number where it begins",
            "检查 {region} 的分支，以及它的界限",
        ),
        _regions,
        rank=11,
        special=True,
    ),
]
