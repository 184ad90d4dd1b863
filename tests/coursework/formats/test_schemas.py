"""The schemas themselves: each field that is published may be there, and each is refused broken."""

import copy
import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import jsonschema
import pytest
import xmlschema

from gradcheck.coursework.formats import csv as table
from gradcheck.coursework.formats import github, junit
from gradcheck.coursework.formats.disclosure import disclosed
from tests.coursework.formats.made_up import a_class, graded, hostile, part
from tests.coursework.formats.test_platforms import CLASS, SCHEMAS, THREE, schema

#: A result with every field that each platform's page names.
WHOLE = {
    "gradescope": {
        "score": 44.0, "execution_time": 136, "output": "of all", "output_format": "simple_format",
        "test_output_format": "text", "test_name_format": "md", "visibility": "after_due_date",
        "stdout_visibility": "visible", "extra_data": {"a": 1},
        "tests": [
            {"score": 2.0, "max_score": 2.0, "status": "passed", "name": "one", "number": "1.1",
             "name_format": "html", "output": "long", "output_format": "ansi", "tags": ["a", "b"],
             "visibility": "after_published", "extra_data": {}},
        ],
        "leaderboard": [{"name": "time", "value": 15.1, "order": "asc"}],
    },
    "prairielearn": {
        "gradable": True, "score": 0.25, "message": "done", "output": "text",
        "images": [{"label": "one", "url": "data:image/png;base64,"}],
        "tests": [
            {"name": "one", "description": "what", "points": 1, "max_points": 3, "message": "m",
             "output": "o", "images": [{"label": "one", "url": "data:"}]},
        ],
    },
    "classroom": {
        "version": 1, "status": "fail", "max_score": 2,
        "tests": [
            {"name": "one", "status": "pass", "score": 1, "message": "m", "test_code": "f(x)",
             "filename": "a.py", "line_no": 3, "execution_time": "1ms"},
        ],
    },
}  # fmt: skip


