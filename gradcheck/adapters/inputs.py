"""What a layer takes: its arrays, and what else it has to be given, by its source."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence
from typing import Any

from gradcheck.adapters.flat_vectors import sizes_of
from gradcheck.adapters.known import settings
from gradcheck.adapters.landing import returned_names
from gradcheck.adapters.numbered_keys import numbered_keys
from gradcheck.adapters.sources import counts_of, mode_words, nodes_of, tree_of, words_for
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import (
    NUMBERS,
    WORDS,
    gradient_names,
    is_class_weights,
    is_flat,
    is_optimizer,
    is_parameter,
    is_parameter_dict,
    is_probability,
    is_rate,
    is_window,
    mode_value,
)
from gradcheck.arguments import choice, constant, real

#: How a key is spelled under which weights or a bias lie.
_PARAMETER = r"([WUVb]|w)_?\w{0,3}|(gamma|beta)_?\d?"
#: How many entries are dropped.
_HALF = 0.5
#: What a whole number is, such as the size of a window.
_COUNT = 2
#: How much a class counts at least: at 0 it would not be seen.
_LEAST = 0.25
#: Through so many calls an argument is followed that is passed on.
_DEPTH = 2
#: What dicts of settings are called.
_SETTINGS = ("_param", "_params", "config", "hparameters", "hparams")


def wanted_of(style: Style) -> tuple[list[str], dict[str, Any], str]:
    """The arrays that a layer takes, what else it is given, and what is not known of it."""
    arrays: list[str] = []
    beside: dict[str, Any] = {}
    function = forward_function(style)
    idle = _unused(function)
    sizes = {} if style.make is not None else sizes_of([p.name for p in style.takes])
    for parameter in style.takes:
        name = parameter.name
        if name in sizes:
            beside[name] = sizes[name]
            continue
        if style.make is None and is_required(parameter) and _is_count(function, name):
            beside[name] = constant(_COUNT)
            continue
        if is_required(parameter) and is_window(name) and _is_pair(function, name):
            beside[name] = constant((_COUNT, _COUNT))
            continue
        if style.backward is None and name in idle:
            beside[name] = constant(None)
            continue
        if _hides_a_term(parameter):
            beside[name] = constant(NUMBERS[name.lower()])
            continue
        # ``bias=None`` is a parameter that may be left out.
        is_class = inspect.isclass(style.make)
        optional = parameter.default is None and is_parameter(name) and not is_class
        mode = mode_value(name, "", mode_words(style))
        if not (is_required(parameter) or optional) or mode is not None:
            continue
        if name in style.fixed or (name.lower() in NUMBERS and not _has_gradient(style, name)):
            beside[name] = constant(style.fixed.get(name, NUMBERS.get(name.lower())))
            continue
        keys = _keys_of(function, name)
        if "drop" in style.name.lower() and is_probability(name) and not keys:
            beside[name] = constant(_HALF)
            continue
        if keys and (is_parameter_dict(name) or _are_parameters(keys)):
            arrays += keys
        elif keys or (name.endswith(_SETTINGS) and not is_flat(name)):
            made = settings(keys)
            if made is None:
                said = f"it reads {', '.join(map(repr, keys))} from {name}"
                return arrays, beside, f"{said}, whose values are not known"
            beside[name] = made
        elif words := words_for(function, name):
            beside[name] = choice(*words) if len(words) > 1 else constant(words[0])
        else:
            arrays.append(name)
    if style.make is not None:
        counts = counts_of(style.make)
        for parameter in parameters_of(style.make):
            if is_required(parameter) and is_class_weights(parameter.name):
                beside[parameter.name] = real("c", low=_LEAST, high=1.0, differentiate=False)
                continue
            needed = (
                is_required(parameter)
                and parameter.name not in counts
                and (is_parameter(parameter.name) or _keeps_gradient(style.make, parameter.name))
            )
            if needed and not is_optimizer(parameter.name) and not is_rate(parameter.name):
                arrays.append(parameter.name)
    return arrays, beside, "" if arrays else "its forward function takes no array"


def _keeps_gradient(cls: Any, name: str) -> bool:
    """Whether methods of a class set or return what is called as the gradient of a name.

    Its constructor does not count: ``self.df = df`` keeps what was given beside ``f``.
    """
    if not inspect.isclass(cls):
        return False
    if _passed_on(cls, name):
        return True
    # What is inherited counts: a base may hold the parameter that it is given.
    held = [v for n, v in inspect.getmembers(cls, inspect.isfunction) if n != "__init__"]
    own = [one for one in held if one.__module__ == cls.__module__]
    nodes = [node for method in own for node in nodes_of(method)]
    # ``self.dW[:] = …`` too.
    targets = [n.value if isinstance(n, ast.Subscript) else n for n in nodes if _is_stored(n)]
    stored = {node.attr for node in targets if isinstance(node, ast.Attribute)}
    returned = {text for method in own for text in returned_names(method)}
    # ``self.param = W``, of which the gradient is ``self.param_grad``.
    called = {
        node.targets[0].attr
        for node in nodes_of(vars(cls).get("__init__", cls))
        if isinstance(node, ast.Assign) and _is_name(node.value, name)
        if isinstance(node.targets[0], ast.Attribute)
    }
    kept = {text for one in called for text in gradient_names(one)}
    given = not (kept.isdisjoint(stored) and (stored | returned).isdisjoint(gradient_names(name)))
    return given or name in _keys_of_gradients(nodes)


def _keys_of_gradients(nodes: Sequence[ast.AST]) -> set[str]:
    """The keys under which gradients are put: ``self.grads["v"] = …``, also in a dict at once."""
    keys: list[ast.expr | None] = []
    for node in nodes:
        match node:
            case ast.Subscript(value=ast.Attribute(attr=held), slice=key, ctx=ast.Store()):
                keys += [key] if held in WORDS.gradients else []
            case ast.Assign(targets=[ast.Attribute(attr=held)], value=ast.Dict(keys=several)):
                keys += several if held in WORDS.gradients else []
    values = (key.value for key in keys if isinstance(key, ast.Constant))
    return {value for value in values if isinstance(value, str)}


def _passed_on(cls: Any, name: str) -> bool:
    """Whether a constructor gives an argument to one above it, which keeps a gradient for it."""
    made = vars(cls).get("__init__")
    above = cls.__mro__[1]
    if not inspect.isfunction(made) or not inspect.isfunction(above.__init__):
        return False
    taken = [p.name for p in parameters_of(above.__init__, skip_first=True)]
    for node in nodes_of(made):
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Call(), attr="__init__"), args=args):
                given = [k for k, arg in enumerate(args) if _is_name(arg, name)]
                if given and given[0] < len(taken) and taken[given[0]] != name:
                    return _keeps_gradient(cls, taken[given[0]])
    return False


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute | ast.Subscript) and isinstance(node.ctx, ast.Store)


def _hides_a_term(parameter: inspect.Parameter) -> bool:
    """Whether a default such as ``reg=0.0`` would leave a term of the formula unchecked."""
    number = isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool)
    return number and parameter.default == 0 and parameter.name.lower() in NUMBERS


def _has_gradient(style: Style, name: str) -> bool:
    """Whether a rule has a variable for the gradient of a name."""
    code = getattr(style.source, "__code__", None)
    return code is not None and bool(set(gradient_names(name)) & set(code.co_varnames))


def forward_function(style: Style) -> Any:
    """The forward function of a layer, before there is an object; None where there is none yet."""
    try:
        return style.forward(style.make if style.make is not None else None)
    except AttributeError:
        return None


def _keys_of(function: Any, name: str, depth: int = _DEPTH) -> list[str]:
    """The keys that a function reads from one of its arguments: those that have to be there."""
    found: dict[str, None] = {}
    optional: set[str] = set()
    for node in nodes_of(function):
        match node:
            case ast.Subscript(
                value=ast.Name(id=held), slice=ast.Constant(value=str() as key), ctx=ast.Load()
            ) if held == name:
                found[key] = None
            case ast.Compare(
                left=ast.Constant(value=str() as key), ops=[ast.In()],
                comparators=[ast.Name(id=held)],
            ) if held == name:  # fmt: skip
                optional.add(key)
            case ast.Call(func=ast.Name(id=called), args=given):
                # What is passed on whole is read there.
                whole = [k for k, arg in enumerate(given) if _is_name(arg, name)]
                other = getattr(function, "__globals__", {}).get(called)
                if whole and inspect.isfunction(other) and other is not function and depth:
                    names = [parameter.name for parameter in parameters_of(other)]
                    for one in names[whole[0] : whole[0] + 1]:
                        found |= dict.fromkeys(_keys_of(other, one, depth - 1))
    return [key for key in (*found, *numbered_keys(function, name)) if key not in optional]


def _is_count(function: Any, name: str) -> bool:
    """Whether an argument is a whole number: ``range(k)``, ``length // k``."""
    for node in nodes_of(function):
        match node:
            case ast.Call(func=ast.Name(id="range"), args=given):
                if any(_is_name(one, name) for one in given):
                    return True
            case ast.BinOp(op=ast.FloorDiv(), right=ast.Name(id=divisor)) if divisor == name:
                return True
    return False


def _is_pair(function: Any, name: str) -> bool:
    """Whether an argument is taken apart to two: ``p_h, p_w = pool_size``."""
    for node in nodes_of(function):
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=[_, _])], value=one) if _is_name(one, name):
                return True
    return False


def _are_parameters(keys: list[str]) -> bool:
    """Whether all of several keys are called as arrays of parameters are: Wq, Wk, bo."""
    return len(keys) > 1 and all(re.fullmatch(_PARAMETER, key) or is_parameter(key) for key in keys)


def _unused(function: Any) -> set[str]:
    """The parameters that a plain function takes and does not use."""
    if not inspect.isfunction(function):
        return set()
    tree = tree_of(function)
    used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    own = {p.name for p in parameters_of(inspect.unwrap(function))}
    return {p.name for p in parameters_of(function)} & own - used if used else set()


def _is_name(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def unused_keys(function: Any, name: str) -> set[str]:
    """The keys that a function reads into variables that it does not use."""
    tree = tree_of(function)
    used = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Name(id=variable)],
                value=ast.Subscript(value=ast.Name(id=held), slice=ast.Constant(str() as key)),
            ) if held == name and variable not in used:
                found.add(key)
    return found
