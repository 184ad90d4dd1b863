"""Rules and chains in which something is missing: kept apart, since tests are collected."""

import numpy as np

from gradcheck import derivation, identity, integers, real


@derivation(x="n", a=real(low=0.2, high=2, differentiate=False))
def cubic(x, a):
    return x - 2 * a * x**3 / 3


@cubic.vjp
def factor_inside(dy, x, a):
    return dy * (1 - a * x**2)


@derivation(z="k")
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


@softmax.partial(where=lambda i, j: i != j)
def entry(y, i, j):
    return -y[i]


@softmax.partial(where=lambda i, j: i == j)
def own_entry(y, i):
    return y[i]


@softmax.column
def column(y, i):
    return np.eye(len(y))[i] - y


@softmax.jacobian
def jacobian(y):
    return np.diag(y)


@softmax.vjp
def whole_factor(dy, y):
    return dy - dy @ y


@derivation(w="d", X="n d", lam=real(low=0.1, high=2, differentiate=False))
def ridge(w, X, lam):
    r = X @ w
    return (r @ r + lam * (w @ w)) / 2


@ridge.gradient("w")
def decay(w, X, lam):
    return X.T @ (X @ w)


@ridge.hessian("w")
def decay_of_the_hessian(w, X, lam):
    return X.T @ X + np.eye(len(w))


@derivation(x="n d", W="d m")
def matmul(x, W):
    return x @ W


@matmul.jvp
def product_rule(tx, tW, x, W):
    return tx @ W


@derivation(x="n d", W="d m", b="m")
def layer(x, W, b):
    return np.tanh(x @ W + b)


@layer.vjp
def slope(g, x, W, b, y):
    gz = g
    return gz @ W.T, x.T @ gz, gz.sum(axis=0)


@derivation(x="n d")
def centered(x):
    return 3 * (x - x.mean(axis=0))


@centered.vjp
def mean(g):
    return 3 * g


@derivation(q="n d", k="m d")
def scores(q, k):
    return q @ k.T / np.sqrt(q.shape[1])


@scores.vjp
def call(g, q, k):
    return g @ k / np.sqrt(q.shape[1]), g.T @ q


@derivation(z="n c", t=integers("n", high="c"))
def cross_entropy(z, t):
    z = z - z.max(axis=1, keepdims=True)
    return (np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(t)), t]).mean()


@cross_entropy.gradient("z")
def in_place(z, t):
    """Neighbours of it write into ``z``."""
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    p[np.arange(len(t)), t] -= 1
    return p


@derivation(x="n", A="n n")
def two_loops(x, A):
    return x @ A @ x


@two_loops.gradient("x")
def in_a_loop(x, A):
    out = np.zeros(len(x))
    for i in range(len(x)):
        for j in range(len(x)):
            out[i] += A[i, j] + A[j, i]
    return out


@identity(x=real("k", low=-3, high=3), a=real(low=1, high=2), b=real(low=1, high=2))
def factor_of_a_term(x, a, b):
    return (x + a * b) ** 2, x**2 + 2 * a * x + (a * b) ** 2


@identity(x=real("k", low=-3, high=3), a=real(low=1, high=2))
def factor_of_an_argument(x, a):
    return np.cos(a * x) ** 2, 1 - np.sin(x) ** 2, 1 - np.sin(a * x) ** 2
