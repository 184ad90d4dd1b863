"""Quadratic and other forms of matrices, and functions of singular values."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from .indexing import added, overwritten
from .linear_algebra import dominant


def quadratic(x, a):
    return x @ a @ x


def quadratic_rule(g, x, a, bug=""):
    dx, da = (a + a.T) @ x, np.outer(x, x)
    if bug == "M54-once":
        dx = a @ x
    if bug == "symmetric-rule":
        dx = 2 * a @ x
    if bug == "M1-other-term":
        dx = 2 * a.T @ x
    if bug == "da-symmetrised":
        da = 2 * da - np.diag(x**2)
    if bug == "da-diagonal":
        da = np.diag(x**2)
    if bug == "M6-half-too-many":
        dx = dx / 2
    return g * dx, g * da


def gram(a):
    return a @ a.T


def gram_rule(g, a, bug=""):
    return {
        "M54-once": g @ a,
        "symmetric-rule": 2 * g @ a,
        "M1-other-term": 2 * g.T @ a,
        "difference": (g - g.T) @ a,
        "M2-diagonal-only": 2 * np.diag(g)[:, None] * a,
        "lower-half-only": (np.tril(g) + np.tril(g).T) @ a,
    }.get(bug, (g + g.T) @ a)


def trace_of_cube(a):
    return np.trace(a @ a @ a)


def trace_of_cube_rule(g, a, bug=""):
    return g * {
        "M1-not-transposed": 3 * a @ a,
        "M54-once": (a @ a).T,
        "M54-twice": 2 * (a @ a).T,
        "M2-elementwise": 3 * a.T**2,
        "M59-cube-of-trace": 3 * np.trace(a) ** 2 * np.eye(len(a)),
        "diagonal-only": 3 * np.diag(np.diag(a @ a)),
    }.get(bug, 3 * (a @ a).T)


def kron_rule(g, a, b, bug=""):
    (m, n), (p, q) = a.shape, b.shape
    blocks = g.reshape(m, p, n, q)
    if bug == "axes-mixed":
        blocks = g.reshape(m, n, p, q).transpose(0, 2, 1, 3)
    da, db = np.einsum("ipjq,pq->ij", blocks, b), np.einsum("ipjq,ij->pq", blocks, a)
    if bug == "M28-first-block-only":
        db = blocks[0, :, 0] * a[0, 0]
    if bug == "partner-forgotten":
        da = blocks.sum(axis=(1, 3))
    if bug == "partner-averaged":
        da = blocks.sum(axis=(1, 3)) * b.mean()
    if bug == "M3-averaged":
        db = db / a.size
    if bug == "blocks-interleaved":
        db = np.einsum("pimj,im->pj", g.reshape(p, m, n, q), a)
    return da, db


def trace_product(a, b):
    return np.trace(a.T @ b)


def trace_product_rule(g, a, b, bug=""):
    return {
        "M19-sign-of-b": (g * b, -g * a),
        "M54-same-for-both": (g * a, g * b),
        "upstream-squared": (g * g * b, g * g * a),
        "M22-averaged": (g * b / a.size, g * a / a.size),
        "diagonal-only": (g * np.eye(*a.shape) * b, g * np.eye(*a.shape) * a),
        "b-as-constant": (g * b, 0 * a),
    }.get(bug, (g * b, g * a))


def well_conditioned(x, s):
    return (x, *dominant(s))


def mahalanobis(x, s):
    """sqrt(1 + x^T S^-1 x); S need not be symmetric."""
    return np.sqrt(1 + x @ np.linalg.solve(s, x))


def mahalanobis_rule(g, x, s, bug=""):
    left, right = np.linalg.solve(s.T, x), np.linalg.solve(s, x)
    scale = g / (2 * mahalanobis(x, s))
    if bug == "root-forgotten":
        scale = g
    if bug == "M6-two-forgotten":
        scale = 2 * scale
    dx = left + right
    if bug == "symmetric-rule":
        dx = 2 * right
    if bug == "M54-once":
        dx = left
    ds = -np.outer(left, right)
    if bug == "M19-sign":
        ds = -ds
    if bug == "M1-transposed":
        ds = ds.T
    if bug == "one-solve":
        ds = -np.outer(left, x)
    return scale * dx, scale * ds


def nuclear_norm(a):
    return np.linalg.svd(a, compute_uv=False).sum()


def nuclear_norm_rule(g, a, bug=""):
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    return g * {
        "M59-frobenius-rule": a / np.sqrt((a**2).sum()),
        "M59-spectral-rule": np.outer(u[:, 0], vt[0]),
        "values-kept": (u * s) @ vt,
        "values-inverted": (u / s) @ vt,
        "last-value-missing": u @ vt - np.outer(u[:, -1], vt[-1]),
        "M59-l1-rule": np.sign(a),
    }.get(bug, u @ vt)


def spectral_norm(a):
    return np.linalg.svd(a, compute_uv=False)[0]


def spectral_norm_rule(g, a, bug=""):
    u, s, vt = np.linalg.svd(a, full_matrices=False)
    right = np.outer(u[:, 0], vt[0])
    # What one step of the power method finds.
    v = a.T @ (a @ np.ones(a.shape[1]))
    near = np.outer(a @ v, v) / np.linalg.norm(a @ v) / np.linalg.norm(v)
    return g * {
        "M59-frobenius-rule": a / np.sqrt((a**2).sum()),
        "M59-nuclear-rule": u @ vt,
        "square-of-value": 2 * s[0] * right,
        "wrong-vector": np.outer(u[:, 0], vt[-1]),
        "power-method-unconverged": near,
        "signs-lost": np.abs(right),
    }.get(bug, right)


def triangular_solve(low, b):
    """Only the lower triangle of the first input is read."""
    return np.linalg.solve(np.tril(low), b)


def triangular_solve_rule(g, low, b, bug=""):
    low = np.tril(low)
    x = np.linalg.solve(low, b)
    db = np.linalg.solve(low if bug == "M1-not-transposed" else low.T, g)
    dl = -db @ x.T
    if bug == "triangle-forgotten":
        return dl, db
    if bug == "upper-triangle-kept":
        return np.triu(dl), db
    if bug == "diagonal-lost":
        return np.tril(dl, -1), db
    if bug == "M19-sign-of-dl":
        return -np.tril(dl), db
    if bug == "right-side-for-solution":
        return np.tril(-db @ b.T), db
    return np.tril(dl), db


def expm(a):
    """The matrix exponential of A / 2, by scaling and a Taylor series."""
    scaled, squarings = a / 2, 0
    while np.abs(scaled).sum(axis=1).max() > 0.25:
        scaled, squarings = scaled / 2, squarings + 1
    term = total = np.eye(len(a))
    for k in range(1, 16):
        term = term @ scaled / k
        total = total + term
    for _ in range(squarings):
        total = total @ total
    return total


def expm_rule(g, a, bug=""):
    """From the exponential of a block matrix: exp([[A, G], [0, A]]) holds the derivative."""
    n = len(a)
    e = expm(a)
    if bug == "M59-commuting-rule":
        return e.T @ g / 2
    if bug == "M59-commuting-rule-symmetrised":
        return (e.T @ g + g @ e.T) / 4
    if bug == "elementwise":
        return g * np.exp(a / 2) / 2
    if bug == "first-order-only":
        return g / 2 + (a.T @ g + g @ a.T) / 8
    transposed = a if bug == "M1-not-transposed" else a.T
    block = np.block([[transposed, g], [np.zeros((n, n)), transposed]])
    right = expm(block)[:n, n:]
    return 2 * right if bug == "M18-half-forgotten" else right


def sandwich(w, d):
    """W diag(d) W^T."""
    return (w * d) @ w.T


def sandwich_rule(g, w, d, bug=""):
    dw = (g + g.T) @ w * d
    dd = np.einsum("ij,ik,jk->k", g, w, w)
    if bug == "M54-once":
        dw = g @ w * d
    if bug == "symmetric-rule":
        dw = 2 * g @ w * d
    if bug == "diagonal-forgotten":
        dw = (g + g.T) @ w
    if bug == "M2-elementwise":
        dd = (np.diag(g)[:, None] * w**2).sum(axis=0)
    if bug == "diagonal-as-constant":
        dd = np.zeros_like(dd)
    if bug == "full-matrix-returned":
        dd = w.T @ g @ w
    return dw, dd


def pairs(x):
    """Products of the entries of a strict upper triangle: x_i x_j for i < j."""
    i, j = np.triu_indices(len(x), 1)
    return x[i] * x[j]


def pairs_rule(g, x, bug=""):
    i, j = np.triu_indices(len(x), 1)
    if bug == "M49-overwritten":
        return overwritten(g * x[j], i, len(x)) + overwritten(g * x[i], j, len(x))
    if bug == "M54-first-factor-only":
        return added(g * x[j], i, len(x))
    if bug == "M54-second-factor-only":
        return added(g * x[i], j, len(x))
    if bug == "own-factor-kept":
        return added(g * x[i], i, len(x)) + added(g * x[j], j, len(x))
    if bug == "M6-halved":
        return (added(g * x[j], i, len(x)) + added(g * x[i], j, len(x))) / 2
    if bug == "M19-second-sign":
        return added(g * x[j], i, len(x)) - added(g * x[i], j, len(x))
    return added(g * x[j], i, len(x)) + added(g * x[i], j, len(x))


LAYERS = [
    layer(
        "quadratic_form",
        quadratic,
        quadratic_rule,
        "M54-once symmetric-rule M1-other-term da-symmetrised da-diagonal M6-half-too-many",
        drawer([((3,), (3, 3)), ((5,), (5, 5)), ((2,), (2, 2)), ((1,), (1, 1))]),
    ),
    layer(
        "gram",
        gram,
        gram_rule,
        """M54-once symmetric-rule M1-other-term difference M2-diagonal-only lower-half-only
        M27-upstream-ignored""",
        drawer([(3, 4), (4, 2), (3, 3), (2, 1)]),
    ),
    layer(
        "kron",
        np.kron,
        kron_rule,
        """axes-mixed M28-first-block-only partner-forgotten partner-averaged M3-averaged
        blocks-interleaved""",
        drawer([((2, 3), (3, 2)), ((2, 2), (2, 2)), ((1, 3), (2, 1))]),
    ),
    layer(
        "trace_product",
        trace_product,
        trace_product_rule,
        """M19-sign-of-b M54-same-for-both upstream-squared M22-averaged diagonal-only
        b-as-constant""",
        drawer([((3, 4), (3, 4)), ((3, 3), (3, 3)), ((2, 1), (2, 1))]),
    ),
    layer(
        "mahalanobis",
        mahalanobis,
        mahalanobis_rule,
        """root-forgotten M6-two-forgotten symmetric-rule M54-once M19-sign M1-transposed one-solve
        swapped-gradients""",
        drawer(
            [((3,), (3, 3)), ((5,), (5, 5)), ((2,), (2, 2))],
            without="mixed",
            after=well_conditioned,
        ),
    ),
    layer(
        "nuclear_norm",
        nuclear_norm,
        nuclear_norm_rule,
        """M59-frobenius-rule M59-spectral-rule values-kept values-inverted last-value-missing
        M59-l1-rule""",
        drawer([(4, 3), (3, 5), (2, 2)], without="zeros_ties mixed +1e3 +1e6"),
        "a kink where a singular value is 0",
    ),
    layer(
        "spectral_norm",
        spectral_norm,
        spectral_norm_rule,
        """M59-frobenius-rule M59-nuclear-rule square-of-value wrong-vector
        power-method-unconverged signs-lost""",
        drawer([(4, 3), (3, 5), (2, 2)], without="zeros_ties"),
        "a kink where the two largest singular values are equal",
    ),
    layer(
        "triangular_solve",
        triangular_solve,
        triangular_solve_rule,
        """M1-not-transposed triangle-forgotten upper-triangle-kept diagonal-lost M19-sign-of-dl
        right-side-for-solution""",
        drawer([((3, 3), (3, 2)), ((4, 4), (4, 1)), ((2, 2), (2, 5))], after=dominant),
    ),
    layer(
        "expm",
        expm,
        expm_rule,
        """M59-commuting-rule M59-commuting-rule-symmetrised elementwise first-order-only
        M1-not-transposed M18-half-forgotten""",
        drawer([(3, 3), (2, 2), (4, 4)], without="x1e3 x1e8 +1e3 +1e6 mixed saturation"),
    ),
    layer(
        "sandwich",
        sandwich,
        sandwich_rule,
        """M54-once symmetric-rule diagonal-forgotten M2-elementwise diagonal-as-constant
        full-matrix-returned""",
        drawer([((3, 4), (4,)), ((2, 2), (2,)), ((4, 1), (1,))]),
    ),
    layer(
        "trace_of_cube",
        trace_of_cube,
        trace_of_cube_rule,
        """M1-not-transposed M54-once M54-twice M2-elementwise M59-cube-of-trace diagonal-only""",
        drawer([(3, 3), (2, 2), (4, 4), (1, 1)]),
    ),
    layer(
        "pairs",
        pairs,
        pairs_rule,
        "M49-overwritten M54-first-factor-only "
        "M54-second-factor-only own-factor-kept M6-halved M19-second-sign",
        drawer([(5,), (3,), (8,)]),
    ),
]
