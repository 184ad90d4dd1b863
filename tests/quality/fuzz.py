"""Right rules at ever new inputs: a checker that accuses one of them is at fault.

``python -m tests.quality.fuzz --cases 100000 [--processes 4] [--out run.jsonl]`` judges so many
cases, over all functions of the corpus and all regimes, and prints a table of verdicts and what
reproduces each accusation, of which one is enough for the exit code 1. Seeds are fresh unless
``--seed`` is given. With ``--out``, what is done is kept in that file; the same command goes on
where it was stopped. ``--case K --seed S`` judges one case again and prints it as code.
"""

from __future__ import annotations

import argparse
import functools
import json
import multiprocessing
import os
import secrets
import sys
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from gradcheck import Verdict
from gradcheck.case import literal
from gradcheck.claims import Kind
from tests.quality.corpus import LAYERS, REGIMES, Layer
from tests.quality.judged import judged, label
from tests.quality.kinds import as_kind

#: Regimes beside those of the corpus: another type or layout of the numbers of one of these.
WAYS = ("float32", "float32 rule", "native float32", "float32 inside", "non-contiguous")
#: Those in which a function computes in float32, whatever it is given.
_NARROW = ("native float32", "float32 inside")
_BASES = ("normal", "x1e-4", "x1e3", "+1e3", "zeros_ties")
#: Where narrowing may put a point on the edge of its domain, these are left out.
_BASES_OF_REALS = (*_BASES, "mixed")
#: Functions with a shape of size 1 everywhere: among large inputs in float32 it holds but a few
#: numbers, and a jump is no larger than the rounding of a sum beside it. No arithmetic sees it.
_OF_SMALL_SHAPE = frozenset(
    {"sin", "tan", "sinc", "triangle_wave", "floor_times_x", "round_times_x", "round", "fraction",
     "remainder", "quantised"}
)  # fmt: skip
#: How often a rule is judged as which kind of claim.
KINDS: dict[Kind, float] = {"vjp": 0.6, "jacobian": 0.15, "jvp": 0.15, "gradient": 0.1}
#: So many cases are one piece of work, and one line of the file.
CHUNK = 500
#: So many accusations are printed as code; of the others, what prints them so.
SHOWN = 20
#: One unlucky case in so many would not have been seen at all, with 95 % certainty: 3/N.
_RULE_OF_THREE = 3


@functools.cache
def combinations() -> list[tuple[int, str]]:
    """Every layer (by number) with every regime in which it can be drawn."""
    found = []
    for number, layer in enumerate(LAYERS):
        with np.errstate(all="ignore"):
            drawn = [r for r in REGIMES if layer.draw(np.random.default_rng(0), r, 0) is not None]
        found += [(number, regime) for regime in (*drawn, *WAYS)]
    return found


def _narrow(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_narrow(part) for part in value)
    if isinstance(value, np.ndarray | np.floating) and value.dtype == np.float64:
        return value.astype(np.float32)
    return np.float32(value) if isinstance(value, float) else value


def _widened(value: Any) -> Any:
    is_narrow = isinstance(value, np.ndarray | np.floating) and value.dtype == np.float32
    return value.astype(np.float64) if is_narrow else value


def _strided(value: Any, rng: np.random.Generator) -> Any:
    """An array of the same values that is a view: transposed, spread out or reversed."""
    if not isinstance(value, np.ndarray) or not value.ndim:
        return value
    way = rng.integers(3)
    if way == 0:
        return np.asfortranarray(value)
    if way == 1:
        return np.repeat(value, 2, axis=-1)[..., ::2]
    return value[..., ::-1].copy()[..., ::-1]


def native(function: Callable) -> Callable:
    """``function`` as it computes in float32, whatever it is given."""

    @functools.wraps(function)
    def narrow(*given: Any) -> Any:
        return _narrow(function(*map(_narrow, given)))

    return narrow


def hidden(function: Callable) -> Callable:
    """``function`` with its answers in float64, whatever it computes in."""

    @functools.wraps(function)
    def wide(*given: Any) -> Any:
        answer = function(*given)
        return tuple(map(_widened, answer)) if isinstance(answer, tuple) else _widened(answer)

    return wide


@dataclass(frozen=True)
class Drawn:
    """One case: what is judged, as which kind of claim, and where it comes from."""

    layer: Layer
    regime: str
    kind: Kind
    inputs: tuple[Any, ...]
    given: tuple[Any, ...]
    f: Callable
    rule: Callable
    number: int

    def judge(self) -> Verdict:
        """The verdict, with directions from the number of the case."""
        return judged(self.f, self.rule, self.kind, self.given, self.number)


