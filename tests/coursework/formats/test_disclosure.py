"""What a student is told, and what in no format."""

import dataclasses
import html
import json
import re

import pytest

from gradcheck.coursework.formats import FORMATS
from gradcheck.coursework.formats.disclosure import EXPLAINED, STATUS, Told, disclosed
from gradcheck.coursework.formats.github import classroom
from gradcheck.coursework.results import Outcome, Part
from tests.coursework.formats.made_up import SECRETS, a_class, graded, hostile, part

HIDDEN = part(
    "h", Outcome.WRONG, visible=False, reason="R-E-A-S-O-N", feedback="F-E-E-D", output="O-U-T",
    mistakes=(("M-I-S-T", "M-I-S-T"),), file="F-I-L-E.py", line=4711, inputs=271828,
    undecided=31415, seconds=16.25, remarks=("R-E-M-A-R-K",),
)  # fmt: skip
#: What of the hidden part is not for students.
KEPT_BACK = ("R-E-A-S-O-N", "F-E-E-D", "O-U-T", "M-I-S-T", "F-I-L-E", "4711", "271828", "31415",
             "16.25", "R-E-M-A-R-K")  # fmt: skip
VISIBLE = dataclasses.replace(HIDDEN, name="v", visible=True)


def for_students(name, directory):
    """What a format wrote for students, as text."""
    paths = [path for path in directory.rglob("*") if path.is_file()]
    paths = [p for p in paths if p.name != "class.html"] if name == "html" else paths
    return "\n".join(html.unescape(path.read_text(encoding="utf-8-sig")) for path in paths)


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"csv"}))
def test_of_a_hidden_part_there_is_the_outcome_and_the_points_alone(name, tmp_path):
    FORMATS[name]([graded(HIDDEN)], tmp_path)
    text = for_students(name, tmp_path)
    assert "wrong" in text
    assert [secret for secret in KEPT_BACK if secret in text] == []


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"csv"}))
def test_of_a_visible_part_there_is_what_the_hint_level_says_but_no_reason_and_no_seed(
    name, tmp_path
):
    one = graded(VISIBLE, seed=987654321)
    FORMATS[name]([one], tmp_path)
    text = for_students(name, tmp_path)
    assert "F-E-E-D" in text
    for secret in ("R-E-A-S-O-N", "M-I-S-T", "987654321"):
        assert secret not in text


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"csv"}))
def test_no_format_tells_the_students_of_a_class_what_is_the_teachers(name, tmp_path):
    FORMATS[name](a_class(), tmp_path)
    text = for_students(name, tmp_path)
    assert [secret for secret in SECRETS if secret in text] == []


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.WRONG, Outcome.NEEDS_TEACHER])
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_remark_on_a_part_is_seen_by_its_student(name, outcome, tmp_path):
    one = part("a", outcome, feedback=EXPLAINED[outcome], remarks=("it changes 'dy'", "and 'x'"))
    one = graded(one, part("b"))
    FORMATS[name]([one], tmp_path)
    texts = [for_students(name, tmp_path)]
    if name == "github":
        texts = [(tmp_path / "summary.md").read_text(), json.dumps(classroom(disclosed(one)))]
    for text in map(html.unescape, texts):
        assert re.search(r"it changes 'dy'.{,40}and 'x'", text, re.DOTALL), text


def test_classrooms_result_keeps_back_what_the_others_do():
    text = json.dumps(classroom(disclosed(graded(HIDDEN))))
    assert [secret for secret in KEPT_BACK if secret in text] == []


