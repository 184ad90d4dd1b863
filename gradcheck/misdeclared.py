"""Inputs that are declared as what the function cannot take: dims in another order, no integers.

A function that raises is called again with one input of other dims, or as integers; what it then
runs with is named, and judges nothing.
"""

from __future__ import annotations

import contextlib
import copy
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.arguments import Real
from gradcheck.claims import Derivation, Identity, Rule
from gradcheck.dims import Bindings, parse
from gradcheck.hints import Said, said
from gradcheck.time_limit import TimeUp, limited

#: Sizes that differ from each other, the least first, and another order of them.
_LEAST, _TURN = 3, 2
_SEED = 3
#: So long it is looked for, should the function not end.
_SECONDS = 5.0
#: More orders of axes are not tried.
_MOST_AXES = 4


def misdeclared(claim: Rule | Identity) -> Said | None:
    """The input whose declaration does not fit a function that raises; None where none is known."""
    if not isinstance(claim, Rule) or not _names(claim.derivation):
        return None
    owner = claim.derivation
    with contextlib.suppress(TimeUp), limited(_SECONDS):
        return _as_integers(owner) or _in_another_order(owner)
    return None


def _names(owner: Derivation) -> list[str]:
    dims = [one.dims for one in owner.arguments.values() if one.dims is not None]
    return list(dict.fromkeys(name for shape in dims for name in shape.names))


def _sizes(owner: Derivation) -> Iterator[Bindings]:
    """Two bindings of sizes that all differ."""
    names = _names(owner)
    for turned in (names, names[_TURN % len(names) :] + names[: _TURN % len(names)]):
        yield {name: _LEAST + k for k, name in enumerate(turned)}


def _drawn(owner: Derivation, bindings: Bindings) -> dict[str, Any]:
    rng, drawn = np.random.default_rng(_SEED), dict[str, Any]()
    for name, argument in owner.arguments.items():
        drawn[name] = argument.draw(rng, bindings, "normal", drawn)
    return drawn


def _runs(owner: Derivation, changed: Mapping[str, Any], bindings: Bindings) -> bool:
    """Whether the function answers where some inputs are declared, or given, as others."""
    try:
        values = _drawn(owner, bindings)
        for name, other in changed.items():
            if isinstance(other, str):
                rng = np.random.default_rng(_SEED)
                other = rng.standard_normal(parse(other).sizes(bindings))
            values[name] = other
        with np.errstate(all="ignore"):
            owner.function(**copy.deepcopy(values))
    except Exception:
        return False
    return True


def _plain(owner: Derivation) -> dict[str, Real]:
    """The inputs of real numbers with axes that all have names."""
    return {
        name: one
        for name, one in owner.arguments.items()
        if type(one) is Real and one.shape.axes and one.shape.variadic is None
    }


def _in_another_order(owner: Derivation) -> Said | None:
    """One input whose axes are in another order in the function."""
    for name, one in _plain(owner).items():
        axes = [axis.text for axis in one.shape.axes]
        if not 1 < len(axes) <= _MOST_AXES:
            continue
        for order in itertools.permutations(axes):
            text = " ".join(order)
            if order != tuple(axes) and all(_runs(owner, {name: text}, b) for b in _sizes(owner)):
                return said(
                    'the declared dims do not fit {function}: {name} is declared "{dims}", with '
                    "which it raises where sizes differ; it runs with {name} = {other}",
                    '声明的维度与 {function} 不符：{name} 声明为 "{dims}"，'
                    "各尺寸不同时函数抛出异常；用 {name} = {other} 则可以运行",
                    function=owner.name, name=name, dims=one.shape.text, other=f'"{text}"',
                )  # fmt: skip
    return None


def _as_integers(owner: Derivation) -> Said | None:
    """One input that the function takes integers for, such as indices."""
    bindings = next(_sizes(owner))
    for name, one in _plain(owner).items():
        shape = one.shape.sizes(bindings)
        if _runs(owner, {}, bindings) or not _runs(owner, {name: _filled(shape, 0)}, bindings):
            continue
        sizes = ((n, size) for n, size in bindings.items() if isinstance(size, int))
        high = next((n for n, size in sizes if _ends(owner, name, size)), "…")
        text = one.shape.text
        remedy = f'{name}=integers("{text}", high="{high}")'
        if any(other.shape.text == text for n, other in _plain(owner).items() if n != name):
            remedy += f', or {name}=boolean("{text}") for a mask'
        return said(
            "{function} takes integers for {name}, which is declared as real numbers; declare "
            "{remedy}",
            "{function} 的 {name} 需要整数，却声明为实数；请声明 {remedy}",
            function=owner.name, name=name, remedy=remedy,
        )  # fmt: skip
    return None


def _filled(shape: tuple[int, ...], value: int) -> Any:
    return np.full(shape, value, dtype=np.int64)


def _ends(owner: Derivation, name: str, size: int) -> bool:
    """Whether integers may be as large as the last one below a size, and no larger."""
    bindings = next(_sizes(owner))
    argument = owner.arguments[name]
    assert isinstance(argument, Real)
    shape = argument.shape.sizes(bindings)
    last, beyond = (_filled(shape, value) for value in (size - 1, size))
    return _runs(owner, {name: last}, bindings) and not _runs(owner, {name: beyond}, bindings)
