"""Files that are there whole or not at all, whatever happens while they are written."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from gradcheck.errors import InputError

#: What the name of a file begins with until it is whole.
_PART = ".part-"


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> Path:
    """Write a file such that whoever reads it finds all of it, or what was there before.

    Raises ``InputError`` where it cannot be written.
    """
    made: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_PART)
        made = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        made.chmod(mode)  # a temporary file is for its owner alone
        made.replace(path)
    except BaseException as error:
        if made is not None:
            with contextlib.suppress(OSError):
                made.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise InputError(f"{path} cannot be written: {error.strerror}") from None
        raise
    return path


def sweep(folder: Path) -> None:
    """Delete what whoever was killed had begun to write."""
    for path in folder.glob(f"{_PART}*"):
        path.unlink(missing_ok=True)
