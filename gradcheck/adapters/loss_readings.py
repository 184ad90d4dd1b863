"""What loss the gradients of a network are of, where its labels come to backward alone.

Each loss is measured at one point; that of which the gradients of most parameters are, up to one
constant, is what the network is then held to. The verdict is that of the whole check.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.adapters import written_sizes
from gradcheck.adapters.conventions import beside_loss
from gradcheck.adapters.inputs import wanted_of
from gradcheck.adapters.kinds import NETWORK, WRITTEN
from gradcheck.adapters.layers import declare, plan_of, trials
from gradcheck.adapters.losses import LOSSES
from gradcheck.adapters.names import Names
from gradcheck.adapters.one_hot import one_hot
from gradcheck.adapters.places import evaluate
from gradcheck.adapters.recognition import completed, read
from gradcheck.adapters.scales import constants
from gradcheck.adapters.settling import Reading, settled, undifferentiated, unread
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.words import is_parameter, is_target, is_weight
from gradcheck.arguments import as_argument, integers, real
from gradcheck.claims import Derivation

#: The step of the differences by which losses are told from each other: no verdict rests on it.
_STEP = 2.0**-16
#: Of an array of more entries, along so many directions.
_MANY, _SEED = 32, 0
#: A gradient within this of one is worth trying as that.
_NEAR = 1e-2
#: A size of two is no other than the constant.
_PAIR = 2
#: Sizes along a network, by how many matrices it has.
_CHAINS = {1: "d c", 2: "d h c", 3: "d h k c"}
_WEIGHT, _BIAS = r"(?i)(w|weight|theta)s?_?.{0,3}", r"(?i)(b|bias)(es)?_?.{0,2}"


def read_with_loss(sighting: Sighting) -> Reading:
    """The network with the loss and the dims that fit most of its gradients."""
    style = sighting.style
    wanted, beside, problem = wanted_of(style)
    if problem:
        return unread(Reading(sighting), wanted, problem)
    best, reason, against = _Fit(), "none of the dims that were tried fits", ""
    label = next((name for name in wanted if is_target(name)), "")
    method = beside_loss.own_loss(sighting.what, label)
    # A weight decay is part of a cost that stands beside the network, and of no other.
    first: list[str] = []
    if style.make is None and beside_loss.numbers_of(style.source):
        first = beside_loss.costs(sighting.what[0], sighting.what[1], label)
    written = written_sizes.WrittenSizes(style)
    own, sized = replace(NETWORK, sizes=_SIZES), replace(WRITTEN, sizes=written.free)
    # Of words, what is given and what is predicted are as many by nature.
    numbered = replace(own, name="network of words")
    usual = ((own, way) for way in _ways(wanted, made=style.make is not None))
    there = ((sized, w) for w in written_sizes.ways(written, wanted, differentiate=False))
    alone = ((own, w) for w in _of_one_sample(wanted) if not _sums(style.source))
    words = ((numbered, way) for way in _by_number(wanted) if style.make is not None)
    for kind, way in itertools.chain(usual, there, alone, words):
        for inputs, names in completed(style, Names(), kind, way):
            given = {**inputs, **beside}
            # What has no parameters gives as many numbers as it takes, and no other number.
            if style.make is not None and kind.name == NETWORK.name:
                unlike = "d" if len(inputs) > len(way) else "c"
                if unlike in as_argument(way[label]).size_names():
                    continue
            if method:
                declared = declare((*sighting.what, names), given, guessed=True)
                plan = plan_of(declared)
                if declared.problem is None and plan is not None and not plan.trial_error:
                    found_for = {n for n, place in plan.gradients.items() if place is not None}
                    wanted_for = (n for n in plan.differentiable if n not in plan.forward_inputs)
                    fit = _Fit(names, wanted=(*sorted(found_for), *wanted_for))
                    return _held_to(Reading(sighting, inputs=given), fit, method)
                reason = declared.problem or (plan.trial_error if plan else "") or reason
                continue
            for loss in (*first, *LOSSES):
                said = replace(names, loss=loss)
                declared = declare((*sighting.what, said), given, guessed=True)
                plan = plan_of(declared)
                if declared.problem is not None or plan is None or plan.trial_error:
                    reason = declared.problem or (plan.trial_error if plan else "") or reason
                    if reason.startswith(f"{loss}:"):
                        continue  # these are no targets of that loss
                    break
                if loss in first:
                    has = (n for n, place in plan.gradients.items() if place is not None)
                    fit = _Fit(said, wanted=tuple(has))
                    return _held_to(Reading(sighting, inputs=given), fit, loss)
                found = _fit(declared, said)
                if not found.scale.startswith("-"):
                    best = max(best, found, key=lambda one: len(one.right))
                if found.whole and found.scale.startswith("-"):
                    against = f"; they are {found.scale} times those of the {loss}"
                elif found.whole:
                    return _held_to(Reading(sighting, inputs=given), found)
                if found is best:
                    kept = Reading(sighting, inputs=given)
    if best.right:
        return _held_to(kept, best)
    reading = unread(Reading(sighting), wanted, reason, beside)
    (label, *_) = [name for name in wanted if is_target(name)]
    reading.reason = (
        f"its backward function takes {label}, so that its gradients are those of a loss, which "
        f"nothing here computes; they are those of none of {', '.join(LOSSES)}"
        + (against or f" ({reason})")
    )
    text = f'names = {{ loss = "{next(iter(LOSSES))}"'
    begun = "names = {" in reading.spec
    head, tail = reading.spec.split("names = {" if begun else " }", 1)
    reading.spec = f"{head}{text},{tail}" if begun else f"{head}, {text} }} }}"
    return reading


def read_output(sighting: Sighting) -> Reading:
    """An operator at the end of a network, with the loss that its gradient is of."""
    if not any(is_target(p.name) for p in sighting.style.takes):
        return Reading(
            sighting,
            reason="its backward function does not read out_grad, which is right for a loss at the "
            "end of a network alone, and it is given no labels",
        )
    readings = [(loss, read(sighting, loss)) for loss in LOSSES]
    for loss, reading in readings:
        if reading.declared is None:
            continue
        found = _fit(reading.declared, reading.names)
        if found.whole and not found.scale.startswith("-"):
            scale = dict.fromkeys(found.wanted, found.scale) if found.scale != "1" else {}
            reading.names = replace(reading.names, scale=scale)
            reading.declared = declare((*sighting.what, reading.names), reading.inputs)
            times = "" if found.scale == "1" else f", times {found.scale}"
            reading.assumptions.append(
                f"its gradient is that of the {loss} of what comes out, summed{times}"
            )
            return reading
    (_, reading), *_ = readings
    reading.declared, reading.inputs, reading.assumptions = None, {}, []
    reading.reason = (
        "its backward function does not read out_grad, so that its gradients are those of a loss, "
        f"which nothing here computes; they are those of none of {', '.join(LOSSES)}"
    )
    given = ", ".join(f'{p.name} = "…"' for p in sighting.style.takes)
    reading.spec = f'{sighting.name} = {{ {given}, names = {{ loss = "{next(iter(LOSSES))}" }} }}'
    return reading


_SIZES = {"n": 7, "d": 6, "h": 3, "c": 5, "k": 4}


@dataclass(frozen=True)
class _Fit:
    """Which gradients are those of a loss, up to which constant."""

    names: Names = field(default_factory=Names)
    scale: str = "1"
    right: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all are that were found."""
        return bool(self.right) and len(self.right) == len(self.wanted)


