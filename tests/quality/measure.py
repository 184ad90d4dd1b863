"""Run the checker over the corpus: right rules accused or undecided, wrong rules missed.

``python -m tests.quality.measure [--draws N] [--seed S] [--layer NAME]`` prints the tables.
"""

from __future__ import annotations

import argparse
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from gradcheck import Status, Verdict
from gradcheck.verification import _verify
from tests.quality.corpus import LAYERS, REGIMES, Layer, gap

#: A wrong rule counts as missed only where it differs from the right one by more than this.
VISIBLE = 1e-7


@dataclass
class Tally:
    """Verdicts counted by a key, with the cases behind those that are not as they should be."""

    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    bad: list[tuple[str, str, int, Verdict]] = field(default_factory=list)
    evaluations: list[int] = field(default_factory=list)

    def total(self, status: Status) -> int:
        """How many verdicts of a status there are."""
        return sum(count[str(status)] for count in self.counts.values())


def draws(layer: Layer, regime: str, count: int, seed: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Inputs of a layer in a regime, of ``count`` shapes or values."""
    for k in range(count):
        rng = np.random.default_rng([seed, zlib.crc32(f"{layer.name} {regime}".encode()), k])
        with np.errstate(all="ignore"):
            inputs = layer.draw(rng, regime, k)
        if inputs is not None:
            yield inputs


def right_rules(
    layers: Iterable[Layer], count: int = 2, seed: int = 0, regimes: Sequence[str] = REGIMES
) -> Tally:
    """Verdicts on the right rules, by regime."""
    tally = Tally()
    for layer in layers:
        for regime in regimes:
            for k, inputs in enumerate(draws(layer, regime, count, seed)):
                verdict = _verify(layer.f, layer.vjp, "vjp", tuple(inputs), table=False)
                label = str(verdict.status)
                if verdict.cause in ("overflow", "raised", "silent"):
                    label = verdict.cause
                tally.counts[regime][label] += 1
                tally.evaluations.append(verdict.evaluations)
                if label in ("fail", "undecided"):
                    tally.bad.append((layer.name, regime, k, verdict))
    return tally


def wrong_rules(layers: Iterable[Layer], count: int = 1, seed: int = 0) -> Tally:
    """Verdicts on the wrong rules at standard normal inputs, by file of the corpus."""
    tally = Tally()
    for layer in layers:
        for name, wrong in layer.wrong.items():
            if name.startswith("rare-"):
                continue
            for k, inputs in enumerate(draws(layer, "normal", count, seed)):
                rng = np.random.default_rng([seed, k])
                with np.errstate(all="ignore"):
                    shape = np.shape(layer.f(*inputs))
                    cotangent = rng.standard_normal(shape)
                    visible = gap(layer.vjp(cotangent, *inputs), wrong(cotangent, *inputs))
                if not visible > VISIBLE:
                    continue
                verdict = _verify(layer.f, wrong, "vjp", tuple(inputs), table=False)
                tally.counts[layer.name][str(verdict.status)] += 1
                tally.evaluations.append(verdict.evaluations)
                if verdict.status is not Status.FAIL:
                    tally.bad.append((layer.name, name, k, verdict))
    return tally


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--layer")
    parser.add_argument("--skip-wrong", action="store_true")
    options = parser.parse_args()
    layers = [layer for layer in LAYERS if options.layer in (None, layer.name)]
    started = time.perf_counter()
    right = right_rules(layers, options.draws, options.seed)
    print("| regime | pass | accused | undecided | set aside |")
    print("| --- | --- | --- | --- | --- |")
    for regime, count in right.counts.items():
        aside = count["overflow"] + count["raised"] + count["silent"]
        print(f"| {regime} | {count['pass']} | {count['fail']} | {count['undecided']} | {aside} |")
    print(
        f"forward calls: median {np.median(right.evaluations):.0f}, "
        f"mean {np.mean(right.evaluations):.1f}, p90 {np.quantile(right.evaluations, 0.9):.0f}, "
        f"max {max(right.evaluations)}; {time.perf_counter() - started:.0f} s"
    )
    for layer, regime, k, verdict in right.bad:
        print(
            verdict.status,
            layer,
            regime,
            k,
            verdict.cause or verdict.title,
            f"{verdict.resolution:.0e}" if verdict.cause == "coarse" else verdict.reason[:40],
        )
    if options.skip_wrong:
        return
    wrong = wrong_rules(layers, 1, options.seed)
    print(
        f"wrong rules: found {wrong.total(Status.FAIL)}, missed {wrong.total(Status.PASS)}, "
        f"undecided {wrong.total(Status.UNDECIDED)}; forward calls: median "
        f"{np.median(wrong.evaluations):.0f}, p90 {np.quantile(wrong.evaluations, 0.9):.0f}"
    )
    for layer, mistake, k, verdict in wrong.bad:
        print(
            verdict.status,
            layer,
            mistake,
            k,
            verdict.cause,
            f"{verdict.resolution:.0e}",
            verdict.reason[:60],
        )


if __name__ == "__main__":
    main()
