"""Sums, spreads, norms, products and what accumulates along an axis."""

from __future__ import annotations

import numpy as np

from ._base import ROW_SHAPES, drawer, layer
from ._numerics import centred


def reversed_cumsum(g):
    return np.flip(np.cumsum(np.flip(g, -1), -1), -1)


def row_sum(x):
    return x.sum(axis=-1)


def row_sum_rule(g, x, bug=""):
    full = np.zeros_like(x) + g[..., None]
    return {
        "M59-mean-rule": full / x.shape[-1],
        "M12-input-kept": full * x,
        "M8-summed-over-all": np.full_like(x, g.sum()),
        "M23-wrong-axis": np.resize(np.ravel(g), x.shape),
        "M28-first-column-only": full * (np.arange(x.shape[-1]) == 0),
    }.get(bug, full)


def column_mean(x):
    return x.mean(axis=0)


def column_mean_rule(g, x, bug=""):
    full = np.zeros_like(x) + g
    n = {
        "M3-missing-1/N": 1,
        "M4-1/N-twice": len(x) ** 2,
        "M34-wrong-axis-count": x.shape[-1],
        "M6-whole-size": x.size,
    }.get(bug, len(x))
    return full.mean() / n + 0 * full if bug == "M22-upstream-averaged" else full / n


def variance(x):
    """Over the last axis, divided by n."""
    return x.var(axis=-1)


def variance_rule(g, x, bug=""):
    n, c = x.shape[-1], centred(x, -1)
    return g[..., None] * {
        "M3-n-minus-1": 2 * c / max(n - 1, 1),
        "mean-not-subtracted": 2 * x / n,
        "M6-two-forgotten": c / n,
        "M29-mean-path-of-own-entry-only": 2 * c / n * (1 - 1 / n),
        "M3-missing-1/N": 2 * c,
        "M34-whole-mean": 2 * (x - x.mean()) / n,
        "square-kept": 2 * c**2 / n,
    }.get(bug, 2 * c / n)


def deviation(x):
    """Over the last axis, divided by n - 1 (at least two entries)."""
    return x.std(axis=-1, ddof=1)


def deviation_rule(g, x, bug=""):
    """Where all entries are equal the gradient is set to zero."""
    c, n = centred(x, -1), x.shape[-1]
    std = np.sqrt((c**2).sum(axis=-1, keepdims=True) / (n - 1))
    safe = np.where(std > 0, std, 1)
    if bug == "M60-eps-in-denominator":
        safe = safe + 1e-5
    return g[..., None] * {
        "M3-divided-by-n": c / (n * safe),
        "root-forgotten": 2 * c / (n - 1),
        "M6-two-kept": 2 * c / ((n - 1) * safe),
        "M58-half-and-two": c / (2 * (n - 1) * safe),
        "mean-not-subtracted": x / ((n - 1) * safe),
    }.get(bug, c / ((n - 1) * safe))


def norm(x):
    return np.sqrt((x**2).sum())


def norm_rule(g, x, bug=""):
    size = norm(x)
    safe = size if size > 0 else 1.0
    return g * {
        "M59-square-rule": 2 * x,
        "M6-two-kept": 2 * x / safe,
        "M58-half": x / (2 * safe),
        "M59-l1-rule": np.sign(x),
        "square-for-root": x / safe**2,
        "M29-projected": x / safe - x**2 / safe**2,
        "M60-eps-in-denominator": x / (safe + 1e-5),
    }.get(bug, x / safe)


def norm_3(x):
    """The norm of order 3 of each row, scaled by the largest entry."""
    top = np.abs(x).max(axis=-1, keepdims=True)
    safe = np.where(top > 0, top, 1)
    return (safe * ((np.abs(x) / safe) ** 3).sum(axis=-1, keepdims=True) ** (1 / 3))[..., 0]


def norm_3_rule(g, x, bug=""):
    size = norm_3(x)[..., None]
    u = x / np.where(size > 0, size, 1)
    return g[..., None] * {
        "abs-forgotten": u**2,
        "power-not-lowered": np.abs(u) ** 3 * np.sign(u),
        "M18-order-kept": 3 * u * np.abs(u),
        "M59-order-2-rule": u,
        "M18-third": u * np.abs(u) / 3,
        "root-forgotten": 3 * x * np.abs(x),
    }.get(bug, u * np.abs(u))


def product(x):
    return x.prod(axis=-1)


