"""Costs of one flat vector that are told the sizes of what lies in it.

``cost(nn_params, input_size, hidden_size, num_labels, X, y)`` cuts the vector into matrices. The
sizes get small distinct numbers, and the vector the least length of which the gradient is; a rule
that never gives one so long gets the least at which the function runs.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapters.style import Function
from gradcheck.adapters.words import is_flat, is_mask, is_target
from gradcheck.arguments import (
    Argument,
    Choice,
    as_argument,
    boolean,
    constant,
    integers,
    real,
)
from gradcheck.domains import simplex

#: Of an input, of what is hidden, of an output, and further ones; one list has the first three.
_IN, _HIDDEN, _OUT = 3, 4, 5
_FURTHER = (2, 6, 7)
_LAYERS = [_IN, _HIDDEN, _OUT]
#: What sizes are called: by the words in a name, the last of which says what it counts.
_SIZE = re.compile(
    r"(^(n|num|no|size|dim)_?(of_)?[a-z]+)|(_(size|sizes|dim|dims|units|neurons|nodes|features)$)"
    r"|^(dimensions?|dims|sizes|layers?|shape|arch|architecture|topology|dx|dy|dh)$"
)
_LISTED = re.compile(r"^(dimensions|dims|.*sizes|layers|.*_dims|arch|architecture|topology)$")
_MEANT = (
    (_IN, ("in", "input", "visible", "features", "feature", "dx", "vis")),
    (_HIDDEN, ("hid", "hidden", "dh")),
    (_OUT, ("out", "output", "labels", "label", "classes", "class", "dy")),
)
#: Numbers beside them, as in a sparse autoencoder.
_NUMBERS = {"beta": 3.0, "sparsity_param": 0.25, "rho": 0.25, "sparsity": 0.25}
#: With larger numbers a sigmoid at the end saturates, and of the logarithm of 1 - h is left noise.
_MODERATE = 2.0
#: Sizes of a matrix that no argument tells.
_RATED = (5, 4)
#: No longer vector is tried.
_MOST = 200
_SEED = 7
#: Samples in the trial: a number that no size has.
_ROWS = 8


def sizes_of(names: Sequence[str]) -> dict[str, Argument]:
    """What the sizes, and numbers, among some inputs get; none where there is no flat vector."""
    found: dict[str, Any] = {}
    if not any(map(is_flat, names)):
        return {}
    further = iter(_FURTHER)
    sizes = [name for name in names if _SIZE.search(name.lower()) and not is_flat(name)]
    for name in sizes:
        lowered = name.lower()
        if _LISTED.match(lowered):
            found[name] = list(_LAYERS)
            continue
        words = set(re.split(r"_|(?<=[a-z])(?=[A-Z])", lowered))
        meant = next((size for size, known in _MEANT if words & set(known)), None)
        known = meant is not None and meant not in found.values()
        found[name] = meant if known else next(further, _IN)
    if found:
        found |= {name: _NUMBERS[name.lower()] for name in names if name.lower() in _NUMBERS}
    return {name: constant(value) for name, value in found.items()}


def ways(
    function: Function, wanted: Sequence[str], beside: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What the vector and the data may be, the likeliest first."""
    (vector, *others) = sorted(wanted, key=lambda name: not is_flat(name))
    targets = [name for name in others if is_target(name)]
    if any(map(is_mask, others)):
        yield from _rated(function, vector, others, beside)
    for rows in (True, False):
        data = _moderate(f"n {_IN}" if rows else f"{_IN} n", differentiate=False)
        for target in _targets(rows) if targets else (None,):
            given = {name: target if name in targets else data for name in others}
            length = _length(function, vector, given, beside)
            if length:
                flat = _moderate(str(length))
                yield {name: flat if name == vector else given[name] for name in wanted}


def _rated(
    function: Function, vector: str, others: Sequence[str], beside: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """Of a matrix with a mask, as of ratings: its sizes are two of those that are told, or any."""
    sizes = [one.values[0] for one in beside.values() if isinstance(one, Choice)]
    told = [size for size in sizes if isinstance(size, int)]
    for rows, columns in itertools.permutations(dict.fromkeys([*told, *_RATED]), 2):
        dims = f"{rows} {columns}"
        given = {
            name: boolean(dims) if is_mask(name) else _moderate(dims, differentiate=False)
            for name in others
        }
        length = _length(function, vector, given, beside)
        if length:
            yield {vector: _moderate(str(length)), **given}


def _moderate(dims: str, *, differentiate: bool = True) -> Argument:
    return real(dims, low=-_MODERATE, high=_MODERATE, differentiate=differentiate)


def _targets(rows: bool) -> Iterator[Argument]:
    if rows:
        yield from (simplex(f"n {_OUT}", differentiate=False), integers("n", high=_OUT))
        yield integers("n 1", high=_OUT)
    else:
        yield real(f"{_OUT} n", low=0.0, high=1.0, differentiate=False)
        yield integers("n", high=_OUT)


def _length(
    function: Function, vector: str, given: Mapping[str, Any], beside: Mapping[str, Any]
) -> int:
    """The least length of a vector that fits; 0 where the function runs at none."""
    rng = np.random.default_rng(_SEED)
    values: dict[str, Any] = {}
    for name, argument in {**given, **beside}.items():
        values[name] = as_argument(argument).draw(rng, {"n": _ROWS}, "normal", values)
    numbers = rng.standard_normal(_MOST)
    runs = 0
    for length in range(1, _MOST + 1):
        try:
            answer = function(**values, **{vector: numbers[:length]})
        except Exception:
            continue
        runs = runs or length
        # Where a part is one number, it may be broadcast: of a gradient it is not.
        if any(np.size(part) == length for part in answer if isinstance(part, np.ndarray)):
            return length
    return runs
