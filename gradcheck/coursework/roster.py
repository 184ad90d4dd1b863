"""The submissions of a class, each recorded once: names, keys, and results on disk.

A result is written at the end of a submission, to a file of its own that replaces nothing but a
whole one. Its key says what it was made from, so that a run that was killed goes on where it was,
and what has changed since is graded again.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gradcheck.coursework.own_folder import FILES
from gradcheck.coursework.results import RESULTS_VERSION, Graded
from gradcheck.coursework.staging import LARGEST
from gradcheck.coursework.whole_files import sweep, write_whole
from gradcheck.errors import InputError

#: The folder of the results, in the one that is asked for.
RESULTS = "results"
#: What may stand in the name of a file anywhere.
_UNUSUAL = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Entry:
    """One submission: what it is called in every result, and where it lies."""

    name: str
    path: Path

    @property
    def file(self) -> str:
        """A file name of its own, whatever a submission is called."""
        plain = _UNUSUAL.sub("_", self.name).strip(".")[:_LONGEST_NAME]
        if plain == self.name:
            return plain
        return f"{plain}-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"


def entries(paths: Sequence[Path]) -> list[Entry]:
    """The submissions at some paths, each with a name of its own.

    A file is called as itself without its suffix, or as its folder where it bears the usual name.
    Raises ``InputError`` for a path that is not there or that stands for two.
    """
    for path in paths:
        if not os.path.lexists(path):
            raise InputError(f"{path}: there is no such file or folder")
    short = [_called(path) for path in paths]
    count = Counter(short)
    names = [name if count[name] == 1 else path.as_posix()
             for name, path in zip(short, paths, strict=True)]  # fmt: skip
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise InputError(f"{twice[0]} is given twice")
    return [Entry(name, path) for name, path in zip(names, paths, strict=True)]


def _called(path: Path) -> str:
    absolute = path.absolute()
    name = absolute.parent.name if path.name in FILES else path.stem or absolute.name
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)


def key(
    assignment: str, submission: Path, seed: int, versions: dict[str, str], isolation: str
) -> str:
    """What a result was made from, in one word."""
    made = [RESULTS_VERSION, assignment, content(submission), seed, sorted(versions.items()),
            isolation]  # fmt: skip
    return hashlib.sha256(json.dumps(made).encode()).hexdigest()


def content(path: Path) -> str:
    """The hash of a submission: of its plain files and their names; links are not followed.

    Of what is too large to be graded the size will do: it may be terabytes that are not there.
    """
    whole = hashlib.sha256()
    left = LARGEST
    mode = path.lstat().st_mode
    files = [path]
    if stat.S_ISDIR(mode):
        files = sorted(Path(at) / name for at, _, names in os.walk(path) for name in names)
    for file in files:
        whole.update(os.fsencode(str(file.relative_to(path))) + b"\0")
        status = file.lstat()
        if stat.S_ISREG(status.st_mode):
            whole.update(b"%d\0" % status.st_size)
            with file.open("rb") as opened:
                data = opened.read(left)
            whole.update(data)
            left -= len(data)
    return whole.hexdigest()


class Records:
    """The results of a run, on disk."""

    def __init__(self, out: Path) -> None:
        self.folder = out / RESULTS
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InputError(f"--out: {out} cannot be made: {error.strerror}") from None

    def path(self, entry: Entry) -> Path:
        """Where the result of a submission lies."""
        return self.folder / f"{entry.file}.json"

    def known(self, entry: Entry, wanted: str) -> Graded | None:
        """The result of a submission if it was made from the same; None where it has to be made."""
        try:
            data = json.loads(self.path(entry).read_text(encoding="utf-8"))
            if data.pop("key", None) != wanted:
                return None
            return Graded.from_dict(data)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def write(self, entry: Entry, graded: Graded, made_from: str) -> None:
        """Write a result whole, or not at all; raises ``InputError``."""
        text = json.dumps({"key": made_from, **graded.as_dict()}, indent=1, ensure_ascii=True)
        try:
            write_whole(self.path(entry), text.encode("ascii"), mode=0o600)
        except InputError as error:
            raise InputError(f"{error}; --resume goes on from what is recorded") from None

    def sweep(self) -> None:
        """Delete what a run that was killed had begun to write."""
        sweep(self.folder)