def _held_to(reading: Reading, fit: _Fit, method: str = "") -> Reading:
    scale = dict.fromkeys(fit.wanted, fit.scale) if fit.scale != "1" else {}
    reading.names = replace(fit.names, scale=scale)
    plan = plan_of(declare((*reading.sighting.what, fit.names), reading.inputs, guessed=True))
    assert plan is not None
    # Of the data of a network no gradient is wanted.
    data = {n for n in plan.forward_inputs if n not in fit.wanted and not is_parameter(n)}
    reading.inputs = {
        name: undifferentiated(one) if name in data else one for name, one in reading.inputs.items()
    }
    reading.declared = declare((*reading.sighting.what, reading.names), reading.inputs)
    reading = settled(reading, NETWORK)
    if method:
        what = "method" if plan.style.make is not None else "file's function"
        reading.assumptions.append(f"its gradients are those of what its {what} {method} gives")
        return reading
    times = "" if fit.scale == "1" else f", times {fit.scale}"
    reading.assumptions.append(
        f"its gradients are those of the {fit.names.loss} of what it predicts, summed{times}"
    )
    return reading


def _ways(wanted: Sequence[str], *, made: bool) -> Iterator[dict[str, Any]]:
    """Dims of data, parameters and labels: of samples as rows and as columns."""
    labels = [name for name in wanted if is_target(name)]
    weights = sorted((n for n in wanted if re.fullmatch(_WEIGHT, n)), key=_number)
    biases = sorted((n for n in wanted if re.fullmatch(_BIAS, n)), key=_number)
    data = [name for name in wanted if name not in (*labels, *weights, *biases)]
    if len(data) != 1 or len(labels) != 1 or (not made and len(weights) not in _CHAINS):
        return
    chain = _CHAINS.get(len(weights), "c").split()
    outer = chain[1:]
    for columns, turned, one in (
        (False, False, False), (True, True, False), (False, True, False),
        (False, False, True), (True, True, True),
    ):  # fmt: skip
        pairs = list(zip(chain, outer, strict=False))
        shapes = [f"{b} {a}" if turned else f"{a} {b}" for a, b in pairs]
        for bias in ("{} 1", "{}") if columns else ("{}", "1 {}", "{} 1"):
            if made and bias != "{}" and not biases:
                continue
            way: dict[str, Any] = dict(zip(weights, shapes, strict=False))
            way |= {name: bias.format(size) for name, size in zip(biases, outer, strict=False)}
            way[data[0]] = real(_way("n d", columns, one), low=-2.0, high=2.0, differentiate=made)
            if one:
                way = {n: w.replace("c", "1") if isinstance(w, str) else w for n, w in way.items()}
            way = {n: _moderate(w) if isinstance(w, str) else w for n, w in way.items()}
            # What has no parameters gives as many numbers as it takes.
            own = made and not weights and not biases
            for target in (
                *_targets(columns, one, "c"),
                *(_targets(columns, one, "d") if own else ()),
            ):
                yield {name: {**way, labels[0]: target}[name] for name in wanted}


