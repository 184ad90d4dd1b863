"""Which layers a file holds, and what their dims are: by known names, and by trying."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.adapters import flat_vectors
from gradcheck.adapters.boundary import array_modules
from gradcheck.adapters.conventions import candidates, style_of
from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.discovery import argument_text, discovered
from gradcheck.adapters.flat_vectors import sizes_of
from gradcheck.adapters.known import (
    COST,
    MODEL,
    OTHER,
    Kind,
    fits,
    kind_of,
    roles_of,
    settings,
    sizes_for,
    ways_of,
)
from gradcheck.adapters.layers import declare, plan_of, trials
from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, as_is, is_required, itself, parameters_of
from gradcheck.adapters.words import (
    NUMBERS,
    WORDS,
    gradient_names,
    is_flat,
    is_logits,
    is_optimizer,
    is_parameter,
    is_parameter_dict,
    is_rate,
    is_target,
    mode_value,
)
from gradcheck.answers import same
from gradcheck.arguments import Choice, Integers, Real, as_argument, choice, constant, real
from gradcheck.claims import Derivation

#: Beyond these, what follows a softmax or sigmoid may saturate.
_LOGIT = 4.0
#: What dicts of settings are called.
_SETTINGS = ("_param", "_params", "config", "hparameters", "hparams")
#: At most so many ways of reading a layer are tried.
_MOST_WAYS = 24


@dataclass(frozen=True)
class Sighting:
    """A layer in a file: what it is made of, and how it is called."""

    name: str
    what: tuple[Any, ...]
    style: Style
    line: int


@dataclass
class Reading:
    """A sighting with dims: a derivation, or why there is none and what would settle it."""

    sighting: Sighting
    declared: Derivation | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    names: Names = field(default_factory=Names)
    assumptions: list[str] = field(default_factory=list)
    reason: str = ""
    spec: str = ""


def sightings(definitions: Definitions) -> list[Sighting]:
    """The layers of a file in the order in which they stand there."""
    namespace = definitions.namespace
    found: list[Sighting] = []
    for what in candidates(namespace):
        if is_base(what[0], namespace):
            continue
        style = style_of(what, Names())
        source = what[-1] if inspect.isclass(what[-1]) else style.source or what[-1]
        found.append(Sighting(_called(style, what, found), what, style, line_of(source)))
    return sorted(found, key=lambda one: one.line)


def _called(style: Style, what: tuple[Any, ...], found: Sequence[Sighting]) -> str:
    """The name of a layer; that of its backward function where another is called the same."""
    taken = {one.name for one in found}
    return style.name if style.name not in taken else getattr(what[-1], "__name__", style.name)


def line_of(source: Any) -> int:
    """The line of a function, or of the first method of a class."""
    if inspect.isclass(source):
        own = [getattr(value, "__func__", value) for value in vars(source).values()]
        lines = [value.__code__.co_firstlineno for value in own if inspect.isfunction(value)]
        return min(lines, default=0)
    code = getattr(inspect.unwrap(source), "__code__", None)
    return code.co_firstlineno if code else 0


def is_base(cls: Any, namespace: Mapping[str, Any]) -> bool:
    """Whether a class is there for others to be made from."""
    if not inspect.isclass(cls):
        return False
    below = [c for c in namespace.values() if inspect.isclass(c) and c is not cls]
    own = [value for name, value in vars(cls).items() if name != "__init__"]
    halves = [
        [half for name in names if inspect.isfunction(half := getattr(cls, name, None))]
        for names in (WORDS.forward, (*WORDS.backward, "gradient"))
    ]
    abstract = (
        bool(getattr(cls, "__abstractmethods__", None))
        or any(inspect.isfunction(value) and _is_open(value) for value in own)
        # Of several that would do, such as ``compute`` and ``__call__``, one is enough.
        or any(half and all(map(_is_open, half)) for half in halves)
    )
    inherited = any(issubclass(c, cls) for c in below)
    return abstract or (
        inherited and (_needs_functions(cls) or _does_nothing([*halves[0], *halves[1]]))
    )


def _is_open(method: Any) -> bool:
    """Whether a method is for others to write."""
    return "NotImplementedError" in method.__code__.co_names


def _does_nothing(halves: Sequence[Any]) -> bool:
    """Whether forward or backward is there for others to override: its body is ``pass``."""
    return any(
        all(isinstance(s, ast.Pass) or _is_docstring(s) for s in node.body)
        for half in halves
        for node in ast.walk(_tree(half))
        if isinstance(node, ast.FunctionDef)
    )


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _needs_functions(cls: type) -> bool:
    """Whether a constructor takes functions: a class for activations to be made from."""
    names = {parameter.name for parameter in parameters_of(cls)}
    return bool(names & {"f", "f_prime", "activation", "activation_prime", "fn", "func"})


# ---- dims that are not declared --------------------------------------------------------------


def read(sighting: Sighting) -> Reading:
    """The layer with the dims that its names settle, or those at which it was seen to run."""
    first: Reading | None = None
    style = sighting.style
    used = [""] if style.inward is not itself else ["", *array_modules(style)]
    # A gradient that is given what an activation takes is with respect to that.
    asked = style.kind == "of inputs" and any(is_logits(p.name) for p in style.gets)
    asked = asked and not any(is_logits(p.name) for p in style.takes)
    for arrays in used:
        reading = _read(sighting, Names(arrays=arrays, through="sigmoid" if asked else ""))
        if reading.declared is not None:
            return reading
        first = first or reading
    assert first is not None
    return first


def _read(sighting: Sighting, names: Names) -> Reading:
    reading = Reading(sighting)
    style = style_of(sighting.what, names)
    kind = kind_of(sighting.name)
    if style.convention == "model with its loss":
        kind = MODEL
    elif style.backward is None and kind is OTHER:
        kind = COST
    wanted, beside, problem = _wanted(style)
    if problem:
        return _unread(reading, wanted, problem)
    roles = roles_of(wanted, kind)
    function, reason = _forward_function(style), ""
    raising: tuple[dict[str, Any], str] | None = None
    unused = {
        key
        for parameter in style.takes
        if is_parameter_dict(parameter.name)
        for key in _unused(function, parameter.name)
    }
    told = style.make is None and sizes_of([p.name for p in style.takes])
    ways = flat_vectors.ways(function, wanted, beside) if told else ways_of(kind, roles)
    for number, way in enumerate(ways):
        if number >= _MOST_WAYS:
            break
        way = {n: _undifferentiated(way[n]) if n in unused else way[n] for n in way}
        if names.through:
            way = {n: logits(given) for n, given in way.items()}
        for inputs, found in _completed(style, names, kind, way):
            given = {**inputs, **beside}
            declared = declare((*sighting.what, found), given, guessed=True)
            plan = plan_of(declared)
            if plan is not None and not plan.finite:
                reason = reason or "its output is not finite at usual values of its inputs"
            elif declared.problem is None and plan is not None:
                # Where backward raises, other dims are tried first; the rule may be wrong, though.
                if reading.declared is None or not plan.trial_error:
                    reading.declared, reading.names, reading.inputs = declared, found, given
                if not plan.trial_error:
                    if raising is not None and _is_flattened(raising[0], given):
                        return _of_two_minds(reading, *raising, given)
                    return _settled(reading, kind)
                raising = raising or (given, plan.trial_error)
            reason = reason or declared.problem or ""
    if reading.declared is not None:
        return _settled(reading, kind)
    return _unread(reading, wanted, reason or "none of the dims that were tried fits")


def _is_flattened(raising: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a product of arrays was made one of smaller arrays: an outer or an inner product."""
    axes = [
        (len(a.shape.axes), len(b.shape.axes))
        for a, b in ((as_argument(raising[name]), as_argument(given[name])) for name in given)
        if isinstance(a, Real) and isinstance(b, Real) and a.differentiable
    ]
    return len(axes) > 1 and all(fewer < more for more, fewer in axes)