def others(x):
    """For each entry the product of the others of its row, without division."""
    ones = np.ones_like(x[..., :1])
    left = np.cumprod(np.concatenate([ones, x[..., :-1]], axis=-1), axis=-1)
    right = np.cumprod(np.concatenate([ones, x[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return left * right


def product_rule(g, x, bug=""):
    total = x.prod(axis=-1, keepdims=True)
    return g[..., None] * {
        "rare-zero-divided": np.where(x == 0, 0, total / np.where(x == 0, 1, x)),
        "M16-product-returned": total + 0 * x,
        "M12-product-times-entry": total * x,
        "M18-count": others(x) * x.shape[-1],
        "M54-neighbours-only": np.roll(x, 1, axis=-1) * np.roll(x, -1, axis=-1),
        "M19-by-sign": others(x) * np.sign(x),
        "left-products-only": np.cumprod(x, axis=-1) / np.where(x == 0, 1, x),
    }.get(bug, others(x))


def running_sum(x):
    return np.cumsum(x, axis=-1)


def running_sum_rule(g, x, bug=""):
    return {
        "M1-not-reversed": np.cumsum(g, axis=-1),
        "M59-identity": np.array(g),
        "total-for-all": np.zeros_like(x) + g.sum(axis=-1, keepdims=True),
        "exclusive": reversed_cumsum(g) - g,
        "M23-wrong-axis": np.flip(np.cumsum(np.flip(g, 0), 0), 0),
        "M3-running-mean": reversed_cumsum(g) / np.arange(1, x.shape[-1] + 1),
    }.get(bug, reversed_cumsum(g))


def running_product(x):
    return np.cumprod(x, axis=-1)


def running_product_rule(g, x, bug=""):
    """Without division: entry k gets the sum over t >= k of g_t times the product without x_k."""
    n = x.shape[-1]
    out = np.zeros_like(x)
    total = np.cumprod(x, axis=-1)
    if bug == "rare-zero-divided":
        return np.where(x == 0, 0, reversed_cumsum(g * total) / np.where(x == 0, 1, x))
    if bug == "M1-not-reversed":
        return np.cumsum(g * total, axis=-1) / np.where(x == 0, 1, x)
    if bug == "division-forgotten":
        return reversed_cumsum(g * total)
    if bug == "M59-product-rule":
        return g[..., -1:] * others(x)
    if bug == "M51-own-time-only":
        return g * np.concatenate([np.ones_like(x[..., :1]), total[..., :-1]], axis=-1)
    for k in range(n):
        run = total[..., k - 1] if k else np.ones_like(x[..., 0])
        for t in range(k, n):
            if t > k:
                run = run * x[..., t]
            out[..., k] += g[..., t] * run
            if bug == "M40-two-terms-only" and t == k + 1:
                break
    return out


def running_logsumexp(x):
    return np.logaddexp.accumulate(x, axis=-1)


def running_logsumexp_rule(g, x, bug=""):
    steps = np.exp(x[..., None, :] - running_logsumexp(x)[..., :, None])  # (..., t, k)
    weights = np.where(np.tril(np.ones(steps.shape[-2:], bool)), steps, 0)
    if bug == "M59-logsumexp-rule":
        weights = np.exp(x - running_logsumexp(x)[..., -1:])[..., None, :] + 0 * weights
    if bug == "M51-own-time-only":
        weights = weights * np.eye(x.shape[-1])
    if bug == "M1-not-reversed":
        weights = np.swapaxes(weights, -1, -2)
    if bug == "M59-cumsum-rule":
        weights = np.tril(np.ones_like(weights))
    if bug == "M40-last-time-only":
        weights = weights * (np.arange(x.shape[-1]) == x.shape[-1] - 1)[:, None]
    return np.einsum("...tk,...t->...k", weights, g)


TWO = [(3, 4), (2, 5), (1, 3), (6,), (2, 2, 3)]


def rows(name, f, rule, wrong, **kwargs):
    return layer(name, f, rule, wrong, drawer(ROW_SHAPES[:5], **kwargs))


LAYERS = [
    rows(
        "sum",
        row_sum,
        row_sum_rule,
        "M59-mean-rule M12-input-kept M8-summed-over-all M23-wrong-axis M28-first-column-only",
    ),
    layer(
        "mean",
        column_mean,
        column_mean_rule,
        "M3-missing-1/N M4-1/N-twice M34-wrong-axis-count M6-whole-size M22-upstream-averaged",
        drawer([(4, 3), (3, 3), (5, 1), (2, 3, 2)]),
    ),
    layer(
        "variance",
        variance,
        variance_rule,
        "M3-n-minus-1 mean-not-subtracted M6-two-forgotten "
        "M29-mean-path-of-own-entry-only M3-missing-1/N M34-whole-mean square-kept",
        drawer(TWO),
    ),
    layer(
        "deviation",
        deviation,
        deviation_rule,
        "M60-eps-in-denominator M3-divided-by-n "
        "root-forgotten M6-two-kept M58-half-and-two mean-not-subtracted",
        drawer(TWO),
        "a kink where all entries are equal: the rule gives 0",
    ),
    rows(
        "norm",
        norm,
        norm_rule,
        "M59-square-rule M6-two-kept M58-half M59-l1-rule "
        "square-for-root M29-projected M60-eps-in-denominator",
    ),
    rows(
        "norm_3",
        norm_3,
        norm_3_rule,
        "abs-forgotten power-not-lowered M18-order-kept M59-order-2-rule M18-third root-forgotten",
    ),
    layer(
        "product",
        product,
        product_rule,
        "rare-zero-divided M16-product-returned M18-count "
        "M12-product-times-entry M54-neighbours-only M19-by-sign left-products-only",
        drawer(TWO),
    ),
    rows(
        "cumsum",
        running_sum,
        running_sum_rule,
        "M1-not-reversed M59-identity total-for-all exclusive M23-wrong-axis M3-running-mean",
    ),
    layer(
        "cumprod",
        running_product,
        running_product_rule,
        "rare-zero-divided M1-not-reversed "
        "division-forgotten M59-product-rule M51-own-time-only M40-two-terms-only",
        drawer(TWO),
    ),
    rows(
        "logcumsumexp",
        running_logsumexp,
        running_logsumexp_rule,
        "M59-logsumexp-rule M51-own-time-only M1-not-reversed M59-cumsum-rule M40-last-time-only",
    ),
]
