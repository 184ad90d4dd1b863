"""Every file of the library says in its docstring the formula, the shapes, and where it is from."""

import ast
import re
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[2] / "derivations"
FILES = sorted(path for path in LIBRARY.rglob("*.py") if path.name != "__init__.py")
#: A year, or the place in the homework.
SOURCE = re.compile(r"\b(1[6-9]|20)\d\d\b|homework|[Ss]ection")
#: Of an array, or that it is a number.
SHAPE = re.compile(r"``\([\w*/+, -]*\)``|scalar")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_formula_shapes_and_source(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    head = ast.get_docstring(tree) or ""
    inside = [ast.get_docstring(one) or "" for one in tree.body if isinstance(one, ast.FunctionDef)]
    assert "$" in head
    assert SOURCE.search(head), "no source"
    assert SHAPE.search("\n".join([head, *inside])), "no shapes"
