"""What a check answers: frozen data and plain text."""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.errors import GradientMismatch, GradientUndecided
from gradcheck.hints import Hints, Mistake, tell

Floats = NDArray[np.float64]


class Status(enum.Enum):
    """The three answers."""

    PASS = "pass"
    FAIL = "fail"
    UNDECIDED = "undecided"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class Measured:
    """A measured value and a bound of its error, of one shape."""

    value: Any
    error: Any


@dataclass(frozen=True)
class Entry:
    r"""One entry: :math:`\partial` ``output[output_index]`` :math:`/\partial` ``input[index]``."""

    input: str
    index: tuple[int, ...]
    output: str
    output_index: tuple[int, ...]
    claimed: float
    measured: float
    error: float

    @property
    def wrong(self) -> bool:
        """Whether the claimed value lies outside the measured interval."""
        return not abs(self.claimed - self.measured) <= self.error

    @property
    def discrepancy(self) -> float:
        """How far the claimed value is from the measured one, relative to the larger of them."""
        largest = max(abs(self.claimed), abs(self.measured))
        return abs(self.claimed - self.measured) / largest if largest else 0.0


@dataclass(frozen=True)
class Verdict:
    """The answer for one claim at one point. True only for a pass.

    ``claimed``, ``measured`` and ``error`` are what was compared: the projections on a pass, the
    entries of the table on a failure. ``resolution`` is the r for which multiplying any one entry
    of median non-zero magnitude of any claimed gradient by 1 + r would have failed with
    probability 0.99 over the harness's own draws, ``resolution_overall`` the same for all entries
    together. ``rounding`` is the rule's own rounding relative to the norm of its answer.
    """

    status: Status
    claim: str
    kind: str = ""
    claimed: Any = None
    measured: Any = None
    error: Any = None
    resolution: float = np.inf
    resolution_overall: float = np.inf
    worst: Entry | None = None
    entries: tuple[Entry, ...] = ()
    #: The mistakes that a failure looks like, the best first.
    mistakes: Sequence[Mistake] = ()
    kinks: int = 0
    uncovered: int = 0
    rounding: float | None = None
    evaluations: int = 0
    calls: int = 0
    #: What sort of case it is, in one word: "", "contract", "overflow", "raised", "silent", …
    cause: str = ""
    #: The headline of a failure: "wrong value", "wrong shape", "numerically unstable", …
    title: str = ""
    reason: str = ""
    notes: tuple[str, ...] = ()
    #: Where: the inputs, the sizes found, the file and line of the rule.
    case: Case | None = field(default=None, repr=False)
    bindings: Mapping[str, Any] = field(default_factory=dict, repr=False)
    file: str = field(default="", repr=False)
    line: int = field(default=0, repr=False)
    #: The expressions of a chain that breaks, their values, and the number of the ``=`` that does.
    chain: tuple[tuple[str, float], ...] = ()
    broken: int = 0
    #: The cotangent (or tangent) with which the claimed entries were asked for, by name.
    probe: tuple[tuple[str, Any], ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return self.status is Status.PASS

    def raise_for_failure(self) -> None:
        """Raise ``GradientMismatch`` on a failure, ``GradientUndecided`` where undecided."""
        Verdicts((self,)).raise_for_failure()

    def __str__(self) -> str:
        return narrate(self)


class Verdicts(Sequence[Verdict]):
    """Some verdicts: true when there is at least one and every one passes."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self._verdicts = tuple(verdicts)

    def __getitem__(self, index: Any) -> Any:
        return self._verdicts[index]

    def __len__(self) -> int:
        return len(self._verdicts)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self._verdicts)

    def __bool__(self) -> bool:
        return bool(self._verdicts) and all(self._verdicts)

    def __str__(self) -> str:
        return "\n".join(map(str, self._verdicts))

    def raise_for_failure(self) -> None:
        """Raise for the failures among them, else for what is undecided."""
        for status, error in (
            (Status.FAIL, GradientMismatch),
            (Status.UNDECIDED, GradientUndecided),
        ):
            chosen = [verdict for verdict in self._verdicts if verdict.status is status]
            if chosen:
                raise error("\n".join(map(str, chosen)), Verdicts(chosen))


#: At most so many entries are listed, and arrays of at most so many entries are written out.
_MOST_LISTED = 12
_MOST_WRITTEN = 64
#: Whole numbers up to this are written without an exponent.
_MOST_DIGITS = 1e15


def narrate(verdict: Verdict, hints: Hints | None = None) -> str:
    """A verdict as plain text: what, where, at which inputs, which entries are off, and why.

    ``hints`` say how much of the mistake is told, and in which language.
    """
    head = f"{verdict.claim}: "
    if verdict.status is Status.PASS:
        kinks = f", {verdict.kinks} on kinks" if verdict.kinks else ""
        return (
            f"{head}pass (resolution {verdict.resolution:.0e}, {verdict.evaluations} "
            f"evaluations{kinks})"
        )
    if verdict.status is Status.UNDECIDED:
        head += "UNDECIDED, not accused"
    else:
        head += f"FAIL, {verdict.title or 'wrong value'}"
    lines = [head]
    if verdict.file:
        lines.append(place(verdict.file, verdict.line))
    if verdict.reason:
        lines += ["", f"  {verdict.reason}"]
    lines += _inputs(verdict)
    lines += _entries(verdict)
    told = tell(verdict.mistakes, hints or Hints.of())
    lines += ["", *told] if told else []
    if verdict.notes:
        lines += ["", *(f"  note: {note}" for note in verdict.notes)]
    return "\n".join(lines)


def place(file: str, line: int) -> str:
    """A file and line, as seen from the current folder where it is below it."""
    path = Path(file)
    with contextlib.suppress(OSError, ValueError):
        path = path.relative_to(Path.cwd())
    return f"{path.as_posix()}:{line}"


def _inputs(verdict: Verdict) -> list[str]:
    if verdict.case is None:
        return []
    lines = [""]
    if verdict.bindings:
        lines.append("  " + ", ".join(f"{n} = {size}" for n, size in verdict.bindings.items()))
    shown = [*verdict.case.inputs.items(), *verdict.probe]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        role = "   (the cotangent)" if any(name == given for given, _ in verdict.probe) else ""
        if verdict.kind == "jvp" and role:
            role = "   (the tangent)"
        lines += _written(f"  {name:<{width}} = ", value, role)
    return lines


def _written(prefix: str, value: Any, role: str) -> list[str]:
    if isinstance(value, list):
        text = "[" + ", ".join(_array(np.asarray(part)) for part in value) + "]"
    elif isinstance(value, np.ndarray | np.generic | int | float):
        text = _array(np.asarray(value))
    else:
        text = repr(value)
    first, *rest = text.splitlines()
    return [prefix + first + role, *(" " * len(prefix) + line for line in rest)]


def _array(array: NDArray[Any]) -> str:
    if array.size > _MOST_WRITTEN:
        return f"an array of shape {array.shape}"
    if array.size == 0:
        return f"an empty array of shape {array.shape}"
    return np.array2string(
        array, separator=", ", formatter={"float_kind": shortest}, max_line_width=96
    )


def shortest(value: Any) -> str:
    """A number in the fewest digits that give it back; integers without a point."""
    whole = abs(value) < _MOST_DIGITS and value == int(value)
    return str(int(value)) if whole else repr(float(value))


def _entries(verdict: Verdict) -> list[str]:
    entries = [entry for entry in verdict.entries if entry.wrong]
    if not entries:
        return []
    if verdict.kind == "identity":
        return _equality(verdict, entries[0])
    rows = [
        (_label(verdict, e), number(e.claimed), measurement(e.measured, e.error)) for e in entries
    ]
    shown = rows[:_MOST_LISTED]
    name, claimed = (max(len(row[k]) for row in shown) for k in (0, 1))
    claimed = max(claimed, len("claimed"))
    lines = ["", f"  {'':<{name}}   {'claimed':>{claimed}} | measured"]
    lines += [f"  {a:<{name}}   {b:>{claimed}} | {c}" for a, b, c in shown]
    right = len(verdict.entries) - len(entries)
    if len(rows) > len(shown):
        lines.append(f"  … and {len(rows) - len(shown)} more")
    if right:
        lines.append(
            f"  the other {right} entries shown by this case are right"
            if right > 1
            else "  the other entry is right"
        )
    return lines


def _label(verdict: Verdict, entry: Entry) -> str:
    if entry.input == "direction":
        return f"{subscript(entry.output, entry.output_index)} along it"
    if verdict.kind == "vjp" and verdict.probe:
        return subscript(f"d{entry.input}", entry.index)
    if verdict.kind == "gradient":
        return f"∂{entry.output}/∂{subscript(entry.input, entry.index)}"
    return f"∂{subscript(entry.output, entry.output_index)}/∂{subscript(entry.input, entry.index)}"


def _equality(verdict: Verdict, entry: Entry) -> list[str]:
    """The chain at the entry where it breaks, with the first ``=`` that does not hold."""
    width = max(len(text) for text, _ in verdict.chain)
    at = f", at index {list(entry.output_index)}" if entry.output_index else ""
    lines = ["", f"  the chain{at}:"]
    for number, (text, value) in enumerate(verdict.chain):
        sign = " " if number == 0 else "≠" if number == verdict.broken + 1 else "="
        lines.append(f"    {sign} {text:<{width}}   {number_of(value)}")
    off = abs(entry.claimed - entry.measured)
    return [
        *lines,
        "",
        f"  the two sides of ≠ differ by {off:.2g}; rounding explains at most {entry.error:.0e}",
    ]


def describe(verdict: Verdict) -> str:
    """The worst entry of a verdict as a line: ``∂y[0]/∂z[1]: claimed 0.2 | measured …``."""
    entry = verdict.worst
    if entry is None:
        return ""
    return (
        f"{_label(verdict, entry)}: claimed {number(entry.claimed)} | "
        f"measured {measurement(entry.measured, entry.error)}"
    )


def subscript(name: str, index: tuple[int, ...]) -> str:
    """``W[0, 1]``; the bare name for a scalar."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def number(value: float) -> str:
    """A number in at most eight significant digits."""
    return f"{value:.8g}"


def number_of(value: float) -> str:
    """A number in at most twelve significant digits."""
    return shortest(float(f"{value:.12g}"))


def measurement(value: float, error: float) -> str:
    """A measured value in the digits that its error leaves, and the error."""
    if not np.isfinite(error):
        return f"{value:.2g} ± unknown"
    if error <= 0:
        return f"{value:.8g} ± 0"
    digits = 8 if value == 0 else int(np.clip(np.log10(abs(value) / error) + 1, 1, 10))
    return f"{value:.{digits}g} ± {error:.0e}"
