"""What a file of Python code imports, as files: read from its text, nothing is run.

Modules are looked for wherever Python could find them inside one repository, in more places rather
than in fewer: whoever asks what a change touches had better look at one file too many. Imports by
a name that is made up at run time are not seen.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from gradcheck.loading import FOLDER, derivation_folder

#: Folders of installed packages, which may lie inside a repository but are no part of it.
_INSTALLED = ("site-packages", "dist-packages")
#: What imports the module that a string names.
_FUNCTIONS = ("import_module", "__import__")
#: What a package has that loads its modules when their names are first asked for.
_LAZY = "__getattr__"
#: Where a repository keeps its packages, if not at its root.
_LAYOUTS = (".", "src")


class Imports:
    """The imports between the files of a repository.

    ``root`` is its folder, without links; ``files`` are those that may be read for imports of their
    own, and ``counts`` says of any other path whether it matters that it is imported.
    """

    def __init__(self, root: Path, files: Set[Path], counts: Callable[[Path], bool]) -> None:
        self.root, self.files, self.counts = root, files, counts
        on_path = (Path(entry).resolve() for entry in sys.path)
        self._roots = [root / layout for layout in _LAYOUTS] + [
            path
            for path in on_path
            if path.is_relative_to(root) and not any(name in path.parts for name in _INSTALLED)
        ]
        self._found: dict[Path, list[Path]] = {}
        self._looked_for: dict[str, Path | None] = {}

    def reached(self, file: Path) -> Iterator[Path]:
        """The file, and the files that its imports may mean, and theirs; the nearest first.

        Those that are not there are among them: a module that is gone was imported, too.
        """
        seen = dict.fromkeys([file, file.resolve()])
        waiting = list(seen)
        while waiting:
            path = waiting.pop(0)
            yield path
            if path not in self.files:
                continue
            if path not in self._found:
                self._found[path] = list(dict.fromkeys(self._imported(path)))
            new = [other for other in self._found[path] if other not in seen]
            seen.update(dict.fromkeys(new))
            waiting += new

    def _imported(self, file: Path) -> Iterator[Path]:
        if file.is_symlink():
            yield file.resolve()
        tree = _parsed(file)
        if tree is None:
            return
        if file.name == "__init__.py" and _is_lazy(tree):
            modules = (one for one in self.files if one.suffix == ".py")
            yield from sorted(one for one in modules if file.parent in one.parents)
        above = [parent for parent in file.parents if parent.is_relative_to(self.root)]
        # Importing a module runs the packages that it lies in.
        yield from self._that_count(f"{parent}{os.sep}__init__.py" for parent in above)
        folder = derivation_folder(file, (FOLDER,))
        roots = [*self._roots, file.parent, *([folder.parent] if folder is not None else [])]
        for level, name in dict.fromkeys(_names(tree)):
            starts = roots if level == 0 else above[level - 1 : level]
            for start in dict.fromkeys(starts):
                yield from self._that_count(_candidates(str(start), name))

    def _that_count(self, candidates: Iterator[str]) -> Iterator[Path]:
        for candidate in candidates:
            if candidate not in self._looked_for:
                path = Path(candidate)
                counts = path in self.files or self.counts(path)
                self._looked_for[candidate] = path if counts else None
            found = self._looked_for[candidate]
            if found is not None:
                yield found


def _parsed(file: Path) -> ast.Module | None:
    """The file as a tree; None for what is no Python: whoever loads it is told so."""
    if file.suffix != ".py":
        return None
    try:
        return ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _is_lazy(tree: ast.Module) -> bool:
    return any(isinstance(one, ast.FunctionDef) and one.name == _LAZY for one in tree.body)


def _names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """What is imported: how many packages up it begins, 0 for absolute, and the dotted name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # What is imported from a package may be a module of it.
            prefix = f"{node.module}." if node.module else ""
            yield from ((node.level, prefix + alias.name) for alias in node.names)
        elif isinstance(node, ast.Call) and node.args and _called(node.func) in _FUNCTIONS:
            argument = node.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                name = argument.value.lstrip(".")
                yield len(argument.value) - len(name), name


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _candidates(start: str, name: str) -> Iterator[str]:
    """The files that are run for a dotted name: those of its packages, and its own."""
    path = start
    for part in name.split("."):
        path = f"{path}{os.sep}{part}"
        yield f"{path}.py"
        yield f"{path}{os.sep}__init__.py"
