"""Pages that need no network: one look for all of them, and nothing in them but text is a user's.

``base.html`` has the head, the colours of both schemes, and what tables and text look like.
"""

from __future__ import annotations

import functools
import importlib.util
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gradcheck.errors import InputError
from gradcheck.report.figures import printable

#: What pages are made with, from the extra ``report``.
_NEEDED = ("jinja2", "latex2mathml")
#: Where the base of every page lies.
_HERE = "gradcheck.report"


def require_installed(option: str) -> None:
    """Raise ``InputError`` where what a page is made with is not there."""
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise InputError(
            f"{option} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} "
            'not installed; install the extra: pip install "gradcheck[report]"'
        )


def rendered(package: str, name: str, **values: Any) -> str:
    """The template of that name in a package, as HTML; every value is escaped."""
    made: str = (
        _environment(package).get_template(name).render(version=version("gradcheck"), **values)
    )
    return printable(made)  # no viewer is to obey what stands in a name


def write_text(path: Path, text: str) -> None:
    """Write a page as UTF-8."""
    # A lone surrogate, which a name may hold, is no character that a file can.
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


@functools.cache
def _environment(package: str) -> Any:
    import jinja2

    loaders = [jinja2.PackageLoader(one, "") for one in dict.fromkeys((package, _HERE))]
    return jinja2.Environment(
        loader=jinja2.ChoiceLoader(loaders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
