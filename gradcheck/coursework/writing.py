"""Assignments as files: a first one that works, and the folder that students get."""

from __future__ import annotations

import secrets
import shutil
import uuid
from pathlib import Path

from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.settings import SETTINGS
from gradcheck.errors import InputError
from gradcheck.loading import FOLDER

STARTER, SOLUTION = "starter", "solution"
_TEMPLATE = Path(__file__).parent / "template"
_SCRIPTS = ("gradescope/setup.sh", "gradescope/run_autograder", "prairielearn/tests/run.sh")
_SEED = "hidden = 2 "
_UUID = "@UUID@"
_SEED_BITS = 31


def write_new(folder: Path) -> list[Path]:
    """Write an assignment that works; the hidden seed is its own.

    Raises ``InputError`` where something is there already, or nothing can be written.
    """
    _require_free(folder)
    try:
        shutil.copytree(
            _TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
        settings = folder / SETTINGS
        text = settings.read_text(encoding="utf-8")
        text = text.replace(_SEED, f"hidden = {secrets.randbits(_SEED_BITS)} ")
        settings.write_text(text, encoding="utf-8")
        info = folder / "prairielearn" / "info.json"
        text = info.read_text(encoding="utf-8").replace(_UUID, str(uuid.uuid4()))
        info.write_text(text, encoding="utf-8")
        for name in _SCRIPTS:
            (folder / name).chmod(0o755)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}") from None
    return sorted(path for path in folder.rglob("*") if path.is_file())


def write_handout(folder: Path, target: Path) -> list[Path]:
    """Write what students get: the starter, and the derivation files of the visible parts."""
    assignment = Assignment.load(folder)
    starter = folder / STARTER
    if not starter.is_dir():
        raise InputError(f"{folder}: there is no {STARTER}/ in it, from which students begin")
    _require_free(target)
    shown = {task.origin.partition("::")[0] for task in assignment.tasks if task.visible}
    hidden = {task.origin.partition("::")[0] for task in assignment.tasks} - shown
    try:
        shutil.copytree(
            starter, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True
        )
        (target / FOLDER).mkdir(exist_ok=True)
        for path in sorted((folder / FOLDER).glob("*.py")):
            if f"{FOLDER}/{path.name}" not in hidden:
                shutil.copyfile(path, target / FOLDER / path.name)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}") from None
    return sorted(path for path in target.rglob("*") if path.is_file())


def _require_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already, and not empty")
