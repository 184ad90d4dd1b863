"""What the dims of a layer are: by known names, and by trying."""

from __future__ import annotations

import ast
import inspect
import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from gradcheck.adapters import aligned_dims, flat_vectors, searched_dims, source_dims
from gradcheck.adapters.boundary import array_modules
from gradcheck.adapters.by_name import outer_parameters
from gradcheck.adapters.conventions import custom_op, network, partials, style_of
from gradcheck.adapters.discovery import argument_text, discovered
from gradcheck.adapters.flat_vectors import sizes_of
from gradcheck.adapters.inputs import forward_function, unused_keys, wanted_of
from gradcheck.adapters.kinds import (
    CHARACTERS,
    COST,
    MODEL,
    NETWORK,
    OTHER,
    WRITTEN,
    Kind,
)
from gradcheck.adapters.known import fitted, grouped_roles, kind_of, roles_of, sizes_for, ways_of
from gradcheck.adapters.layers import declare, plan_of, trials
from gradcheck.adapters.names import Names
from gradcheck.adapters.packed_parameters import are_packed
from gradcheck.adapters.plan import Plan
from gradcheck.adapters.settling import (
    Reading,
    logits,
    settled,
    spec_line,
    undifferentiated,
    unread,
)
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.sources import counts_of, nodes_of
from gradcheck.adapters.style import Style, is_required, itself, parameters_of
from gradcheck.adapters.words import (
    is_bias,
    is_data,
    is_flat,
    is_logits,
    is_parameter,
    is_parameter_dict,
    is_regression,
    is_spread,
    is_statistic,
    is_target,
    is_weight,
)
from gradcheck.adapters.written_sizes import WrittenSizes
from gradcheck.answers import same
from gradcheck.arguments import Integers, Real, as_argument, real
from gradcheck.claims import Derivation
from gradcheck.dims import parse
from gradcheck.errors import InputError

#: A variance of what was seen is no smaller, so that what keeps it from 0 does not matter.
_LEAST = 0.25
#: At most so many ways of reading a layer are tried.
_MOST_WAYS = 32
#: What is raised where a function is called otherwise than it is to be.
_MISCALLED = re.compile(r"missing \d+ required|unexpected keyword|positional arguments? but")
#: Kinds of layers whose output has the axes of what they take.
_AS_WIDE = ("dropout", "elementwise", "normalization", "normalization in groups")
#: That of which a window may be one for each channel: then a gradient has other dims.
_OF_WINDOWS = "convolution"
#: What is raised where a number was expected.
_FOR_NUMBERS = re.compile("0-dimensional arrays|truth value|length-1 arrays|must be real number")
#: What an axis may have to be a multiple of.
_MULTIPLES = (2, 8)


