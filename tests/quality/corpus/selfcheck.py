"""Check the corpus itself with crude oracles: `python selfcheck.py [layer names]`.

For every layer: shapes as declared, everything finite, nothing changed in place; the right rule
agrees with central differences at normal inputs, entry by entry, and along a direction in the other
regimes (in long double where `f` can), and at ties and beside kinks wherever both sides agree; the
right rule is accurate to rounding (its long double value); each wrong rule is wrong at a normal
draw, and no two of a layer are the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

if __package__:
    from . import FILES, REGIMES, gap
else:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    from corpus import FILES, REGIMES, gap

SEEDS = range(3)
STEPS = (1e-5, 5e-6)  # for entries, at normal inputs
RELATIVE_STEPS = 10.0 ** np.arange(-1.0, -15.0, -0.5)  # for directions, elsewhere
SPECIAL = ("zeros_ties", "edges")
# Of equal middle entries each alone moves nothing, together they do: a kink that no single entry
# shows.
NOT_BY_ENTRY = ("median",)


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def seeded(layer, *more):
    return np.random.default_rng([sum(map(ord, layer.name)), *more])


def cotangent(rng, layer, inputs):
    return rng.standard_normal(np.shape(layer.f(*inputs)))


def works_in_long_double(layer, inputs):
    try:
        value = layer.f(*[np.asarray(a, np.longdouble) for a in inputs])
    except TypeError:
        return False
    return np.asarray(value).dtype == np.longdouble


def differences(layer, inputs, g, step, relative=0.0, kinks=1e-3):
    """Central differences of <g, f>, entry by entry, with a step that may be a share of the entry.

    NaN where the slopes of both sides differ: a kink or a jump. `kinks` says by what share they
    may differ; at normal inputs only entries that are exactly zero can have one.
    """
    kind = np.longdouble if works_in_long_double(layer, inputs) else float
    inputs = [np.array(a, kind) for a in inputs]
    slopes = []
    for a in inputs:
        slope = np.zeros(a.shape)
        for i in np.ndindex(a.shape):
            kept = a[i]
            h = max(min(step, relative * abs(kept)), step * 1e-6) if relative and kept else step
            values = []
            for side in (h, 0, -h):
                a[i] = kept + side
                values.append(np.array(layer.f(*inputs)))  # a copy: f may return a view
            high, here, low = values
            a[i] = kept
            right, left = np.sum(g * (high - here)) / h, np.sum(g * (here - low)) / h
            kink = abs(right - left) > kinks * (abs(right) + abs(left))
            kink = kink and (kept == 0 or relative > 0)
            slope[i] = np.nan if kink else (right + left) / 2
        slopes.append(slope)
    return slopes


def check_normal(layer, inputs, g):
    """The worst disagreement of the right rule with differences, the better step for each entry."""
    right = as_tuple(layer.vjp(g, *inputs))
    errors = [
        [np.abs(a - n) for a, n in zip(right, differences(layer, inputs, g, h), strict=True)]
        for h in STEPS
    ]
    worst = 0.0
    for a, *each_step in zip(right, *errors, strict=True):
        scale = max(np.max(np.abs(a)), 1e-3 * np.max(np.abs(g)))
        errors_here = np.minimum(*each_step)
        worst = max(worst, np.max(errors_here[~np.isnan(errors_here)], initial=0.0) / scale)
    return worst


def check_special(layer, inputs, g, regime):
    """The worst disagreement at ties and beside kinks, where both sides have the same slope."""
    right = as_tuple(layer.vjp(g, *inputs))
    step = 1e-13 if regime == "edges" else 1e-8
    if not works_in_long_double(layer, inputs):
        if regime == "edges":
            return 0.0
        step = 1e-6
    with np.errstate(all="ignore"):
        slopes, closer = (
            differences(layer, inputs, g, h, relative=1e-3, kinks=1e-2) for h in (step, step / 8)
        )
    worst = 0.0
    for a, n, m in zip(right, slopes, closer, strict=True):
        scale = max(np.max(np.abs(a)), 1e-3 * np.max(np.abs(g)))
        settled = np.abs(n - m) <= 1e-2 * scale  # a jump has slopes that grow
        far = np.where(settled, np.abs(a - n), 0) / scale
        worst = max(worst, np.max(far[np.isfinite(far)], initial=0.0))
    return worst


def check_direction(layer, rng, inputs, g, kind):
    """The best agreement over many steps along one direction, in long double if f can."""
    inputs = [np.asarray(a, kind) for a in inputs]
    v = [np.abs(a) * rng.standard_normal(a.shape) for a in inputs]
    right = as_tuple(layer.vjp(g, *[np.asarray(a, float) for a in inputs]))
    terms = [np.sum(np.abs(a * b)) for a, b in zip(right, v, strict=True)]
    claimed = sum(np.sum(a * b) for a, b in zip(right, v, strict=True))
    best = np.inf
    # What rounding in double would do to f, or to a value of the size of 1 or its inputs.
    size = max(1.0, *(np.max(np.abs(a)) for a in inputs))
    with np.errstate(all="ignore"):
        for h in RELATIVE_STEPS:
            ends = [
                layer.f(*[a + s * h * b for a, b in zip(inputs, v, strict=True)]) for s in (1, -1)
            ]
            slope = np.sum(g * (ends[0] - ends[1])) / (2 * h)
            floor = 1e-11 * (np.sum(np.abs(g * ends[0])) + size * np.sum(np.abs(g))) + 1e-300
            best = min(best, abs(slope - claimed) / max(sum(terms), floor))
    return float(best)


def check_rounding(layer, inputs, g):
    """How far the right rule in double is from itself in long double (0 if it cannot)."""
    right = as_tuple(layer.vjp(g, *inputs))
    try:
        finer = as_tuple(
            layer.vjp(np.asarray(g, np.longdouble), *[np.asarray(a, np.longdouble) for a in inputs])
        )
    except TypeError:
        return 0.0
    worst = 0.0
    size = max(1.0, *(float(np.max(np.abs(a))) for a in inputs))
    for a, b in zip(right, finer, strict=True):
        scale = max(float(np.max(np.abs(b))), 1e-6 * size * float(np.max(np.abs(g))))
        worst = max(worst, float(np.max(np.abs(a - b))) / scale)
    return worst


def check_contract(layer, inputs, g):
    """Complaints about shapes, finiteness, side effects and linearity of the right rule."""
    kept, kept_g = [a.copy() for a in inputs], g.copy()
    with np.errstate(over="raise", divide="raise", invalid="raise"):
        value = layer.f(*inputs)
    result = layer.vjp(g, *inputs)
    right = as_tuple(result)
    if sum(a.size for a in inputs) > 200:
        yield f"{sum(a.size for a in inputs)} input entries"
    if isinstance(result, tuple) != (len(inputs) > 1):
        yield "a tuple is for several inputs, an array for one"
    if not isinstance(value, (np.ndarray, float)):
        yield f"f returns a {type(value).__name__}"
    if not np.all(np.isfinite(value)):
        yield "f is not finite"
    if [np.shape(a) for a in right] != [a.shape for a in inputs]:
        yield f"shapes {[np.shape(a) for a in right]} for {[a.shape for a in inputs]}"
        return
    if not all(np.all(np.isfinite(a)) for a in right):
        yield "the rule is not finite"
        return
    if any(np.shares_memory(a, b) for a in right for b in (g, *inputs)):
        yield "a gradient shares memory with the cotangent or an input"
    if any(np.asarray(a).dtype != float for a in right):
        yield "the rule does not return float64"
    if not all(np.array_equal(a, b) for a, b in zip(inputs, kept, strict=True)):
        yield "inputs changed in place"
    if not np.array_equal(g, kept_g):
        yield "cotangent changed in place"
    scaled = as_tuple(layer.vjp(-4 * g, *inputs))
    if not all(
        np.allclose(-4 * a, b, rtol=1e-12, atol=1e-12 * np.max(np.abs(a)) + 1e-300)
        for a, b in zip(right, scaled, strict=True)
    ):
        yield "the rule is not linear in the cotangent"


def check_wrong(layer):
    """Complaints about wrong rules that are right or the same, and how often each is wrong."""
    gaps = {i: [] for i in layer.wrong}
    seen = {i: [] for i in layer.wrong}
    for choice in range(layer.shape_choices):
        for seed in SEEDS:
            rng = seeded(layer, choice, seed)
            inputs = layer.draw(rng, "normal", choice)
            g = cotangent(rng, layer, inputs)
            right = as_tuple(layer.vjp(g, *inputs))
            for i, rule in layer.wrong.items():
                result = as_tuple(rule(g.copy(), *[a.copy() for a in inputs]))
                gaps[i].append(gap(right, result))
                seen[i].append(result)
    for i, far in gaps.items():
        hits = np.mean(np.array(far) > 1e-7)
        if i.startswith("rare-"):
            if hits > 0:
                yield f"{i} is wrong at normal draws"
        elif hits == 0:
            yield f"{i} is not wrong (largest gap {max(far):.1e})"
        elif hits < 0.4 or max(far[: len(SEEDS)]) <= 1e-7:
            print(f"  note {layer.name}: {i} is wrong at {hits:.0%} of the normal draws")
    ids = list(seen)
    for k, i in enumerate(ids):
        for j in ids[:k]:
            same = all(gap(a, b) < 1e-14 for a, b in zip(seen[i], seen[j], strict=True))
            if same and not i.startswith("rare-"):
                yield f"{i} is the same as {j}"


def check(layer):
    """All complaints about a layer."""
    if len(layer.wrong) < 5:
        yield f"only {len(layer.wrong)} wrong rules"
    for regime in REGIMES:
        for choice in range(layer.shape_choices):
            for seed in SEEDS:
                where = f"{regime}, shape {choice}, seed {seed}"
                rng = seeded(layer, choice, seed)
                inputs = layer.draw(rng, regime, choice)
                if inputs is None:
                    continue
                try:
                    g = cotangent(rng, layer, inputs)
                    complaints = list(check_contract(layer, inputs, g))
                except FloatingPointError as error:
                    complaints = [f"f: {error}"]
                yield from (f"{where}: {c}" for c in complaints)
                if complaints:
                    continue
                rounding = check_rounding(layer, inputs, g)
                if rounding > 1e-8:
                    yield f"{where}: rounding {rounding:.1e}"
                if regime == "normal":
                    error = check_normal(layer, inputs, g)
                    if not error < 1e-5:
                        yield f"{where}: off by {error:.1e}"
                elif regime in SPECIAL and layer.name not in NOT_BY_ENTRY:
                    error = check_special(layer, inputs, g, regime)
                    if not error < 1e-2:
                        yield f"{where}: off by {error:.1e} where both sides agree"
                elif regime not in SPECIAL:
                    finer = works_in_long_double(layer, inputs)
                    error = check_direction(
                        layer, rng, inputs, g, np.longdouble if finer else float
                    )
                    if not error < (1e-5 if finer else 1e-4):
                        yield f"{where}: off by {error:.1e} along a direction"
    yield from check_wrong(layer)


def main(names):
    bad = 0
    layers = wrong = 0
    for file in FILES:
        count = [0, 0]
        for layer in file.LAYERS:
            if names and layer.name not in names:
                continue
            count[0] += 1
            count[1] += len(layer.wrong)
            complaints = list(check(layer))
            bad += len(complaints)
            for complaint in complaints[:6]:
                print(f"{layer.name}: {complaint}")
            if len(complaints) > 6:
                print(f"{layer.name}: ... and {len(complaints) - 6} more")
        print(f"{file.__name__.split('.')[-1]:15} {count[0]:4} layers {count[1]:5} wrong rules")
        layers += count[0]
        wrong += count[1]
    all_names = [layer.name for file in FILES for layer in file.LAYERS]
    for name in {n for n in all_names if all_names.count(n) > 1}:
        print(f"{name}: two layers of that name")
        bad += 1
    print(f"{layers} layers, {wrong} wrong rules, {bad} complaints")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