def _of_two_minds(
    reading: Reading, raising: Mapping[str, Any], error: str, given: Mapping[str, Any]
) -> Reading:
    """A layer that may be meant for small arrays, or whose backward function is wrong."""
    reading.declared, reading.inputs = None, {}
    first, second = (
        ", ".join(f"{name} = {argument_text(one)}" for name, one in inputs.items())
        for inputs in (raising, given)
    )
    reading.reason = (
        f"at {first} its forward function runs and its backward function raises {error}; at "
        f"{second} both run: say which is meant"
    )
    reading.spec = spec_line(reading.sighting, raising)
    return reading


def _settled(reading: Reading, kind: Kind) -> Reading:
    """A reading with what it assumes; an input that changes no output is not differentiated."""
    plan = plan_of(reading.declared) if reading.declared is not None else None
    assert reading.declared is not None
    assert plan is not None
    missing = [name for name in plan.differentiable if plan.gradients.get(name) is None]
    idle = [name for name in missing if not plan.trial_error and changes_nothing(reading, name)]
    # A rule of a framework says with None that an argument is not differentiated.
    none = [
        name
        for name in missing
        if plan.style.inward is as_is and not is_parameter(name) and name != plan.inputs[0]
    ]
    targets = [
        name
        for name in missing
        if plan.is_loss and is_target(name) and not plan.trial_error and name not in idle
    ]
    left = {*idle, *none, *targets}
    if left and left != set(plan.differentiable):
        reading.inputs = {
            n: _undifferentiated(given) if n in left else given
            for n, given in reading.inputs.items()
        }
        reading.declared = declare(
            (*reading.sighting.what, reading.names), reading.inputs, guessed=True
        )
    reading.assumptions = [_assumption(kind, reading.inputs)]
    if reading.names.through:
        reading.assumptions.append(follows(plan.differentiable[0], reading.names.through))
    reading.assumptions += [
        f"{name} changes nothing of the output that is checked" for name in idle
    ]
    reading.assumptions += [
        f"{name} is not to be differentiated: its gradient is None" for name in none
    ]
    reading.assumptions += [
        f"{name} is what is to be predicted: no gradient for it is wanted" for name in targets
    ]
    return reading


