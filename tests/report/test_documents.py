"""What other programs read: the JSON document and what is printed for GitHub."""

import dataclasses
import html
import json
import re

import jsonschema
import pytest

from gradcheck.errors import InputError
from gradcheck.records import Failure, Problem, Record
from gradcheck.report import github
from gradcheck.report.document import document, require_writable, schema, write_document
from gradcheck.verdict import Entry

HOSTILE = "a%b\r\n::error::pwned,c:d|`<b>*\x1b[31m"
PROBLEM = Problem("broken", "broken.py", 2, "it has no rule")


def test_a_run_follows_the_schema(records, tmp_path):
    write_document(tmp_path / "run.json", records, [PROBLEM])
    read = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(read, schema())
    assert read["totals"] == {
        "claims": 11, "inputs": sum(r.inputs for r in records), "pass": 0, "fail": 10,
        "undecided": 1, "problems": 1,
    }  # fmt: skip
    assert read["problems"][0]["message"] == "it has no rule"


def test_the_schema_would_refuse_another_run(records):
    for change in ({"version": 2}, {"records": [{"claim": "x"}]}, {"problems": None}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**document(records, []), **change}, schema())


@pytest.mark.parametrize(
    ("kind", "name"),
    [(Record, "record"), (Failure, "failure"), (Problem, "problem"), (Entry, "entry")],
)
def test_the_schema_describes_every_field(kind, name):
    fields = {field.name for field in dataclasses.fields(kind)}
    described = set(schema()["$defs"][name]["properties"])
    assert described == fields | ({"label"} if kind is Entry else set())


def test_numbers_that_json_lacks_are_words():
    record = Record("r", "vjp", "fail", resolution=float("inf"), finest=float("nan"))
    made = document([record], [])
    jsonschema.validate(made, schema())
    assert (made["records"][0]["resolution"], made["records"][0]["finest"]) == ("Infinity", "NaN")
    json.dumps(made, allow_nan=False)


def test_records_come_back_from_plain_data(records):
    for record in records:
        again = Record.from_dict(json.loads(json.dumps(record.as_dict())))
        assert again.failure == record.failure
        assert again.message == record.message


def test_a_path_that_cannot_be_written_is_refused_before_the_run(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"--json: .* cannot be written"):
        require_writable("--json", str(tmp_path / "file" / "run.json"))


@pytest.fixture
def hostile():
    return Record(HOSTILE, "vjp", "fail", HOSTILE, 3, message=HOSTILE)


def test_a_workflow_command_is_one_line_whatever_is_in_it(hostile, monkeypatch):
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    problem = Problem(HOSTILE, HOSTILE, 1, HOSTILE)
    commands = list(github.workflow_commands([hostile], [problem]))
    assert len(commands) == 2
    for command in commands:
        assert re.fullmatch(r"::error file=[^,:\r\n]*,line=\d,title=[^,:\r\n]*::[^\r\n]*", command)
        assert "%25b%0A" in command
        assert "\x1b" not in command


def test_annotations_stand_at_the_lines_of_the_rules(monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    path = str(tmp_path / "derivations" / "a.py")
    records = [Record("r", "vjp", s, path, 7, message="m") for s in ("fail", "undecided", "pass")]
    assert list(github.workflow_commands(records, [])) == [
        "::error file=derivations/a.py,line=7,title=gradcheck%3A r::m",
        "::warning file=derivations/a.py,line=7,title=gradcheck%3A r::m",
    ]


@pytest.mark.parametrize("number", [10, 11, 60])
def test_what_github_would_not_show_is_named_in_the_last_annotation(number):
    records = [Record(f"r{k}", "vjp", "fail", "a.py", k + 1, message="m") for k in range(number)]
    records.append(Record("u", "vjp", "undecided", "a.py", 99, message="m"))
    made = list(github.workflow_commands(records, []))
    assert len(made) == 11
    assert made[0] == "::error file=a.py,line=1,title=gradcheck%3A r0::m"
    assert made[-1].startswith("::warning file=a.py,line=99,")
    last = made[9]
    if number == 10:
        assert last == "::error file=a.py,line=10,title=gradcheck%3A r9::m"
    else:
        assert last.startswith(f"::error title={number - 9} more::gradcheck: r9%0Agradcheck: r10")
        assert last.endswith(f"r{number - 1}")


def test_text_inside_of_markdown_comes_back_as_it_was():
    text = "a'b\"c & <d> #1 | `e` *f* &#39; _g_ [h](i) ~j~ @k :l: !m $n$ \\o"
    shown = github.inline(text)
    assert html.unescape(shown) == text
    assert not set(shown) & set("'\"<>|`*_[]~@!$\\:") - set("'\"")


def test_a_summary_that_github_would_drop_is_cut_and_says_so():
    records = [Record(f"r{k}", "vjp", "fail", message="m" * 300_000) for k in range(5)]
    made = github.job_summary(records, [])
    assert 900_000 < len(made) < 1_000_100
    assert made.count("<details>") == made.count("</details>") == 3
    assert made.endswith("\n2 more parts do not fit here; see the log.\n")
    assert "more parts" not in github.job_summary(records[:3], [])


def test_a_report_that_is_printed_holds_no_command(monkeypatch):
    text = "a\n  ::set-env name=x::y\n##[error]z\nb :: c ###[add-mask]a"
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert github.guarded(text) == text
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert github.guarded(text) == (
        "a\n|   ::set-env name=x::y\n## [error]z\nb :: c ### [add-mask]a"
    )


def test_the_summary_of_a_job_is_a_table_of_text(hostile, tmp_path, monkeypatch):
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    hostile.message += "\ud800"
    github.add_summary([hostile, Record("ok", "vjp", "pass", inputs=105)], [PROBLEM])
    text = path.read_text(encoding="utf-8")
    assert text.startswith("before\n## gradcheck\n")
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 5  # two of the head, the problem, and two claims
    assert all(row.count("|") == 7 for row in rows)
    assert "`" not in "".join(rows)
    assert "<b>" not in text
    assert "\x1b" not in text
