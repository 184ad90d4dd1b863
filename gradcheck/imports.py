"""What a file of Python code imports, as files: read from its text, nothing is run.

Modules are looked for wherever Python could find them inside one repository, in more places rather
than in fewer: whoever asks what a change touches had better look at one file too many. Imports by
a name that is made up at run time are not seen.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Container, Iterator
from pathlib import Path

from gradcheck.loading import FOLDER, derivation_folder

#: Folders of installed packages, which may lie inside a repository but are no part of it.
_INSTALLED = ("site-packages", "dist-packages")
#: Where a repository keeps its packages, if not at its root.
_LAYOUTS = (".", "src")


class Imports:
    """The imports between the files of a repository.

    ``root`` is its folder, without links; ``known`` holds the files that may be read for imports
    of their own.
    """

    def __init__(self, root: Path, known: Container[Path]) -> None:
        self.root, self.known = root, known
        on_path = (Path(entry).resolve() for entry in sys.path)
        self._roots = [root / layout for layout in _LAYOUTS] + [
            path
            for path in on_path
            if path.is_relative_to(root) and not any(name in path.parts for name in _INSTALLED)
        ]
        self._found: dict[Path, list[Path]] = {}

    def reached(self, file: Path) -> Iterator[Path]:
        """The file, and the files that its imports may mean, and theirs; the nearest first.

        Those that are not there are among them: a module that is gone was imported, too.
        """
        seen = dict.fromkeys([file, file.resolve()])
        waiting = list(seen)
        while waiting:
            path = waiting.pop(0)
            yield path
            if path not in self.known:
                continue
            if path not in self._found:
                self._found[path] = list(dict.fromkeys(self._imported(path)))
            new = [other for other in self._found[path] if other not in seen]
            seen.update(dict.fromkeys(new))
            waiting += new

    def _imported(self, file: Path) -> Iterator[Path]:
        if file.is_symlink():
            yield file.resolve()
        if file.suffix != ".py":
            return
        folder = derivation_folder(file, (FOLDER,))
        above = [parent for parent in file.parents if parent.is_relative_to(self.root)]
        # Importing a module runs the packages that it lies in.
        yield from (parent / "__init__.py" for parent in above)
        roots = [*self._roots, file.parent, *([folder.parent] if folder is not None else [])]
        for level, name in _names(file):
            if level == 0:
                starts = roots
            elif level <= len(above):
                starts = [above[level - 1]]
            else:
                continue  # beyond the repository
            for start in starts:
                yield from _candidates(start, name)


def _names(file: Path) -> Iterator[tuple[int, str]]:
    """What is imported: how many packages up it begins, 0 for absolute, and the dotted name."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return  # whoever loads it is told so; its imports are not known
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # What is imported from a package may be a module of it.
            prefix = f"{node.module}." if node.module else ""
            yield from ((node.level, prefix + alias.name) for alias in node.names)


def _candidates(start: Path, name: str) -> Iterator[Path]:
    """The files that are run for a dotted name: those of its packages, and its own."""
    path = start
    for part in name.split("."):
        path = path / part
        yield path.with_name(f"{part}.py")
        yield path / "__init__.py"