def case_of(seed: int, number: int) -> Drawn | None:
    """A case by its number; None where no inputs can be drawn."""
    layer_number, regime = combinations()[number % len(combinations())]
    layer = LAYERS[layer_number]
    rng = np.random.default_rng([seed, number])
    base = regime
    if regime in WAYS:
        mixed = layer.domain == "real" and not (regime in _NARROW and layer.name in _OF_SMALL_SHAPE)
        base = str(rng.choice(_BASES_OF_REALS if mixed else _BASES))
    with np.errstate(all="ignore"):
        inputs = layer.draw(rng, base, int(rng.integers(layer.shape_choices)))
    if inputs is None:
        return None
    f, rule = layer.f, layer.vjp
    in_float32 = regime in ("float32", "native float32")
    if in_float32:  # the same numbers, held in float64 by what is closed over
        inputs = tuple(_widened(_narrow(value)) for value in inputs)
    if regime == "native float32":
        f, rule = native(f), native(rule)
    elif regime == "float32 inside":
        f = native(f)
    kind = rng.choice(list(KINDS), p=list(KINDS.values())).item()
    if regime == "float32 inside" and kind == "jacobian":  # as what it closes over is rounded, too
        inputs = tuple(_widened(_narrow(value)) for value in inputs)
    if regime == "float32 rule" and kind != "jacobian":  # whose rule closes over other inputs
        rule = native(rule)
    with np.errstate(all="ignore"):
        f, rule, given = as_kind(kind, f, rule, inputs, rng)
    # Sums that make another kind of claim are in float32, too.
    if regime == "native float32":
        f, rule = native(f), native(rule)
    elif regime == "float32 rule":
        rule = native(rule)
    elif regime == "float32 inside":
        f = native(f) if rng.integers(2) else hidden(native(f))
    if in_float32:
        inputs, given = tuple(map(_narrow, inputs)), tuple(map(_narrow, given))
    if regime == "non-contiguous":
        given = tuple(_strided(value, rng) for value in given)
    return Drawn(layer, regime, kind, tuple(inputs), given, f, rule, number)


def judge_chunk(job: tuple[int, int, int]) -> dict[str, Any]:
    """The counts of cases ``first`` to ``last``, and all that is not as it should be."""
    seed, first, last = job
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    bad = []
    calls = []
    for number in range(first, last):
        drawn = case_of(seed, number)
        if drawn is None:
            continue
        regime = drawn.regime
        note = {
            "case": number, "layer": drawn.layer.name, "regime": regime, "kind": drawn.kind,
        }  # fmt: skip
        try:
            verdict = drawn.judge()
        except Exception:
            counts[regime]["crashed"] += 1
            bad.append({**note, "label": "crashed", "reason": traceback.format_exc()})
            continue
        found = label(verdict)
        counts[regime][found] += 1
        calls.append(verdict.evaluations)
        if found in ("fail", "undecided"):
            reason = f"{verdict.cause or verdict.title}: {verdict.reason}"[:200]
            bad.append({**note, "label": found, "reason": reason})
    return {
        "first": first, "last": last, "counts": counts, "bad": bad,
        "calls": sum(calls), "most calls": max(calls, default=0),
    }  # fmt: skip


def reproducer(seed: int, number: int) -> str:
    """The backward rule of a case as code that needs nothing but the corpus.

    A claim of another kind is made of it as the case does, which the first line judges again.
    """
    drawn = case_of(seed, number)
    assert drawn is not None
    name, regime, kind = drawn.layer.name, drawn.regime, drawn.kind
    f = "native(layer.f)" if regime in _NARROW else "layer.f"
    rule = "native(layer.vjp)" if regime.endswith(("native float32", "rule")) else "layer.vjp"
    given = ",\n".join(f"    {literal(value)}" for value in drawn.inputs)
    return "\n".join([
        f"# {name}, {regime}, {kind}: python -m tests.quality.fuzz --seed {seed} --case {number}",
        "import numpy as np",
        "from tests.quality.corpus import LAYERS",
        "from tests.quality.fuzz import native",
        "from tests.quality.judged import judged",
        f"layer = next(layer for layer in LAYERS if layer.name == {name!r})",
        f"inputs = (\n{given},\n)",
        f'print(judged({f}, {rule}, "vjp", inputs, {number}))',
    ])  # fmt: skip


