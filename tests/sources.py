"""What the files of the package import."""

import ast
from collections.abc import Iterator
from pathlib import Path


def imports(path: Path) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports of a file wherever in it, but for what type checkers alone read."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in guarded:
            yield node