def read(sighting: Sighting, loss: str = "") -> Reading:
    """The layer with the dims that its names settle, or those at which it was seen to run.

    ``loss`` is that of which its gradients are, where it computes none.
    """
    first: Reading | None = None
    style = sighting.style
    used = [""] if style.inward is not itself else ["", *array_modules(style)]
    # A gradient that is given what an activation takes is with respect to that.
    asked = style.kind == "of inputs" and any(is_logits(p.name) for p in style.gets)
    asked = asked and not any(is_logits(p.name) for p in style.takes)
    for arrays in used:
        through = "sigmoid" if asked else ""
        reading = _read(sighting, Names(arrays=arrays, through=through, loss=loss))
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
    elif style.convention == network.CONVENTION:
        kind = NETWORK
    elif style.backward is None and _is_of_model(style):
        kind = MODEL
    elif style.backward is None and kind is OTHER:
        kind = COST
    elif style.convention == custom_op.OUTPUT or (
        style.convention == "loss with its gradient" and kind is OTHER
    ):
        kind = kind_of("loss")
    wanted, beside, problem = wanted_of(style)
    if problem:
        return unread(reading, wanted, problem)
    told = [name for name in wanted if is_target(name)]
    if kind.name == "softmax" and 0 < len(told) < len(wanted):
        kind = kind_of("loss")  # what it gave is compared with something
    fused = style.backward is None or style.kind == "of inputs"
    plain = style.make is None or style.kind == "of inputs"
    if fused and plain and any(map(is_weight, wanted)):
        kind = COST  # of weights and data, whatever loss it is called after
    if set(map(str.lower, wanted)) >= {"inputs", "targets", "hprev"}:
        kind = CHARACTERS
    made_with = [p.name for p in (() if style.make is None else parameters_of(style.make))]
    roles, grouped = roles_of(wanted, kind, made_with), grouped_roles(wanted, made_with)
    function, reason = forward_function(style), ""
    raising: tuple[dict[str, Any], str] | None = None
    for_numbers, strange = False, set[str]()
    of_each = style.convention == partials.CONVENTION or are_packed(sighting.what)
    # Of what sizes they are, their module says.
    outer = bool(outer_parameters(sighting.what)) or style.network
    of_each = of_each or (outer and kind is not CHARACTERS)
    unused = {
        key
        for parameter in style.takes
        if is_parameter_dict(parameter.name)
        for key in unused_keys(function, parameter.name)
    }
    of_sizes = style.make is None and sizes_of([p.name for p in style.takes])
    flat = flat_vectors.ways(function, wanted, beside)
    ways = flat if of_sizes else ways_of(kind, roles, grouped)
    first_ways: Any = itertools.islice(ways, 0 if of_each else _MOST_WAYS)
    if kind.name == "normalization" and _sums_over_steps(style):
        first_ways = sorted(first_ways, key=lambda way: "n t d" not in way.values())
    usual = ((kind, way) for way in first_ways)
    by, problems = kind, list[str]()
    numbers = source_dims.as_numbers(style, wanted, problems)
    entries = source_dims.as_entries(function, wanted)
    written = source_dims.as_written(style, kind, wanted)
    images = source_dims.of_images(style, wanted)
    for which, way in itertools.chain(entries, usual, images, written, numbers):
        runs = which is not kind and by is kind and reading.declared is not None
        if runs and not _by_coincidence(reading.declared, style):
            break  # it runs at sizes that are not written anywhere
        way = {n: undifferentiated(way[n]) if n in unused else way[n] for n in way}
        if names.through:
            way = {n: logits(given) for n, given in way.items()}
        if which is MODEL and is_regression(sighting.name):
            way = {n: _amount(given) for n, given in way.items()}
        if which.name.startswith("normalization"):
            way = {n: _statistic(n, given) for n, given in way.items()}
        for inputs, found in completed(style, names, which, way, beside):
            given = {**inputs, **beside}
            declared = declare((*sighting.what, found), given, guessed=True)
            plan = plan_of(declared)
            if plan is not None and not plan.finite:
                reason = reason or "its output is not finite at usual values of its inputs"
            elif plan is not None and _is_miscalled(plan):
                reason = reason or f"its backward function raises {plan.trial_error}"
            elif plan is not None and (open_ := _unbound(declared)):
                reason = reason or open_
            elif declared.problem is None and plan is not None:
                # Where backward raises, or forward where sizes differ, other dims are tried first;
                # the rule may be wrong, though, and not all sizes may be meant.
                # A layer that gives back what it takes, as one that flattens rows, says little.
                doubtful = bool(plan.trial_error) or plan.raised_at_some or _is_identity(declared)
                doubtful = doubtful or plan.is_empty
                doubtful = doubtful or _is_misfit(plan, own=len(inputs) > len(way), by=which)
                doubtful = doubtful or (which is COST and not plan.is_number)
                doubtful = doubtful or _picks_rows(plan, which, given)
                doubtful = doubtful or _is_narrower(plan, which, given)
                strange = strange or _strange(plan)
                doubtful = doubtful or bool(_strange(plan))
                doubtful = doubtful or (kind.name in _AS_WIDE and plan.is_wider)
                windows = which.name == _OF_WINDOWS and not doubtful
                doubtful = doubtful or (windows and (bool(plan.misshapen) or _raises(declared)))
                if reading.declared is None or not doubtful:
                    reading.declared, reading.names, reading.inputs = declared, found, given
                    by = which
                if not doubtful:
                    if raising is not None and _is_flattened(raising[0], given):
                        return _of_two_minds(reading, *raising, given)
                    return settled(reading, by)
                if plan.trial_error:
                    raising = raising or (given, plan.trial_error)
            reason = reason or declared.problem or ""
            problems.append(declared.problem or "")
            for_numbers = for_numbers or bool(_FOR_NUMBERS.search(declared.problem or ""))
    if reading.declared is None and for_numbers:
        way = {name: _number(given) for name, given in next(ways_of(kind, roles, grouped)).items()}
        declared = declare((*sighting.what, names), {**way, **beside}, guessed=True)
        plan = plan_of(declared)
        if declared.problem is None and plan is not None and not plan.trial_error:
            reading.declared, reading.names, reading.inputs = declared, names, {**way, **beside}
            return settled(reading, OTHER)
    # A product of vectors may run forward where one of matrices is meant.
    # And what runs at some sizes alone, and gives back others than it took, may be of other dims.
    raises = raising is not None or bool(strange) or _is_chance(reading.declared)
    raises = raises and reading.declared is not None
    if (reading.declared is None or raises or of_each) and kind is not MODEL:
        searched = searched_dims.ways(style, wanted, beside) if kind is not COST else ()
        aligned = aligned_dims.ways(style, wanted, beside)
        # A value with its gradients has none for data, nor has a network.
        some = fused or outer or are_packed(sighting.what)
        enough = searched_dims.runs_whole if some else searched_dims.fits
        two = searched_dims.for_two(style, wanted)
        for way, fits in itertools.chain(
            ((way, searched_dims.fits) for way in searched),
            ((way, enough) for way in aligned),
            ((way, searched_dims.fits) for way in two),
        ):
            for inputs, found in completed(style, names, OTHER, way, beside):
                given = {**inputs, **beside}
                declared = declare((*sighting.what, found), given, guessed=True)
                plan = plan_of(declared)
                apart = _is_apart(given, plan, strange)
                if declared.problem is None and plan is not None and fits(plan) and apart:
                    reading.declared, reading.names, reading.inputs = declared, found, given
                    return settled(reading, OTHER)
                if reading.declared is None and plan is not None and _is_unsummed(plan):
                    # Of a bias alone: what fits no other dims is a sum over too much or too little.
                    reading.declared, reading.names, reading.inputs = declared, found, given
                raises = declared.problem is None and plan is not None and bool(plan.trial_error)
                if raises and reading.declared is None and aligned_dims.told(style, wanted):
                    # No dims but these run forward: what raises is the rule.
                    reading.declared, reading.names, reading.inputs = declared, found, given
    if reading.declared is not None:
        return settled(reading, by)
    return unread(reading, wanted, reason or "none of the dims that were tried fits", beside)


