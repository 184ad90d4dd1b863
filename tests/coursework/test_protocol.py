"""Bytes that come back: what is allowed is exact, all else is refused before memory is taken."""

import struct
from collections import namedtuple

import numpy as np
import pytest

from gradcheck.coursework import protocol
from gradcheck.coursework.protocol import HEAD, ITEM, Failure, ProtocolError


def there_and_back(values):
    raw = protocol.message(protocol.ANSWERS, 7, values)
    top = protocol.head(raw[: HEAD.size])
    end = HEAD.size + top.items * ITEM.size
    assert len(raw) == end + top.size
    return protocol.values(protocol.records(raw[HEAD.size : end], top), raw[end:])


@pytest.mark.parametrize(
    "value",
    [np.arange(6.0).reshape(2, 3), np.float32([1.5]), np.array([True, False]), np.int64(3),
     np.zeros((0, 4)), np.array([np.nan, -0.0, np.inf]), np.float64(2.5)],
    ids=repr,
)  # fmt: skip
def test_an_array_comes_back_bit_for_bit(value):
    (back,) = there_and_back([value])
    assert type(back) is type(value)
    assert back.dtype == value.dtype
    assert back.shape == value.shape
    assert back.tobytes() == value.tobytes()


def test_lists_of_numbers_come_back_as_such_and_cost_little():
    rows = [[0.5, 1, -2.0], [float(k) for k in range(17)]]
    (back,) = there_and_back([rows])
    assert back == rows
    assert {type(number) for row in back for number in row} == {np.float64}
    assert protocol.packed(rows).size == 3 * ITEM.size + 20 * 8
    assert there_and_back([[1, 2], [1.0, True]]) == [[1, 2], [1.0, True]]
    for nested in ([[[1.5, 2], [3, 4]]], [[1, 2], [3, 4]]):
        (back,) = there_and_back([nested])
        assert back == nested
        assert protocol.packed(nested).size == ITEM.size + 4 * 8
    pair = namedtuple("pair", "dx dW")
    (back,) = there_and_back([pair(np.arange(2.0), None)])
    assert type(back) is tuple
    assert back[0].tolist() == [0, 1]


def test_what_was_packed_is_not_changed_any_more():
    array = np.arange(3.0)
    packed = protocol.packed([array, array])
    array[:] = 7
    assert [one.tolist() for one in there_and_back([packed])[0]] == [[0, 1, 2], [0, 1, 2]]


def test_a_part_that_cannot_travel_costs_no_other():
    huge = np.broadcast_to(0.0, (1 << 20, 1 << 20, 1 << 10))
    (back,) = there_and_back([protocol.packed((1j, np.arange(2.0), huge), most=100)])
    assert back[0] == Failure("it returns a value of type complex; real numbers were expected")
    assert back[1].tolist() == [0, 1]
    assert "far more than was asked for" in back[2].text
    with pytest.raises(ProtocolError, match="far more"):
        protocol.packed(huge, most=100)


def test_structures_and_text_come_back():
    values = [(np.float64(1), None, [np.float64(2)]), [], "text ∂", Failure("no"), None]
    assert there_and_back(values) == values
    assert there_and_back([Failure("x" * 9000, limit=True)]) == [Failure("x" * 2000, limit=True)]


@pytest.mark.parametrize(
    ("value", "said"),
    [(np.array([object()]), "dtype object"), (1j, "type complex"), (np.array(["a"]), "dtype"),
     (iter([]), "type list_iterator"),
     (np.zeros((1,) * 9), "9 axes"),
     (np.broadcast_to(0.0, 1 << 32), "so long an axis"), ([[[[[None]]]]], "lists within lists")],
)  # fmt: skip
def test_what_cannot_travel_is_named(value, said):
    with pytest.raises(ProtocolError, match=said):
        protocol.message(protocol.ANSWERS, 1, [value])


def item(kind, axes, sizes, size):
    return ITEM.pack(kind, axes, *(list(sizes) + [0] * 8)[:8], size)


@pytest.mark.parametrize(
    ("records", "size", "said"),
    [
        (item(2, 1, [2], 8), 8, "not that of its shape"),
        (item(2, 8, [0xFFFFFFFF] * 8, 8), 8, "not that of its shape"),
        (item(2, 200, [1], 8), 8, "200 axes"),
        (item(9, 1, [1], 8), 8, "unknown type 9"),
        (item(2, 1, [1], 8), 16, "as many bytes as the answer says"),
        (item(17, 1, [100], 0), 0, "not that of its shape"),
        (item(17, 1, [1], 8), 8, "not that of its shape"),
        (item(16, 1, [1], 0), 0, "not that of its shape"),
        (item(22, 1, [2], 8), 8, "not that of its shape"),
        (item(22, 2, [0, 0xFFFFFFFF], 0), 0, "not that of its shape"),
        (item(23, 0, [], 8), 8, "not that of its shape"),
        (item(19, 0, [], 1 << 40), 8, "not that of its shape"),
    ],
)
def test_records_that_contradict_themselves_are_refused(records, size, said):
    top = protocol.Head(protocol.ANSWERS, len(records) // ITEM.size, 1, size)
    with pytest.raises(ProtocolError, match=said):
        protocol.records(records, top)


@pytest.mark.parametrize(
    ("records", "said"),
    [(item(17, 1, [1], 0), "fewer arrays"),
     (item(18, 1, [1], 0) * 9, "lists within lists"),
     (item(2, 3, [0, 0xFFFFFFFF, 0xFFFFFFFF], 0), "impossible shape")],
)  # fmt: skip
def test_structures_that_do_not_end_or_cannot_be_are_refused(records, said):
    top = protocol.Head(protocol.ANSWERS, len(records) // ITEM.size, 1, 0)
    with pytest.raises(ProtocolError, match=said):
        protocol.values(protocol.records(records, top), b"")


def test_truth_values_are_0_or_1_whatever_the_byte():
    top = protocol.Head(protocol.ANSWERS, 1, 1, 3)
    (back,) = protocol.values(protocol.records(item(4, 1, [3], 3), top), b"\x00\x02\xff")
    assert back.view(np.uint8).tolist() == [0, 1, 1]


def test_any_bytes_are_a_message_or_refused():
    rng = np.random.default_rng(0)
    good = protocol.message(protocol.ANSWERS, 1, [(np.arange(4.0), None), [np.float64(1)], "x"])
    for _ in range(3000):
        raw = bytearray(good)
        for _ in range(int(rng.integers(1, 4))):
            raw[int(rng.integers(len(raw)))] = int(rng.integers(256))
        try:
            top = protocol.head(bytes(raw[: HEAD.size]))
            if top.size > len(raw):
                continue
            end = HEAD.size + top.items * ITEM.size
            found = protocol.records(bytes(raw[HEAD.size : end]), top)
            protocol.values(found, bytes(raw[end:]))
        except (ProtocolError, struct.error):
            continue
