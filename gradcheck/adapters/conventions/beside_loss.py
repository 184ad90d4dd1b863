"""A network with the gradients of a loss that it computes nowhere: ``backward(X, Y, cache)``.

``forward_prop(X, params) -> A2, cache`` gives predictions, and the labels come to the backward
function alone. What the loss is, ``names(loss=…)`` says, or a scan tries.
"""

from __future__ import annotations

import ast
import copy
import functools
import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.adapters import losses
from gradcheck.adapters.landing import is_array, returned_names
from gradcheck.adapters.names import Names
from gradcheck.adapters.pairs import pairs
from gradcheck.adapters.sources import nodes_of, tree_of
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import (
    NUMBERS,
    WORDS,
    is_cache,
    is_cotangent,
    is_data,
    is_label,
    is_loss,
    is_optimizer,
    is_prediction,
    is_rate,
    is_target,
)
from gradcheck.errors import DeclarationError

PRIORITY = 46
CONVENTION = "network with the gradients of a loss"

_DATA = ("x", "X", "inputs", "data", "batch")
#: Methods that predict, and those that make one step of training.
_PREDICT = (
    *WORDS.forward, "predict", "query", "think", "activate", "predict_proba", "output", "infer",
    "run", "evaluate", "net_output",
)  # fmt: skip
_STEP = (
    "train_step", "train_on_batch", "training_step", "train_batch", "fit_batch", "partial_fit",
    "train", "update", "learn", "step", "update_weights", "sgd_step", "fit_one", "train_one",
)  # fmt: skip
_FORWARD = re.compile(r"forward|feed|fprop|fwd", re.IGNORECASE)
_BACKWARD = re.compile(r"back|bprop|bwd", re.IGNORECASE)
_KEPT = inspect.Parameter("cache", inspect.Parameter.POSITIONAL_OR_KEYWORD)


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """Two functions, or a class, of which backward alone takes what is to be predicted."""
    if len(what) == 2 and all(map(inspect.isfunction, what)):
        forward, backward = what
        label = _label(parameters_of(forward), parameters_of(backward), forward, made=False)
        name = re.sub(r"_?forward(?=_|$)", "", forward.__name__).strip("_") or forward.__name__
        name = forward.__name__ if name in ("prop", "pass", "propagation") else name
        cost = names.loss if names.loss in costs(forward, backward, label) else ""
        return _style(
            name, None, lambda _: forward, lambda _: backward, label, backward, names, cost
        )  # fmt: skip
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    run, back = (
        next((n for n in among if inspect.isfunction(inspect.getattr_static(cls, n, None))), "")
        for among in (
            (names.forward,) if names.forward else WORDS.forward,
            (names.backward,) if names.backward else WORDS.backward,
        )
    )
    steps = not back and not names.backward
    if steps:
        run, back = _step_of(cls, names.forward)
    if not run or not back or run == back:
        return None
    if (data := _made_of_data(cls, run, back)) is not None:
        return _of_data(cls, run, back, data, names)
    takes, gets = (parameters_of(getattr(cls, n), skip_first=True) for n in (run, back))
    own = _own_losses(cls)
    less = _taken_away(getattr(cls, back), [p.name for p in gets])
    label = _label(takes, gets, getattr(cls, run), made=True, own={*own, *less})
    return _style(
        cls.__name__, cls, lambda made: getattr(made, run), lambda made: getattr(made, back),
        label, getattr(cls, back), names, "" if names.loss else own.get(label, ""), steps=steps,
    )  # fmt: skip


def _step_of(cls: type, forward: str) -> tuple[str, str]:
    """What predicts, and a method that makes one step of training: ``predict``, ``train(x, y)``.

    Its gradients are told by how far the parameters move. One that goes over samples or epochs
    makes several steps, of which nothing is told.
    """
    own = dict(inspect.getmembers(cls, inspect.isfunction))
    run = next((n for n in ((forward,) if forward else _PREDICT) if n in own), "")
    back = next((n for n in _STEP if n in own), "")
    if not run or not back or not _moves_once(own[back]):
        return "", ""
    return run, back


