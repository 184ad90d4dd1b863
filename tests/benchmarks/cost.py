"""Forward calls, time and memory of every checker on right rules."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.benchmarks.checkers import CHECKERS, Checker, answer
from tests.benchmarks.layers import Sized
from tests.quality.scalable import log_cosh, softmax, softmax_vjp

#: Timings of less than this are repeated, and the shortest counts.
_SHORT = 0.2
_REPEATS = 5
_ROW = 100


@dataclass
class Cost:
    """What one check took."""

    said: str
    calls: int
    seconds: float
    forward: float

    def __str__(self) -> str:
        sign = "" if self.said == "accepted" else f" **{self.said}**"
        ms = 1000 * self.seconds
        shown = f"{ms:.1f}" if ms < 100 else f"{ms:.0f}"
        return f"{self.calls} / {shown} / {self.seconds / self.forward:.0f}×{sign}"


def shortest(call: Callable[[], Any]) -> float:
    """The seconds that a call takes, the shortest of a few where it is quick."""
    best = np.inf
    for _ in range(_REPEATS):
        started = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - started)
        if best > _SHORT:
            break
    return float(best)


def cost(checker: Checker, layer: Sized) -> Cost | None:
    """One checker on one layer; None where it would take minutes."""
    if layer.size > checker.most_inputs:
        return None
    calls = 0

    def counted(*x: Any) -> Any:
        nonlocal calls
        calls += 1
        return layer.f(*x)

    said = answer(checker, counted, layer.vjp, layer.inputs, 0)
    counted_calls = calls
    forward = shortest(lambda: layer.f(*layer.inputs))
    seconds = shortest(lambda: answer(checker, layer.f, layer.vjp, layer.inputs, 0))
    return Cost(said, counted_calls, seconds, forward)


def table(layers: Sequence[Sized], checkers: Sequence[Checker] = CHECKERS) -> str:
    """Forward calls / milliseconds / multiples of one forward call, as Markdown."""
    lines = [
        "| checker | " + " | ".join(layer.name for layer in layers) + " |",
        "| --- |" + " --: |" * len(layers),
    ]
    for checker in checkers:
        cells = [cost(checker, layer) for layer in layers]
        shown = " | ".join("–" if cell is None else str(cell) for cell in cells)
        lines.append(f"| {checker.name} | {shown} |")
    return "\n".join(lines)


def _log_cosh_vjp(g: Any, x: Any) -> Any:
    return g * np.tanh(x)


def growing(sizes: Sequence[int]) -> list[Sized]:
    """A layer of many outputs and a loss of one, at growing numbers of inputs."""
    rng = np.random.default_rng(1)
    made = []
    for size in sizes:
        x = rng.standard_normal((size // _ROW, _ROW))
        made.append(Sized(f"softmax {size:.0e}", softmax, softmax_vjp, (x,)))
    for size in sizes:
        x = rng.standard_normal(size)
        made.append(Sized(f"loss {size:.0e}", log_cosh, _log_cosh_vjp, (x,)))
    return made


def growth_table(sizes: Sequence[int]) -> str:
    """A row for each size: calls and multiples of one forward call of those without a Jacobian."""
    scalable = [checker for checker in CHECKERS if checker.most_inputs > max(sizes)]
    lines = [
        "| function | forward, ms | " + " | ".join(checker.name for checker in scalable) + " |",
        "| --- | --: |" + " --: |" * len(scalable),
    ]
    for layer in growing(sizes):
        forward = 1000 * shortest(lambda layer=layer: layer.f(*layer.inputs))
        cells = " | ".join(str(cost(checker, layer)) for checker in scalable)
        lines.append(f"| {layer.name} | {forward:.3g} | {cells} |")
    return "\n".join(lines)


def _peak(call: Callable[[], Any]) -> int:
    call()  # what is kept from the first call is no part of the second
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    call()
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peak


def memory_table(layers: Sequence[Sized]) -> str:
    """Peak extra memory as a multiple of inputs plus outputs, of what tracemalloc sees."""
    lines = [
        "| checker | " + " | ".join(layer.name for layer in layers) + " |",
        "| --- |" + " --: |" * len(layers),
    ]

    def multiple(layer: Sized, call: Callable[[], Any]) -> str:
        own = sum(np.asarray(v).nbytes for v in layer.inputs)
        own += np.asarray(layer.f(*layer.inputs)).nbytes
        return f"{_peak(call) / own:.1f}"

    forward = [multiple(one, lambda one=one: one.f(*one.inputs)) for one in layers]
    lines.append(f"| one forward call | {' | '.join(forward)} |")
    ones = [
        multiple(
            one, lambda one=one: one.vjp(np.ones(np.shape(one.f(*one.inputs)))[()], *one.inputs)
        )
        for one in layers
    ]
    lines.append(f"| one backward call | {' | '.join(ones)} |")
    for checker in CHECKERS:
        cells = [
            "–" if not checker.traced or one.size > checker.most_inputs else multiple(
                one, lambda one=one, checker=checker: answer(checker, one.f, one.vjp, one.inputs, 0)
            )
            for one in layers
        ]  # fmt: skip
        lines.append(f"| {checker.name} | {' | '.join(cells)} |")
    return "\n".join(lines)
