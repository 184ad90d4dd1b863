"""What is planted: every mutant of one claim."""

from __future__ import annotations

import copy
import functools
import inspect
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.claims import Derivation, Identity, Rule
from gradcheck.source_edits import edits
from gradcheck.verdict import Measured

Function = Callable[..., Any]

#: By how much one entry is scaled: from what anybody would see to what the check promises.
_SCALES = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
#: The kind of such a mutant; the others bear the kinds of the source's edits.
SCALED = "scaled entry"


@dataclass(frozen=True)
class Mutant:
    """One planted bug: what was changed, where, and the claim with the bug in it.

    ``expression`` is the number of the side that was changed, for an identity.
    """

    kind: str
    line: int
    before: str
    after: str
    claim: Rule | Identity
    expression: int = 0


def mutants_of(claim: Rule | Identity) -> list[Mutant]:
    """Every mutant of a claim, always in the same order.

    Of a rule, and of the functions beside it in its file that it calls; of an identity, each of
    its expressions by itself, since a bug in what they share may leave them equal.
    """
    if isinstance(claim, Rule):
        found = [
            Mutant(edit.kind, edit.line, edit.before, edit.after, with_function(claim, function))
            for edit, function in _edited(claim.function)
        ]
        return found + list(_scaled_gradients(claim))
    found = []
    while of_next := list(_of_expression(claim, len({m.expression for m in found}))):
        found += of_next
    return found


def with_function(claim: Rule | Identity, function: Function) -> Rule | Identity:
    """The same claim about the same function, stated by another function."""
    if isinstance(claim, Identity):
        changed = copy.copy(claim)
        changed.function = function
        return changed
    where = None if claim.where is None else claim.where.function
    # The rules beside it stay what they are, so a derivation of its own.
    owner: Derivation = copy.copy(claim.derivation)
    wrt = () if claim.joint else claim.wrt
    rule = Rule(function, owner, claim.kind, wrt, where, register=False)
    owner.rules = [rule if other is claim else other for other in owner.rules]
    rule.file, rule.line = claim.file, claim.line
    return rule


def _edited(function: Function) -> Iterator[tuple[Any, Function]]:
    for edit in edits(function):
        yield edit, edit.function
    for name, helper in _beside(function).items():
        for edit in edits(helper):
            yield edit, _calling(function, {name: edit.function})


def _beside(function: Any) -> dict[str, Function]:
    """The plain functions of the same file that ``function`` calls by name."""
    if not isinstance(function, types.FunctionType):
        return {}
    found = {name: function.__globals__.get(name) for name in function.__code__.co_names}
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, types.FunctionType)
        and value.__code__.co_filename == function.__code__.co_filename
    }


def _calling(function: Any, instead: Mapping[str, Function]) -> Function:
    """``function`` with other functions under some names of its module."""
    made = types.FunctionType(
        function.__code__,
        {**function.__globals__, **instead},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    made.__kwdefaults__ = function.__kwdefaults__
    made.__module__ = function.__module__
    return made


def _scaled_gradients(rule: Rule) -> Iterator[Mutant]:
    """One entry of each gradient scaled, by a wrapper around the rule."""
    several = len(rule.wrt) > 1 and rule.kind in ("vjp", "gradient")
    for name in rule.wrt if several else rule.wrt[:1]:
        for scale in _SCALES:
            function = _scaling(rule, name if several else None, 1 + scale)
            text = f"one entry of the gradient for {name}" if several else "one entry"
            yield Mutant(
                SCALED,
                rule.line,
                f"{rule.name}: {text}",
                f"{text} × (1 + {scale:g})",
                with_function(rule, function),
            )


def _scaling(rule: Rule, name: str | None, factor: float) -> Function:
    original = rule.function
    signature = inspect.signature(original)

    @functools.wraps(original)
    def scaled(*args: Any, **kwargs: Any) -> Any:
        answer = original(*args, **kwargs)
        indices = [
            int(np.ravel(value)[-1]) if np.ndim(value) else int(value)
            for key, value in signature.bind(*args, **kwargs).arguments.items()
            if key in ("i", "j") and rule.kind in ("partial", "column", "row")
        ]
        # Of rules that are asked entry by entry, or row by row, those next to the corner.
        if sum(indices) > 1:
            return answer
        if name is None:
            return scale_one(answer, factor)
        names = rule.wrt if len(answer) == len(rule.wrt) else tuple(rule.derivation.arguments)
        parts = list(answer)
        parts[names.index(name)] = scale_one(parts[names.index(name)], factor)
        return tuple(parts)

    return scaled


def scale_one(answer: Any, factor: float) -> Any:
    """``answer`` with the entry in its middle multiplied by ``factor``."""
    if isinstance(answer, Measured):
        return Measured(scale_one(answer.value, factor), answer.error)
    if isinstance(answer, tuple | list):
        parts = list(answer)
        parts[:1] = [scale_one(part, factor) for part in parts[:1]]
        return type(answer)(parts) if type(answer) in (tuple, list) else answer
    if np.ndim(answer) == 0:
        return answer if answer is None else answer * factor
    array = np.array(answer, subok=True)
    if array.size and array.dtype.kind == "f":
        middle = np.unravel_index(array.size // 2, array.shape)
        array[middle] = array[middle] * factor
    return array


def _of_expression(identity: Identity, k: int) -> Iterator[Mutant]:
    """The mutants of one expression of a chain; none where there are not so many."""
    changed = edits(identity.function, expression=k)
    for edit in changed:
        claim = with_function(identity, edit.function)
        yield Mutant(edit.kind, edit.line, edit.before, edit.after, claim, k)
    for scale in _SCALES if changed else ():
        claim = with_function(identity, _scaling_side(identity.function, k, 1 + scale))
        text = f"one entry of expression {k + 1}"
        yield Mutant(
            SCALED,
            identity.line,
            f"{identity.name}: {text}",
            f"{text} × (1 + {scale:g})",
            claim,
            k,
        )


def _scaling_side(original: Function, k: int, factor: float) -> Function:
    @functools.wraps(original)
    def scaled(**values: Any) -> Any:
        sides = list(original(**values))
        sides[k] = scale_one(sides[k], factor)
        return tuple(sides)

    return scaled
