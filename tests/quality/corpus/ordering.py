"""Sorting and what picks entries by size. At ties the first entry in a stable order is meant."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer

ROWS = [(3, 4), (2, 5), (1, 6), (4, 3), (7,)]


def order(x):
    return np.argsort(x, axis=-1, kind="stable")


def put(x, index, values):
    out = np.zeros_like(x)
    np.put_along_axis(out, index, values, axis=-1)
    return out


def ranked(x):
    return np.sort(x, axis=-1)


def ranked_rule(g, x, bug=""):
    index = order(x)
    if bug == "M1-permutation-not-inverted":
        return np.take_along_axis(g, index, axis=-1)
    if bug == "permutation-forgotten":
        return np.array(g)
    if bug == "descending":
        return put(x, index, g[..., ::-1])
    if bug == "M13-order-of-upstream":
        return put(x, order(g), g)
    if bug == "M34-sorted-by-flat-order":
        return put(x, np.broadcast_to(index.reshape(-1, x.shape[-1])[0], x.shape), g)
    if bug == "M12-values-kept":
        return put(x, index, g * np.sort(x, axis=-1))
    return put(x, index, g)


def median(x):
    return np.median(x, axis=-1)


def middle(x):
    """The places of the middle entries: one, or two that share."""
    n = x.shape[-1]
    return order(x)[..., (n - 1) // 2 : n // 2 + 1]


def median_rule(g, x, bug=""):
    index, n = middle(x), x.shape[-1]
    if bug == "lower-middle-only":
        return put(x, index[..., :1], g[..., None])
    if bug == "upper-middle-only":
        return put(x, index[..., -1:], g[..., None])
    if bug == "M36-both-get-all":
        return put(x, index, np.repeat(g[..., None], index.shape[-1], axis=-1))
    if bug == "M59-mean-rule":
        return np.zeros_like(x) + g[..., None] / n
    if bug == "M1-rank-for-place":
        return put(x, order(index * 0 + np.arange(index.shape[-1])), g[..., None] / index.shape[-1])
    if bug == "place-of-unsorted-middle":
        return put(x, np.full((*x.shape[:-1], 1), n // 2), g[..., None])
    return put(x, index, np.broadcast_to(g[..., None] / index.shape[-1], index.shape))


def top_two(x):
    """The two largest of each row, the largest first."""
    return np.sort(x, axis=-1)[..., :-3:-1]


def top_two_rule(g, x, bug=""):
    index = np.argsort(-x, axis=-1, kind="stable")[..., :2]
    if bug == "order-swapped":
        index = index[..., ::-1]
    if bug == "smallest-for-largest":
        index = order(x)[..., :2]
    if bug == "M28-largest-only":
        return put(x, index[..., :1], g[..., :1])
    if bug == "M59-soft-rule":
        e = np.exp(np.clip(x - x.max(axis=-1, keepdims=True), -50, 0))
        return e / e.sum(axis=-1, keepdims=True) * g.sum(axis=-1, keepdims=True)
    if bug == "M48-first-row-for-all":
        index = np.broadcast_to(index.reshape(-1, 2)[0], index.shape)
        return put(x, index, g)
    if bug == "M40-second-overwrites":
        return put(x, index[..., 1:], g[..., 1:])
    return put(x, index, g)


def largest(x):
    return x.max(axis=-1)


def largest_rule(g, x, bug=""):
    index = x.argmax(axis=-1)[..., None]
    g = g[..., None]
    return {
        "rare-M36-ties-all": lambda: g * (x == x.max(axis=-1, keepdims=True)),
        "M34-whole-array": lambda: g * (x == x.max()),
        "M59-mean-rule": lambda: np.zeros_like(x) + g / x.shape[-1],
        "smallest-for-largest": lambda: put(x, x.argmin(axis=-1)[..., None], g),
        "M12-value-kept": lambda: put(x, index, g * x.max(axis=-1, keepdims=True)),
        "largest-magnitude": lambda: put(x, np.abs(x).argmax(axis=-1)[..., None], g),
        "M11-upstream-positive-only": lambda: put(x, index, np.maximum(g, 0)),
    }.get(bug, lambda: put(x, index, g))()


def smallest(x):
    """Over axis 0."""
    return x.min(axis=0)


def smallest_rule(g, x, bug=""):
    index = x.argmin(axis=0)[None]
    out = np.zeros_like(x)
    if bug == "rare-M36-ties-all":
        return g * (x == x.min(axis=0))
    if bug == "largest-for-smallest":
        index = x.argmax(axis=0)[None]
    if bug == "M34-whole-array":
        return g * (x == x.min())
    if bug == "M34-wrong-axis":
        return g * (x == x.min(axis=-1, keepdims=True))
    if bug == "smallest-magnitude":
        index = np.abs(x).argmin(axis=0)[None]
    np.put_along_axis(out, index, g[None], axis=0)
    return out


def spread(x):
    return x.max(axis=-1) - x.min(axis=-1)


def spread_rule(g, x, bug=""):
    g = g[..., None]
    high, low = put(x, x.argmax(axis=-1)[..., None], g), put(x, x.argmin(axis=-1)[..., None], g)
    return {
        "M19-low-sign": high + low,
        "M54-high-only": high,
        "M54-low-only": -low,
        "reversed": low - high,
        "M6-halved": (high - low) / 2,
        "M59-ends-of-row": put(x, np.full_like(x[..., :1], -1, int), g)
        - put(x, np.full_like(x[..., :1], 0, int), g),
    }.get(bug, high - low)


def running_max(x):
    return np.maximum.accumulate(x, axis=-1)


def running_max_rule(g, x, bug=""):
    """A later equal entry does not take over."""
    top = running_max(x)
    before = np.concatenate([np.full_like(x[..., :1], -np.inf), top[..., :-1]], axis=-1)
    fresh = x > before
    where = np.maximum.accumulate(np.where(fresh, np.arange(x.shape[-1]), 0), axis=-1)
    out = np.zeros_like(x)
    if bug == "M49-overwritten":
        return put(x, where, g)
    if bug == "M51-records-keep-own-only":
        return g * fresh
    if bug == "M59-maximum-rule":
        return put(x, x.argmax(axis=-1)[..., None], g.sum(axis=-1, keepdims=True))
    if bug == "M51-reversed-time":
        return running_max_rule(g[..., ::-1], x[..., ::-1])[..., ::-1]
    if bug == "M59-cumsum-rule":
        return np.flip(np.cumsum(np.flip(g, -1), -1), -1)
    rows = np.indices(x.shape)[:-1]
    np.add.at(out, (*rows, where), g)
    return out


def trimmed_mean(x):
    """The mean of each row without its largest and its smallest entry."""
    return np.sort(x, axis=-1)[..., 1:-1].mean(axis=-1)


def trimmed_mean_rule(g, x, bug=""):
    index, n = order(x), x.shape[-1]
    kept = index[..., 1:-1]
    count = {"M3-divided-by-all": n, "M3-not-divided": 1, "one-trimmed": n - 1}.get(bug, n - 2)
    if bug == "one-trimmed":
        kept = index[..., 1:]
    if bug == "M59-mean-rule":
        return np.zeros_like(x) + g[..., None] / n
    if bug == "ends-of-row-trimmed":
        kept = np.broadcast_to(np.arange(1, n - 1), kept.shape)
    if bug == "trimmed-ones-only":
        return (
            np.zeros_like(x)
            + g[..., None] / 2
            - put(x, kept, np.broadcast_to(g[..., None] / 2, kept.shape))
        )
    return put(x, kept, np.broadcast_to(g[..., None] / count, kept.shape))


def rank_weighted(x, w):
    """An ordered weighted average: weights by rank, the smallest first."""
    return np.sort(x, axis=-1) @ w


def rank_weighted_rule(g, x, w, bug=""):
    index = order(x)
    dx = put(x, index, g[..., None] * w)
    dw = (g[..., None] * np.sort(x, axis=-1)).reshape(-1, w.size).sum(axis=0)
    if bug == "weights-by-place":
        dx = g[..., None] * np.broadcast_to(w, x.shape)
    if bug == "dw-from-unsorted":
        dw = (g[..., None] * x).reshape(-1, w.size).sum(axis=0)
    if bug == "M1-permutation-not-inverted":
        dx = g[..., None] * w[index]
    if bug == "descending":
        dx = put(x, index, g[..., None] * w[::-1])
    if bug == "M3-dw-averaged":
        dw = dw / np.size(g)
    if bug == "M29-order-forgotten-in-dw":
        dw = np.full_like(w, dw.mean())
    return dx, dw


TIES = (0.0, 1.0)

LAYERS = [
    layer(
        "sort",
        ranked,
        ranked_rule,
        "M1-permutation-not-inverted permutation-forgotten "
        "descending M13-order-of-upstream M34-sorted-by-flat-order M12-values-kept",
        drawer(ROWS, edges=TIES),
    ),
    layer(
        "median",
        median,
        median_rule,
        "lower-middle-only upper-middle-only M36-both-get-all "
        "M59-mean-rule M1-rank-for-place place-of-unsorted-middle",
        drawer(ROWS, edges=TIES),
    ),
    layer(
        "top_two",
        top_two,
        top_two_rule,
        "order-swapped smallest-for-largest M28-largest-only "
        "M59-soft-rule M48-first-row-for-all M40-second-overwrites",
        drawer(ROWS, edges=TIES),
    ),
    layer(
        "max",
        largest,
        largest_rule,
        "rare-M36-ties-all M34-whole-array M59-mean-rule "
        "smallest-for-largest M12-value-kept largest-magnitude M11-upstream-positive-only",
        drawer(ROWS, edges=TIES),
    ),
    layer(
        "min",
        smallest,
        smallest_rule,
        "rare-M36-ties-all largest-for-smallest M34-whole-array "
        "M34-wrong-axis smallest-magnitude M27-upstream-ignored",
        drawer([(4, 3), (5, 2), (6, 1), (2, 3, 2)], edges=TIES),
    ),
    layer(
        "max_minus_min",
        spread,
        spread_rule,
        "M19-low-sign M54-high-only M54-low-only reversed M6-halved M59-ends-of-row",
        drawer(ROWS, edges=TIES),
    ),
    layer(
        "cummax",
        running_max,
        running_max_rule,
        "M49-overwritten "
        "M51-records-keep-own-only M59-maximum-rule M51-reversed-time M59-cumsum-rule",
        drawer(ROWS, edges=TIES),
    ),
    layer(
        "trimmed_mean",
        trimmed_mean,
        trimmed_mean_rule,
        "M3-divided-by-all M3-not-divided "
        "one-trimmed M59-mean-rule ends-of-row-trimmed trimmed-ones-only",
        drawer(ROWS, edges=TIES),
    ),
    layer(
        "rank_weighted",
        rank_weighted,
        rank_weighted_rule,
        "weights-by-place dw-from-unsorted "
        "M1-permutation-not-inverted descending M3-dw-averaged M29-order-forgotten-in-dw",
        drawer(
            [((3, 4), (4,)), ((2, 5), (5,)), ((6,), (6,))], domain=("real", "plain"), edges=TIES
        ),
    ),
]
