"""The table of a class: right in every spreadsheet, and no formula in any."""

import csv
import io

import pytest

from gradcheck.coursework.formats.csv import table, write
from gradcheck.coursework.results import Outcome
from tests.coursework.formats.made_up import HOSTILE, PARTS, a_class, graded, hostile, part

#: With what a spreadsheet begins a formula, and what it strips before it looks.
BEGINNINGS = tuple("=+-@＝＋－＠\t\r")


def rows(text, delimiter=","):
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def test_a_spreadsheet_knows_the_encoding_and_a_program_does_not_trip_over_it(tmp_path):
    (path,) = write([graded(part(title="größer"), submission="Łukasz")], tmp_path)
    assert path.name == "class.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    read = rows(path.read_text(encoding="utf-8-sig"))
    assert read[0][0] == "submission"
    assert read[1][0] == "Łukasz"


def test_there_is_a_row_a_submission_and_two_columns_a_part():
    made = a_class()
    head, *body = rows(table(made))
    assert len(body) == 60
    assert {len(row) for row in body} == {len(head)}
    for name, *_ in PARTS:
        assert head[head.index(name) + 1] == f"{name}: outcome"
    for one, row in zip(made, body, strict=True):
        cells = dict(zip(head, row, strict=True))
        assert float(cells["points"]) == one.earned
        assert float(cells["possible"]) == 26
        assert (cells["needs the teacher"] == "yes") == one.needs_teacher
        for each in one.parts:
            assert float(cells[each.name]) == each.earned
            assert cells[f"{each.name}: outcome"] == str(each.outcome)


def test_the_teacher_gets_reasons_mistakes_seed_and_versions():
    one = graded(
        part("a", Outcome.WRONG, reason="off", mistakes=(("m", "a sign"), ("n", "a factor"))),
        part("b", Outcome.NEEDS_TEACHER, reason="noise", visible=False),
        notes=("x was ignored",),
    )
    head, row = rows(table([one]))
    cells = dict(zip(head, row, strict=True))
    assert cells["mistakes"] == "a: a sign or a factor"
    assert cells["reasons"] == "a: off; b: noise"
    assert cells["notes"] == "x was ignored"
    assert cells["seed"] == "770077"
    assert cells["versions"] == "gradcheck 0.1.0, numpy 2.4.0, Python 3.11.2"
    assert cells["isolation"] == "bubblewrap"


def test_a_part_that_one_submission_lacks_is_empty_there():
    head, first, second = rows(table([graded(part("a")), graded(part("b"))]))
    assert (first[head.index("b")], second[head.index("b")]) == ("", "4.0")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "＝1", '"=1', "'=1",
     "a;=1", "a; =1", "a,+1", "a\t=1", "a\n-1", "a\r\n@x", 'a";=1', 'a"";"=1', "a|=1",
     "=cmd|' /C calc'!A0", HOSTILE],
)  # fmt: skip
def test_no_cell_is_a_formula_whatever_a_spreadsheet_takes_for_a_separator(text, delimiter):
    one = graded(
        part(text, Outcome.WRONG, reason=text, mistakes=(("m", text),), remarks=(text,)),
        submission=text, assignment=text, notes=(text,), versions={text: text}, isolation=text,
    )  # fmt: skip
    for row in rows(table([one]), delimiter):
        for cell in row:
            bare = cell.lstrip(' "')
            assert not bare.startswith(BEGINNINGS) or number(bare), cell


def test_a_name_that_is_no_formula_is_left_as_it_is():
    for name in ("ann", "O'Brien", "a-b", "x = 1", "a+b@c.de", 'say "no"'):
        assert rows(table([graded(submission=name)]))[1][0] == name


def test_a_huge_cell_is_cut_and_a_line_is_a_row():
    text = table([hostile()])
    assert max(len(cell) for row in rows(text) for cell in row) < 10_000
    assert text.count("\r\n") == 2
    assert "\n" not in text.replace("\r\n", "")
