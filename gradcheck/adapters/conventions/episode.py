"""Policy gradients: ``policy_forward(x)`` for one step, ``policy_backward(eph, epdlogp)`` for all.

What a backward function is given is called after variables of the forward function, ``eph`` after
``h``, with a row for each step of an episode, and so are variables of the module that only its
training loop sets, such as ``epx``. A cotangent may be that of a variable that is not returned:
``epdlogp`` of ``logp``, of which ``p`` is the sigmoid. That variable is then what is checked.
"""

from __future__ import annotations

import ast
import copy
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType, SimpleNamespace
from typing import Any

import numpy as np

from gradcheck.adapters.by_name import computing, outer_parameters, outer_variables
from gradcheck.adapters.landing import returned_names
from gradcheck.adapters.names import Names
from gradcheck.adapters.pairs import name_of, pairs
from gradcheck.adapters.sources import missing_names, nodes_of, tree_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import NUMBERS, gradient_names, is_parameter, is_parameter_dict

PRIORITY = 44

#: What is called after one step, and holds all of them: surely, and where more tells it.
_EPISODE = ("ep_", "ep", "episode_")
_OF_EPISODE = (*_EPISODE, "batch_", "all_")
_KEPT = inspect.Parameter("cache", inspect.Parameter.POSITIONAL_ONLY)
#: Where the variables of a call lie in what its edited function returns.
_LOCALS = "locals"


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """Two functions of which backward is given what forward has at each step."""
    if len(what) != 2 or not all(map(inspect.isfunction, what)):
        return None
    forward, backward = what
    calls = _Calls.of(forward, backward)
    if calls is None:
        return None
    return Style(
        convention="functions of a step and of an episode",
        name=name_of(forward),
        forward=lambda _: _forward(calls),
        backward=lambda _: _backward(calls),
        returns_cache=True,
        source=backward,
        takes=calls.takes,
        network=True,
        assumes=(f"{calls.cotangent} is the gradient for {calls.output}, of each step",),
        gets=(inspect.Parameter(f"d{calls.output}", inspect.Parameter.POSITIONAL_ONLY), _KEPT),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Such pairs by their names."""
    for what in pairs(namespace):
        if style_of(what, Names()) is not None:
            yield what


@dataclass(frozen=True)
class _Calls:
    """Two functions, and what the backward function is given."""

    forward: Callable[..., Any]
    backward: Callable[..., Any]
    #: What is checked, and what backward calls its cotangent.
    output: str
    cotangent: str
    #: By what backward calls it: a variable of the forward function, of all steps or as it is.
    of_steps: Mapping[str, str]
    as_is: Sequence[str]

    @classmethod
    def of(cls, forward: Any, backward: Any) -> _Calls | None:
        """By what things are called; None where they are called otherwise, or as usual."""
        own, held = _variables(forward), outer_variables(backward)
        given = [p.name for p in parameters_of(backward) if is_required(p)]
        given = [name for name in given if name not in outer_parameters([backward])]
        needed = [*given, *(n for n in missing_names(backward) if n not in held)]
        of_steps = {n: one for n in needed if (one := _of_step(n, own)) is not None}
        taken = {p.name for p in parameters_of(forward)}
        as_is = [n for n in needed if n not in of_steps and n in taken]
        rest = [n for n in needed if n not in of_steps and n not in as_is]
        cotangents = {n: one for n in rest if (one := _of_gradient(n, own)) is not None}
        if not of_steps or len(rest) != 1 or len(cotangents) != 1:
            return None
        ((cotangent, output),) = cotangents.items()
        # A whole batch, which is given with the cotangent of what comes out of it, is none.
        told = any(name.startswith(_EPISODE) for name in of_steps)
        if not told and output in returned_names(forward):
            return None
        return cls(forward, backward, output, cotangent, of_steps, as_is)

    @functools.cached_property
    def rows(self) -> list[str]:
        """What the forward function takes of one step."""
        learned = {*outer_parameters([self.forward]), *self.packed}
        given = [p.name for p in parameters_of(self.forward) if is_required(p)]
        return [name for name in given if not (name in learned or is_parameter(name))]

    @functools.cached_property
    def packed(self) -> Mapping[str, Sequence[str]]:
        """The dicts of parameters that the forward function takes, with their keys."""
        found: dict[str, dict[str, None]] = {}
        for node in nodes_of(self.forward):
            match node:
                case ast.Subscript(ast.Name(id=name), ast.Constant(value=str() as key)):
                    found.setdefault(name, {})[key] = None
        taken = [p.name for p in parameters_of(self.forward)]
        return {n: list(found[n]) for n in taken if n in found and is_parameter_dict(n)}

    @functools.cached_property
    def takes(self) -> tuple[inspect.Parameter, ...]:
        """The parameters of the forward function, with those in dicts one by one."""
        kind = inspect.Parameter.KEYWORD_ONLY
        taken = [p for p in parameters_of(self.forward) if p.name not in self.packed]
        keys = [key for keys in self.packed.values() for key in keys]
        return (*taken, *(inspect.Parameter(key, kind) for key in keys))


def _variables(function: Any) -> list[str]:
    """The variables of a function, arguments among them."""
    code = inspect.unwrap(function).__code__
    return list(code.co_varnames)


def _of_step(name: str, variables: Sequence[str]) -> str | None:
    """The variable of one step after which what holds all steps is called."""
    if name in variables or name.lower() in NUMBERS:
        return None  # eps is no s of each step
    stems = [name.removeprefix(start) for start in _OF_EPISODE if name.startswith(start)]
    stems += [name.removesuffix("s")] if name.endswith("s") else []
    return next((stem for stem in stems if stem in variables), None)


def _of_gradient(name: str, variables: Sequence[str]) -> str | None:
    """The variable of one step after which what holds its gradients is called."""
    stems = [name, *(name.removeprefix(one) for one in _OF_EPISODE if name.startswith(one))]
    stems += [stem.removesuffix("s") for stem in stems]
    return next((one for one in variables if not set(stems).isdisjoint(gradient_names(one))), None)


def _forward(calls: _Calls) -> Callable[..., Any]:
    inner: Any = inspect.unwrap(calls.forward)
    telling = _telling(inner)

    @functools.wraps(calls.forward)
    def forward(*values: Any, **named: Any) -> tuple[Any, Any]:
        given = dict(zip((p.name for p in calls.takes), values, strict=False)) | named
        for name, keys in calls.packed.items():
            given[name] = {key: given.pop(key) for key in keys}
        count = len(given[calls.rows[0]]) if calls.rows else 1
        steps: list[Mapping[str, Any]] = []
        for step in range(count):
            one = {n: v[step] if n in calls.rows else v for n, v in given.items()}
            with computing(inner, telling.__code__):
                steps.append(calls.forward(**one))
        answer = np.array([one[calls.output] for one in steps])
        return answer, SimpleNamespace(given=given, steps=steps)

    return forward


def _backward(calls: _Calls) -> Callable[..., Any]:
    def backward(cotangents: Any, kept: Any) -> Any:
        told = {
            name: np.vstack([step[one] for step in kept.steps])
            for name, one in calls.of_steps.items()
        }
        told |= {name: kept.given[name] for name in calls.as_is}
        told[calls.cotangent] = np.vstack(list(cotangents))
        told |= {name: kept.given[name] for name in outer_parameters([calls.backward])}
        taken = [p.name for p in parameters_of(calls.backward)]
        outer = {name: one for name, one in told.items() if name not in taken}
        space = calls.backward.__globals__
        space.update(outer)
        try:
            return calls.backward(**{name: told[name] for name in taken if name in told})
        finally:
            for name in outer:
                del space[name]

    return backward


class _Telling(ast.NodeTransformer):
    """Returns that give all variables instead."""

    def visit_Return(self, node: ast.Return) -> ast.AST:
        """``return locals()``."""
        call = ast.Call(ast.Name(_LOCALS, ast.Load()), [], [])
        return ast.copy_location(ast.Return(call), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Not inside a function of its own."""
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """Not inside a function of its own."""
        return node


@functools.cache
def _telling(function: Any) -> FunctionType:
    """A function that returns all its variables, by name."""
    tree: Any = copy.deepcopy(tree_of(function))
    (definition,) = tree.body
    definition.body = [_Telling().visit(one) for one in definition.body]
    definition.decorator_list = []
    space: dict[str, Any] = {}
    code = compile(ast.fix_missing_locations(tree), function.__code__.co_filename, "exec")
    exec(code, space)
    made: FunctionType = space[definition.name]
    return made
