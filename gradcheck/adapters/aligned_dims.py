"""Dims of plain functions that no name settles: what numpy says that has to be equal.

Every axis begins with a size of its own. Where the function raises, the sizes in the message tell
which two axes are one, until it runs: then what is equal has to be, and the rest need not. How many
axes an array has is told by how the function uses it, or tried.
"""

from __future__ import annotations

import ast
import copy
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.adapters.by_name import outer_forms
from gradcheck.adapters.inputs import forward_function
from gradcheck.adapters.landing import returned_names
from gradcheck.adapters.searched_dims import has_constructor, runs
from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.style import Style
from gradcheck.adapters.words import (
    gradient_names,
    is_bias,
    is_data,
    is_gain,
    is_index,
    is_length,
    is_mask,
    is_target,
    is_weight,
)
from gradcheck.arguments import boolean, integers, real

#: So far apart that a sum with one, and a difference, is told from the others.
_SIZES = tuple(range(5, 64, 3))
_NAMES = ("n", "d", "m", "h", "k", "c", "p", "q", "r", "s", "t", "u", "v", "w", "l")
#: Of what these give, an axis is told, and not of what they are given.
_MORE_AXES = ("expand_dims", "stack", "concatenate", "append", "insert", "repeat")
#: The axes of images.
_IMAGE = 4
#: So many arrays, of so many axes in all, are aligned; so many guesses of their axes are made.
_MOST_ARRAYS, _MOST_GUESSES = 12, 256
#: The axes of an array: whether each has a size, or is of length one.
_Form = tuple[bool, ...]
_VECTORS: list[_Form] = [(True,), (True, True), (True, False), (False, True)]
_MATRICES: list[_Form] = [(True, True), (True,)]
#: Of what is no parameter: also of sequences.
_ARRAYS: list[_Form] = [*_MATRICES, (True, True, True)]
_GAINS: list[_Form] = [(True,), (), (True, True)]
_BIASES: list[_Form] = [(True,), (False, True), (True, False), (False, False), (), (True, True)]
_WANTS_LABELS = re.compile("arrays used as indices|out of bounds|only integers|an integer array")
_BEYOND = re.compile(r"out of bounds for axis \d+ with size (\d+)")
_SHAPE = re.compile(r"\((\d+(?:, ?\d+)*),?\)")
_PAIRS = (
    re.compile(r"\(size (\d+) is different from (\d+)\)"),
    re.compile(r": (\d+) \(dim \d\) != (\d+) \(dim \d\)"),
    re.compile(r"has size (\d+) and the array at index \d+ has size (\d+)"),
)


