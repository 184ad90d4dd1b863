"""Right identities are never accused, and one that is off by 1e-9 is found: counts.

One input of each regime; ``python -m tests.quality.identities`` judges 100,000.
"""

import math

import numpy as np

from gradcheck import Status, verify_identity, verify_jvp
from tests.quality.identities import DRAWS, IDENTITIES, Tally, judge

#: What is nothing but rounding at large numbers, or overflows: 68 of 1,207.
MOST_UNDECIDED = 0.06
#: Of errors of three times what is printed, which is what a few runs of jitter have shown.
MOST_MISSED = 0.01


def test_right_identities_are_never_accused_and_small_errors_are_found():
    tally = Tally()
    with np.errstate(all="ignore"):
        for regime in DRAWS:
            judge(regime, 0, tally)
    judged = sum(tally.counts.values())
    assert len(IDENTITIES) > 60
    assert judged > 1000
    assert tally.accused == []
    assert tally.counts[str(Status.UNDECIDED)] <= MOST_UNDECIDED * judged
    assert tally.promised > 0.7 * judged
    assert len(tally.missed) <= MOST_MISSED * tally.promised


def test_what_a_factorization_rounds_is_no_break():
    # By its own last bit alone each entry would stay what it is beside the largest of its column.
    z = np.array([0.0009765625, 0.0625, 64.0, 0.015625])
    verdict = verify_identity(*IDENTITIES["solve"], z)
    assert verdict.status is not Status.FAIL


def _points(n, count=20):
    for seed in range(count):
        rng = np.random.default_rng(seed)
        yield np.round(2 * rng.standard_normal(n)) * (rng.random(n) < 0.5)
        yield rng.standard_normal(n) * 10.0 ** rng.uniform(-6, 6, n)


def test_what_a_side_has_of_its_own_is_rounded_as_well():
    """Of π, of decimals and of what is computed from them, half a last bit is missing."""
    k = np.arange(4)
    for left, right, wrong in (
        (lambda x: np.sin(x + np.pi), lambda x: -np.sin(x), lambda x: -np.sin(x + 1e-9)),
        (lambda x: np.cos(x - math.pi / 2), np.sin, lambda x: np.sin(x + 1e-9)),
        (lambda x: (x + 0.1) + 0.2, lambda x: x + 0.3, lambda x: x + 0.3 + 1e-9),
        (
            lambda x: np.cos(2 * np.pi * np.outer(k, k) / 4) @ x,
            lambda x: np.fft.fft(x).real,
            lambda x: np.fft.fft(x).real * (1 + 1e-9),
        ),
    ):
        for x in _points(4):
            assert verify_identity(left, right, x).status is not Status.FAIL
        assert verify_identity(left, wrong, np.array([0.5, 1.5, -2.0, 1.0])).status is Status.FAIL


def test_a_transform_and_a_decomposition_are_rounded_by_their_norm():
    for back in (
        lambda x: np.fft.ifft(np.fft.fft(x)).real,
        lambda x: np.fft.irfft(np.fft.rfft(x), n=len(x)),
        lambda x: np.fft.ifft2(np.fft.fft2(np.outer(x, x))).real[:, 0] / (x[0] or 1.0),
    ):
        for x in _points(4):
            verdict = verify_identity(back, lambda x: x * 1.0 if x[0] else 0 * x, x)
            assert verdict.status is not Status.FAIL or not x[0]
        x = np.array([0.5, 1.5, -2.0, 1.0])
        assert verify_identity(back, lambda x: x * (1 + 1e-9), x).status is Status.FAIL
    for x in _points(9):
        A = x.reshape(3, 3)
        if np.any(A):
            verdict = verify_identity(lambda A: A @ np.linalg.pinv(A) @ A, lambda A: A * 1.0, A)
            assert verdict.status is not Status.FAIL


def test_a_tangent_by_a_transform():
    kernel = np.array([0.5, 0.3, 0, 0, 0, 0, 0, 0.2])

    def convolved(x):
        return sum(k * np.roll(x, i) for i, k in enumerate(kernel) if k)

    def rule(t, x):
        return np.fft.irfft(np.fft.rfft(t) * np.fft.rfft(kernel), 8)

    for x in _points(8, 6):
        assert verify_jvp(convolved, rule, x).status is not Status.FAIL
    wrong = verify_jvp(convolved, lambda t, x: (1 + 1e-5) * rule(t, x), np.arange(8.0))
    assert wrong.status is Status.FAIL