def follows(name: str, through: str) -> str:
    """What is assumed of a loss whose gradient is that of the activation before it."""
    return f"{name} is a {through}, and the gradient is with respect to what it takes"


def changes_nothing(reading: Reading, name: str) -> bool:
    """Whether the outputs stay the same, bit for bit, with another value of an input."""
    assert reading.declared is not None
    _, values = trials(reading.declared, few=True)[-1]
    try:
        before = reading.declared.function(**values)
        after = reading.declared.function(**{**values, name: values[name] * 0.5 + 0.25})
    except Exception:
        return False
    return same(before, after)


def logits(given: Any) -> Any:
    """An argument that is differentiated as what an activation takes, at which none saturates."""
    argument = as_argument(given)
    if not isinstance(argument, Real) or not argument.differentiable:
        return given
    return real(argument.shape.text, low=-_LOGIT, high=_LOGIT)


def _undifferentiated(given: Any) -> Any:
    argument = as_argument(given)
    return replace(argument, differentiate=False) if isinstance(argument, Real) else given


def _unread(reading: Reading, wanted: Sequence[str], reason: str) -> Reading:
    reading.reason = reason
    make = reading.sighting.style.make
    needed = [
        p.name
        for p in (() if make is None else parameters_of(make))
        if is_required(p) and p.name not in wanted and not is_optimizer(p.name)
    ]
    init = f"names = {_toml({'init': dict.fromkeys(needed, '…')})}" if needed else ""
    reading.spec = spec_line(reading.sighting, dict.fromkeys(wanted, "…"), init)
    return reading


def _assumption(kind: Kind, inputs: Mapping[str, Any]) -> str:
    dims = ", ".join(f"{name} = {argument_text(given)}" for name, given in inputs.items())
    why = "it runs at these dims" if kind is OTHER else f"by its name, {kind.name}"
    return f"{dims} ({why})"


def spec_line(sighting: Sighting, inputs: Mapping[str, Any], extra: str = "") -> str:
    """The line of a spec that declares a layer."""
    parts = [f"{n} = {_toml(given)}" for n, given in inputs.items()]
    return f"{sighting.name} = {{ {', '.join([*parts, *([extra] if extra else [])])} }}"


