"""A formula that runs with something more in one of its places, before that is written there.

To compile an edit takes longer than to run most formulas: one that is compiled once, with a hook in
each place, is run with one value after another instead, and what comes of them decides what is
worth an edit.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import itertools
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck.missing_parts import Form, Quantity, at_hand, insertable
from gradcheck.source_trees import Edit, Function, Place, Source

#: The hook in the source, where a constant stands that is no other's.
_HOOK = "gradcheck: the hook of a place"
#: Larger arrays are not looked at.
_LARGEST = 4096
#: So many expressions are multiplied and divided by each other, and edits written of what is found.
MOST_IN_PAIRS, _MOST_WRITTEN = 16, 12


#: What is made of a value, in the frame in which it stands.
Change = Callable[[Any, types.FrameType], Any]


@dataclass
class Seen:
    """What a run showed of a place: how often it was reached, its value, those at hand there."""

    times: int = 0
    value: Any = None
    held: dict[str, Any] = field(default_factory=dict)


class Trial:
    """A function with hooks in its places.

    ``function`` computes the same, but for the place for which there is a ``change``: what that
    makes of a value and of the frame in which it stands takes its place.
    """

    def __init__(
        self,
        function: Function,
        beside: Sequence[str] = (),
        nested: bool = False,
        expression: int | None = None,
        numbers: Sequence[str] = (),
    ) -> None:
        """``numbers`` are those of another function that may be missing in this one.

        Raises ``LookupError`` and the like where the source is not at hand.
        """
        self.source = source = Source.of(function, beside)
        self.places = insertable(source, expression, nested=nested)
        self.texts = [[*at_hand(source, place), *numbers] for place in self.places]
        self.seen: list[Seen] = []
        self._watching = False
        self._place = -1
        self._change: Change = lambda value, frame: value
        hooked = [self._hooked(number, place) for number, place in enumerate(self.places)]
        for place, call in zip(self.places, hooked, strict=True):
            place.put(call)
        try:
            made: Any = source.compiled()
        finally:
            for place in self.places:
                place.put(place.node)
        made.__code__ = _with_constant(made.__code__, _HOOK, self._hook)
        self.function: Function = made

    @staticmethod
    def _hooked(number: int, place: Place) -> ast.Call:
        node: Any = place.node
        call = ast.Call(ast.Constant(_HOOK), [ast.Constant(number), node], [])
        for part in (call, call.func, call.args[0]):
            ast.copy_location(part, node)
        return call

    def _hook(self, number: int, value: Any) -> Any:
        if self._watching:
            self._look(number, value)
        if number == self._place:
            return self._change(value, sys._getframe(1))
        return value

    def _look(self, number: int, value: Any) -> None:
        seen = self.seen[number]
        seen.times += 1
        if seen.times == 1:
            frame = sys._getframe(2)
            seen.value = _number(value)
            held = {text: self.value_of(text, frame) for text in self.texts[number]}
            seen.held = {text: value for text, value in held.items() if value is not None}

    @staticmethod
    def value_of(text: str, frame: types.FrameType) -> Any:
        """A copy of what an expression is in a frame; None where it is no number there."""
        try:
            if text.isidentifier():
                return _number(frame.f_locals[text])
            return _number(eval(_compiled(text), frame.f_globals, frame.f_locals))
        except Exception:
            return None

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Inside of it what happens in the places is seen."""
        self.seen = [Seen() for _ in self.places]
        self._watching = True
        try:
            yield
        finally:
            self._watching = False

    @contextlib.contextmanager
    def changing(self, number: int, change: Change) -> Iterator[None]:
        """Inside of it the function computes with what a change makes of one place."""
        self._place, self._change = number, change
        try:
            yield
        finally:
            self._place = -1

    def running_with(
        self,
        number: int,
        quantities: Sequence[Quantity],
        is_right: Callable[[], bool],
        *,
        wider: bool = False,
    ) -> Iterator[Candidate]:
        """What makes a function be right as it runs with it in a place, by what ``is_right`` says.

        What leaves the shape of the value as it is, or what spreads it over ``wider`` ones.
        """
        seen = self.seen[number]
        shape = np.shape(seen.value)
        for quantity, others, value in values_of(quantities, seen.held):
            if wider is fits(np.shape(value), shape):
                continue
            for operator in quantity.operators:
                form = quantity.forms(operator, leads=False)[0]
                if self._runs_right(number, form, others, is_right):
                    yield from candidates(
                        number, quantity, operator, others, np.shape(value), seen.value
                    )

    def running_in(
        self, number: int, forms: Sequence[Form], is_right: Callable[[], bool]
    ) -> Iterator[Candidate]:
        """The forms that are right in a place as the function runs with them."""
        value = self.seen[number].value
        for form in forms:
            if form.kind == "sum" and np.ndim(value) < 1 + ("axis=-1" in form.text):
                continue  # along its only axis that is the sum along the first
            if self._runs_right(number, form, (), is_right):
                yield Candidate(number, form, ())

    def _runs_right(
        self, number: int, form: Form, others: tuple[str, ...], is_right: Callable[[], bool]
    ) -> bool:
        seen = self.seen[number]
        change = self._filled(form, others)
        if seen.times == 1:
            try:
                made = form.made(seen.value, *(seen.held[text] for text in others))
            except Exception:
                return False
            change = _always(made)
        with self.changing(number, change):
            return is_right()

    def _filled(self, form: Form, others: Sequence[str]) -> Change:
        """The change that a form makes of a value, wherever the place is reached."""

        def change(value: Any, frame: types.FrameType) -> Any:
            return form.made(value, *(self.value_of(text, frame) for text in others))

        return change

    def edits(self, found: Iterable[Candidate]) -> Iterator[Edit]:
        """The edits that write candidates into their places, those that take least to write."""
        for one in sorted(found, key=self._rank)[:_MOST_WRITTEN]:
            with contextlib.suppress(SyntaxError, ValueError, LookupError, RecursionError):
                yield self.source.edit(self.places[one.number], one.form.kind, self._written(one))

    def _written(self, one: Candidate) -> ast.expr:
        node: Any = self.places[one.number].node
        return one.form.around(node, one.others, self.source.scope.numpy)

    def _rank(self, one: Candidate) -> tuple[bool, int, bool, bool]:
        """What is spread over more axes comes last, then what takes more to write, with brackets.

        Numbers stand in front, and of a fraction what is missing stands above the line.
        """
        place = self.places[one.number]
        place.put(self._written(one))
        try:
            length = len(ast.unparse(place.parent))
        finally:
            place.put(place.node)
        longer = length - len(ast.unparse(place.parent))
        is_fraction = isinstance(place.node, ast.BinOp) and isinstance(place.node.op, ast.Div)
        return one.is_spread, longer, not one.leads, is_fraction


