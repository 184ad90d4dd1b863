"""The process that runs a submission: it reads requests, calls, and writes arrays back.

Run as a script by ``python -I -S``, with the settings as its one argument. It sees the parts of
this package that are mounted beside it, numpy, and the submission. It decides nothing: what it says
is what the submission says, since nothing keeps the two apart inside one process.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gradcheck.coursework.protocol import Failure
    from gradcheck.coursework.reading import Submission
    from gradcheck.coursework.units import Function, Layer

#: Exit codes that say why there was no start.
NOT_CONFINED = 97


def main() -> None:
    """Serve requests until nobody sends any."""
    settings = json.loads(sys.argv[1])
    sys.argv[:] = ["submission"]
    requests, answers = _own_descriptors()
    sys.path[:] = [path for path in sys.path if path] + settings["paths"]
    from gradcheck.coursework.confinement import ConfinementError, Limits, confine

    if settings["confined"]:
        try:
            confine(Limits(**settings["limits"]), settings["uid"], settings["scratch"])
        except ConfinementError as error:
            os.write(2, str(error).encode())
            os._exit(NOT_CONFINED)
    _Server(requests, answers, Path(settings["submission"])).serve()


def _own_descriptors() -> tuple[int, int]:
    """The two pipes, moved away from where a submission reads and prints."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)  # what is printed goes where errors go
    return requests, answers


class _Server:
    def __init__(self, requests: int, answers: int, path: Path) -> None:
        self.requests, self.answers, self.path = requests, answers, path
        self.units: list[Function | Layer | Failure] = []
        self.submission: Submission | None = None

    def serve(self) -> None:
        from gradcheck.coursework import protocol

        while True:
            raw = self._read(protocol.HEAD.size)
            top = protocol.head(raw)
            items = protocol.records(self._read(top.items * protocol.ITEM.size), top)
            given = protocol.values(items, self._read(top.size))
            if top.what == protocol.LOAD:
                self._load(top.number, given)
            else:
                self._call(top.number, given)

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            part = os.read(self.requests, min(size, 1 << 20))
            if not part:
                os._exit(0)
            parts.append(part)
            size -= len(part)
        return b"".join(parts)

    def _write(self, what: int, number: int, values: list[Any]) -> None:
        from gradcheck.coursework import protocol

        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except Exception:  # it may be anything by now
                continue
        left = memoryview(protocol.message(what, number, values))
        while left:
            left = left[os.write(self.answers, left) :]

    def _load(self, number: int, given: list[Any]) -> None:
        """First what the source shows, before any of it runs; then run it and find what is asked.

        Answers with a place for each function: its line and what is wrong with it, and remarks.
        """
        from gradcheck.adapters.conventions import conventions
        from gradcheck.coursework import protocol
        from gradcheck.coursework.differencing import differencing
        from gradcheck.coursework.reading import Unreadable, read, trees_of
        from gradcheck.coursework.units import Absent, Layer, Missing, Wanted, found, said

        read_in = trees_of(self.path)
        files = {os.path.relpath(file, self.path.parent): read_in[file] for file in read_in}
        seen = [(one.name, one.file, one.line) for one in differencing(files)]
        self._write(protocol.READ, number, seen)
        asked, trials = json.loads(given[0]), given[1:]
        module, notes, whole = None, [], ""
        asked = [Wanted(**one) for one in asked]
        if any(one.is_layer for one in asked):
            conventions()  # now: what is run may leave no descriptors to read them with
        try:
            submission = self.submission = read(self.path)
            module, notes = submission.module, submission.notes
        except Unreadable as error:
            whole = str(error)
        except BaseException as error:
            whole = f"{self.path.name}: {said(error)}"
        places: list[Any] = []
        self.units = []
        for one in asked:
            own = [
                (json.loads(sizes), _named(json.loads(names), values))
                for unit, sizes, names, values in trials
                if unit == len(self.units)
            ]
            try:
                if module is None:
                    raise Missing(whole)
                unit = found(module, one, own)
                notes = [*notes, *(unit.plan.notes if isinstance(unit, Layer) else ())]
                self.units.append(unit)
                places.append((unit.line, None))
            except BaseException as error:
                text = self._explained(said(error), isinstance(error, Absent))
                self.units.append(protocol.Failure(text))
                places.append((0, protocol.Failure(text)))
        self._write(protocol.LOADED, number, [*places, _bounded(notes)])

    def _call(self, number: int, given: list[Any]) -> None:
        from gradcheck.coursework import protocol

        which, most, *calls = given
        unit = self.units[int(which)]
        answers = [self._answer(unit, arguments, int(most)) for arguments in calls]
        remarks = [] if isinstance(unit, protocol.Failure) else unit.remarks
        self._write(protocol.ANSWERS, number, [*answers, _bounded(remarks)])

    def _answer(self, unit: Any, arguments: tuple[Any, ...], most: int) -> Any:
        """What a call came to, as it is sent: the next call may answer in the same array."""
        from gradcheck.coursework import protocol
        from gradcheck.coursework.units import Layer, said

        if isinstance(unit, protocol.Failure):
            return unit
        try:
            if isinstance(unit, Layer):
                name, cotangents, sizes, names, values = arguments
                sized = {n: _size(v) for n, v in json.loads(sizes).items()}
                given: Any = (name, cotangents, sized, _named(json.loads(names), values))
            else:
                given = [_plain(value) for value in arguments]
            answer = unit(given)
            packed = protocol.packed(answer, most)
            if packed.size > most:
                return protocol.Failure(
                    f"it returns {_shapes(answer)}, far more than was asked for"
                )
            return packed
        except protocol.ProtocolError as error:
            return protocol.Failure(f"it returns {error}")
        except MemoryError:
            return protocol.Failure("it needs more memory than there is for it", limit=True)
        except BaseException as error:
            return protocol.Failure(self._explained(said(error)))

    def _explained(self, text: str, is_absent: bool = False) -> str:
        """What is said of a name that is not there, with the reason that the file gives for it."""
        is_absent |= NameError.__name__ in text
        return self.submission.explained(text) if is_absent and self.submission else text


def _plain(value: Any) -> Any:
    """An index as an ``int``, as rules get it in a derivation file; text is JSON."""
    if isinstance(value, str):
        return json.loads(value)
    if isinstance(value, tuple | list):
        return type(value)(map(_plain, value))
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    return value.item() if kind in ("i", "b") and value.ndim == 0 else value


def _bounded(remarks: list[str]) -> tuple[str, ...]:
    """As many remarks, and as much of each, as is taken: they quote what a submission says."""
    from gradcheck.coursework import protocol

    most = slice(protocol.LONGEST_TEXT)
    return tuple(str(remark)[most] for remark in remarks[: protocol.MOST_REMARKS])


def _size(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _named(names: list[str], values: Any) -> dict[str, Any]:
    return {name: _plain(value) for name, value in zip(names, values, strict=True)}


def _shapes(answer: Any) -> str:
    if isinstance(answer, tuple | list):
        return f"{len(answer)} arrays of shapes {', '.join(map(_shapes, answer[:4]))}"
    return f"an array of shape {getattr(answer, 'shape', ())}"


if __name__ == "__main__":
    main()
