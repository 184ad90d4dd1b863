"""A submission imports what the assignment lists, and what that needs; nothing else."""

from dataclasses import replace

import pytest

from gradcheck.coursework import sandbox
from gradcheck.coursework.grading import grade
from gradcheck.errors import InputError

IMPORTS = """
import importlib


def there(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


NAMES = ("numpy", "jinja2", "markupsafe", "hypothesis", "pytest", "_pytest", "gradcheck.checking",
         "gradcheck.judging", "gradcheck.coursework.grading", "pip", "setuptools")


def honest(dy):
    return 2 * dy


def square_backward(dy, x):
    raise ValueError(" ".join(filter(there, NAMES)))
"""


@pytest.mark.parametrize("kind", [sandbox.BUBBLEWRAP, sandbox.SEPARATE])
@pytest.mark.parametrize(
    ("modules", "found"), [(("numpy",), "numpy"), (("numpy", "jinja2"), "numpy jinja2 markupsafe")]
)
def test_what_is_listed_is_there_and_nothing_else(modules, found, kind, library, guarded, tmp_path):
    root = library / f"{kind}-{len(modules)}".replace(" ", "-")
    root.mkdir(mode=0o711)
    for name in ("lib", "python"):
        if (library / name).exists():
            (root / name).symlink_to(library / name)
    try:
        apart = sandbox.choose(root, modules, kinds=(kind,))
    except sandbox.Unavailable as error:
        pytest.skip(str(error))
    (tmp_path / "submission.py").write_text(IMPORTS)
    listed = replace(guarded, modules=modules)
    graded = grade(listed, tmp_path / "submission.py", apart, 2, "one")
    assert graded.earned == 1
    assert graded.parts[1].reason == f"square_backward: it raises ValueError: {found}"


def test_a_module_that_is_not_installed_is_named(library):
    with pytest.raises(InputError, match="torchlight is not installed here"):
        sandbox.choose(library, ("numpy", "torchlight"))