def _is_chance(declared: Derivation | None) -> bool:
    """Whether a layer ran at some sizes alone, and its gradients there had other shapes."""
    plan = plan_of(declared) if declared is not None else None
    return plan is not None and plan.raised_at_some and bool(plan.misshapen)


def _raises(declared: Derivation) -> bool:
    """Whether a layer raises at some of more sizes, where it ran at two by chance."""
    try:
        for _, values in trials(declared):
            declared.function(**values)
    except Exception:
        return True
    return False


def _is_unsummed(plan: Plan) -> bool:
    """Whether all gradients fit but those of biases."""
    known = plan.misshapen and not plan.trial_error and not plan.raised_at_some
    return bool(known) and all(
        is_bias(n.rpartition("_")[2].rstrip("0123456789")) for n in plan.misshapen
    )


def _is_of_model(style: Style) -> bool:
    """Whether a value with its gradients is that of a model, of its data and targets."""
    told = [p.name for p in style.takes if is_required(p)]
    made = inspect.isclass(style.make) and bool(parameters_of(style.make))
    given = any(is_weight(name) or is_flat(name) for name in told)
    return made and not given and any(map(is_target, told)) and any(map(is_data, told))


def _by_coincidence(declared: Derivation | None, style: Style) -> bool:
    """Whether it ran at some sizes alone, that of a matrix which it makes among them.

    Or with arrays that have no entries there.
    """
    plan = plan_of(declared) if declared is not None else None
    if plan is not None and plan.is_empty:
        return True
    if plan is None or not plan.raised_at_some or plan.places:
        return False
    return any(len(shape) > 1 for shape in WrittenSizes(style).arrays)


def _picks_rows(plan: Plan, kind: Kind, given: Mapping[str, Any]) -> bool:
    """Whether a loss of classes by their numbers has rows: ``p[y]`` where one sample is meant."""
    labels = [one for one in map(as_argument, given.values()) if isinstance(one, Integers)]
    several = any(len(one.shape.text.split()) == 1 for one in labels)
    return kind.name == "loss" and several and plan.output_axes > 1


def _is_narrower(plan: Plan, kind: Kind, given: Mapping[str, Any]) -> bool:
    """Whether what is pooled has fewer axes than what it is of, as where one image is meant."""
    one = as_argument(given[plan.forward_inputs[0]])
    axes = len(one.shape.text.split()) if isinstance(one, Real) else 0
    return kind.name == "pooling" and plan.output_axes < axes


def _strange(plan: Plan) -> set[str]:
    """The parameters of a constructor that no name tells and whose gradient does not fit.

    Also vectors that may be matrices, by a gradient that is an outer product.
    """
    made = {n for n in plan.misshapen & plan.filling.inputs if not is_parameter(n)}
    return made | {n for n in plan.outer if not is_bias(n)}


def _is_apart(given: Mapping[str, Any], plan: Plan | None, strange: Collection[str]) -> bool:
    """Whether parameters that did not fit have no axis of samples: those are of no parameter."""
    strange = [] if plan is None else plan.filling.inputs.intersection(strange)
    if plan is None or not strange:
        return True
    first = as_argument(given[plan.forward_inputs[0]])
    samples = set(first.shape.text.split()[:1]) if isinstance(first, Real) else set[str]()
    dims = [as_argument(given[name]).size_names() for name in strange if name in given]
    return all(samples.isdisjoint(names) for names in dims)


