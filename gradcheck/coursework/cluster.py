"""Submissions graded on an existing Dask cluster, which may see none of this machine's files.

Assignment and submission travel with each order; each worker keeps submissions apart by itself,
and refuses as this machine would. What a worker that died was at work on, the scheduler gives to
another.
"""

from __future__ import annotations

import importlib
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.grading import grade
from gradcheck.coursework.own_folder import FILES
from gradcheck.coursework.sandbox import Unavailable, choose
from gradcheck.coursework.settings import SETTINGS
from gradcheck.coursework.staging import Refused, library, private_folder, room
from gradcheck.errors import InputError
from gradcheck.loading import FOLDER
from gradcheck.mutation.workers import Lost

#: How often an order is given out again that raised; a worker that dies has not raised.
_RETRIES = 1
#: Seconds in which the scheduler has to answer, and in which a first worker has to be there.
_CONNECTING = 10
_GATHERING = 60


@dataclass(frozen=True)
class Parcel:
    """One order with everything in it."""

    assignment: dict[str, bytes]
    #: The files of the submission, or why it is not even opened.
    submission: dict[str, bytes] | str
    name: str
    seed: int
    unsafe: bool


def shared_out(orders: Sequence[Any], address: str, unsafe: bool) -> Iterator[tuple[int, Any]]:
    """The results as they come, each with the number of its order.

    Raises ``InputError`` where there is no scheduler, no worker, or Dask is not installed.
    """
    try:
        dask: Any = importlib.import_module("distributed")
    except ImportError:
        raise InputError(
            '--scheduler needs the extra `cluster`: pip install "gradcheck[cluster]"'
        ) from None
    try:
        client = dask.Client(address, timeout=_CONNECTING, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InputError(f"--scheduler {address}: no scheduler answers there: {error}") from None
    with client:
        try:
            client.wait_for_workers(1, timeout=_GATHERING)
        except OSError:
            raise InputError(
                f"--scheduler {address}: no worker came within {_GATHERING:g} s; start one, as by "
                f"`dask worker {address}`"
            ) from None
        files = _assignment_files(orders[0].assignment) if orders else {}
        futures = {
            client.submit(
                graded_there, _parcel(order, files, unsafe), pure=False, retries=_RETRIES
            ): number
            for number, order in enumerate(orders)
        }
        for future in dask.as_completed(list(futures), loop=client.loop):
            failure = future.exception()
            result = future.result() if failure is None else Lost(repr(failure), ours=True)
            yield futures[future], result
            future.release()


def _assignment_files(folder: Path) -> dict[str, bytes]:
    paths = [folder / SETTINGS, *sorted((folder / FOLDER).glob("*.py"))]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _parcel(order: Any, assignment: dict[str, bytes], unsafe: bool) -> Parcel:
    # Copied as for a process of this machine, so that links are not followed and sizes are bounded.
    content: dict[str, bytes] | str
    try:
        with room(order.sandbox.root, order.entry.path, FILES) as where:
            folder = where.main.parent
            content = {
                path.relative_to(folder).as_posix(): path.read_bytes()
                for path in sorted(folder.rglob("*"))
                if stat.S_ISREG(path.lstat().st_mode)
            }
            if where.main.name not in FILES:
                content[f"submission{where.main.suffix}"] = content.pop(where.main.name)
    except Refused as refused:
        content = str(refused)
    return Parcel(assignment, content, order.entry.name, order.seed, unsafe)


def graded_there(parcel: Parcel) -> Any:
    """On a worker of the cluster: the marks of one submission, or ``Unavailable``."""
    with private_folder() as top, library() as root:
        _unpack(parcel.assignment, top / "assignment")
        submission = top / "submission"
        if isinstance(parcel.submission, str):
            os.symlink("nowhere", submission)  # noqa: PTH211 - refused, as it was at home
        else:
            _unpack(parcel.submission, submission)
        assignment = Assignment.load(top / "assignment")
        try:
            sandbox = choose(root, assignment.modules, private=[top], unsafe=parcel.unsafe)
            return grade(assignment, submission, sandbox, parcel.seed, parcel.name)
        except Unavailable as error:
            return error


def _unpack(files: dict[str, bytes], folder: Path) -> None:
    folder.mkdir()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
