"""Heat maps of claimed, measured and their difference, as SVG that needs nothing around it."""

from __future__ import annotations

import html

import numpy as np
from numpy.typing import NDArray

from gradcheck.hints import columns as columns_of
from gradcheck.report.grid import Grid
from gradcheck.report.phrases import on_page

Floats = NDArray[np.float64]

#: Pixels: of a cell where there are few and where there are many, of all of them, of text.
_LARGE, _SMALL, _WIDE, _FLAT = 58, 18, 340, 34
_CHARACTER, _LINE = 7.3, 18
#: The legend: shares of the scale, and the width of each.
_STEPS, _SWATCH = (-1.0, -0.5, 0.0, 0.5, 1.0), 16
#: Cells of this width or more have room for a number.
_ROOM = 44
#: From minus the scale over zero to plus: blue and red, which nearly everybody can tell apart.
_NEGATIVE, _ZERO, _POSITIVE = (33, 102, 172), (247, 247, 247), (178, 24, 43)
#: The share of the scale from which on a cell is so dark that its number has to be light.
_DARK = 0.55
_INK, _PAPER, _EMPTY, _ENDLESS = "#111", "#fff", "#d4d4d4", "#5b2a86"


def heatmaps(grid: Grid, language: str = "en") -> str:
    """The three maps of a grid as ``<svg>`` elements, the wrong entries framed and starred.

    Claimed and measured share one scale; the difference has its own.
    """
    shared = _scale(np.concatenate([grid.claimed, grid.measured]))
    maps = [
        _map(grid, "claimed", grid.claimed, shared, language),
        _map(grid, "measured", grid.measured, shared, language),
        _map(grid, "difference", grid.difference, _scale(grid.difference), language),
    ]
    return "\n".join(maps)


def _scale(values: Floats) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else 0.0


def _map(grid: Grid, what: str, values: Floats, scale: float, language: str) -> str:
    rows, columns = values.shape
    width = min(_LARGE, max(_SMALL, _WIDE // columns))
    height = min(width, _FLAT)
    longest = max(map(len, grid.columns)) * _CHARACTER
    level = longest <= width
    left = max(map(len, grid.rows)) * _CHARACTER + 10
    top = _LINE + (_LINE if level else longest + 4)
    heading = f"{grid.title}, {on_page(language, what)}"
    legend = _SWATCH * len(_STEPS) + (len(_short(scale)) + 3) * _CHARACTER
    whole = max(left + columns * width, columns_of(heading) * _CHARACTER, left + legend) + 4
    bottom = top + rows * height
    made = [_text(0, _LINE - 5, heading, 'font-weight="bold"')]
    for c, name in enumerate(grid.columns):
        x = left + (c + 0.5) * width
        how = 'text-anchor="middle"' if level else f'transform="rotate(-90 {x + 4:.1f} {top - 5})"'
        made.append(_text(x if level else x + 4, top - 5, name, how))
    for r, name in enumerate(grid.rows):
        y = top + r * height
        made.append(_text(left - 6, y + height / 2 + 4, name, 'text-anchor="end"'))
        for c in range(columns):
            box = (left + c * width, y, width, height)
            made.append(_cell(grid, values, scale, (r, c), box, language))
    made.append(_legend(left, bottom + 8, scale))
    told = on_page(
        language, "{heading}: {rows} by {columns}, {wrong} wrong",
        heading=heading, rows=rows, columns=columns, wrong=int(grid.wrong.sum()),
    )  # fmt: skip
    return (
        f'<svg class="heatmap" role="img" aria-label="{html.escape(told)}" '
        f'width="{whole:.0f}" height="{bottom + 30:.0f}" '
        f'viewBox="0 0 {whole:.0f} {bottom + 30:.0f}" style="max-width:100%;height:auto" '
        'font-family="ui-monospace, Menlo, Consolas, monospace" font-size="12" '
        f'fill="currentColor">{"".join(made)}</svg>'
    )


def _cell(
    grid: Grid,
    values: Floats,
    scale: float,
    at: tuple[int, int],
    box: tuple[float, float, float, float],
    language: str,
) -> str:
    x, y, width, height = box
    value = float(values[at])
    share = value / scale if scale > 0 else 0.0
    if not grid.there[at]:
        fill, ink, number = _EMPTY, _INK, "·"
    elif not np.isfinite(value):
        fill, ink, number = _ENDLESS, _PAPER, f"{value}"
    else:
        fill, ink, number = _colour(share), _PAPER if abs(share) > _DARK else _INK, _short(value)
    star = "*" if grid.wrong[at] else ""
    name = ", ".join(filter(None, (grid.rows[at[0]], grid.columns[at[1]])))
    shown = number + star if width >= _ROOM else star
    note = on_page(language, " (wrong)") if star else ""
    made = [
        f"<title>{html.escape(name)}: {value:.8g}{note}</title>",
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width}" height="{height}" fill="{fill}" '
        f'stroke="{_PAPER}"/>',
    ]
    if star:
        made.append(
            f'<rect x="{x + 1.5:.1f}" y="{y + 1.5:.1f}" width="{width - 3}" '
            f'height="{height - 3}" fill="none" stroke="{ink}" stroke-width="2" '
            'stroke-dasharray="4 2"/>'
        )
    if shown:
        made.append(
            _text(
                x + width / 2, y + height / 2 + 4, shown,
                f'text-anchor="middle" fill="{ink}" font-size="11"',
            )
        )  # fmt: skip
    return f"<g>{''.join(made)}</g>"


def _legend(x: float, y: float, scale: float) -> str:
    """The scale: steps from minus to plus, and what its ends stand for."""
    boxes = [
        f'<rect x="{x + _SWATCH * k:.1f}" y="{y:.1f}" width="{_SWATCH}" height="10" '
        f'fill="{_colour(step)}"/>'
        for k, step in enumerate(_STEPS)
    ]
    return "".join(boxes) + _text(x + _SWATCH * len(_STEPS) + 6, y + 9, f"±{_short(scale)}", "")


def _colour(share: float) -> str:
    end = _POSITIVE if share > 0 else _NEGATIVE
    part = min(abs(share), 1.0)
    mixed = (round(a + (b - a) * part) for a, b in zip(_ZERO, end, strict=True))
    return f"rgb({','.join(map(str, mixed))})"


def _short(value: float) -> str:
    """A number in at most seven characters."""
    return next(
        (text for d in (4, 3, 2) if len(text := f"{value + 0.0:.{d}g}") <= 7), f"{value:.0e}"
    )


def _text(x: float, y: float, text: str, attributes: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {attributes}>{html.escape(text)}</text>'
