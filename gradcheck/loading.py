"""Derivation files as modules: loaded so that no two can clash, and siblings find each other.

A file ``derivations/softmax.py`` is the module ``derivations.softmax``, whatever its own name
would shadow (``derivations/copy.py`` is not the standard library's ``copy``), and siblings import
it as ``from derivations.softmax import backward``. Folders of one name in different places are
kept apart: the modules of one are put aside while a file of another is loaded.
"""

from __future__ import annotations

import importlib.util
import linecache
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from gradcheck.claims import DECLARATIONS, Derivation, Identity, Rule
from gradcheck.errors import DeclarationError, GradcheckError

#: The folder whose files are derivation files.
FOLDER = "derivations"

_modules: dict[Path, dict[str, ModuleType]] = {}


class LoadError(GradcheckError):
    """A file that cannot be imported; says the file, the line and the reason."""


def load(path: Path) -> ModuleType:
    """The module of one file, loaded once.

    Raises ``LoadError`` whatever the file does while it is imported.
    """
    path = path.resolve()
    folder = _folder_of(path)
    root, package = folder.parent, folder.name
    inner = path.relative_to(folder).with_suffix("")
    name = ".".join((package, *inner.parts))
    with _installed(folder, package):
        module = sys.modules.get(name)
        if module is not None and getattr(module, "__file__", None) == str(path):
            return module
        if str(root) not in sys.path:
            # Last, so that nothing of the user's shadows a library.
            sys.path.append(str(root))
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except (Exception, SystemExit) as error:
            del sys.modules[name]
            raise LoadError(_explain(path, error)) from error
        return module


def declared_in(module: ModuleType) -> list[Derivation | Rule | Identity]:
    """What a module declares, in order."""
    declared: list[Any] = getattr(module, DECLARATIONS, [])
    return list(declared)


def claims_in(module: ModuleType) -> Iterator[tuple[str, Rule | Identity | DeclarationError]]:
    """The id of every claim of a module, and the claim, or what is wrong with its declaration."""
    taken: set[str] = set()
    for item in declared_in(module):
        name, problem = item.id, item.problem
        if isinstance(item, Derivation):
            if problem is None and item.rules:
                continue
            problem = problem or (
                f"{item.name} has no rule, so nothing is claimed about it; declare one, such as "
                f"@{item.name}.vjp"
            )
        elif isinstance(item, Rule) and item.derivation.problem is not None:
            continue  # reported with the derivation
        elif name in taken:
            problem = f"two claims have the id {name}; rename one of them"
            name = f"{name}-again"
        taken.add(name)
        if problem is not None or isinstance(item, Derivation):
            yield name, DeclarationError(f"{item.file}:{item.line}: {problem}")
        else:
            yield name, item


def source_files(path: Path) -> list[Path]:
    """The derivation files of a folder, or the file itself."""
    if path.is_file():
        return [path]
    return sorted(
        file
        for file in path.rglob("*.py")
        if file.name not in ("__init__.py", "conftest.py")
        and not any(part.startswith((".", "__")) for part in file.relative_to(path).parts)
    )


def _folder_of(path: Path) -> Path:
    """The outermost folder named ``derivations`` around a file, else the one it lies in."""
    for parent in reversed(path.parents):
        if parent.name == FOLDER:
            return parent
    return path.parent


@contextmanager
def _installed(folder: Path, package: str) -> Iterator[None]:
    """Make ``package`` mean ``folder`` for the imports inside."""
    current = sys.modules.get(package)
    if current is None or list(getattr(current, "__path__", [])) != [str(folder)]:
        names = [n for n in sys.modules if n == package or n.startswith(package + ".")]
        aside = {n: sys.modules.pop(n) for n in names}
        for known in _modules.values():
            if current is not None and known.get(package) is current:
                known.update(aside)
        if folder in _modules:
            sys.modules.update(_modules[folder])
        else:
            sys.modules[package] = _package(folder, package)
    try:
        yield
    finally:
        _modules[folder] = {
            n: m for n, m in sys.modules.items() if n == package or n.startswith(package + ".")
        }


def _package(folder: Path, package: str) -> ModuleType:
    module = ModuleType(package)
    module.__path__ = [str(folder)]
    return module


def _explain(path: Path, error: BaseException) -> str:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        text = (error.text or "").rstrip()
        return f"{path}:{error.lineno}: {type(error).__name__}: {error.msg}\n    {text.strip()}"
    lines = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    place = f"{path}:{lines[-1].lineno}" if lines else str(path)
    text = linecache.getline(str(path), lines[-1].lineno or 0).strip() if lines else ""
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return f"{place}: cannot be imported: {said}" + (f"\n    {text}" if text else "")
