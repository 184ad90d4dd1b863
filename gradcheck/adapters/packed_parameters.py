"""Parameters that a function is given in one argument, as arguments of their own.

Dicts of dicts, ``params["hidden"]["W"]``; named tuples and dataclasses, ``p: Params``; lists that
are taken apart, ``W, b = params``; lists of tuples, ``for W, b in params``, and of arrays,
``zip(weights, biases)`` and ``for W in weights``, of two layers. What is returned in the same
form is given back by the same names.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType
from typing import Any

from gradcheck.adapters.by_name import extended, standing_for
from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.pairs import BACKWARD
from gradcheck.adapters.sources import tree_of
from gradcheck.adapters.words import is_cache, is_parameter, is_statistic

#: Of how many layers a list is.
_LAYERS = 2
#: What arguments that hold parameters are called.
_CALLED = ("param", "weight", "layer", "net", "model", "theta")
#: What lists of arrays of parameters are called.
_LISTS = ("weights", "biases", "ws", "bs", "kernels", "gammas", "betas", "thetas")
#: The attribute of a function that says that its parameters were packed.
_PACKED = "packed_parameters"


@dataclass(frozen=True)
class _Form:
    """How parameters are packed: the names of the arrays, and the paths at which they lie."""

    paths: Mapping[str, tuple[Any, ...]]
    #: What is made of the arrays by name, where it is no dict of dicts and no list.
    make: Any = None
    #: Whether a function says all that there is in it, so that another's may be another.
    whole: bool = False

    @property
    def layers(self) -> int:
        """Of how many layers a list is."""
        return len({path[0] for path in self.paths.values()})

    def packed(self, given: Mapping[str, Any]) -> Any:
        """The arrays in one."""
        if self.make in (list, tuple):
            return [given[name] for name in self.paths]
        if self.make is not None:
            return self.make(**given)
        if all(isinstance(path[0], int) for path in self.paths.values()):
            layers: list[list[Any]] = [[] for _ in range(self.layers)]
            for name, (layer, _) in self.paths.items():
                layers[layer].append(given[name])
            return [tuple(layer) for layer in layers]
        found: dict[Any, dict[Any, Any]] = {}
        for name, (outer, inner) in self.paths.items():
            found.setdefault(outer, {})[inner] = given[name]
        return found

    def unpacked(self, answer: Any, given: Any) -> Any:
        """What a function returned, with arrays by name where they are packed like parameters.

        What it was ``given`` itself, and keeps, stays as it is.
        """
        if answer is given:
            return answer
        if self.make is list:
            return answer  # of which parameters the arrays are, their order says
        if self.make is tuple:
            if isinstance(answer, list) and len(answer) == len(self.paths):
                return dict(zip(self.paths, answer, strict=True))
            several = type(answer) is tuple
            return tuple(self.unpacked(one, given) for one in answer) if several else answer
        if self.make is not None and isinstance(answer, self.make):
            return {name: getattr(answer, name) for name in self.paths}
        if isinstance(answer, dict) and self.make is None and self._lie_in(answer):
            return {name: answer[a][b] for name, (a, b) in self.paths.items()}
        if isinstance(answer, list) and len(answer) == self.layers and self._lie_in(answer):
            return {name: answer[a][b] for name, (a, b) in self.paths.items()}
        if type(answer) is tuple:
            return tuple(self.unpacked(part, given) for part in answer)
        return answer

    def _lie_in(self, answer: Any) -> bool:
        if self.make is not None:
            return False
        held = (dict, tuple, list)
        try:
            parts = [answer[path[0]] for path in self.paths.values()]
            return all(isinstance(one, held) for one in parts) and all(
                answer[a][b] is not None for a, b in self.paths.values()
            )
        except (KeyError, IndexError, TypeError):
            return False


def give(definitions: Definitions) -> None:
    """Let the functions of a file take parameters that are packed one by one."""
    space = vars(definitions.module)
    functions = {n: f for n, f in definitions.namespace.items() if inspect.isfunction(f)}
    forms: dict[str, _Form] = {}
    own: dict[tuple[Any, str], _Form] = {}
    differ: set[str] = set()
    kept = {name for function in functions.values() for name in _kept(function)}
    for function in functions.values():
        for name, form in _forms(function, definitions.namespace):
            if _are_statistics(form):
                own[function, name] = form
                continue
            if getattr(form.make, "__name__", "") in kept:
                continue
            if form.whole:
                own[function, name] = form
                if name in forms and forms[name].paths != form.paths:
                    differ.add(name)
                forms.setdefault(name, form)
                continue
            before = forms.get(name)
            more = len(form.paths) if before is None else len({**before.paths, **form.paths})
            if before is None or (more > len(before.paths) and form.make is before.make):
                paths = {**(before.paths if before is not None else {}), **form.paths}
                forms[name] = _Form(paths, form.make)
    for name in differ:
        del forms[name]
    for text, function in functions.items():
        first = function
        for parameter in inspect.signature(function).parameters:
            packed = own.get((first, parameter), forms.get(parameter))
            if packed is not None and not set(packed.paths) & set(
                inspect.signature(function).parameters
            ):
                space[text] = function = _with(function, parameter, packed)


def _kept(function: Any) -> set[str]:
    """The classes of which a function returns an object last, beside others, that it is not given.

    Such an object is what forward keeps: ``return y, Tape(x, W)``.
    """
    tree = tree_of(function)
    given = {
        str(p.annotation).strip("'\"") for p in inspect.signature(function).parameters.values()
    }
    made = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    lasts = [
        node.value.elts[-1]
        for node in ast.walk(tree)
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple)
    ]
    calls = [made.get(one.id, one) if isinstance(one, ast.Name) else one for one in lasts]
    return {
        one.func.id for one in calls if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
    } - given


def are_packed(functions: Iterable[Any]) -> bool:
    """Whether any of some functions is given its parameters in one argument."""
    return any(hasattr(one, _PACKED) for one in functions)


def _forms(function: Any, namespace: Mapping[str, Any]) -> Iterator[tuple[str, _Form]]:
    """The arguments of a function that hold parameters, and how."""
    tree = tree_of(function)
    goes_back = BACKWARD.search(function.__name__)
    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if not goes_back and (form := _taken_apart(tree, name)) and _are_statistics(form):
            yield name, form  # also where it is called as what forward keeps
            continue
        if is_cache(name):
            continue  # what forward keeps, in whatever form
        called = any(word in name.lower() for word in _CALLED) or name in ("p", "ps")
        said = namespace.get(str(parameter.annotation).strip("'\""))
        if said is None:
            said = _holder(_attributes_of(tree, name), namespace)
        if fields := _fields(said):
            yield name, _Form({one: (one,) for one in fields}, said, whole=True)
        elif called and (keys := _nested(tree, name)):
            yield name, _Form({f"{outer}_{inner}": (outer, inner) for outer, inner in keys})
        elif part := _zipped(tree, name):
            yield name, _Form({f"{part}{k + 1}": (k,) for k in range(_LAYERS)}, list)
        elif called and (form := _taken_apart(tree, name)):
            yield name, form
        elif called and (names := _unzipped(tree, name)):
            layers = ((k, j, one) for k in range(_LAYERS) for j, one in enumerate(names))
            yield name, _Form({f"{one}{k + 1}": (k, j) for k, j, one in layers})


def _fields(cls: Any) -> list[str]:
    """The fields of a class that does nothing but hold arrays."""
    if not inspect.isclass(cls) or is_cache(cls.__name__):
        return []
    own = [n for n, one in vars(cls).items() if inspect.isfunction(one) and n[:1] != "_"]
    fields = getattr(cls, "_fields", ())
    if dataclasses.is_dataclass(cls):
        fields = [field.name for field in dataclasses.fields(cls)]
    types = [str(getattr(cls, "__annotations__", {}).get(name, "")) for name in fields]
    arrays = all("ndarray" in one or "NDArray" in one or "Array" in one for one in types)
    arrays = arrays or (not any(types) and all(map(is_parameter, fields)))
    return list(fields) if fields and arrays and not own else []


def _are_statistics(form: _Form) -> bool:
    """Whether a list is of running statistics, which are no parameters."""
    return form.make is tuple and all(map(is_statistic, form.paths))


def _attributes_of(tree: ast.AST, name: str) -> set[str]:
    """What a function reads of an argument as attributes: ``params.W``."""
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        if isinstance(node.value, ast.Name) and node.value.id == name
    }


def _holder(attributes: set[str], namespace: Mapping[str, Any]) -> Any:
    """The class of the file that does nothing but hold what a function reads as attributes."""
    if not attributes:
        return None
    held = {id(one): one for one in namespace.values() if attributes <= set(_fields(one))}
    return next(iter(held.values())) if len(held) == 1 else None


def _nested(tree: ast.AST, name: str) -> list[tuple[str, str]]:
    """The keys under which a function reads from an argument that is a dict of dicts."""
    found: dict[tuple[str, str], None] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(
                value=ast.Subscript(
                    value=ast.Name(id=held), slice=ast.Constant(value=str() as outer)
                ),
                slice=ast.Constant(value=str() as inner),
                ctx=ast.Load(),
            ) if held == name:
                found[outer, inner] = None
    return list(found)


def _zipped(tree: ast.AST, name: str) -> str:
    """What an array of a list is called that is gone through beside others of parameters."""
    for node in ast.walk(tree):
        match node:
            case ast.For(target=target, iter=one) | ast.comprehension(target=target, iter=one) if (
                name.lower() in _LISTS and (each := _one_of(target, one, name))
            ):
                return each
            case (
                ast.For(target=ast.Tuple(elts=targets), iter=ast.Call(args=lists) as called)
                | ast.comprehension(
                    target=ast.Tuple(elts=targets), iter=ast.Call(args=lists) as called
                )
            ) if ast.unparse(called.func) == "zip":
                texts = [ast.unparse(one) for one in lists]
                known = all(text.lower() in _LISTS for text in texts)
                if known and name in texts and isinstance(targets[texts.index(name)], ast.Name):
                    return ast.unparse(targets[texts.index(name)])
    return ""


def _one_of(target: ast.expr, value: ast.expr, name: str) -> str:
    """What an array is called where a list is gone through, also by numbers."""
    match target, value:
        case ast.Name(id=text), ast.Name(id=held) if held == name:
            return text
        case (
            ast.Tuple(elts=[ast.Name(), ast.Name(id=text)]),
            ast.Call(func=ast.Name(id="enumerate"), args=[ast.Name(id=held)]),
        ) if held == name:
            return text
    return ""


def _taken_apart(tree: ast.AST, name: str) -> _Form | None:
    """What arrays are called that a list is taken apart to: ``W1, b1 = params``.

    Also layer by layer, ``(W1, b1), (W2, b2) = params``.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Assign(
                targets=[ast.Tuple(elts=parts) | ast.List(elts=parts)],
                value=ast.Name(id=held),
            ) if held == name:
                if all(isinstance(one, ast.Name) for one in parts):
                    names = [ast.unparse(one) for one in parts]
                    return _Form({one: (k,) for k, one in enumerate(names)}, tuple, whole=True)
                layers = [one.elts for one in parts if isinstance(one, ast.Tuple)]
                flat = [one for layer in layers for one in layer]
                if len(layers) == len(parts) and all(isinstance(one, ast.Name) for one in flat):
                    return _Form(
                        {
                            ast.unparse(one): (k, j)
                            for k, layer in enumerate(layers)
                            for j, one in enumerate(layer)
                        },
                        whole=True,
                    )
    return None


