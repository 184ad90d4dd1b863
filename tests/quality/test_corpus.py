"""Right rules are never accused, wrong rules are found: counts over the corpus.

A sample of the layers in the ordinary run; ``python -m tests.quality.measure`` does all of them.
"""

import numpy as np
import pytest

from gradcheck import Status
from gradcheck.verification import _verify
from tests.quality.corpus import LAYERS
from tests.quality.measure import draws, right_rules, wrong_rules

#: Every fifth layer, from a different one for right and for wrong rules.
RIGHT_SAMPLE = LAYERS[::5]
WRONG_SAMPLE = LAYERS[2::5]
#: Of the sample in all regimes: what is nothing but round-off there, or full of jumps.
MOST_UNDECIDED = 0.01
#: In the median, of a failure without the table of entries around the wrong one.
MOST_FORWARD_CALLS_OF_A_FAILURE = 60


def test_right_rules_are_never_accused():
    tally = right_rules(RIGHT_SAMPLE, count=1)
    judged = sum(sum(count.values()) for count in tally.counts.values())
    assert judged > 450
    accused = [(name, regime) for name, regime, _, v in tally.bad if v.status is Status.FAIL]
    assert accused == []
    assert tally.total(Status.UNDECIDED) <= MOST_UNDECIDED * judged


def test_right_rules_at_normal_inputs_always_pass_at_the_stated_cost():
    tally = right_rules(LAYERS, count=1, regimes=("normal",))
    assert tally.bad == []
    # Nine for the numbers, one to see that it repeats and one for the rounding of the rule.
    assert sorted(tally.evaluations)[len(tally.evaluations) // 2] <= 11


#: Conventions, not mistakes: a gradient of shape (H,) for a bias of shape (1, H) is noted.
CONVENTIONS = {"M9-keepdims"}


def test_wrong_rules_are_found():
    tally = wrong_rules(WRONG_SAMPLE)
    assert tally.total(Status.FAIL) > 290
    missed = [(layer, mistake) for layer, mistake, _, _ in tally.bad if mistake not in CONVENTIONS]
    assert missed == []
    assert np.median(tally.evaluations) <= MOST_FORWARD_CALLS_OF_A_FAILURE


def typical_entry(layer, inputs):
    """The position of the entry of median size, of those of the first gradient that are not 0."""
    cotangent = np.random.default_rng(0).standard_normal(np.shape(layer.f(*inputs)))
    raw = layer.vjp(cotangent, *inputs)
    size = np.abs(np.asarray(raw[0] if isinstance(raw, tuple) else raw, dtype=float)).reshape(-1)
    order = np.argsort(size, kind="stable")
    order = order[size[order] > 0]
    return int(order[order.size // 2]) if order.size else None


@pytest.mark.parametrize("relative", [1e-1, 1e-3, 1e-5, 1e-6])
def test_one_wrong_entry_is_found(relative):
    """One entry of every gradient of the sample, wrong by a share of itself."""
    found = missed = 0
    for layer in LAYERS[1::9]:
        for inputs in draws(layer, "normal", 1, 0):

            def spoiled(cotangent, *given, layer=layer, inputs=inputs):
                raw = layer.vjp(cotangent, *given)
                parts = list(raw) if isinstance(raw, tuple) else [raw]
                parts[0] = np.array(parts[0], dtype=float)
                flat = parts[0].reshape(-1)
                flat[typical_entry(layer, inputs)] *= 1 + relative
                return tuple(parts) if isinstance(raw, tuple) else parts[0]

            if typical_entry(layer, inputs) is None:
                continue
            verdict = _verify(layer.f, spoiled, "vjp", tuple(inputs), table=False)
            found += verdict.status is Status.FAIL
            missed += verdict.status is Status.PASS
    assert missed == 0
    assert found >= 22
