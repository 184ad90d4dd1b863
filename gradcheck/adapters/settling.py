"""A layer with its dims: what is assumed of it, and the line of a spec that says it."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gradcheck.adapters.by_name import outer_parameters
from gradcheck.adapters.discovery import argument_text
from gradcheck.adapters.kinds import OTHER, WRITTEN, Kind
from gradcheck.adapters.layers import declare, plan_of, trials
from gradcheck.adapters.names import Names
from gradcheck.adapters.one_hot import OneHot
from gradcheck.adapters.packed_parameters import are_packed
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.standins import Activation, Sublayer, initial
from gradcheck.adapters.style import as_is, is_required, parameters_of
from gradcheck.adapters.words import (
    is_data,
    is_noise,
    is_optimizer,
    is_parameter,
    is_regression,
    is_target,
    is_weight_of_samples,
)
from gradcheck.answers import same
from gradcheck.arguments import Boolean, Choice, Integers, Real, as_argument, real
from gradcheck.claims import Derivation

#: Beyond these, what follows a softmax or sigmoid may saturate.
_LOGIT = 4.0


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


def settled(reading: Reading, kind: Kind) -> Reading:
    """A reading with what it assumes; an input that changes no output is not differentiated."""
    plan = plan_of(reading.declared) if reading.declared is not None else None
    assert reading.declared is not None
    assert plan is not None
    missing = [name for name in plan.differentiable if plan.gradients.get(name) is None]
    idle = [name for name in missing if not plan.trial_error and changes_nothing(reading, name)]
    # A rule of a framework says with None that an argument is not differentiated.
    some = len(missing) < len(plan.differentiable)
    # A network, whose parameters are not among what it takes.
    network = are_packed(reading.sighting.what) or bool(outer_parameters(reading.sighting.what))
    of_value = plan.style.backward is None or plan.style.kind == "of inputs"
    none = [
        name
        for name in missing
        # A weight beside those that are learned is one of the samples.
        if (of_value and some and is_weight_of_samples(name, plan.differentiable))
        or (
            not is_parameter(name)
            and (
                (plan.style.inward is as_is and name != plan.inputs[0])
                # A loss with its gradients has none for data.
                or (plan.style.backward is None and some)
                or (of_value and some and is_data(name))
                or (some and (is_noise(name) or plan.style.network or plan.style.skips))
                # Nor does one whose parameters come in one argument, or that is a model itself.
                or (some and is_data(name) and (network or is_regression(reading.sighting.name)))
                # The first layer of a network needs no gradient of its input, and says so.
                or (name in plan.forward_inputs and _returns_none(plan.style.source))
            )
        )
    ]
    targets = [
        name
        for name in missing
        if plan.is_loss and is_target(name) and not plan.trial_error and name not in idle
    ]
    known = {*idle, *none, *targets}
    given = [] if plan.places or plan.trial_error or not plan.is_loss else missing
    fixed = [name for name in given if some and name not in known and is_data(name)]
    left = {*known, *fixed}
    if left and left != set(plan.differentiable):
        reading.inputs = {
            n: undifferentiated(given) if n in left else given
            for n, given in reading.inputs.items()
        }
        reading.declared = declare(
            (*reading.sighting.what, reading.names), reading.inputs, guessed=True
        )
    reading.assumptions = [_assumption(kind, reading.inputs), *plan.style.assumes]
    for name, source in plan.way.items():
        if name not in reading.names.init and (word := _stands_for(source.value)):
            reading.assumptions.append(f"it is made with {name} = {word}")
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
    reading.assumptions += [f"{name} is given: its gradient rule has none for it" for name in fixed]
    return reading


def _stands_for(value: Any) -> str:
    """What a layer was made with that its author did not say."""
    match value:
        case str():
            return value
        case Activation():
            return "tanh"
        case [Sublayer(), *_]:
            return "two layers of tanh and running sums"
        case Sublayer():
            return "a layer of tanh and running sums"
    if value is Activation:
        return "a class for tanh"
    return "normal numbers" if value is initial else ""


def _returns_none(function: Any) -> bool:
    """Whether a backward function says that it gives nothing: ``return None``."""
    returns = [node for node in nodes_of(function) if isinstance(node, ast.Return)]
    return bool(returns) and all(
        isinstance(one.value, ast.Constant) and one.value.value is None for one in returns
    )


def gives_nothing(function: Any) -> bool:
    """Whether a backward function has no ``return`` with anything in it."""
    nodes = nodes_of(function)
    given = [node.value for node in nodes if isinstance(node, ast.Return) and node.value]
    return bool(nodes) and not given


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


def undifferentiated(given: Any) -> Any:
    """An argument of which no gradient is wanted."""
    argument = as_argument(given)
    return replace(argument, differentiate=False) if isinstance(argument, Real) else given


def unread(
    reading: Reading, wanted: Sequence[str], reason: str, beside: Mapping[str, Any] | None = None
) -> Reading:
    """A reading that says why there is no derivation, with the line that would settle it."""
    reading.reason = reason
    make = reading.sighting.style.make
    needed = [
        p.name
        for p in (() if make is None else parameters_of(make))
        if is_required(p) and p.name not in wanted and not is_optimizer(p.name)
    ]
    init = f"names = {_toml({'init': dict.fromkeys(needed, '…')})}" if needed else ""
    inputs = {**dict.fromkeys(wanted, "…"), **(beside or {})}
    reading.spec = spec_line(reading.sighting, inputs, init)
    return reading


def _assumption(kind: Kind, inputs: Mapping[str, Any]) -> str:
    dims = ", ".join(f"{name} = {argument_text(given)}" for name, given in inputs.items())
    why = "it runs at these dims" if kind is OTHER else f"by its name, {kind.name}"
    why = "the sizes that it is written for" if kind.name == WRITTEN.name else why
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
        case Boolean():
            return _toml({"boolean": given.shape.text})
        case OneHot():
            return _toml({"one_hot": given.shape.text} | ({"axis": 0} if given.axis == 0 else {}))
        case Real() | Integers():
            word = type(given).__name__.lower()
            parts: dict[str, Any] = {word: given.shape.text}
            low, high = given.low, given.high
            usual = 0 if isinstance(given, Integers) else None
            parts |= {} if low == usual else {"low": low}
            parts |= {} if high is None else {"high": high}
            if isinstance(given, Real) and not given.differentiate:
                parts["differentiate"] = False
            return _toml(parts)
    return _toml(argument_text(given))
