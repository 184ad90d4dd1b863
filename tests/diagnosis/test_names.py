"""The mistakes of the catalogue are named where they are planted, and nothing else is named."""

import pytest

from gradcheck.diagnosis import diagnose
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status
from gradcheck.verification import judge_at


def names_of(rule, seed=1):
    """What a failure of the rule is called, at usual values."""
    sampler = Sampler(rule)
    for case in sampler.telling(seed):
        verdict = judge_at(rule, case, table=False)
        if verdict.status is Status.FAIL:
            return diagnose(rule, verdict, sampler.telling(seed + 1)).mistakes
    pytest.fail(f"{rule.id} at line {rule.line} passes")
