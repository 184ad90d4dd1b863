"""What Gradescope, PrairieLearn, GitHub and JUnit's readers get, against their schemas."""

import base64
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
import xmlschema

from gradcheck.coursework.formats import github, gradescope, junit, prairielearn
from gradcheck.coursework.formats.disclosure import disclosed
from gradcheck.coursework.results import Outcome
from tests.coursework.formats.made_up import HUGE, a_class, graded, hostile, part

SCHEMAS = Path(__file__).parent / "schemas"
#: What GitHub and Jenkins show of the class as a whole.
CLASS = [*a_class(), hostile(), graded()]
THREE = graded(
    part("a"),
    part("b", Outcome.WRONG, feedback="off by two", file="hw.py", line=7, output="printed\n"),
    part("c", Outcome.NEEDS_TEACHER),
    part("d", Outcome.CRASHED, earned=1.5, visible=False),
    notes=("x.txt was ignored",),
)


def schema(name):
    read = json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(read)
    return read


def read(paths):
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


@pytest.mark.parametrize("name", ["gradescope", "prairielearn"])
def test_every_result_of_a_class_follows_the_schema(name, tmp_path):
    module = {"gradescope": gradescope, "prairielearn": prairielearn}[name]
    written = module.write(CLASS, tmp_path)
    assert len(written) == len(CLASS)
    assert {path.name for path in written} == {"results.json"}
    for one, made in zip(CLASS, read(written), strict=True):
        jsonschema.validate(made, schema(name))
        assert len(made["tests"]) == len(one.parts)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("gradescope", {"score": None}),
        ("gradescope", {"tests": [{"status": "error"}]}),
        ("gradescope", {"visibility": "no"}),
        ("prairielearn", {"score": 1.5}),
        ("prairielearn", {"tests": [{"name": "x", "points": 1}]}),
    ],
)
def test_the_schema_would_refuse_another_result(name, change):
    module = {"gradescope": gradescope, "prairielearn": prairielearn}[name]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**module.results(disclosed(THREE)), **change}, schema(name))


def test_gradescope_gets_points_and_outcomes_and_no_verdict_on_what_needs_the_teacher(tmp_path):
    (path,) = gradescope.write([THREE], tmp_path)
    assert path == tmp_path / "results.json"
    (made,) = read([path])
    assert made["score"] == 5.5
    right, wrong, waiting, crashed = made["tests"]
    assert (right["score"], right["max_score"], right["status"]) == (4, 4, "passed")
    assert (wrong["score"], wrong["status"]) == (0, "failed")
    assert wrong["output"] == "off by two\n\nWhat it printed:\nprinted\n"
    assert "score" not in waiting
    assert "status" not in waiting
    assert "a teacher will look at it" in waiting["output"]
    assert (crashed["score"], crashed["status"]) == (1.5, "failed")
    assert crashed["tags"] == ["crashed", "hidden cases"]
    assert "x.txt was ignored" in made["output"]
    # A hidden test would hide the total; what the grader prints is the teacher's.
    assert {test["visibility"] for test in made["tests"]} == {"visible"}
    assert made["stdout_visibility"] == "hidden"
    # Nothing is markup.
    assert {made[name] for name in made if name.endswith("_format")} == {"text"}


def test_prairielearn_gets_the_share_of_the_points(tmp_path):
    (path,) = prairielearn.write([THREE], tmp_path)
    (made,) = read([path])
    assert made["score"] == 5.5 / 16
    assert made["gradable"] is True
    assert [test["points"] for test in made["tests"]] == [4, 0, 0, 1.5]
    assert made["tests"][1]["message"] == "off by two"
    assert made["tests"][1]["output"] == "printed\n"
    assert "need the teacher" in made["message"]
    assert prairielearn.results(disclosed(graded()))["score"] == 0


def test_prairielearn_takes_a_megabyte_and_gets_no_more(tmp_path):
    parts = [part(f"p{k}", Outcome.WRONG, feedback=HUGE, output=HUGE) for k in range(200)]
    (path,) = prairielearn.write([graded(*parts)], tmp_path)
    assert 300_000 < path.stat().st_size <= 1_000_000
    (made,) = read([path])
    assert len(made["tests"]) == 200
    assert "more characters" in made["tests"][199]["output"]


# ---- GitHub ----------------------------------------------------------------------------------


def commands(one):
    return list(github.annotated(disclosed(one)))


def test_an_annotation_stands_at_the_line_of_what_is_wrong(monkeypatch):
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    assert commands(THREE)[0] == (
        "::error file=hw.py,line=7,title=Part b%3A wrong%2C 0 of 4 points::off by two"
    )
    assert commands(THREE)[1].startswith("::error title=Part d%3A crashed%2C 1.5 of 4 points::")
    assert commands(THREE)[2].startswith("::warning title=Part c%3A needs the teacher%2C 0 of 4")
    assert len(commands(THREE)) == 3
    assert commands(graded(part())) == []


