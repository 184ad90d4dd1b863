"""Worked numbers: a rule's own values at one point, beside what is measured there.

They show what a rule says. Whether it is right is judged elsewhere, on many inputs and in random
directions; here single numbers are measured one by one, so that a person can follow them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.asked_entries import Entries
from gradcheck.case import Case
from gradcheck.claims import Rule
from gradcheck.dims import Bindings
from gradcheck.evaluation import claim_at
from gradcheck.measurement import measure_jvp
from gradcheck.oracle.layout import Layout, Vector
from gradcheck.report.figures import subscript
from gradcheck.returned import Violation
from gradcheck.subject import Subject

#: At most so many numbers of one rule are measured.
MOST_SHOWN = 6


@dataclass(frozen=True)
class Number:
    """One number of a rule beside the measured one."""

    label: str
    value: float
    measured: float
    error: float


@dataclass(frozen=True)
class Worked:
    """Some numbers of a rule, how many there are in all, and the cotangents or tangents given."""

    numbers: tuple[Number, ...]
    total: int
    given: dict[str, Any]


def worked_numbers(rule: Rule, case: Case, bindings: Bindings) -> Worked:
    """Some numbers of ``rule`` at a case that ``bindings`` fit.

    Raises ``Violation`` where an answer of the rule cannot be used, ``SetAside`` where the function
    has no finite value.
    """
    with np.errstate(all="ignore"):
        subject = Subject(rule.derivation, case.inputs, bindings, rule.wrt)
        rng = np.random.default_rng(0)
        given: dict[str, Any] = {}
        if rule.kind == "vjp":
            u = _short(rng, subject.outputs.size)
            given = subject.outputs.restore(u)
            total, numbers = subject.inputs.size, _pulled(rule, subject, case, u)
        elif rule.kind == "jvp":
            v = _inside(subject, _short(rng, subject.inputs.size))
            given = subject.inputs.restore(v)
            total, numbers = subject.outputs.size, _pushed(rule, subject, case, v)
        elif rule.kind == "hessian":
            total, numbers = subject.x.size**2, _second(rule, subject, case, bindings)
        else:
            entries = claim_at(rule, subject, case).entries
            assert entries is not None
            total = entries.values.size if entries.mask is None else int(entries.mask.sum())
            numbers = _entries(subject, entries)
        assert rule.signature is not None
        named = dict(zip(rule.signature.leading, given.values(), strict=True))
        return Worked(tuple(itertools.islice(numbers, MOST_SHOWN)), total, named)


def _short(rng: np.random.Generator, size: int) -> Vector:
    """Cotangents and tangents that a person can multiply with, none of them 0 or 1."""
    return rng.choice([-2.0, -0.5, 0.5, 2.0], size)


def _inside(subject: Subject, v: Vector) -> Vector:
    """A direction along which the inputs stay in their domain (sum 0, symmetric)."""
    parts = subject.inputs.restore(v.copy())
    arguments = subject.derivation.arguments
    kept = {
        name: value
        if isinstance(value, list)
        else arguments[name].tangent(value, subject.values[name])
        for name, value in parts.items()
    }
    return subject.inputs.flatten(kept)


def _step(subject: Subject, position: int) -> tuple[str, Vector]:
    """What one input number is called, and its direction as far as that stays in the domain."""
    unit = np.zeros(subject.x.size)
    unit[position] = 1.0
    leaf, index = subject.inputs.locate(position)
    v = _inside(subject, unit)
    return subscript(leaf.label, index) + (" within the domain" if np.any(v != unit) else ""), v


def _output(layout: Layout, position: int) -> str:
    leaf, index = layout.locate(position)
    return subscript(leaf.label, index)


def _flat(subject: Subject, u: Vector | None = None) -> Callable[[Vector], Any]:
    """The outputs in one vector, or ``u`` times it, as a function of the inputs in one."""

    def function(x: Vector) -> Any:
        values = {**subject.values, **subject.inputs.restore(x)}
        raw = subject.derivation.function(**values)
        parts = raw if isinstance(raw, tuple | list) else [raw]
        flat = np.concatenate([np.reshape(part, -1) for part in parts])
        return flat if u is None else u @ flat

    return function


def _pulled(rule: Rule, subject: Subject, case: Case, u: Vector) -> Iterator[Number]:
    pull = claim_at(rule, subject, case).pull
    assert pull is not None
    gradient = pull(u)
    leaves = subject.inputs.leaves
    # Some of each gradient, rather than all of the first.
    share = max(1, MOST_SHOWN // len(leaves))
    for position in (p for leaf in leaves for p in range(leaf.start, leaf.stop)[:share]):
        name, v = _step(subject, position)
        seen = measure_jvp(_flat(subject, u), (subject.x,), (v,))
        yield Number(f"d{name}", float(gradient @ v), float(seen.value), float(seen.error))


def _pushed(rule: Rule, subject: Subject, case: Case, v: Vector) -> Iterator[Number]:
    push = claim_at(rule, subject, case).push
    assert push is not None
    seen = measure_jvp(_flat(subject), (subject.x,), (v,))
    for row, value in enumerate(push(v)):
        label = f"d{_output(subject.outputs, row)}"
        yield Number(label, float(value), float(seen.value[row]), float(seen.error[row]))


def _entries(subject: Subject, entries: Entries) -> Iterator[Number]:
    for c, column in enumerate(entries.columns):
        name, v = _step(subject, int(column))
        seen = measure_jvp(_flat(subject), (subject.x,), (v,))
        for r, row in enumerate(entries.rows):
            if entries.mask is not None and not entries.mask[r, c]:
                continue
            whole = entries.mask is None and entries.columns.size == v.size
            value = entries.values[r] @ v if whole else entries.values[r, c]
            label = f"∂{_output(subject.outputs, int(row))}/∂{name}"
            yield Number(label, float(value), float(seen.value[row]), float(seen.error[row]))


def _second(rule: Rule, subject: Subject, case: Case, bindings: Bindings) -> Iterator[Number]:
    """The entries of a Hessian, measured from the declared gradient."""
    hessian = np.reshape(rule.call((), subject.names), (subject.x.size, subject.x.size))
    gradient = _gradient(rule, subject, case, bindings)
    for column in range(subject.x.size):
        name, v = _step(subject, column)
        seen = measure_jvp(gradient, (subject.x,), (v,))
        for row in range(subject.x.size):
            label = f"∂²/∂{_output(subject.inputs, row)}∂{name}"
            value, error = float(seen.value[row]), float(seen.error[row])
            yield Number(label, float(hessian[row] @ v), value, error)


def _gradient(
    rule: Rule, subject: Subject, case: Case, bindings: Bindings
) -> Callable[[Vector], Any]:
    (name,) = rule.wrt
    declared = [
        other
        for other in rule.derivation.rules
        if other.kind in ("gradient", "vjp") and name in other.wrt and other.problem is None
    ]
    if not declared:
        raise Violation("not shown", "no gradient is declared, from which it could be measured")

    def function(x: Vector) -> Any:
        inputs = {**subject.values, **subject.inputs.restore(x)}
        moved = Subject(rule.derivation, inputs, bindings, declared[0].wrt)
        claim = claim_at(declared[0], moved, case)
        if claim.pull is not None:
            flat = claim.pull(np.ones(1))
        else:
            assert claim.entries is not None
            flat = claim.entries.values[0]
        start = min(leaf.start for leaf in moved.inputs.leaves if leaf.name == name)
        return flat[start : start + x.size]

    return function