def fields(document, path=()):
    """Where each field of a document is."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield (*path, name)
            yield from fields(value, (*path, name))
    elif isinstance(document, list):
        for k, value in enumerate(document):
            yield from fields(value, (*path, k))


FREE = "extra_data"  # may hold anything
EACH = [
    (name, path) for name, whole in WHOLE.items() for path in fields(whole) if FREE not in path[:-1]
]


def changed(document, path, value):
    made = copy.deepcopy(document)
    at = made
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return made


@pytest.mark.parametrize("name", WHOLE)
def test_every_published_field_may_be_there_and_no_other(name):
    jsonschema.validate(WHOLE[name], schema(name))
    for path in [(), ("tests", 0)]:
        other = changed(WHOLE[name], (*path, "of_ours"), 1)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(other, schema(name))


#: Texts that are one of some words, and what may be of several kinds, or a number of either sign.
WORDS = ("visibility", "stdout_visibility", "status", "order", "output_format", "name_format",
         "test_output_format", "test_name_format")  # fmt: skip
LOOSE = {
    "value": (int, str), "message": (type(None), str), "execution_time": (int, str),
    "points": (int,), "max_points": (int,), "score": (int,), FREE: (dict,),
}  # fmt: skip


@pytest.mark.parametrize(("name", "path"), EACH, ids=lambda one: str(one).replace(" ", ""))
def test_each_field_is_refused_with_a_value_of_another_kind(name, path):
    kept = WHOLE[name]
    for step in path:
        kept = kept[step]
    admitted = LOOSE.get(path[-1], ())
    if isinstance(kept, str) and path[-1] not in WORDS:
        admitted = (*admitted, str)
    refused = [value for value in (None, b"", [[]], {"": [None]}, "no such word", -(2**70))
               if not isinstance(value, admitted)]  # fmt: skip
    assert len(refused) >= 4
    for value in refused:
        made = changed(WHOLE[name], path, value)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(made, schema(name))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("gradescope", {"score": -1}),
        ("gradescope", {"score": None}),
        ("gradescope", {"execution_time": -1}),
        ("gradescope", {"leaderboard": [{"name": "a"}]}),
        ("prairielearn", {"score": -0.1}),
        ("prairielearn", {"score": 1.1}),
        ("prairielearn", {"format_errors": "of what could be graded"}),
        ("prairielearn", {"images": [{"label": "no address"}]}),
        ("classroom", {"max_score": -1}),
    ],
)
def test_a_value_out_of_its_range_is_refused(name, change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**WHOLE[name], **change}, schema(name))


def test_what_cannot_be_graded_needs_no_score_and_may_say_why():
    for errors in ("one", ["one", "another"]):
        jsonschema.validate({"gradable": False, "format_errors": errors}, schema("prairielearn"))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"gradable": True}, schema("prairielearn"))


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_required_is_missed(name):
    required = {"gradescope": ["score", "tests"], "prairielearn": ["score"],
                "classroom": ["version", "status", "max_score", "tests"]}[name]  # fmt: skip
    for field in required:
        without = {key: value for key, value in WHOLE[name].items() if key != field}
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(without, schema(name))


# ---- GitHub's workflow commands -------------------------------------------------------------

#: A command and its properties; in values of these five characters are written by their number.
COMMAND = re.compile(r"::(error|warning|notice)( (?P<properties>[^\r\n]*?))?::(?P<text>[^\r\n]*)")
PROPERTY = re.compile(r"(file|title|line|endLine|col|endColumn)=([^%\r\n:,]|%(25|0D|0A|3A|2C))*")
TEXT = re.compile(r"([^%\r\n]|%(25|0D|0A))*")
#: GitHub shows so many of a kind for one step, and takes so many bytes of a summary.
SHOWN = 10
MOST_SUMMARY = 1 << 20


def is_command(line):
    made = COMMAND.fullmatch(line)
    if made is None or not TEXT.fullmatch(made["text"]):
        return False
    properties = made["properties"].split(",") if made["properties"] else []
    names = [one.partition("=")[0] for one in properties]
    numbers = [one.partition("=")[2] for one in properties if one.startswith(("line=", "col="))]
    return (
        all(PROPERTY.fullmatch(one) for one in properties)
        and len(set(names)) == len(names)
        and all(re.fullmatch("[1-9][0-9]*", one) for one in numbers)
    )


@pytest.mark.parametrize(
    "one",
    [THREE, hostile(), graded(), *a_class()[:10]],
    ids=lambda one: f"{one.submission[:12].strip()} of {len(one.parts)}",
)
def test_annotations_are_commands_as_github_reads_them_and_all_are_shown(one):
    made = list(github.annotated(disclosed(one)))
    assert all(map(is_command, made))
    for kind in ("error", "warning", "notice"):
        assert sum(line.startswith(f"::{kind}") for line in made) <= SHOWN


@pytest.mark.parametrize(
    "line",
    ["::error file=a:b::text", "::error file=a,b::text", "::error path=a::text", "::fatal::text",
     "::error line=0::text", "::error line=x::text", "::error::100 %", "::error::a\nb", ":error::a",
     "::error file=a,file=b::text", "::error title=50 %::text"],
)  # fmt: skip
def test_another_line_is_no_command(line):
    assert not is_command(line)


def test_a_summary_fits_in_what_github_takes(tmp_path):
    github.write(CLASS, tmp_path)
    found = list(tmp_path.rglob("summary.md"))
    assert found
    assert all(path.stat().st_size <= MOST_SUMMARY for path in found)


# ---- JUnit and CSV ---------------------------------------------------------------------------

#: What breaks a report: an attribute or element taken away, misplaced, or of another kind.
BROKEN = {
    "a case without a name": lambda root: root.find(".//testcase").attrib.pop("name"),
    "a case without a class": lambda root: root.find(".//testcase").attrib.pop("classname"),
    "a time that is none": lambda root: root.find(".//testcase").set("time", "fast"),
    "a suite without a count": lambda root: root[0].attrib.pop("tests"),
    "a suite without failures": lambda root: root[0].attrib.pop("failures"),
    "a suite without errors": lambda root: root[0].attrib.pop("errors"),
    "a suite without a name": lambda root: root[0].attrib.pop("name"),
    "a count that is none": lambda root: root[0].set("errors", "-1"),
    "a total that is none": lambda root: root.set("tests", "many"),
    "an attribute of ours": lambda root: root[0].set("grade", "A"),
    "an element of ours": lambda root: ET.SubElement(root.find(".//testcase"), "grade"),
    "a case that ends twice": lambda root: root.find(".//testcase[failure]").insert(
        0, ET.Element("error")
    ),
    "a property without a value": lambda root: root.find(".//property").attrib.pop("value"),
    "a case outside of a suite": lambda root: root.append(ET.Element("testcase", name="a")),
}


@pytest.fixture(scope="module")
def xsd():
    return xmlschema.XMLSchema(str(SCHEMAS / "junit.xsd"))


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_report_is_refused(how, xsd, tmp_path):
    (path,) = junit.write([THREE], tmp_path)
    root = ET.parse(path).getroot()
    assert xsd.is_valid(root)
    BROKEN[how](root)
    assert not xsd.is_valid(root)


def is_table(text):
    """Whether it is a table by RFC 4180: lines that end in CRLF, of as many fields each."""
    if not text.endswith("\r\n"):
        return False
    outside = re.sub(r'"(?:[^"]|"")*"', "", text)
    if '"' in outside or re.search(r"(?<!\r)\n|\r(?!\n)", outside):
        return False
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    return len({len(row) for row in rows}) == 1


@pytest.mark.parametrize("made", [CLASS, [hostile()], [graded(part())]], ids=len)
def test_a_table_is_one_that_every_reader_reads(made):
    assert is_table(table.table(made))


@pytest.mark.parametrize(
    "text", ["a,b\n1,2\n", "a,b\r\n1\r\n", 'a,b\r\n1,"2\r\n', 'a,b\r\n1,x"y\r\n', "a\rb\r\n", "a"]
)
def test_another_text_is_no_table(text):
    assert not is_table(text)


def test_every_schema_of_this_folder_is_tried():
    assert {path.stem for path in Path(SCHEMAS).iterdir()} == {*WHOLE, "junit"}
    assert json.dumps(WHOLE)
