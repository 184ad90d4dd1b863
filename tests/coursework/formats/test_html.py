"""The pages: complete, escaped, without a script, and the class at a glance."""

import html
import re
from urllib.parse import unquote

import pytest

from gradcheck.coursework.formats import require_formats
from gradcheck.coursework.formats.html import class_page, student_page, write
from gradcheck.coursework.formats.overview import overview
from gradcheck.coursework.results import Outcome
from gradcheck.errors import InputError
from tests.coursework.formats.made_up import PARTS, SECRETS, a_class, graded, hostile, part
from tests.report.elements import Elements


def text_of(page):
    """What a reader sees of a page."""
    body = page[page.index("<body>") :]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    directory = tmp_path_factory.mktemp("pages")
    return [path.read_text(encoding="utf-8") for path in write(a_class(), directory)]


def test_there_is_a_page_for_each_student_and_the_class_links_to_all(tmp_path):
    written = write(a_class(), tmp_path)
    assert written[0] == tmp_path / "class.html"
    assert {path.parent for path in written[1:]} == {tmp_path / "students"}
    assert len(set(written)) == 61
    links = {a["href"] for a in Elements(written[0].read_text(encoding="utf-8")).all("a")}
    pages = {link for link in links if not link.startswith("#")}
    assert {tmp_path / unquote(link) for link in pages} == set(written[1:])


def test_every_page_is_well_formed_asks_for_nothing_and_runs_nothing(pages):
    for page in pages:
        elements = Elements(page)
        assert elements.open == []
        assert elements.all("script") == []
        assert all("src" not in attributes for _, attributes in elements.found)
        assert not any(name.startswith("on") for _, a in elements.found for name in a)
        ids = [a["id"] for _, a in elements.found if a.get("id")]
        assert len(ids) == len(set(ids))
        links = [a["href"] for a in elements.all("a") if a["href"].startswith("#")]
        assert all(link[1:] in ids for link in links)
        (policy,) = [a["content"] for a in elements.all("meta") if "http-equiv" in a]
        assert "script" not in policy
        assert {"header", "main", "footer", "h1"} <= {tag for tag, _ in elements.found}
        assert all(h.get("scope") in ("col", "row", "rowgroup") for h in elements.all("th"))


def test_what_is_hostile_is_text_on_every_page():
    one = hostile()
    for page in (student_page(one), class_page([one], ["a.html"])):
        elements = Elements(page)
        assert elements.all("script") == elements.all("img") == []
        assert "<script>alert(1)</script>" in text_of(page) or "<script>alert(1)" in html.unescape(
            page
        )
        assert not any(a["href"].startswith("javascript") for a in elements.all("a"))


def test_a_student_sees_points_outcomes_feedback_and_output():
    page = text_of(
        student_page(
            graded(
                part("a"),
                part("b", Outcome.WRONG, feedback="off by two", file="hw.py", line=7, output="42"),
                part("c", Outcome.NEEDS_TEACHER),
                part("d", Outcome.TIMED_OUT, visible=False),
                notes=("x.txt was ignored",),
            )
        )
    )
    for said in (
        "Softmax by hand", "ann", "4 of 16 points", "off by two", "hw.py:7", "What it printed 42",
        "a teacher will look at it", "Your code took more time than it has",
        "Its cases are hidden", "x.txt was ignored",
    ):  # fmt: skip
        assert said in page
    assert "Not right." not in page


def test_the_class_page_is_the_teachers(pages):
    page = text_of(pages[0])
    assert SECRETS[0] in page
    for title in (title for _, title, *_ in PARTS):
        assert page.count(title) >= 2  # how many got it, and the table
    assert "60 submissions" in page
    assert "for the teacher" in page
    assert "60 of 60" not in page


def test_a_class_of_nobody_has_a_page():
    page = text_of(class_page([], []))
    assert "0 submissions" in page
    assert "Nothing: every part is decided." in page


def test_submissions_to_several_assignments_stand_in_one_table_without_columns():
    two = [graded(part("a")), graded(part("b"), assignment="Other")]
    page = class_page(two, ["a.html", "b.html"])
    assert 'class="part"' not in page
    assert "Softmax by hand, Other" in text_of(page)


def test_the_overview_counts_parts_mistakes_and_who_needs_the_teacher():
    sign, factor = ("sign", "a sign"), ("factor", "a factor")
    whole = overview(
        [
            graded(part("a", Outcome.WRONG, mistakes=(sign, factor)),
                   part("b", Outcome.WRONG, mistakes=(sign,))),
            graded(part("a", Outcome.WRONG, mistakes=(factor,)), part("b", mistakes=(sign,)),
                   submission="bob"),
            graded(part("a", Outcome.WRONG, mistakes=(sign,)),
                   part("b", Outcome.NEEDS_TEACHER, reason="noise"), submission="cid"),
            graded(part("a", Outcome.WRONG), part("b", Outcome.CRASHED), submission="dan"),
        ]
    )  # fmt: skip
    assert (whole.submissions, whole.mean, whole.median, whole.possible) == (4, 1.0, 0.0, 8.0)
    assert [dict(p.statuses) for p in whole.parts] == [
        {"fail": 4}, {"fail": 1, "pass": 1, "undecided": 1, "error": 1},
    ]  # fmt: skip
    # Whoever makes one mistake in two parts makes it once; the second guess does not count.
    assert [(m.title, list(m.submissions.values()), dict(m.parts)) for m in whole.mistakes] == [
        ("a sign", ["ann", "cid"], {"Part a": 2, "Part b": 1}),
        ("a factor", ["bob"], {"Part a": 1}),
    ]
    assert [(w.submission, w.position, w.parts) for w in whole.waiting] == [
        ("cid", 2, [("Part b", "noise")])
    ]
    assert whole.unnamed == 1
    assert dict(whole.troubles) == {"crashed": 1}


def test_two_submissions_of_one_name_are_two_in_the_counts():
    wrong = part("a", Outcome.WRONG, mistakes=(("sign", "a sign"),))
    whole = overview([graded(wrong), graded(wrong)])
    assert len(whole.mistakes[0].submissions) == 2


def test_what_a_format_lacks_is_said_before_the_run(monkeypatch):
    require_formats(["csv", "html"])
    monkeypatch.setattr("gradcheck.report.template._NEEDED", ("no_such_module",))
    require_formats(["csv", "junit"])
    with pytest.raises(InputError, match="--format html needs no_such_module"):
        require_formats(["csv", "html"])
