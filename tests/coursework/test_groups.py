"""Control groups are made where they may be, hold what they bound, and are gone afterwards."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from gradcheck.coursework import groups, sandbox
from gradcheck.coursework.confinement import Limits
from gradcheck.coursework.grading import grade

HEAVY = """
import os

def honest(dy):
    return 2 * dy

def square_backward(dy, x):
    for _ in range(4):
        if os.fork() == 0:
            kept = bytearray(MOST)
            for at in range(0, MOST, 4096):
                kept[at] = 1
            os._exit(0)
    for _ in range(4):
        os.wait()
    return 2 * x * dy
"""


def tree(tmp_path, passed, own="/user/session", root="/"):
    """What the kernel shows of groups, as plain files: where they are mounted, and the own one."""
    top, proc = tmp_path / "top", tmp_path / "proc"
    (top / "user" / "session").mkdir(parents=True)
    for group in (top, top / "user"):
        (group / "cgroup.subtree_control").write_text(passed.get(group.name, ""))
    # Nothing can be written here, as where there are processes.
    (top / "user" / "session" / "cgroup.subtree_control").mkdir()
    proc.mkdir()
    (proc / "cgroup").write_text(f"4:memory:/else\n0::{own}\n")
    (proc / "mountinfo").write_text(
        "30 23 0:26 / /proc rw - proc proc rw\n"
        f"31 23 0:27 {root} {top} rw shared:9 - cgroup2 c rw\n"
    )
    return proc, top


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(groups, "_REMOVING", 0.0)  # the files of a plain folder keep it there


@pytest.mark.parametrize(
    ("passed", "found"),
    [
        ({"user": "cpu memory pids"}, "user"),
        ({"top": "memory pids", "user": "cpu pids"}, ""),
        ({"top": "memory"}, None),
    ],
)
def test_groups_are_made_below_the_nearest_that_passes_limits_on(passed, found, tmp_path, at_once):
    proc, top = tree(tmp_path, passed)
    assert groups.place(proc) == (None if found is None else top / found)


def test_a_namespace_of_groups_is_seen_from_within(tmp_path, at_once):
    proc, top = tree(tmp_path, {"user": "memory pids"}, own="/outer/user/session", root="/outer")
    assert groups.place(proc) == top / "user"


def test_where_there_are_none_there_is_no_place(tmp_path):
    assert groups.place(tmp_path) is None


@pytest.fixture(scope="module")
def place():
    found = groups.place()
    if found is None:
        pytest.skip("no control groups of version 2 may be made here")
    return found


def test_a_group_ends_what_is_in_it_and_leaves_nothing(place):
    group = groups.Group.made(place, Limits(resident=1 << 26, processes=3))
    assert (group.folder / "memory.max").read_text().strip() == str(1 << 26)
    assert (group.folder / "pids.max").read_text().strip() == "3"
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    group.add(process.pid)
    group.remove()
    process.wait()
    assert not group.folder.exists()
    left = groups.Group(place / f"gradcheck-{2**22 + 1}-0")
    left.folder.mkdir()
    assert groups.place() == place
    assert not left.folder.exists()


def test_all_processes_of_a_submission_share_one_bound(place, library, guarded, tmp_path):
    apart = sandbox.choose(library, limits=Limits(resident=1 << 28))
    assert apart.groups == place
    (tmp_path / "submission.py").write_text(HEAVY.replace("MOST", str(1 << 27)))
    patient = replace(guarded, time_limit=30.0)
    graded = grade(patient, tmp_path / "submission.py", apart, 2, "one")
    assert graded.earned == 1, graded
    assert str(graded.parts[1].outcome) == "over a limit"
    assert not list(place.glob(f"gradcheck-{os.getpid()}-*"))