def test_an_annotation_is_one_line_whatever_is_in_it():
    made = commands(hostile())
    assert len(made) == 12  # ten errors at most, the last of which names the others; two warnings
    for line in made:
        assert re.fullmatch(r"::(error|warning) [^\r\n]*::[^\r\n]*", line)
        assert "\x1b" not in line


@pytest.mark.parametrize("one", CLASS[-6:], ids=range(6))
def test_a_file_of_annotations_and_an_output_hold_no_other_command(one, tmp_path):
    github.write([one], tmp_path)
    for line in (tmp_path / "annotations.txt").read_text(encoding="utf-8").splitlines():
        assert line.startswith(("::error ", "::warning "))
    assert re.fullmatch(rb"result=[A-Za-z0-9+/=]*\n", (tmp_path / "classroom.txt").read_bytes())


def test_the_summary_is_a_table_of_the_parts_in_which_nothing_is_markup(tmp_path):
    github.write([hostile()], tmp_path)
    text = (tmp_path / "summary.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 2 + len(hostile().parts)
    assert all(row.count("|") == 4 for row in rows)
    for markup in ("`code`", "[x]", "https://", "@octocat"):  # which is text inside of <pre>
        assert markup not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    assert "<script" not in text
    assert text.count("<details>") == text.count("</details>")
    assert len(text.encode()) < 1_000_000


def test_the_summary_of_a_class_lists_who_needs_the_teacher(tmp_path):
    two = [THREE, graded(part(), submission="bob")]
    written = github.write(two, tmp_path)
    assert len(written) == 7
    rows = (tmp_path / "summary.md").read_text(encoding="utf-8").splitlines()
    assert "| <code>ann</code> | 5.5 of 16 | <code>Part c</code> |" in rows
    assert "| <code>bob</code> | 4 of 4 |  |" in rows


def decoded(data):
    return json.loads(base64.b64decode(data.removeprefix(b"result=")))


def test_classroom_can_read_the_result_of_every_submission(tmp_path):
    wordy = graded(*(part(f"p{k}", Outcome.WRONG, feedback=HUGE) for k in range(40)))
    for position, one in enumerate([*CLASS, wordy]):
        github.write([one], tmp_path / str(position))
        data = (tmp_path / str(position) / "classroom.txt").read_bytes()
        assert len(data) < 128 * 1024  # what Linux takes of one variable
        made = decoded(data)
        jsonschema.validate(made, schema("classroom"))
        assert len(made["tests"]) == len(one.parts)
        assert sum(test["score"] for test in made["tests"]) == pytest.approx(one.earned)


def reported(data, runners="gradcheck"):
    """What Classroom's reporter makes of an output: the points that it notes, and how it ends."""
    assert re.fullmatch(r"([a-zA-Z0-9]+,)*[a-zA-Z0-9]+", runners)
    variable = f"{runners.upper()}_RESULTS"
    made = decoded({variable: data}[variable])
    earned = sum(test["score"] for test in made["tests"]) if made["max_score"] else 0
    return f"Points {earned:g}/{made['max_score']:g}", made["status"]


def test_classrooms_reporter_notes_the_points_and_ends_as_the_marks_do(tmp_path):
    github.write([THREE], tmp_path)
    assert reported((tmp_path / "classroom.txt").read_bytes()) == ("Points 5.5/16", "fail")
    github.write([graded(part(), part("b"))], tmp_path)
    assert reported((tmp_path / "classroom.txt").read_bytes()) == ("Points 8/8", "pass")


@pytest.mark.parametrize(
    "change",
    [{"status": "passed"}, {"max_score": None}, {"tests": [{"name": "x", "status": "pass"}]},
     {"tests": [{"name": "x", "status": "pass", "score": "1"}]}, {"version": 2}],
)  # fmt: skip
def test_the_schema_of_classroom_would_refuse_another_result(change):
    made = {**github.classroom(disclosed(THREE)), **change}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, schema("classroom"))


def test_the_ready_workflow_is_one_that_classroom_takes_marks_from():
    folder = Path(github.__file__).parents[1] / "template" / "github"
    lines = (folder / "grade.yml").read_text(encoding="utf-8").splitlines()
    assert lines[0].partition("#")[0].strip() == "name: Autograding Tests"
    jobs = lines[lines.index("jobs:") + 1 :]
    assert [line.strip() for line in jobs if re.match(r"  \S", line)] == ["run-autograding-tests:"]
    assert "      - id: gradcheck" in jobs
    # The folder: what is handed in may be a notebook, or have files beside it.
    assert any(line.rpartition(" grade ")[2] == "assignment submission" for line in jobs)
    snippet = (folder / "README.md").read_text(encoding="utf-8").partition("```yaml")[2]
    assert "GRADCHECK_RESULTS: ${{ steps.gradcheck.outputs.result }}" in snippet
    assert "runners: gradcheck\n" in snippet


