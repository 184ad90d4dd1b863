"""Why a layer could not be checked, in words that say what would settle it."""

from __future__ import annotations

import ast
import builtins
import inspect
import re

from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.sources import tree_of

#: What dims do not mend: a file or a name that is not there.
BEYOND_A_SPEC = re.compile(r"every size that was tried: (NameError|\w*FoundError|OSError|Import)")


def explained(reason: str, definitions: Definitions) -> str:
    """Why a layer could not be checked, with the import for which a name is missing."""
    for name, why in definitions.missing.items():
        if f"name '{name}'" in reason:
            return f"{reason} ({why})"
    return reason


def kept_by_call(sighting: Sighting, error: str, definitions: Definitions) -> str:
    """What is missing where backward reads what the call of an object keeps, beside forward."""
    call = getattr(sighting.what[-1], "__call__", None)  # noqa: B004 - that of its instances
    if not inspect.isfunction(call):
        return ""
    nodes = list(ast.walk(tree_of(call)))
    names = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    known = {*call.__globals__, *dir(builtins)}
    known |= {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    known |= {n.arg for n in nodes if isinstance(n, ast.arg)}
    if missing := next((name for name in names if name not in known), ""):
        why = definitions.missing.get(missing, "")
        return (
            f"it may read what __call__ keeps, which needs {missing}{f' ({why})' if why else ''}: "
            "scan it with that beside it"
        )
    found = re.search(r"object has no attribute '(\w+)'", error)
    kept = {n.attr for n in nodes if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
    if found is None or found[1] not in kept:
        return ""
    return (
        f"self.{found[1]} is what __call__ keeps, of variables of a class that was not recognised"
    )


def in_spec(text: str) -> str:
    """A reason with what is to be said in a declaration as it is said in a spec."""
    table = re.compile(r"names\((\w+)=\{([^{}]*)\}\)")
    pairs = re.compile(r"""['"](\w+)['"]: …""")
    text = table.sub(
        lambda one: f"names = {{ {one[1]} = {{ " + pairs.sub(r'\1 = "…"', one[2]) + " } }", text
    )
    return re.sub(r"names\((\w+)=…\)", r'names = { \1 = "…" }', text)
