"""The outcomes of a layer's gradients, at sizes at which it runs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from gradcheck.checking import Outcome, check_claim
from gradcheck.claims import Derivation, Rule
from gradcheck.profiles import Profile
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status

#: Seconds of computing for one gradient, and for reading one layer; so many times as many may pass.
TIME_LIMIT = 20.0
PATIENCE = 6.0

#: An array with more entries at every size is large: an image of 28 by 28. Each input then has many
#: numbers, and so few of them, the sizes that are always tried among them, end within the time.
_MANY_ENTRIES = 512
_FEW_INPUTS = 12


def outcomes_of(
    declared: Derivation, profile: Profile, *, simplify: bool = True, only: str = ""
) -> list[tuple[Rule, Outcome]]:
    """The outcome of each gradient, or of one ``only``.

    At sizes of two and more where the layer raises at others.
    """
    if _is_large(declared):
        profile = replace(profile, inputs=min(profile.inputs, _FEW_INPUTS))
    outcomes = [
        (
            rule,
            check_claim(rule, profile, time_limit=TIME_LIMIT, patience=PATIENCE, simplify=simplify),
        )
        for rule in declared.rules
        if not only or rule.wrt == (only,)
    ]
    if set_aside(outcomes, "raised") and not declared.options.sizes:
        # Labels and one-hot rows look alike for one class.
        limits = Sampler(declared.rules[0]).sizes.limits
        sizes = {name: (max(2, low), max(2, high)) for name, (low, high) in limits.items()}
        if not sizes:
            return outcomes  # numbers have none
        declared.options = replace(declared.options, sizes=sizes)
        return outcomes_of(declared, profile, simplify=simplify, only=only)
    return outcomes


def _is_large(declared: Derivation) -> bool:
    """Whether an array is large at every size."""
    shapes = [one.dims for one in declared.arguments.values() if one.dims is not None]
    least = (math.prod(a.size({}) for a in dims.axes if not a.names) for dims in shapes)
    return any(entries > _MANY_ENTRIES for entries in least)


def set_aside(outcomes: Sequence[tuple[Rule, Outcome]], why: str) -> bool:
    """Whether a gradient is undecided, and points were set aside for that reason."""
    return any(
        outcome.record.status == str(Status.UNDECIDED) and why in outcome.record.set_aside
        for _, outcome in outcomes
    )