def _always(made: Any) -> Change:
    """The change into what is the same each time."""
    return lambda value, frame: made


@functools.lru_cache(maxsize=1024)
def _compiled(text: str) -> types.CodeType:
    return compile(text, "<at hand>", "eval")


def _number(value: Any) -> Any:
    """A copy of a real number or a small array of them; None of anything else."""
    if isinstance(value, bool | np.bool_ | int | float | np.generic):
        return value if np.asarray(value).dtype.kind in "fiub" else None
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub" and value.size <= _LARGEST:
        return value.copy()
    return None


@dataclass(frozen=True)
class Candidate:
    """What seems to mend a rule: a form in a place.

    Whether it is spread over more axes, and whether what is missing leads.
    """

    number: int
    form: Form
    others: tuple[str, ...]
    is_spread: bool = False
    leads: bool = False


def candidates(
    number: int,
    quantity: Quantity,
    operator: str,
    others: tuple[str, ...],
    shape: tuple[int, ...],
    value: Any,
) -> Iterator[Candidate]:
    """Those of a quantity behind an operator, spread over more axes last."""
    spread = shape not in ((), np.shape(value))
    # Numbers stand before arrays.
    leads = quantity.is_multiple or (not shape and np.ndim(value) > 0)
    for form in quantity.forms(operator, leads=leads):
        yield Candidate(number, form, others, spread, leads=not form.text.startswith("e_"))


def values_of(
    quantities: Sequence[Quantity], held: Mapping[str, Any]
) -> Iterator[tuple[Quantity, tuple[str, ...], Any]]:
    """The values of quantities of what is at hand, where they have one."""
    names = [text for text in held if not text[0].isdigit()]
    few = [text for text in names if "(" not in text or text.startswith("len(")][:MOST_IN_PAIRS]
    for quantity in quantities:
        pairs = quantity.others == len("ab")
        for others in itertools.product(few if pairs else held, repeat=quantity.others):
            if quantity.is_symmetric and others[1] < others[0]:
                continue
            try:
                yield quantity, others, quantity.made(None, *(held[text] for text in others))
            except Exception:
                continue


def fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether an array of a shape is spread over a whole one, which keeps its shape."""
    pairs = zip(reversed(shape), reversed(whole), strict=False)
    return len(shape) <= len(whole) and all(one in (1, size) for one, size in pairs)


def _with_constant(code: types.CodeType, text: str, value: Any) -> types.CodeType:
    """The code with another constant in the place of a text."""
    constants = tuple(
        _with_constant(constant, text, value)
        if isinstance(constant, types.CodeType)
        else (value if isinstance(constant, str) and constant == text else constant)
        for constant in code.co_consts
    )
    return code.replace(co_consts=constants)
