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


def test_what_a_group_is_told_and_what_it_tells_is_in_its_files(tmp_path, at_once):
    group = groups.Group.made(tmp_path, Limits(resident=1 << 26, processes=3))
    files = {path.name: path.read_text() for path in group.folder.iterdir()}
    assert files == {"memory.max": f"{1 << 26}\n", "pids.max": "3\n"}
    assert (group.ran_out_of_memory, group.seconds) == (False, 0.0)
    group.add(4711)
    assert (group.folder / "cgroup.procs").read_text() == "4711\n"
    (group.folder / "memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    (group.folder / "cpu.stat").write_text("usage_usec 2500000\nuser_usec 1\n")
    assert (group.ran_out_of_memory, group.seconds) == (True, 2.5)
    group.remove()
    assert (group.folder / "cgroup.kill").read_text() == "1\n"


def test_a_process_that_is_not_moved_is_not_taken_for_bound(tmp_path, monkeypatch):
    group = groups.Group.made(tmp_path, Limits())
    (group.folder / "cgroup.procs").write_text("1\n")
    monkeypatch.setattr(groups.Group, "_write", lambda self, name, value: None)
    with pytest.raises(OSError, match="4711 is not in its control group"):
        group.add(4711)


def test_limits_that_are_not_taken_leave_no_group(tmp_path, monkeypatch, at_once):
    def refuse(self, name, value):
        raise PermissionError(name)

    monkeypatch.setattr(groups.Group, "_write", refuse)
    monkeypatch.setattr(groups, "_REMOVING", 1.0)
    with pytest.raises(PermissionError, match=r"memory\.max"):
        groups.Group.made(tmp_path, Limits())
    assert not list(tmp_path.iterdir())


def test_a_group_that_a_killed_grader_left_is_ended(tmp_path, at_once):
    proc, top = tree(tmp_path, {"user": "memory pids"})
    left, living = (top / "user" / f"gradcheck-{pid}-left" for pid in (2**22 + 1, os.getpid()))
    left.mkdir()
    living.mkdir()
    assert groups.place(proc) == top / "user"
    assert (left / "cgroup.kill").read_text() == "1\n"
    assert not (living / "cgroup.kill").exists()


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
