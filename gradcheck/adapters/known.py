"""What known names settle: the dims of affine, conv, batchnorm, softmax_loss and their like.

A layer is of a kind by a word in its name; an input has a role by its own name. Each kind lists the
dims that its roles may have, the usual ones first. What a name does not settle is tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gradcheck.adapters.words import is_bias, is_flat, is_parameter, is_target, is_weight, snake
from gradcheck.arguments import Argument, as_argument, choice, constant, integers, real, simplex

Dims = Mapping[str, Any]
#: Probabilities, open at both ends.
_LOW, _HIGH = 0.0, 1.0
_LABELS = integers("n", high="c")


@dataclass(frozen=True)
class Kind:
    """Layers of one kind: words that name it, and what its roles may be, the likeliest first.

    ``sizes`` are distinct, so that a shape that an object makes can be read back as dims.
    """

    name: str
    words: tuple[str, ...]
    ways: tuple[Dims, ...]
    sizes: Mapping[str, int]


def _ways(shared: Dims, *others: Dims) -> tuple[Dims, ...]:
    return tuple({**shared, **other} for other in others)


_ROWS = (
    *_ways({"x": "n d", "weight": "d m"}, {"bias": "m"}, {"bias": "1 m"}),
    *_ways({"x": "n d", "weight": "m d"}, {"bias": "m"}, {"bias": "m 1"}, {"bias": "1 m"}),
)
_COLUMNS = ({"x": "d n", "weight": "m d", "bias": "m 1"},)
#: A layer of rows at each step of a sequence.
_STEPS = _ways({"x": "n t d", "weight": "d m"}, {"bias": "m"}, {"bias": "1 m"})
#: One sample at a time, a column.
_COLUMN = ({"x": "d 1", "weight": "m d", "bias": "m 1"},)
GIVEN = simplex("n c", differentiate=False)
#: Beyond these, probabilities underflow, and a logarithm with a small number in it saturates.
_LOGITS = real("n c", low=-30.0, high=30.0)
#: Nearer to 0 and 1, what keeps a logarithm finite cuts in: clip(p, 1e-7, 1 - 1e-7), or p + 1e-7.
_GUARDED = 1e-3
_BETWEEN = real("n c", low=_LOW + _GUARDED, high=_HIGH - _GUARDED)
_LOSS_WAYS: tuple[Dims, ...] = (
    {"x": _LOGITS, "probabilities": _BETWEEN, "target": _LABELS},
    {"x": _LOGITS, "probabilities": _BETWEEN, "target": GIVEN},
    {"x": _BETWEEN, "target": GIVEN},
    {"x": "n", "target": real("n", low=_LOW, high=_HIGH, differentiate=False)},
)
_IMAGE = "n c h+kh-1 w+kw-1"


def _over_time(weights: Dims) -> tuple[Dims, ...]:
    """A recurrent layer over all steps of a sequence, with and without a first hidden state."""
    return ({"x": "n t d", "h": "n h", **weights}, {"x": "t n d", "h": "n h", **weights})


KINDS = (
    Kind(
        "loss",
        ("entropy", "crossentropy", "xent", "svm", "nll", "hinge", "bce", "logloss"),
        _LOSS_WAYS,
        {"n": 4, "c": 3},
    ),
    Kind(
        "regression loss",
        ("mse", "mae", "squared", "l2", "l1", "huber", "error", "quadratic"),
        (
            {
                "x": "n c", "probabilities": "n c",
                "target": real("n c", differentiate=False),
            },
            {"x": "n", "probabilities": "n", "target": real("n", differentiate=False)},
        ),
        {"n": 4, "c": 3},
    ),
    Kind(
        "loss",
        ("loss", "criterion", "cost"),
        _LOSS_WAYS,
        {"n": 4, "c": 3},
    ),
    Kind(
        "lstm",
        ("lstm",),
        (
            {
                "x": "n d", "h": "n h", "c": "n h", "weight": "d 4*h", "weight 2": "h 4*h",
                "bias": "4*h",
            },
            *_over_time({"weight": "d 4*h", "weight 2": "h 4*h", "bias": "4*h"}),
        ),
        {"n": 5, "d": 3, "h": 2, "t": 4},
    ),
    Kind(
        "gru",
        ("gru",),
        (
            {"x": "n d", "h": "n h", "weight": "d 3*h", "weight 2": "h 3*h", "bias": "3*h"},
            *_over_time({"weight": "d 3*h", "weight 2": "h 3*h", "bias": "3*h"}),
        ),
        {"n": 5, "d": 3, "h": 2, "t": 4},
    ),
    Kind(
        "rnn",
        ("rnn",),
        (
            {"x": "n d", "h": "n h", "weight": "d h", "weight 2": "h h", "bias": "h"},
            {
                "x": "d n", "h": "h n", "weight": "h d", "weight 2": "h h", "weight 3": "o h",
                "bias": "h 1", "bias 2": "o 1",
            },
            *_over_time({"weight": "d h", "weight 2": "h h", "bias": "h"}),
            {
                "x": "d n t", "h": "h n", "weight": "h d", "weight 2": "h h", "weight 3": "o h",
                "bias": "h 1", "bias 2": "o 1",
            },
        ),
        {"n": 5, "d": 3, "h": 2, "t": 4},
    ),
    Kind(
        "convolution",
        ("conv", "convolution", "conv2d", "convolutional", "conv2"),
        (
            {"x": _IMAGE, "weight": "f c kh kw", "bias": "f"},
            {"x": _IMAGE, "weight": "f c kh kw", "bias": "f 1"},
            {"x": "n c l+k-1", "weight": "f c k", "bias": "f"},
            {"x": "n h+k-1 w+k-1 c", "weight": "k k c f", "bias": "1 1 1 f"},
            {"x": "n h+kh-1 w+kw-1 c", "weight": "kh kw c f", "bias": "f"},
            {"x": "n h+kh-1 w+kw-1 c", "weight": "f kh kw c", "bias": "f"},
            {"x": "n l+k-1 c", "weight": "k c f", "bias": "f"},
        ),
        # Distinct from those of usual windows, which a layer may choose for itself.
        {"n": 6, "c": 10, "h": 8, "w": 9, "f": 12, "k": 2, "kh": 2, "kw": 2, "l": 11},
    ),
    Kind("pooling", ("pool", "pooling", "maxpool", "avgpool", "maxpool2d", "max_pool"),
         ({"x": "n c 2*h 2*w"}, {"x": "n 2*h 2*w"}, {"x": "2*h 2*w"}),
         {"n": 2, "c": 3, "h": 2, "w": 3}),
    Kind(
        "normalization",
        ("batchnorm", "batch", "bn", "layernorm", "norm", "normalization", "layer", "batchnorm1d",
         "rmsnorm"),
        (
            {"x": "n d", "gamma": "d", "beta": "d"},
            {"x": "n d", "gamma": "1 d", "beta": "1 d"},
            {"x": "d n", "gamma": "d 1", "beta": "d 1"},
        ),
        {"n": 5, "d": 3},
    ),
    Kind(
        "embedding",
        ("embedding", "embed", "lookup"),
        (
            {"x": integers("n t", high="v"), "weight": "v d"},
            {"x": integers("n", high="v"), "weight": "v d"},
        ),
        {"n": 4, "t": 2, "v": 5, "d": 3},
    ),
    Kind(
        "affine",
        ("affine", "linear", "dense", "fc", "fully", "connected", "matmul", "gemm", "inner"),
        (*_ROWS, *_COLUMNS, *_COLUMN, *_STEPS),
        {"n": 7, "d": 6, "m": 4, "t": 3},
    ),
    Kind("dropout", ("dropout",), ({"x": "n d"},), {"n": 4, "d": 3}),
    Kind("softmax", ("softmax", "logsoftmax"), ({"x": "n c"}, {"x": "c"}, {"x": "c 1"}),
         {"n": 4, "c": 3}),
    Kind(
        "positive",
        ("log", "sqrt", "logarithm"),
        ({"x": real("n d", low=0)},),
        {"n": 4, "d": 3},
    ),
    Kind(
        "elementwise",
        (
            "relu", "sigmoid", "tanh", "elu", "gelu", "silu", "swish", "leaky", "softplus",
            "softsign", "identity", "square", "exp", "sin", "cos", "selu", "mish", "lrelu",
            "hardtanh", "logistic", "mul", "add", "sub", "multiply", "addition", "subtract", "neg",
            "negate", "div", "divide", "division", "truediv", "pow", "power",
        ),
        ({"x": "n d", "bias": "n d"}, {"x": "n d", "gamma": "d"}, {"x": "n d", "gamma": "1 d"}),
        {"n": 4, "d": 3},
    ),
)  # fmt: skip

#: What is tried where no name is known. The sizes are none that usual windows have.
OTHER = Kind(
    "",
    (),
    (
        *_ROWS,
        *_COLUMNS,
        *_COLUMN,
        *_STEPS,
        {"x": "n d", "weight": "n d", "bias": "n d"},
        *_ways({"x": "n d", "weight": "d"}, {"bias": "d"}, {"bias": "1 d"}),
        {"x": "n d", "gamma": "d", "beta": "d"},
        {"x": "n d", "gamma": "1 d", "beta": "1 d"},
        {"x": "n d", "gamma": real()},
        {"x": "n d", "gamma": "d d"},
        *_ways(
            {"x": "n d", "weight": "d h", "weight 2": "h m"},
            {"bias": "h", "bias 2": "m"},
            {"bias": "1 h", "bias 2": "1 m"},
        ),
        {"x": "n", "weight": "n", "bias": "n"},
        {"x": "n d"},
        {"x": "n c h w"},
        {"x": "n t d"},
        {"x": real("n d", low=_LOW)},
        {"x": real("n d", low=_LOW, high=_HIGH)},
    ),
    {"n": 11, "d": 7, "m": 6, "c": 4, "h": 8, "w": 9, "t": 10},
)
_GATED = {"x": "n d", "h": "n h", "c": "n h"}
_GATED_COLUMNS = {"x": "d n", "h": "h n", "c": "h n"}
#: Parameters of one letter that share their dims: the gates of a cell, the halves of a gated layer.
_GROUPS = (
    *_ways({**_GATED, "weight": "d h", "weight 2": "h h"}, {"bias": "h"}, {"bias": "1 h"}),
    *_ways({**_GATED, "weight": "h h", "weight 2": "d h"}, {"bias": "h"}, {"bias": "1 h"}),
    *_ways({**_GATED, "weight": "d+h h"}, {"bias": "h"}, {"bias": "1 h"}),
    {**_GATED_COLUMNS, "weight": "h d", "weight 2": "h h", "bias": "h 1"},
    {**_GATED_COLUMNS, "weight": "h d+h", "bias": "h 1"},
    *_ways({"x": "n d", "weight": "d m"}, {"bias": "m"}, {"bias": "1 m"}),
    *_ways({"x": "n d", "weight": "d d"}, {"bias": "d"}, {"bias": "1 d"}),
)
#: A cost of one vector of parameters.
FLAT = Kind(
    "flat vector",
    (),
    (
        {
            "theta": "d",
            "data": real("n d", differentiate=False),
            "target": real("n", low=_LOW, high=_HIGH, differentiate=False),
        },
        {
            "theta": "d 1",
            "data": real("n d", differentiate=False),
            "target": real("n 1", low=_LOW, high=_HIGH, differentiate=False),
        },
    ),
    {"n": 4, "d": 3},
)
#: A cost of a weight and a bias, one number for all: a neuron, or a regression.
COST = Kind(
    "cost",
    (),
    (
        *_ways(
            {"weight": "d 1", "bias": real(), "data": real("d n", differentiate=False)},
            {"target": real("1 n", low=_LOW, high=_HIGH, differentiate=False)},
        ),
        *_ways(
            {"weight": "d", "bias": real(), "data": real("n d", differentiate=False)},
            {"target": real("n", low=_LOW, high=_HIGH, differentiate=False)},
        ),
        *_ways(
            {"weight": "d 1", "bias": real(), "data": real("n d", differentiate=False)},
            {"target": real("n 1", low=_LOW, high=_HIGH, differentiate=False)},
        ),
        {"weight": "d c", "data": real("n d", differentiate=False), "target": _LABELS},
        {"weight": "c d", "data": real("n d", differentiate=False), "target": _LABELS},
    ),
    {"n": 4, "d": 3, "c": 5},
)
#: A model with a loss of its own: sizes such that labels do not fit a wrong one.
MODEL = Kind(
    "model",
    (),
    ({"data": real("n d", differentiate=False), "target": _LABELS},),
    {"n": 7, "d": 6, "h": 3, "c": 5},
)


_DIMENSION = re.compile(r"\d+(x\d+)?d?$")


def kind_of(name: str) -> Kind:
    """The kind of layer that a name means; ``OTHER`` where it means none."""
    spelled = snake(name)
    words = set(spelled.split("_")) | {spelled, spelled.replace("_", "")}
    words |= {_DIMENSION.sub("", word) for word in words}  # conv1d, maxpool3d, maxpool2x2
    for kind in KINDS:
        known = words & set(kind.words)
        # "batch" and "layer" alone say nothing.
        if known and not (known <= {"batch", "layer", "norm"} and "norm" not in spelled):
            return kind
    return OTHER


def roles_of(names: Sequence[str], kind: Kind, made_with: Sequence[str] = ()) -> dict[str, str]:
    """The role of each input: ``x``, ``weight``, ``bias``, ``target``, and so on.

    What an object is ``made_with`` is no ``x``.
    """
    if kind is MODEL:
        return {name: "target" if is_target(name) else "data" for name in names}
    if kind is COST and not any(map(is_flat, names)):
        weights_of = {n: "weight" if is_weight(n) else "bias" for n in names if is_parameter(n)}
        rest = [name for name in names if name not in weights_of]
        if weights_of and len(rest) == 2:
            return weights_of | {n: "target" if is_target(n) else "data" for n in rest}
    roles: dict[str, str] = {}
    weights = biases = 0
    flat = any(map(is_flat, names))
    loss = kind.name in ("loss", "regression loss") or flat
    for name in names:
        lowered = name.lower()
        if flat and is_flat(name):
            roles[name] = "theta"
        elif loss and is_target(name) and (len(names) > 1):
            roles[name] = "target"
        elif flat:
            roles[name] = "data"
        elif lowered in ("gamma", "bw", "g", "scale") and kind.name != "affine":
            roles[name] = "gamma"
        elif lowered in ("beta", "bb", "shift"):
            roles[name] = "beta"
        elif is_weight(lowered):
            weights += 1
            roles[name] = "weight" if weights == 1 else f"weight {weights}"
        elif is_bias(lowered):
            biases += 1
            roles[name] = "bias" if biases == 1 else f"bias {biases}"
        elif kind.name in ("rnn", "lstm", "gru") and lowered in _HIDDEN:
            roles[name] = "h"
        elif kind.name == "lstm" and lowered in _CELL:
            roles[name] = "c"
        elif kind.name == "loss" and lowered in _PROBABILITIES:
            roles[name] = "probabilities"
        else:
            roles[name] = "gamma" if name in made_with else _ANY
    if kind.name == "affine" and not weights and biases == 1:
        return {name: "weight" if role == "bias" else role for name, role in roles.items()}
    if kind.name == "normalization":
        gains = {"weight": "gamma", "bias": "beta"}
        return {name: gains.get(role, role) for name, role in roles.items()}
    return roles


def grouped_roles(names: Sequence[str], made_with: Sequence[str]) -> dict[str, str]:
    """The role of each input where parameters of one first letter share it: Wz, Wr and Wn.

    Nothing where no two of them do.
    """
    roles: dict[str, str] = {}
    weights: dict[str, str] = {}
    for name in names:
        letter = name[0].lower()
        if name.lower() in _HIDDEN:
            roles[name] = "h"
        elif name.lower() in _CELL:
            roles[name] = "c"
        elif not (name in made_with or is_parameter(name) or re.match(_CAPITAL, name)):
            roles[name] = _ANY
        elif is_bias(name) or letter == "b":
            roles[name] = "bias"
        else:
            number = len(weights) + 1
            weights.setdefault(letter, "weight" if number == 1 else f"weight {number}")
            roles[name] = weights[letter]
    shared = [role for role in roles.values() if role != _ANY]
    return roles if len(shared) > len(set(shared)) else {}


#: Matrices are called so, also where no letter is usual: Uz, R_i.
_CAPITAL = r"[A-Z]_?\w?\w?$"


#: What losses call predictions that are probabilities, or may be.
_PROBABILITIES = {
    "p", "prob", "probs", "probabilities", "y_pred", "ypred", "y_hat", "yhat", "a", "al", "pred",
    "prediction", "predictions", "output", "outputs", "predicted",
}  # fmt: skip
_HIDDEN = ("prev_h", "h_prev", "h", "a_prev", "hidden", "hprev", "h0")
_CELL = ("prev_c", "c_prev", "c", "cell", "cprev", "c0")


def sizes_for(kind: Kind, way: Mapping[str, Any]) -> Mapping[str, int]:
    """Distinct sizes for the dims of some inputs."""
    needed = {name for given in way.values() for name in as_argument(given).size_names()}
    return kind.sizes if needed <= set(kind.sizes) else OTHER.sizes


#: Dims of a window, which may also be a number that a layer has by default.
_WINDOW = ("k", "kh", "kw")


def fitted(
    kind: Kind, way: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, Any] | None:
    """The inputs where the parameters that an object makes are usual in this kind; None else.

    A window that is 3 by default is so in the inputs too.
    """
    if kind is OTHER:
        return dict(way)
    same = [one for one in kind.ways if one.get("x") in way.values()]
    window: dict[str, str] = {}
    for name, role in roles_of(list(parameters), kind).items():
        usual = {one[role] for one in same if role in one} if role != _ANY else set()
        filled = [
            one for one in (_filled(text, parameters[name]) for text in usual) if one is not None
        ]
        if usual and not filled:
            return None
        window |= filled[0] if filled else {}
    return {name: _with_window(given, window) for name, given in way.items()}


#: The role of what no name tells: as a parameter it may have any dims.
_ANY = "x"


def _filled(usual: str, found: str) -> dict[str, str] | None:
    """The numbers that stand for the dims of a window; None where other dims differ."""
    axes, seen = usual.split(), found.split()
    if len(axes) != len(seen):
        return None
    window = {axis: one for axis, one in zip(axes, seen, strict=True) if axis != one}
    fits = all(axis in _WINDOW and one.isdigit() for axis, one in window.items())
    return window if fits else None


def _with_window(given: Any, window: Mapping[str, str]) -> Any:
    if not isinstance(given, str):
        return given
    for name, number in window.items():
        given = re.sub(rf"\b{name}\b", number, given)
    return given


def ways_of(
    kind: Kind, roles: Mapping[str, str], grouped: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """What the inputs may be, the likeliest first; nothing where a role means nothing there.

    ``grouped`` are their roles where some share one, which is tried last.
    """
    if "theta" in roles.values():
        kind = FLAT
    given: list[dict[str, Any]] = []
    others = OTHER.ways if kind is not OTHER else ()
    for ways, mine in ((kind.ways, roles), (others, roles), (_GROUPS, grouped)):
        for way in ways if mine else ():
            found = {name: way[role] for name, role in mine.items() if role in way}
            if len(found) == len(mine) and found not in given:
                given.append(found)
                yield found


#: Settings that layers read from a dict, for those that have to be there.
_SETTINGS: dict[str, tuple[Any, ...]] = {
    "mode": ("train",), "p": (0.5,), "keep_prob": (0.5,), "stride": (1, 2), "pad": (1, 0),
    "padding": (1, 0), "pool_height": (2, 2), "pool_width": (2, 3), "f": (2, 2),
    "pool_size": (2, 2), "eps": (1e-5,), "momentum": (0.9,), "kernel_size": (2, 2),
}  # fmt: skip
_POOL_STRIDE = (2, 1)


def settings(keys: Sequence[str]) -> Argument | None:
    """A dict of settings with some keys; None where one of them is not known."""
    if any(key not in _SETTINGS for key in keys):
        return None
    pool = any(key.startswith("pool") for key in keys)
    values = {k: _POOL_STRIDE if pool and k == "stride" else _SETTINGS[k] for k in keys}
    count = max((len(found) for found in values.values()), default=1)
    made = [{k: found[min(i, len(found) - 1)] for k, found in values.items()} for i in range(count)]
    return constant(made[0]) if count == 1 else choice(*made)
