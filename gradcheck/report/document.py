"""A run as a JSON document, for other programs: ``schema.json`` beside this file describes it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from gradcheck.errors import InputError
from gradcheck.records import Problem, Record

#: Counts the versions of the document that a reader of the one before would misread. A new field
#: is no new version: readers have to pass over what they do not know.
VERSION = 1


def document(records: Sequence[Record], problems: Sequence[Problem]) -> dict[str, Any]:
    """The run as plain data that JSON can hold; numbers that are not finite become strings."""
    statuses = [record.status for record in records]
    whole = {
        "version": VERSION,
        "gradcheck": version("gradcheck"),
        "totals": {
            "claims": len(records),
            "inputs": sum(record.inputs for record in records),
            **{status: statuses.count(status) for status in ("pass", "fail", "undecided")},
            "problems": len(problems),
        },
        "records": [record.as_dict() for record in records],
        "problems": [problem.as_dict() for problem in problems],
    }
    plain: dict[str, Any] = _plain(whole)
    return plain


def write_document(path: Path, records: Sequence[Record], problems: Sequence[Problem]) -> None:
    """Write the document as UTF-8."""
    text = json.dumps(document(records, problems), indent=1, ensure_ascii=True, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def schema() -> dict[str, Any]:
    """The JSON schema of the document."""
    text = files("gradcheck.report").joinpath("schema.json").read_text(encoding="utf-8")
    described: dict[str, Any] = json.loads(text)
    return described


def require_writable(option: str, text: str) -> Path:
    """The path of a file that is to be written when the run is over.

    Raises ``InputError`` at once where that will not be possible: a run can be long.
    """
    path = Path(text)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8"):
            pass
    except OSError as error:
        raise InputError(f"{option}: {text} cannot be written: {error.strerror}") from None
    return path


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, str) or value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    number = float(value)
    if math.isfinite(number):
        return number
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