def _is_miscalled(plan: Plan) -> bool:
    """Whether a backward function is called otherwise than here, which is no mistake of its."""
    several = plan.style.kind == "derivative" and len(plan.forward_inputs) > 1
    return bool(plan.trial_error) and (several or bool(_MISCALLED.search(plan.trial_error)))


def _sums_over_steps(style: Style) -> bool:
    """Whether a rule sums over its first two axes, those of samples and of steps."""
    tuples = [node for node in nodes_of(style.source) if isinstance(node, ast.Tuple)]
    return "(0, 1)" in map(ast.unparse, tuples)


def _number(given: Any) -> Any:
    """One number where an array was to be given."""
    argument = as_argument(given)
    return replace(argument, shape=parse("")) if isinstance(argument, Real | Integers) else given


def _amount(given: Any) -> Any:
    """A real target where labels were to be given."""
    argument = as_argument(given)
    if not isinstance(argument, Integers):
        return given
    return real(argument.shape.text, differentiate=False)


def _is_misfit(plan: Plan, *, own: bool, by: Kind) -> bool:
    """Whether a gradient has not the shape of its input, where the input is surely no other.

    What a layer takes that has parameters of its own is none, whatever it is called; a layer that
    flattens what it takes runs at dims that its gradient does not have.
    """
    doubted = plan.misshapen & set(plan.forward_inputs)
    if plan.style.kind == "derivative" and by.name == "softmax":
        return bool(doubted)  # the Jacobian of one vector
    if by.name.startswith("normalization") and not own and any(map(is_parameter, doubted)):
        return True  # of (1, C, 1, 1), where (C,) may be broadcast
    if doubted and plan.is_loss and by.name.endswith("loss"):
        return True  # of predictions that are a column, beside targets that are none
    return bool(doubted) and (by.name == WRITTEN.name or (own and any(map(is_parameter, doubted))))


def _statistic(name: str, given: Any) -> Any:
    """An argument that is a running mean or variance, of which no gradient is wanted."""
    if not is_statistic(name) or not isinstance(given, str):
        return given
    return real(given, low=_LEAST if is_spread(name) else None, differentiate=False)


def _unbound(declared: Derivation) -> str:
    """Why the sizes cannot be told from the arrays, such as h and kh from h+kh-1 alone."""
    _, values = trials(declared, few=True)[-1]
    try:
        declared.bind(values)
    except InputError as error:
        return str(error)
    return ""


def _is_identity(declared: Derivation) -> bool:
    """Whether a layer of one array gives it back as it is."""
    _, values = trials(declared, few=True)[-1]
    if len(values) != 1:
        return False
    try:
        return same(declared.function(**values), *values.values())
    except Exception:
        return False


def _is_flattened(raising: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a product of arrays was made one of smaller arrays: an outer or an inner product."""
    axes = [
        (len(a.shape.axes), len(b.shape.axes))
        for a, b in ((as_argument(raising[name]), as_argument(given[name])) for name in raising)
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


def completed(
    style: Style,
    names: Names,
    kind: Kind,
    way: Mapping[str, Any],
    beside: Mapping[str, Any] | None = None,
) -> Iterator[tuple[dict[str, Any], Names]]:
    """With the parameters that the object makes for itself.

    ``beside`` is what else the forward function is given.
    """
    if style.make is None or not inspect.isclass(style.make):
        yield dict(way), names
        return
    needed = [p.name for p in parameters_of(style.make) if is_required(p)]
    if any(is_parameter(name) and name not in counts_of(style.make) for name in needed):
        yield dict(way), names
        return
    for wider, said in itertools.product(_widened(kind, way), _with_hidden(style, names, kind)):
        try:
            every = {**wider, **(beside or {})}
            found, init, places = discovered(style, said, every, sizes_for(kind, every))
        except Exception:
            continue
        inputs = fitted(kind, wider, found)
        if inputs is not None:
            yield {**inputs, **found}, replace(names, init={**said.init, **init}, parameters=places)
        return
    # Declared as it is, so that what is wrong is said by the declaration itself.
    yield dict(way), names


def _with_hidden(style: Style, names: Names, kind: Kind) -> Iterator[Names]:
    """The names, and for a first hidden state with the size of it that is a default otherwise."""
    yield names
    if kind is CHARACTERS and style.make is not None:
        made = parameters_of(style.make)
        sizes = [p.name for p in made if type(p.default) is int and "hidden" in p.name]
        if len(sizes) == 1 and sizes[0] not in names.init:
            yield replace(names, init={**names.init, sizes[0]: "h"})


def _widened(kind: Kind, way: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The dims, and some of which the last axis is even or divisible by eight, as heads need."""
    yield way
    ((name, text), *rest) = way.items()
    if kind is OTHER and not rest and isinstance(text, str) and text.endswith(" d"):
        for times in _MULTIPLES:
            yield {name: f"{text[:-1]}{times}*d"}
