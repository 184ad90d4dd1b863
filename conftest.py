"""What `derivations/` and `tests/` share.

Nothing is needed to collect the derivations: the installed `gradcheck` plugin does that, here as
in any other project.
"""

import gc
import os

import pytest


def pytest_configure(config):
    """Processes of the tests, in folders of their own, share what Hypothesis finds in the sources.

    It looks for constants in every module that is not installed: half of a process' time.
    """
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", str(config.rootpath / ".hypothesis"))


def pytest_collection_finish():
    """What was collected stays to the end: looking for garbage in it takes a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def thorough(pytestconfig):
    """Whether this is the nightly run: it tries all of what is tried in part otherwise."""
    return pytestconfig.getoption("--gradcheck-profile") == "nightly"
