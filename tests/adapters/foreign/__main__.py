"""``python -m tests.adapters.foreign [torch jax autograd] [--samples N]``: the tables, as Markdown.

Needs ``pip install --group foreign``. Exit code 1 where a rule is accused that ``KNOWN`` does not
name: either the rule is wrong, which then is to be said there, or we are.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.metadata
import sys
import time
from collections import Counter

from tests.adapters.foreign.known import KNOWN
from tests.adapters.foreign.rows import Answer, answer

FRAMEWORKS = ("torch", "jax", "autograd")
_CHECKERS = {
    "torch": "torch.autograd.gradcheck", "jax": "jax.test_util.check_grads",
    "autograd": "autograd.test_util.check_grads",
}  # fmt: skip


def table(framework: str, samples: int) -> list[Answer]:
    """What was said of every rule of a framework, with those printed that are not plain."""
    module = importlib.import_module(f"tests.adapters.foreign.of_{framework}")
    started = time.perf_counter()
    answers = [answer(row) for row in module.rows(samples)]
    version = importlib.metadata.version(framework)
    rules = len({one.name for one in answers})
    print(f"\n## {framework} {version}: {rules} rules at {len(answers)} points\n")
    counts = Counter((one.ours, one.native) for one in answers)
    print(f"| gradcheck | {_CHECKERS[framework]} | points |\n| --- | --- | --: |")
    for (ours, native), number in counts.most_common():
        print(f"| {ours} | {native} | {number} |")
    print("\n| rule | gradcheck | its own | why |\n| --- | --- | --- | --- |")
    for one in answers:
        if (one.ours, one.native) != ("pass", "accepted"):
            why = KNOWN[framework].get(one.name) or one.why.partition("\n")[0]
            print(f"| {one.name} | {one.ours} | {one.native} | {why.replace('|', ' ')} |")
    print(f"\n{time.perf_counter() - started:.0f} s", flush=True)
    return answers


def main() -> int:
    """Print the tables; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frameworks", nargs="*", default=FRAMEWORKS, metavar="FRAMEWORK")
    parser.add_argument("--samples", type=int, default=2, help="points for each rule (2)")
    options = parser.parse_args()
    accused = [
        f"{framework}: {one.name}: {one.why}"
        for framework in options.frameworks
        for one in table(framework, options.samples)
        if one.ours == "fail" and one.name not in KNOWN[framework]
    ]
    print("\n".join(accused), file=sys.stderr)
    return 1 if accused else 0


if __name__ == "__main__":
    sys.exit(main())
