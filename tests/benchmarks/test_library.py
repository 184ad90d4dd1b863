"""What each claim of the library costs at a hundred inputs, a row each.

``pytest tests/benchmarks/test_library.py``; on a busy machine with
``--benchmark-timer=time.process_time``, which counts the processor's seconds alone.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck.checking import check_claim
from gradcheck.loading import found_at
from gradcheck.profiles import PROFILES

ROOT = Path(__file__).parents[2]
INPUTS = 100
CLAIMS = [
    pytest.param(found.claim, id=f"{path.relative_to(ROOT).as_posix()}::{found.id}")
    for path in sorted((ROOT / "derivations").rglob("*.py"))
    for found in found_at(path)
]


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.benchmark(group="library", warmup=False)
def test_claim(benchmark, claim):
    profile = replace(PROFILES["ci"], inputs=INPUTS)
    outcome = benchmark.pedantic(check_claim, (claim, profile), rounds=1)
    benchmark.extra_info.update(
        inputs=outcome.record.inputs, evaluations=outcome.record.evaluations
    )
    assert outcome.record.status == "pass"
