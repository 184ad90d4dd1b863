"""A verdict in a notebook: its text with heat maps, and a figure of matplotlib's."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np

from gradcheck.errors import InputError
from gradcheck.hints import Hints
from gradcheck.report.curve import Curve
from gradcheck.report.grid import Grid, grids
from gradcheck.report.heatmap import heatmaps
from gradcheck.report.narration import describe, narrate

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from gradcheck.verdict import Verdict

#: Inches: of one panel, and of the curve.
_PANEL, _CURVE = 3.2, 3.4
#: Cells of at most so many rows and columns have their number written into them.
_MOST_WRITTEN = 8


def as_html(verdict: Verdict) -> str:
    """The report as HTML; on a failure of entries with their heat maps."""
    language = Hints.of().language
    maps = [
        heatmaps(grid, language)
        for grid in grids(verdict.kind, verdict.entries)
        if grid.wrong.any()
    ]
    drawn = "".join(
        f'<div style="display:flex;flex-wrap:wrap;gap:1em 2em;margin:.5em 0">{three}</div>'
        for three in maps
    )
    return f'<pre style="white-space:pre-wrap">{html.escape(narrate(verdict))}</pre>{drawn}'


def plot(verdict: Verdict) -> Figure:
    """A figure: claimed, measured and difference of what is wrong, and the curve over the step.

    Raises ``InputError`` where matplotlib is not installed, or where there is nothing to draw.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError(
            'plot() needs matplotlib; install the extra: pip install "gradcheck[report]"'
        ) from None
    drawn = [grid for grid in grids(verdict.kind, verdict.entries) if grid.wrong.any()]
    worst = verdict.worst
    curve = (
        Curve.of(verdict.quotients, worst.claimed, worst.measured, worst.error) if worst else None
    )
    if not drawn and curve is None:
        raise InputError(
            f"there is nothing to draw of {verdict.claim}: only a failure with wrong entries has "
            "pictures"
        )
    rows = len(drawn) + (curve is not None)
    figure = Figure(figsize=(3 * _PANEL, rows * _CURVE), layout="constrained")
    places = figure.add_gridspec(rows, 3)
    for row, grid in enumerate(drawn):
        _draw(figure, [figure.add_subplot(places[row, column]) for column in range(3)], grid)
    if curve is not None:
        _draw_curve(figure.add_subplot(places[rows - 1, :]), curve, describe(verdict))
    return figure


def _draw(figure: Figure, axes: list[Axes], grid: Grid) -> None:
    both = np.abs(np.concatenate([grid.claimed, grid.measured]))
    panels = (("claimed", grid.claimed, both), ("measured", grid.measured, both),
              ("difference", grid.difference, np.abs(grid.difference)))  # fmt: skip
    for axis, (what, values, sizes) in zip(axes, panels, strict=True):
        finite = sizes[np.isfinite(sizes)]
        scale = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
        image = axis.imshow(values, cmap="RdBu_r", vmin=-scale, vmax=scale, aspect="auto")
        axis.set_title(f"{grid.title}, {what}")
        axis.set_xticks(range(len(grid.columns)), grid.columns)
        axis.set_yticks(range(len(grid.rows)), grid.rows)
        figure.colorbar(image, ax=axis, shrink=0.8)
        for r, c in np.ndindex(values.shape):
            _write(axis, grid, values, (r, c), scale)


def _write(axis: Any, grid: Grid, values: Any, at: tuple[int, int], scale: float) -> None:
    star = "*" if grid.wrong[at] else ""
    small = max(values.shape) <= _MOST_WRITTEN
    if grid.there[at] and (small or star):
        dark = not abs(values[at]) < scale / 2
        axis.text(
            at[1], at[0], (f"{values[at]:.3g}" if small else "") + star,
            ha="center", va="center", color="white" if dark else "black",
        )  # fmt: skip


def _draw_curve(axis: Any, curve: Curve, title: str) -> None:
    axis.loglog(curve.steps, curve.from_measured, "o-", markersize=3, label="from measured")
    axis.loglog(curve.steps, curve.from_claimed, "--", color="tab:red", label="from claimed")
    if curve.window is not None:
        axis.axvspan(*curve.window, color="tab:green", alpha=0.15, label="trusted steps")
    axis.set_xlabel("step of the input")
    axis.set_ylabel("relative distance of the quotient")
    axis.set_title(title, fontsize="medium")
    axis.legend()
