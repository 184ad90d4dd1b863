"""An entry of the catalogue: a mistake, its texts, and the pattern in the numbers that shows it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from gradcheck.diagnosis.evidence import Evidence, Predict, View
from gradcheck.hints import NOTHING, Text


@dataclass(frozen=True)
class Found:
    """A pattern that was found: values for its texts, or texts of its own."""

    values: Mapping[str, Any] = field(default_factory=dict)
    explained: float = 1.0
    id: str = ""
    title: Text | None = None
    explanation: Text | None = None
    remedy: Text | None = None
    #: Further members of the class, which the numbers at hand do not rule out.
    more: tuple[Text, ...] = ()


Find = Callable[[View, Evidence], Found | None]


@dataclass(frozen=True)
class Pattern:
    """One mistake, or one class of mistakes that numbers cannot tell apart.

    ``id`` is that of the list of known mistakes where it is there. ``find`` looks at one gradient.
    ``same`` are the titles of the other members of the class. Of several patterns that are found,
    the one of the lowest ``rank`` is named.
    """

    id: str
    title: Text
    explanation: Text
    remedy: Text
    find: Find
    same: tuple[Text, ...] = ()
    rank: int = 20
    #: Whether it can be found where there is only one side and another, without a function.
    plain: bool = False
    #: Whether it takes numbers from the claim itself, so that it must explain all or nothing.
    fitted: bool = False
    #: Whether it is believed where usual values show nothing wrong: it looks at others itself.
    special: bool = False


@dataclass(frozen=True)
class Behaviour:
    """A mistake of a rule as a whole; ``find`` is told the headline of the failure."""

    id: str
    title: Text
    explanation: Text
    remedy: Text
    find: Callable[[Evidence, str], Found | None]
    same: tuple[Text, ...] = ()
    rank: int = 20


def predicts(*predictions: Predict, parameters: int = 0) -> Find:
    """A pattern that is found where one of the predictions gives every claimed number."""

    def find(view: View, evidence: Evidence) -> Found | None:
        evidence.clock.check()
        for predict in predictions:
            if view.explains(predict, parameters=parameters):
                return Found()
        return None

    return find


def patterns() -> list[Pattern]:
    """Every pattern in the modules of the catalogue, those that are named first at the head."""
    from gradcheck.diagnosis import catalogue

    found: list[Pattern] = []
    for module in _modules(catalogue):
        found += getattr(module, "PATTERNS", [])
    return sorted(found, key=lambda pattern: pattern.rank)


def behaviours() -> list[Behaviour]:
    """Every behaviour in the modules of the catalogue, likewise."""
    from gradcheck.diagnosis import catalogue

    found: list[Behaviour] = []
    for module in _modules(catalogue):
        found += getattr(module, "BEHAVIOURS", [])
    return sorted(found, key=lambda behaviour: behaviour.rank)


def _modules(package: ModuleType) -> list[ModuleType]:
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__))
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


__all__ = [
    "NOTHING", "Behaviour", "Find", "Found", "Pattern", "Text", "behaviours", "patterns",
    "predicts",
]  # fmt: skip
