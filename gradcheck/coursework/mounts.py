"""The interpreter, its standard library and what it loads, for another user or a sandbox."""

from __future__ import annotations

import contextlib
import functools
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np


@functools.cache
def executable() -> str:
    """The interpreter itself, and no link of a virtual environment."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return str(Path(base).resolve())


#: What of a standard library nothing that is graded imports, the largest of it.
_LEFT_OUT = ("site-packages", "dist-packages", "test", "config-*", "idlelib", "tkinter",
             "ensurepip", "lib2to3", "turtledemo")  # fmt: skip
_OTHERS_READ, _OTHERS_ENTER = 0o004, 0o001


def is_reachable(path: Path) -> bool:
    """Whether every user may read a file or folder, as far as modes say."""
    entered = all(parent.stat().st_mode & _OTHERS_ENTER for parent in path.parents)
    return entered and bool(path.stat().st_mode & _OTHERS_READ)


def reachable_interpreter(root: Path) -> str:
    """The interpreter for another user: itself, or a copy in ``root`` where it is out of reach.

    So it is where root has a Python of its own, as from pyenv.
    """
    program, standard = Path(executable()), Path(sysconfig.get_path("stdlib"))
    if is_reachable(program) and is_reachable(standard):
        return str(program)
    copy = root / "python"
    if not copy.exists():
        with made_at(copy) as folder:
            (folder / "bin").mkdir()
            shutil.copy(program, folder / "bin")
            shutil.copytree(
                standard, folder / "lib" / standard.name,
                ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True,
            )  # fmt: skip
    return str(copy / "bin" / program.name)


@contextlib.contextmanager
def made_at(path: Path) -> Iterator[Path]:
    """A folder to be filled that is at ``path`` afterwards, whole, whoever else makes it."""
    folder = Path(tempfile.mkdtemp(dir=path.parent))
    yield folder
    folder.chmod(0o755)
    with contextlib.suppress(OSError):
        folder.rename(path)


class Mounts:
    """Arguments that mount things, each once."""

    def __init__(self) -> None:
        self.arguments: list[str] = []
        self._done: set[str] = set()

    def read_only(self, source: Path | str, target: str | None = None) -> None:
        """Mount a file or folder, where it lies or elsewhere."""
        target = target or str(source)
        if target not in self._done:
            for parent in reversed(Path(target).parents[:-1]):
                # Those that bubblewrap makes by itself are closed to other users.
                if str(parent) not in self._done:
                    self._done.add(str(parent))
                    self.arguments += ["--perms", "0755", "--dir", str(parent)]
            self._done.add(target)
            self.arguments += ["--ro-bind", str(source), target]

    def empty(self, target: str) -> None:
        """Cover a folder by an empty one."""
        self.arguments += ["--perms", "0755", "--size", "4096", "--tmpfs", target]
        self.arguments += ["--remount-ro", target]

    def link(self, target: str, name: str) -> None:
        """Make a link."""
        if name not in self._done:
            self._done.add(name)
            self.arguments += ["--symlink", target, name]


def mount_interpreter(mounts: Mounts) -> None:
    """Mount the interpreter, its standard library, and the folders of the libraries it loads."""
    for folder in _library_folders():
        mounts.read_only(folder)
    standard = sysconfig.get_path("stdlib")
    mounts.read_only(standard)
    if (dynamic := sysconfig.get_config_var("DESTSHARED")) and Path(dynamic).is_dir():
        mounts.read_only(dynamic)
    mounts.read_only(executable())
    for name in ("lib", "lib64", "lib32"):
        top = Path("/") / name
        if top.is_symlink():
            mounts.link(str(top.readlink()), str(top))
        if name != "lib" and top.is_dir():  # the program that loads the libraries is there
            mounts.read_only(top.resolve())
    # What is installed beside the standard library is not part of it.
    for name in ("site-packages", "dist-packages"):
        if (Path(standard) / name).is_dir():
            mounts.empty(str(Path(standard) / name))


@functools.cache
def _library_folders() -> tuple[str, ...]:
    """The folders of the shared libraries that the interpreter and numpy load from the system."""
    code = (
        "import sys; sys.path += sys.argv[1:]\n"
        "import ctypes, ssl, sqlite3, lzma, bz2, zlib, decimal, numpy, numpy.linalg, numpy.random\n"
    )
    tolerant = code.replace("import ctypes, ssl, sqlite3, lzma, bz2, zlib, decimal, ", "import ")
    paths = [str(Path(np.__file__).parents[1])]
    tail = "print(open('/proc/self/maps').read())"
    for text in (code, tolerant):
        done = subprocess.run(
            [executable(), "-I", "-S", "-c", text + tail, *paths],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode == 0:
            break
    found = set()
    for line in done.stdout.splitlines():
        path = line.rpartition(" ")[2]
        if ".so" in Path(path).name:
            found.add(str(Path(path).parent))
    inside = [sysconfig.get_path("stdlib"), str(Path(np.__file__).parents[1])]
    return tuple(sorted(f for f in found if not any(Path(f).is_relative_to(i) for i in inside)))
