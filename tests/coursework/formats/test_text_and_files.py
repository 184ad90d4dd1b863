"""Text and file names, whatever submissions put into them."""

import itertools

import pytest

from gradcheck.coursework.formats.files import (
    as_json,
    file_names,
    fitted,
    for_each,
)
from gradcheck.coursework.formats.text import name, plain, points, rounded
from gradcheck.coursework.whole_files import write_whole
from tests.coursework.formats.made_up import HOSTILE, a_class, graded


def named(*submissions):
    return [graded(submission=one) for one in submissions]


def test_plain_text_is_what_xml_and_utf_8_can_hold_and_no_terminal_obeys():
    every = "".join(map(chr, range(0x11000))) + "\U0010ffff"
    shown = plain(every, len(every))
    shown.encode("utf-8")
    controls = {chr(code) for code in [*range(0x20), *range(0x7F, 0xA0), 0x202E, 0xFFFE, 0xFFFF]}
    assert controls & set(shown) == {"\t", "\n"}
    assert r"\x1b" in shown
    assert r"\ud800" in shown
    assert plain("größer ≤ 中 \U0001f600") == "größer ≤ 中 \U0001f600"


def test_a_long_text_is_cut_and_says_by_how_much():
    assert plain("abcde", 5) == "abcde"
    assert plain("abcde", 4) == "abcd\n… and 1 more character"
    assert plain("x" * 1000, 10) == "x" * 10 + "\n… and 990 more characters"
    assert name("a\n b\tc") == "a b c"
    assert name("x" * 1000, 10) == "x" * 10 + "…"
    assert "\n" not in name(HOSTILE)


def test_points_are_written_in_the_fewest_digits():
    assert [points(value) for value in (2.0, 2.5, 1 / 3, 0.1 + 0.2, 0.0, 20)] == [
        "2", "2.5", "0.33", "0.3", "0", "20",
    ]  # fmt: skip
    assert rounded(0.1 + 0.2) == 0.3
    assert rounded(1 / 3 + 1 / 3 + 1 / 3) == 1


def test_a_good_name_is_kept():
    assert file_names(named("ann", "bob.py", "c-3_x")) == ["ann", "bob.py", "c-3_x"]


@pytest.mark.parametrize(
    "bad",
    ["", ".", "..", "../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "C:\\x", "a\0b", "\ud800",
     "con", "NUL.txt", "lpt1", ".hidden", "-rf", "x" * 5000, "a\nb", "größe", "a:b", "end.", " a ",
     HOSTILE],
)  # fmt: skip
def test_a_bad_name_becomes_a_good_one(bad, tmp_path):
    (made,) = file_names(named(bad))
    assert made.isascii()
    assert 0 < len(made) <= 100
    assert not set(made) & set('/\\:*?"<>|\0\n ')
    assert made not in (".", "..")
    assert made[0] not in ".-"
    assert made.split(".")[0].casefold() not in ("con", "nul", "lpt1")
    path = write_whole(tmp_path / made, b"x")
    assert path.parent == tmp_path
    assert [one.name for one in tmp_path.iterdir()] == [made]


def test_no_two_submissions_share_a_file_whatever_they_are_called():
    bad = ["a b", "a/b", "a?b", "Ann", "ann", "ANN", "x", "x", "", " ", "größe", "größ e"]
    made = file_names(named(*bad))
    # Whoever is called as the file of another gets a file of another name.
    made = file_names(named(*bad, *made, f"{made[0]}-2"))
    assert len({one.casefold() for one in made}) == len(made)


def test_the_name_of_a_file_does_not_depend_on_the_order_of_the_submissions():
    submissions = ["Ann", "ann", "a b", "bob"]
    first = dict(zip(submissions, file_names(named(*submissions)), strict=True))
    for order in itertools.permutations(submissions):
        assert dict(zip(order, file_names(named(*order)), strict=True)) == first


def test_one_submission_is_written_where_a_platform_looks_for_it(tmp_path):
    def write(one, directory):
        return [write_whole(directory / "results.json", one.submission.encode())]

    assert for_each(named("ann"), tmp_path, write) == [tmp_path / "results.json"]
    assert for_each(named("ann", "bob"), tmp_path, write) == [
        tmp_path / "ann" / "results.json", tmp_path / "bob" / "results.json",
    ]  # fmt: skip
    assert for_each([], tmp_path, write) == []


def test_texts_are_shortened_until_all_of_it_fits():
    def make(most):
        return b"x" * (10 * most)

    assert len(fitted(make, 1000, 100)) == 1000
    assert len(fitted(make, 999, 100)) == 500
    assert len(fitted(make, 1, 100)) == 500  # there is a least length, and it is given up


def test_numbers_that_json_lacks_are_no_marks():
    with pytest.raises(ValueError, match="JSON"):
        as_json(float("nan"))


def test_the_made_up_class_is_the_same_in_every_run():
    assert a_class() == a_class()
    assert len(a_class()) == 60
