"""``assignment.toml``, read and checked: every key is known, every value of its kind."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradcheck.errors import InputError
from gradcheck.hints import LEVELS

SETTINGS = "assignment.toml"
#: Inputs of a part from the visible seed: the sizes that are always tried, in every regime. From
#: the hidden one there are sizes enough for each name to be 1 to 8 once, and something larger, and
#: as many points again as are placed where numbers are zero or the same.
VISIBLE_INPUTS = 28
INPUTS = 119
#: A loop that does not end is cut off after so many seconds of a part.
TIME_LIMIT = 4.0


@dataclass(frozen=True)
class Settings:
    """What ``assignment.toml`` says, checked."""

    own: dict[str, Any]
    parts: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Settings:
        """The settings in a file; raises ``InputError`` for what is wrong in it."""
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(
                f"{path.parent} is no assignment: it has no {path.name}; "
                "`gradcheck assignment new DIR` writes one"
            ) from None
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: {error}") from None
        reader = _Reader(path.name, data)
        seeds = _Reader(f"{path.name}: seeds", reader.take("seeds", dict, {}))
        modules = reader.take("modules", list, ["numpy"])
        if not all(isinstance(name, str) for name in modules):
            raise InputError(f"{path.name}: modules = {modules!r}; a list of names was expected")
        own = {
            "id": reader.take("id", str, path.parent.absolute().name),
            "title": reader.take("title", str, ""),
            "hints": reader.take("hints", str, "what"),
            "time_limit": float(reader.take("time_limit", (int, float), TIME_LIMIT)),
            "inputs": reader.take("inputs", int, INPUTS),
            "modules": tuple(dict.fromkeys(["numpy", *modules])),
            "numerical_differentiation": reader.take("numerical_differentiation", bool, False),
            "visible_seed": seeds.take("visible", int, 1),
            "hidden_seed": seeds.take("hidden", int, 2),
        }
        parts = [_Reader(f"{path.name}: part {k + 1}", one).part()
                 for k, one in enumerate(reader.take("parts", list, []))]  # fmt: skip
        reader.end()
        seeds.end()
        if not parts:
            raise InputError(f"{path.name}: it has no [[parts]], so nothing can be earned")
        if own["hints"] not in LEVELS:
            raise InputError(f"{path.name}: hints = {own['hints']!r}; one of {', '.join(LEVELS)}")
        if not own["time_limit"] > 0:
            raise InputError(f"{path.name}: time_limit = {own['time_limit']}; seconds, above 0")
        if own["inputs"] < VISIBLE_INPUTS:
            raise InputError(
                f"{path.name}: inputs = {own['inputs']}; with less than {VISIBLE_INPUTS} not every "
                "size that tells mistakes apart is tried"
            )
        if min(own["visible_seed"], own["hidden_seed"]) < 0:
            raise InputError(f"{path.name}: seeds are 0 or more")
        own["title"] = own["title"] or own["id"]
        return cls(own, parts)


class _Reader:
    """A table of the settings, of which every key has to be known."""

    def __init__(self, where: str, data: Any) -> None:
        if not isinstance(data, dict):
            raise InputError(f"{where}: a table was expected, not {data!r}")
        self.where, self.left = where, dict(data)
        self.known: list[str] = []

    def take(self, name: str, kind: Any, default: Any) -> Any:
        """The value of a key, of a kind."""
        self.known.append(name)
        value = self.left.pop(name, default)
        wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        if wrong:
            kinds = kind if isinstance(kind, tuple) else (kind,)
            expected = " or ".join(_KINDS.get(one, one.__name__) for one in kinds)
            raise InputError(f"{self.where}: {name} = {value!r}; {expected} was expected")
        return value

    def end(self) -> None:
        """Raise for what was not taken."""
        for name in self.left:
            raise InputError(
                f"{self.where}: {name!r} is not known; there are {', '.join(self.known)}"
            )

    def part(self) -> dict[str, Any]:
        """One of ``[[parts]]``."""
        claim = self.take("claim", str, "")
        if "::" not in claim:
            raise InputError(
                f'{self.where}: claim = {claim!r}; such as "softmax.py::softmax[vjp-backward]"'
            )
        points = self.take("points", (int, float, dict), 1)
        worth = list(points.values()) if isinstance(points, dict) else [points]
        if not worth or not all(isinstance(p, int | float) and p >= 0 for p in worth):
            raise InputError(f"{self.where}: points = {points!r}; numbers of 0 or more")
        made = {
            "where": self.where, "claim": claim, "points": points,
            "name": self.take("name", str, ""), "title": self.take("title", str, ""),
            "visible": self.take("visible", bool, True),
        }  # fmt: skip
        self.end()
        return made


_KINDS = {
    str: "a text", int: "a whole number", float: "a number", dict: "a table", list: "a list",
    bool: "true or false",
}  # fmt: skip
