"""What is laid out for the process that runs a submission: copies, of known kinds and bounded size.

Nothing of a submission is opened through a link, and nothing in it that is no plain file is opened
at all. The directories are the grader's; what the process may read is decided by ``sandbox``.
"""

from __future__ import annotations

import compileall
import contextlib
import functools
import importlib.util
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from gradcheck.errors import InputError

#: The modules that run beside a submission: none of them measures, judges or names a mistake.
_MODULES = (
    "errors.py", "answers.py", "hints.py",
    "coursework/protocol.py", "coursework/confinement.py", "coursework/arithmetic.py",
    "coursework/differencing.py",
    "coursework/reading.py", "coursework/units.py", "coursework/shim.py",
    "adapters/activation.py", "adapters/boundary.py", "adapters/by_name.py",
    "adapters/caches.py", "adapters/calls.py",
    "adapters/chunks.py",
    "adapters/construction.py", "adapters/definitions.py", "adapters/forms.py",
    "adapters/gradient_places.py", "adapters/keyed_parameters.py",
    "adapters/landing.py", "adapters/losses.py",
    "adapters/names.py", "adapters/numpy_names.py", "adapters/originals.py",
    "adapters/pairs.py", "adapters/places.py",
    "adapters/plan.py",
    "adapters/randomness.py",
    "adapters/session.py", "adapters/siblings.py", "adapters/sources.py", "adapters/standins.py",
    "adapters/style.py",
    "adapters/words.py", "adapters/conventions",
)  # fmt: skip
#: Packages that hold them, which are empty there.
_PACKAGES = ("", "coursework", "adapters")
_PACKAGE = Path(__file__).parents[1]
#: A submission has at most so many files, bytes, and folders within folders.
_MOST_FILES = 200
#: So many of the files that were left out are named where the submission is not found.
_TOLD = 3
LARGEST = 20 << 20
_DEEPEST = 8
#: The name of a private folder begins with this; in it is a file that is locked while its grader
#: lives. A process number would not do: another container that shares the folder has its own.
_PREFIX = "gradcheck-grading-"
_ALIVE = "alive"


class Refused(Exception):
    """A submission that is not even opened, and why."""


@dataclass
class Room:
    """Where one submission lies for the time of its grading, and remarks on what was left out."""

    folder: Path
    main: Path
    notes: list[str] = field(default_factory=list)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for the time of a run; what runs left that were killed is deleted first."""
    import fcntl  # not there on every system, on all of which this module is loaded

    _sweep()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as name:
        fresh = Path(name) / f"{_ALIVE}.new"
        with fresh.open("w") as alive:
            os.fchmod(alive.fileno(), 0o600)
            fcntl.flock(alive, fcntl.LOCK_EX)
            fresh.rename(Path(name) / _ALIVE)  # never seen without its lock
            yield Path(name)


@contextlib.contextmanager
def library() -> Iterator[Path]:
    """A private folder with the modules that are mounted beside every submission, in ``lib``."""
    with private_folder() as root:
        # Entered by whoever knows the names in it, listed by nobody else.
        root.chmod(0o711)
        package = root / "lib" / "gradcheck"
        for part in _PACKAGES:
            (package / part).mkdir(parents=True)
            (package / part / "__init__.py").touch()
        for part in _MODULES:
            source = _PACKAGE / part
            if source.is_dir():
                shutil.copytree(
                    source, package / part, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copyfile(source, package / part)
        # Once for all: no process of a submission can write what it has compiled.
        compileall.compile_dir(root / "lib", quiet=2)
        _readable(root / "lib")
        yield root


def _sweep() -> None:
    """Delete what graders left that were killed."""
    import fcntl

    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            if path.is_symlink() or path.lstat().st_uid != os.geteuid():
                continue
            with (path / _ALIVE).open("r") as alive:
                fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)


def _readable(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


@contextlib.contextmanager
def room(root: Path, submission: Path, names: Sequence[str]) -> Iterator[Room]:
    """Copy a submission, a file or a folder that has one of ``names``, to a room of its own.

    Raises ``Refused``.
    """
    folder = Path(tempfile.mkdtemp(prefix="room-", dir=root))
    try:
        files = folder / "submission"
        files.mkdir()
        notes: list[str] = []
        mode = _mode(submission)
        if stat.S_ISDIR(mode):
            _Copying(names, notes).folder(submission, files, 0)
            main = _main(files, names, notes)
        elif stat.S_ISREG(mode):
            if submission.suffix not in (".py", ".ipynb"):
                raise Refused("a file of Python code or a notebook was expected")
            main = files / f"submission{submission.suffix}"
            _Copying(names, notes).file(submission, main)
            if not main.exists():
                raise Refused(notes[0])
        else:
            raise Refused(f"it is {_KINDS.get(stat.S_IFMT(mode), 'no plain file')}")
        folder.chmod(0o755)
        _readable(files)
        yield Room(folder, main, notes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _main(folder: Path, names: Sequence[str], notes: Sequence[str]) -> Path:
    """The file that is the submission: one of the names, or the only one that can be."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    left = [path for path in sorted(folder.iterdir()) if path.suffix in (".py", ".ipynb")]
    if len(left) == 1:
        return left[0]
    left_out = "".join(f"; {note}" for note in notes[:_TOLD])
    several = ""
    if left:
        named = ", ".join(path.name for path in left[:_TOLD])
        several = (
            f", and {len(left)} files that may be meant, such as {named}: call the one "
            f"{names[0] if names else 'by its name'}. A folder is one submission; those of a class "
            "are given one by one"
        )
    raise Refused(f"there is no {' or '.join(names)} in it{several}{left_out}")


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError as error:
        raise Refused(f"it cannot be read: {error.strerror}") from None


