"""An assignment: derivation files in which rules come from the submission, and what they are worth.

A directory with ``assignment.toml`` and ``derivations/``::

    id = "softmax"
    title = "The first derivations"
    hints = "what"                      # none, where, what, remedy: how much a student is told
    time_limit = 4.0                    # seconds that a submission may compute for one part
    inputs = 119                        # from the hidden seed, for each part
    modules = ["numpy"]                 # what a submission may import beside the standard library
    numerical_differentiation = false   # whether a rule may take differences
    seeds = { visible = 1, hidden = 20251127 }

    [[parts]]
    claim = "softmax.py::softmax[vjp-softmax_backward]"
    title = "The backward rule of softmax"
    points = 3

    [[parts]]
    claim = "linear.py::linear[vjp-linear_backward]"
    points = { dx = 1, dW = 2, db = 1 }  # each gradient by itself
    visible = false                      # students see outcome and points, and no case

Every part is tried on inputs drawn from the visible seed, whose cases a student may see, and then
on inputs from the hidden one; a part that is not visible is tried on the latter alone.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.case import Case
from gradcheck.claims import Identity, Rule
from gradcheck.coursework.own_folder import returned_gradients
from gradcheck.coursework.settings import INPUTS, SETTINGS, TIME_LIMIT, Settings
from gradcheck.coursework.submitted import Gradient, Submitted, announce_first, collecting, known
from gradcheck.errors import InputError
from gradcheck.evaluation import Arguments
from gradcheck.gradients import gradients_by_name
from gradcheck.loading import FOLDER, IMPORT, Found, forget, found_at
from gradcheck.oracle.rounding import plain
from gradcheck.returned import Violation
from gradcheck.verdict import Measured


@dataclass(frozen=True)
class Task:
    """One part: ``claim`` is what is checked, ``origin`` how a student names it."""

    name: str
    title: str
    points: float
    claim: Rule | Identity
    origin: str
    visible: bool = True


@dataclass(frozen=True)
class Assignment:
    """An assignment as it was loaded; ``asked`` are the functions of the submission it names."""

    folder: Path
    id: str
    title: str
    tasks: tuple[Task, ...]
    asked: tuple[Submitted, ...]
    hints: str = "what"
    time_limit: float = TIME_LIMIT
    inputs: int = INPUTS
    modules: tuple[str, ...] = ("numpy",)
    numerical_differentiation: bool = False
    visible_seed: int = 1
    hidden_seed: int = 2
    #: Of the settings and the derivation files: what decides the marks beside seed and versions.
    digest: str = ""

    @classmethod
    def load(cls, folder: Path) -> Assignment:
        """The assignment in a folder; raises ``InputError`` that says what is wrong with it."""
        settings = Settings.read(folder / SETTINGS)
        files = sorted((folder / FOLDER).glob("*.py"))
        if not files:
            raise InputError(f"{folder / FOLDER}: there are no derivation files")
        forget(folder / FOLDER)
        with collecting() as asked:
            found = {file.name: {one.id: one for one in found_at(file)} for file in files}
        for of_file in found.values():
            if IMPORT in of_file:
                raise InputError(of_file[IMPORT].problem)
        claims = [one.claim for of_file in found.values() for one in of_file.values()]
        for function in asked:
            function.gradients = returned_gradients(function, claims)
        if not asked:
            raise InputError(
                f"{folder / FOLDER}: no rule comes from the submission; write, for instance, "
                'softmax.vjp(from_submission("backward(dy, y)"))'
            )
        return cls(
            folder=folder,
            tasks=tuple(task for part in settings.parts for task in _tasks(part, found)),
            asked=tuple(asked),
            digest=_digest([folder / SETTINGS, *files]),
            **settings.own,
        )._checked()

    def _checked(self) -> Assignment:
        names = [task.name for task in self.tasks]
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            raise InputError(
                f"{SETTINGS}: two parts are called {twice[0]!r}; give one of them a name of its "
                'own, such as name = "first"'
            )
        return self

    @property
    def possible(self) -> float:
        """The points of all parts."""
        return sum(task.points for task in self.tasks)


def _digest(files: Sequence[Path]) -> str:
    whole = hashlib.sha256()
    for file in files:
        data = file.read_bytes()
        whole.update(f"{file.name} {len(data)} ".encode())
        whole.update(data)
    return whole.hexdigest()


# ---- parts ---------------------------------------------------------------------------------------


def _tasks(part: Mapping[str, Any], found: Mapping[str, Mapping[str, Found]]) -> list[Task]:
    """The parts that one entry of the settings stands for: one, or one a gradient."""
    file, _, wanted = part["claim"].partition("::")
    where = part["where"]
    if file not in found:
        raise InputError(f"{where}: there is no {FOLDER}/{file}; there are {', '.join(found)}")
    one = found[file].get(wanted)
    if one is None:
        problem = next((f.problem for f in found[file].values() if f.problem), "")
        there = ", ".join(found[file])
        raise InputError(
            problem or f"{where}: {FOLDER}/{file} has no claim {wanted!r}; it has {there}"
        )
    if one.claim is None:
        raise InputError(f"{where}: {one.problem}")
    claim = one.claim
    if isinstance(claim, Rule) and _asks(claim.derivation.function):
        raise InputError(
            f"{where}: the function of {claim.derivation.name} comes from the submission; what is "
            "measured has to be yours. Compare the two by an identity"
        )
    origin = f"{FOLDER}/{file}::{wanted}"
    claim.file = f"{FOLDER}/{file}"  # as students know it
    name = part["name"] or _short(wanted)
    # A stand-in has no words of the teacher's.
    own = isinstance(claim, Rule) and isinstance(claim.function, Submitted | Gradient)
    said = "" if own else (getattr(claim, "__doc__", None) or "").strip()
    title = part["title"] or (said.splitlines() or [name])[0]
    points, visible = part["points"], part["visible"]
    if isinstance(points, dict):
        return [
            Task(f"{name} · {key}", f"{title}: {key}", float(worth),
                 _one_gradient(claim, key, where), origin, visible)
            for key, worth in points.items()
        ]  # fmt: skip
    checked = _alone(claim) if isinstance(claim, Rule) else _guarded(claim)
    return [Task(name, title, float(points), checked, origin, visible)]


def _short(wanted: str) -> str:
    """The name of a rule without its kind: ``softmax[vjp-backward]`` is ``softmax · backward``."""
    head, _, rest = wanted.rstrip("]").partition("[")
    rule = rest.partition("-")[2]
    return rule if rule.startswith(head) else f"{head} · {rule}" if rule else head


def _one_gradient(claim: Rule | Identity, key: str, where: str) -> Rule:
    if not isinstance(claim, Rule) or claim.kind != "vjp":
        raise InputError(f"{where}: points for each gradient are for a vjp; give one number")
    names = {f"d{name}": name for name in claim.wrt}
    if key not in names:
        each = ""
        if isinstance(claim.function, Gradient):
            each = "; each gradient of a layer is a claim and a part of its own"
        there = ", ".join(names) + each
        raise InputError(
            f"{where}: {claim.derivation.name} has no gradient {key!r}; it has {there}"
        )
    made = Rule(Picked(claim, names[key]), claim.derivation, "vjp", (names[key],), register=False)
    made.file, made.line = claim.file, claim.line
    return made


class Picked:
    """One gradient of a rule that returns several."""

    __slots__ = ("name", "rule")

    def __init__(self, rule: Rule, name: str) -> None:
        self.rule, self.name = rule, name

    @property
    def __name__(self) -> str:
        return self.rule.name

    @property
    def __signature__(self) -> Any:
        return inspect.signature(self.rule.function)

    def expect(self, size: int) -> None:
        """The next answer has so many numbers, if it is right."""
        if isinstance(self.rule.function, Submitted | Gradient):
            self.rule.function.expect(size)

    def lost(self, case: Case, size: float, sought: float) -> float:
        """What a number of an answer may be off by in rounding, as far as that is known; else 0."""
        if isinstance(self.rule.function, Submitted | Gradient):
            return self.rule.function.lost(case, size, sought)
        return 0.0

    def announce(self, calls: Sequence[Arguments], size: int) -> None:
        """These calls are about to be made."""
        if isinstance(self.rule.function, Submitted | Gradient):
            self.rule.function.announce(calls, size)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._named(self.rule.function(*args, **kwargs))

    def _named(self, raw: Any) -> Any:
        made = gradients_by_name(self.rule.name, raw, self.rule)[self.name]
        # A tuple of numbers is one gradient, and no tuple of gradients.
        return list(made) if isinstance(made, tuple) and len(made) != 1 else made

    def of(self, answer: Any) -> Any:
        """The gradient among those of an answer; all of what is no such answer."""
        try:
            return self._named(answer)
        except Violation:
            return answer


def _alone(rule: Rule) -> Rule:
    """The same rule, measured without what else comes from the submission.

    A Hessian is the slope of the gradient that is declared beside it: of a gradient of the
    submission it would be measured by what the submission says at points that it must not see.
    """
    if rule.kind != "hessian":
        return rule
    made = copy.copy(rule)
    made.derivation = copy.copy(rule.derivation)
    others = (other for other in rule.derivation.rules if other is not rule)
    made.derivation.rules = [made, *(other for other in others if not _asks(other.function))]
    return made


def _asks(function: Any, seen: frozenset[int] = frozenset()) -> bool:
    """Whether a function comes from the submission, or names what does."""
    if isinstance(function, Submitted | Gradient):
        return True
    if not inspect.isfunction(function) or id(function) in seen:
        return False
    named = inspect.getclosurevars(function)
    found = (*named.globals.values(), *named.nonlocals.values())
    return any(_asks(one, seen | {id(function)}) for one in found)


def _guarded(identity: Identity) -> Identity:
    """The same chain, where a side that is not finite beside others that are is an answer, wrong.

    For a derivation such a point says nothing; what a student hands in has to hold there as well.
    """
    original: Callable[..., Any] = identity.function

    @functools.wraps(original)
    def sides(**values: Any) -> Any:
        found = original(**values)
        if isinstance(found, tuple | list):
            finite = [_is_finite(side) for side in found]
            if any(finite) and not all(finite):
                raise Violation(
                    "numerically unstable", "the submission is not finite where the reference is"
                )
        return found

    made = copy.copy(identity)
    made.function, made.known = sides, known
    made.announce = functools.partial(announce_first, sides)
    return made


def _is_finite(side: Any) -> bool:
    value = plain(side.value if isinstance(side, Measured) else side)
    try:
        return bool(np.all(np.isfinite(value)))
    except TypeError:
        return True
