"""Rules that compute otherwise than their functions: kept apart, since tests are collected."""

import numpy as np

from gradcheck import constant, derivation, identity, integers, options, real

# ---- a value that the function has -----------------------------------------------------------


@derivation(c="n 3", a=real("n", low=0, high=0.95))
def blended(c, a):
    T = np.concatenate([[1.0], np.cumprod(1 - a)[:-1]])
    return (T * a) @ c


@blended.vjp("c")
def with_one_factor_more(dy, a):
    T = np.cumprod(1 - a)
    return (T * a)[:, None] * dy


@options(sizes={"m": (1, 4)})
@derivation(x="2*m+4", w="6")
def frames(x, w):
    return np.stack([x[2 * k : 2 * k + 6] * w for k in range((len(x) - 4) // 2)])


@frames.vjp("w")
def of_another_stride(dy, x):
    dw = np.zeros(6)
    for k in range(len(dy)):
        dw += dy[k] * x[k : k + 6]
    return dw


@frames.vjp("x")
def overwritten(dy, x, w):
    dx = np.zeros_like(x)
    for k in range(len(dy)):
        dx[2 * k : 2 * k + 6] = dy[k] * w
    return dx


@derivation(x="n d", W="d d")
def gated(x, W):
    return x + np.tanh(x @ W)


@gated.vjp("W")
def before_the_activation(dy, x, W):
    t = x @ W
    return x.T @ (dy * (1 - t**2))


@derivation(x=real("n", low=-1, high=1), mu=constant(15.0))
def companded(x, mu):
    return np.sign(x) * np.log1p(mu * np.abs(x))


@companded.vjp
def without_the_magnitude(dy, x, mu):
    return dy * mu / (1 + mu * x)


@derivation(x="n d", W="d h", keep=integers("n h", low=0, high=2))
def dropped(x, W, keep):
    return np.tanh(x @ W) * keep / 0.8


@dropped.vjp("W")
def without_the_number(dy, x, W, keep):
    return x.T @ (dy * keep * (1 - np.tanh(x @ W) ** 2))


@derivation(s="n k", t=integers("n", low=0, high="k"))
def cross_entropy(s, t):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return -np.log(y[np.arange(len(t)), t]).sum()


@cross_entropy.vjp
def without_the_label(dl, s, t):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    return dl * y


# ---- the other end, the other way ------------------------------------------------------------


@options(sizes={"n": (3, 9)})
@derivation(x="n")
def lagged(x):
    return (x[1:] * x[:-1]).sum()


@lagged.gradient
def from_the_other_ends(x):
    g = np.zeros_like(x)
    g[1:] += x[1:]
    g[:-1] += x[:-1]
    return g


@derivation(x="n", a=real())
def emphasised(x, a):
    return np.concatenate([x[:1], x[1:] - a * x[:-1]])


@emphasised.vjp("a")
def at_the_same_time(dy, x):
    return -np.sum(dy[1:] * x[1:])


@emphasised.vjp("x")
def shifted_the_wrong_way(dy, a):
    dx = dy.copy()
    dx[1:] -= a * dy[:-1]
    return dx


@derivation(x="n", s=integers(low=1, high=4))
def echo(x, s):
    return x + np.roll(x, s) / 2


@echo.vjp
def rolled_the_wrong_way(dy, s):
    return dy + np.roll(dy, s) / 2


@derivation(W="h k", r="h")
def scores(W, r):
    return r @ W**2


@scores.partial("W")
def unpacked_the_other_way(W, r, i, j):
    b, a = i
    return 2 * W[a, b] * r[a] * (b == j)


@derivation(P="n", Q="n")
def decayed(P, Q):
    return P @ Q + 0.1 * (P @ P + Q @ Q)


@decayed.vjp
def decayed_by_half(dl, P, Q):
    return dl * (Q + 0.1 * P), dl * (P + 0.1 * Q)


@identity(z="k", c="k")
def of_a_softmax(z, c):
    y = np.exp(z) / np.exp(z).sum()
    return y * c - y * (c @ y), y * c - (c @ y), y * (c - c @ y)


# ---- a choice that the function makes --------------------------------------------------------


@derivation(x="n", delta=constant(1.5))
def huber_of_a_norm(x, delta):
    n = np.sqrt((x**2).sum())
    if n <= delta:
        return n**2 / 2
    return delta * (n - delta / 2)


@huber_of_a_norm.gradient
def of_small_ones(x):
    return 1 * x


@huber_of_a_norm.gradient
def of_large_ones(x, delta):
    return delta * x / np.sqrt((x**2).sum())


@derivation(m="n", k=integers("n", low=0, high=4))
def inflated(m, k):
    return np.where(k == 0, np.log1p(np.exp(m)), np.exp(m) - k * m)


@inflated.vjp
def of_counts_alone(dy, m, k):
    return dy * (np.exp(m) - k)


@derivation(d=real(), k=real(low=0.5, high=4))
def contact(d, k):
    return 0.5 * k * d**2 if d < 0 else 0.1 * d**2


@contact.gradient("k")
def of_both_sides(d):
    return 0.5 * d**2


@contact.gradient("d")
def with_a_branch_that_is_wrong(d, k):
    slope = k * d if d < 0 else 0.2 * d
    if k > 2:
        slope, times = slope / 2, 2.0
    else:
        times = 2.0
    return slope * times


@derivation(x="n")
def clipped(x):
    return np.where(np.abs(x) < 1, x - x**3 / 3, 2 / 3 * np.sign(x))


@clipped.vjp
def not_clipped(dy, x):
    return dy * (1 - x**2)


@derivation(z="k", p=constant(0.8))
def nucleus(z, p):
    e = np.exp(z - z.max())
    q = e / e.sum()
    order = np.argsort(-q)
    keep = np.zeros(len(z), dtype=bool)
    keep[order] = np.cumsum(q[order]) - q[order] < p
    return np.where(keep, q, 0) / q[keep].sum()


@nucleus.vjp
def of_all_that_there_are(dy, z):
    e = np.exp(z - z.max())
    q = e / e.sum()
    return q * (dy - dy @ q)


# ---- what the function has inside ------------------------------------------------------------


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


@derivation(x="d", W="d k")
def classified(x, W):
    return softmax(x @ W)


@classified.jacobian("x")
def of_the_diagonal(x, W, y):
    return np.diag(y * (1 - y)) @ W.T


@derivation(x="3", p="n 3")
def potential(x, p):
    return (1 / np.sqrt(((x - p) ** 2).sum(axis=1) + 0.25)).sum()


@potential.gradient("x")
def not_softened(x, p):
    d = x - p
    return -(d / ((d**2).sum(axis=1) ** 1.5)[:, None]).sum(axis=0)


# ---- a root, and an entry of another array ---------------------------------------------------


@derivation(x="2*n")
def averages_and_differences(x):
    return np.concatenate([x[0::2] + x[1::2], x[0::2] - x[1::2]]) / np.sqrt(2)


@averages_and_differences.vjp
def without_the_root(dy, x):
    n = len(x) // 2
    dx = np.zeros_like(x)
    dx[0::2] = (dy[:n] + dy[n:]) / 2
    dx[1::2] = (dy[:n] - dy[n:]) / np.sqrt(2)
    return dx


@derivation(P="m f", Q="k f", u=integers("n", low=0, high="m"), i=integers("n", low=0, high="k"))
def ratings(P, Q, u, i):
    return (P[u] * Q[i]).sum(axis=1)


@ratings.vjp("P")
def of_its_own_factor(dy, P, Q, u, i):
    dP = np.zeros_like(P)
    np.add.at(dP, u, dy[:, None] * P[u])
    return dP
