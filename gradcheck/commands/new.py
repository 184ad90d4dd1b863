"""``gradcheck new``: a derivation file that passes."""

from __future__ import annotations

import argparse
import keyword
from pathlib import Path

from gradcheck.commands import PASSED, Subparsers
from gradcheck.errors import InputError
from gradcheck.loading import FOLDER, is_source

_TEMPLATE = '''r"""{title}.

.. math:: y_i = x_i^2, \\qquad \\frac{{\\partial y_j}}{{\\partial x_i}} = 2 x_i \\, [i = j]

``x`` and ``y`` have shape ``(k,)``.
"""

from gradcheck import derivation


@derivation(x="k")  # the dims of each input; try "n d", or real("k", low=0)
def {name}(x):
    return x * x  # your function


@{name}.vjp
def backward(dy, x):
    return dy * 2 * x  # your rule: the gradient for x, given the cotangent dy
'''


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    new = commands.add_parser("new", help="write a derivation file that passes")
    new.add_argument("name", help="the name of the function, such as my_layer")
    new.add_argument("--folder", default=FOLDER, help="where to put it (derivations)")
    new.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    name = options.name
    path = Path(options.folder) / f"{name}.py"
    if not name.isidentifier() or keyword.iskeyword(name):
        raise InputError(f"{name!r} is not a name that a Python function can have")
    if not is_source(path) or name.startswith("__"):
        raise InputError(f"{path.name} means something else to Python or to pytest; take a name")
    if path.exists():
        raise InputError(f"{path} is there already")
    title = name.replace("_", " ").capitalize()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_TEMPLATE.format(name=name, title=title), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from None
    print(
        f"wrote {path}: put your function and your rule into it, then run: gradcheck check {path}"
    )
    return PASSED
