"""What known names settle: the dims of affine, conv, batchnorm, softmax_loss and their like.

A layer is of a kind by a word in its name; an input has a role by its own name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gradcheck.adapters.kinds import CHARACTERS, COST, FLAT, GROUPS, KINDS, MODEL, OTHER, Kind
from gradcheck.adapters.words import (
    is_bias,
    is_count_of_groups,
    is_flat,
    is_gain,
    is_hidden,
    is_mask,
    is_parameter,
    is_statistic,
    is_target,
    is_weight,
    is_weight_in,
    snake,
)
from gradcheck.arguments import Argument, as_argument, choice, constant

_DIMENSION = re.compile(r"\d+(x\d+)?d?$")
#: A norm of what a layer is made with says nothing of the axes of what it takes.
_OF_WEIGHTS = re.compile(r"(weights?|spectral|kernel)_?norm(ali[sz](ed|ation))?(?=_|$)")


def kind_of(name: str) -> Kind:
    """The kind of layer that a name means; ``OTHER`` where it means none."""
    spelled = _OF_WEIGHTS.sub("", snake(name)).strip("_")
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
    if kind is CHARACTERS:
        return {name: name.lower() for name in names}
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
    # Two layers and their loss, all parameters of which are given.
    whole = kind is OTHER and sum(map(is_weight, names)) == 2 and sum(map(is_target, names)) == 1
    for name in names:
        lowered = name.lower()
        if flat and is_flat(name):
            roles[name] = "theta"
        elif kind.name == "normalization in groups" and is_count_of_groups(name):
            roles[name] = "groups"
        elif loss and is_mask(name):
            roles[name] = "mask"
        elif (whole or loss) and is_target(name) and (len(names) > 1):
            roles[name] = "target"
        elif flat:
            roles[name] = "data"
        elif kind.name.startswith("normalization") and is_statistic(name):
            roles[name] = "beta"
        elif kind.name == "convolution" and name.lower() == _DIRECTION and any(map(is_gain, names)):
            weights += 1
            roles[name] = "weight"
        elif is_gain(name) and kind.name != "affine":
            roles[name] = "gamma"
        elif lowered in ("beta", "bb", "shift"):
            roles[name] = "beta"
        elif is_weight(lowered) or is_weight_in(kind.name, name):
            weights += 1
            roles[name] = "weight" if weights == 1 else f"weight {weights}"
        elif is_bias(lowered):
            biases += 1
            roles[name] = "bias" if biases == 1 else f"bias {biases}"
        elif kind.name in _CELLS and (lowered in _HIDDEN or is_hidden(name)):
            roles[name] = "h"
        elif kind.name == "lstm" and lowered in _CELL:
            roles[name] = "c"
        elif kind.name == "loss" and lowered in _PROBABILITIES:
            roles[name] = "probabilities"
        else:
            roles[name] = "gamma" if name in made_with else _ANY
    # Beside more than one array, it is a bias of weights that no name tells: v and g.
    if kind.name == "affine" and not weights and biases == 1 and len(names) <= _PRODUCT:
        return {name: "weight" if role == "bias" else role for name, role in roles.items()}
    if kind.name.startswith("normalization"):
        gains = {"weight": "gamma", "bias": "beta"}
        return {name: gains.get(role, role) for name, role in roles.items()}
    return roles


def grouped_roles(names: Sequence[str], made_with: Sequence[str]) -> dict[str, str]:
    """The role of each input where parameters of one first letter share it: Wz, Wr and Wn.

    Nothing where no two of them do.
    """
    roles: dict[str, str] = {}
    weights: dict[str, str] = {}
    lowered = {name.lower() for name in names}
    for name in names:
        letter = name[0].lower()
        if name.lower() in _HIDDEN:
            roles[name] = "h"
        elif name.lower() in _CELL:
            roles[name] = "c"
        elif name.lower() in _OF_OUTPUT:
            roles[name] = f"{_OF_OUTPUT[name.lower()]} y"
        elif f"w{name[1:]}".lower() in lowered and letter == "b":
            roles[name] = "bias"  # bf, beside Wf
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


#: What weights are called beside a gain that is their length.
_DIRECTION = "v"
#: Of so many arrays a product is.
_PRODUCT = 2
#: Matrices are called so, also where no letter is usual: Uz, R_i.
_CAPITAL = r"[A-Z]_?\w?\w?$"


#: What losses call predictions that are probabilities, or may be.
_PROBABILITIES = {
    "p", "q", "p_hat", "prob", "probs", "y_pred", "ypred", "y_hat", "yhat", "a", "al", "pred",
    "probabilities", "prediction", "predictions", "output", "outputs", "predicted",
}  # fmt: skip
_HIDDEN = ("prev_h", "h_prev", "h", "a_prev", "hidden", "hprev", "h0")
#: What a cell that predicts calls the parameters of its prediction, beside those of its gates.
_OF_OUTPUT = {"wy": "weight", "wya": "weight", "why": "weight", "by": "bias"}
_CELL = ("prev_c", "c_prev", "c", "cell", "cprev", "c0")


def sizes_for(kind: Kind, way: Mapping[str, Any]) -> Mapping[str, int]:
    """Distinct sizes for the dims of some inputs."""
    needed = {name for given in way.values() for name in as_argument(given).size_names()}
    return kind.sizes if needed <= set(kind.sizes) else OTHER.sizes


_CELLS = ("rnn", "lstm", "gru")
#: Dims of a window, which may also be a number that a layer has by default.
_WINDOW = ("k", "kh", "kw")


def fitted(
    kind: Kind, way: Mapping[str, Any], parameters: Mapping[str, str]
) -> dict[str, Any] | None:
    """The inputs where the parameters that an object makes are usual in this kind; None else.

    A window that is 3 by default is so in the inputs too.
    """
    if kind is OTHER or not kind.ways:
        return dict(way)
    letters = any(re.fullmatch("[UVR]", name) for name in parameters)
    if kind.name in _CELLS and (letters or sum(map(is_weight, parameters)) > 2):
        return dict(way)  # matrices of which the ways say nothing: U and V, or one for each gate
    same = [one for one in kind.ways if one.get("x") in way.values()]
    window: dict[str, str] = {}
    for name, role in roles_of(list(parameters), kind).items():
        usual = {one[role] for one in same if role in one} if role != _ANY else set()
        filled = [
            one for one in (_filled(text, parameters[name]) for text in usual) if one is not None
        ]
        if usual and not filled and parameters[name] not in _ONE_NUMBER:
            return None
        window |= filled[0] if filled else {}
    return {name: _with_window(given, window) for name, given in way.items()}


#: The role of what no name tells: as a parameter it may have any dims.
_ANY = "x"


#: The dims of a gain that is one number for all.
_ONE_NUMBER = ("", "1")


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
    for ways, mine in ((kind.ways, roles), (others, roles), (GROUPS, grouped)):
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
