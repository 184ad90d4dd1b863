"""Files for submissions, whatever those are called, each written whole or not at all."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gradcheck.coursework.results import Graded

#: Longer names are cut; every file system has room for these, and an ending.
_LONGEST = 80
#: What tells apart names that would be one file.
_DIGITS = 8
#: How a name ends that was told apart: nobody's own name may look so.
_TOLD_APART = re.compile(rf"-[0-9a-f]{{{_DIGITS}}}(-\d+)?$", re.IGNORECASE)
#: Names that Windows keeps for devices, whatever their ending.
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
#: A limit on text is halved until all of it fits, down to this.
_LEAST_TEXT = 50


def file_names(graded: Sequence[Graded]) -> list[str]:
    """A name of its own for each submission, good on every file system; its own where that is.

    The names depend on which submissions there are, but not on their order.
    """
    bare = [_bare(one.submission) for one in graded]
    taken = Counter(name.casefold() for name in bare)
    seen: Counter[str] = Counter()
    names = []
    for one, name in zip(graded, bare, strict=True):
        own = bool(name) and name == one.submission and not _TOLD_APART.search(name)
        if not own or taken[name.casefold()] > 1:
            text = one.submission.encode("utf-8", "surrogatepass")
            name = f"{name}-{hashlib.sha256(text).hexdigest()[:_DIGITS]}".lstrip("-")
        seen[name.casefold()] += 1
        again = seen[name.casefold()]
        names.append(name if again == 1 else f"{name}-{again}")
    return names


def for_each(
    graded: Sequence[Graded], directory: Path, write: Callable[[Graded, Path], list[Path]]
) -> list[Path]:
    """What ``write`` writes of each submission: in a folder of its own, if there are several.

    A platform grades one at a time, and looks for the file at a fixed place.
    """
    if len(graded) == 1:
        return write(graded[0], directory)
    written = []
    for one, name in zip(graded, file_names(graded), strict=True):
        written += write(one, directory / name)
    return written


def as_json(data: Any) -> bytes:
    """Data as JSON."""
    return (json.dumps(data, indent=1, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")


def fitted(make: Callable[[int], bytes], most_bytes: int, most_text: int) -> bytes:
    """What ``make`` makes with the longest texts with which it has at most ``most_bytes``."""
    made = make(most_text)
    while len(made) > most_bytes and most_text > _LEAST_TEXT:
        most_text = max(most_text // 2, _LEAST_TEXT)
        made = make(most_text)
    return made


def _bare(submission: str) -> str:
    """The name with nothing in it that a file system could read another way."""
    kept = re.sub(r"[^\w.-]+", "_", submission[: 2 * _LONGEST], flags=re.ASCII)
    kept = kept.strip("._- ")[:_LONGEST].rstrip("._- ")
    return "" if _DEVICES.fullmatch(kept) else kept
