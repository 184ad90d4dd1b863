"""A derivation as a page of text: its formula, its rules as they are written, and worked numbers.

A worked number is the rule's own value at one small point, beside what is measured there. It shows
what a rule says; whether it is right is judged by ``check``, on many inputs.
"""

from __future__ import annotations

import difflib
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck.answers import last_line
from gradcheck.arguments import Real
from gradcheck.case import Case
from gradcheck.claims import Derivation, Identity, Rule
from gradcheck.dims import Bindings
from gradcheck.errors import GradcheckError, InputError
from gradcheck.loading import LoadError, declared_in, derivation_folder, installed, load
from gradcheck.report.figures import measurement, number, place, whole
from gradcheck.returned import SetAside, Violation
from gradcheck.sampling import Draft, Sampler
from gradcheck.sides import expression
from gradcheck.sizes import Sizes
from gradcheck.verdict import Measured
from gradcheck.verification import verify
from gradcheck.worked_numbers import MOST_SHOWN, Worked, worked_numbers

Item = Derivation | Identity
#: At most so many near matches of a name are listed.
_MOST_NEAR = 5
#: So many points are tried until there is one at which every claim can be judged.
_MOST_TRIED = 8
#: The decimals of the inputs: few enough to redo the arithmetic by hand.
_DECIMALS = 2
_INDENT = "    "


@dataclass(frozen=True)
class Topic:
    """What a name stands for: some of what one file declares, and the file's own docstring."""

    path: Path
    formula: str
    items: tuple[Item, ...]


# ---- what a name stands for ----------------------------------------------------------------


def find(name: str, files: Sequence[Path]) -> Topic:
    """What ``name`` stands for: a file, or something that is declared in one.

    A file is ``sigmoid`` or ``activations/sigmoid.py``; what is declared is a derivation, an
    identity, or the id of a claim. Raises ``InputError`` for a name that nothing bears, with those
    that are near, or that several files know; ``LoadError`` for a file that cannot be imported.
    """
    wanted, _, declared = name.partition("::")
    named = [path for path in files if _is_called(path, wanted)]
    if named:
        path = _only(name, named)
        items = _items(path)
        if declared:
            items = [item for item in items if declared in _names(item)]
            if not items:
                raise InputError(f"{name}: nothing of that name is declared there")
        return _topic(path, items)
    known: list[str] = [path.stem for path in files]
    found: dict[Path, list[Item]] = {}
    for path in files:
        try:
            items = _items(path)
        except LoadError:
            continue  # whoever asks for the file itself is told why
        known += [item.name for item in items]
        matching = [item for item in items if name in _names(item)]
        if matching:
            found[path] = matching
    if not found:
        raise InputError(f"{name}: no file and no declaration has that name{_near(name, known)}")
    path = _only(name, list(found))
    return _topic(path, found[path])


def _is_called(path: Path, name: str) -> bool:
    asked = Path(name).with_suffix("").parts
    return bool(asked) and path.with_suffix("").parts[-len(asked) :] == asked


def _only(name: str, paths: Sequence[Path]) -> Path:
    if len(paths) > 1:
        some = ", ".join(path.as_posix() for path in paths)
        raise InputError(f"{name} is the name of something in several files; name one: {some}")
    return paths[0]


def _items(path: Path) -> list[Item]:
    module = load(path)
    return [item for item in declared_in(module) if not isinstance(item, Rule)]


def _topic(path: Path, items: Sequence[Item]) -> Topic:
    return Topic(path, inspect.cleandoc(load(path).__doc__ or ""), tuple(items))


def _names(item: Item) -> set[str]:
    rules = item.rules if isinstance(item, Derivation) else []
    return {item.name, *(rule.id for rule in rules)}


def _near(name: str, known: Sequence[str]) -> str:
    once = list(dict.fromkeys(known))
    lowered = name.lower()
    near = difflib.get_close_matches(lowered, once, _MOST_NEAR)
    near += [other for other in once if lowered in other.lower() and other not in near]
    if not near:
        return "; `gradcheck list` shows what is there"
    return f"; is it one of these: {', '.join(near[:_MOST_NEAR])}?"


# ---- the page ------------------------------------------------------------------------------


def page(topic: Topic) -> Iterator[str]:
    """The page on a topic, in pieces of one or more lines."""
    yield topic.path.as_posix()
    if topic.formula:
        yield f"\n{topic.formula}"
    with installed(derivation_folder(topic.path.absolute())):
        for item in topic.items:
            yield f"\n{place(item.file, item.line)}\n{_source(item.function)}"
            try:
                item.require_sound()
                yield from _of_derivation(item) if isinstance(item, Derivation) else _of(item)
            except GradcheckError as error:
                yield f"\n{_INDENT}{error}"


def _source(function: Callable[..., Any]) -> str:
    try:
        text = textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        text = "(its source is not at hand)"
    return textwrap.indent(text, _INDENT)


