"""JUnit's XML: what Jenkins, GitLab and other services show of a run; a suite a submission.

Services show it to whoever sees the job, so it holds what a student may see.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path

from gradcheck.coursework.formats.disclosure import Disclosed, Told, disclosed
from gradcheck.coursework.formats.text import points
from gradcheck.coursework.results import Graded
from gradcheck.coursework.whole_files import write_whole

#: The element that says how a test ended; a test that passed has none.
_ELEMENTS = {"fail": "failure", "error": "error", "undecided": "skipped"}
#: Of a class of hundreds, a whole report of everyone would be tens of megabytes.
_MOST_TEXT = 2_000


def write(graded: Sequence[Graded], directory: Path) -> list[Path]:
    """Write ``junit.xml``, with a suite for each submission."""
    return [write_whole(directory / "junit.xml", document(graded))]


def document(graded: Sequence[Graded]) -> bytes:
    """The document as UTF-8."""
    root = ET.Element("testsuites", name="gradcheck")
    for one in graded:
        root.append(_suite(disclosed(one, _MOST_TEXT), one))
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ET.indent(root)
    made: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return made + b"\n"


def _suite(told: Disclosed, graded: Graded) -> ET.Element:
    ended = [part.status for part in told.parts]
    suite = ET.Element(
        "testsuite",
        name=told.submission,
        tests=str(len(ended)),
        failures=str(ended.count("fail")),
        errors=str(ended.count("error")),
        skipped=str(ended.count("undecided")),
        time=_time(graded.seconds),
    )
    properties = ET.SubElement(suite, "properties")
    whole = {
        "assignment": told.assignment,
        "points": points(told.earned),
        "possible": points(told.possible),
        **({"warning": told.warning} if told.warning else {}),
        **{f"version.{what}": which for what, which in told.versions.items()},
    }
    for name, value in whole.items():
        ET.SubElement(properties, "property", name=name, value=value)
    for part, source in zip(told.parts, graded.parts, strict=True):
        suite.append(_case(told, part, 0.0 if part.hidden else source.seconds))
    if told.notes:
        ET.SubElement(suite, "system-out").text = "\n".join(told.notes)
    return suite


def _case(told: Disclosed, part: Told, seconds: float) -> ET.Element:
    case = ET.Element(
        "testcase",
        # Services tell tests of a run apart by these two alone; a dot is between packages.
        classname=".".join(one.replace(".", "_") for one in (told.assignment, told.submission)),
        name=part.title,
        time=_time(seconds),
    )
    if part.status in _ELEMENTS:
        place = f"{part.file}:{part.line}\n" if part.file else ""
        earned = f"{points(part.earned)} of {points(part.possible)} points"
        ended = ET.SubElement(case, _ELEMENTS[part.status], message=f"{part.outcome}, {earned}")
        if part.status != "undecided":
            ended.set("type", str(part.outcome))
        ended.text = place + part.said
    # What is said of others stands where they ended.
    printed = [*(part.remarks if part.status == "pass" else ()), *filter(None, [part.output])]
    if printed:
        ET.SubElement(case, "system-out").text = "\n".join(printed)
    return case


def _time(seconds: float) -> str:
    return f"{max(seconds, 0.0):.3f}"
