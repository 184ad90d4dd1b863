"""Lepski's choice: one value with an honest error from differences at many steps."""

import numpy as np
import pytest

from gradcheck.oracle.interval import select

STEPS = 2.0 ** -(2.0 + 3.0 * np.arange(11))


def quotients(f, x=0.7, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    up = np.array([f(x + h) for h in STEPS]) + noise * rng.standard_normal(11)
    down = np.array([f(x - h) for h in STEPS]) + noise * rng.standard_normal(11)
    return ((up - down) / (2 * STEPS))[:, None]


@pytest.mark.parametrize(("f", "slope"), [(np.sin, np.cos(0.7)), (np.exp, np.exp(0.7))])
@pytest.mark.parametrize("noise", [0.0, 1e-12, 1e-8])
def test_the_error_covers_the_truth_and_follows_the_noise(f, slope, noise):
    covered = tight = 0
    for seed in range(50):
        value, error = select(STEPS, quotients(f, noise=noise, seed=seed), np.full(1, 2e-16))
        covered += abs(value[0] - slope) <= 3 * error[0]
        tight += error[0] < max(1e-8, 100 * noise ** (2 / 3))
    assert covered >= 49
    assert tight >= 45


def test_large_steps_are_not_trusted_where_small_ones_contradict():
    """A kink beside the point: every step above its distance sees the mean of both slopes."""
    value, error = select(
        STEPS, quotients(lambda x: np.maximum(x - 0.7 + 1e-6, 0)), np.full(1, 1e-16)
    )
    assert abs(value[0] - 1) <= 3 * error[0]
    assert error[0] < 0.1


def test_a_shape_smaller_than_the_steps_leaves_a_large_error():
    """A sawtooth of slope 1 whose teeth most steps jump over."""
    value, error = select(
        STEPS, quotients(lambda x: np.mod(x, 3e-9)), np.full(1, 1e-25), np.full(1, 1e-25)
    )
    assert abs(value[0] - 1) <= 3 * error[0]


def test_levels_that_are_not_finite_are_passed_over():
    values = quotients(np.sin)
    values[:4] = np.nan
    value, error = select(STEPS, values, np.full(1, 1e-16))
    assert abs(value[0] - np.cos(0.7)) <= 3 * error[0] < 1e-6
    value, error = select(STEPS, np.full((11, 1), np.nan), np.full(1, 1e-16))
    assert error[0] == np.inf
