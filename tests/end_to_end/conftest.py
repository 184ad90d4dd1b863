"""A folder of files, and real processes that run on it."""

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

#: What the machine that runs these tests may have set, and must not decide what they see.
ELSEWHERE = (
    "BUILD_NUMBER", "CI", "FORCE_COLOR", "NO_COLOR", "PYTEST_ADDOPTS", "PYTHONDONTWRITEBYTECODE",
    "PY_COLORS",
)  # fmt: skip
PYTEST = ("-m", "pytest", "-p", "no:benchmark")
GRADCHECK = ("-m", "gradcheck")


@dataclass
class Result:
    """How a process ended, and all that it printed."""

    code: int
    output: str

    def __contains__(self, text):
        return text in self.output


@dataclass
class Folder:
    """``folder(name, text)`` writes a file; the methods run a process in the folder."""

    path: Path
    #: Where all processes keep compiled files: to compile them takes half of a process' time.
    cache: Path

    def __call__(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")

    def command(self, *arguments, cwd=".", **environment):
        """What ``subprocess`` needs to start Python with these arguments."""
        inherited = {name: v for name, v in os.environ.items() if name not in ELSEWHERE}
        usual = {
            "COLUMNS": "160",
            "PYTHONIOENCODING": "utf-8",
            "LC_ALL": "C",
            "PYTHONPYCACHEPREFIX": str(self.cache),
        }
        return {
            "args": [sys.executable, *arguments],
            "cwd": self.path / cwd,
            "env": {**inherited, **usual, **environment},
            "encoding": "utf-8",
        }

    def run(self, *arguments, **more):
        """The result of Python with these arguments, its error output after the other."""
        done = subprocess.run(
            **self.command(*arguments, **more), capture_output=True, timeout=120, check=False
        )
        return Result(done.returncode, done.stdout + done.stderr)

    def pytest(self, *arguments, profile="ci", inputs=10, **more):
        """The result of pytest, with nothing configured."""
        chosen = [f"--gradcheck-inputs={inputs}", f"--gradcheck-profile={profile}"]
        return self.run(*PYTEST, *chosen, *arguments, **more)

    def gradcheck(self, *arguments, **more):
        """The result of the ``gradcheck`` command, under the ci profile."""
        return self.run(*GRADCHECK, *arguments, **{"CI": "true", **more})


@pytest.fixture
def folder(tmp_path, tmp_path_factory):
    return Folder(tmp_path, tmp_path_factory.getbasetemp() / "compiled")


@pytest.fixture(scope="module")
def new_folder(tmp_path_factory):
    """Makes folders that the tests of a module share, and do not write into."""

    def make(name):
        return Folder(tmp_path_factory.mktemp(name), tmp_path_factory.getbasetemp() / "compiled")

    return make
