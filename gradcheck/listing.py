"""A table of contents: what is declared, by folder and by file."""

from __future__ import annotations

import inspect
import itertools
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gradcheck.checking import check_claim
from gradcheck.loading import Found, derivation_folder, installed, load
from gradcheck.profiles import PROFILES
from gradcheck.records import count

#: A claim that was found, and the file that it was found in.
Listed = tuple[Path, Found]
#: The lines of claims are at most so wide, where their names allow it.
_WIDTH = 100
#: What stands before the claims of a file, below its name.
_INDENT = 6 * " "
#: How many inputs a claim is checked on: each regime twice.
_FEW = 14


def contents(listed: Sequence[Listed], *, check: bool = False) -> Iterator[str]:
    """The lines of the table: each folder, its files with their titles, and the claims of each.

    With ``check``, every claim is checked on a few inputs; a file has the word ``PASS`` if all of
    its claims pass, and what does not is named.
    """
    files = [(path, [found for _, found in group]) for path, group in _grouped(listed)]
    files.sort(key=lambda one: one[0].parent)
    for number, (folder, group) in enumerate(itertools.groupby(files, lambda one: one[0].parent)):
        inside = list(group)
        width = max(len(path.name) for path, _ in inside)
        yield ("\n" if number else "") + f"{folder.as_posix()}/"
        for path, claims in inside:
            words = [(_status(found), found.id) for found in claims] if check else []
            wrong = [f"{_INDENT}{word}: {name}" for word, name in words if word != "PASS"]
            status = "PASS  " if words and not wrong else "      " if words else ""
            yield f"  {path.name:<{width}}  {status}{_title(path)}".rstrip()
            yield textwrap.fill(
                ", ".join(_joined([found.id for found in claims])), _WIDTH, break_long_words=False,
                initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False,
            )  # fmt: skip
            yield from wrong
    yield f"\n{count(len(files), 'file')}, {count(len(listed), 'claim')}"


def _grouped(listed: Sequence[Listed]) -> Iterator[tuple[Path, Iterator[Listed]]]:
    return itertools.groupby(listed, key=lambda one: one[0])


def _title(path: Path) -> str:
    """The first line of the docstring of a file."""
    return inspect.cleandoc(load(path).__doc__ or "").split("\n")[0]


def _joined(ids: Sequence[str]) -> Iterator[str]:
    """``f[vjp-a, jvp-b]`` for the rules of one derivation that stand together."""
    for owner, group in itertools.groupby(ids, key=lambda name: name.partition("[")[0]):
        rules = [name.partition("[")[2].removesuffix("]") for name in group]
        yield f"{owner}[{', '.join(rules)}]" if all(rules) else owner


def _status(found: Found) -> str:
    """What a few inputs say of a claim, the same in every run."""
    assert found.claim is not None
    few = replace(PROFILES["ci"], inputs=_FEW)
    try:
        with installed(derivation_folder(Path(found.claim.file))):
            return check_claim(found.claim, few).record.status.upper()
    except (Exception, SystemExit):
        return "ERROR"  # `gradcheck check` says which
