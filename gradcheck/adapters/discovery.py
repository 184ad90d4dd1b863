"""What an object makes for itself: which of its arrays are parameters, and of which dims.

An object is made with distinct small sizes and run. An array of it is a parameter if another value
in its place changes the output; its shape, in those sizes, is its dims.
"""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Collection, Mapping
from types import CodeType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.adapters.landing import arrays_of, is_array, is_layer, landed
from gradcheck.adapters.names import Names
from gradcheck.adapters.places import Place
from gradcheck.adapters.plan import Plan
from gradcheck.adapters.randomness import reproducible
from gradcheck.adapters.session import Session
from gradcheck.adapters.style import Style
from gradcheck.adapters.words import first, gradient_names, is_statistic
from gradcheck.answers import same
from gradcheck.arguments import Argument, as_argument
from gradcheck.dims import Bindings, parse
from gradcheck.errors import DeclarationError
from gradcheck.regimes import draw_reals

_SEED = 5
#: What may be several times as long as an axis, and the axes that are no samples.
_TIMES = (2, 3, 4)
_MULTIPLIED = re.compile(r"(\d\*)?[a-mo-z]\w*")


def discovered(
    style: Style, names: Names, inputs: Mapping[str, Any], sizes: Mapping[str, int]
) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """The dims of the parameters that an object makes, what its constructor is given, and where.

    ``inputs`` are the dims of what the forward method takes. Raises ``DeclarationError`` where the
    object cannot be made or run.
    """
    bindings: Bindings = dict(sizes)
    arguments = {name: as_argument(given) for name, given in inputs.items()}
    rng = np.random.default_rng(_SEED)
    values: dict[str, Any] = {}
    for name, argument in arguments.items():
        values[name] = argument.draw(rng, bindings, "normal", values)
    differentiable = [name for name, argument in arguments.items() if argument.differentiable]
    plan = Plan(style, names, list(inputs), differentiable, [(bindings, values)])
    found: dict[str, str] = {}
    places: dict[str, str] = {}
    given = (argument.dims for argument in arguments.values() if argument.dims is not None)
    axes = {axis.text: axis.size(bindings) for dims in given for axis in dims.axes}
    # What the constructor is given, and what the inputs have: other sizes are a coincidence.
    said = {w for one in plan.way.values() for w in re.findall(r"[a-z]\w*", one.sizes)}
    said |= {word for text in axes for word in re.findall(r"[a-z]\w*", text)}
    numbers = {p.name for p in plan.filling.parameters if isinstance(p.default, int | float)}
    for text, array in _arrays(plan, values, bindings).items():
        if any(same(array, values[name]) for name in plan.filling.inputs):
            continue  # the data that it is made of
        if is_statistic(_name(text)) and not _has_gradient(plan, _name(text)):
            continue
        if _matters(plan, text, array, values, bindings, rng):
            found[_name(text)] = _dims(np.shape(array), sizes, axes, said)
            head = text.partition("[")[0]
            own = head not in (text, _name(text), *style.words.parameters)
            if (text.endswith("]") and text[-2].isdigit()) or _name(text) in numbers or own:
                places[_name(text)] = text  # which no name would find
    init = {name: source.sizes for name, source in plan.way.items() if source.sizes}
    return found, init, places


def _arrays(plan: Plan, values: Mapping[str, Any], bindings: Bindings) -> dict[str, Any]:
    """The arrays of reals that an object holds once it is made, by place."""
    with reproducible(plan.generators), np.errstate(all="ignore"):
        session = Session(plan, values, bindings)
        before = _held(session.object, plan)
        if not before:  # it makes them in its first call
            session.run_forward(values)
            before = _held(session.object, plan, within=plan.style.words.parameters)
            before = before or _lasting(session, plan, values)
    return before


