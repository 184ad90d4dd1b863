import pytest

from tests.report.failures import CLAIMS, checked


@pytest.fixture(scope="session")
def outcomes():
    """What checking each claim of ``failures.py`` came to, by the name of its rule."""
    return {claim.name: checked(claim) for claim in CLAIMS}


@pytest.fixture(scope="session")
def records(outcomes):
    return [outcome.record for outcome in outcomes.values()]
