"""Private folders: those of graders that were killed are deleted, no others."""

import subprocess
import sys
import tempfile

from gradcheck.coursework import staging

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