def _of_derivation(derivation: Derivation) -> Iterator[str]:
    rules = [rule for rule in derivation.rules if rule.problem is None]
    if not rules:
        yield f"\n{_INDENT}no rule is declared for it"
        return
    case, bindings = _point(rules)
    yield "\n" + "\n".join(_written({**case.inputs, **_outputs(derivation, case)}))
    for rule in rules:
        yield f"\n{rule.id}\n{_source(rule.function)}\n"
        try:
            yield from _numbers(rule, case, bindings)
        except (Violation, SetAside) as error:
            yield f"{_INDENT}{error}"


def _outputs(derivation: Derivation, case: Case) -> dict[str, Any]:
    """The outputs by name, in the digits that are shown of a number."""
    names = derivation.options.output
    with np.errstate(all="ignore"):
        try:
            raw = derivation.function(**case.inputs)
        except Exception:
            return {}  # each rule says so
    parts = raw if isinstance(raw, tuple | list) else [raw]
    return {
        name: np.vectorize(lambda value: float(number(value)), otypes=[float])(part)
        for name, part in zip(names, parts, strict=False)
    }


def _of(identity: Identity) -> Iterator[str]:
    case, _ = _point([identity])
    yield "\n" + "\n".join([*_written(case.inputs), ""])
    try:
        sides = identity.function(**case.inputs)
    except Exception as error:
        yield f"{_INDENT}{identity.name} raises {last_line(error)}"
        return
    for k, side in enumerate(sides):
        yield f"{_INDENT}{'=' if k else ' '} {expression(identity, k)}\n{_INDENT}    {_value(side)}"


def _value(side: Any) -> str:
    """A side of an equality: a measured one with its error."""
    if isinstance(side, Measured):
        pairs = zip(np.ravel(side.value), np.ravel(side.error), strict=True)
        shown = [measurement(float(value), float(error)) for value, error in pairs]
    else:
        shown = [number(float(value)) for value in np.ravel(side)]
    more = f", … ({len(shown)} numbers)" if len(shown) > MOST_SHOWN else ""
    return ", ".join(shown[:MOST_SHOWN]) + more


def _written(inputs: Any) -> list[str]:
    width = max((len(name) for name in inputs), default=0)
    lines: list[str] = []
    for name, value in inputs.items():
        text = whole(np.asarray(value)) if _is_numbers(value) else repr(value)
        prefix = f"{_INDENT}{name:<{width}} = "
        lines.append(prefix + text.replace("\n", "\n" + " " * len(prefix)))
    return lines


def _is_numbers(value: Any) -> bool:
    return isinstance(value, np.ndarray | np.generic | int | float)


# ---- the point -----------------------------------------------------------------------------


def _point(claims: Sequence[Rule | Identity]) -> tuple[Case, Bindings]:
    """A small point of few decimals; if there is one, one where all the claims can be judged."""
    sampler = Sampler(claims[0])
    bindings = _small(sampler.sizes)
    for seed in range(1, _MOST_TRIED):
        drawn = next(iter(sampler.points(Draft(bindings, seed))))
        inputs: dict[str, Any] = {}
        for name, value in drawn.inputs.items():
            inputs[name] = value
            argument = sampler.arguments[name]
            if type(argument) is Real:
                rounded = np.round(value, _DECIMALS)
                if argument.contains(rounded, bindings, drawn.inputs):
                    inputs[name] = rounded
        if all(verdict.cause == "" for claim in claims for verdict in verify(claim, **inputs)):
            break
    return Case(inputs), bindings


def _small(sizes: Sizes) -> Bindings:
    """Two and three in turn, where the dims allow it: no array is square by chance."""
    always = sizes.always()
    small = always[min(1, len(always) - 1)]
    wanted: Bindings = {
        name: () if isinstance(size, tuple) else int(np.clip(2 + k % 2, *sizes.limits[name]))
        for k, (name, size) in enumerate(small.items())
    }
    return wanted if sizes.fits(wanted) else small


# ---- the numbers ---------------------------------------------------------------------------


def _numbers(rule: Rule, case: Case, bindings: Bindings) -> Iterator[str]:
    worked = worked_numbers(rule, case, bindings)
    role = "the tangent" if rule.kind == "jvp" else "the cotangent"
    if worked.given:
        yield "\n".join(f"{line}   ({role})" for line in _written(worked.given)) + "\n"
    yield "\n".join(_table(worked))


def _table(worked: Worked) -> list[str]:
    if not worked.numbers:
        return [f"{_INDENT}it says nothing at this point"]
    rows = [(w.label, number(w.value), measurement(w.measured, w.error)) for w in worked.numbers]
    label, value = (max(len(row[k]) for row in rows) for k in (0, 1))
    value = max(value, len("the rule"))
    lines = [f"{_INDENT}{'':<{label}}   {'the rule':>{value}} | measured"]
    lines += [f"{_INDENT}{a:<{label}}   {b:>{value}} | {c}" for a, b, c in rows]
    if worked.total > len(rows):
        lines.append(f"{_INDENT}… and {worked.total - len(rows)} more")
    return lines
