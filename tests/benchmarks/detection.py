"""Wrong rules found and right ones accused, of every checker on the corpus of this project."""

from __future__ import annotations

import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.benchmarks.checkers import CHECKERS, Checker, answer
from tests.quality.corpus import LAYERS, REGIMES, Layer, gap

#: Errors of one entry, relative to it.
SINGLE = (1e-1, 1e-3, 1e-5, 1e-7)
#: What differs by no more than this is no bug at that input.
VISIBLE = 1e-7
#: A slow checker is given one function of so many.
SLOW_STRIDE = 8
#: Conventions, not mistakes: a gradient of shape (H,) for a bias of shape (1, H).
CONVENTIONS = {"M9-keepdims"}


@dataclass
class Found:
    """The answers to one checker's questions, counted by kind of question."""

    wrong: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    right: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))


def _inputs(layer: Layer, regime: str, seed: int) -> tuple[Any, ...] | None:
    word = zlib.crc32(f"{layer.name} {regime}".encode())
    rng = np.random.default_rng([seed, word])
    with np.errstate(all="ignore"):
        drawn = layer.draw(rng, regime, int(rng.integers(layer.shape_choices)))
        if drawn is None or not np.all(np.isfinite(layer.f(*drawn))):
            return None
    return tuple(drawn)


def _spoiled(layer: Layer, inputs: Sequence[Any], share: float, seed: int) -> Callable | None:
    """The right rule with one entry of typical size wrong by ``share`` of itself."""
    rng = np.random.default_rng([seed, zlib.crc32(layer.name.encode())])
    raw = layer.vjp(rng.standard_normal(np.shape(layer.f(*inputs)))[()], *inputs)
    parts = raw if isinstance(raw, tuple) else (raw,)
    part = int(rng.integers(len(parts)))
    size = np.abs(np.asarray(parts[part], dtype=float)).reshape(-1)
    if not size.any():
        return None
    position = int(rng.choice(np.flatnonzero(size >= np.median(size[size > 0]))))

    def wrong(g: Any, *x: Any) -> Any:
        raw = layer.vjp(g, *x)
        parts = [np.array(p, order="C") for p in (raw if isinstance(raw, tuple) else (raw,))]
        parts[part].reshape(-1)[position] *= 1 + share
        return tuple(p[()] for p in parts) if isinstance(raw, tuple) else parts[0][()]

    return wrong


def _mistakes(layer: Layer, inputs: Sequence[Any], seed: int) -> Iterator[tuple[str, Callable]]:
    """The wrong rules that can be seen at the inputs, by kind."""
    rng = np.random.default_rng(seed)
    with np.errstate(all="ignore"):
        cotangent = rng.standard_normal(np.shape(layer.f(*inputs)))[()]
        for name, wrong in layer.wrong.items():
            if name.startswith("rare-") or name in CONVENTIONS:
                continue
            if gap(layer.vjp(cotangent, *inputs), wrong(cotangent, *inputs)) > VISIBLE:
                yield "structural", wrong
        for share in SINGLE:
            wrong_entry = _spoiled(layer, inputs, share, seed)
            if wrong_entry is not None:
                yield f"{share:.0e}", wrong_entry


def _ask(checker: Checker, layer: Layer, found: Found, seed: int) -> None:
    """One function: its right rule in every regime, its wrong ones at standard normal inputs."""
    for regime in REGIMES:
        inputs = _inputs(layer, regime, seed)
        if inputs is not None:
            said = answer(checker, layer.f, layer.vjp, inputs, seed)
            found.right[regime][said] += 1
            if regime in ("normal", "zeros_ties"):
                narrow = tuple(np.float32(v) for v in inputs)
                said32 = answer(checker, layer.f, layer.vjp, narrow, seed)
                found.right["float32"][said32] += 1
    inputs = _inputs(layer, "normal", seed)
    if inputs is None:
        return
    right = answer(checker, layer.f, layer.vjp, inputs, seed)
    for kind, wrong in _mistakes(layer, inputs, seed):
        said = answer(checker, layer.f, wrong, inputs, seed)
        # An alarm at an input at which the right rule alarms as well shows nothing.
        found.wrong[kind]["credited" if said == "alarm" != right else said] += 1


def measure(stride: int, seed: int = 0) -> dict[str, Found]:
    """The answers of every checker about one function of ``stride``."""
    results = {}
    for checker in CHECKERS:
        found = results[checker.name] = Found()
        step = max(stride, SLOW_STRIDE) if checker.slow else stride
        for layer in LAYERS[::step]:
            _ask(checker, layer, found, seed)
    return results


def _share(count: Counter[str], what: str) -> str:
    total = sum(count.values())
    return f"{count[what] / total:.3f}" if total else "–"


def wrong_table(results: dict[str, Found]) -> str:
    """Found wrong rules, as Markdown."""
    kinds = ["structural", *(f"{share:.0e}" for share in SINGLE)]
    lines = [
        "| checker | bugs | found | " + " | ".join(f"one entry {k}" for k in kinds[1:])
        + " | undecided |",
        "| --- | --: | --: |" + " --: |" * (len(kinds)),
    ]  # fmt: skip
    for name, found in results.items():
        count = sum(found.wrong["structural"].values())
        shares = " | ".join(_share(found.wrong[kind], "credited") for kind in kinds)
        undecided = sum(found.wrong[kind]["undecided"] for kind in kinds)
        lines.append(f"| {name} | {count} | {shares} | {undecided} |")
    return "\n".join(lines)


def right_table(results: dict[str, Found]) -> str:
    """Accused right rules by regime, as Markdown."""
    regimes = [*REGIMES, "float32"]
    lines = [
        "| checker | rules | " + " | ".join(regimes) + " | undecided |",
        "| --- | --: |" + " --: |" * (len(regimes) + 1),
    ]
    for name, found in results.items():
        total = sum((found.right[regime] for regime in regimes), Counter())
        shares = " | ".join(_share(found.right[regime], "alarm") for regime in regimes)
        lines.append(
            f"| {name} | {sum(total.values())} | {shares} | {_share(total, 'undecided')} |"
        )
    return "\n".join(lines)
