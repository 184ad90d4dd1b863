"""What the paths on a command line stand for: files, and the claims that they declare."""

from __future__ import annotations

import argparse
import os
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from gradcheck.claims import Identity, Rule
from gradcheck.errors import GradcheckError, InputError, Judged
from gradcheck.loading import (
    FOLDER,
    IMPORT,
    Found,
    derivation_folder,
    explain,
    found_at,
    installed,
    is_source,
)

T = TypeVar("T")

#: What lies in a virtual environment, whose files are nobody's derivations.
_ENVIRONMENT = "pyvenv.cfg"


class Unusable(GradcheckError):
    """Nothing can be said about a claim, and why."""


def add_paths(parser: argparse.ArgumentParser) -> None:
    """The option that ``found_in`` reads."""
    parser.add_argument(
        "paths", nargs="*", default=[FOLDER], metavar="PATH",
        help="files, folders, or file.py::claim (derivations)",
    )  # fmt: skip


def found_in(
    paths: Sequence[str], wanted_file: Callable[[Path], bool] = lambda file: True
) -> Iterator[tuple[str, Found]]:
    """What is declared under the paths, once, with the names that replay it.

    Files that are not wanted are not loaded. Raises ``InputError`` for a path that is not there, or
    under which nothing is declared.
    """
    told: set[str] = set()
    for text in paths:
        base, _, wanted = text.partition("::")
        files = files_under(Path(base))
        looked_at = [file for file in files if wanted_file(file)]
        nothing = looked_at == files  # of a file that was not loaded nothing is known
        for file in looked_at:
            for found in found_at(file):
                # As with pytest, the name of a derivation stands for all of its rules.
                if wanted not in ("", found.id, found.id.split("[")[0]) and found.id != IMPORT:
                    continue
                nothing = False
                name = f"{file.as_posix()}::{found.id}"
                if name not in told:
                    told.add(name)
                    yield name, found
        if nothing:
            raise InputError(
                f"{text}: no claim of that name is there" if wanted else
                f"{text}: nothing is declared there; `gradcheck new NAME` writes a first file"
            )  # fmt: skip


def files_under(path: Path) -> list[Path]:
    """The file, or those of a folder: of its derivation folders where it has some.

    Elsewhere a file has to name gradcheck: a script that does not is not run.
    """
    if not path.exists():
        hint = "; `gradcheck new NAME` writes a first file" if path.name == FOLDER else ""
        raise InputError(f"{path}: there is no such file or folder{hint}")
    if path.is_file():
        if path.suffix != ".py":
            raise InputError(f"{path}: a file of Python code was expected")
        return [path]
    found: list[Path] = []
    for folder, below, names in os.walk(path):
        here = Path(folder)
        below[:] = [
            name
            for name in below
            if not name.startswith((".", "__")) and not (here / name / _ENVIRONMENT).exists()
        ]
        found += [here / name for name in names if is_source(Path(name))]
    inside = [file for file in found if FOLDER in file.relative_to(path).parts[:-1]]
    if not inside and derivation_folder(path.absolute() / "any") is None:
        found = [file for file in found if b"gradcheck" in file.read_bytes()]
    return sorted(inside or found)


def claim_of(found: Found) -> Rule | Identity:
    """The claim that was found; raises ``Unusable`` where its declaration has a problem."""
    if found.claim is None:
        raise Unusable(found.problem)
    return found.claim


def guarded(claim: Rule | Identity, judge: Callable[[], T]) -> T:
    """What ``judge`` returns for a claim; ``Unusable`` for whatever else happens but a verdict."""
    try:
        with installed(derivation_folder(Path(claim.file))):
            return judge()
    except Judged:
        raise
    except (Exception, SystemExit) as error:
        ours = f"gradcheck itself failed; please report this:\n{traceback.format_exc()}"
        raise Unusable(explain(error, claim.file, claim.line) or ours) from None