def test_there_is_no_field_in_which_what_is_the_teachers_could_go():
    fields = {field.name for field in dataclasses.fields(Told)}
    assert fields & {"reason", "mistakes", "name", "inputs", "undecided", "seconds"} == set()
    assert "seed" not in vars(disclosed(graded()))
    # A new field of a part has to be given out or kept back on purpose.
    assert {field.name for field in dataclasses.fields(Part)} == {
        "name", "title", "possible", "earned", "outcome", "reason", "feedback", "mistakes",
        "visible", "output", "remarks", "file", "line", "inputs", "undecided", "seconds",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_format_says_that_there_was_no_isolation(name, tmp_path):
    FORMATS[name]([graded(part(), isolation="none (unsafe)")], tmp_path / "a")
    FORMATS[name]([graded(part())], tmp_path / "b")
    unsafe, safe = (for_students(name, tmp_path / folder) for folder in "ab")
    said = "none (unsafe)" if name == "csv" else "Graded without isolation"
    assert said in unsafe
    assert said not in safe


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_expected_part_and_its_outcome_is_in_every_format(name, tmp_path):
    parts = [part(f"p{k}", outcome) for k, outcome in enumerate(Outcome)]
    FORMATS[name]([graded(*parts)], tmp_path)
    text = for_students(name, tmp_path)
    for one in parts:
        assert (one.name if name == "csv" else one.title) in text
        assert name == "junit" or str(one.outcome) in text


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_no_control_character_of_a_submission_reaches_a_file(name, tmp_path):
    written = FORMATS[name]([hostile(), *a_class()[-3:]], tmp_path)
    assert written
    for path in written:
        text = path.read_bytes().decode("utf-8")  # and it is UTF-8
        assert not set(text) & {"\x1b", "\x00", "\x07", "\u202e", "\ufffe"}
        assert path.stat().st_size < 2_100_000


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_what_was_written_is_what_is_there_and_the_order_changes_nothing(name, tmp_path):
    made = a_class(9)
    written = FORMATS[name](made, tmp_path / "a")
    assert sorted(written) == sorted(p for p in (tmp_path / "a").rglob("*") if p.is_file())
    again = FORMATS[name](made, tmp_path / "b")
    assert [path.read_bytes() for path in again] == [path.read_bytes() for path in written]
    if name in ("gradescope", "prairielearn"):
        turned = FORMATS[name](made[::-1], tmp_path / "c")
        assert {p.relative_to(tmp_path / "c"): p.read_bytes() for p in turned} == {
            p.relative_to(tmp_path / "a"): p.read_bytes() for p in written
        }


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_class_of_nobody_and_a_submission_without_parts_are_written(name, tmp_path):
    FORMATS[name]([], tmp_path / "nobody")
    FORMATS[name]([graded()], tmp_path / "nothing")


def test_every_outcome_has_a_word_for_students_and_a_status():
    assert set(EXPLAINED) == set(STATUS) == set(Outcome)


def test_many_remarks_are_counted():
    notes = disclosed(graded(notes=("x",) * 60)).notes
    assert len(notes) == 51
    assert notes[-1] == "… and 10 remarks more"


def test_parts_are_told_apart_even_if_the_teacher_gave_them_one_title():
    told = disclosed(
        graded(part("a", title="x"), part("b", title="x"), part("c", title=""), part("d"))
    )
    assert [one.title for one in told.parts] == ["x (a)", "x (b)", "c", "Part d"]


def test_feedback_that_is_but_the_outcome_in_other_words_is_not_said_twice():
    def told(outcome, feedback):
        (one,) = disclosed(graded(part("a", outcome, feedback=feedback))).parts
        return one.feedback

    assert told(Outcome.PASSED, "right") == told(Outcome.PASSED, " Right.\n") == ""
    assert told(Outcome.TIMED_OUT, "timed out") == ""
    assert told(Outcome.PASSED, "right, but slow") == "right, but slow"
    assert told(Outcome.TIMED_OUT, "timed out: 2 s") == "timed out: 2 s"


def test_what_is_no_isolation_that_is_known_is_none():
    for kind in ("none (unsafe)", "", "something new"):
        assert disclosed(graded(isolation=kind)).warning.startswith("Graded without isolation")
    for kind in ("bubblewrap", "separate user"):
        assert disclosed(graded(isolation=kind)).warning == ""