def _lasting(session: Session, plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """The arrays that an object made in a first call, and has after one with other inputs too."""
    made = _held(session.object, plan)
    others = {
        n: v * 0.5 + 0.25 if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for n, v in values.items()
    }
    session.run_forward(others)
    after = _held(session.object, plan)
    given = [np.shape(value) for value in values.values()]
    return {
        text: array
        for text, array in made.items()
        if text in after and same(after[text], array) and np.shape(array) not in given
    }


def _held(made: Any, plan: Plan, within: tuple[str, ...] = ()) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for text, value in list(vars(made).items()) if hasattr(made, "__dict__") else []:
        if (within and text not in within) or is_layer(value, plan.style.words):
            continue
        if isinstance(value, dict):
            parts = {f"{text}[{key!r}]": part for key, part in value.items()}
            deeper = [(path, part) for path, part in parts.items() if isinstance(part, dict)]
            parts |= {f"{path}[{k!r}]": leaf for path, part in deeper for k, leaf in part.items()}
        elif isinstance(value, list):
            parts = {f"{text}[{k}]": part for k, part in enumerate(value)}
        elif not is_array(value) and (key := first(plan.style.words.value_key, value)):
            parts = {f"{text}.{key}": getattr(value, key)}
        else:
            parts = {text: value}
        found |= {
            path: part
            for path, part in parts.items()
            if is_array(part) and np.asarray(part).dtype.kind == "f"
            if np.ndim(part) or ("[" in path and _is_named(plan, _name(path)))
        }
        number = isinstance(value, float | int) or (is_array(value) and np.ndim(value) == 0)
        if number and not isinstance(value, bool):
            found |= {text: np.float64(value)} if _has_gradient(plan, text) else {}
    # An array in a list that is an attribute too is called as the attribute is.
    plain = {id(part) for path, part in found.items() if "[" not in path}
    return {path: part for path, part in found.items() if "[" not in path or id(part) not in plain}


def _has_gradient(plan: Plan, name: str) -> bool:
    """Whether the backward function has a variable or an attribute for the gradient of a number."""
    code = _code(plan)
    called = {*code.co_varnames, *code.co_names} if code is not None else set()
    return not called.isdisjoint(gradient_names(name, plan.style.words))


def _is_named(plan: Plan, name: str) -> bool:
    """Whether the gradient of a number in a dict has a name, or lies in a dict by that name."""
    code = _code(plan)
    return _has_gradient(plan, name) or (code is not None and name in code.co_consts)


def _code(plan: Plan) -> CodeType | None:
    """The code of the backward function, if there is one that is written in Python."""
    source = plan.style.source
    return getattr(inspect.unwrap(source), "__code__", None) if source else None


def layers_within(plan: Plan, values: Mapping[str, Any], bindings: Bindings) -> list[str]:
    """The attributes of an object that are layers, and hold arrays as parameters are."""
    if not inspect.isclass(plan.style.make):
        return []
    given = {type(source.value) for source in plan.way.values()}
    with reproducible(plan.generators), np.errstate(all="ignore"):
        made = Session(plan, values, bindings).object
    return [
        text
        for text, value in (vars(made).items() if hasattr(made, "__dict__") else ())
        for one in (value if isinstance(value, list | tuple) else [value])[:1]
        if is_layer(one, plan.style.words) and type(one) not in given
        if any(np.ndim(array) for array in arrays_of(one))
    ]


def unchecked(plan: Plan, values: Mapping[str, Any], bindings: Bindings) -> list[tuple[str, str]]:
    """The names of parameters whose gradients nothing asks for, and where the gradients lie."""
    rng = np.random.default_rng(_SEED)
    found: list[tuple[str, str]] = []
    for text, gradient in plan.unasked if plan.style.make is not None else ():
        with reproducible(plan.generators), np.errstate(all="ignore"):
            session = Session(plan, values, bindings)
            if not landed(Place.parse(text or "_"), session.object, None):
                continue  # made by the forward function, and no parameter
            array = Place.parse(text).read(session.object)
        if np.ndim(array) and _matters(plan, text, array, values, bindings, rng):
            found.append((_name(text), gradient))
    return found


def _matters(
    plan: Plan,
    text: str,
    array: Any,
    values: Mapping[str, Any],
    bindings: Bindings,
    rng: np.random.Generator,
) -> bool:
    """Whether the output depends on what lies at a place."""
    outputs: list[NDArray[Any]] = []
    for other in (False, True):
        with reproducible(plan.generators), np.errstate(all="ignore"):
            session = Session(plan, values, bindings)
            if not landed(Place.parse(text), session.object, None):
                session.run_forward(values)
                session.flush()
            if other:
                try:
                    changed = np.asarray(array) + draw_reals(rng, np.shape(array), "normal")
                    Place.parse(text).write(session.object, changed)
                except (DeclarationError, KeyError, IndexError, AttributeError):
                    return False
            try:
                session.run_forward(values)
                outputs.append(np.asarray(session.collect()[0]))
            except Exception:
                return False
    before, after = outputs
    return not np.array_equal(before, after)


def _name(text: str) -> str:
    """What a parameter at a place is called: ``params['W']`` is W, ``W['val']`` too."""
    text = text.partition(".")[0]
    head, _, key = text.partition("[")
    if "][" in key:  # params['W']['val']
        head, _, key = key.partition("][")
        head = head.strip("'\"")
    key = key.strip("]'\"")
    if not key or key in ("val", "value", "data", "w", "param"):
        return head if not key or key != "w" or head not in ("params", "parameters") else key
    return key if not key.isdigit() else f"{head}{key}"


def _dims(
    shape: tuple[int, ...],
    sizes: Mapping[str, int],
    axes: Mapping[str, int],
    said: Collection[str],
) -> str:
    """The dims of a shape, in sizes that are distinct, or as an axis of an input: 2*g, d+1.

    ``said`` are the sizes that the object or its inputs have.
    """
    by_size: dict[int, str] = {}
    for name, size in sizes.items():
        if name in said:
            by_size.setdefault(size, name)
    for name, size in axes.items():
        if name in said and name == "d":
            by_size.setdefault(size + 1, f"{name}+1")  # with a column of ones for the bias
    for name, size in axes.items():
        by_size.setdefault(size, name)
    # Of one axis alone, as queries, keys and values have: 3*d. Or of what is hidden: 4*h.
    made_with = {name: size for name, size in sizes.items() if name in said}
    products = [
        (times * size, _multiple(times, name))
        for times, (name, size) in itertools.product(_TIMES, {**made_with, **axes}.items())
        if _MULTIPLIED.fullmatch(name)
    ]
    sums = {one + other for one, other in itertools.combinations(sizes.values(), 2)}
    for size, name in products:
        if [one for one, _ in products].count(size) == 1 and (size not in sums or "d" in name):
            by_size.setdefault(size, name)
    for (a, one), (b, other) in itertools.combinations(sizes.items(), 2):
        by_size.setdefault(one + other, f"{a}+{b}")  # of a cell: what comes in, and what is hidden
    words = [by_size.get(size, str(size)) if size != 1 else "1" for size in shape]
    text = " ".join(words)
    parse(text)
    return text


def _multiple(times: int, name: str) -> str:
    """Three times 2*d as 6*d."""
    number, star, axis = name.rpartition("*")
    return f"{times * int(number)}*{axis}" if star else f"{times}*{name}"


def argument_text(argument: Any) -> str:
    """How an argument is written in a spec and in an assumption."""
    if isinstance(argument, str):
        return repr(argument).replace("'", '"')
    if isinstance(argument, Argument):
        words = {
            "Real": "real", "Integers": "integers", "Simplex": "simplex", "OneHot": "one_hot",
            "Boolean": "boolean",
        }  # fmt: skip
        word = words.get(type(argument).__name__, "choice")
        if word == "choice":
            values: tuple[Any, ...] = getattr(argument, "values", ())
            return f"constant({values[0]!r})" if len(values) == 1 else f"choice{values!r}"
        dims = argument.dims
        given = {name: getattr(argument, name, None) for name in ("low", "high", "differentiate")}
        if word == "one_hot":
            given = {"axis": 0} if getattr(argument, "axis", -1) == 0 else {}
        extra = [
            f"{name}={one!r}" for name, one in given.items() if one is not None and one is not True
        ]
        return f'{word}("{dims.text if dims else ""}"{"".join(", " + one for one in extra)})'
    return repr(argument)