_KINDS = {
    stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


class _Copying:
    def __init__(self, names: Sequence[str], notes: list[str]) -> None:
        self.names, self.notes = names, notes
        self.files = self.bytes = 0

    def folder(self, source: Path, target: Path, depth: int) -> None:
        """Copy the plain files of a folder, as far as the bounds go."""
        try:
            with os.scandir(source) as found:
                entries = sorted(found, key=self._place)
        except OSError as error:
            raise Refused(f"it cannot be read: {error.strerror}") from None
        for entry in entries:
            if self.files >= _MOST_FILES:
                self._leave("the rest", f"more than {_MOST_FILES} files")
                return
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                if entry.name in ("__pycache__", ".git", "derivations") or depth >= _DEEPEST:
                    continue
                (target / entry.name).mkdir()
                self.folder(Path(entry.path), target / entry.name, depth + 1)
            elif stat.S_ISREG(mode):
                self.file(Path(entry.path), target / entry.name)
            else:
                self._leave(entry.name, _KINDS.get(stat.S_IFMT(mode), "no plain file"))

    def _place(self, entry: os.DirEntry[str]) -> tuple[bool, bool, bool, str]:
        """First what is graded, then what it may import, folders last: data may be many files."""
        code = entry.name.endswith((".py", ".ipynb"))
        return (
            entry.name not in self.names,
            not code,
            entry.is_dir(follow_symlinks=False),
            entry.name,
        )

    def file(self, source: Path, target: Path) -> None:
        """Copy one file, which is what it was when it was looked at, or is left out."""
        self.files += 1
        try:
            # Not through a link that has taken its place, nor waiting for who writes into a pipe.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
            descriptor = os.open(source, flags)
        except OSError as error:
            return self._leave(source.name, f"cannot be read: {error.strerror}")
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return self._leave(source.name, "no plain file")
            room = LARGEST - self.bytes
            data = file.read(room + 1)
        if len(data) > room:
            return self._leave(source.name, _too_large(source, status.st_size))
        self.bytes += len(data)
        target.write_bytes(data)
        return None

    def _leave(self, name: str, why: str) -> None:
        self.notes.append(f"left out: {name}: {why}")


def _too_large(source: Path, size: int) -> str:
    remedy = "; without its outputs it is smaller" if source.suffix == ".ipynb" else ""
    return f"too large: {size >> 20} MiB, and {LARGEST >> 20} are the most of a submission{remedy}"


@functools.cache
def packages(modules: tuple[str, ...]) -> Mapping[str, Path]:
    """Where numpy and the other allowed modules lie, with all that they need: name and path.

    Found once, not for each process: numpy alone lists thousands of files. Raises ``InputError``
    for one that is not installed.
    """
    found: dict[str, Path] = {}
    left, seen = list(modules), set()
    while left:
        name = left.pop()
        key = name.lower().replace("_", "-")
        if key in seen or key == "gradcheck":
            continue
        seen.add(key)
        try:
            one = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            if name in modules:
                raise InputError(
                    f"modules: {name} is not installed here, but the assignment lists it"
                ) from None
            continue
        if one.files is None:  # not installed by pip, so there is no list of its files
            spec = importlib.util.find_spec(key.replace("-", "_"))
            if spec is not None and spec.submodule_search_locations:
                found[spec.name] = Path(spec.submodule_search_locations[0]).resolve()
        for top in {file.parts[0] for file in one.files or ()}:
            if top not in ("..", "__pycache__", "bin") and not top.endswith(".dist-info"):
                found[top] = Path(str(one.locate_file(top))).resolve()
        for line in one.requires or ():
            requirement, _, marker = line.partition(";")
            if "extra" not in marker:
                left.append(_named(requirement))
    return MappingProxyType({name: found[name] for name in sorted(found) if found[name].exists()})


def _named(requirement: str) -> str:
    text = requirement.strip()
    end = next((k for k, c in enumerate(text) if not (c.isalnum() or c in "-_.")), len(text))
    return text[:end]
