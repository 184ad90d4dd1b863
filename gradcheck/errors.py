"""What gradcheck raises. One base class; one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradcheck.verdict import Verdicts


class GradcheckError(Exception):
    """The base of every error that gradcheck raises."""


class DeclarationError(GradcheckError):
    """A derivation, identity, rule or dims string that cannot mean anything."""


class InputError(GradcheckError):
    """Values that do not fit what was declared, or a wrong call."""


class ReplayError(InputError):
    """A case that another version of the sampler printed."""


class Judged(GradcheckError):
    """A verdict that is not a pass; ``verdicts`` holds what was found."""

    def __init__(self, message: str, verdicts: Verdicts | None = None) -> None:
        super().__init__(message)
        self.verdicts = verdicts


class GradientMismatch(Judged, AssertionError):
    """A claim is wrong: at least one entry lies outside its measured interval."""


class GradientUndecided(Judged):
    """A claim could be neither confirmed nor refuted: not accused."""
