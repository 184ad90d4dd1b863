"""What a layer is, how its inputs are drawn, and the mistakes any rule can suffer.

A rule is written once, with its mistakes beside the right lines:

    def rule(g, x, w, bug=""):
        dx = g @ (w if bug == "M1-transposed" else w.T)

`layer` turns it into the right `vjp` (no bug) and one wrong rule for each id listed. Ids found in
`GENERAL` need no line of their own: they spoil the cotangent before the right rule, or its result.
Elementwise functions give a table of slopes instead, see `elementwise`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

REGIMES = (
    "normal",
    "x1e-8",
    "x1e-4",
    "x1e3",
    "x1e8",
    "+1e3",
    "+1e6",
    "mixed",
    "zeros_ties",
    "saturation",
    "edges",
)
SCALES = {"x1e-8": 1e-8, "x1e-4": 1e-4, "x1e3": 1e3, "x1e8": 1e8}
OFFSETS = {"+1e3": 1e3, "+1e6": 1e6}


@dataclass(frozen=True)
class Layer:
    """A function, its right backward rule, and wrong ones."""

    name: str
    f: Callable
    """`f(*inputs)` -> array or float"""
    vjp: Callable
    """`vjp(cotangent, *inputs)` -> a tuple of gradients, or one array for a single input"""
    draw: Callable
    """`draw(rng, regime, shape_choice)` -> tuple of inputs, or None: the regime makes no sense"""
    wrong: Mapping[str, Callable] = field(default_factory=dict)
    """mistake id -> wrong vjp; an id that starts with "rare-" is right at a generic input"""
    domain: str = "real"
    notes: str = ""
    shape_choices: int = 1
    """`shape_choice` is taken modulo this number"""


# ---------------------------------------------------------------------------------------- inputs


def _real(rng, regime, shape, edges):
    z = rng.standard_normal(shape)
    if regime == "mixed":
        return z * 10.0 ** rng.uniform(-6, 6, shape)
    if regime == "zeros_ties":  # exactly on the branch points too, where there are any
        return rng.choice(np.unique([-1.0, 0.0, 1.0, *edges]), shape)
    if regime == "saturation":
        return np.sign(z) * (10 + 20 * np.abs(z))
    if regime == "edges":
        return rng.choice(np.asarray(edges, float), shape) + np.sign(z) * _tiny(rng, shape)
    return z * SCALES.get(regime, 1.0) + OFFSETS.get(regime, 0.0)


def _positive(rng, regime, shape, edges):
    z = 0.1 + np.abs(rng.standard_normal(shape))
    if regime == "mixed":
        return z * 10.0 ** rng.uniform(-6, 6, shape)
    if regime == "zeros_ties":
        return rng.choice([1.0, 2.0], shape)
    if regime == "saturation":
        return 10 + 20 * z
    if regime == "edges":
        return _tiny(rng, shape)
    return z * SCALES.get(regime, 1.0) + OFFSETS.get(regime, 0.0)


def _nonzero(rng, regime, shape, edges):
    return rng.choice([-1.0, 1.0], shape) * _positive(rng, regime, shape, edges)


def _above_one(rng, regime, shape, edges):
    return 1 + _positive(rng, regime, shape, edges)


def _probability(rng, regime, shape, edges):
    p = rng.uniform(0.05, 0.95, shape)
    if regime == "mixed":
        return p * 10.0 ** rng.uniform(-6, 0, shape)
    if regime == "zeros_ties":
        return rng.choice([0.25, 0.5, 0.75], shape)
    if regime in ("saturation", "edges"):
        near = 10.0 ** rng.uniform(-4, -1, shape) if regime == "saturation" else _tiny(rng, shape)
        return np.where(p > 0.5, 1 - near, near)
    return p * SCALES.get(regime, 1.0)


def _unit(rng, regime, shape, edges):
    if regime == "zeros_ties":
        return rng.choice([-0.5, 0.0, 0.5], shape)
    p = _probability(rng, regime, shape, edges)
    return 2 * p - 1 if regime not in SCALES else p * rng.choice([-1.0, 1.0], shape)


def _tiny(rng, shape):
    return 10.0 ** rng.uniform(-12, -6, shape)


_DOMAINS = {
    "real": _real,
    "smooth": _real,  # real, with no branch point in this input
    "plain": _real,  # real, always standard normal
    "positive": _positive,
    "nonzero": _nonzero,
    "above one": _above_one,
    "probability": _probability,
    "unit": _unit,
}
_BOUNDED = ("probability", "unit")


def drawer(shapes, domain="real", edges=(), without="", after=None, spread=1.0):
    """A `draw` function.

    `shapes` lists the shape choices: a shape, or a tuple of shapes where there are several inputs.
    `domain` is a key of `_DOMAINS` for all inputs, or a tuple of such keys. `edges` are the branch
    points of inputs of domain "real". `without` names the regimes to leave out. `after(*inputs)`
    may adjust what was drawn. `spread` widens the normal regime where branch points are far.
    """
    choices = [(s,) if isinstance(s[0], int) else s for s in shapes]
    domains = (domain,) * len(choices[0]) if isinstance(domain, str) else domain
    has_edges = bool(edges) or not set(domains) <= {"real", "smooth", "plain"}

    def draw(rng, regime, shape_choice=0):
        if regime not in REGIMES:
            raise ValueError(f"no such regime: {regime}")
        if regime in without.split() or (regime == "edges" and not has_edges):
            return None
        far = regime in ("x1e3", "x1e8", *OFFSETS)
        if far and set(domains) <= {*_BOUNDED, "plain"}:
            return None
        inputs = []
        for kind, shape in zip(domains, choices[shape_choice % len(choices)], strict=True):
            points = edges if kind == "real" else ()
            calm = kind == "plain" or (
                regime == "edges" and kind in ("real", "smooth") and not points
            )
            drawn = _DOMAINS[kind](rng, "normal" if calm else regime, shape, points)
            inputs.append(drawn * spread if regime == "normal" else drawn)
        return tuple(after(*inputs)) if after else tuple(inputs)

    draw.shape_choices = len(choices)
    draw.domain = domain if isinstance(domain, str) else " x ".join(domain)
    return draw


ELEMENTWISE_SHAPES = [(3, 4), (6,), (1, 5), (4, 1), (2, 3, 2), (1,)]
BINARY_SHAPES = [((3, 4), (3, 4)), ((5,), (5,)), ((1, 4), (1, 4)), ((3, 1), (3, 1))]
ROW_SHAPES = [(3, 4), (4, 4), (1, 5), (5, 2), (2, 3, 4), (6,)]

# -------------------------------------------------------------------------------------- mistakes


def _each(result, change):
    return tuple(change(a) for a in result) if isinstance(result, tuple) else change(result)


def _first_only(a):
    a = np.asarray(a)
    if a.ndim == 0:
        return a
    kept = np.zeros_like(a)
    kept[0] = a[0]
    return kept


def _last_missing(a):
    a = np.array(a)
    if a.ndim:
        a[-1] = 0
    return a


def _first_entry(g):
    kept = np.zeros_like(np.asarray(g, float))
    kept.flat[0] = np.asarray(g).flat[0]
    return kept


def _averaging(g):
    return np.ones_like(g) / np.size(g)


def _negated(a):
    return -a


def _doubled(a):
    return 2 * a


def _swapped(result):
    return tuple(reversed(result))


# id -> what happens to the cotangent, what happens to each gradient
GENERAL = {
    "M19-sign": (None, _negated),
    "M22-jacobian-averaged": (_averaging, None),
    "M27-upstream-ignored": (np.ones_like, None),
    "M28-first-upstream-only": (_first_entry, None),
    "M40-return-in-loop": (None, _first_only),
    "M47-sample-0-only": (_first_only, None),
    "factor-2": (None, _doubled),
    "last-row-missing": (None, _last_missing),
}


def _bound(rule, bug):
    """`rule` with one mistake (or none) as a plain `vjp(cotangent, *inputs)`."""

    def vjp(cotangent, *inputs):
        with np.errstate(all="ignore"):  # tables of slopes work out the wrong ones too
            if bug == "swapped-gradients":
                return _swapped(rule(cotangent, *inputs))
            if bug not in GENERAL:
                return rule(cotangent, *inputs, bug=bug) if bug else rule(cotangent, *inputs)
            upstream, change = GENERAL[bug]
            result = rule(upstream(cotangent) if upstream else cotangent, *inputs)
            return _each(result, change) if change else result

    return vjp


def layer(name, f, rule, wrong, draw, notes=""):
    """A `Layer` from a rule that takes `bug=`; `wrong` is a string of mistake ids."""
    ids = wrong.split()
    if len(set(ids)) < len(ids):
        raise ValueError(f"{name}: a mistake is listed twice")
    return Layer(
        name=name,
        f=f,
        vjp=_bound(rule, ""),
        draw=draw,
        wrong={i: _bound(rule, i) for i in ids},
        domain=draw.domain,
        notes=notes,
        shape_choices=draw.shape_choices,
    )


def elementwise(name, f, slopes, general, draw=None, notes=""):
    """A layer with f applied to each entry.

    `slopes(x)` is a table: "" -> the right derivative, mistake id -> a wrong one. `general` lists
    mistakes that can be derived: those of `GENERAL` and the four below.
    """
    draw = draw or drawer(ELEMENTWISE_SHAPES)

    def rule(g, x, bug=""):
        if bug == "M12-no-upstream":
            return slopes(x)[""]
        if bug == "M13-slope-at-upstream":
            return g * slopes(g)[""]
        if bug == "M15-applied-twice":
            return g * slopes(f(x))[""]
        if bug == "M16-function-returned":
            return g * f(x)
        return g * slopes(x)[bug]

    with np.errstate(all="ignore"):
        own = [i for i in slopes(np.full(2, 0.5)) if i]
    return layer(name, f, rule, " ".join([*own, *general.split()]), draw, notes)


def binary(name, f, partials, general, draw=None, notes=""):
    """As `elementwise` for two inputs of one shape; the table holds pairs of slopes."""
    draw = draw or drawer(BINARY_SHAPES)

    def rule(g, a, b, bug=""):
        da, db = partials(a, b)[bug]
        return g * da, g * db

    with np.errstate(all="ignore"):
        own = [i for i in partials(np.full(2, 0.5), np.full(2, 0.6)) if i]
    return layer(name, f, rule, " ".join([*own, *general.split()]), draw, notes)


def gap(right, wrong):
    """How far a wrong result is from the right one: the largest difference, relative to the largest
    entry of that gradient. Infinite for another shape or a non-finite entry, and where the right
    gradient is zero and the wrong one is not."""
    right = right if isinstance(right, tuple) else (right,)
    wrong = wrong if isinstance(wrong, tuple) else (wrong,)
    if len(right) != len(wrong):
        return np.inf
    worst = 0.0
    for a, b in zip(right, wrong, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or not np.all(np.isfinite(b)):
            return np.inf
        far = np.max(np.abs(a - b), initial=0.0)
        if far > 0:
            scale = np.max(np.abs(a))
            worst = max(worst, far / scale if scale > 0 else np.inf)
    return float(worst)
