"""A class gets its marks: whoever is beside whom, in any order, and after any interruption."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.coursework import roster, sandbox
from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.classroom import Run
from gradcheck.coursework.results import Outcome
from tests.coursework.conftest import private_copy
from tests.coursework.generated import generated, handed_in, submission

PARTS = ("forward", "softmax_backward", "linear_backward · dx", "linear_backward · dW",
         "linear_backward · db")  # fmt: skip
QUICK = [one for one in generated(24) if "endless" not in one]


def marks(graded):
    return [(part.name, part.earned, part.outcome, part.reason, part.feedback, part.inputs)
            for part in graded.parts]  # fmt: skip


@pytest.fixture(scope="module")
def graded_class(tmp_path_factory, apart, thorough):
    """A class that has been graded in two processes: where, what was to be expected, and marks.

    Of sixty in the nightly run; among twenty is each way to write each function, too.
    """
    folder = tmp_path_factory.mktemp("class")
    homework = private_copy("homework", folder)
    expected = handed_in(folder / "in", generated(60 if thorough else 20))
    heard = []
    run = Run(homework, folder / "out", jobs=2, heard=heard.append)
    results = run.grade(roster.entries(sorted((folder / "in").iterdir())))
    assert sorted(graded.submission for graded in heard) == list(expected)
    return folder, expected, results


def test_a_class_gets_the_marks_that_were_earned(graded_class):
    folder, expected, results = graded_class
    assert [graded.submission for graded in results] == list(expected)
    for graded in results:
        assert tuple(part.name for part in graded.parts) == PARTS
        earned = [part.outcome is Outcome.PASSED for part in graded.parts]
        assert earned == expected[graded.submission], graded
        worth = [part.possible for part in graded.parts]
        assert graded.earned == sum(w for w, got in zip(worth, earned, strict=True) if got)
    files = sorted(path.name for path in (folder / "out" / "results").iterdir())
    assert files == [f"{name}.json" for name in expected]


def test_what_is_named_counts_for_the_class(tmp_path, homework, apart):
    """A gradient passed on, a bias averaged: as many marks as without names, and the names."""
    settings = homework.folder / "assignment.toml"
    settings.write_text(settings.read_text().replace('hints = "none"', 'hints = "what"'))
    chosen = [("zeros", "passed on", "right"), ("exits", "text", "a mean")]
    expected = handed_in(tmp_path / "in", chosen)
    entries = roster.entries(sorted((tmp_path / "in").iterdir()))
    named = Assignment.load(homework.folder)
    results = Run(named, tmp_path / "out", jobs=2).grade(entries)
    for graded in results:
        earned = [part.outcome is Outcome.PASSED for part in graded.parts]
        assert earned == expected[graded.submission]
    found = {key for graded in results for part in graded.parts for key, _ in part.mistakes}
    assert {"M4", "pass"} <= found


def test_the_same_seed_gives_the_same_marks_in_any_order_with_any_number_of_jobs(
    graded_class, tmp_path, homework
):
    folder, _, results = graded_class
    chosen = [13, 5, 0]
    paths = sorted((folder / "in").iterdir())
    alone = Run(homework, tmp_path / "out", jobs=1)
    again = alone.grade(roster.entries([paths[k] for k in chosen]))
    assert [marks(graded) for graded in again] == [marks(results[k]) for k in chosen]


def test_another_seed_tries_other_inputs(graded_class, tmp_path, homework):
    folder, _, results = graded_class
    before, paths = results[6], sorted((folder / "in").iterdir())
    (graded,) = Run(homework, tmp_path / "out", seed=1).grade(roster.entries(paths[6:7]))
    assert (graded.seed, before.seed) == (1, homework.hidden_seed)
    assert graded.earned == before.earned < graded.possible
    assert marks(graded) != marks(before)


def running(folder):
    """The command lines of processes that name a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if str(folder).encode() in line:
                found.append(line)
    return found


#: A run that is killed while it writes its third result.
KILLED = """
import os, signal, sys
from pathlib import Path
from gradcheck.coursework import roster
from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.classroom import Run

synced, written = os.fsync, []

def fsync(file):
    written.append(file)
    if len(written) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    synced(file)

os.fsync = fsync
folder, out, *paths = map(Path, sys.argv[1:])
Run(Assignment.load(folder), out, jobs=2).grade(roster.entries(paths))
"""


def test_a_run_that_was_killed_goes_on_where_it_was(tmp_path, homework, apart):
    """It kills itself, at a moment that is the same on every machine: what is seen from another
    process, and then killed, may be over by then."""
    expected = handed_in(tmp_path / "in", QUICK[:4])
    out = tmp_path / "out"
    paths = list(map(str, sorted((tmp_path / "in").iterdir())))
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, homework.folder, out, *paths], check=False
    )
    assert killed.returncode == -signal.SIGKILL
    before = {path: path.stat().st_mtime_ns for path in out.glob("results/*.json")}
    assert len(before) == 2
    assert len(list(out.glob("results/.*"))) == 1
    command = [sys.executable, "-m", "gradcheck", "grade", str(homework.folder), *paths]
    done = subprocess.run([*command, "--out", str(out), "--jobs", "2", "--resume"],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 1, done.stderr
    after = {path: path.stat().st_mtime_ns for path in out.glob("results/*.json")}
    assert {path.stem for path in after} == set(expected)
    assert before.items() <= after.items()
    assert not list(out.glob("results/.*"))
    for path in after:
        parts = json.loads(path.read_text())["parts"]
        assert [part["outcome"] == "passed" for part in parts] == expected[path.stem]
    assert not running(tmp_path / "in")


def test_what_has_changed_is_graded_again_and_nothing_else(tmp_path, homework, apart):
    handed_in(tmp_path / "in", [("stable", "short", "right"), ("naive", "passed on", "right")])
    entries = roster.entries(sorted((tmp_path / "in").iterdir()))
    heard = []
    again = Run(homework, tmp_path / "out", resume=True, heard=heard.append)
    assert [graded.earned for graded in again.grade(entries)] == [6, 4]
    assert len(heard) == 2
    entries[1].path.write_text(submission("naive", "short", "right")[0])
    assert [graded.earned for graded in again.grade(entries)] == [6, 6]
    assert [graded.submission for graded in heard[2:]] == ["student-001"]
    again.seed = 3
    again.grade(entries)
    assert len(heard) == 5
    broken = tmp_path / "out" / "results" / "student-000.json"
    broken.write_text(broken.read_text()[:100])
    again.grade(entries)
    assert [graded.submission for graded in heard[5:]] == ["student-000"]


def test_where_nothing_keeps_submissions_apart_none_is_run(tmp_path, homework, monkeypatch):
    def nowhere(one, private=()):
        raise sandbox.Unavailable("forbidden here")

    monkeypatch.setattr(sandbox, "probe", nowhere)
    ran = tmp_path / "ran"
    (tmp_path / "submission.py").write_text(f"open({str(ran)!r}, 'w').close()\n")
    entries = roster.entries([tmp_path / "submission.py"])
    with pytest.raises(sandbox.Unavailable, match="bubblewrap: forbidden here"):
        Run(homework, tmp_path / "out").grade(entries)
    assert not ran.exists()
    (graded,) = Run(homework, tmp_path / "out", unsafe=True).grade(entries)
    assert graded.isolation == "none (unsafe)"
    assert ran.exists()
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(sandbox.Unavailable, match="kept apart by Linux; this is darwin"):
        Run(homework, tmp_path / "out").grade(entries)