def _moves_once(method: Any) -> bool:
    """Whether a method changes attributes of its object, outside of every loop."""
    tree = tree_of(method)
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.For | ast.While)]
    inside = {id(one) for loop in loops for one in ast.walk(loop)}
    moved = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.AugAssign | ast.Assign)
        and any("self." in ast.unparse(t) for t in _targets_of(node))
        and _steps(node)
    ]
    return bool(moved) and not any(id(node) in inside for node in moved)


def _targets_of(node: ast.AugAssign | ast.Assign) -> list[ast.expr]:
    return [node.target] if isinstance(node, ast.AugAssign) else node.targets


def _steps(node: ast.AugAssign | ast.Assign) -> bool:
    """Whether something is added to what was there: ``w -= …``, ``w = w - …``."""
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Add | ast.Sub)
    (target, *_) = node.targets
    value = node.value
    summed = isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add | ast.Sub)
    return summed and ast.unparse(target) in ast.unparse(value)


def _is_turned(source: Any, label: str) -> bool:
    """Whether a method turns what is to be predicted around: ``np.array(targets, ndmin=2).T``."""
    return any(
        isinstance(node, ast.Attribute)
        and node.attr == "T"
        and any(isinstance(one, ast.Name) and one.id == label for one in ast.walk(node.value))
        for node in nodes_of(source)
    )


def _taken_away(backward: Any, names: Collection[str]) -> set[str]:
    """What a method takes away from what its object keeps: ``self.out - y`` is no cotangent."""
    return {
        node.right.id
        for node in nodes_of(backward)
        if isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.Sub)
        and isinstance(node.right, ast.Name)
        and node.right.id in names
        and "self." in ast.unparse(node.left)
    }


def _made_of_data(cls: Any, run: str, back: str) -> tuple[inspect.Parameter, ...] | None:
    """The data and the targets that a constructor takes, where forward and backward take nothing.

    ``NeuralNetwork(x, y)``, with ``feedforward()`` and ``backprop()``.
    """
    needed = tuple(p for p in parameters_of(cls) if is_required(p))
    for name in (run, back):
        if any(is_required(p) for p in parameters_of(getattr(cls, name), skip_first=True)):
            return None
    told = [is_target(p.name) for p in needed]
    return needed if told == [False, True] and is_data(needed[0].name) else None


