"""Functions of any number of inputs with right rules of each kind, to measure at size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.claims import Kind

#: The batch of the layers below.
ROWS = 64


@dataclass(frozen=True)
class Scalable:
    """A function of about ``n`` inputs, and what it claims."""

    name: str
    kind: Kind
    f: Callable
    rule: Callable
    #: ``draw(rng, n)`` -> inputs
    draw: Callable[[np.random.Generator, int], Sequence[Any]]
    #: The number of inputs that it is measured at.
    sizes: Sequence[int]


def _vector(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    return (rng.standard_normal(n),)


def _rows(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    rows = min(ROWS, max(1, n // 5))
    return (rng.standard_normal((rows, n // rows)),)


def softmax(z: Any) -> Any:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_vjp(g: Any, z: Any) -> Any:
    y = softmax(z)
    return y * (g - (g * y).sum(axis=-1, keepdims=True))


def layer_norm(x: Any) -> Any:
    d = x - x.mean(axis=-1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=-1, keepdims=True) + 1e-5)


def layer_norm_vjp(g: Any, x: Any) -> Any:
    d = x - x.mean(axis=-1, keepdims=True)
    scale = 1 / np.sqrt((d * d).mean(axis=-1, keepdims=True) + 1e-5)
    y = d * scale
    along = (g * y).mean(axis=-1, keepdims=True)
    return scale * (g - g.mean(axis=-1, keepdims=True) - y * along)


def tanh_vjp(g: Any, x: Any) -> Any:
    return g * (1 - np.tanh(x) ** 2)


def linear(x: Any, W: Any, b: Any) -> Any:
    return x @ W + b


def linear_vjp(g: Any, x: Any, W: Any, b: Any) -> Any:
    return g @ W.T, x.T @ g, g.sum(axis=0)


def linear_jvp(dx: Any, dW: Any, db: Any, x: Any, W: Any, b: Any) -> Any:
    return dx @ W + x @ dW + db


def _linear(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    width = max(1, int(np.sqrt(n / 2)))
    rows = max(1, n // (2 * width))
    x, W = rng.standard_normal((rows, width)), rng.standard_normal((width, width))
    return x, W / np.sqrt(width), rng.standard_normal(width)


def log_cosh(x: Any) -> Any:
    return np.log(np.cosh(x)).sum()


def network_loss(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    """The mean cross-entropy of a two-layer network on a batch of fixed data."""
    x, labels = _data(len(W1), len(b2))
    h = np.maximum(x @ W1 + b1, 0)
    z = h @ W2 + b2
    z = z - z.max(axis=1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return -log_p[np.arange(len(x)), labels].mean()


def network_gradient(W1: Any, b1: Any, W2: Any, b2: Any) -> Any:
    x, labels = _data(len(W1), len(b2))
    a = x @ W1 + b1
    h = np.maximum(a, 0)
    p = softmax(h @ W2 + b2)
    p[np.arange(len(x)), labels] -= 1
    dz = p / len(x)
    da = (dz @ W2.T) * (a > 0)
    return x.T @ da, da.sum(axis=0), h.T @ dz, dz.sum(axis=0)


def _data(width: int, classes: int) -> tuple[Any, Any]:
    rng = np.random.default_rng([width, classes])
    return rng.standard_normal((ROWS, width)), rng.integers(0, classes, ROWS)


def _network(rng: np.random.Generator, n: int) -> tuple[Any, ...]:
    inputs, hidden, classes = max(2, n * 784 // 79510), max(2, n * 100 // 79510), 10
    if n > 2000:
        inputs, hidden = 784, max(2, (n - 10) // 795)
    W1 = rng.standard_normal((inputs, hidden)) / np.sqrt(inputs)
    W2 = rng.standard_normal((hidden, classes)) / np.sqrt(hidden)
    return W1, 0.1 * rng.standard_normal(hidden), W2, 0.1 * rng.standard_normal(classes)


def _weights(n: int) -> Any:
    return np.random.default_rng(n).standard_normal((3, n))


def three_sums(x: Any) -> Any:
    return _weights(x.size) @ np.sin(x)


def three_sums_jacobian(x: Any) -> Any:
    return _weights(x.size) * np.cos(x)


def _mixing(n: int) -> Any:
    return np.random.default_rng(n).standard_normal((n, n)) / np.sqrt(n)


def dense(x: Any) -> Any:
    return np.tanh(_mixing(x.size) @ x)


def dense_jacobian(x: Any) -> Any:
    return (1 - dense(x) ** 2)[:, None] * _mixing(x.size)


def logsumexp(z: Any) -> Any:
    m = z.max()
    return m + np.log(np.exp(z - m).sum())


def logsumexp_hessian(z: Any) -> Any:
    p = softmax(z)
    return np.diag(p) - np.outer(p, p)


def quartic(x: Any) -> Any:
    """A polynomial in which all inputs meet."""
    return (x @ _mixing(x.size) @ x) + (x**4).sum() / 4 + x.sum() ** 3 / x.size


def quartic_gradient(x: Any) -> Any:
    A = _mixing(x.size)
    return (A + A.T) @ x + x**3 + 3 * x.sum() ** 2 / x.size


def quartic_hessian(x: Any) -> Any:
    A = _mixing(x.size)
    return A + A.T + np.diag(3 * x**2) + 6 * x.sum() / x.size


POWERS = (5, 100, 10_000, 1_000_000)
SCALABLE = [
    Scalable("tanh", "vjp", np.tanh, tanh_vjp, _vector, POWERS),
    Scalable("softmax", "vjp", softmax, softmax_vjp, _rows, POWERS),
    Scalable("layer norm", "vjp", layer_norm, layer_norm_vjp, _rows, POWERS),
    Scalable("linear", "vjp", linear, linear_vjp, _linear, POWERS),
    Scalable("tanh", "jvp", np.tanh, tanh_vjp, _vector, POWERS),
    Scalable("softmax", "jvp", softmax, softmax_vjp, _rows, POWERS),  # its Jacobian is symmetric
    Scalable("linear", "jvp", linear, linear_jvp, _linear, POWERS),
    Scalable("log cosh", "gradient", log_cosh, np.tanh, _vector, POWERS),
    Scalable("logsumexp", "gradient", logsumexp, softmax, _vector, POWERS),
    Scalable(
        "network", "gradient", network_loss, network_gradient, _network, (500, 79_510, 1_000_000)
    ),
    Scalable("three sums", "jacobian", three_sums, three_sums_jacobian, _vector, POWERS),
    Scalable("dense", "jacobian", dense, dense_jacobian, _vector, (5, 100, 1000)),
    Scalable("softmax", "jacobian", softmax, logsumexp_hessian, _vector, (5, 100, 1000)),
    Scalable("logsumexp", "hessian", logsumexp, logsumexp_hessian, _vector, (5, 20)),
    Scalable("quartic", "hessian", quartic, quartic_hessian, _vector, (5, 20)),
]
