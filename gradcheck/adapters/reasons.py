"""Why a layer could not be checked, in words that say what would settle it."""

from __future__ import annotations

import ast
import builtins
import inspect
import re

from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.inputs import forward_function
from gradcheck.adapters.numpy_names import LACKING
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import gradient_names, is_cotangent, is_label, is_rate, is_target

#: What dims do not mend: a file or a name that is not there.
BEYOND_A_SPEC = re.compile(
    r"every size that was tried: (NameError|\w*FoundError|OSError|Import)|" + LACKING
)


def explained(reason: str, definitions: Definitions) -> str:
    """Why a layer could not be checked, with the import for which a name is missing."""
    for name, why in definitions.missing.items():
        if f"name '{name}'" in reason:
            return f"{reason} ({why})"
    return reason


def is_lacking(error: str, definitions: Definitions) -> bool:
    """Whether something was raised for want of an import."""
    return LACKING in error or explained(error, definitions) != error


def kept_by_call(sighting: Sighting, error: str, definitions: Definitions) -> str:
    """What is missing where backward reads what the call of an object keeps, beside forward."""
    call = getattr(sighting.what[-1], "__call__", None)  # noqa: B004 - that of its instances
    if not inspect.isfunction(call):
        return ""
    nodes = nodes_of(call)
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


def without_loss(style: Style, *, surely: bool) -> str:
    """Why dims do not settle a backward function that takes labels, which forward does not.

    ``surely`` is for names that nothing but labels has: ``y`` may be an output.
    """
    # A derivative is given one array, whatever it takes: one that takes labels beside is none.
    whole = style.kind == "derivative" and style.make is None
    gets = parameters_of(style.source) if whole else style.gets
    wanted = [p.name for p in gets if is_required(p) and not is_rate(p.name)]
    labels = [n for n in wanted if is_label(n) or (is_target(n) and (whole or not surely))]
    given = any(is_cotangent(n) for n in wanted) or any(is_target(p.name) for p in style.takes)
    if style.backward is None or not labels or given:
        return ""
    if labels == wanted and not (is_label(labels[0]) and style.make is not None):
        return ""  # the derivative of an activation, given what that gave
    return (
        f"its backward function takes {labels[0]}, so that its gradients are those of a loss, "
        "which its forward function does not compute: they can be checked where one function "
        f"takes {labels[0]} and gives that loss"
    )


def of_module(style: Style) -> str:
    """Parameters that are variables of the module, for which a function computes gradients."""
    if style.make is not None:
        return ""
    functions = [one for one in (forward_function(style), style.source) if one is not None]
    loads: dict[str, None] = {}
    own: set[str] = set()
    for function in functions:
        space = getattr(function, "__globals__", {})
        for node in nodes_of(function):
            match node:
                case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                    own.add(name)
                case ast.Name(id=name) if not callable(space.get(name)):
                    loads[name] = None
    own |= {p.name for p in style.takes}
    outer = [name for name in loads if name not in own and own & set(gradient_names(name))]
    return ", ".join(sorted(outer))


def in_spec(text: str) -> str:
    """A reason with what is to be said in a declaration as it is said in a spec."""
    table = re.compile(r"names\((\w+)=\{([^{}]*)\}\)")
    pairs = re.compile(r"""['"](\w+)['"]: …""")
    text = table.sub(
        lambda one: f"names = {{ {one[1]} = {{ " + pairs.sub(r'\1 = "…"', one[2]) + " } }", text
    )
    return re.sub(r"names\((\w+)=…\)", r'names = { \1 = "…" }', text)
