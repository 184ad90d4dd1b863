"""Gathering, scattering, slicing and broadcasting. Index patterns are computed from the shapes."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from ._numerics import unbroadcast


def ids(count, rows):
    """A fixed index pattern with repeats: squares modulo the number of rows."""
    return np.arange(count) ** 2 % rows


def added(g, index, rows):
    out = np.zeros((rows, *g.shape[1:]), g.dtype)
    np.add.at(out, index, g)
    return out


def overwritten(g, index, rows):
    out = np.zeros((rows, *g.shape[1:]), g.dtype)
    out[index] = g
    return out


def gather(x):
    """Rows of x by a pattern that is longer than x and repeats rows."""
    return x[ids(len(x) + 2, len(x))]


def gather_rule(g, x, bug=""):
    index = ids(len(g), len(x))
    counts = np.bincount(index, minlength=len(x)).reshape(-1, *(1,) * (x.ndim - 1))
    if bug == "M49-overwritten":
        return overwritten(g, index, len(x))
    if bug == "M49-first-kept":
        return overwritten(g[::-1], index[::-1], len(x))
    if bug == "M49-averaged":
        return added(g, index, len(x)) / np.maximum(counts, 1)
    if bug == "index-off-by-one":
        return np.roll(added(g, index, len(x)), 1, axis=0)
    if bug == "M28-first-rows-only":
        return np.array(g[: len(x)])
    if bug == "unread-rows-get-mean":
        return added(g, index, len(x)) + (counts == 0) * g.mean(axis=0)
    return added(g, index, len(x))


def embedding(table):
    """A batch of 2 sequences of 4 tokens; the first row is padding and gets no gradient: it is
    replaced by zeros."""
    index = ids(8, len(table)).reshape(2, 4)
    return table[index] * (index > 0)[..., None]


def embedding_rule(g, table, bug=""):
    index = ids(8, len(table)).reshape(2, 4)
    kept = g if bug == "padding-gets-gradient" else g * (index > 0)[..., None]
    if bug == "M49-overwritten":
        return overwritten(kept.reshape(8, -1), index.ravel(), len(table))
    out = added(kept.reshape(8, -1), index.ravel(), len(table))
    if bug == "M47-sample-0-only":
        return added(kept[0], index[0], len(table))
    if bug == "M3-divided-by-batch":
        return out / 2
    if bug == "M49-scaled-by-frequency":
        return out / np.maximum(np.bincount(index.ravel(), minlength=len(table)), 1)[:, None]
    if bug == "M1-tokens-transposed":
        return added(kept.swapaxes(0, 1).reshape(8, -1), index.ravel(), len(table))
    return out


def bag(table):
    """Means of 3 rows each, for 3 bags."""
    return table[ids(9, len(table)).reshape(3, 3)].mean(axis=1)


def bag_rule(g, table, bug=""):
    index = ids(9, len(table))
    share = np.repeat(g, 3, axis=0) / (1 if bug == "M3-not-divided" else 3)
    if bug == "M38-divided-by-bags-and-size":
        share = share / 3
    if bug == "M49-overwritten":
        return overwritten(share, index, len(table))
    if bug == "M48-bags-interleaved":
        share = np.tile(g, (3, 1)) / 3
    if bug == "M28-first-of-each-bag":
        return added(g, index[::3], len(table))
    return added(share, index, len(table))


def scatter_add(x, updates):
    """x with the rows of `updates` added at repeated places."""
    out = x.copy()
    np.add.at(out, ids(len(updates), len(x)), updates)
    return out


def scatter_add_rule(g, x, updates, bug=""):
    index = ids(len(updates), len(x))
    du = g[index]
    if bug == "updates-in-order":
        du = np.resize(g, updates.shape)
    if bug == "M3-divided-by-count":
        du = du / np.bincount(index, minlength=len(x))[index][:, None]
    if bug == "M49-last-update-only":
        last = {k: i for i, k in enumerate(index)}
        du = du * np.array([last[k] == i for i, k in enumerate(index)])[:, None]
    if bug == "M19-updates-sign":
        du = -du
    dx = np.array(g)
    if bug == "M59-scatter-replaces":
        dx[index] = 0
    if bug == "M54-added-rows-twice":
        dx = dx + added(du, index, len(x))
    return dx, du


def along_axis(x):
    """One entry for each row, by a pattern that goes on from row to row."""
    return np.take_along_axis(x, ids(len(x), x.shape[1])[:, None], axis=1)[:, 0]


def along_axis_rule(g, x, bug=""):
    rows, columns = np.arange(len(x)), ids(len(x), x.shape[1])
    out = np.zeros_like(x)
    if bug == "M48-columns-for-all-rows":
        out[:, columns] = g
    elif bug == "M48-same-column":
        out[rows, columns[-1]] = g
    elif bug == "column-off-by-one":
        out[rows, columns - 1] = g
    elif bug == "whole-row":
        out += g[:, None]
    elif bug == "M12-entry-kept":
        out[rows, columns] = g * x[rows, columns]
    else:
        out[rows, columns] = g
    return out


def strided_slice(x):
    return x[1::2, ::-1]


def strided_slice_rule(g, x, bug=""):
    out = np.zeros_like(x)
    if bug == "start-forgotten":
        out[::2, ::-1][: len(g)] = g
    elif bug == "M37-without-stride":
        out[1 : 1 + len(g), ::-1] = g
    elif bug == "M19-order-not-reversed":
        out[1::2] = g
    elif bug == "M39-accumulator-holds-data":
        out = x.copy()
        out[1::2, ::-1] = g
    else:
        out[1::2, ::-1] = g
    return out


def permuted(x):
    return x.transpose(2, 0, 1)


def permuted_rule(g, x, bug=""):
    return {
        "M1-same-permutation": lambda: np.ascontiguousarray(g.transpose(2, 0, 1)),
        "M1-reshape": lambda: g.reshape(x.shape),
        "M1-two-axes-only": lambda: g.swapaxes(0, 2).reshape(x.shape),
        "M1-rows-reversed": lambda: g.transpose(1, 2, 0)[::-1],
    }.get(bug, lambda: g.transpose(1, 2, 0).copy())()


def joined(a, b, c):
    return np.concatenate([a, b, c], axis=-1)


def joined_rule(g, a, b, c, bug=""):
    first, second = a.shape[-1], a.shape[-1] + b.shape[-1]
    da, db, dc = g[..., :first], g[..., first:second], g[..., second:]
    if bug == "widths-swapped":
        db = g[..., -b.shape[-1] :]
    if bug == "M54-last-from-start":
        dc = g[..., : c.shape[-1]]
    if bug == "M3-thirds":
        return da / 3, db / 3, dc / 3
    if bug == "middle-reversed":
        db = db[..., ::-1]
    if bug == "middle-off-by-one":
        db = g[..., first - 1 : second - 1]
    if bug == "last-as-constant":
        dc = np.zeros_like(dc)
    return np.array(da), np.array(db), np.array(dc)


def masked_rows(x):
    """The entries where a checkerboard pattern is true, as a vector."""
    return x[np.indices(x.shape).sum(axis=0) % 2 == 0]


def masked_rows_rule(g, x, bug=""):
    mask = np.indices(x.shape).sum(axis=0) % 2 == 0
    out = np.zeros_like(x)
    if bug == "mask-flipped":
        out[~mask] = np.resize(g, (~mask).sum())
    elif bug == "packed-at-front":
        out.flat[: g.size] = g
    elif bug == "order-reversed":
        out[mask] = g[::-1]
    elif bug == "M1-column-order":
        out.T[mask.T] = g
    elif bug == "unread-entries-kept":
        out = x.copy()
        out[mask] = g
    else:
        out[mask] = g
    return out


def broadcast_sum(x, row, column):
    return x + row * column


def broadcast_sum_rule(g, x, row, column, bug=""):
    d_row, d_column = g * column, g * row
    if bug == "partner-forgotten":
        d_row = g
    if bug == "M10-row-not-reduced":
        return np.array(g), d_row, unbroadcast(d_column, column.shape)
    if bug == "M9-keepdims":
        return (
            np.array(g),
            unbroadcast(d_row, row.shape).ravel(),
            unbroadcast(d_column, column.shape),
        )
    if bug == "M3-column-averaged":
        d_column = d_column / g.shape[-1]
    if bug == "M8-row-summed-over-all":
        d_row = np.broadcast_to(d_row.sum() / g.shape[-2], g.shape)
    if bug == "M10-summed-before-product":
        d_row = g.mean(axis=-2, keepdims=True) * column
    return np.array(g), unbroadcast(d_row, row.shape), unbroadcast(d_column, column.shape)


def channel_scale(x, s):
    """x (N, C, H) times s (C, 1)."""
    return x * s


def channel_scale_rule(g, x, s, bug=""):
    ds = g * x
    if bug == "M10-rank-difference-only":
        return g * s, ds.sum(axis=0)
    if bug == "M7-batch-not-summed":
        return g * s, ds.sum(axis=2, keepdims=True)
    if bug == "M47-sample-0-only":
        return g * s, ds[0].sum(axis=1, keepdims=True)
    if bug == "M3-averaged-over-batch":
        return g * s, ds.mean(axis=0).sum(axis=1, keepdims=True)
    if bug == "scale-forgotten":
        return np.array(g), unbroadcast(ds, s.shape)
    if bug == "M12-without-upstream":
        return g * s, unbroadcast(x, s.shape)
    return g * s, unbroadcast(ds, s.shape)


def tiled(x):
    return np.tile(x, (2, 3))


def tiled_rule(g, x, bug=""):
    n, m = x.shape
    tiles = g.reshape(2, n, 3, m)
    return {
        "M50-first-tile": lambda: g[:n, :m],
        "M3-averaged": lambda: tiles.mean(axis=(0, 2)),
        "blocks-for-tiles": lambda: g.reshape(n, 2, m, 3).sum(axis=(1, 3)),
        "rows-only": lambda: tiles[:, :, 0].sum(axis=0),
        "M54-last-tile": lambda: g[-n:, -m:],
    }.get(bug, lambda: tiles.sum(axis=(0, 2)))()


TABLES = [(4, 3), (3, 2), (5, 1), (2, 4)]
GRID = [(4, 3), (3, 4), (5, 2), (2, 5)]

LAYERS = [
    layer(
        "gather",
        gather,
        gather_rule,
        "M49-overwritten M49-first-kept M49-averaged "
        "index-off-by-one M28-first-rows-only unread-rows-get-mean",
        drawer([*TABLES, (3, 2, 2)]),
    ),
    layer(
        "embedding",
        embedding,
        embedding_rule,
        "padding-gets-gradient M49-overwritten "
        "M47-sample-0-only M3-divided-by-batch M49-scaled-by-frequency M1-tokens-transposed",
        drawer(TABLES),
    ),
    layer(
        "embedding_bag",
        bag,
        bag_rule,
        "M3-not-divided M38-divided-by-bags-and-size "
        "M49-overwritten M48-bags-interleaved M28-first-of-each-bag",
        drawer(TABLES),
    ),
    layer(
        "scatter_add",
        scatter_add,
        scatter_add_rule,
        "updates-in-order M3-divided-by-count "
        "M49-last-update-only M19-updates-sign M59-scatter-replaces M54-added-rows-twice",
        drawer([((4, 3), (6, 3)), ((2, 2), (5, 2)), ((5, 1), (3, 1))]),
    ),
    layer(
        "take_along_axis",
        along_axis,
        along_axis_rule,
        "M48-columns-for-all-rows M48-same-column "
        "column-off-by-one whole-row M12-entry-kept M27-upstream-ignored",
        drawer(GRID),
    ),
    layer(
        "strided_slice",
        strided_slice,
        strided_slice_rule,
        "start-forgotten M37-without-stride "
        "M19-order-not-reversed M39-accumulator-holds-data M47-sample-0-only",
        drawer([(4, 3), (5, 4), (6, 2), (7, 2)]),
    ),
    layer(
        "permuted",
        permuted,
        permuted_rule,
        "M1-reshape M1-two-axes-only M1-rows-reversed M1-same-permutation M27-upstream-ignored",
        drawer([(2, 3, 4), (3, 3, 3), (1, 4, 2)]),
    ),
    layer(
        "joined",
        joined,
        joined_rule,
        "widths-swapped M54-last-from-start M3-thirds "
        "middle-reversed middle-off-by-one last-as-constant",
        drawer([((2, 3), (2, 2), (2, 4)), ((3,), (4,), (2,)), ((1, 2), (1, 2), (1, 2))]),
    ),
    layer(
        "masked_entries",
        masked_rows,
        masked_rows_rule,
        "mask-flipped packed-at-front order-reversed M1-column-order unread-entries-kept",
        drawer([(3, 4), (3, 3), (2, 3, 2), (7,)]),
    ),
    layer(
        "broadcast_sum",
        broadcast_sum,
        broadcast_sum_rule,
        "partner-forgotten "
        "M10-row-not-reduced M9-keepdims M3-column-averaged M8-row-summed-over-all "
        "M10-summed-before-product",
        drawer([((3, 4), (1, 4), (3, 1)), ((2, 2, 3), (1, 3), (2, 1)), ((2, 5), (1, 5), (2, 1))]),
    ),
    layer(
        "channel_scale",
        channel_scale,
        channel_scale_rule,
        "M10-rank-difference-only "
        "M7-batch-not-summed M47-sample-0-only M3-averaged-over-batch scale-forgotten "
        "M12-without-upstream",
        drawer([((2, 3, 4), (3, 1)), ((3, 2, 1), (2, 1)), ((2, 1, 3), (1, 1))]),
    ),
    layer(
        "tiled",
        tiled,
        tiled_rule,
        "M50-first-tile M3-averaged blocks-for-tiles rows-only M54-last-tile",
        drawer([(2, 3), (3, 2), (1, 4), (3, 1)]),
    ),
]
