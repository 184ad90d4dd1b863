"""Whether a claim is the derivative of a function that is changed in some way."""

from __future__ import annotations

import numpy as np

from gradcheck.claims import Derivation
from gradcheck.diagnosis.evidence import Pair
from gradcheck.diagnosis.samples import (
    MOVES,
    Clock,
    Floats,
    Sample,
    TooSlow,
    aligned,
    jacobian_of,
)
from gradcheck.returned import SetAside, Violation
from gradcheck.source_trees import Function
from gradcheck.subject import Subject

#: The step of a first look, and how near to the claim it has to come: most changes are ruled out.
_STEP, _NEAR = 2.0**-12, 1e-4


def may_be(pair: Pair, function: Function, rng: np.random.Generator) -> bool:
    """A first look: whether the claim is near the derivative of ``function``, along one line."""
    v = np.zeros(pair.sample.subject.x.size)
    v[pair.leaf.slice] = rng.choice([-1.0, 1.0], pair.leaf.slice.stop - pair.leaf.slice.start)
    claimed = float(np.asarray(pair.claimed, float).reshape(-1) @ v[pair.leaf.slice])
    u = np.asarray(pair.u, float).reshape(-1)
    above, below = (
        outputs_of(pair.sample, function, pair.sample.subject.x + s * _STEP * v)
        for s in (1.0, -1.0)
    )
    if above is None or below is None or not above.size == below.size == u.size:
        return False
    slope = (above - below) / (2 * _STEP)
    return bool(abs(u @ slope - claimed) <= _NEAR * (np.abs(u) @ np.abs(slope) + abs(claimed)))


def outputs_of(sample: Sample, function: Function, x: Floats) -> Floats | None:
    """What a function answers at other inputs, flat; None where that is nothing."""
    try:
        raw = function(**{**sample.subject.values, **sample.inputs.restore(x)})
        parts = raw if isinstance(raw, tuple | list) else [raw]
        return np.concatenate([np.asarray(part, float).reshape(-1) for part in parts])
    except TooSlow:
        raise
    except Exception:
        return None


def jacobians_of(
    sample: Sample,
    function: Function,
    rng: np.random.Generator,
    clock: Clock,
    *,
    of_same_value: bool = False,
) -> list[Floats] | None:
    """The Jacobian of ``function`` at a point, and the same moved by its error.

    None where it has none; ``of_same_value``, also where it is not what the rule's function is.
    """
    subject, owner = sample.subject, sample.rule.derivation
    try:
        changed = Derivation.of(function, owner, owner.options)
        other = Subject(changed, subject.values, sample.bindings, subject.wrt, subject.x.dtype)
        if of_same_value and not np.array_equal(other.y, subject.y):
            return None
        value, error = jacobian_of(other, clock)
    except (SetAside, Violation):
        return None
    moved = [value + error * rng.choice([-1.0, 1.0], error.shape) for _ in range(MOVES)]
    return [value + 0.0 * error, *moved]


def pulled(pair: Pair, jacobians: list[Floats] | None) -> Floats | None:
    """The gradient that is right for a function of these Jacobians."""
    if jacobians is None:
        return None
    moved = aligned(jacobians[0], jacobians[pair.version], pair.u)
    return pair.pull(pair.u, moved[:, pair.leaf.slice])
