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
from gradcheck.adapters.session import Context
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.arguments import as_argument, real

#: What arrays are, the likeliest first.
_DIMS = ("n d", "d m", "d d", "d", "m d", "m", "n m", "n", "n 1", "1 m")
SEARCHED = Kind("searched", (), (), {"n": 5, "d": 4, "m": 3})
#: Functions of so many arrays are searched, and so many dims that run are tried.
_FEWEST, _MOST, _MOST_WAYS = 2, 3, 12
#: Of two arrays that an object is given: a graph and its nodes, queries and keys, and their like.
_OF_TWO = (
    ("n n", "n d"), ("n d", "n n"), ("n d", "n d"), ("n d", "m d"), ("n d", "n m"),
    ("n t d", "n t d"), ("t d", "h d"), ("n d", "n t h"), ("n t h", "n d"), ("n d", "n t d"),
)  # fmt: skip
#: Of stacks of matrices that are multiplied: scores and values, or queries, keys and values.
_STACKED = (
    ("n t s", "n s d"), ("n h t s", "n h s d"), ("n t d", "n s d"), ("n h t d", "n h s d"),
    ("n t d", "n s d", "n s m"), ("n h t d", "n h s d", "n h s m"),
)  # fmt: skip
_OF_STACKS = {"n": 3, "h": 2, "t": 4, "s": 5, "d": 6, "m": 7}
_SEED = 3


def ways(
    style: Style, wanted: Sequence[str], beside: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What the inputs of a plain function may be."""
    if has_constructor(style, wanted) or not _FEWEST <= len(wanted) <= _MOST:
        return
    every = itertools.product(enumerate(_DIMS), repeat=len(wanted))
    # Square ones last, in which a transposed array fits.
    likeliest = sorted(
        every,
        key=lambda way: (any(text == "d d" for _, text in way), sum(rank for rank, _ in way)),
    )
    likely = (
        dict(zip(wanted, (dims for _, dims in way), strict=True))
        for way in likeliest
        if _shares_sizes([dims for _, dims in way])
    )
    sizes = SEARCHED.sizes
    found = (way for way in likely if runs(style, way, beside, sizes) is True)
    yield from itertools.islice(found, _MOST_WAYS)
    stacks = (dict(zip(wanted, way, strict=True)) for way in _STACKED if len(way) == len(wanted))
    yield from (way for way in stacks if runs(style, way, beside, _OF_STACKS) is True)


def fits(plan: Plan) -> bool:
    """Whether backward ran, and gave every input a gradient of its shape."""
    found = [plan.gradients.get(name) is not None for name in plan.differentiable]
    return all(found) and runs_whole(plan)


def runs_whole(plan: Plan) -> bool:
    """Whether backward ran, and what gradients it gave have the shapes of their inputs."""
    found = any(plan.gradients.get(name) is not None for name in plan.differentiable)
    return found and not (plan.trial_error or plan.raised_at_some or plan.misshapen)


def for_two(style: Style, wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What two arrays may be that an object with parameters of its own is given."""
    if inspect.isclass(style.make) and len(wanted) == len(_OF_TWO[0]):
        for dims in _OF_TWO:
            yield dict(zip(wanted, dims, strict=True))
            if dims[0] == "n n":  # of a graph that is given
                yield {wanted[0]: real(dims[0], differentiate=False), wanted[1]: dims[1]}


def has_constructor(style: Style, wanted: Sequence[str]) -> bool:
    """Whether an object is made of more than the arrays that are wanted.

    What a framework makes to hold what it keeps is no such object.
    """
    made = () if style.make is None else parameters_of(style.make)
    needed = [p.name for p in made if is_required(p) and p.name not in wanted]
    own = {p.name for p in made} & set(wanted)
    return bool(needed) or (inspect.isclass(style.make) and not own and _holds_arrays(style))


def _holds_arrays(style: Style) -> bool:
    """Whether an object that is made of nothing has parameters of its own, or cannot be made."""
    assert style.make is not None
    try:
        made = style.make()
    except Exception:
        return True
    held = [*vars(made).values()] if hasattr(made, "__dict__") else []
    held += [one for value in held for one in getattr(value, "__dict__", {}).values()]
    parts = [list(v.values()) if isinstance(v, Mapping) else v for v in held]
    flat = [one for v in parts for one in (v if isinstance(v, list | tuple) else [v])]
    return any(np.ndim(one) for one in flat if hasattr(one, "shape"))


def _shares_sizes(dims: Sequence[str]) -> bool:
    """Whether each array has an axis of another, so that they are no strangers."""
    axes = [set(text.split()) - {"1"} for text in dims]
    return all(
        any(one & other for k, other in enumerate(axes) if k != j) for j, one in enumerate(axes)
    )


def runs(
    style: Style, way: Mapping[str, Any], beside: Mapping[str, Any], sizes: Mapping[str, int]
) -> bool | Exception:
    """Whether a plain function gives something finite at some dims, or what it raises there."""
    rng = np.random.default_rng(_SEED)
    given: dict[str, Any] = {}
    for name, one in {**way, **beside}.items():
        given[name] = as_argument(one).draw(rng, dict(sizes), "normal", given)
    try:
        with np.errstate(all="ignore"):
            inside = {n: style.inward(one) for n, one in given.items()}
            made_of = () if style.make is None else parameters_of(style.make)
            own = {p.name: inside.pop(p.name) for p in made_of if p.name in inside}
            forward = style.forward(None if style.make is None else style.make(**own))
            by_position: list[Any] = [Context()] if style.has_context else []
            by_position += [
                inside.pop(parameter.name)
                for parameter in style.takes
                if parameter.kind is parameter.POSITIONAL_ONLY and parameter.name in inside
            ]
            answer = forward(*by_position, **inside)
            value = answer[style.value_at] if isinstance(answer, tuple) else answer
            return bool(np.all(np.isfinite(np.asarray(style.outward(value)))))
    except Exception as error:
        return error