def _toml(given: Any) -> str:
    """How an argument is written in a TOML spec."""
    match given:
        case str():
            return f'"{given}"'
        case bool():
            return str(given).lower()
        case int() | float():
            return repr(given)
        case Mapping():
            return f"{{ {', '.join(f'{key} = {_toml(value)}' for key, value in given.items())} }}"
        case list() | tuple():
            return f"[{', '.join(map(_toml, given))}]"
        case Choice(values=(value,)):
            return _toml({"constant": value})
        case Choice(values=values):
            return _toml({"choice": values})
        case Real() | Integers():
            word = type(given).__name__.lower()
            parts: dict[str, Any] = {word: given.shape.text}
            low, high = given.low, given.high
            parts |= {} if low in (None, 0) else {"low": low}
            parts |= {} if high is None else {"high": high}
            if isinstance(given, Real) and not given.differentiate:
                parts["differentiate"] = False
            return _toml(parts)
    return _toml(argument_text(given))


def _wanted(style: Style) -> tuple[list[str], dict[str, Any], str]:
    """The arrays that a layer takes, what else it is given, and what is not known of it."""
    wanted: list[str] = []
    beside: dict[str, Any] = {}
    function = _forward_function(style)
    sizes = {} if style.make is not None else sizes_of([p.name for p in style.takes])
    for parameter in style.takes:
        name = parameter.name
        if name in sizes:
            beside[name] = sizes[name]
            continue
        # ``bias=None`` is a parameter that may be left out.
        optional = parameter.default is None and is_parameter(name) and style.make is None
        if not (is_required(parameter) or optional) or mode_value(name, "train") is not None:
            continue
        if name in style.fixed or (name.lower() in NUMBERS and not _has_gradient(style, name)):
            beside[name] = constant(style.fixed.get(name, NUMBERS.get(name.lower())))
            continue
        keys = _keys_of(function, name)
        if keys and is_parameter_dict(name):
            wanted += keys
        elif keys or (name.endswith(_SETTINGS) and not is_flat(name)):
            made = settings(keys)
            if made is None:
                said = f"it reads {', '.join(map(repr, keys))} from {name}"
                return wanted, beside, f"{said}, whose values are not known"
            beside[name] = made
        elif words := _compared_with(function, name):
            beside[name] = choice(*words) if len(words) > 1 else constant(words[0])
        else:
            wanted.append(name)
    if style.make is not None:
        for parameter in parameters_of(style.make):
            needed = is_required(parameter) and is_parameter(parameter.name)
            if needed and not is_optimizer(parameter.name) and not is_rate(parameter.name):
                wanted.append(parameter.name)
    return wanted, beside, "" if wanted else "its forward function takes no array"


def _has_gradient(style: Style, name: str) -> bool:
    """Whether a rule has a variable for the gradient of a name."""
    code = getattr(style.source, "__code__", None)
    return code is not None and bool(set(gradient_names(name)) & set(code.co_varnames))


def _forward_function(style: Style) -> Any:
    try:
        return style.forward(style.make if style.make is not None else None)
    except AttributeError:
        return None


def _keys_of(function: Any, name: str) -> list[str]:
    """The keys that a function reads from one of its arguments: those that have to be there."""
    found: dict[str, None] = {}
    optional: set[str] = set()
    for node in ast.walk(_tree(function)):
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
    return [key for key in found if key not in optional]


def _unused(function: Any, name: str) -> set[str]:
    """The keys that a function reads into variables that it does not use."""
    tree = _tree(function)
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


def _compared_with(function: Any, name: str) -> list[str]:
    """The words that a function compares one of its arguments with."""
    found: dict[str, None] = {}
    for node in ast.walk(_tree(function)):
        match node:
            case ast.Compare(
                left=ast.Name(id=held), ops=[ast.Eq()], comparators=[ast.Constant(str() as word)]
            ) if held == name:
                found[word] = None
    return list(found)


def _tree(function: Any) -> ast.AST:
    try:
        return ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError, ValueError):
        return ast.Module([], [])


def _completed(
    style: Style, names: Names, kind: Kind, way: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names]]:
    """With the parameters that the object makes for itself."""
    if style.make is None or not inspect.isclass(style.make):
        yield dict(way), names
        return
    if any(is_parameter(p.name) and is_required(p) for p in parameters_of(style.make)):
        yield dict(way), names
        return
    try:
        found, init, places = discovered(style, names, way, sizes_for(kind, way))
    except Exception:
        # Declared as it is, so that what is wrong is said by the declaration itself.
        yield dict(way), names
        return
    if fits(kind, way, found):
        yield {**way, **found}, replace(names, init=init, parameters=places)
