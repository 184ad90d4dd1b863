"""Compositions of layers, written to be named at first sight: a second look at the catalogue."""

import numpy as np

from gradcheck import boolean, derivation, integers, options
from tests.diagnosis.planted.planting import plant


def softplus(x):
    return np.logaddexp(0, x)


def softmax_of(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@derivation(x="n d")
def mish(x):
    return x * np.tanh(softplus(x))


@plant("path", mish)
def _(dy, x):
    return dy * np.tanh(softplus(x))


@plant("pass", mish)
def _(dy, x):
    t = np.tanh(softplus(x))
    return dy * (t + x * (1 - t**2))


@plant("edit-sign", mish)
def _(dy, x):
    t = np.tanh(softplus(x))
    return dy * (t - x * (1 - t**2) / (1 + np.exp(-x)))


@options(output="dist")
@derivation(x="n d", y="m d")
def sqdist(x, y):
    return ((x[:, None] - y[None]) ** 2).sum(-1)


@plant("M19", sqdist, "y")
def _(dd, x, y):
    return 2 * (dd[:, :, None] * (x[:, None] - y[None])).sum(0)


@plant("M6", sqdist, "x")
def _(dd, x, y):
    return (dd[:, :, None] * (x[:, None] - y[None])).sum(1)


@plant("edit-axis", sqdist, "x")
def _(dd, x, y):
    return 2 * (dd[:, :, None] * (x[:, None] - y[None])).sum(0)


@derivation(x="n c h w", g="c", b="c")
def batch_norm_of_images(x, g, b):
    m = x.mean((0, 2, 3), keepdims=True)
    v = ((x - m) ** 2).mean((0, 2, 3), keepdims=True)
    return (x - m) / np.sqrt(v + 1e-3) * g[:, None, None] + b[:, None, None]


def hat(x):
    m = x.mean((0, 2, 3), keepdims=True)
    v = ((x - m) ** 2).mean((0, 2, 3), keepdims=True)
    return (x - m) / np.sqrt(v + 1e-3), np.sqrt(v + 1e-3)


@plant("M29", batch_norm_of_images, "x")
def _(dy, x, g):
    _, s = hat(x)
    return dy * g[:, None, None] / s


@plant("M7", batch_norm_of_images, "b")
def _(dy):
    return dy.sum((2, 3))


@plant("M32", batch_norm_of_images, "g")
def _(dy, y):
    return (dy * y).sum((0, 2, 3))


@plant("factor-part M31", batch_norm_of_images, "x")
def _(dy, x):
    h, s = hat(x)
    return (
        dy - dy.mean((0, 2, 3), keepdims=True) - h * (dy * h).mean((0, 2, 3), keepdims=True)
    ) / s


@plant("M6 M4", batch_norm_of_images, "b")
def _(dy):
    return dy.mean((0, 2, 3))


@plant("M47", batch_norm_of_images, "b")
def _(dy):
    return dy[:1].sum((0, 2, 3))


@derivation(z="n k", labels=integers("n", low=0, high="k"))
def summed_cross_entropy(z, labels):
    p = softmax_of(z)
    return -np.log(p[np.arange(len(z)), labels]).sum()


@plant("M4", summed_cross_entropy)
def _(dl, z, labels):
    return dl * (softmax_of(z) - np.eye(z.shape[1])[labels]) / len(z)


@plant("M24", summed_cross_entropy)
def _(dl, z, labels):
    p = softmax_of(z)
    g = p - np.eye(z.shape[1])[labels]
    return dl * p * (g - (g * p).sum(1, keepdims=True))


@plant("M25", summed_cross_entropy)
def _(dl, z, labels):
    return dl * (z - np.eye(z.shape[1])[labels])


@plant("M19", summed_cross_entropy)
def _(dl, z, labels):
    return dl * (np.eye(z.shape[1])[labels] - softmax_of(z))


@derivation(x="t d", U="d d", h0="d")
def rnn(x, U, h0):
    h = h0
    out = []
    for r in x:
        h = np.tanh(r + h @ U)
        out.append(h)
    return np.array(out)


def rnn_b(dy, x, U, h0, y, prev=None, slope=True, trans=True, carry=True, hprev=True):
    dx = np.zeros_like(x)
    dU = np.zeros_like(U)
    dh = np.zeros(len(h0))
    for t in reversed(range(len(x))):
        d = (dy[t] + (dh if carry else 0)) * ((1 - y[t] ** 2) if slope else 1)
        dx[t] = d
        p = (y[t - 1] if t else h0) if hprev else y[t]
        dU += np.outer(p, d)
        dh = d @ (U.T if trans else U)
    return dx, dU, dh


@plant("M51", rnn)
def _(dy, x, U, h0, y):
    return rnn_b(dy, x, U, h0, y, carry=False)


@plant("edit-constant M53", rnn, "U")
def _(dy, x, U, h0, y):
    return rnn_b(dy, x, U, h0, y, hprev=False)[1]


@plant("edit-constant M1", rnn, "h0")
def _(dy, x, U, h0, y):
    return rnn_b(dy, x, U, h0, y, trans=False)[2]


@plant("pass", rnn, "x")
def _(dy, x, U, h0, y):
    return rnn_b(dy, x, U, h0, y, slope=False)[0]


@derivation(x="n d", mask=boolean("n d"))
def drop(x, mask):
    return x * mask / 0.8


@plant("M6 M18", drop)
def _(dy, mask):
    return dy * mask


@plant("mask-forgotten", drop)
def _(dy, mask):
    return dy / 0.8


@derivation(A="n n")
def logdet(A):
    return np.linalg.slogdet(A @ A.T + np.eye(len(A)))[1]


@plant("M1 M1-jacobian", logdet, kind="gradient")
def _(A):
    return 2 * np.linalg.inv(A @ A.T + np.eye(len(A))).dot(A).T


@plant("M6", logdet, kind="gradient")
def _(A):
    return np.linalg.inv(A @ A.T + np.eye(len(A))) @ A


@options(sizes={"h": (1, 3), "w": (1, 3)})
@derivation(x="h w")
def upsampled(x):
    return np.repeat(np.repeat(x, 2, 0), 2, 1)


@plant("M35 M50", upsampled)
def _(dy):
    return dy[::2, ::2].copy()


@plant("M4 M6", upsampled)
def _(dy):
    return (dy[::2, ::2] + dy[1::2, ::2] + dy[::2, 1::2] + dy[1::2, 1::2]) / 4


@derivation(x="n d")
def l2norm(x):
    return x / np.sqrt((x**2).sum(1, keepdims=True) + 1e-3)


@plant("rank-one rank-one-input", l2norm)
def _(dy, x):
    return dy / np.sqrt((x**2).sum(1, keepdims=True) + 1e-3)


@plant("edit-axis", l2norm)
def _(dy, x, y):
    r = np.sqrt((x**2).sum(1, keepdims=True) + 1e-3)
    return (dy - y * (dy * y).sum(0, keepdims=True)) / r


@derivation(x="k")
def log_sum_exp(x):
    return np.log(np.exp(x).sum())


@plant("factor-part", log_sum_exp, kind="gradient")
def _(x):
    return np.exp(x)


@plant("M20", log_sum_exp, kind="hessian")
def _(x):
    p = softmax_of(x)
    return np.diag(p * (1 - p))


@plant("M20-diagonal", log_sum_exp, kind="hessian")
def _(x):
    p = softmax_of(x)
    return -np.outer(p, p)


@plant("M20-normaliser", log_sum_exp, kind="hessian")
def _(x):
    p = softmax_of(x)
    return np.diag(p)


@derivation(x="n c h w")
def sine(x):
    return np.sin(x)


@plant("M48", sine)
def _(dy, x):
    return np.roll(dy * np.cos(x), 1, axis=3)


@plant("M47 M40 first", sine)
def _(dy, x):
    d = np.zeros_like(x)
    d[0] = (dy * np.cos(x))[0]
    return d


@plant("M47 M40 first", sine)
def _(dy, x):
    d = np.zeros_like(x)
    d[:, 0] = (dy * np.cos(x))[:, 0]
    return d


@plant("M40 M47", sine)
def _(dy, x):
    d = dy * np.cos(x)
    d[:, :, -1] = 0
    return d


@plant("M48 M1-axes M41", sine)
def _(dy, x):
    d = dy * np.cos(x)
    return d[:, ::-1]


@plant("M48", sine)
def _(dy, x):
    d = dy * np.cos(x)
    o = np.zeros_like(d)
    o[..., 1:] = d[..., :-1]
    return o


@options(output="h")
@derivation(x="n", y="n")
def hypotenuse(x, y):
    return np.sqrt(x**2 + y**2 + 1)


@plant("swap", hypotenuse)
def _(dh, x, y, h):
    return dh * y / h, dh * x / h


@plant("M16-input", hypotenuse, "x")
def _(dh, x):
    return dh * x


@plant("M6", hypotenuse, "x")
def _(dh, x, h):
    return dh * 2 * x / h


@plant("factor", hypotenuse, "y")
def _(dh, h):
    return dh / h


@derivation(x="t d", w="d")
def weighted_sums(x, w):
    return (x * w).cumsum(0)


@plant("M51", weighted_sums, "x")
def _(dy, w):
    return dy * w


@plant("M1-jacobian", weighted_sums, "x")
def _(dy, w):
    return dy.cumsum(0) * w


@plant("M47", weighted_sums, "w")
def _(dy, x):
    return (dy * x.cumsum(0))[0]


@plant("M28 M47", weighted_sums, "w")
def _(dy, x):
    return (dy * x.cumsum(0))[-1]


@plant("M4", weighted_sums, "w")
def _(dy, x):
    return (dy * x.cumsum(0)).mean(0)


@plant("M8", weighted_sums, "w")
def _(dy, x):
    return np.full(x.shape[1], (dy * x.cumsum(0)).sum())


@plant("M32 M51", weighted_sums, "w")
def _(dy, x):
    return (dy * x).sum(0)


@derivation(a="n d", b="n d", m="")
def triplet(a, b, m):
    d = ((a - b) ** 2).sum(1)
    return np.log1p(np.exp(m - d)).mean()


@plant("M19", triplet, "a")
def _(dl, a, b, m):
    d = ((a - b) ** 2).sum(1)
    s = 1 / (1 + np.exp(d - m))
    return dl * 2 * s[:, None] * (a - b) / len(a)


@plant("M6", triplet, "b")
def _(dl, a, b, m):
    d = ((a - b) ** 2).sum(1)
    s = 1 / (1 + np.exp(d - m))
    return dl * s[:, None] * (a - b) / len(a)


@plant("M3", triplet, "m")
def _(dl, a, b, m):
    d = ((a - b) ** 2).sum(1)
    s = 1 / (1 + np.exp(d - m))
    return dl * s.sum()


@plant("pass", triplet, "m")
def _(dl, a, b, m):
    d = ((a - b) ** 2).sum(1)
    return dl * np.exp(m - d).mean()


@plant("M4", triplet, "m")
def _(dl, a, b, m):
    d = ((a - b) ** 2).sum(1)
    s = 1 / (1 + np.exp(d - m))
    return dl * s.mean() / len(a)