def test_classrooms_result_says_pass_only_for_full_points():
    def status(*parts):
        return github.classroom(disclosed(graded(*parts)))["status"]

    assert status(part()) == "pass"
    assert status(part(), part("b", Outcome.WRONG)) == "fail"
    assert status(part(), part("b", Outcome.TIMED_OUT)) == "error"
    assert status(part(), part("b", Outcome.NEEDS_TEACHER)) == "error"


def test_a_job_passes_for_full_points_alone_and_leaves_the_undecided_to_the_teacher():
    right, wrong = part(), part("b", Outcome.WRONG)
    waiting = part("c", Outcome.NEEDS_TEACHER)
    assert github.passed(graded(right)) is True
    assert github.passed(graded(right, waiting)) is None
    assert github.passed(graded(right, wrong)) is False
    assert github.passed(graded(waiting, wrong)) is False
    assert github.passed(graded(part("d", earned=1.0))) is False
    for outcome in set(Outcome) - {Outcome.PASSED, Outcome.NEEDS_TEACHER}:
        assert github.passed(graded(right, part("b", outcome))) is False


def test_a_run_is_told_of_a_submission_in_all_three_ways(tmp_path, monkeypatch):
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        (tmp_path / name).write_text("before\n")
        monkeypatch.setenv(name, str(tmp_path / name))
    assert list(github.announce([THREE])) == commands(THREE)
    text = (tmp_path / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert text.startswith("before\n## Softmax by hand\n\n**5.5 of 16 points**")
    before, output = (tmp_path / "GITHUB_OUTPUT").read_bytes().splitlines()
    assert before == b"before"
    assert decoded(output)["max_score"] == 16
    assert list(github.announce([THREE, THREE])) == []
    assert "2 submissions" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    assert len((tmp_path / "GITHUB_OUTPUT").read_bytes().splitlines()) == 2
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"):
        monkeypatch.delenv(name)
    assert list(github.announce([THREE])) == commands(THREE)


# ---- JUnit -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def junit_schema():
    return xmlschema.XMLSchema(str(SCHEMAS / "junit.xsd"))


def test_the_report_of_a_class_follows_the_schema(junit_schema, tmp_path):
    (path,) = junit.write(CLASS, tmp_path)
    junit_schema.validate(str(path))
    root = ET.parse(path).getroot()
    assert len(root) == len(CLASS)
    assert len(root.findall("testsuite/testcase")) == sum(len(one.parts) for one in CLASS)


@pytest.mark.parametrize("bad", ["<x/>", "<testsuites><testsuite name='a'/></testsuites>"])
def test_the_schema_would_refuse_another_report(junit_schema, bad):
    assert not junit_schema.is_valid(ET.fromstring(bad))


def test_a_case_ends_as_its_part_did(tmp_path):
    (path,) = junit.write([THREE], tmp_path)
    root = ET.parse(path).getroot()
    (suite,) = root
    counts = ("tests", "failures", "errors", "skipped")
    assert [suite.get(name) for name in counts] == ["4", "1", "1", "1"]
    assert [root.get(name) for name in counts[:3]] == ["4", "1", "1"]
    endings = [[child.tag for child in case] for case in suite.findall("testcase")]
    assert endings == [[], ["failure", "system-out"], ["skipped"], ["error"]]
    failure = suite.find("testcase/failure")
    assert failure.get("message") == "wrong, 0 of 4 points"
    assert failure.text == "hw.py:7\noff by two"
    properties = {p.get("name"): p.get("value") for p in suite.iter("property")}
    assert {case.get("classname") for case in suite.iter("testcase")} == {"Softmax by hand.ann"}
    assert (properties["points"], properties["possible"]) == ("5.5", "16")
    assert properties["version.numpy"] == "2.4.0"


def test_readers_can_tell_every_case_of_a_class_from_the_others(tmp_path):
    (path,) = junit.write([THREE, graded(part("a"), part("b"), submission="x.py")], tmp_path)
    cases = [(c.get("classname"), c.get("name")) for c in ET.parse(path).getroot().iter("testcase")]
    assert len(set(cases)) == len(cases) == 6
    assert ("Softmax by hand.x_py", "Part a") in cases


def test_what_is_hostile_comes_back_from_the_xml_as_text(tmp_path):
    (path,) = junit.write([hostile()], tmp_path)
    text = next(ET.parse(path).getroot().iter("failure")).text
    assert "<script>alert(1)</script>" in text
    assert r"]]>\x1b[31m\x00\ud800\ufffe" in text
