"""The bytes between the grader and a submission: fixed headers, then raw numbers.

A message is a head, a fixed record for each item, and the raw bytes of all items one after the
other. An item is an array, a piece of text, nothing (``None``), a list of numbers, or a tuple or
list, whose parts are the items that follow. So everything that a reader has to reserve memory for
is known, and bounded, before a byte of it is read; nothing is ever unpickled, evaluated or parsed
as numpy's own file format, whose headers are Python source.

Both ends use this module, and it needs numpy alone: it is mounted beside the submission.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: The first bytes of every message; the digit is the version.
MAGIC = b"GCW1"
#: Magic, what is said, the number of items, the number of the request, bytes after the records.
HEAD = struct.Struct("<4sBxHIQ")
#: The kind of an item, its number of axes, their sizes (or the number of parts), its bytes.
ITEM = struct.Struct("<BBxx8IQ")
MOST_AXES = 8
#: The length of an axis has 32 bits.
LONGEST_AXIS = 0xFFFF_FFFF
#: No message has more items: so many records fit into 16 bits.
MOST_ITEMS = 0xFFFF
#: The longest text of an item, in bytes.
LONGEST_TEXT = 2000
#: So many remarks of a submission about itself are sent, and kept.
MOST_REMARKS = 20
#: An answer may have so many times the bytes of a right one: one of a wrong shape is still looked
#: at, and named; what is larger is not taken in.
MOST_TIMES = 4
#: Lists in a tuple are the deepest that a rule returns: gradients, of which one is of a list.
_DEEPEST = 3

# What is said.
LOAD, CALL, READ, LOADED, ANSWERS = 1, 2, 3, 4, 5

_DTYPES = {1: "<f4", 2: "<f8", 3: "<i8", 4: "|b1"}
_KINDS = {np.dtype(dtype): kind for kind, dtype in _DTYPES.items()}
_NONE, _TUPLE, _LIST, _TEXT, _FAILURE, _LIMIT, _NUMBERS = 16, 17, 18, 19, 20, 21, 22
#: Of lists of lists of numbers, those of whole ones alone.
_WHOLE = 23
_LISTS = {_NUMBERS: "<f8", _WHOLE: "<i8"}
_TEXTS = (_TEXT, _FAILURE, _LIMIT)


class ProtocolError(Exception):
    """Bytes that are not what the protocol allows, or not what was asked for."""


@dataclass(frozen=True)
class Failure:
    """What there is instead of an answer, in words; nothing that is decided rests on them.

    ``limit`` says that memory ran out.
    """

    text: str
    limit: bool = False


@dataclass(frozen=True)
class Packed:
    """A value as it is sent: what becomes of its arrays afterwards does not change it."""

    records: list[bytes]
    bodies: list[bytes]

    @property
    def size(self) -> int:
        """The bytes that it takes of a message."""
        return sum(map(len, self.records)) + sum(map(len, self.bodies))


@dataclass(frozen=True)
class Head:
    """The head of a message: what is said, how many items, which request, how many bytes."""

    what: int
    items: int
    number: int
    size: int


@dataclass(frozen=True)
class Item:
    """The record of an item; ``sizes`` are those of its axes, or the number of its parts."""

    kind: int
    sizes: tuple[int, ...]
    size: int


def message(what: int, number: int, values: Sequence[Any]) -> bytes:
    """A message of some values: arrays, text, ``None``, ``Failure``, and tuples or lists of them.

    Raises ``ProtocolError`` for a value that has no place in a message.
    """
    records: list[bytes] = []
    bodies: list[bytes] = []
    for value in values:
        _put(value, records, bodies, 0)
    if len(records) > MOST_ITEMS:
        raise ProtocolError(f"{len(records)} arrays; at most {MOST_ITEMS} fit into a message")
    size = sum(map(len, bodies))
    return b"".join([HEAD.pack(MAGIC, what, len(records), number, size), *records, *bodies])


def packed(value: Any, most: float = math.inf) -> Packed:
    """A value by itself, to be put into a message; raises ``ProtocolError`` as ``message`` does.

    Of a tuple or list a part that has no place in one is a ``Failure``: the others may be right.
    So is an array of more than ``most`` bytes, of which no copy is made.
    """
    is_numbers = type(value) is list and _numbers_in(value) is not None
    if isinstance(value, tuple | list) and not is_numbers:
        kind = list if isinstance(value, list) else tuple
        value = kind(_alone(part, most) for part in value)
    return _packed(value, most)


def _alone(part: Any, most: float) -> Packed | Failure:
    try:
        return _packed(part, most, depth=1)
    except ProtocolError as error:
        return Failure(f"it returns {error}")


def _packed(value: Any, most: float, depth: int = 0) -> Packed:
    made = Packed([], [])
    _put(value, made.records, made.bodies, depth, most)
    return made


def _put(
    value: Any, records: list[bytes], bodies: list[bytes], depth: int, most: float = math.inf
) -> None:
    if depth > _DEEPEST:
        raise ProtocolError("lists within lists within lists")
    if isinstance(value, Packed):
        records += value.records
        bodies += value.bodies
    elif value is None:
        records.append(ITEM.pack(_NONE, 0, *[0] * MOST_AXES, 0))
    elif isinstance(value, str | Failure):
        if isinstance(value, str):
            kind, raw = _TEXT, value.encode("utf-8", "replace")
        else:
            kind = _LIMIT if value.limit else _FAILURE
            raw = value.text.encode("utf-8", "replace")[:LONGEST_TEXT]
        records.append(ITEM.pack(kind, 0, *[0] * MOST_AXES, len(raw)))
        bodies.append(raw)
    elif type(value) is list and (numbers := _numbers_in(value)) is not None:
        # A rule written in plain Python: a record for each would be most of the message.
        kind = _NUMBERS if numbers.dtype.kind == "f" else _WHOLE
        sizes = [*numbers.shape, *[0] * (MOST_AXES - numbers.ndim)]
        records.append(ITEM.pack(kind, numbers.ndim, *sizes, numbers.nbytes))
        bodies.append(numbers.tobytes())
    elif isinstance(value, tuple | list):
        kind = _TUPLE if isinstance(value, tuple) else _LIST
        records.append(ITEM.pack(kind, 1, len(value), *[0] * (MOST_AXES - 1), 0))
        for part in value:
            _put(part, records, bodies, depth + 1, most)
    else:
        array = _storable(value, most)
        kind = _KINDS[array.dtype]
        sizes = [*array.shape, *[0] * (MOST_AXES - array.ndim)]
        records.append(ITEM.pack(kind, array.ndim, *sizes, array.nbytes))
        bodies.append(array.tobytes())


def _numbers_in(values: list[Any]) -> np.ndarray | None:
    """The numbers of a list, or of lists of lists of one length; None where it holds others.

    A single list of whole numbers is none: these may be arrays without axes.
    """
    kinds, axes = _kinds(values)
    if not kinds <= {float, np.float64, int} or not 0 < axes <= MOST_AXES:
        return None
    if kinds == {int} and axes == 1:
        return None
    try:
        return np.array(values, dtype="<i8" if kinds == {int} else "<f8")
    except (ValueError, OverflowError):  # rows of several lengths, or too large
        return None


def _kinds(values: list[Any], depth: int = 1) -> tuple[set[type], int]:
    """The types of what stands in lists of lists, and how deep; 0 where that is not the same."""
    if depth > MOST_AXES:
        return set(), 0
    kinds = set(map(type, values))
    if kinds != {list}:
        return kinds, 0 if list in kinds or not kinds else depth
    parts = [_kinds(part, depth + 1) for part in values]
    depths = {axes for _, axes in parts}
    return set().union(*(found for found, _ in parts)), depths.pop() if len(depths) == 1 else 0


def _storable(value: Any, most: float) -> np.ndarray:
    """A value as an array of one of the four types that travel."""
    array = np.asarray(value)
    if array.size * min(array.itemsize, np.dtype(np.float64).itemsize) > most:
        raise ProtocolError(f"an array of shape {array.shape}, far more than was asked for")
    if array.ndim > MOST_AXES:
        raise ProtocolError(f"an array of {array.ndim} axes; at most {MOST_AXES} can be sent")
    if max(array.shape, default=0) > LONGEST_AXIS:
        raise ProtocolError(f"an array of shape {array.shape}; so long an axis cannot be sent")
    match array.dtype.kind:
        case "f":
            narrow = array.dtype.itemsize <= np.dtype(np.float32).itemsize
            return array.astype("<f4" if narrow else "<f8", copy=False)
        case "i" | "u":
            return array.astype("<i8", copy=False)
        case "b":
            return array.astype("|b1", copy=False)
    is_array = isinstance(value, np.ndarray | np.generic)
    what = (
        f"an array of dtype {array.dtype}"
        if is_array
        else f"a value of type {type(value).__name__}"
    )
    raise ProtocolError(f"{what}; real numbers were expected")


def head(raw: bytes) -> Head:
    """The head of a message; raises ``ProtocolError``."""
    magic, what, items, number, size = HEAD.unpack(raw)
    if magic != MAGIC:
        raise ProtocolError("the first bytes of the answer are not those of one")
    return Head(what, items, number, size)


def records(raw: bytes, top: Head) -> list[Item]:
    """The records of the items, held to each other and to the head; raises ``ProtocolError``."""
    items = []
    for kind, axes, *rest in ITEM.iter_unpack(raw):
        size = rest.pop()
        if axes > MOST_AXES:
            raise ProtocolError(f"an array of {axes} axes; at most {MOST_AXES} were expected")
        sizes = tuple(rest[:axes])
        if kind in _DTYPES:
            fits = size == math.prod(sizes) * np.dtype(_DTYPES[kind]).itemsize
        elif kind in _LISTS:
            fits = axes > 0 and size == math.prod(sizes) * np.dtype(_LISTS[kind]).itemsize
            fits = fits and all(sizes)
        elif kind in (_TUPLE, _LIST):
            fits = axes == 1 and size == 0 and sizes[0] <= top.items
        elif kind in (*_TEXTS, _NONE):
            fits = axes == 0 and size <= top.size
        else:
            raise ProtocolError(f"an array of the unknown type {kind}")
        if not fits:
            raise ProtocolError("an array whose number of bytes is not that of its shape")
        items.append(Item(kind, sizes, size))
    if sum(item.size for item in items) != top.size:
        raise ProtocolError("the arrays do not have as many bytes as the answer says")
    return items


def values(items: Sequence[Item], body: bytes | bytearray) -> list[Any]:
    """The values of a message whose records were accepted; arrays are plain, and copies."""
    number = at = 0

    def take(depth: int) -> Any:
        nonlocal number, at
        if number == len(items):
            raise ProtocolError("fewer arrays than the answer says")
        item = items[number]
        number += 1
        if item.kind in (_TUPLE, _LIST):
            if depth >= _DEEPEST:
                raise ProtocolError("lists within lists within lists")
            parts = [take(depth + 1) for _ in range(item.sizes[0])]
            return tuple(parts) if item.kind == _TUPLE else parts
        raw = bytes(body[at : at + item.size])
        at += item.size
        if item.kind == _NONE:
            return None
        if item.kind in _LISTS:
            return _listed(np.frombuffer(raw, _LISTS[item.kind]).reshape(item.sizes))
        if item.kind in _TEXTS:
            text = raw.decode("utf-8", "replace")
            return text if item.kind == _TEXT else Failure(text, item.kind == _LIMIT)
        return _array(item, raw)

    found = []
    while number < len(items):
        found.append(take(0))
    return found


def _listed(numbers: np.ndarray) -> list[Any]:
    return list(numbers) if numbers.ndim == 1 else [_listed(part) for part in numbers]


def _array(item: Item, raw: bytes) -> Any:
    dtype = np.dtype(_DTYPES[item.kind])
    if dtype.kind == "b":  # a byte that is neither 0 nor 1 is no truth value of numpy's
        flat: Any = np.frombuffer(raw, np.uint8) != 0
    else:
        flat = np.frombuffer(raw, dtype).copy()
    try:
        array = flat.reshape(item.sizes)
    except ValueError:  # no numbers at all, and more of them than numpy can count
        raise ProtocolError("an array of an impossible shape") from None
    return array if array.ndim else array[()]