def _of_data(
    cls: Any, run: str, back: str, data: tuple[inspect.Parameter, ...], names: Names
) -> Style:
    """A network that is made of its data and its targets."""
    label = data[1].name
    loss = names.loss or next(iter(losses.LOSSES))

    def forward(made: Any) -> Any:
        def with_loss(**given: Any) -> tuple[Any, Any]:
            getattr(made, run)()
            held = [text for text in WORDS.output if is_array(getattr(made, text, None))]
            if not held:
                raise DeclarationError(f"{cls.__name__}: no attribute holds what it predicts")
            return losses.value(loss, copy.copy(getattr(made, held[0])), given[label]), made

        return with_loss

    return Style(
        convention=CONVENTION,
        name=cls.__name__,
        forward=forward,
        backward=lambda made: lambda cache: getattr(made, back)(),
        make=cls,
        returns_cache=True,
        source=getattr(cls, back),
        takes=data,
        gets=(_KEPT,),
    )


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class, and pairs of functions by their names and parameters."""
    functions = [one for one in namespace.values() if inspect.isfunction(one)]
    halves = [
        [one for one in functions if word.search(one.__name__)] for word in (_FORWARD, _BACKWARD)
    ]
    alone = [
        (forward, backward)
        for backward in halves[1]
        for forward in halves[0]
        if {p.name for p in parameters_of(forward)} <= {p.name for p in parameters_of(backward)}
        or all(len(half) == 1 for half in halves)
    ]
    classes = [(one,) for one in namespace.values() if inspect.isclass(one)]
    for what in (*classes, *pairs(namespace), *alone):
        if style_of(what, Names()) is not None:
            yield what


def _label(
    takes: tuple[inspect.Parameter, ...],
    gets: tuple[inspect.Parameter, ...],
    forward: Any,
    *,
    made: bool,
    own: Collection[str] = (),
) -> str:
    """What backward alone takes and is to be predicted; empty where it is given a cotangent.

    ``own`` is what methods for a loss take.
    """
    needed = [p.name for p in gets if is_required(p) and not is_rate(p.name)]
    known = {p.name for p in takes} | set(returned_names(forward))
    labels = [name for name in needed if is_target(name) and name not in known]
    others = [name for name in needed if name not in labels]
    if len(labels) != 1 or any(is_cotangent(name) and name not in known for name in others):
        return ""
    # ``backward(y)`` may be a cotangent, or what an activation gave.
    beside = set(others) & {*_DATA, *known} or any(map(is_cache, others))
    return labels[0] if beside or (made and (is_label(labels[0]) or labels[0] in own)) else ""


def _own_losses(cls: type) -> dict[str, str]:
    """The methods of a class for a loss by what they take: ``loss(y)``, beside ``backward(y)``.

    Also ``loss(x, y)`` of what its ``predict(x)`` takes, beside a step of training.
    """
    found: dict[str, str] = {}
    run, step = _step_of(cls, "")
    data = parameters_of(getattr(cls, run), skip_first=True) if step else ()
    both = {p.name for p in data if is_required(p)}
    for name, method in inspect.getmembers(cls, inspect.isfunction):
        needed = [p.name for p in parameters_of(method, skip_first=True) if is_required(p)]
        told = [one for one in needed if one not in both]
        if is_loss(name) and len(told) == 1 and (len(needed) == 1 or is_target(told[0])):
            found.setdefault(told[0], name)
    return found


def own_loss(what: tuple[Any, ...], label: str) -> str:
    """The method with which a class computes the loss that its gradients are of, if any."""
    return _own_losses(what[0]).get(label, "") if inspect.isclass(what[0]) else ""


def costs(forward: Any, backward: Any, label: str) -> list[str]:
    """The functions of a file for the cost of what a forward function predicts.

    Each takes the labels and what can be told of the rest, and every number that the backward
    function takes, as that of a weight decay.
    """
    known = {p.name for p in parameters_of(forward)} | {label, *returned_names(forward)}
    lowered = {name.lower() for name in known}
    numbers = numbers_of(backward)
    found: list[str] = []
    for name, one in forward.__globals__.items():
        if inspect.isfunction(one) and is_loss(name) and one.__module__ == forward.__module__:
            needed = [p.name for p in parameters_of(one) if is_required(p)]
            left = [n for n in needed if n.lower() not in lowered | set(numbers)]
            if label in needed and numbers <= set(needed) and len(needed) > 1 and len(left) <= 1:
                found.append(name)
    return found


def numbers_of(backward: Any) -> set[str]:
    """The numbers that a backward function needs, such as that of a weight decay."""
    return {p.name for p in parameters_of(backward) if is_required(p) and p.name.lower() in NUMBERS}


@dataclass(frozen=True)
class _Run:
    """What one call of the forward function was given and gave, for the backward function."""

    given: Mapping[str, Any]
    labels: Any
    parts: Mapping[str, Any]
    predicted: str


def _style(
    name: str,
    make: Any,
    forward: Callable[[Any], Any],
    backward: Callable[[Any], Any],
    label: str,
    source: Any,
    names: Names,
    own: str = "",
    *,
    steps: bool = False,
) -> Style | None:
    if not label:
        return None
    takes = parameters_of(forward(make), skip_first=make is not None)
    gets = parameters_of(source, skip_first=make is not None)
    loss, turned = names.loss or next(iter(losses.LOSSES)), _is_turned(source, label)
    if not own and loss not in losses.LOSSES:
        raise DeclarationError(
            f"names: loss = {loss!r}: no function of that name beside {name} takes {label} and "
            f"what can be told of the rest; others are {', '.join(losses.LOSSES)}"
        )

    def run(made: Any) -> Any:
        function = forward(made)

        @functools.wraps(function)
        def with_loss(*values: Any, **named: Any) -> tuple[Any, _Run]:
            given = dict(zip((*(p.name for p in takes), label), values, strict=False)) | named
            labels = given.pop(label)
            parts = _parts(function(**given), function)
            predicted = _predicted(parts)
            if own and made is None:
                cost = function.__globals__[own]
                wanted = [p.name for p in parameters_of(cost) if is_required(p)]
                supplied = _supplied(wanted, _Run(given, labels, parts, predicted), label)
                amount = np.float64(np.squeeze(cost(**copy.deepcopy(supplied))))
            elif own:
                every = copy.copy({**given, label: labels})
                needed = [p.name for p in parameters_of(getattr(made, own)) if is_required(p)]
                amount = np.float64(getattr(made, own)(**{n: every[n] for n in needed}))
            else:
                told = np.transpose(labels) if turned and np.ndim(labels) > 1 else labels
                amount = losses.value(loss, copy.copy(parts[predicted]), told)
            return amount, _Run(given, labels, parts, predicted)

        return with_loss

    def pull(made: Any) -> Any:
        function = backward(made)

        @functools.wraps(function)
        def of_loss(cache: _Run, **rest: Any) -> Any:
            needed = [p.name for p in gets if is_required(p) and p.name not in rest]
            answer = function(**copy.deepcopy(_supplied(needed, cache, label)), **rest)
            return None if steps else answer  # a step gives its loss, or nothing

        return of_loss

    extra = [p for p in gets if is_rate(p.name) or is_optimizer(p.name)]
    return Style(
        convention=CONVENTION,
        name=name,
        forward=run,
        backward=pull,
        make=make,
        returns_cache=True,
        source=source,
        takes=(*takes, inspect.Parameter(label, inspect.Parameter.KEYWORD_ONLY)),
        gets=(_KEPT, *extra),
    )


def _parts(returned: Any, function: Any) -> dict[str, Any]:
    """What a forward function returned, by what its ``return`` or its keys call it."""
    if isinstance(returned, Mapping):
        return {"cache": returned, **returned}
    several = returned if isinstance(returned, tuple | list) else (returned,)
    called = returned_names(function)
    if len(called) != len(several):
        called = [f"returned[{k}]" for k in range(len(several))]
    found = dict(zip(called, several, strict=True))
    for part in several:
        if isinstance(part, Mapping):
            found = {**part, **found}
    return found


def _predicted(parts: Mapping[str, Any]) -> str:
    """Which of the parts is the prediction: as it is called, or the last activation."""
    arrays = [name for name, part in parts.items() if is_array(part)]
    if not arrays:
        raise DeclarationError("no array among what the forward function returns")
    said = [name for name in arrays if is_prediction(name)]
    numbered = [(int(n[1:]), n) for n in arrays if re.fullmatch(r"[aA]\d+", n)]
    return said[0] if said else max(numbered)[1] if numbered else arrays[-1]


def _supplied(needed: list[str], run: _Run, label: str) -> dict[str, Any]:
    """What the backward function is given; one thing that nothing is called is the prediction."""
    found: dict[str, Any] = {label: run.labels}
    lowered = {name.lower(): name for name in run.parts}
    held = [part for part in run.parts.values() if isinstance(part, Mapping | tuple)]
    for name in needed:
        if name in run.given or name in run.parts:
            found[name] = run.given[name] if name in run.given else run.parts[name]
        elif name.lower() in lowered and name != label:
            found[name] = run.parts[lowered[name.lower()]]
        elif is_cache(name) and held:
            found[name] = held[-1]
        elif name.lower() in NUMBERS:
            found[name] = NUMBERS[name.lower()]
        elif is_data(name) and (data := [n for n, one in run.given.items() if is_array(one)]):
            found[name] = run.given[data[0]]  # X, of what forward calls x_train
    left = [name for name in needed if name not in found]
    if len(left) > 1:
        raise DeclarationError(f"what {' and '.join(left)} of its backward function are")
    return found | dict.fromkeys(left, run.parts[run.predicted])
