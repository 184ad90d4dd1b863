"""What a check answers: frozen data and plain text."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.case import Case
from gradcheck.errors import GradientMismatch, GradientUndecided
from gradcheck.hints import Mistake, Said, said
from gradcheck.report.figures import percentage
from gradcheck.report.narration import narrate
from gradcheck.report.notebook import as_html, plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
        if not math.isfinite(largest):
            return math.inf
        return abs(self.claimed - self.measured) / largest if largest else 0.0


@dataclass(frozen=True)
class Lost:
    """What a rule that passes loses of its digits: so many entries ``of`` those looked at.

    They are off by up to such a ``share`` of what they are, which only the rounding of the rule
    itself explains.
    """

    entries: int
    of: int
    share: float

    @property
    def told(self) -> Said:
        """The same as a sentence."""
        return said(
            "{entries} of {of} are off by up to {share}, which only its own rounding "
            "explains; a form that does not subtract nearly equal numbers keeps its digits",
            "{total} 个元素中有 {entries} 个偏差最多达 {share}，仅能由规则自身的舍入解释；"
            "改写成不让相近的数相减的形式即可保住有效数字",
            entries=self.entries,
            of=f"{self.of} entr{'y' if self.of == 1 else 'ies'}",
            total=self.of,
            share=percentage(self.share),
        )


@dataclass(frozen=True)
class Verdict:
    """The answer for one claim at one point. True only for a pass.

    ``claimed``, ``measured`` and ``error`` are what was compared: the projections on a pass, the
    entries of the table on a failure. ``resolution`` is the r for which multiplying any one entry
    of median non-zero magnitude of any claimed gradient by 1 + r would have failed with
    probability 0.99 over the harness's own draws, ``resolution_overall`` the same for all entries
    together. ``rounding`` is the rule's own rounding relative to the norm of its answer, ``lost``
    what it rounds away of some entries although the function does not; None where that is little.
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
    #: What a pass says nothing of, since the rule rounds it away.
    lost: Lost | None = None
    evaluations: int = 0
    calls: int = 0
    #: What sort of case it is, in one word: "", "contract" (of the rule), "function" (it breaks one
    #: itself), "overflow", "raised", "silent", …
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
    #: The difference quotient of the worst entry at each step of its input, the largest first.
    quotients: tuple[tuple[float, float], ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return self.status is Status.PASS

    def raise_for_failure(self) -> None:
        """Raise ``GradientMismatch`` on a failure, ``GradientUndecided`` where undecided."""
        Verdicts((self,)).raise_for_failure()

    def __str__(self) -> str:
        return narrate(self)

    def _repr_html_(self) -> str:
        return as_html(self)

    def plot(self) -> Figure:
        """A figure of matplotlib's: heat maps of what is wrong, and the curve over the step.

        Raises ``InputError`` where there is nothing to draw, or matplotlib is not installed.
        """
        return plot(self)


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

    def _repr_html_(self) -> str:
        return "\n".join(map(as_html, self._verdicts))

    def raise_for_failure(self) -> None:
        """Raise for the failures among them, else for what is undecided."""
        for status, error in (
            (Status.FAIL, GradientMismatch),
            (Status.UNDECIDED, GradientUndecided),
        ):
            chosen = [verdict for verdict in self._verdicts if verdict.status is status]
            if chosen:
                raise error("\n".join(map(str, chosen)), Verdicts(chosen))
