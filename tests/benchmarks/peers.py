"""This project beside other gradient checkers: ``python -m tests.benchmarks.peers``.

Needs ``pip install --group peers``. Prints Markdown: wrong rules found and right ones accused on
the corpus of this project, cost on small and realistic layers, growth from 10² to 10⁷ inputs, and
memory. ``--quick`` takes a sample, ``--short`` prints one table, for the README.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import time

import numpy as np

from tests.benchmarks import cost, detection
from tests.benchmarks.checkers import CHECKERS, prepare
from tests.benchmarks.layers import REALISTIC, SMALL

PEERS = ("torch", "jax", "autograd", "scipy", "numdifftools", "numguard-ci")
#: Every so many functions of the corpus: all, those of the short table, and of a quick look.
ALL, SHORT, QUICK = 1, 4, 24
SIZES = (100, 10_000, 1_000_000, 10_000_000)
QUICK_SIZES = (100, 10_000)


def versions() -> str:
    """What was compared, and on what."""
    names = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PEERS)
    python = f"Python {platform.python_version()}, numpy {np.__version__}"
    return f"{names}; {python}; {platform.machine()}, one thread."


def notes() -> str:
    """How each was used."""
    used = [f"{c.name} ({c.note})" for c in CHECKERS if c.note]
    slow = ", ".join(c.name for c in CHECKERS if c.slow)
    return (
        "Every checker at its own defaults, but: " + ", ".join(used) + ". "
        f"Given one function of {detection.SLOW_STRIDE}, since it takes 0.2 s a check: {slow}."
    )


def full(*, quick: bool) -> None:
    """All tables."""
    stride = QUICK if quick else ALL
    print(f"# Gradient checkers side by side\n\n{versions()}\n\n{notes()}\n")
    results = detection.measure(stride)
    sample = "" if stride == 1 else f" One function of {stride}."
    print(
        "## Wrong rules\n\nShare that is found at one standard normal input in float64, where the "
        f"right rule raises no alarm at the same input.{sample}\n"
    )
    print(detection.wrong_table(results), flush=True)
    print("\n## Right rules\n\nShare that is accused, by how the inputs look.\n")
    print(detection.right_table(results), flush=True)
    print("\n## Cost\n\nForward calls / milliseconds / multiples of one forward call.\n")
    print(cost.table(SMALL), flush=True)
    print()
    print(cost.table(REALISTIC[:2] if quick else REALISTIC), flush=True)
    print("\n## Growth with the number of inputs\n\nAs above.\n")
    print(cost.growth_table(QUICK_SIZES if quick else SIZES), flush=True)
    print(
        "\n## Peak extra memory\n\nAs multiples of inputs plus outputs; what torch and JAX "
        "allocate is not seen by tracemalloc.\n"
    )
    print(cost.memory_table(REALISTIC[:2] if quick else REALISTIC), flush=True)


def short() -> None:
    """One row for each checker."""
    results = detection.measure(SHORT)
    small, large = SMALL[1], REALISTIC[-1]
    print(
        "| checker | bugs found | one entry off by 1e-5 | right rules accused: N(0, 1) | at worst"
        f" | {small.name}, ms | {large.name}, forward calls |\n"
        "| --- | --: | --: | --: | --: | --: | --: |"
    )
    for checker in CHECKERS:
        found = results[checker.name]
        at_normal = detection._share(found.right["normal"], "alarm")
        worst = max(detection._share(count, "alarm") for count in found.right.values())
        little, much = cost.cost(checker, small), cost.cost(checker, large)
        assert little is not None
        calls = "minutes" if much is None else str(much.calls)
        if much is not None and much.said != "accepted":
            calls += f" ({much.said})"
        print(
            f"| {checker.name} | {detection._share(found.wrong['structural'], 'credited')} "
            f"| {detection._share(found.wrong['1e-05'], 'credited')} | {at_normal} | {worst} "
            f"| {1000 * little.seconds:.1f} | {calls} |",
            flush=True,
        )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--short", action="store_true")
    options = parser.parse_args()
    prepare()
    started = time.perf_counter()
    if options.short:
        short()
    else:
        full(quick=options.quick)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
