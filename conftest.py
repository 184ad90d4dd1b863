"""What `derivations/` and `tests/` share.

Nothing is needed to collect the derivations: the installed `gradcheck` plugin does that, here as
in any other project.
"""

import gc

import pytest


def pytest_collection_finish():
    """What was collected stays to the end: looking for garbage in it takes a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def thorough(pytestconfig):
    """Whether this is the nightly run: it tries all of what is tried in part otherwise."""
    return pytestconfig.getoption("--gradcheck-profile") == "nightly"
