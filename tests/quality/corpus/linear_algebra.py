"""Products, solves and decompositions. `LinAlgError` cannot come up: matrices drawn are regular."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from ._numerics import unbroadcast

SQUARES = [(3, 3), (2, 2), (4, 4), (1, 1)]
OFFSETS = "+1e3 +1e6"


def dominant(a, *rest):
    """Add twice the absolute row sums to the diagonal: the matrix is then well conditioned."""
    sums = 2 * np.abs(a).sum(axis=-1)
    return (a + np.eye(len(a)) * np.where(sums > 0, sums, 1), *rest)


def linear(x, w, b):
    return x @ w + b


def linear_rule(g, x, w, b, bug=""):
    dx = g @ w.T
    dw, db = x.T @ g, g.sum(axis=0)
    if bug == "M1-transposed":
        dw = g.T @ x
    if bug == "M7-bias-not-summed":
        db = g
    if bug == "M8-bias-summed-over-all":
        db = np.full_like(b, g.sum())
    if bug == "M9-keepdims":
        db = g.sum(axis=0, keepdims=True)
    if bug == "M3-averaged":
        dw, db = dw / len(x), db / len(x)
    if bug == "M5-bias-averaged":
        db = db / len(x)
    if bug == "M47-sample-0-only":
        dw = x[:1].T @ g[:1]
    if bug == "M61-decay-added":
        dw = dw + 1e-4 * w
    if bug == "M64-weights-updated-first":
        dx = g @ (w - 1e-3 * dw).T
    if bug == "M28-first-row-of-w-only":
        dw = np.concatenate([dw[:1], 0 * dw[1:]])
    return dx, dw, db


def square_product(a, b):
    return a @ b


def square_product_rule(g, a, b, bug=""):
    return {
        "M1-b-not-transposed": lambda: (g @ b, a.T @ g),
        "M1-a-not-transposed": lambda: (g @ b.T, a @ g),
        "M1-result-transposed": lambda: ((g @ b.T).T, a.T @ g),
        "M1-order-reversed": lambda: (b.T @ g, g @ a.T),
        "M2-elementwise": lambda: (g * b, g * a),
        "M54-same-for-both": lambda: (g @ b.T, g @ a.T),
    }.get(bug, lambda: (g @ b.T, a.T @ g))()


def chain(a, b, c):
    return a @ b @ c


def chain_rule(g, a, b, c, bug=""):
    da, db, dc = g @ (b @ c).T, a.T @ g @ c.T, (a @ b).T @ g
    if bug == "M1-transposed-middle":
        db = db.T
    if bug == "M47-middle-sample-0-only":
        db = a[:1].T @ g[:1] @ c.T
    if bug == "M12-middle-without-upstream":
        db = a.T @ np.ones_like(g) @ c.T
    if bug == "M28-left-first-column-only":
        da = g[:, :1] @ (b @ c)[:, :1].T
    if bug == "M3-right-averaged":
        dc = dc / len(a)
    return da, db, dc


def batched(a, b):
    """A batch of matrices times one matrix (or a batch with an axis of size 1)."""
    return a @ b


def batched_rule(g, a, b, bug=""):
    da = g @ np.swapaxes(b, -1, -2)
    db = np.swapaxes(a, -1, -2) @ g
    if bug == "M10-broadcast-axis-not-reduced":
        return unbroadcast(da, a.shape), db
    if bug == "M3-broadcast-axis-averaged":
        return unbroadcast(da, a.shape), unbroadcast(db, b.shape) / len(a)
    if bug == "M47-sample-0-only":
        return unbroadcast(da, a.shape), db[:1] if b.ndim == 3 else db[0]
    if bug == "M10-product-summed-first":
        return unbroadcast(da, a.shape), unbroadcast(
            np.swapaxes(a, -1, -2).sum(0, keepdims=True) @ g.mean(0, keepdims=True), b.shape
        )
    if bug == "M48-last-sample-only":
        return unbroadcast(da, a.shape), db[-1:] if b.ndim == 3 else db[-1]
    return unbroadcast(da, a.shape), unbroadcast(db, b.shape)


def bilinear(x, a, y):
    """x_n^T A_k y_n for each row n and each matrix k."""
    return np.einsum("ni,kij,nj->nk", x, a, y)


def bilinear_rule(g, x, a, y, bug=""):
    dx = np.einsum("nk,kij,nj->ni", g, a, y)
    da = np.einsum("nk,ni,nj->kij", g, x, y)
    dy = np.einsum("nk,kij,ni->nj", g, a, x)
    if bug == "M10-only-matrix-0":
        dx = np.einsum("n,ij,nj->ni", g[:, 0], a[0], y)
    if bug == "M3-averaged":
        da = da / len(x)
    if bug == "M54-half-of-quadratic":
        dx, dy = dx / 2, dy / 2
    if bug == "upstream-summed-over-k":
        dy = np.einsum("nk,pij,ni->nj", g, a, x) / len(a)
    if bug == "outer-of-sums":
        da = np.einsum("nk,i,nj->kij", g, x.mean(axis=0), y)
    if bug == "M1-matrices-transposed":
        dy = np.einsum("nk,kij,nj->ni", g, a, y)
    return dx, da, dy


def outer(u, v):
    return np.outer(u, v)


def outer_rule(g, u, v, bug=""):
    return {
        "M8-sum-over-all": lambda: (np.full_like(u, g.sum()), np.full_like(v, g.sum())),
        "partner-forgotten": lambda: (g.sum(axis=1), g.sum(axis=0)),
        "partner-summed": lambda: (g.sum(axis=1) * v.sum(), g.sum(axis=0) * u.sum()),
        "M28-first-row-only": lambda: (g @ v, g[0] * u[0]),
        "M22-row-mean": lambda: (g @ v / len(v), g.T @ u / len(u)),
    }.get(bug, lambda: (g @ v, g.T @ u))()


def solve(a, b):
    return np.linalg.solve(a, b)


def solve_rule(g, a, b, bug=""):
    x = np.linalg.solve(a, b)
    db = np.linalg.solve(a if bug == "M1-not-transposed" else a.T, g)
    if bug == "M1-inverse-forgotten":
        db = a.T @ g
    da = -db @ x.T
    if bug == "M19-sign-of-da":
        da = -da
    if bug == "M1-da-transposed":
        da = da.T
    if bug == "right-side-for-solution":
        da = -db @ b.T
    if bug == "upstream-not-solved":
        da = -g @ x.T
    return da, db


def det_rule(g, a, bug=""):
    d, inverse = np.linalg.det(a), np.linalg.inv(a)
    return g * {
        "M1-not-transposed": d * inverse,
        "M59-logdet-rule": inverse.T,
        "determinant-inverted": inverse.T / d,
        "trace-rule": d * np.eye(len(a)),
        "diagonal-only": d * np.diag(np.diag(inverse)),
        "matrix-for-inverse": d * a.T,
    }.get(bug, d * inverse.T)


def logdet(a):
    return np.linalg.slogdet(a)[1]


def logdet_rule(g, a, bug=""):
    inverse = np.linalg.inv(a)
    return g * {
        "M1-not-transposed": inverse,
        "M59-det-rule": np.linalg.det(a) * inverse.T,
        "symmetric-rule": 2 * inverse.T - np.diag(np.diag(inverse)),
        "symmetrised": (inverse + inverse.T) / 2,
        "diagonal-only": np.diag(1 / np.diag(a)),
        "matrix-for-inverse": a.T,
    }.get(bug, inverse.T)


def inv_rule(g, a, bug=""):
    b = np.linalg.inv(a)
    return {
        "M1-not-transposed": -b @ g @ b,
        "M1-left-only": -b.T @ g @ b,
        "M19-sign": b.T @ g @ b.T,
        "one-inverse": -b.T @ g,
        "upstream-transposed": -b.T @ g.T @ b.T,
        "elementwise": -g * b**2,
        "matrix-for-inverse": -a.T @ g @ a.T,
    }.get(bug, -b.T @ g @ b.T)


def cholesky(a):
    """The lower factor of A A^T + I."""
    return np.linalg.cholesky(a @ a.T + np.eye(len(a)))


def cholesky_rule(g, a, bug=""):
    low = cholesky(a)
    p = np.tril(low.T @ g)
    if bug != "diagonal-not-halved":
        p[np.diag_indices_from(p)] /= 2
    if bug == "lower-part-forgotten":
        p = low.T @ g
    inverse = np.linalg.inv(low)
    s = inverse.T @ p @ inverse
    if bug == "M1-inverse-transposed":
        s = inverse @ p @ inverse.T
    if bug == "upper-part-used":
        s = inverse.T @ p.T @ inverse
        s = np.triu(s)
    if bug == "not-symmetrised":
        return 2 * s @ a
    if bug == "M54-product-once":
        return (s + s.T) @ a / 2
    return (s + s.T) @ a


def eigenvalues(a):
    """Ascending eigenvalues of (A + A^T) / 2."""
    return np.linalg.eigvalsh((a + a.T) / 2)


def eigenvalues_rule(g, a, bug=""):
    values, v = np.linalg.eigh((a + a.T) / 2)
    return {
        "M1-rows-for-vectors": v.T @ np.diag(g) @ v,
        "vectors-forgotten": np.diag(g),
        "order-reversed": (v * g[::-1]) @ v.T,
        "values-kept": (v * (g * values)) @ v.T,
        "diagonal-only": np.diag(np.diag((v * g) @ v.T)),
        "symmetric-rule": 2 * (v * g) @ v.T - np.diag(np.diag((v * g) @ v.T)),
        "M28-largest-only": g[-1] * np.outer(v[:, -1], v[:, -1]),
    }.get(bug, (v * g) @ v.T)


def pinv_rule(g, a, bug=""):
    p = np.linalg.pinv(a)
    m, n = a.shape
    main = -p.T @ g @ p.T
    left = (np.eye(m) - a @ p) @ g.T @ p @ p.T
    right = p.T @ p @ g.T @ (np.eye(n) - p @ a)
    if bug == "M59-inverse-rule":
        return main
    if bug == "left-term-forgotten":
        return main + right
    if bug == "right-term-forgotten":
        return main + left
    if bug == "M19-main-sign":
        return left + right - main
    if bug == "correction-sign":
        return main - left - right
    if bug == "correction-twice":
        return main + 2 * (left + right)
    return main + left + right


LAYERS = [
    layer(
        "linear",
        linear,
        linear_rule,
        """M1-transposed M7-bias-not-summed M8-bias-summed-over-all M9-keepdims M3-averaged
        M5-bias-averaged M47-sample-0-only M61-decay-added M64-weights-updated-first
        M28-first-row-of-w-only M27-upstream-ignored M28-first-upstream-only""",
        drawer([((4, 3), (3, 2), (2,)), ((3, 4), (4, 4), (4,)), ((1, 3), (3, 2), (2,))]),
    ),
    layer(
        "square_product",
        square_product,
        square_product_rule,
        """M1-b-not-transposed M1-a-not-transposed M1-result-transposed M1-order-reversed
        M2-elementwise M54-same-for-both swapped-gradients""",
        drawer([(s, s) for s in SQUARES]),
    ),
    layer(
        "matmul_chain",
        chain,
        chain_rule,
        """M1-transposed-middle M47-middle-sample-0-only M12-middle-without-upstream
        M28-left-first-column-only M3-right-averaged M22-jacobian-averaged""",
        drawer([((2, 3), (3, 4), (4, 2)), ((3, 3), (3, 3), (3, 3)), ((1, 3), (3, 1), (1, 2))]),
    ),
    layer(
        "batched_matmul",
        batched,
        batched_rule,
        """M10-broadcast-axis-not-reduced M3-broadcast-axis-averaged M47-sample-0-only
        M10-product-summed-first M48-last-sample-only""",
        drawer([((3, 2, 3), (3, 2)), ((2, 3, 2), (1, 2, 4)), ((2, 1, 3), (3, 3))]),
    ),
    layer(
        "bilinear",
        bilinear,
        bilinear_rule,
        """M10-only-matrix-0 M3-averaged M54-half-of-quadratic upstream-summed-over-k outer-of-sums
        M1-matrices-transposed""",
        drawer(
            [((3, 2), (2, 2, 4), (3, 4)), ((2, 3), (3, 3, 3), (2, 3)), ((1, 2), (1, 2, 2), (1, 2))]
        ),
    ),
    layer(
        "outer",
        outer,
        outer_rule,
        """M8-sum-over-all partner-forgotten partner-summed M28-first-row-only M22-row-mean
        swapped-gradients""",
        drawer([((3,), (4,)), ((4,), (4,)), ((1,), (5,))]),
    ),
    layer(
        "solve",
        solve,
        solve_rule,
        """M1-not-transposed M1-inverse-forgotten M19-sign-of-da M1-da-transposed
        right-side-for-solution upstream-not-solved""",
        drawer(
            [((3, 3), (3, 2)), ((4, 4), (4, 4)), ((2, 2), (2, 1))], without="mixed", after=dominant
        ),
    ),
    layer(
        "det",
        np.linalg.det,
        det_rule,
        """M1-not-transposed M59-logdet-rule determinant-inverted trace-rule diagonal-only
        matrix-for-inverse""",
        drawer(SQUARES, without="mixed", after=dominant),
    ),
    layer(
        "logdet",
        logdet,
        logdet_rule,
        """M1-not-transposed M59-det-rule symmetric-rule symmetrised diagonal-only
        matrix-for-inverse""",
        drawer(SQUARES, without="mixed", after=dominant),
    ),
    layer(
        "inv",
        np.linalg.inv,
        inv_rule,
        """M1-not-transposed M1-left-only M19-sign one-inverse upstream-transposed elementwise
        matrix-for-inverse""",
        drawer(SQUARES, without="mixed", after=dominant),
    ),
    layer(
        "cholesky",
        cholesky,
        cholesky_rule,
        """diagonal-not-halved lower-part-forgotten M1-inverse-transposed upper-part-used
        not-symmetrised M54-product-once""",
        drawer(SQUARES, without="mixed x1e3 x1e8 " + OFFSETS),
        "of A A^T + I; badly conditioned for large A",
    ),
    layer(
        "eigenvalues",
        eigenvalues,
        eigenvalues_rule,
        """M1-rows-for-vectors vectors-forgotten order-reversed values-kept diagonal-only
        symmetric-rule M28-largest-only""",
        drawer(SQUARES, without="zeros_ties"),
        "a kink where eigenvalues are equal",
    ),
    layer(
        "pinv",
        np.linalg.pinv,
        pinv_rule,
        """M59-inverse-rule left-term-forgotten right-term-forgotten M19-main-sign correction-sign
        correction-twice""",
        drawer([(4, 2), (2, 4), (3, 2), (3, 1)], without="zeros_ties mixed " + OFFSETS),
        "full rank",
    ),
]
