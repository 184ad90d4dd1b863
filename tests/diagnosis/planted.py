"""Wrong rules with the name of their mistake: every entry of the catalogue in two layers or more.

``PLANTED`` lists (the names that are right, the rule). The first parameter of a backward rule is
the cotangent, as always.
"""

import math

import numpy as np

from gradcheck import boolean, choice, derivation, integers, options, real
from gradcheck.claims import Rule

PLANTED = []
UNNAMED = []


def plant(names, layer, *wrt, kind="vjp"):
    """Plant the decorated rule; ``names`` are the ids of which the first named has to be one."""

    def add(function):
        PLANTED.append((names.split(), Rule(function, layer, kind, wrt, register=False)))
        return function

    return add


def unnamed(layer, *wrt, kind="vjp"):
    """Plant a rule whose mistake has no name in the catalogue."""

    def add(function):
        UNNAMED.append(Rule(function, layer, kind, wrt, register=False))
        return function

    return add


# ---- layers --------------------------------------------------------------------------------


def sigmoid_of(x):
    return 1 / (1 + np.exp(-x))


def softmax_of(z, axis=-1):
    e = np.exp(z - z.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@derivation(x="n d", W="d m", b="m")
def linear(x, W, b):
    return x @ W + b


@derivation(x="k", A="k l", z="l")
def bilinear(x, A, z):
    return x @ A @ z


@derivation(x="n k", c="n 1")
def shifted(x, c):
    return x + c


@derivation(x="n k", s="k")
def scaled(x, s):
    return x * s


@derivation(x="n k")
def tanh(x):
    return np.tanh(x)


@derivation(x="k")
def sigmoid(x):
    return sigmoid_of(x)


@derivation(x="n k")
def relu(x):
    return np.maximum(x, 0)


@derivation(x="k")
def softplus(x):
    return np.log1p(np.exp(x))


@derivation(x="k")
def gelu(x):
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


@derivation(x=real("k", low=0.2, high=4.0))
def logarithm(x):
    return np.log(x + 1e-3)


@derivation(x=real("n k", low=0.2, high=4.0))
def inverse_root(x):
    return 1 / np.sqrt(x)


@derivation(x="k", alpha=real(low=0.3, high=3.0))
def scaled_tanh(x, alpha):
    return np.tanh(alpha * x)


@derivation(z="k", T=real(low=0.3, high=3.0))
def tempered(z, T):
    return softmax_of(z / T)


@derivation(z="k")
def softmax(z):
    return softmax_of(z)


@derivation(z="n k")
def softmax_rows(z):
    return softmax_of(z)


@derivation(z="n k")
def log_softmax(z):
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


@derivation(z="n k", labels=integers("n", high="k"))
def cross_entropy(z, labels):
    p = softmax_of(z)
    return -np.log(p[np.arange(len(z)), labels]).mean()


@derivation(z="k", label=integers(high="k"))
def cross_entropy_row(z, label):
    return -np.log(softmax_of(z)[label])


@derivation(a="n k", t=real("n k", differentiate=False))
def squared_error(a, t):
    return ((a - t) ** 2).mean()


@derivation(a="k", t=real("k", differentiate=False))
def half_squares(a, t):
    return 0.5 * ((a - t) ** 2).sum()


@derivation(x="n k", gamma="k", beta="k")
def batch_norm(x, gamma, beta):
    c = x - x.mean(axis=0)
    return gamma * c / np.sqrt((c**2).mean(axis=0) + 1e-5) + beta


@derivation(x="n k")
def layer_norm(x):
    c = x - x.mean(axis=1, keepdims=True)
    return c / np.sqrt((c**2).mean(axis=1, keepdims=True) + 1e-5)


@derivation(x="n k")
def unit_rows(x):
    return x / np.sqrt((x**2).sum(axis=1, keepdims=True))


@derivation(x="n k", W="k m", t=real("n m", differentiate=False))
def ridge(x, W, t):
    return ((x @ W - t) ** 2).mean() + 0.05 * (W**2).sum()


@options(sizes={"w": (2, 3)})
@derivation(x="t+w-1", k="w")
def conv(x, k):
    return np.array([x[i : i + len(k)] @ k for i in range(len(x) - len(k) + 1)])


@derivation(x="t+2")
def max_pool(x):
    return np.array([x[i : i + 3].max() for i in range(len(x) - 2)])


@derivation(x="n 3*k")
def average_pool(x):
    return x.reshape(len(x), -1, 3).mean(axis=2)


@derivation(x="k")
def twice_each(x):
    return np.repeat(x, 2)


@derivation(W="v d", ids=integers("n", high="v"))
def embedding(W, ids):
    return W[ids]


@derivation(x="k")
def square(x):
    return x * x


@derivation(x="n k", W="k k")
def residual(x, W):
    return x + np.tanh(x @ W)


@derivation(x="n k", mask=boolean("n k"), keep=real(low=0.3, high=0.9, differentiate=False))
def dropout(x, mask, keep):
    return x * mask / keep


@derivation(x="t d")
def running_sum(x):
    return np.cumsum(x, axis=0)


@derivation(x="t d", h0="d")
def recurrence(x, h0):
    h, hs = h0, []
    for row in x:
        h = np.tanh(row + 0.5 * h)
        hs.append(h)
    return np.array(hs)


@derivation(x="n d", W1="d h", W2="h k")
def network(x, W1, W2):
    return np.maximum(x @ W1, 0) @ W2


@options(sizes={"h": (2, 5), "w": (2, 5)})
@derivation(x="c h w", s="h w")
def masked_image(x, s):
    return x * s


@derivation(x="n k", stride=choice(1, 2, 3))
def subsampled(x, stride):
    return x[::stride]


@derivation(a="k", b="k")
def product(a, b):
    return a * b


# ---- M1, M2: layout -----------------------------------------------------------------------


@plant("M1", linear, "W")
def _(dz, x):
    return dz.T @ x


@plant("M1", bilinear, "A")
def _(dy, x, z):
    return dy * np.outer(z, x)


@plant("M1-jacobian", log_softmax)
def _(dy, y):
    return dy - (np.exp(y) * dy).sum(axis=1, keepdims=True)


@plant("M1-jacobian", running_sum)
def _(dy):
    return np.cumsum(dy, axis=0)


@plant("M1 M1-jacobian", linear, "x")
def _(dz, W):
    return W @ dz.T


@plant("edit-operator edit-order edit-transpose", linear, "W")  # elementwise for a product
def _(dz, x):
    return x.T * dz


@plant("edit-operator edit-order edit-transpose", linear, "x")
def _(dz, W):
    return dz * W.T


@plant("M1-axes M1", masked_image, "x")
def _(dy, s):
    return np.swapaxes(dy * s, 1, 2)


@plant("M1-reshape M1", linear, "W")
def _(dz, x):
    return (dz.T @ x).reshape(x.shape[1], -1)


@plant("M1-reshape M1", bilinear, "A")
def _(dy, x, z):
    return dy * np.outer(z, x).reshape(len(x), len(z))


@plant("M41", conv, "k")
def _(dy, x, k):
    return np.array([x[i : i + len(dy)] @ dy for i in range(len(k))])[::-1]


@plant("M41", square)
def _(dy, x):
    return (2 * x * dy)[::-1]


@plant("M48", square)
def _(dy, x):
    return np.roll(2 * x * dy, 1)


@plant("M48", scaled, "s")
def _(dy, x):
    return np.roll((dy * x).sum(axis=0), -1)


@plant("swap", product)
def _(dy, a, b):
    return dy * a, dy * b


@derivation(a="n k", b="n k")
def difference_of_squares(a, b):
    return a**2 - b**3


@plant("swap", difference_of_squares)
def _(dy, a, b):
    return -3 * b**2 * dy, 2 * a * dy


# ---- M3 … M6, M18, M19: factors -----------------------------------------------------------


@plant("M3", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (softmax_of(z) - np.eye(z.shape[1])[labels])


@derivation(x="n k")
def row_means(x):
    return x.mean(axis=1)


@plant("M3", row_means)
def _(dy, x):
    return np.repeat(dy[:, None], x.shape[1], axis=1)


@plant("M3 M6", squared_error, "a")
def _(dl, a, t):
    return dl * 2 * (a - t)


@plant("M4", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (softmax_of(z) - np.eye(z.shape[1])[labels]) / len(z) ** 2


@plant("M4", linear, "W")
def _(dz, x):
    return x.T @ dz / len(x)


@plant("M4", linear)  # M5: the scale differs between parameters
def _(dz, x, W, b):
    return dz @ W.T, x.T @ dz, dz.mean(axis=0)


@plant("M4", batch_norm, "gamma")
def _(dy, x):
    c = x - x.mean(axis=0)
    return (dy * c / np.sqrt((c**2).mean(axis=0) + 1e-5)).mean(axis=0)


@plant("M6", squared_error, "a")
def _(dl, a, t):
    return dl * (a - t)


@plant("M6", square)
def _(dy, x):
    return dy * x


@plant("M6", inverse_root)  # M58: 1/2*…
def _(dy, x):
    return -dy * x**-1.5


@plant("M6", average_pool)  # M38
def _(dy):
    return np.repeat(dy, 3, axis=1) / 9


@plant("M18", scaled_tanh, "x")
def _(dy, y):
    return dy * (1 - y**2)


@plant("M18", tempered, "z")
def _(dy, y):
    return y * (dy - dy @ y)


@plant("M18", dropout)  # M63: 1/keep
def _(dy, mask):
    return dy * mask


@plant("M19", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * (np.eye(len(z))[label] - softmax_of(z))


@plant("M19", squared_error, kind="gradient")
def _(a, t):
    return 2 * (t - a) / a.size


@plant("M19", softmax, kind="jacobian")
def _(y):
    return np.outer(y, y) - np.diag(y)


@plant("factor M16", product, "a")
def _(dy, a, b):
    return dy * b * a


@plant("factor", inverse_root)
def _(dy, x):
    return -0.5 * dy * x**-0.5


@plant("factor", unit_rows)
def _(dy, x, y):
    return dy - y * (dy * y).sum(axis=1, keepdims=True)


@plant("factor", batch_norm, "x")  # M31: gamma left out
def _(dy, x):
    c = x - x.mean(axis=0)
    std = np.sqrt((c**2).mean(axis=0) + 1e-5)
    return (dy - dy.mean(axis=0) - c / std * (dy * c / std).mean(axis=0)) / std


# ---- M7, M8, M10, M22: sums ---------------------------------------------------------------


@plant("M7", linear, "b")
def _(dz):
    return dz


@plant("M7", batch_norm, "beta")
def _(dy):
    return dy


@plant("M7", shifted, "c")  # M10
def _(dy):
    return dy


@plant("M7", scaled, "s")  # M10
def _(dy, x):
    return dy * x


@plant("M8", linear, "b")
def _(dz):
    return np.full(dz.shape[1], dz.sum())


@plant("M8", batch_norm, "gamma")
def _(dy, x):
    c = x - x.mean(axis=0)
    return np.full(x.shape[1], (dy * c / np.sqrt((c**2).mean(axis=0) + 1e-5)).sum())


@plant("M8-mean", linear, "b")
def _(dz):
    return np.full(dz.shape[1], dz.sum(axis=0).mean())


@plant("M8-mean", scaled, "s")
def _(dy, x):
    return np.full(x.shape[1], (dy * x).sum(axis=0).mean())


@plant("M22", softmax)
def _(dy, y):
    return np.diag(y) - np.outer(y, y)


@plant("M22", running_sum)
def _(dy, x):
    t, d = x.shape
    return np.einsum("ts,de->tdse", np.tril(np.ones((t, t))), np.eye(d))


@plant("M22-mean M12 zero", running_sum)
def _(dy, x):
    return np.ones(x.shape) * np.arange(len(x), 0, -1)[:, None] / x.size


@plant("M22-mean", tanh)
def _(dy, y):
    return (1 - y**2) / y.size


@plant("zero", softmax)  # M22: the Jacobian summed over the outputs
def _(dy, y):
    return (np.diag(y) - np.outer(y, y)).sum(axis=0) * 0


@plant("zero", linear, "b")
def _(dz, b):
    return np.zeros_like(b)


# ---- M11 … M17: what is done to the upstream gradient -------------------------------------


@plant("M11", relu)
def _(dy):
    return dy * (dy > 0)


@plant("M11", network)
def _(dy, x, W1, W2):
    h = x @ W1
    dh = dy @ W2.T
    dh = dh * (dh > 0)
    return dh @ W1.T, x.T @ dh, np.maximum(h, 0).T @ dy


@plant("M12", tanh)
def _(dy, y):
    return 1 - y**2


@plant("M12", sigmoid)
def _(dy, y):
    return y * (1 - y)


@plant("M12", relu)
def _(dy, x):
    return (x > 0) * 1.0


@plant("M12", cross_entropy_row, "z")  # M27
def _(dl, z, label):
    return softmax_of(z) - np.eye(len(z))[label]


@plant("M13", tanh)
def _(dy):
    return dy * (1 - np.tanh(dy) ** 2)


@plant("M13", sigmoid)
def _(dy):
    s = sigmoid_of(dy)
    return dy * s * (1 - s)


@plant("M14", tanh)
def _(dy, x):
    return dy * (1 - x**2)


@plant("M14", sigmoid)
def _(dy, x):
    return dy * x * (1 - x)


@plant("M15", tanh)
def _(dy, y):
    return dy * (1 - np.tanh(y) ** 2)


@plant("M15", sigmoid)
def _(dy, y):
    s = sigmoid_of(y)
    return dy * s * (1 - s)


@plant("M16", tanh)
def _(dy, y):
    return dy * y


@plant("M16", softplus)
def _(dy, y):
    return dy * y


@plant("M17 M13-inside", sigmoid)
def _(dy):
    return dy * (1 - dy)


@plant("M17 M13-inside", tanh)
def _(dy):
    return dy * (1 - dy**2)


@plant("M13-power", square)
def _(dy, x):
    return dy**2 * 2 * x


@plant("M13-power", product)
def _(dy, a, b):
    return dy * dy * b, dy * dy * a


@plant("pass", relu)
def _(dy):
    return dy


@plant("pass", sigmoid)
def _(dy):
    return dy


@plant("M16-input", tanh)
def _(dy, x):
    return dy * x


@plant("M16-input", sigmoid)
def _(dy, x):
    return dy * x


@plant("slope-twice", tanh)
def _(dy, y):
    return dy * (1 - y**2) ** 2


@plant("slope-twice", sigmoid)
def _(dy, y):
    return dy * (y * (1 - y)) ** 2


@plant("slope-root", tanh)  # sech for its square
def _(dy, x):
    return dy / np.cosh(x)


@derivation(x=real("k", low=0.2, high=3.0))
def reciprocal(x):
    return 1 / x


@plant("slope-root factor", reciprocal)
def _(dy, x):
    return -dy / x


@plant("M58 M59", softplus)
def _(dy, x):
    return dy * (x > 0)


@plant("M58 M59", sigmoid)
def _(dy, x):
    return dy * (x > 0.5)


@plant("M59", gelu)  # exact for approximate
def _(dy, x):
    phi = np.array([0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x])
    return dy * (phi + x * np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi))


@plant("M59", tanh)
def _(dy, x):
    s = sigmoid_of(x)
    return dy * s * (1 - s)


@plant("M60", logarithm)
def _(dy, x):
    return dy / x


@derivation(x="k")
def smooth_size(x):
    return np.sqrt(x**2 + 0.01)


@derivation(x=real("n k", low=0.2, high=4.0))
def root(x):
    return np.sqrt(x + 1e-2)


@plant("M60", root)
def _(dy, x):
    return 0.5 * dy / np.sqrt(x)


# ---- M20 … M28: softmax and its losses ----------------------------------------------------


@plant("M20", softmax)
def _(dy, y):
    return dy * y * (1 - y)


@plant("M20", softmax_rows)
def _(dy, y):
    return dy * y * (1 - y)


@plant("M20", softmax, kind="jacobian")
def _(y):
    return np.diag(y * (1 - y))


@plant("M20-off", softmax, kind="jacobian")
def _(y):
    return np.diag(y**2) - np.outer(y, y)


@plant("M20-off M48", running_sum)
def _(dy):
    return np.cumsum(dy[::-1], axis=0)[::-1] - dy


@plant("M20-normaliser", softmax)
def _(dy, y):
    return dy * y


@plant("M20-normaliser", softmax_rows)
def _(dy, y):
    return dy * y


@plant("M20-weights", softmax)
def _(dy, y):
    return y * (dy - dy.sum())


@plant("M20-weights", softmax_rows)
def _(dy, y):
    return y * (dy - dy.sum(axis=1, keepdims=True))


@plant("M20-outer", softmax)
def _(dy, y):
    return dy - dy @ y


@plant("M20-outer", softmax_rows)
def _(dy, y):
    return dy - (dy * y).sum(axis=1, keepdims=True)


@plant("M20-plus", softmax)
def _(dy, y):
    return y * (dy + dy @ y)


@plant("M20-plus", softmax_rows)
def _(dy, y):
    return y * (dy + (dy * y).sum(axis=1, keepdims=True))


@plant("M21", softmax)
def _(dy, y, z):
    return y * (dy - dy @ z)


@plant("M21", softmax_rows)
def _(dy, y, z):
    return dy * y * (1 - z)


@plant("M23", softmax_rows)
def _(dy, y):
    return y * (dy - (dy * y).sum())


@plant("M23-loss", cross_entropy, "z")
def _(dl, z, labels):
    e = np.exp(z - z.max())
    return dl * (e / e.sum() - np.eye(z.shape[1])[labels]) / len(z)


@plant("M23-loss", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (softmax_of(z, 0) - np.eye(z.shape[1])[labels]) / len(z)


def again(g, p):
    return p * (g - (g * p).sum(axis=-1, keepdims=True))


@plant("M24", cross_entropy, "z")
def _(dl, z, labels):
    p = softmax_of(z)
    return again(dl * (p - np.eye(z.shape[1])[labels]) / len(z), p)


@plant("M24", cross_entropy_row, kind="gradient")
def _(z, label):
    p = softmax_of(z)
    return again(p - np.eye(len(z))[label], p)


@plant("M25", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (z - np.eye(z.shape[1])[labels]) / len(z)


@plant("M25", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * (z - np.eye(len(z))[label])


@plant("label", cross_entropy, "z")
def _(dl, z, labels):
    return dl * softmax_of(z) / len(z)


@plant("label-only", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * (softmax_of(z) - 1) * np.eye(len(z))[label]


@plant("label", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * softmax_of(z)


@plant("label-only", cross_entropy, "z")
def _(dl, z, labels):
    return -dl * np.eye(z.shape[1])[labels] / len(z)


@plant("M28-log", log_softmax)
def _(dy, y):
    return dy - np.exp(y)


@plant("M28-log", log_softmax)
def _(dy, y):
    return dy - np.exp(y) * dy.mean(axis=1, keepdims=True)


@plant("M20-log M20", log_softmax)
def _(dy, y):
    return dy * (1 - np.exp(y))


@plant("M59-softmax", log_softmax)
def _(dy, y):
    p = np.exp(y)
    return p * (dy - (dy * p).sum(axis=1, keepdims=True))


@plant("M14-log M14", log_softmax)
def _(dy, y):
    return dy - y * dy.sum(axis=1, keepdims=True)


@plant("M28", softmax)
def _(dy, y):
    return dy[0] * (np.eye(len(y))[0] - y) * y[0]


@plant("M28", tanh)
def _(dy, y):
    made = np.zeros(y.shape)
    made[0, 0] = dy[0, 0] * (1 - y[0, 0] ** 2)
    return made


@plant("M22-upstream", softmax_rows)
def _(dy, y):
    dy = np.broadcast_to(dy.mean(axis=0, keepdims=True), y.shape)
    return y * (dy - (dy * y).sum(axis=1, keepdims=True))


@plant("M22-upstream", tanh)
def _(dy, y):
    return dy.sum(axis=0) * (1 - y**2)


# ---- M29 … M32: normalisation -------------------------------------------------------------


@plant("M29", batch_norm, "x")
def _(dy, x, gamma):
    return dy * gamma / np.sqrt(x.var(axis=0) + 1e-5)


@plant("M29", layer_norm)
def _(dy, x):
    return dy / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


@plant("M30", layer_norm)  # the path through the mean
def _(dy, x, y):
    std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return (dy - y * (dy * y).mean(axis=1, keepdims=True)) / std


@plant("M30", layer_norm)  # the path through the variance
def _(dy, x):
    return (dy - dy.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)


@plant("M30", batch_norm, "x")
def _(dy, x, gamma):
    dy = dy * gamma
    return (dy - dy.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


@plant("M32", batch_norm, "gamma")
def _(dy, y):
    return (dy * y).sum(axis=0)


@derivation(a="n d", z="n d", W="d k")
def chosen(a, z, W):
    return a @ W + 0 * z.sum()


@plant("M32 M14", chosen, "W")
def _(dy, z):
    return z.T @ dy


@plant("rank-one rank-one-input", unit_rows)
def _(dy, x):
    return dy / np.sqrt((x**2).sum(axis=1, keepdims=True))


@plant("rank-one rank-one-input M20-normaliser", softmax_rows)
def _(dy, y):
    return y * (dy - (dy * y).mean(axis=1, keepdims=True))


# ---- M35 … M54: parts that are missing ----------------------------------------------------


@plant("M35", max_pool)
def _(dy, x):
    dx = np.zeros_like(x)
    for i in range(len(dy)):
        dx[i + np.argmax(x[i : i + 3])] = dy[i]
    return dx


@plant("M35 M49", embedding)
def _(dy, W, ids):
    dW = np.zeros_like(W)
    dW[ids] += dy
    return dW


@plant("M35", twice_each)  # M50
def _(dy):
    return dy[::2]


@plant("M39", conv, "x")
def _(dy, x, k):
    dx = x.copy()
    for i, g in enumerate(dy):
        dx[i : i + len(k)] += g * k
    return dx


@plant("M39", embedding)
def _(dy, W, ids):
    dW = W.copy()
    np.add.at(dW, ids, dy)
    return dW


@plant("M40", tanh)
def _(dy, y):
    dx = np.zeros_like(y)
    for i in range(len(y)):
        dx[i] = dy[i] * (1 - y[i] ** 2)
        break
    return dx


@plant("M40", scaled, "s")
def _(dy, x, s):
    ds = np.zeros_like(s)
    for i in range(len(s)):
        ds[i] = dy[:, i] @ x[:, i]
        break
    return ds


@plant("M43", shifted, "x")
def _(dy):
    p = 0
    return dy[p : dy.shape[0] - p, p:-p]


@plant("M43", scaled, "x")
def _(dy, s):
    p = 0
    return (dy * s)[p:-p]


@plant("M47", linear, "W")
def _(dz, x):
    return np.outer(x[0], dz[0])


@plant("M47", scaled, "s")
def _(dy, x):
    return dy[0] * x[0]


@plant("M51", recurrence, "x")
def _(dy, y):
    return dy * (1 - y**2)


@derivation(x="t d")
def weighted_running_sum(x):
    return np.cumsum(x**2, axis=0)


@plant("M51 M20", weighted_running_sum)
def _(dy, x):
    return dy * 2 * x


@plant("M54-skip", residual, "x")
def _(dy, x, W):
    return (dy * (1 - np.tanh(x @ W) ** 2)) @ W.T


@derivation(x="n k")
def residual_softmax(x):
    return x + softmax_of(x)


@plant("M54-skip", residual_softmax)
def _(dy, x):
    return again(dy, softmax_of(x))


@plant("pass", residual, "x")
def _(dy):
    return dy


@plant("triangle", bilinear, "A")
def _(dy, x, z):
    return np.tril(dy * np.outer(x, z))


@plant("triangle", linear, "W")
def _(dz, x):
    return np.triu(x.T @ dz)


@derivation(A="k k")
def quadratic(A):
    return A @ A


@plant("symmetric", quadratic)
def _(dy, A):
    g = dy @ A.T + A.T @ dy
    return (g + g.T) / 2


@derivation(x="k", A="k k")
def form(x, A):
    return x @ A @ (2 * x + 1)


@plant("symmetric", form, "A")
def _(dy, x):
    g = dy * np.outer(x, 2 * x + 1)
    return (g + g.T) / 2


# ---- M55 … M65: behaviour, terms ----------------------------------------------------------

_kept = {}


@plant("M55", tanh)
def _(dy, y):
    kept = _kept.setdefault(y.shape, np.zeros(y.shape))
    kept += dy * (1 - y**2)
    return kept.copy()


@plant("M55", linear, "b")
def _(dz):
    kept = _kept.setdefault(("b", dz.shape), np.zeros(dz.shape[1]))
    kept += dz.sum(axis=0)
    return kept.copy()


@plant("M56", relu)
def _(dy, x):
    dy[x <= 0] = 0
    return dy


@plant("M56", tanh)
def _(dy, y):
    dy *= 1 - y**2
    return dy


_generator = np.random.default_rng(0)


@plant("M57", dropout)  # M63: a new mask
def _(dy, keep):
    return dy * (_generator.random(dy.shape) < keep) / keep


@plant("M57", relu)
def _(dy, x):
    return dy * (x > 0) * _generator.random()


@plant("M61", ridge, "W")
def _(dl, x, W, t):
    return dl * 2 * x.T @ (x @ W - t) / t.size


@plant("M61", squared_error, "a")
def _(dl, a, t):
    return dl * 2 * (a - t) / a.size + 0.1 * a


@plant("M64", linear)
def _(dz, x, W, b):
    dW = x.T @ dz
    return dz @ (W - 0.01 * dW).T, dW, dz.sum(axis=0)


@plant("M65", relu)
def _(dy, x):
    return x > 0


@plant("M65", dropout)
def _(dy, mask):
    return mask


@plant("mask", tanh)
def _(dy, x, y):
    return dy * (1 - y**2) * (x > 0)


@plant("mask", product, "a")
def _(dy, a, b):
    return dy * b * (a > 0)


@plant("mask-forgotten", dropout)
def _(dy, keep):
    return dy / keep


@plant("mask-forgotten pass", relu)
def _(dy, x):
    return dy * np.where(x > 0, 1, 0.3)


# ---- right only where … -------------------------------------------------------------------


@plant("M31", subsampled)  # M37, M42
def _(dy, x, stride):
    dx = np.zeros_like(x)
    dx[: len(dy)] = dy
    return dx


@plant("M47", recurrence, "h0")
def _(dy, y):
    return 0.5 * dy[0] * (1 - y[0] ** 2)


@plant("only-one", quadratic)
def _(dy, A):
    return A.T @ dy + A @ dy.T


# ---- more of what was planted once ---------------------------------------------------------


@derivation(z="k")
def log_softmax_row(z):
    return z - np.log(np.exp(z).sum())


@derivation(z="b n k")
def softmax_of_batches(z):
    return softmax_of(z)


@derivation(x="a b c")
def cube(x):
    return x**3


@derivation(x="n d", W="d m")
def projection(x, W):
    return x @ W


@derivation(x="k k")
def tanh_of_square(x):
    return np.tanh(x)


@options(sizes={"k": (3, 8)})
@derivation(x="k")
def differences(x):
    return np.diff(x)


@derivation(x="k")
def logsumexp(x):
    return np.log(np.exp(x).sum())


@derivation(x="k")
def log_of_squares(x):
    return np.log(1 + x @ x)


@derivation(x="v", ids=integers("n", high="v"))
def gathered(x, ids):
    return x[ids]


@plant("shape", linear, "W")
def _(dz, x):
    return (x.T @ dz).ravel()


@plant("shape", tanh)
def _(dy, y):
    return (dy * (1 - y**2)).ravel()


@plant("M23", softmax_of_batches)
def _(dy, y):
    return y * (dy - (dy * y).sum())


@plant("M59-log-softmax", softmax)
def _(dy, y):
    return dy - y * dy.sum()


@plant("M59-log-softmax", softmax_rows)
def _(dy, y):
    return dy - y * dy.sum(axis=1, keepdims=True)


@plant("M20-log M20", log_softmax_row)
def _(dy, y):
    return dy * (1 - np.exp(y))


@plant("M59-softmax", log_softmax_row)
def _(dy, y):
    p = np.exp(y)
    return p * (dy - dy @ p)


@plant("M14-log M14", log_softmax_row)
def _(dy, y):
    return dy - y * dy.sum()


@plant("M25-sigmoid", cross_entropy, "z")
def _(dl, z, labels):
    return dl * (sigmoid_of(z) - np.eye(z.shape[1])[labels]) / len(z)


@plant("M25-sigmoid", cross_entropy_row, "z")
def _(dl, z, label):
    return dl * (sigmoid_of(z) - np.eye(len(z))[label])


@plant("M1-axes", cube)
def _(dy, x):
    return np.transpose(3 * x**2 * dy, (2, 0, 1))


@plant("symmetric-sum", quadratic)
def _(dy, A):
    g = dy @ A.T + A.T @ dy
    return g + g.T


@plant("symmetric-sum", form, "A")
def _(dy, x):
    g = dy * np.outer(x, 2 * x + 1)
    return g + g.T


@plant("M64", projection)
def _(dz, x, W):
    dW = x.T @ dz
    return dz @ (W - 0.1 * dW).T, dW


@plant("M1-upstream", tanh_of_square)
def _(dy, y):
    return dy.T * (1 - y**2)


@plant("M1-upstream", quadratic)
def _(dy, A):
    return dy.T @ A.T + A.T @ dy.T


@plant("M19-terms", differences)
def _(dy):
    return np.append(dy, 0) + np.append(0, dy)


@plant("M19-terms factor", square)
def _(dy, x):
    return dy * 2 * np.abs(x)


@plant("M51-short", running_sum)
def _(dy):
    return dy + np.append(dy[1:], np.zeros_like(dy[:1]), axis=0)


@plant("M51-short", weighted_running_sum)
def _(dy, x):
    return 2 * x * (dy + np.append(dy[1:], np.zeros_like(dy[:1]), axis=0))


@plant("scale", logsumexp)
def _(dy, x):
    return dy * np.exp(x)


@plant("scale", log_of_squares, kind="gradient")
def _(x):
    return 2 * x


@plant("none", tanh)
def _(dy, y):
    dx = dy * (1 - y**2)
    del dx


@plant("none", softmax, kind="jacobian")
def _(y):
    del y


def averaged(dy, ids, shape):
    made = np.zeros(shape)
    for k in set(ids):
        made[k] = dy[ids == k].sum(axis=0) / np.count_nonzero(ids == k)
    return made


@plant("M49", embedding)
def _(dy, W, ids):
    return averaged(dy, ids, W.shape)


@plant("M49", gathered)
def _(dy, x, ids):
    return averaged(dy, ids, x.shape)


@plant("M31", scaled_tanh)
def _(dy, x, alpha, y):
    return dy * (alpha - y**2), (dy * x * (1 - y**2)).sum()


@plant("only-one", recurrence, "x")
def _(dy, y):
    dx, carry = np.zeros_like(y), 0
    for t in reversed(range(len(y))):
        carry = (dy[t] + carry) * (1 - y[t] ** 2)
        dx[t] = carry
        carry = 0.4 * carry
    return dx


@plant("M20-diagonal", softmax, kind="column")
def _(y, i):
    return -y * y[i]


@plant("M20-diagonal", softmax_rows)
def _(dy, y):
    return -y * (dy * y).sum(axis=1, keepdims=True)


@plant("M20-index", softmax, kind="column")
def _(y, i):
    return y * (np.eye(len(y))[i] - y)


@plant("M20-index", softmax_rows)
def _(dy, y):
    return y * dy - (dy * y**2).sum(axis=1, keepdims=True)


# ---- mistakes that have no name here ------------------------------------------------------


@unnamed(tanh)
def _(dy, y):
    return dy * (1 - y**2) * (1 + 0.01 * np.sin(np.arange(y.size).reshape(y.shape)))


@unnamed(sigmoid)
def _(dy, y):
    return dy * (y - y**3)


@unnamed(linear)
def _(dz, x, W, b):
    return dz @ W.T, np.sign(x).T @ dz, dz.sum(axis=0)


@unnamed(linear)
def _(dz, x, W, b):
    dW = x.T @ dz
    dW[0, 0] *= 1.001
    return dz @ W.T, dW, dz.sum(axis=0)


@unnamed(softmax)
def _(dy, y):
    return y * (dy - dy @ np.sqrt(y))


@unnamed(softmax_rows)
def _(dy, y):
    return y * (dy - np.sort(dy * y, axis=1).cumsum(axis=1))


@unnamed(layer_norm)
def _(dy, x, y):
    std = np.sqrt(x.var(axis=1, keepdims=True) + 1e-5)
    return (np.tanh(dy) - y * (dy * y).mean(axis=1, keepdims=True)) / std


@unnamed(network)
def _(dy, x, W1, W2):
    h = x @ W1
    dh = dy @ W2.T * (h > 0.1)
    return dh @ W1.T, x.T @ dh, np.maximum(h, 0).T @ dy


@unnamed(network)
def _(dy, x, W1, W2):
    h = x @ W1
    dh = dy @ W2.T * (1 - np.tanh(h) ** 2)
    return dh @ W1.T, x.T @ dh, np.maximum(h, 0).T @ dy


@unnamed(cross_entropy, "z")
def _(dl, z, labels):
    p = softmax_of(z) ** 1.1
    return dl * (p - np.eye(z.shape[1])[labels]) / len(z)


@unnamed(ridge)
def _(dl, x, W, t):
    r = np.sign(x @ W - t)
    return dl * r @ W.T, dl * x.T @ r + dl * 0.1 * W


@unnamed(conv)
def _(dy, x, k):
    dk = np.array([x[i : i + len(dy)] @ dy for i in range(len(k))])
    dx = np.zeros_like(x)
    for i, g in enumerate(dy):
        dx[i : i + len(k)] += g * np.abs(k) * np.linspace(1, 1.3, len(k))
    return dx, dk


@unnamed(max_pool)
def _(dy, x):
    dx = np.zeros_like(x)
    for i in range(len(dy)):
        dx[i : i + 3] += dy[i] * softmax_of(x[i : i + 3])
    return dx


@unnamed(embedding)
def _(dy, W, ids):
    dW = np.zeros_like(W)
    for place, k in enumerate(ids):
        dW[k] += dy[place] * 0.9**place
    return dW


@unnamed(gelu)
def _(dy, x):
    return dy * (0.5 + 0.398 * x)


@unnamed(batch_norm)
def _(dy, x, gamma, beta):
    c = x - x.mean(axis=0)
    hat = c / np.sqrt((c**2).mean(axis=0) + 1e-5)
    dx = dy * gamma - hat**2
    return dx, (dy * hat).sum(axis=0), dy.sum(axis=0)


@unnamed(product)
def _(dy, a, b):
    return dy * np.cos(b), dy * a


@unnamed(residual)
def _(dy, x, W):
    h = dy * (1 - np.tanh(x @ W) ** 2)
    return dy + h @ W.T @ W, x.T @ h
