"""Cells with gates and a state: a wrong partner, another step's values, a slope too many."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from gradcheck.diagnosis.evidence import Evidence, Pair, View
from gradcheck.diagnosis.pattern import Found, Pattern, Text
from gradcheck.diagnosis.samples import Floats

#: What is made of measured values is this much, or not.
_MEASURED = 1e-6
_MATRIX = 2

#: What a gate or a candidate may be made of a named array by.
_GATES: dict[str, Callable[[Floats], Floats]] = {
    "{}": lambda a: a,
    "sigmoid({})": lambda a: 1 / (1 + np.exp(-a)),
    "tanh({})": np.tanh,
}


# ---- a state that is passed on ---------------------------------------------------------------


def _inside_tanh(view: View, evidence: Evidence) -> Found | None:
    """The upstream gradient of one output goes through the slope of tanh there, once too many."""
    first = view.pairs[0]
    if evidence.rule.kind != "vjp" or len(first.sample.outputs.leaves) < 2:
        return None
    for number, leaf in enumerate(first.sample.outputs.leaves):
        evidence.clock.check()

        def bent(pair: Pair, k: int = number) -> Floats:
            outputs, u = pair.sample.outputs, pair.u.copy()
            where = outputs.leaves[k].slice
            u[where] *= 1 - np.tanh(outputs.flatten(pair.sample.names)[where]) ** 2
            return pair.pull(u)

        if view.explains(bent):
            return Found({"state": leaf.label})
    return None


# ---- products of gates -----------------------------------------------------------------------


def _wrong_partner(view: View, evidence: Evidence) -> Found | None:
    """The same with two inputs as they are: of a plain product of inputs."""
    return _exchange(view, evidence, lambda pair: _gates(pair, {"{}": _GATES["{}"]}))


def _wrong_gate(view: View, evidence: Evidence) -> Found | None:
    """``claimed = right * a / b`` for two gates of the shape of this input."""
    return _exchange(view, evidence, _gates)


def _exchange(
    view: View, evidence: Evidence, gates: Callable[[Pair], dict[str, Floats]]
) -> Found | None:
    first = view.pairs[0]
    if not all(np.shape(p.claimed) == p.leaf.shape and p.right.size > 1 for p in view.pairs):
        return None
    for right, wrong in itertools.permutations(gates(first), 2):
        evidence.clock.check()
        if view.explains(_exchanged, right, wrong):
            return Found({"right": right, "wrong": wrong})
    return None


def _gates(
    pair: Pair, forms: Mapping[str, Callable[[Floats], Floats]] = _GATES
) -> dict[str, Floats]:
    outputs = pair.sample.outputs.names if len(forms) < len(_GATES) else ()
    return {
        form.format(name): gate(array)
        for name, array in pair.arrays.items()
        if array.shape == pair.leaf.shape and name not in outputs
        for form, gate in forms.items()
    }


def _exchanged(pair: Pair, right: str, wrong: str) -> Floats | None:
    gates = _gates(pair)
    if right not in gates or wrong not in gates:
        return None
    return np.asarray(pair.right / gates[right] * gates[wrong])


# ---- products of activations with a delta ----------------------------------------------------


def _another_step(view: View, evidence: Evidence) -> Found | None:
    """``h.T @ delta`` with another array for ``h``, whatever ``delta`` is."""
    if evidence.rule.kind != "vjp":
        return None
    first = view.pairs[0]
    if first.right.ndim != _MATRIX:
        return None
    common = set.intersection(*(set(_activations(pair)) for pair in view.pairs))
    for right, wrong in itertools.permutations(sorted(common), 2):
        evidence.clock.check()
        taken = sum(min(max(_unknowns(p, right), 0), p.right.size) for p in view.pairs)
        if view.explains(_with_delta, right, wrong, parameters=taken):
            return Found({"right": right, "wrong": wrong})
    return None


def _activations(pair: Pair) -> dict[str, Floats]:
    """Named arrays that may stand to the left of a delta: of shape ``(n, d)`` or ``(d,)``."""
    rows = pair.leaf.shape[0]
    return {
        name: np.atleast_2d(array)
        for name, array in pair.arrays.items()
        if array.ndim in (1, _MATRIX) and array.shape[-1] == rows and name != pair.leaf.name
    }


def _unknowns(pair: Pair, right: str) -> int:
    """How many numbers of a delta the right gradient leaves open."""
    return (len(_activations(pair)[right]) - pair.leaf.shape[0]) * pair.leaf.shape[1]


def _with_delta(pair: Pair, right: str, wrong: str) -> Floats | None:
    if np.shape(pair.claimed) != pair.leaf.shape:
        return None
    found = _activations(pair)
    h, other = found.get(right), found.get(wrong)
    if h is None or other is None or h.shape != other.shape:
        return None
    both = np.concatenate([h.T, other.T])
    sides = np.concatenate([pair.right, np.asarray(pair.claimed, float)])
    delta = np.linalg.lstsq(both, sides, rcond=None)[0]
    off = np.abs(h.T @ delta - pair.right).max(initial=0.0)
    if off > _MEASURED * np.abs(pair.right).max(initial=0.0):
        return None
    return np.asarray(other.T @ delta)


_WRONG_GATE = Pattern(
    "M53",
    Text("multiplied by {wrong} where {right} is meant", "应乘 {right}，却乘了 {wrong}"),
    Text(
        "In a product each factor gets the others: the gradient of a gate is multiplied by what "
        "the gate is multiplied by in the forward direction.",
        "乘积中每个因子的梯度要乘其余因子：门的梯度应乘前向中与它相乘的量。",
    ),
    Text(
        "multiply by {right}; as for c = f * c_prev + i * g: di = dc * g",
        "乘以 {right}；如 c = f * c_prev + i * g 时 di = dc * g",
    ),
    _wrong_gate,
    rank=19,
)

PATTERNS = [
    _WRONG_GATE,
    replace(_WRONG_GATE, find=_wrong_partner, rank=10),
    Pattern(
        "M52",
        Text(
            "the upstream gradient of {state} goes through the tanh of the output as well",
            "{state} 的上游梯度也乘了输出处 tanh 的导数",
        ),
        Text(
            "What the next step sends back to the state does not pass the tanh of this one's "
            "output: it is added behind that slope, not before.",
            "下一步回传给状态的梯度并不经过这一步输出的 tanh：应在乘导数之后再相加，而不是之前。",
        ),
        Text(
            "dc = dh * o * (1 - tanh(c)**2) + dc_next", "dc = dh * o * (1 - tanh(c)**2) + dc_next"
        ),
        _inside_tanh,
        rank=12,
    ),
    Pattern(
        "M53-step",
        Text("made with {wrong}.T where {right}.T is meant", "应使用 {right}.T，却用了 {wrong}.T"),
        Text(
            "The gradient of a weight is the activation it was multiplied with, transposed, times "
            "the gradient behind it; here the activation is that of another step or layer.",
            "权重的梯度等于与它相乘的激活值的转置乘以其后的梯度；这里用了另一时间步或另一层的激活值。",
        ),
        Text("dW = {right}.T @ dz", "dW = {right}.T @ dz"),
        _another_step,
        same=(Text("h_t for h_(t-1)", "用 h_t 代替了 h_(t-1)", "M53"),),
        rank=25,
    ),
]
