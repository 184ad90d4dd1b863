"""A loss and its gradient with the same inputs: ``loss(y, y_pred)`` and ``grad(y, y_pred)``.

Two methods of a class, or two functions, ``mse`` and ``mse_prime``. Also where the backward method
is given the predictions again, under whatever name: ``forward(y_pred, y_true)`` and
``backward(dvalues, y_true)``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gradcheck.adapters.landing import returned_names
from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import (
    derived_from,
    gradient_names,
    is_activation,
    is_cache,
    is_data,
    is_flat,
    is_logits,
    is_loss,
    is_target,
    is_weight,
)

PRIORITY = 45
CONVENTION = "loss with its gradient"

_LOSS = (
    "calculate", "loss", "cost", "fn", "forward", "__call__", "compute", "apply", "_loss", "_cost",
    "objective", "_objective", "compute_loss", "compute_cost", "_compute_loss", "loss_function",
    "cost_function",
)  # fmt: skip
_LIKELIHOOD = ("loglike", "log_likelihood", "loglikelihood", "log_prob", "logpdf")
#: Of these, the methods of a model that may take data alone.
_OF_DATA = ("loss", "cost")
_GRADIENT = (
    "grad", "gradient", "delta", "loss_grad", "derivative", "backward", "dloss", "grad_loss",
    "prime", "_gradient", "_grad", "_gradients", "gradients", "compute_gradient",
    "compute_gradients", "_compute_gradient", "loss_gradient", "cost_gradient",
)  # fmt: skip


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A class with a loss and its gradient, both of two inputs or more, or two functions."""
    if len(what) == 2 and all(inspect.isfunction(one) for one in what):
        return _of_functions(*what)
    if len(what) != 1 or not inspect.isclass(what[0]):
        return None
    (cls,) = what
    backward = _method(cls, (names.backward,) if names.backward else _GRADIENT)
    losses: tuple[str, ...] = (names.forward,) if names.forward else _LOSS
    if backward is None and not names.backward:
        # Of statisticians; to others a score is how much was predicted right.
        backward, losses = _method(cls, ("score",)), _LIKELIHOOD
    if backward is None:
        return None
    for text in losses:
        forward = _method(cls, (text,))
        if forward is None or forward[0] == backward[0]:
            continue
        alone = text in (*_OF_DATA, *_LIKELIHOOD) and backward[0] != "backward"
        if _same(forward[1], backward[1], named=is_loss(cls.__name__) or alone):
            of_model = _is_of_model(forward[1], getattr(cls, backward[0]))
            return _style(
                cls.__name__, forward[1], backward[1], getattr(cls, backward[0]),
                lambda made, name=forward[0]: getattr(made, name),
                lambda made: getattr(made, backward[0]),
                cls,
                "model with its loss" if of_model else CONVENTION,
            )  # fmt: skip
    return None


def _is_of_model(takes: tuple[inspect.Parameter, ...], gradient: Any) -> bool:
    """Whether gradients are those of a model's parameters: of data and targets, none for data."""
    names = [parameter.name for parameter in takes if is_required(parameter)]
    if any(is_weight(name) or is_flat(name) for name in names):
        return False  # what is learned is given
    code = inspect.unwrap(gradient).__code__
    named = {*code.co_varnames, *code.co_names, *returned_names(gradient)}
    data = [name for name in names if name in ("x", "X", "inputs", "data", "batch")]
    told = any(map(is_target, names)) or len(names) == 1
    return bool(data) and told and named.isdisjoint(gradient_names(data[0]))


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class, and functions whose names differ by a word for the derivative."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)
    functions = {n: f for n, f in namespace.items() if inspect.isfunction(f)}
    for name, gradient in functions.items():
        for partner in derived_from(name):
            if partner in functions and partner != name:
                if _of_functions(functions[partner], gradient) is not None:
                    yield functions[partner], gradient
                break


def _of_functions(loss: Any, gradient: Any) -> Style | None:
    takes, gets = parameters_of(loss), parameters_of(gradient)
    known = is_loss(loss.__name__) or any(is_target(parameter.name) for parameter in takes)
    if not known or not _same(takes, gets):
        return None
    return _style(loss.__name__, takes, gets, gradient, lambda _: loss, lambda _: gradient, None)


def _style(
    name: str,
    takes: tuple[inspect.Parameter, ...],
    gets: tuple[inspect.Parameter, ...],
    source: Any,
    forward: Callable[..., Any],
    backward: Callable[..., Any],
    make: Any,
    convention: str = CONVENTION,
) -> Style:
    return Style(
        convention=convention,
        name=name,
        forward=forward,
        backward=backward,
        make=make,
        kind="of inputs",
        source=source,
        takes=takes,
        gets=gets,
    )


def _same(
    takes: tuple[inspect.Parameter, ...],
    gets: tuple[inspect.Parameter, ...],
    *,
    named: bool = False,
) -> bool:
    """Whether both are of the same inputs: all by name, or of a loss the target by its place."""
    first = [parameter.name for parameter in takes if is_required(parameter)]
    second = [parameter.name for parameter in gets if is_required(parameter)]
    # ``delta(z, a, y)``: of an activation before the loss, which is given beside.
    # So is the activation itself: ``grad(y, y_pred, z, act_fn)``.
    beside = [name for name in second if is_logits(name)]
    beside += [name for name in second if beside and is_activation(name)]
    second = [name for name in second if name in first or name not in beside]
    if len(first) == len(second) == 1:
        return first == second and is_data(first[0]) and named  # of a model of data alone
    if len(first) < 2 or any(map(is_cache, second)):
        return False
    if set(second) <= set(first):
        return len(second) == len(first)
    if not named:
        return False
    pairs = list(zip(first, second, strict=False))
    targets = [k for k, pair in enumerate(pairs) if all(map(is_target, pair))]
    return len(first) == len(second) == 2 and len(targets) == 1


def _method(cls: type, names: tuple[str, ...]) -> tuple[str, tuple[inspect.Parameter, ...]] | None:
    for name in names:
        held = inspect.getattr_static(cls, name, None)
        if inspect.isfunction(held) or isinstance(held, staticmethod):
            static = isinstance(held, staticmethod)
            return name, parameters_of(getattr(cls, name), skip_first=not static)
    return None
