"""By how many units the rules of the library are off in single precision: what ``growth`` bounds.

``python -m tests.coursework.single_rounding`` computes every backward rule, JVP, gradient and
Jacobian of ``derivations/`` twice, in double precision and with all that it is given rounded to
single, and prints the share of the numbers at hand by which the answers differ, in units.
"""

import copy
from pathlib import Path

import numpy as np

from gradcheck.claims import Rule
from gradcheck.coursework.precision import UNIT
from gradcheck.loading import declared_in, load
from gradcheck.sampling import Draft, Sampler
from gradcheck.subject import Subject

LIBRARY = Path(__file__).parents[2] / "derivations"
KINDS = ("vjp", "jvp", "gradient", "jacobian")
LIMITS = (4, 8, 16, 32, 64)


def single(value):
    if isinstance(value, list):
        return [single(part) for part in value]
    is_real = getattr(getattr(value, "dtype", None), "kind", "") == "f"
    return np.asarray(value).astype(np.float32)[()] if is_real else value


def flat(answer):
    parts = answer if isinstance(answer, tuple | list) else [answer]
    return np.concatenate([np.ravel(np.asarray(p, dtype=float)) for p in parts if p is not None])


def units(rule, case, rng):
    """The largest difference at a case, in units of the numbers at hand; None where not finite."""
    values, bindings = rule.derivation.accept(case.inputs)
    subject = Subject(rule.derivation, values, bindings, rule.wrt)
    leading = {
        "vjp": lambda: subject.cotangent(rng.normal(size=subject.outputs.size)),
        "jvp": lambda: subject.tangent(rng.normal(size=subject.inputs.size)),
    }.get(rule.kind, list)()
    names = subject.names
    double = flat(rule.signature.call(leading, copy.copy(names), None))
    rounded = {name: single(value) for name, value in names.items()}
    off = flat(rule.signature.call(single(list(leading)), rounded, None))
    if double.shape != off.shape or not np.all(np.isfinite([double, off])):
        return None
    k = int(np.argmax(np.abs(double - off)))
    given = [np.max(np.abs(v), initial=0.0) for v in values.values() if isinstance(v, np.ndarray)]
    size = max(1.0, abs(double[k]), abs(off[k]), *given)
    return abs(double[k] - off[k]) / size / UNIT


def main():
    rows, rules = [], 0
    for file in sorted(LIBRARY.rglob("*.py")):
        for rule in declared_in(load(file)):
            if not isinstance(rule, Rule) or rule.kind not in KINDS:
                continue
            sampler, rng = Sampler(rule), np.random.default_rng(5)
            if sampler.strategies:
                continue
            rules += 1
            sizes = [*sampler.sizes.always()[:3], *(sampler.sizes.random(rng) for _ in range(2))]
            for bindings in filter(None, sizes):
                for case in sampler.points(Draft(bindings, int(rng.integers(2**32)))):
                    with np.errstate(all="ignore"):
                        try:
                            rows.append(units(rule, case, rng))
                        except Exception:  # not of arrays alone, or not there in single precision
                            continue
    found = np.array([one for one in rows if one is not None])
    print(f"{rules} rules at {len(found)} points; units at the median, 99 % and 99.9 %:")
    print(*(f"{one:.2g}" for one in np.quantile(found, [0.5, 0.99, 0.999])))
    for limit in LIMITS:
        print(f"more than {limit}: {np.mean(found > limit):.4f}")


if __name__ == "__main__":
    main()
