"""How an object is made from parameters: which argument of its constructor gets what."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.adapters.places import evaluate
from gradcheck.adapters.sources import counts_of, mode_words, words_for
from gradcheck.adapters.standins import (
    RATE,
    Activation,
    Recorder,
    Sublayer,
    initial,
    slope,
    slope_of_output,
)
from gradcheck.adapters.style import Style, is_required, parameters_of
from gradcheck.adapters.words import (
    NUMBERS,
    first,
    is_activation,
    is_initializer,
    is_optimizer,
    is_parameter,
    is_probability,
    is_rate,
    is_shape,
    is_slope,
    is_sublayer,
    is_window,
    mode_value,
)
from gradcheck.errors import DeclarationError

#: How many entries are dropped.
_HALF = 0.5
#: No rate is so large or small that it could not be multiplied with.
_MOST_POWER = 900
#: What lists of the sizes of layers are called: of the hidden ones, and of all.
_HIDDEN_SIZES = (
    "hidden_sizes", "hidden_dims", "hidden_size_list", "hidden_layers", "hidden_units",
    "hidden_layer_sizes",
)  # fmt: skip
_LAYER_SIZES = ("sizes", "layer_sizes", "layer_dims", "layers_dims", "architecture", "topology")
#: The axes of images: samples, channels, height and width.
_IMAGE = 4
#: What an order of axes is called, and one that is not its own inverse.
_ORDERS, _CYCLE = ("axes", "perm", "permutation"), (1, 2, 0)
#: The window of pooling, of which the usual axes are multiples.
_POOLED = 2
#: At most so many ways of filling a constructor are tried.
_MOST_TRIES = 400


def rate_for(cotangents: Sequence[Any]) -> float:
    """The rate at which a step for some cotangents hides the parameter that is stepped from."""
    largest = max((float(np.max(np.abs(c), initial=0.0)) for c in cotangents), default=0.0)
    if not 0 < largest < np.inf:
        return RATE
    return RATE * 2.0 ** -float(np.clip(np.floor(np.log2(largest)), -_MOST_POWER, _MOST_POWER))


@dataclass(frozen=True)
class Source:
    """What an argument of a constructor gets: an input, an expression in sizes, or a value."""

    input: str = ""
    sizes: str = ""
    value: Any = None

    def __str__(self) -> str:
        return self.input or self.sizes or repr(self.value)


class Filling:
    """The arguments of one constructor, and where each comes from."""

    def __init__(self, style: Style, names: Names, inputs: Mapping[str, Any]) -> None:
        self.style, self.names = style, names
        self.parameters = () if style.make is None else parameters_of(style.make)
        self.known: dict[str, Source] = {}
        self.unknown: list[str] = []
        lowered = {name.lower(): name for name in inputs}
        counts = set() if style.make is None else counts_of(style.make)
        for parameter in self.parameters:
            name = parameter.name
            mode = mode_value(name, names.mode, mode_words(style))
            if name in names.init:
                continue
            if isinstance(parameter.default, bool) and name in inputs:
                continue  # whether there is to be such a parameter
            if not is_required(parameter) and name in names.parameters:
                continue  # a number that the object makes a parameter of: a=0.25
            if name in inputs:
                self.known[name] = Source(input=name)
            elif name.lower() in lowered and is_required(parameter):
                self.known[name] = Source(input=lowered[name.lower()])
            elif is_optimizer(name) and is_required(parameter):
                self.known[name] = Source(value=Recorder())
            elif "drop" in style.name.lower() and is_probability(name) and is_required(parameter):
                self.known[name] = Source(value=_HALF)
            elif is_rate(name) and is_required(parameter):
                self.known[name] = Source(value=RATE)
            elif mode is not None:
                self.known[name] = Source(value=mode)
            elif is_required(parameter) and is_parameter(name) and name not in counts:
                raise DeclarationError(
                    f"{style.name}: its constructor needs {name!r}, an array of parameters by its "
                    f'name, for which nothing is declared; add {name}="…" with its dims'
                )
            elif is_required(parameter) or (parameter.default is None and is_shape(name)):
                self.unknown.append(name)
        unknown = [n for n in names.init if n not in {p.name for p in self.parameters}]
        if unknown:
            raise DeclarationError(
                f"{style.name}: names(init={{{unknown[0]!r}: …}}): its constructor takes "
                f"{', '.join(p.name for p in self.parameters) or 'nothing'}"
            )

    @property
    def inputs(self) -> set[str]:
        """The inputs that the constructor is given."""
        return {source.input for source in self.known.values() if source.input}

    def ways(
        self, bindings: Mapping[str, Any], shapes: Mapping[str, tuple[int, ...]]
    ) -> Iterator[dict[str, Source]]:
        """The ways to fill it, the likeliest first."""
        fixed = dict(self.known)
        for name, given in self.names.init.items():
            fixed[name] = Source(value=given)
            if isinstance(given, str):
                try:
                    evaluate(given, dict(bindings), dict(shapes))
                    fixed[name] = Source(sizes=given)
                except DeclarationError:
                    pass  # a word that the constructor knows, such as "relu"
        sizes = [name for name, size in bindings.items() if isinstance(size, int)]
        choices: list[list[Source]] = []
        for name in self.unknown:
            if name.lower() in NUMBERS:
                choices.append([Source(value=NUMBERS[name.lower()])])
                continue
            if is_activation(name) or (
                name == "f" and any(is_slope(p.name) for p in self.parameters)
            ):
                # That of the layer is what is checked: any activation will do.
                values = (slope, slope_of_output) if is_slope(name) else _ACTIVATIONS
                known = () if is_slope(name) else words_for(_maker(self.style), name)
                choices.append([Source(value=value) for value in dict.fromkeys((*values, *known))])
                continue
            if words := words_for(_maker(self.style), name):
                choices.append([Source(value=word) for word in words])
                continue
            if name.lower() in _LAYER_SIZES and {"d", "h", "c"} <= set(sizes):
                choices.append([Source(sizes="[d, h, c]")])
                continue
            if name.lower() in _HIDDEN_SIZES and "h" in sizes:
                choices.append([Source(sizes="[h]")])
                continue
            if name.lower() in _ORDERS:
                choices.append([Source(value=_CYCLE)])
                continue
            if is_initializer(name):
                choices.append([Source(value=initial)])
                continue
            if is_sublayer(name):
                several = name.lower().endswith(("s", "list"))
                made: Any = [Sublayer(), Sublayer()] if several else Sublayer()
                # A network of layers by their sizes: the inputs, what is hidden, the outputs.
                counts = [Source(sizes="[d, h, c]")] * (several and {"d", "h", "c"} <= set(sizes))
                choices.append([Source(value=made), *counts])
                continue
            whole = [f"shape({n})" for n in shapes]
            tails = [f"shape({n})[1:]" for n, shape in shapes.items() if len(shape) > 1]
            plain = _by_meaning(name, sizes, self.unknown)
            # The last axis may be no size by itself, but a multiple of one.
            plain += [
                f"shape({n})[{len(shape) - 1}]"
                for n, shape in shapes.items()
                if shape and shape[-1] not in bindings.values()
            ]
            # What comes into a cell together with what is hidden there.
            plain += ["d+h"] if {"d", "h"} <= set(sizes) else []
            axes = [f"shape({n})[1]" for n, shape in shapes.items() if len(shape) == _IMAGE]
            plain = [*axes, *plain] if "channel" in name.lower() else plain
            texts = [*whole, *tails, *plain] if is_shape(name) else plain
            if "size" in name.lower() and "shape" not in name.lower():
                texts = [*plain, *whole, *tails]
            if name.endswith("_shape") or name == "shape":
                texts = [*whole, *_turned(shapes, name), *tails]
            if name in ("input_shape", "normalized_shape"):
                texts = [*tails, *whole, *plain]
            sized = [Source(sizes=text) for text in texts]
            pooled = "pool" in self.style.name.lower() and is_window(name)
            choices.append([Source(value=_POOLED), *sized] if pooled else sized)
        ways = itertools.islice(itertools.product(*choices), _MOST_TRIES)
        distinct: list[dict[str, Source]] = []
        for way in ways:
            filled = {**fixed, **dict(zip(self.unknown, way, strict=True))}
            texts = [source.sizes for source in way]
            texts = [text for text in texts if text]
            if len(set(texts)) == len(texts):
                yield filled
            else:
                distinct.append(filled)  # one size for two arguments is less likely
        yield from distinct

    def make(
        self,
        way: Mapping[str, Source],
        values: Mapping[str, Any],
        bindings: Mapping[str, Any],
        shapes: Mapping[str, tuple[int, ...]],
    ) -> Any:
        """A fresh object."""
        assert self.style.make is not None
        arguments: dict[str, Any] = {}
        for name, source in way.items():
            if source.input:
                arguments[name] = values[source.input]
            elif source.sizes:
                arguments[name] = evaluate(source.sizes, dict(bindings), dict(shapes))
            else:
                arguments[name] = source.value
        by_position = [
            arguments.pop(p.name) for p in self.parameters if p.kind is p.POSITIONAL_ONLY
        ]
        made = self.style.make(*by_position, **arguments)
        teller = first(self.style.words.told_shape, made)
        if teller and shapes and getattr(made, "input_shape", None) is None:
            getattr(made, teller)(next(iter(shapes.values()))[1:])
        return made

    def line(self) -> str:
        """The line of a declaration that would say what the constructor needs."""
        needed = ", ".join(f'"{name}": …' for name in self.unknown)
        return f"init={{{needed}}}"


#: What an activation may be where any will do: an object, a word, or a class to make one of.
_ACTIVATIONS = (Activation(), "tanh", "relu", Activation)


def _turned(shapes: Mapping[str, tuple[int, ...]], name: str) -> list[str]:
    """The shapes that as many entries have in another order, where a shape is one of an output."""
    if not any(word in _OUT for word in name.lower().split("_")):
        return []
    return [
        f"[{', '.join(f'shape({one})[{k}]' for k in reversed(range(len(shape))))}]"
        for one, shape in shapes.items()
        if len(shape) > 1
    ]


def _maker(style: Style) -> Any:
    """The constructor of a layer, its own or inherited."""
    return inspect.getattr_static(style.make, "__init__", style.make)


_IN = ("in", "input", "inputs", "prev", "from", "fan_in")
_OUT = ("out", "output", "outputs", "units", "neurons", "nodes", "hidden", "to", "next", "fan_out")
_BATCH = ("batch", "samples", "examples")


def _by_meaning(name: str, sizes: list[str], beside: Sequence[str]) -> list[str]:
    """Sizes in the order in which an argument of this name, with some beside, may mean them."""
    words = set(name.lower().replace("_", " ").split())
    lowered = name.lower()
    same = [size for size in sizes if size.lower() == lowered]
    order = list(sizes)
    counted = any("out" in other.lower() or "num" in other.lower() for other in beside)
    if lowered == "f" and counted:
        # Not the number of filters, which has a name of its own: their size.
        same, order = [], [size for size in sizes if size in ("k", "kh")] + order
    elif "kernel" in lowered or "filter_size" in lowered or words & {"k", "ksize"}:
        order = [size for size in sizes if size in ("k", "kh")] + order
    elif "filter" in lowered or ("out" in lowered and "f" in sizes):
        order = [size for size in sizes if size == "f"] + order
    elif words & set(_OUT) or lowered.endswith("out"):
        order = order[2:] + order[:2]
    elif words & set(_IN) or lowered.endswith("in") or "feature" in lowered or "dim" in lowered:
        order = order[1:] + order[:1]
    elif not any(word in lowered for word in _BATCH) and len(lowered) > 1:
        order = order[1:] + order[:1]  # what an object is made with is rarely the number of samples
    of_words = "v" in sizes and ("dim" in lowered or "emb" in lowered or lowered == "d_model")
    if ("embed" in lowered and "dim" in lowered) or (of_words and not lowered.startswith("num")):
        same += [size for size in sizes if size == "d"]
    return list(dict.fromkeys([*same, *order]))


def shapes_of(values: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays among some values."""
    return {name: np.shape(value) for name, value in values.items() if hasattr(value, "shape")}


def initialized(made: Any, method: str) -> None:
    """Call a method that makes parameters; it may want an optimizer."""
    try:
        getattr(made, method)(Recorder())
    except TypeError:
        getattr(made, method)()