def table(chunks: list[dict[str, Any]]) -> str:
    """Verdicts by regime, as Markdown."""
    total: dict[str, Counter[str]] = {regime: Counter() for regime in (*REGIMES, *WAYS)}
    for chunk in chunks:
        for regime, count in chunk["counts"].items():
            total[regime].update(count)
    columns = ("pass", "fail", "undecided", "aside", "crashed")
    lines = [
        "| regime | pass | accused | undecided | set aside | crashed | undecided, % |",
        "| --- | --: | --: | --: | --: | --: | --: |",
    ]
    for regime, count in [*total.items(), ("all", sum(total.values(), Counter()))]:
        decided = count["pass"] + count["fail"] + count["undecided"]
        share = 100 * count["undecided"] / decided if decided else 0.0
        cells = " | ".join(str(count[column]) for column in columns)
        lines.append(f"| {regime} | {cells} | {share:.2f} |")
    judged_cases = sum(sum(count.values()) for count in total.values())
    accused = sum(c["fail"] for c in total.values())
    calls = sum(chunk["calls"] for chunk in chunks)
    lines.append(
        f"\n{judged_cases} cases of {len(LAYERS)} functions; forward calls: mean "
        f"{calls / max(judged_cases, 1):.1f}, most "
        f"{max((chunk['most calls'] for chunk in chunks), default=0)}"
    )
    if judged_cases and not accused:
        bound = _RULE_OF_THREE / judged_cases
        lines.append(f"none accused: at most {bound:.0e} of such cases, with 95 % certainty")
    return "\n".join(lines)


def undecided_by_layer(chunks: list[dict[str, Any]], most: int = 30) -> str:
    """The functions that are undecided most often, with the regimes in which they are."""
    by_layer: dict[str, Counter[str]] = defaultdict(Counter)
    for chunk in chunks:
        for one in chunk["bad"]:
            if one["label"] == "undecided":
                by_layer[one["layer"]][one["regime"]] += 1
    ranked = sorted(by_layer.items(), key=lambda pair: -sum(pair[1].values()))[:most]
    lines = ["| function | undecided | in |", "| --- | --: | --- |"]
    for layer, count in ranked:
        regimes = ", ".join(f"{regime} {n}" for regime, n in count.most_common(6))
        lines.append(f"| {layer} | {sum(count.values())} | {regimes} |")
    return "\n".join(lines)


def run(seed: int, cases: int, processes: int, done: list[dict[str, Any]]) -> Iterator[dict]:
    """Judge the chunks that are not done yet, as they get ready."""
    known = {chunk["first"] for chunk in done}
    jobs = [
        (seed, first, min(first + CHUNK, cases))
        for first in range(0, cases, CHUNK)
        if first not in known
    ]
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")  # of the processes to come
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(judge_chunk, jobs)


def main() -> None:
    """Fuzz, print what is accused at once, and the tables at the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--case", type=int)
    options = parser.parse_args()
    if options.case is not None:
        seed = options.seed or 0
        drawn = case_of(seed, options.case)
        if drawn is None:
            parser.error("no inputs can be drawn for this case")
        print(reproducer(seed, options.case))
        print(drawn.judge())
        return
    seed, chunks = options.seed, []
    if options.out and options.out.exists():
        lines = [json.loads(line) for line in options.out.read_text().splitlines()]
        kept, chunks = lines[0]["seed"], lines[1:]
        if seed not in (None, kept):
            parser.error(f"{options.out} holds a run of seed {kept}, not of {seed}")
        seed = kept
    elif seed is None:
        seed = secrets.randbits(32)
    if options.out and not options.out.exists():
        options.out.write_text(json.dumps({"seed": seed}) + "\n")
    print(f"seed {seed}", flush=True)
    started, shown = time.perf_counter(), 0
    for chunk in run(seed, options.cases, options.processes, chunks):
        chunks.append(chunk)
        if options.out:
            with options.out.open("a") as file:
                file.write(json.dumps(chunk) + "\n")
        for one in chunk["bad"]:
            if one["label"] != "undecided":
                shown += 1
                code = reproducer(seed, one["case"])
                print(code if shown <= SHOWN else code.splitlines()[0])
                print(f"# {one['reason']}", flush=True)
        finished = sum(c["last"] - c["first"] for c in chunks)
        rate = time.perf_counter() - started
        print(f"\r{finished} of {options.cases}, {rate:.0f} s", end="", file=sys.stderr, flush=True)
    print()
    print(table(chunks))
    print()
    print(undecided_by_layer(chunks))
    if shown:
        sys.exit(1)


if __name__ == "__main__":
    main()
