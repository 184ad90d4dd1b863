"""What grading needs: an assignment, and every way to keep submissions apart that works here."""

import functools
import shutil
from pathlib import Path

import pytest

from gradcheck.coursework import sandbox, staging
from gradcheck.coursework.assignment import Assignment

HERE = Path(__file__).parent
#: Assignments and submissions, which are no tests.
collect_ignore = ["guarded", "homework", "attacks"]


@pytest.fixture(scope="session")
def library():
    with staging.library() as root:
        yield root


@functools.cache
def _sandbox(kind, root):
    """The sandbox, or why it is not there."""
    closed = root / "closed"
    closed.mkdir(mode=0o700, exist_ok=True)
    try:
        return sandbox.choose(root, private=[closed], kinds=(kind,))
    except sandbox.Unavailable as error:
        return str(error).splitlines()[1].strip()


@pytest.fixture(scope="session", params=[sandbox.BUBBLEWRAP, sandbox.SEPARATE])
def each_sandbox(request, library):
    """Each way to keep submissions apart."""
    found = _sandbox(request.param, library)
    if isinstance(found, str):
        pytest.skip(found)
    return found


@pytest.fixture(scope="session")
def apart(library):
    """The best way to keep submissions apart."""
    found = [_sandbox(kind, library) for kind in (sandbox.BUBBLEWRAP, sandbox.SEPARATE)]
    usable = [one for one in found if not isinstance(one, str)]
    if not usable:
        pytest.skip("; ".join(found))
    return usable[0]


def private_copy(name, tmp_path):
    """An assignment of this folder where no other user reads it."""
    folder = tmp_path / name
    shutil.copytree(HERE / name, folder, ignore=shutil.ignore_patterns("__pycache__"))
    folder.chmod(0o700)
    return Assignment.load(folder)


@pytest.fixture
def guarded(tmp_path):
    """The assignment that the attacks are up against: two parts, of 1 and 2 points."""
    return private_copy("guarded", tmp_path)


@pytest.fixture
def homework(tmp_path):
    """An assignment for a class: a forward function, and the rules of two layers."""
    return private_copy("homework", tmp_path)