def ways(
    style: Style, wanted: Sequence[str], beside: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """What the inputs of a plain function may be, each at dims at which it runs."""
    if has_constructor(style, wanted) or not 1 < len(wanted) <= _MOST_ARRAYS:
        return
    used = _used(style, wanted)
    choices = [used.forms(name) for name in wanted]
    for most in range(max(map(len, choices)), 0, -1):
        if math.prod(min(most, len(one)) for one in choices) <= _MOST_GUESSES:
            break
    guesses = sorted(
        itertools.product(*(list(enumerate(one[:most])) for one in choices)),
        key=lambda guess: sum(rank for rank, _ in guess),
    )
    seen: list[dict[str, Any]] = []
    for guess in guesses:
        forms = dict(zip(wanted, (form for _, form in guess), strict=True))
        few = sum(map(sum, forms.values())) <= len(_NAMES)
        way = _aligned(style, forms, used, beside) if few else None
        if way is not None and way not in seen:
            seen.append(way)
            yield way
            if (equal := _of_one_size(way)) is not None:
                yield equal
            if style.backward is None or style.kind == "of inputs":
                # Gradients without names are those of what is learned.
                yield {name: _fixed(one) if is_data(name) else one for name, one in way.items()}


def told(style: Style, wanted: Sequence[str]) -> bool:
    """Whether a function says of each of its arrays but a bias how many axes it has."""
    return {name for name in wanted if not is_bias(name)} <= set(_used(style, wanted).exact)


def _used(style: Style, wanted: Sequence[str]) -> _Use:
    used = _Use.of(forward_function(style), wanted)
    used.exact |= {n: k for n, k in _Use.of(style.source, wanted).exact.items() if n in wanted}
    used.numbers = style.backward is None or style.kind == "of inputs"
    # What has a gradient is no target, though it is called y.
    returned = set(returned_names(style.source)) if style.kind == "vjp" and style.source else set()
    given = [name for name in used.targets if not returned.isdisjoint(gradient_names(name))]
    used.targets = [name for name in used.targets if name not in given or is_index(name)]
    return used


class _Plain(ast.NodeTransformer):
    """``self.W`` as ``W``, where an object is made of an array of that name."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """An attribute of the object that an array is kept in."""
        self.generic_visit(node)
        own = isinstance(node.value, ast.Name) and node.value.id == "self"
        return ast.Name(node.attr, node.ctx) if own and node.attr in self.names else node


@dataclass
class _Use:
    """How a function uses its arrays: how many axes they have, and what indexes what."""

    exact: dict[str, int] = field(default_factory=dict)
    least: dict[str, int] = field(default_factory=dict)
    #: The axes of variables of the module, which says of what sizes it makes them.
    made: Mapping[str, _Form] = field(default_factory=dict)
    #: Of an array of indices: the array that it is an index of, and along which axis.
    indexed: dict[str, tuple[str, int]] = field(default_factory=dict)
    #: All that it is an index of: those axes are as long.
    shared: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    #: By a letter of an einsum: the axes that have it.
    letters: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    #: Whether a bias may be one number: that of a cost, and not one whose rule sums over too much.
    numbers: bool = True
    #: Masks and targets, which are not differentiated.
    masks: list[str] = field(default_factory=list)
    targets: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, function: Any, names: Sequence[str]) -> _Use:
        """What the source of a function tells of some of its arguments."""
        found = cls(
            made=outer_forms(function),
            targets=[name for name in names if is_target(name) or is_index(name)],
        )
        found.masks = [name for name in names if is_mask(name)]
        if len(found.masks) > 1 and "R" in found.masks:
            found.masks.remove("R")  # ratings, and beside them which of them there are
            found.targets.append("R")
        for node in ast.walk(_Plain(names).visit(copy.deepcopy(tree_of(function)))):
            match node:
                case ast.Assign(
                    targets=[ast.Tuple(elts=parts)],
                    value=ast.Attribute(value=ast.Name(id=name), attr="shape"),
                ) if name in names:
                    found.exact[name] = len(parts)
                case ast.Subscript(
                    value=ast.Attribute(value=ast.Name(id=name), attr="shape"),
                    slice=ast.Constant(value=int() as axis),
                ) if name in names and axis >= 0:
                    found._at_least(name, axis + 1)
                case ast.Subscript(value=ast.Name(id=name), slice=index) if name in names:
                    found._index(name, index, names)
                case ast.Call(
                    func=ast.Attribute(attr="einsum") | ast.Name(id="einsum"),
                    args=[ast.Constant(value=str() as subscripts), *operands],
                ):
                    found._einsum(subscripts, operands, names)
                case ast.Call(func=called, args=given, keywords=keywords):
                    found._along(called, given, keywords, names)
        return found

    def _along(
        self,
        called: ast.expr,
        given: Sequence[ast.expr],
        keywords: Sequence[ast.keyword],
        names: Sequence[str],
    ) -> None:
        """An array that is summed along some axes has these: ``x.mean(axis=(2, 3))``."""
        if getattr(called, "attr", "") in _MORE_AXES:
            return
        arrays = [*given[:1], *([called.value] if isinstance(called, ast.Attribute) else [])]
        name = next((a.id for a in arrays if isinstance(a, ast.Name) and a.id in names), "")
        axis = next((word.value for word in keywords if word.arg == "axis"), None)
        numbers = [n.value for n in ast.walk(axis or ast.Pass()) if isinstance(n, ast.Constant)]
        whole = [number for number in numbers if type(number) is int]
        if name and whole:
            self._at_least(name, max(whole) + 1)

    def _einsum(self, subscripts: str, operands: Sequence[ast.expr], names: Sequence[str]) -> None:
        """What letters say: how many axes an array has, and which of them are as long."""
        given = subscripts.partition("->")[0].replace(" ", "").split(",")
        for letters, operand in zip(given, operands, strict=False):
            if isinstance(operand, ast.Name) and operand.id in names and letters.isalpha():
                self.exact.setdefault(operand.id, len(letters))
                for axis, letter in enumerate(letters):
                    key = f"{subscripts}:{letter}"
                    self.letters.setdefault(key, []).append((operand.id, axis))

    def _index(self, name: str, index: ast.expr, names: Sequence[str]) -> None:
        parts = index.elts if isinstance(index, ast.Tuple) else [index]
        axis = 0
        for part in parts:
            if isinstance(part, ast.Constant) and part.value is None:
                continue
            inside = part.value if isinstance(part, ast.Subscript) else part
            if isinstance(inside, ast.Name) and inside.id in names:
                self.indexed.setdefault(inside.id, (name, axis))
                self.shared.setdefault(inside.id, []).append((name, axis))
            axis += 1
        self._at_least(name, axis)

    def within(self, forms: Mapping[str, _Form]) -> _Use:
        """What is told of arrays of such axes: of those with fewer than are indexed, nothing."""
        has = {
            n: [(name, axis) for name, axis in found if axis < len(forms[name]) == sum(forms[name])]
            for n, found in self.shared.items()
        }
        shared = {n: found for n, found in has.items() if found}
        return replace(self, shared=shared, indexed={n: found[0] for n, found in shared.items()})

    def _at_least(self, name: str, axes: int) -> None:
        self.least[name] = max(axes, self.least.get(name, 0))

    def forms(self, name: str) -> list[_Form]:
        """What axes an array may have, the likeliest first."""
        if name in self.made:
            return [self.made[name]]
        if name in self.exact:
            return [(True,) * self.exact[name]]
        least = self.least.get(name, 0)
        usual = _MATRICES if is_weight(name) or name[:1].isupper() else _ARRAYS
        if is_length(name):
            return [(True,)]
        if is_bias(name) or name.endswith("0"):
            usual = _BIASES
        elif is_gain(name):
            usual = _GAINS
        elif name in self.indexed or is_index(name):
            # One alone: the number of a word.
            usual = [(True,), (), (True, True)] if is_index(name) else _VECTORS[:2]
        elif (name in self.targets and name.islower()) or name[0] in "bvt":
            usual = _VECTORS
        if not self.numbers and len(usual) > 1:
            usual = [axes for axes in usual if any(axes) or usual is not _BIASES]
        found = [axes for axes in usual if len(axes) >= least] or [(True,) * least]
        return [*found, (True,) * _IMAGE] if len(found[-1]) + 1 == _IMAGE <= least + 1 else found


class _Axes:
    """The axes of some arrays, each a size with a number added, and which sizes are one."""

    def __init__(self, forms: Mapping[str, _Form]) -> None:
        numbers = itertools.count()
        self.forms = forms
        self.of = {name: [(next(numbers), 0) for _ in range(sum(f))] for name, f in forms.items()}
        #: Sizes that are the sum of two others, as of arrays that are put beside each other.
        self.sums: dict[int, tuple[int, int]] = {}

    def sizes(self) -> dict[int, tuple[int, int]]:
        """The axes by how long they are."""
        return {self.size(axis): axis for axes in self.of.values() for axis in axes}

    def size(self, axis: tuple[int, int]) -> int:
        """How long an axis is."""
        number, more = axis
        parts = self.sums.get(number, (number,))
        return sum(_SIZES[one] for one in parts) + more

    def unite(self, one: int, other: int) -> bool:
        """Make axes of two sizes, or of what is one more or less, the same; whether it changed."""
        first, second = self._near(one), self._near(other)
        if first is None or second is None or first[0] == second[0]:
            return self._add_up(one, other) or self._add_up(other, one)
        (gone, more), (kept, added) = first, second
        if gone < kept:
            (gone, more), (kept, added) = (kept, added), (gone, more)
        if gone in self.sums or kept in self.sums:
            return False
        for axes in self.of.values():
            axes[:] = [(kept, a + added - more) if n == gone else (n, a) for n, a in axes]
        for number, parts in self.sums.items():
            a, b = (kept if part == gone else part for part in parts)
            self.sums[number] = (a, b)
        return True

    def _add_up(self, one: int, other: int) -> bool:
        """Make an axis of one size as long as two last axes together that have the other."""
        number = self.sizes().get(one, (-1, 0))[0]
        lasts = dict.fromkeys(axes[-1] for axes in self.of.values() if axes)
        plain = [n for n, more in lasts if not more and n not in self.sums and n != number]
        pairs = itertools.combinations_with_replacement(plain, 2)
        found = next((pair for pair in pairs if self._size_of(pair) == other), None)
        used = {part for parts in self.sums.values() for part in parts}
        if found is None or number < 0 or number in used or number in self.sums:
            return False
        self.sums[number] = found
        return True

    @staticmethod
    def _size_of(numbers: tuple[int, ...]) -> int:
        return sum(_SIZES[one] for one in numbers)

    def _near(self, size: int) -> tuple[int, int] | None:
        """What is as long as something in a message: an axis, or one without its first entry."""
        known = self.sizes()
        for more in (0, 1, -1):
            if size + more in known:
                number, added = known[size + more]
                return number, added - more
        return None

    def dims(self, name: str) -> str:
        """The dims of an array."""
        named, least = self._named()
        found = [(named[n], more - least[n]) for n, more in self.of[name]]
        texts = iter(f"{text}+{more}" if more else text for text, more in found)
        return " ".join(next(texts) if sized else "1" for sized in self.forms[name])

    def bindings(self) -> dict[str, int]:
        """The sizes by the names that the dims have."""
        named, least = self._named()
        return {text: _SIZES[n] + least[n] for n, text in named.items() if n not in self.sums}

    def _named(self) -> tuple[dict[int, str], dict[int, int]]:
        """What each size is called, and the least that is added to it."""
        every = [axis for axes in self.of.values() for axis in axes]
        own = dict.fromkeys(number for number, _ in every if number not in self.sums)
        named = dict(zip(own, _NAMES, strict=False))
        # Whatever has an offset cannot be added up as it is.
        named |= {n: f"{named[a]}+{named[b]}" for n, (a, b) in self.sums.items()}
        return named, {n: min(more for one, more in every if one == n) for n in named}


def _aligned(
    style: Style, forms: Mapping[str, _Form], used: _Use, beside: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What the inputs are where it runs, with arrays of such axes; None where it never does."""
    axes = _Axes(forms)
    used = used.within(forms)
    for together in (*used.shared.values(), *used.letters.values()):
        first, *others = (axes.of[name][axis] for name, axis in together)
        for other in others:
            axes.unite(axes.size(first), axes.size(other))
    labelled = _labelled(forms, used)
    if any(is_index(name) and name not in used.indexed for name in forms):
        used = replace(used, indexed=next(labelled, used.indexed))
    while True:
        way = {name: _given(name, axes, used) for name in forms}
        answer = runs(style, way, beside, axes.bindings())
        if not isinstance(answer, Exception):
            return way if answer else None
        if isinstance(answer, IndexError) and _counts_too_far(style, way, beside, axes, used):
            continue
        if isinstance(answer, IndexError) and _WANTS_LABELS.search(str(answer)):
            # Targets are labels, below the number of something.
            found = next(labelled, None)
            if found is None:
                return None
            used = replace(used, indexed=found)
            if not all(all(forms[name]) for name in found):
                return None  # labels are no rows and no columns
        elif not any(axes.unite(*pair) for pair in _told(str(answer), axes)):
            return None


def _counts_too_far(
    style: Style, way: Mapping[str, Any], beside: Mapping[str, Any], axes: _Axes, used: _Use
) -> bool:
    """Whether there are more labels than rows, whatever they are; they are made as many.

    As with ``x[np.arange(len(y)), y]``.
    """
    labels = [name for name in axes.forms if name in used.indexed and axes.of[name]]
    first = {name: integers(axes.dims(name), high=1) for name in labels}
    told = _BEYOND.search(str(runs(style, {**way, **first}, beside, axes.bindings())))
    if told is None:
        return False
    changed = [axes.unite(axes.size(axes.of[name][0]), int(told[1])) for name in labels]
    return any(changed)


def _fixed(given: Any) -> Any:
    return real(given, differentiate=False) if isinstance(given, str) else given


def _labelled(forms: Mapping[str, _Form], used: _Use) -> Iterator[dict[str, tuple[str, int]]]:
    """The targets as indices along some axis, that of what comes last first."""
    targets = [name for name in used.targets if name != "R" and name not in used.indexed]
    for array in reversed([name for name in forms if name not in used.targets] if targets else []):
        for axis in reversed(range(len(forms[array]))):
            yield used.indexed | dict.fromkeys(targets, (array, axis))


def _given(name: str, axes: _Axes, used: _Use) -> Any:
    dims = axes.dims(name)
    if name in used.indexed:
        array, axis = used.indexed[name]
        return integers(dims, high=axes.dims(array).split()[axis])
    if name in used.masks:
        return boolean(dims)
    long = [axes.dims(n).split() for n in axes.forms if sum(axes.forms[n]) > len(("n", "d"))]
    if is_length(name) and long:
        return integers(dims, low=1, high=f"{long[0][1]}+1")  # at least one step
    if name in used.targets:
        return real(dims, differentiate=False)
    return dims or real()


def _of_one_size(way: Mapping[str, Any]) -> dict[str, Any] | None:
    """With arrays that are put beside each other as wide as each other; None where none are."""
    sums = [re.findall(r"\b([a-z])\+([a-z])\b", d) for d in way.values() if isinstance(d, str)]
    pairs = [pair for found in sums for pair in found if pair[0] != pair[1]]
    if not pairs or not all(isinstance(dims, str) for dims in way.values()):
        return None
    (one, other), *_ = pairs
    same = {n: re.sub(rf"\b{other}\b", one, dims) for n, dims in way.items()}
    return {n: dims.replace(f"{one}+{one}", f"2*{one}") for n, dims in same.items()}


def _reshaped(message: str, axes: _Axes) -> Iterator[tuple[int, int]]:
    """The axes of an array, and those that it is to be given, without those of length one."""
    size, *into = map(int, re.findall(r"\d+", message))
    longer = [one for one in into if one != 1]
    for own in axes.of.values():
        sizes = [axes.size(axis) for axis in own]
        if math.prod(sizes) == size and len(sizes) == len(longer) and len(sizes) > 0:
            yield from zip(sizes, longer, strict=True)


def _told(message: str, axes: _Axes) -> Iterator[tuple[int, int]]:
    """The pairs of sizes that a message says have to be equal."""
    for pattern in _PAIRS:
        for one, other in pattern.findall(message):
            yield int(one), int(other)
    if "cannot reshape" in message:
        yield from _reshaped(message, axes)
        return
    text = re.sub(r"\([^()]*\)->", "", message).replace("newaxis", "1")
    shapes = [[int(size) for size in found.split(",")] for found in _SHAPE.findall(text)]
    if "broadcast" in message and len(shapes) > 1:
        for first, second in reversed(list(itertools.combinations(shapes, 2))):
            for one, other in zip(reversed(first), reversed(second), strict=False):
                if one != other and 1 not in (one, other):
                    yield one, other
    known = dict.fromkeys(int(n) for n in re.findall(r"\d+", message) if int(n) in axes.sizes())
    if len(known) == 2:
        one, other = known
        yield one, other
