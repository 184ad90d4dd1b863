"""The files that a file imports: beside it, or in a folder above it where nothing else is meant."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

#: So many folders above that of a file are looked in: scripts of a chapter import from beside it.
_MOST_ABOVE = 3


def imported_file(importer: Path, statement: ast.Import | ast.ImportFrom) -> Path | None:
    """The file of this project that an import of one name means; None where it means another."""
    alias = statement.names[0].name
    name = alias if isinstance(statement, ast.Import) else statement.module or ""
    parts = name.split(".") if name else []
    folder = importer.absolute().parent
    if isinstance(statement, ast.ImportFrom) and statement.level:
        for _ in range(statement.level - 1):
            folder = folder.parent
        return _file(folder, parts, statement, importer)
    found = _file(folder, parts, statement, importer)
    if found is not None or _is_installed(parts[0]):
        return found
    above = list(folder.parents)[:_MOST_ABOVE]
    return next((one for up in above if (one := _file(up, parts, statement, importer))), None)


def _file(
    folder: Path, parts: list[str], statement: ast.Import | ast.ImportFrom, importer: Path
) -> Path | None:
    """A module or a package; ``from package import module`` means the latter."""
    module = folder.joinpath(*parts)
    own = importer.absolute()
    if isinstance(statement, ast.ImportFrom):
        part = (module / statement.names[0].name).with_suffix(".py")
        if part.is_file() and part != own:
            return part
    if not parts:
        return None
    for path in (module.with_suffix(".py"), module / "__init__.py"):
        if path.is_file() and path != own:
            return path
    return None


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False