def _unzipped(tree: ast.AST, name: str) -> list[str]:
    """What the parts of each entry of a list are called, where all are taken apart in one way."""
    found: set[tuple[str, ...]] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.For | ast.comprehension):
            target, value = node.target, node.iter
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript):
            target, value = node.targets[0], node.value
        else:
            continue
        if not isinstance(target, ast.Tuple):
            continue
        held = value.value if isinstance(value, ast.Subscript) else value
        parts = [one.id for one in target.elts if isinstance(one, ast.Name)]
        if isinstance(held, ast.Name) and held.id == name and len(parts) == len(target.elts):
            found.add(tuple(parts))
    return list(found.pop()) if len(found) == 1 else []


def _with(function: Any, packed: str, form: _Form) -> FunctionType:
    """A function that is given each of its parameters by name."""
    paths, pack, unpack = form.paths, form.packed, form.unpacked
    signature, apart = inspect.signature(function), extended(function, paths, packed)

    def given_apart(*values: Any, **named: Any) -> Any:
        if not any(name in named for name in paths):
            return function(*values, **named)  # as its own file calls it
        bound = apart.bind(*values, **named).arguments
        own = {name: bound.pop(name) for name in paths}
        bound[packed] = held = pack(own)
        first = [
            bound.pop(n)
            for n, p in signature.parameters.items()
            if n in bound and p.kind < p.VAR_POSITIONAL
        ]
        return unpack(function(*first, **bound), held)

    outer = standing_for(function, given_apart, apart)
    if not _are_statistics(form):
        setattr(outer, _PACKED, packed)
    return outer
