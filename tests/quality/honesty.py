"""Is the printed resolution true: are single entries that are wrong by 3 times it found?

``python -m tests.quality.honesty [--trials N] [--most M]`` prints the table; ``--most`` leaves out
what has more inputs. A right claim is judged; then one entry of it, of at least the median non-zero
magnitude, is made wrong by a multiple of the resolution that was printed, with a random sign, and
the claim is judged again in other random directions. Exits with 1 where fewer than 99 % are found.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gradcheck import Status, derivation
from gradcheck.case import Case
from gradcheck.claims import Kind, Rule
from gradcheck.verification import judge_at
from tests.quality.corpus import LAYERS
from tests.quality.judged import judged
from tests.quality.kinds import as_kind
from tests.quality.scalable import (
    SCALABLE,
    Scalable,
    logsumexp,
    logsumexp_hessian,
    quartic,
    quartic_gradient,
    quartic_hessian,
    softmax,
)

#: The multiples of the printed resolution by which an entry is made wrong.
MULTIPLES = (1.0, 3.0)
#: Of a JVP, so many columns of the Jacobian stand for the others.
_COLUMNS = 9
#: The entries of a backward rule are as large as they are over so many cotangents.
_COTANGENTS = 8
#: So many entries that were not found are listed.
_LISTED = 40
#: So many percent of the entries that are wrong by 3 times the resolution have to be found.
_PROMISED = 99
#: Trials of a function of so many inputs or more are made this much fewer.
_LARGE, _FEWER = 100_000, 10


@dataclass
class Claimed:
    """A right claim at drawn inputs: how it is judged, and how one entry of it is made wrong."""

    kind: Kind
    f: Callable
    rule: Callable
    inputs: Sequence[Any]
    judge: Callable[[Callable, int], Any]


@dataclass
class Row:
    """What was found of one claim of one size."""

    name: str
    kind: str
    size: int
    trials: int = 0
    skipped: int = 0
    found: Counter[float] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    resolutions: list[float] = field(default_factory=list)
    missed: list[tuple[int, float, str]] = field(default_factory=list)


def _spoiled_part(rule: Callable, part: int, position: int, factor: float) -> Callable:
    """``rule`` with one entry of one of its arrays multiplied."""

    @functools.wraps(rule)
    def wrong(*given: Any) -> Any:
        raw = rule(*given)
        parts = list(raw) if isinstance(raw, tuple) else [raw]
        # By an operation on arrays, through which the rounding of the rule can still be measured.
        unit = np.zeros(np.shape(parts[part]))
        unit.reshape(-1)[position] = 1.0
        parts[part] = parts[part] * (1 + unit * (factor - 1))
        return tuple(parts) if isinstance(raw, tuple) else parts[part]

    return wrong


def _spoiled_jvp(rule: Callable, row: int, which: int, column: int, off: float) -> Callable:
    """``rule`` with ``off`` added to one entry of the Jacobian that it multiplies with."""

    @functools.wraps(rule)
    def wrong(*given: Any) -> Any:
        y = rule(*given)
        unit = np.zeros(np.shape(y))
        unit.reshape(-1)[row] = 1.0
        return y + unit * (off * np.reshape(given[which], -1)[column])

    return wrong


def _chosen(rng: np.random.Generator, sizes: Any) -> int | None:
    """The position of an entry of at least the median of those that are not zero."""
    sizes = np.abs(np.asarray(sizes, dtype=float)).reshape(-1)
    nonzero = sizes > 0
    if not nonzero.any():
        return None
    large = np.flatnonzero(sizes >= np.median(sizes[nonzero]))
    return int(rng.choice(large))


def spoil(claimed: Claimed, rng: np.random.Generator) -> Callable[[float], Callable] | None:
    """What makes a rule wrong in one entry by a given share of it; None where all are zero."""
    rule, inputs = claimed.rule, claimed.inputs
    if claimed.kind == "jvp":
        which = int(rng.integers(len(inputs)))
        size = np.size(inputs[which])
        columns = rng.choice(size, min(size, _COLUMNS), replace=False)
        zeros = [np.zeros(np.shape(value)) for value in inputs]

        def column_of(k: int) -> Any:
            unit = np.zeros(size)
            unit[k] = 1.0
            tangents = [*zeros]
            tangents[which] = unit.reshape(np.shape(inputs[which]))[()]
            return np.asarray(rule(*(z[()] for z in tangents), *inputs)).reshape(-1)

        jacobian = np.array([column_of(int(k)) for k in columns])
        position = _chosen(rng, jacobian)
        if position is None:
            return None
        at, row = divmod(position, jacobian.shape[1])
        entry, column = jacobian[at, row], int(columns[at])
        return lambda share: _spoiled_jvp(rule, row, which, column, share * entry)
    leading: list[tuple[Any, ...]] = [()]
    if claimed.kind == "vjp":
        shape = np.shape(claimed.f(*inputs))
        leading = [(rng.standard_normal(shape)[()],) for _ in range(_COTANGENTS)]
    answers = [rule(*first, *inputs) for first in leading]
    of_each = [raw if isinstance(raw, tuple) else (raw,) for raw in answers]
    part = int(rng.integers(len(of_each[0])))
    sizes = np.sqrt(np.mean([np.square(parts[part]) for parts in of_each], axis=0))
    chosen = _chosen(rng, sizes)
    if chosen is None:
        return None
    return lambda share: _spoiled_part(rule, part, chosen, 1 + share)


def measure(
    name: str, kind: Kind, draw: Callable[[np.random.Generator], Claimed | None], trials: int
) -> Row:
    """Spoil claims drawn by ``draw``, and count how often that is found."""
    row = Row(name, kind, 0)
    for trial in range(trials):
        rng = np.random.default_rng([trial, *name.encode(), *kind.encode()])
        with np.errstate(all="ignore"):
            claimed = draw(rng)
        if claimed is None:
            continue
        row.size = sum(np.size(value) for value in claimed.inputs)
        right = claimed.judge(claimed.rule, 2 * trial)
        row.statuses[str(right.status)] += 1
        with np.errstate(all="ignore"):
            wrong = spoil(claimed, rng)
        if right.status is not Status.PASS or wrong is None:
            row.skipped += 1
            continue
        row.trials += 1
        row.resolutions.append(right.resolution)
        sign = rng.choice([-1.0, 1.0])
        for multiple in MULTIPLES:
            verdict = claimed.judge(wrong(sign * multiple * right.resolution), 2 * trial + 1)
            found = verdict.status is Status.FAIL
            row.found[multiple] += found
            if not found:
                row.missed.append((trial, multiple, str(verdict.status)))
    return row


def _judge(rule: Callable, seed: int, *, f: Callable, kind: Kind, inputs: Sequence[Any]) -> Any:
    return judged(f, rule, kind, inputs, seed)


def _plain(kind: Kind, f: Callable, rule: Callable, inputs: Sequence[Any]) -> Claimed:
    return Claimed(kind, f, rule, inputs, functools.partial(_judge, f=f, kind=kind, inputs=inputs))


def of_scalable(one: Scalable, size: int, trials: int) -> Row:
    """A function at one number of inputs."""

    def draw(rng: np.random.Generator) -> Claimed:
        return _plain(one.kind, one.f, one.rule, one.draw(rng, size))

    fewer = trials if size < _LARGE else max(1, trials // _FEWER)
    row = measure(one.name, one.kind, draw, fewer)
    row.size = size
    return row


def of_corpus(kind: Kind, trials: int, layers: Sequence[Any] = LAYERS) -> Row:
    """The functions of the corpus at standard normal inputs, one after the other."""
    numbers = iter(range(trials))

    def draw(rng: np.random.Generator) -> Claimed | None:
        number = next(numbers)
        layer = layers[number % len(layers)]
        inputs = layer.draw(rng, "normal", number // len(layers))
        if inputs is None:
            return None
        f, rule, given = as_kind(kind, layer.f, layer.vjp, inputs, rng)
        return _plain(kind, f, rule, given)

    return measure("corpus", kind, draw, trials)


def of_declared_hessian(name: str, f: Callable, gradient: Callable, hessian: Callable, size: int,
                        trials: int) -> Row:  # fmt: skip
    """A Hessian that is measured from a declared gradient."""

    @derivation(x="k")
    def declared(x: Any) -> Any:
        return f(x)

    @declared.gradient
    def first(x: Any) -> Any:
        return gradient(x)

    def judge(rule: Callable, seed: int, inputs: Sequence[Any]) -> Any:
        def positional(x: Any) -> Any:
            return rule(x)

        claim = Rule(positional, declared, "hessian", (), register=False)
        with np.errstate(all="ignore"):
            return judge_at(claim, Case({"x": inputs[0]}, seed), table=False)

    def draw(rng: np.random.Generator) -> Claimed:
        inputs = (rng.standard_normal(size),)
        return Claimed("hessian", f, hessian, inputs, functools.partial(judge, inputs=inputs))

    row = measure(name, "hessian", draw, trials)
    row.size = size
    return row


HESSIANS = [
    ("logsumexp, declared gradient", logsumexp, softmax, logsumexp_hessian),
    ("quartic, declared gradient", quartic, quartic_gradient, quartic_hessian),
]
HESSIAN_SIZES = (5, 100, 1000)


def rows(trials: int, most: int) -> Iterator[Row]:
    """Every row of the table."""
    for kind in ("vjp", "jvp", "gradient", "jacobian"):
        yield of_corpus(kind, trials * 10)
        for one in SCALABLE:
            if one.kind == kind:
                for size in one.sizes:
                    if size <= most:
                        yield of_scalable(one, size, trials)
    for name, f, gradient, hessian in HESSIANS:
        for size in HESSIAN_SIZES:
            if size <= most:
                few = trials if size < HESSIAN_SIZES[-1] else max(1, trials // _FEWER)
                yield of_declared_hessian(name, f, gradient, hessian, size, few)
    for one in SCALABLE:
        if one.kind == "hessian":
            for size in one.sizes:
                yield of_scalable(one, size, trials)


def main() -> None:
    """Print the table as it grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--most", type=int, default=1_000_000)
    options = parser.parse_args()
    print("| claim | of | inputs | resolution | trials | found at 1× | at 3× | right claims |")
    print("| --- | --- | --: | --: | --: | --: | --: | --- |")
    started, total = time.perf_counter(), Counter[str]()
    missed = []
    for row in rows(options.trials, options.most):
        typical = f"{np.median(row.resolutions):.0e}" if row.resolutions else ""
        shares = [f"{row.found[m]}" for m in MULTIPLES]
        statuses = ", ".join(f"{n} {status}" for status, n in row.statuses.items())
        print(
            f"| {row.kind} | {row.name} | {row.size} | {typical} | {row.trials} | "
            f"{' | '.join(shares)} | {statuses} |",
            flush=True,
        )
        total["trials"] += row.trials
        total["found"] += row.found[MULTIPLES[-1]]
        missed += [
            (row.kind, row.name, row.size, "trial", trial, status)
            for trial, multiple, status in row.missed
            if multiple == MULTIPLES[-1]
        ]
    share = 100 * total["found"] / max(1, total["trials"])
    print(
        f"\n{total['found']} of {total['trials']} entries wrong by {MULTIPLES[-1]:g} times the "
        f"printed resolution were found ({share:.2f} %); {time.perf_counter() - started:.0f} s"
    )
    for one in missed[:_LISTED]:
        print("not found:", *one)
    sys.exit(share < _PROMISED)


if __name__ == "__main__":
    main()
