"""A mistake has a name though each call of the function takes long."""

from types import SimpleNamespace

import numpy as np
import pytest

from gradcheck import derivation, real, simplification
from gradcheck.checking import check_claim
from gradcheck.diagnosis import samples

#: Seconds that a call seems to take.
CALL = 0.02


@pytest.fixture
def calls(monkeypatch):
    """How many there were, by which the clocks of a failing check go."""
    counted = SimpleNamespace(number=0)

    def clock():
        return CALL * counted.number

    slow = SimpleNamespace(thread_time=clock, monotonic=clock)
    for module in (samples, simplification):
        monkeypatch.setattr(module, "time", slow)
    return counted


@pytest.mark.parametrize("seed", [0, 3, 7])
def test_a_slow_function_gets_a_name_and_an_end(calls, seed):
    @derivation(x=real("n k"), W=real("k m"))
    def layer(x, W):
        calls.number += 1
        return np.tanh(x @ W)

    @layer.vjp
    def backward(g, x, W, y):
        gz = g * (1 - y)
        return gz @ W.T, x.T @ gz

    outcome = check_claim(layer.rules[0], seed_=seed)
    assert [mistake["title"] for mistake in outcome.record.mistakes] == ["a power is wrong"]
    # Looking for it, making it small and naming it.
    assert CALL * calls.number < 45
