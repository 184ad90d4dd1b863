"""What the functions of a layer are given: each parameter's role, by what it is called."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Any

from gradcheck.adapters.names import Names
from gradcheck.adapters.sources import mode_words, nodes_of
from gradcheck.adapters.style import Style, is_required
from gradcheck.adapters.words import (
    is_cache,
    is_cotangent,
    is_label,
    is_optimizer,
    is_parameter_dict,
    is_rate,
    mode_value,
)
from gradcheck.errors import DeclarationError


def constants_of(
    style: Style, names: Names, inputs: Sequence[str], beside: bool
) -> tuple[dict[str, Any], str]:
    """What the forward function is given beside inputs, and what its dict of parameters is called.

    ``beside`` says whether there are inputs that it does not take by name. Raises
    ``DeclarationError`` for what it needs and nothing is known of.
    """
    found: dict[str, Any] = {}
    packed, said = "", mode_words(style)
    for parameter in style.takes:
        name = parameter.name
        mode = mode_value(name, names.mode, said)
        if name in names.call:
            found[name] = names.call[name]
        elif name in inputs:
            continue
        elif mode is not None:
            found[name] = mode
        elif is_required(parameter):
            if beside and (is_parameter_dict(name) or _is_packed(style, name)):
                packed = name
            else:
                raise DeclarationError(
                    f"{style.name}: its forward function needs {name!r}, for which "
                    f'nothing is declared; add {name}="n d" with its dims, or '
                    f"{name}=constant(…)"
                )
    return found, packed


def _is_packed(style: Style, name: str) -> bool:
    """Whether a function reads parameters from an argument by their names: ``p["Wq"]``."""
    if style.make is not None:
        return False
    return any(
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        and isinstance(node.slice, ast.Constant)
        and isinstance(node.slice.value, str)
        for node in nodes_of(style.forward(None))
    )


def _output_of_pair(style: Style, given: Sequence[str], same: Sequence[str]) -> list[str]:
    """What a backward function takes beside a cotangent where nothing is kept: what came out."""
    left = [name for name in given if name not in same]
    if style.make is not None or style.returns_cache or style.has_context:
        return []
    others = [name for name in left if not is_cotangent(name)]
    return others if len(others) == 1 and len(left) == len((*others, "dy")) else []


def roles_of_backward(style: Style, names: Names, inputs: Sequence[str]) -> list[tuple[str, str]]:
    """What each parameter of the backward function gets: its name, and a role."""
    roles: list[tuple[str, str]] = []
    # What forward is not given either keeps its default, whatever it is called: delta=0.7.
    default = {p.name for p in style.takes if not is_required(p)} - set(inputs)
    for parameter in style.gets:
        name = parameter.name
        if name in names.call:
            role = "constant"
        elif style.returns_cache and (name == style.cache or is_cache(name)):
            role = "cache"
        elif is_rate(name):
            role = "rate"
        elif is_optimizer(name):
            role = "optimizer"
        elif mode_value(name, names.mode, mode_words(style)) is not None:
            role = "mode"
        elif is_required(parameter):
            role = "given"
        elif is_cotangent(name) and name not in default:
            role = "optional"
        elif name in inputs and type(parameter.default) in (int, float):
            role = "input"  # a number that forward is given: lam=0 in cost and in gradient
        else:
            continue
        roles.append((name, role))
    given = [name for name, role in roles if role == "given"]
    same = [n for n in given if n in inputs]
    if style.kind in ("derivative", "of inputs"):
        first = style.gets[0].name if style.kind == "derivative" else ""
        again = {n for n in same if first and n != first}
        return [
            (n, "input" if n in again else "argument" if r in ("given", "optional") else r)
            for n, r in roles
        ]
    # ``forward(x, labels)`` and ``backward(labels)``: a loss is given again what is predicted.
    told = len(same) == len(given) < len(inputs) and all(map(is_label, given))
    if len(given) > len(same) or told:
        # What bears the name of an input is that input; what is called the output is that.
        outputs = {"outputs", "output", "out", *_output_of_pair(style, given, same)}
        roles = [
            (n, "input" if n in same else "output" if n in outputs and r == "given" else r)
            for n, r in roles
        ]
        if not any(r == "given" for _, r in roles):
            roles = [(n, "given" if r == "output" else r) for n, r in roles]
    if any(role == "given" for _, role in roles):
        roles = [(n, r) for n, r in roles if r != "optional"]
    return [(n, "cotangent" if r == "given" else r) for n, r in roles]


#: What makes one array of several.
_JOINS = ("concatenate", "hstack", "vstack", "dstack", "stack", "column_stack", "row_stack")


def gathers(style: Style, gets: Sequence[tuple[str, str]]) -> bool:
    """Whether a backward function takes its one cotangent apart, or joins what it is made of.

    ``dq, dk, dv = dout`` and ``np.concatenate(dout, axis=-1)``: it is one for several outputs.
    """
    cotangents = [name for name, role in gets if role == "cotangent"]
    if len(cotangents) != 1:
        return False
    for node in nodes_of(style.source):
        match node:
            case ast.Assign(targets=[ast.Tuple()], value=ast.Name(id=name)):
                found = name
            case ast.Call(func=ast.Attribute(attr=joins), args=[ast.Name(id=name), *_]):
                found = name if joins in _JOINS else ""
            case _:
                continue
        if found == cotangents[0]:
            return True
    return False
