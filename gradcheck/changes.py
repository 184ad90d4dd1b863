"""What a change in a git repository touches: the files that differ, and those that import them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from gradcheck.errors import InputError
from gradcheck.imports import Imports

#: What ties git to another repository than the one that is asked about: set where it runs hooks.
_ELSEWHERE = (
    "GIT_COMMON_DIR", "GIT_DIR", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX",
    "GIT_WORK_TREE",
)  # fmt: skip
_REMOTE = "origin"


def touched(files: Sequence[Path], base: str) -> dict[Path, Path | None]:
    """Those of ``files`` that differ from ``base`` or import, by any number of steps, what does.

    Each with the nearest changed file that it imports, as seen from the root of the repository;
    None where it differs itself.
    A change is everything since the last commit that ``base`` and the current commit share:
    commits, what is not committed yet, and new files that git does not ignore.

    Raises ``InputError`` where there is no git, no repository, no such commit, a clone that does
    not reach back to it, or a file outside of the repository.
    """
    if not files:
        return {}
    root = _root(files[0].absolute().parent)
    changed = _changed(root, base)
    # Of a repository inside the repository, git names the folder alone.
    whole = {path for path in changed if path.is_dir()}

    def has_changed(path: Path) -> bool:
        return path in changed or (bool(whole) and not whole.isdisjoint(path.parents))

    files_of_git = _paths(root, "ls-files", "--cached", "--others", "--exclude-standard")
    imports = Imports(root, files_of_git, has_changed)
    found: dict[Path, Path | None] = {}
    for file in files:
        # Without links in the folders, as git names it; a link itself is a file of its own.
        path = file.absolute().parent.resolve() / file.name
        if not path.is_relative_to(root):
            raise InputError(
                f"--changed: {file} lies outside of the repository {root}; check the files of each "
                "repository by themselves"
            )
        way = next(filter(has_changed, imports.reached(path)), None)
        if way is not None:
            found[file] = None if way == path else way.relative_to(root)
    return found


def _changed(root: Path, base: str) -> set[Path]:
    start = _shared_commit(root, base)
    # Whatever the user's configuration says of how differences are shown.
    names = ("diff", "--name-only", "--no-renames", "--no-ext-diff")
    return _paths(root, *names, "--ignore-submodules=none", start, "--") | _paths(
        root, "ls-files", "--others", "--exclude-standard"
    )


def _root(folder: Path) -> Path:
    asked = _git(folder, "rev-parse", "--show-toplevel")
    if asked.returncode:
        raise InputError(f"--changed: {folder} is not in a git repository ({_said(asked)})")
    return Path(os.fsdecode(asked.stdout.removesuffix(b"\n"))).resolve()


def _shared_commit(root: Path, base: str) -> str:
    """The last commit that the current one shares with ``base``."""
    if _commit(root, "HEAD") is None:
        raise InputError(f"--changed {base}: the repository {root} has no commit yet")
    commit = _commit(root, base)
    if commit is None:
        raise InputError(f"--changed {base}: {_why_missing(root, base)}")
    asked = _git(root, "merge-base", commit, "HEAD")
    if asked.returncode:
        why = _shallow(root) or "it has no commit in common with the current one"
        raise InputError(f"--changed {base}: {why}")
    return asked.stdout.decode().strip()


def _commit(root: Path, name: str) -> str | None:
    if not name or name.startswith("-"):
        return None  # git would read an option
    asked = _git(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return None if asked.returncode else asked.stdout.decode().strip()


def _why_missing(root: Path, base: str) -> str:
    missing = f"{root} has no such commit, branch or tag"
    remote = f"{_REMOTE}/{base}"
    if _commit(root, remote) is not None:
        return f"{missing}; did you mean {remote}?"
    return _shallow(root) or f"{missing}; `git fetch` gets what is new elsewhere"


def _shallow(root: Path) -> str:
    """What to say of a clone without its history; empty for a whole one."""
    if _git(root, "rev-parse", "--is-shallow-repository").stdout.strip() != b"true":
        return ""
    return (
        "this is a shallow clone, which does not reach back to it; get the whole history: "
        "`fetch-depth: 0` for actions/checkout, else `git fetch --unshallow`"
    )


def _paths(root: Path, *arguments: str) -> set[Path]:
    """The paths that a git command lists."""
    command, *rest = arguments
    asked = _git(root, command, "-z", *rest)
    if asked.returncode:
        raise InputError(f"--changed: git {command} failed in {root}: {_said(asked)}")
    return {root / os.fsdecode(name) for name in asked.stdout.split(b"\0") if name}


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    environment = {name: v for name, v in os.environ.items() if name not in _ELSEWHERE}
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        raise InputError("--changed needs git, and there is none on PATH; install it") from None


def _said(asked: subprocess.CompletedProcess[bytes]) -> str:
    lines = asked.stderr.decode(errors="replace").strip().splitlines()
    return lines[0] if lines else f"exit code {asked.returncode}"
