"""Dims of functions of two or three arrays that no name settles: those at which they run.

Each array gets each of the usual dims at sizes that differ. What runs says little where arrays are
broadcast, so that more is asked for: every gradient has the shape of its input.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapters.kinds import Kind
from gradcheck.adapters.plan import Plan
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.arguments import as_argument

#: What arrays are, the likeliest first.
_DIMS = ("n d", "d m", "d d", "d", "m d", "m", "n m", "n", "n 1", "1 m")
SEARCHED = Kind("searched", (), (), {"n": 5, "d": 4, "m": 3})
#: Functions of so many arrays are searched, and so many dims that run are tried.
_FEWEST, _MOST, _MOST_WAYS = 2, 3, 12
_SEED = 3


def ways(
    style: Style, wanted: Sequence[str], beside: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What the inputs of a plain function may be."""
    if _has_constructor(style) or not _FEWEST <= len(wanted) <= _MOST:
        return
    every = itertools.product(enumerate(_DIMS), repeat=len(wanted))
    # Square ones last, in which a transposed array fits.
    likeliest = sorted(
        every,
        key=lambda way: (any(text == "d d" for _, text in way), sum(rank for rank, _ in way)),
    )
    runs = (
        dict(zip(wanted, (dims for _, dims in way), strict=True))
        for way in likeliest
        if _shares_sizes([dims for _, dims in way])
    )
    yield from itertools.islice((way for way in runs if _runs(style, way, beside)), _MOST_WAYS)


def fits(plan: Plan) -> bool:
    """Whether backward ran, and gave every input a gradient of its shape."""
    return not (
        plan.trial_error
        or plan.raised_at_some
        or plan.misshapen
        or any(plan.gradients.get(name) is None for name in plan.differentiable)
    )


def _has_constructor(style: Style) -> bool:
    """Whether an object is made of a class, and not only to hold what a framework keeps."""
    return style.make is not None and (
        inspect.isclass(style.make) or any(map(is_required, parameters_of(style.make)))
    )


def _shares_sizes(dims: Sequence[str]) -> bool:
    """Whether each array has an axis of another, so that they are no strangers."""
    axes = [set(text.split()) - {"1"} for text in dims]
    return all(
        any(one & other for k, other in enumerate(axes) if k != j) for j, one in enumerate(axes)
    )


def _runs(style: Style, way: Mapping[str, str], beside: Mapping[str, Any]) -> bool:
    rng = np.random.default_rng(_SEED)
    given: dict[str, Any] = {}
    for name, one in {**way, **beside}.items():
        given[name] = as_argument(one).draw(rng, dict(SEARCHED.sizes), "normal", given)
    try:
        with np.errstate(all="ignore"):
            forward = style.forward(None if style.make is None else style.make())
            inside = {n: style.inward(one) for n, one in given.items()}
            by_position = [
                inside.pop(parameter.name)
                for parameter in style.takes
                if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in inside
            ]
            answer = forward(*by_position, **inside)
            value = answer[style.value_at] if isinstance(answer, tuple) else answer
            return bool(np.all(np.isfinite(np.asarray(style.outward(value)))))
    except Exception:
        return False
