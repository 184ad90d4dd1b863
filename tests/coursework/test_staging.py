"""Private folders: what lies in them; those of graders that were killed are deleted, no others."""

import ast
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gradcheck.coursework import staging
from gradcheck.coursework.own_folder import FILES
from gradcheck.coursework.roster import content
from tests.sources import imports


def imported(path):
    """The modules that a file imports when it runs."""
    for node in imports(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        else:
            yield node.module


def test_what_runs_beside_a_submission_imports_nothing_that_is_not_there(library):
    """Else no process of a submission starts, and no way to keep one apart seems to work."""
    root = library / "lib"
    staged = sorted(root.rglob("*.py"))
    there = {".".join(path.relative_to(root).with_suffix("").parts) for path in staged}
    there |= {name.removesuffix(".__init__") for name in there}
    missing = {
        (path.relative_to(root).as_posix(), name)
        for path in staged
        for name in imported(path)
        if name.split(".")[0] == "gradcheck" and name not in there
    }
    assert len(staged) > 20
    assert not missing


KILLED = """
import os, signal
from gradcheck.coursework.staging import private_folder

with private_folder() as folder:
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_grader_left_is_deleted_and_what_a_living_one_has_is_not(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    subprocess.run([sys.executable, "-c", KILLED], check=False, stdout=subprocess.DEVNULL)
    (left,) = tmp_path.iterdir()
    with staging.private_folder() as first:
        assert not left.exists()
        with staging.private_folder() as second:
            assert first.is_dir()
            assert second.is_dir()
        outside = tmp_path / f"{left.name}-link"
        outside.symlink_to(first)
        with staging.private_folder():
            assert first.is_dir()
    assert not first.exists()


def test_many_files_beside_it_do_not_keep_a_submission_out(tmp_path):
    for number in range(300):
        (tmp_path / f"data{number}.txt").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "a loop").symlink_to("a loop")
    (tmp_path / "helper.py").touch()
    (tmp_path / "submission.py").write_text("x = 1")
    with tempfile.TemporaryDirectory() as root, staging.room(Path(root), tmp_path, FILES) as room:
        assert room.main.read_text() == "x = 1"
        assert (room.main.parent / "helper.py").exists()
        assert room.notes[-1] == "left out: the rest: more than 200 files"


def test_what_is_larger_than_a_submission_may_be_is_not_read(tmp_path):
    """A file of a terabyte takes no disk, and hours to be read."""
    large = tmp_path / "submission.py"
    with large.open("wb") as file:
        file.truncate(1 << 40)
    before = content(tmp_path)
    with (
        tempfile.TemporaryDirectory() as root,
        pytest.raises(staging.Refused, match=r"left out: submission\.py: too large: 1048576 MiB"),
        staging.room(Path(root), tmp_path, FILES),
    ):
        pass
    with large.open("ab") as file:
        file.truncate(1 << 41)
    assert content(tmp_path) != before


def refused(folder):
    with (
        tempfile.TemporaryDirectory() as root,
        pytest.raises(staging.Refused) as error,
        staging.room(Path(root), folder, FILES),
    ):
        pass
    return str(error.value)


def test_what_is_not_taken_for_a_submission_says_what_to_do(tmp_path, monkeypatch):
    assert refused(tmp_path) == "there is no submission.py or submission.ipynb in it"
    for name in ("draft.py", "final.py"):
        (tmp_path / name).touch()
    assert "2 files that may be meant, such as draft.py, final.py" in refused(tmp_path)
    monkeypatch.setattr(staging, "LARGEST", 3 << 20)
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "submission.ipynb").write_bytes(bytes(5 << 20))
    said = refused(tmp_path / "lab")
    assert "5 MiB, and 3 are the most of a submission; without its outputs it is smaller" in said
