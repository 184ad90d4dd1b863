"""The discrepancy over the size of the step, as an SVG: why a measured value is to be trusted.

A difference quotient is off by truncation at large steps and by rounding at small ones, so its
distance from the true derivative is a V over the step. Where the distance from what is *claimed*
does not fall into the valley as well, the claim is wrong, at whatever step one looks.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.report.phrases import on_page

#: Pixels.
_WIDTH, _HEIGHT = 560, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 14, 46
#: Distances below rounding itself are drawn at its size: a logarithm knows no zero.
_LEAST = 2.0**-53
#: At most so many ticks an axis.
_TICKS = 7
_WRONG, _RIGHT_COLOUR, _WINDOW = "var(--wrong, #b2182b)", "var(--right, #2166ac)", "#3a9d5d"


@dataclass(frozen=True)
class Curve:
    """Distances of the difference quotient over the step, relative to the larger value."""

    steps: list[float]
    from_measured: list[float]
    from_claimed: list[float]
    #: The steps at which the quotient lies within the error bound of the measured value.
    window: tuple[float, float] | None

    @classmethod
    def of(
        cls, quotients: Sequence[Sequence[float]], claimed: float, measured: float, error: float
    ) -> Curve | None:
        """The curve of an entry; None where nothing of it is finite."""
        size = max(abs(claimed), abs(measured))
        if not quotients or not math.isfinite(size) or size == 0:
            return None
        steps = [float(step) for step, _ in quotients]
        values = [float(value) for _, value in quotients]
        trusted = [
            step
            for step, value in zip(steps, values, strict=True)
            if abs(value - measured) <= error
        ]
        return cls(
            steps,
            [max(abs(value - measured) / size, _LEAST) for value in values],
            [max(abs(value - claimed) / size, _LEAST) for value in values],
            (min(trusted), max(trusted)) if trusted else None,
        )


def curve_svg(curve: Curve, name: str, language: str = "en") -> str:
    """The curve as an ``<svg>`` element."""
    xs = [math.log10(step) for step in curve.steps]
    every = [*curve.from_measured, *curve.from_claimed]
    ys = [math.log10(distance) for distance in every]
    x = _Axis(min(xs), max(xs), _LEFT, _WIDTH - _RIGHT)
    y = _Axis(min(ys), max(ys), _HEIGHT - _BOTTOM, _TOP)
    made = []
    if curve.window is not None:
        a, b = (x.at(math.log10(end)) for end in curve.window)
        made.append(
            f'<rect x="{a - 4:.1f}" y="{_TOP}" width="{b - a + 8:.1f}" '
            f'height="{_HEIGHT - _BOTTOM - _TOP}" fill="{_WINDOW}" fill-opacity="0.18" '
            f'stroke="{_WINDOW}" stroke-dasharray="2 3"><title>'
            f"{on_page(language, 'The steps that are trusted.')}</title>"
            "</rect>"
        )
    for tick in x.ticks():
        made.append(_line(x.at(tick), _HEIGHT - _BOTTOM, x.at(tick), _TOP, 0.15))
        made.append(_text(x.at(tick), _HEIGHT - _BOTTOM + 16, f"1e{tick}", "middle"))
    for tick in y.ticks():
        made.append(_line(_LEFT, y.at(tick), _WIDTH - _RIGHT, y.at(tick), 0.15))
        made.append(_text(_LEFT - 6, y.at(tick) + 4, f"1e{tick}", "end"))
    made.append(
        _text((_LEFT + _WIDTH) / 2, _HEIGHT - 8, on_page(language, "step of the input"), "middle")
    )
    middle = (_TOP + _HEIGHT - _BOTTOM) / 2
    made.append(
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">'
        f"{on_page(language, 'relative distance')}</text>"
    )
    made.append(_path(x, y, curve.steps, curve.from_claimed, _WRONG, dashes="7 4"))
    made.append(_path(x, y, curve.steps, curve.from_measured, _RIGHT_COLOUR))
    told = on_page(
        language,
        "{name}: distance of the difference quotient from claimed and measured, over the step",
        name=name,
    )
    return (
        f'<svg class="curve" role="img" aria-label="{html.escape(told)}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" width="{_WIDTH}" height="{_HEIGHT}" '
        'style="max-width:100%;height:auto" font-family="system-ui, sans-serif" font-size="12" '
        f'fill="currentColor">{"".join(made)}</svg>'
    )


class _Axis:
    """Logarithms on a line of pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = math.floor(low), max(math.ceil(high), math.floor(low) + 1)
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> range:
        return range(self.low, self.high + 1, -(-(self.high - self.low) // _TICKS))


def _path(
    x: _Axis, y: _Axis, steps: list[float], distances: list[float], colour: str, dashes: str = ""
) -> str:
    points = [
        (x.at(math.log10(step)), y.at(math.log10(distance)))
        for step, distance in zip(steps, distances, strict=True)
    ]
    line = " ".join(f"{a:.1f},{b:.1f}" for a, b in points)
    dots = "".join(f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2.2"/>' for a, b in points)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<g fill="{colour}"><polyline points="{line}" fill="none" stroke="{colour}" '
        f'stroke-width="2"{dashed}/>{"" if dashes else dots}</g>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, opacity: float) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="currentColor" '
        f'stroke-opacity="{opacity}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'