def _of_one_sample(wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
    """One sample in a column, of a network that has parameters of its own."""
    labels = [name for name in wanted if is_target(name)]
    data = [name for name in wanted if name not in labels]
    if len(data) == len(labels) == 1:
        target = real("c 1", low=0.0, high=1.0, differentiate=False)
        yield {data[0]: real("d 1", low=-2.0, high=2.0), labels[0]: target}


def _by_number(wanted: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A sequence of words by their numbers, each with the one that comes after."""
    labels = [name for name in wanted if is_target(name)]
    data = [name for name in wanted if name not in labels]
    if len(data) == len(labels) == 1:
        yield {name: integers("n", high="d") for name in (*data, *labels)}


def _sums(function: Any) -> bool:
    """Whether a backward function adds up anything, as it does over the samples of a batch."""
    nodes = nodes_of(function)
    called = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    called |= {node.id for node in nodes if isinstance(node, ast.Name)}
    return not called.isdisjoint(("sum", "mean", "average", "einsum", "ones"))


def _way(text: str, columns: bool, one: bool) -> str:
    text = text.replace("c", "1") if one else text
    return " ".join(reversed(text.split())) if columns else text


def _moderate(dims: str) -> Any:
    """Parameters at which no sigmoid saturates."""
    return real(dims, low=-1.0, high=1.0)


def _targets(columns: bool, one: bool, classes: str) -> Iterator[Any]:
    whole = _way(f"n {classes}", columns, one)
    yield real(whole, low=0.0, high=1.0, differentiate=False)
    if one:
        yield real("n", low=0.0, high=1.0, differentiate=False)
    if not one:
        yield one_hot(whole, axis=0 if columns else -1)
        yield integers("n", high=classes)


def _number(name: str) -> int:
    digits = re.findall(r"\d+", name)
    return int(digits[-1]) if digits else 0


def _fit(declared: Derivation, names: Names) -> _Fit:
    """The constant up to which most gradients are those of the loss, and of what they are."""
    # At distinct sizes, so that 1/n is told from 1/h, and of more than two, so that it is from 1/2.
    bindings, values = max(trials(declared), key=lambda one: _tells_apart(one[0]))
    plan = plan_of(declared)
    assert plan is not None
    wanted = [name for name in plan.differentiable if plan.gradients.get(name) is not None]
    by_scale: dict[str, list[str]] = {}
    sizes = sorted(bindings, key=lambda name: name != "n")
    known = {text: _evaluated(text, bindings) for text in ("1", *constants(sizes))}
    known |= {f"-{text}": -constant for text, constant in known.items()}
    for rule in declared.rules:
        (name,) = rule.wrt
        if name not in wanted:
            continue
        try:
            gradient = np.asarray(rule(np.float64(1.0), **values), dtype=np.float64)
            # One of (H,) for a bias of (1, H) is a convention.
            if gradient.size != np.size(values[name]):
                continue
            directions = _directions(np.shape(values[name]))
            measured = _measured(declared, values, name, directions)
        except Exception:
            continue
        if not np.any(measured):
            continue
        claimed = directions.reshape(len(directions), -1) @ gradient.reshape(-1)
        ratio = float(np.sum(claimed * measured) / np.sum(measured**2))
        if not np.linalg.norm(claimed - ratio * measured) <= _NEAR * np.linalg.norm(claimed):
            continue
        for text, constant in known.items():
            if abs(ratio - constant) <= _NEAR * abs(constant):
                by_scale.setdefault(text, []).append(name)
    best = max(by_scale, key=lambda text: len(by_scale[text]), default="1")
    right = by_scale.get(best, [])
    # A bias alone says little: it is the sum of what each loss has.
    weights = [n for n in right if np.ndim(values[n]) > 1 or is_weight(n.strip("_"))]
    several = any(np.size(values[name]) > 1 for name in weights)
    return _Fit(names, best, tuple(right) if several else (), tuple(wanted))


def _tells_apart(bindings: Mapping[str, Any]) -> tuple[bool, bool]:
    sizes = [size for size in bindings.values() if isinstance(size, int)]
    return len(set(sizes)) == len(sizes), min(sizes, default=0) > _PAIR


def _evaluated(text: str, bindings: Mapping[str, Any]) -> float:
    return float(evaluate(text, dict(bindings), {}))


def _directions(shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The entries of a small array one by one, and random directions of a large one."""
    size = math.prod(shape)
    if size <= _MANY:
        return np.eye(size).reshape(size, *shape)
    return np.random.default_rng(_SEED).standard_normal((_MANY, *shape))


def _measured(
    declared: Derivation, values: Mapping[str, Any], name: str, directions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The slope of the loss along each direction."""
    found = np.zeros(len(directions))
    for k, direction in enumerate(directions):
        ends: list[Any] = [
            declared.function(**{**values, name: values[name] + step * direction})
            for step in (_STEP, -_STEP)
        ]
        found[k] = (ends[0] - ends[1]) / (2 * _STEP)
    return found
