"""Other ways to read a layer that is wrong as it was read first.

A rule may be right for the inputs it was written for alone: targets that are one-hot, a vector that
is a column, a loss whose gradient is that of the activation before it. What is then assumed is
said.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from gradcheck.adapters.activation import ACTIVATIONS
from gradcheck.adapters.inputs import forward_function
from gradcheck.adapters.layers import plan_of, trials
from gradcheck.adapters.names import Names
from gradcheck.adapters.one_hot import one_hot
from gradcheck.adapters.penalties import penalties
from gradcheck.adapters.settling import Reading, follows, logits
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.standins import slope, slope_of_output
from gradcheck.adapters.style import Style
from gradcheck.adapters.words import is_data, is_parameter, is_regression, is_target
from gradcheck.arguments import Integers, Real, as_argument, integers, real
from gradcheck.dims import parse
from gradcheck.domains import Simplex, simplex

#: The axes of rows, and of images.
_ROWS, _IMAGES = 2, 4
MODEL_CONVENTION = "model with its loss"
_HALVES = 2
#: What the axis of samples is called in all that names and trials settle.
_SAMPLES = "n"


#: What a slope or a gain is called that a function takes beside its input.
_GAINS = ("a", "alpha", "slope", "scale", "gain", "g", "s")


def one_sample(reading: Reading) -> dict[str, Any] | None:
    """The inputs with one sample where there were n; None where n is no axis of samples alone."""
    given = {name: as_argument(one) for name, one in reading.inputs.items()}
    axes = {
        name: one.shape.text.split()
        for name, one in given.items()
        if isinstance(one, Real | Integers | Simplex)
    }
    batched = {name: words for name, words in axes.items() if _SAMPLES in words}
    sizes = {
        size for name, one in given.items() if name not in batched for size in one.size_names()
    }
    differentiated = [name for name in batched if given[name].differentiable]
    several = any(len(batched[name]) > 1 for name in differentiated)
    if not several or _SAMPLES in sizes or any(map(is_parameter, batched)):
        return None
    inputs = dict(reading.inputs)
    for name, words in batched.items():
        text = " ".join("1" if word == _SAMPLES else word for word in words)
        one = given[name]
        assert isinstance(one, Real | Integers | Simplex)
        plain = isinstance(inputs[name], str)
        inputs[name] = text if plain else replace(one, shape=parse(text))
    return inputs


def others(reading: Reading) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """Inputs, names and what is assumed, the likeliest first."""
    given = {name: as_argument(one) for name, one in reading.inputs.items()}
    targets = [n for n, one in given.items() if isinstance(one, Simplex) and not one.differentiable]
    single = {
        name: one_hot(one.shape.text) if isinstance(one, Simplex) else part
        for (name, one), part in zip(given.items(), reading.inputs.values(), strict=True)
    }
    if targets:
        yield single, reading.names, f"{targets[0]} has a single one in each row"
    yield from _samples_as_columns(reading, given, targets)
    yield from _rows(reading, given)
    yield from _classes(reading, given)
    yield from _penalties(reading)
    yield from _one_amount(reading)
    yield from _labels(reading, given)
    yield from _targets_of_model(reading, given)
    yield from _multiples(reading, given)
    yield from _slopes(reading)
    yield from _broadcast(reading, given)
    yield from _columns(reading, given)
    yield from _for_one(reading, given)
    yield from _of_output(reading, given)
    yield from _through(reading, given)


def _rows(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """A target of real numbers may be rows of probabilities, as many as there are samples."""
    reals = {n: one for n, one in given.items() if isinstance(one, Real)}
    told = [
        name
        for name, one in reals.items()
        if is_target(name) and not isinstance(one, Simplex) and not one.differentiable
        if (one.low, one.high) in ((None, None), (0.0, 1.0))
    ]
    data = [one.shape.text.split() for name, one in reals.items() if is_data(name)]
    for name in told if data and data[0] else []:
        axes = reals[name].shape.text.split()
        if axes and axes != data[0][:1]:
            text = f"{data[0][0]} {axes[-1]}"
            rows = simplex(text, differentiate=False)
            yield {**reading.inputs, name: rows}, reading.names, f"each row of {name} adds up to 1"


def _samples_as_columns(
    reading: Reading, given: Mapping[str, Any], targets: Sequence[str]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """Targets that are rows of classes may be columns of them, as what is beside them is then."""
    for target in targets:
        text = given[target].shape.text
        beside = [n for n, one in given.items() if isinstance(one, Real) and n != target]
        if len(text.split()) != _ROWS or any(given[n].shape.text != text for n in beside):
            continue
        columns = " ".join(reversed(text.split()))
        turned = {n: replace(given[n], shape=parse(columns)) for n in beside}
        inputs = {**reading.inputs, **turned, target: one_hot(columns, axis=0)}
        yield inputs, reading.names, f"{target} has a single one in each column"


def _classes(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """A cost of one column of weights may be one of several classes."""
    dims = {name: one.shape.text for name, one in given.items() if isinstance(one, Real)}
    columns = [name for name, text in dims.items() if text == "d 1" and is_parameter(name)]
    told = [name for name in dims if is_target(name) and dims[name] == "n 1"]
    if len(columns) == len(told) == 1:
        inputs = {**reading.inputs, columns[0]: "d c", told[0]: one_hot("n c")}
        yield inputs, reading.names, f"each row of {told[0]} is a class"


def _one_amount(reading: Reading) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """A regression may predict one amount: its bias is one number."""
    given = reading.inputs
    plain = [name for name in given if isinstance(given[name], str)]
    if not is_regression(reading.sighting.name) or not any("m" in given[n].split() for n in plain):
        return
    one = {n: " ".join("1" if axis == "m" else axis for axis in given[n].split()) for n in plain}
    yield {**given, **one}, reading.names, "it predicts one amount"


def _labels(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """Targets between 0 and 1 may be labels, of which only 0 and 1 are meant."""
    dims = {
        name: one.shape.text
        for name, one in given.items()
        if isinstance(one, Real) and not isinstance(one, Simplex)
        if not one.differentiable and (one.low, one.high) == (0.0, 1.0)
    }
    if dims:
        labels = {name: integers(text, low=0, high=2) for name, text in dims.items()}
        said = f"{' and '.join(dims)} holds labels, 0 or 1"
        yield {**reading.inputs, **labels}, reading.names, said


def _penalties(reading: Reading) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """A backward function may add the gradient of a weight decay."""
    added = penalties(reading)
    if added:
        said = ", ".join(f"{text} * {name} to that for {name}" for name, text in added.items())
        yield (
            reading.inputs, replace(reading.names, penalty=added),
            f"its backward function adds {said}, whatever it is given: the gradient of a penalty, "
            "which is no part of its output",
        )  # fmt: skip


def _broadcast(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """A bias that was taken for an array like the others may be one for all rows.

    A slope or gain may be one number. A bias is not read so: its rule may sum over too much.
    """
    dims = {name: one.shape.text for name, one in given.items() if isinstance(one, Real)}
    plan = plan_of(reading.declared) if reading.declared is not None else None
    own = plan.filling.inputs if plan is not None else set()
    beside = [n for n in dims if plan is not None and n in plan.forward_inputs[1:]]
    small = [
        n for n in dims if (is_parameter(n) or (n in _GAINS and n in beside)) and dims[n] == "n d"
    ]
    gains = [name for name in dims if name in own and not is_parameter(name) and dims[name] == "d"]
    for names, ways in ((small, ("d", "1 d")), (gains, ("1 d", "", "1"))):
        for text in ways if names and set(dims) - set(names) else ():
            inputs = {**reading.inputs, **dict.fromkeys(names, real(text))}
            yield inputs, reading.names, f'{" and ".join(names)} = "{text}", at which it is right'


def _slopes(reading: Reading) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """An activation that a layer is made with may have a derivative that is given f(x)."""
    plan = plan_of(reading.declared) if reading.declared is not None else None
    for name, source in plan.way.items() if plan is not None else ():
        if source.value is slope:
            names = replace(reading.names, init={**reading.names.init, name: slope_of_output})
            yield reading.inputs, names, f"{name} is given what the activation gave"


def _columns(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    (name, *rest) = given
    one = given[name]
    axes = one.shape.text.split() if isinstance(one, Real) else []
    longer = [axis for axis in axes if axis != "1"]
    if rest or not isinstance(one, Real) or len(longer) != 1:
        return
    ways = (longer[0], f"{longer[0]} 1", f"1 {longer[0]}")
    for dims in (way for way in ways if way != one.shape.text):
        column = real(dims, low=one.low, high=one.high)
        yield {name: column}, reading.names, f'{name} = "{dims}", at which it is right'


def _through(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    style = reading.sighting.style
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if style.kind != "of inputs" and (plan is None or not plan.is_loss):
        return
    names = [name for name, one in given.items() if one.differentiable]
    if len(names) != 1 or not isinstance(given[names[0]], Real):
        return
    (name,) = names
    for through in ACTIVATIONS:
        yield (
            {**reading.inputs, name: logits(given[name])}, replace(reading.names, through=through),
            follows(name, through),
        )  # fmt: skip


def _for_one(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """A loss of several arrays may have its gradient for one of them, which no name tells."""
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if plan is None or reading.sighting.style.kind != "of inputs" or plan.trial_error:
        return
    found = [name for name in plan.differentiable if plan.gradients.get(name) is not None]
    if len(found) != 1 or len(plan.differentiable) == 1:
        return
    # With the sign turned it would be right for what is to be predicted, which nobody wants.
    predicted = [name for name in plan.differentiable if not is_target(name)]
    for name in predicted or plan.differentiable:
        inputs = dict(reading.inputs)
        for other in plan.differentiable:
            argument = given[other]
            if other != name and isinstance(argument, Real):
                inputs[other] = replace(argument, differentiate=False)
        yield inputs, reading.names, f"its gradient is for {name}, for which it is right"


def _of_output(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """What a loss is given for its gradient may be what it keeps as its output: ``self.output``."""
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if plan is None or (kept := plan.kept_output) is None or reading.names.derivative_of:
        return
    name, text = kept
    names = replace(reading.names, derivative_of="output")
    # What it clips, or adds to keep a logarithm finite, must not cut in.
    inputs = {n: logits(given[n]) if given[n].differentiable else reading.inputs[n] for n in given}
    yield inputs, names, f"{name} is what it keeps as {text}"


def _targets_of_model(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """What a model predicts may be a column of numbers, or rows of probabilities."""
    if reading.sighting.style.convention != MODEL_CONVENTION:
        return
    labels = [name for name, one in given.items() if isinstance(one, Integers)]
    for text in ("n 1", "n c") if len(labels) == 1 else ():
        target = real(text, low=0.0, high=1.0, differentiate=False)
        inputs = {**reading.inputs, labels[0]: target}
        yield inputs, reading.names, f'{labels[0]} = "{text}", at which it is right'


def _raises(reading: Reading) -> bool:
    """Whether a layer raises at some distinct sizes."""
    assert reading.declared is not None
    for _, values in trials(reading.declared):
        try:
            reading.declared.function(**values)
        except Exception:
            return True
    return False


def _multiples(
    reading: Reading, given: Mapping[str, Any]
) -> Iterator[tuple[dict[str, Any], Names, str]]:
    """A layer of one array may run where an axis is even alone, or divisible by four."""
    (name, *rest) = [n for n, one in given.items() if isinstance(one, Real)]
    axes = given[name].shape.text.split()
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if rest or plan is None or len(axes) < _ROWS:
        return
    halved = len(axes) < _IMAGES and name in plan.misshapen and _halves(plan.style)
    if not plan.raised_at_some and not halved and not _raises(reading):
        return
    why = "it halves that axis, and leaves some of it out" if halved else "it raises"
    ways = [{len(axes) - 1: 2}]
    ways += [{1: 4}, {2: 2, 3: 2}, {1: 2}] if len(axes) == _IMAGES else [{0: 2}]
    for way in ways:
        text = " ".join(f"{way[k]}*{axis}" if k in way else axis for k, axis in enumerate(axes))
        inputs = {**reading.inputs, name: replace(given[name], shape=parse(text))}
        yield inputs, reading.names, f'{name} = "{text}": {why} at sizes between'


def _halves(style: Style) -> bool:
    """Whether a forward function divides a size by two without a rest."""
    return any(
        isinstance(node, ast.BinOp)
        and isinstance(node.op, ast.FloorDiv)
        and isinstance(node.right, ast.Constant)
        and node.right.value == _HALVES
        for node in nodes_of(forward_function(style))
    )
