"""Small networks and models, where rules are composed."""

from __future__ import annotations

import numpy as np

from ._base import drawer, elementwise, layer
from ._numerics import (
    log_softmax,
    one_hot,
    sech2,
    sigmoid,
    signs,
    softmax,
    softmax_back,
    softplus,
)


def relu(x):
    return np.maximum(x, 0)


def classifier(x, w1, b1, w2, b2):
    """A layer of ReLU, a linear layer, and the mean cross entropy with fixed labels."""
    scores = relu(x @ w1 + b1) @ w2 + b2
    return -(one_hot(*scores.shape) * log_softmax(scores)).sum() / len(x)


def classifier_rule(g, x, w1, b1, w2, b2, bug=""):
    z = x @ w1 + b1
    a = relu(z)
    scores = a @ w2 + b2
    n = len(x)
    d = g * (softmax(scores) - one_hot(*scores.shape)) / (1 if bug == "M3-missing-1/N" else n)
    if bug == "M24-softmax-again":
        d = softmax_back(d, softmax(scores))
    da = d @ w2.T
    mask = z > 0
    if bug == "M11-mask-from-upstream":
        mask = da > 0
    if bug == "mask-forgotten":
        mask = 1.0
    dz = da * mask
    dw1, dw2 = x.T @ dz, a.T @ d
    if bug == "M14-pre-activation-in-dw2":
        dw2 = z.T @ d
    if bug == "M4-hidden-layer-averaged-again":
        dw1 = dw1 / n
    if bug == "M61-decay-in-dw1":
        dw1 = dw1 + 1e-3 * w1
    db1 = dz[0] if bug == "M47-bias-of-sample-0" else dz.sum(axis=0)
    db2 = d.sum(axis=0) / (n if bug == "M5-bias-averaged" else 1)
    if bug == "M64-w2-updated-first":
        dz = (d @ (w2 - 1e-2 * dw2).T) * mask
    return dz @ w1.T, dw1, db1, dw2, db2


def zero_first_row(x, *weights):
    return (np.concatenate([np.zeros_like(x[:1]), x[1:]]), *weights)


def biasless(x, w1, w2):
    return relu(x @ w1) @ w2


def biasless_rule(g, x, w1, w2, bug=""):
    """relu'(0) = 0. A row of zeros sits on a kink of x, yet f is smooth in both weights there."""
    z = x @ w1
    mask = z > 0
    if bug == "M58-mask-of-abs":
        mask = np.abs(z) > 0
    dz = g @ (w2.T if bug != "M12-w2-signs" else np.sign(w2.T)) * mask
    dw1, dw2 = x.T @ dz, relu(z).T @ g
    if bug == "M1-dw1-through-g":
        dw1 = x.T @ (g @ w2.T)
    if bug == "M14-pre-activation-in-dw2":
        dw2 = z.T @ g
    if bug == "M3-dw1-averaged":
        dw1 = dw1 / len(x)
    return dz @ w1.T, dw1, dw2


def difference_of_relus(x):
    """relu(x) - relu(-x), which is x: smooth at 0, though both parts have a kink there."""
    return relu(x) - relu(-x)


def difference_of_relus_slopes(x):
    return {
        "": np.ones_like(x),
        "M54-first-part-only": (x > 0) * 1.0,
        "M54-second-part-only": (x < 0) * 1.0,
        "M19-sign-of-chain": np.where(x > 0, 1, -1),
        "rare-0-at-0": (x != 0) * 1.0,
        "rare-2-at-0": np.where(x == 0, 2, 1),
        "M16-value": x,
        "M59-halved": np.full_like(x, 0.5),
    }


def residual(x, w1, w2):
    return x + np.tanh(x @ w1) @ w2


def residual_rule(g, x, w1, w2, bug=""):
    z = x @ w1
    dz = (
        g
        @ w2.T
        * {"M14-pre-activation": 1 - z**2, "M15-twice": sech2(np.tanh(z))}.get(bug, sech2(z))
    )
    dx = g + dz @ w1.T
    if bug == "M54-skip-dropped":
        dx = dz @ w1.T
    if bug == "M54-branch-dropped":
        dx = np.array(g)
    if bug == "skip-twice":
        dx = dx + g
    if bug == "M19-branch-sign":
        dx = g - dz @ w1.T
    dw2 = (z if bug == "M14-dw2-from-pre-activation" else np.tanh(z)).T @ g
    return dx, x.T @ dz, dw2


def tied(x, w):
    """An autoencoder whose decoder is the transpose of its encoder: mean squared error."""
    return ((np.tanh(x @ w) @ w.T - x) ** 2).mean()


def tied_rule(g, x, w, bug=""):
    z = x @ w
    a = np.tanh(z)
    d = 2 * g * (a @ w.T - x) / x.size
    dz = d @ w * sech2(z)
    dx = dz @ w.T - d
    encoder, decoder = x.T @ dz, d.T @ a
    if bug == "M54-encoder-only":
        decoder = 0
    if bug == "M54-decoder-only":
        encoder = 0
    if bug == "M54-averaged":
        encoder, decoder = encoder / 2, decoder / 2
    if bug == "target-as-constant":
        dx = dz @ w.T
    if bug == "M19-target-sign":
        dx = dz @ w.T + d
    if bug == "M3-missing-1/N":
        return x.size * dx, x.size * (encoder + decoder)
    return dx, encoder + decoder


KEEP = 0.75


def kept_mask(shape):
    """A fixed pattern that drops one entry of four."""
    return np.arange(np.prod(shape)).reshape(shape) % 4 != 1


def dropout_layer(x, w):
    """Inverted dropout with a fixed mask, then a linear layer."""
    return (x * kept_mask(x.shape) / KEEP) @ w


def dropout_rule(g, x, w, bug=""):
    mask = kept_mask(x.shape)
    scaled = mask / KEEP
    dx = g @ w.T
    if bug == "M63-new-mask":
        return dx * np.roll(scaled, 1), (x * scaled).T @ g
    if bug == "M63-missing-1/keep":
        return dx * mask, (x * scaled).T @ g
    if bug == "M63-mask-forgotten":
        return dx, (x * scaled).T @ g
    if bug == "M63-scaled-twice":
        return dx * scaled / KEEP, (x * scaled).T @ g
    if bug == "M63-dw-from-undropped":
        return dx * scaled, x.T @ g
    if bug == "M63-mask-flipped":
        return dx * ~mask / KEEP, (x * scaled).T @ g
    return dx * scaled, (x * scaled).T @ g


def logistic_regression(x, w, b):
    """The mean logistic loss with labels -1 and 1, plus 0.05 |w|^2."""
    return softplus(-signs(len(x)) * (x @ w + b)).mean() + 0.05 * (w**2).sum()


def logistic_regression_rule(g, x, w, b, bug=""):
    y = signs(len(x))
    d = -y * sigmoid(-y * (x @ w + b)) / (1 if bug == "M3-missing-1/N" else len(x))
    if bug == "M19-label-sign":
        d = y * sigmoid(y * (x @ w + b)) / len(x)
    if bug == "labels-0-and-1":
        d = (sigmoid(x @ w + b) - y) / len(x)
    decay = {"M61-forgotten": 0, "M61-half": 0.05, "M61-over-N": 0.1 / len(x)}.get(bug, 0.1)
    dw = x.T @ d + decay * w
    db = d.sum(keepdims=True) + (0.1 * b if bug == "M61-bias-decayed" else 0)
    return g * d[:, None] * w, g * dw, g * db


def elbo(mean, log_var):
    """The divergence of a Gaussian code from the normal one, plus a decoder at a fixed noise."""
    noise = np.sin(np.arange(mean.size)).reshape(mean.shape)
    code = mean + np.exp(log_var / 2) * noise
    return (
        0.5 * (np.exp(log_var) + mean**2 - 1 - log_var).sum() + ((np.tanh(code) - 0.5) ** 2).sum()
    )


def elbo_rule(g, mean, log_var, bug=""):
    noise = np.sin(np.arange(mean.size)).reshape(mean.shape)
    std = np.exp(log_var / 2)
    code = mean + std * noise
    d = 2 * (np.tanh(code) - 0.5) * sech2(code)
    half = 1.0 if bug == "M18-half-of-log-var-forgotten" else 0.5
    d_mean, d_log = mean + d, 0.5 * (std**2 - 1) + half * d * std * noise
    if bug == "reparametrisation-dropped":
        d_log = 0.5 * (std**2 - 1)
    if bug == "M19-divergence-sign":
        d_mean, d_log = d - mean, half * d * std * noise - 0.5 * (std**2 - 1)
    if bug == "std-for-variance":
        d_log = 0.5 * (std - 1) + half * d * std * noise
    if bug == "noise-forgotten":
        d_log = 0.5 * (std**2 - 1) + half * d * std
    if bug == "M6-half-dropped-in-divergence":
        d_mean = 2 * mean + d
    return g * d_mean, g * d_log


def neighbour_matrix(n):
    """The normalised adjacency of a ring with one chord; not symmetric."""
    a = np.eye(n) + np.roll(np.eye(n), 1, axis=1)
    a[0, n // 2] += 1
    return a / a.sum(axis=1, keepdims=True)


def graph_layer(x, w):
    return np.tanh(neighbour_matrix(len(x)) @ x @ w)


def graph_rule(g, x, w, bug=""):
    a = neighbour_matrix(len(x))
    z = a @ x @ w
    dz = g * {"M14-pre-activation": 1 - z**2, "slope-forgotten": 1.0}.get(bug, sech2(z))
    dx, dw = a.T @ dz @ w.T, (a @ x).T @ dz
    if bug == "M1-adjacency-not-transposed":
        dx = a @ dz @ w.T
    if bug == "adjacency-forgotten":
        dx = dz @ w.T
    if bug == "M54-dw-from-input":
        dw = x.T @ dz
    if bug == "M1-dw-adjacency-transposed":
        dw = (a.T @ x).T @ dz
    return dx, dw


def experts(x, gate, values):
    """A softmax gate over linear experts: values (experts, in, out)."""
    return np.einsum("ne,ni,eio->no", softmax(x @ gate), x, values)


def experts_rule(g, x, gate, values, bug=""):
    p = softmax(x @ gate)
    outs = np.einsum("ni,eio->neo", x, values)
    dp = np.einsum("no,neo->ne", g, outs)
    ds = dp * p * (1 - p) if bug == "M20-diagonal-only" else softmax_back(dp, p)
    if bug == "M29-gate-as-constant":
        ds = 0 * ds
    direct = np.einsum("no,ne,eio->ni", g, p, values)
    d_values = np.einsum("no,ne,ni->eio", g, p, x)
    if bug == "gate-forgotten-in-experts":
        d_values = np.einsum("no,ni->io", g, x) + 0 * values
    if bug == "best-expert-only":
        d_values = np.einsum("no,ne,ni->eio", g, p * (p == p.max(axis=1, keepdims=True)), x)
    if bug == "M54-gate-path-dropped":
        return direct, x.T @ ds, d_values
    if bug == "M54-direct-path-dropped":
        return ds @ gate.T, x.T @ ds, d_values
    return direct + ds @ gate.T, x.T @ ds, d_values


LAYERS = [
    layer(
        "classifier",
        classifier,
        classifier_rule,
        "M3-missing-1/N M24-softmax-again "
        "M11-mask-from-upstream mask-forgotten M14-pre-activation-in-dw2 "
        "M4-hidden-layer-averaged-again M61-decay-in-dw1 M47-bias-of-sample-0 M5-bias-averaged "
        "M64-w2-updated-first",
        drawer([((4, 3), (3, 5), (5,), (5, 3), (3,)), ((2, 2), (2, 3), (3,), (3, 4), (4,))]),
    ),
    layer(
        "biasless_net_zero_row",
        biasless,
        biasless_rule,
        "M58-mask-of-abs M12-w2-signs M1-dw1-through-g M14-pre-activation-in-dw2 M3-dw1-averaged",
        drawer(
            [((3, 3), (3, 4), (4, 2)), ((2, 2), (2, 3), (3, 3)), ((1, 2), (2, 3), (3, 1))],
            edges=(0.0,),
            after=zero_first_row,
        ),
        "the first row of x is zero: a kink in x, none in the weights",
    ),
    elementwise(
        "difference_of_relus",
        difference_of_relus,
        difference_of_relus_slopes,
        "M27-upstream-ignored",
        drawer([(3, 4), (6,), (1, 5), (4, 1)], edges=(0.0,)),
        "smooth at 0",
    ),
    layer(
        "residual",
        residual,
        residual_rule,
        "M14-pre-activation M15-twice M54-skip-dropped "
        "M54-branch-dropped skip-twice M19-branch-sign M14-dw2-from-pre-activation",
        drawer([((3, 4), (4, 2), (2, 4)), ((2, 2), (2, 2), (2, 2)), ((1, 3), (3, 5), (5, 3))]),
    ),
    layer(
        "tied_autoencoder",
        tied,
        tied_rule,
        "M54-encoder-only M54-decoder-only M54-averaged "
        "target-as-constant M19-target-sign M3-missing-1/N",
        drawer([((4, 3), (3, 2)), ((2, 2), (2, 2)), ((1, 4), (4, 3))]),
    ),
    layer(
        "dropout_linear",
        dropout_layer,
        dropout_rule,
        "M63-new-mask M63-missing-1/keep "
        "M63-mask-forgotten M63-scaled-twice M63-dw-from-undropped M63-mask-flipped",
        drawer([((3, 4), (4, 2)), ((2, 3), (3, 3)), ((5, 2), (2, 1))]),
    ),
    layer(
        "logistic_regression",
        logistic_regression,
        logistic_regression_rule,
        "M3-missing-1/N "
        "M19-label-sign labels-0-and-1 M61-forgotten M61-half M61-over-N M61-bias-decayed",
        drawer([((4, 3), (3,), (1,)), ((5, 2), (2,), (1,)), ((2, 4), (4,), (1,))]),
    ),
    layer(
        "elbo",
        elbo,
        elbo_rule,
        "M18-half-of-log-var-forgotten reparametrisation-dropped "
        "M19-divergence-sign std-for-variance noise-forgotten M6-half-dropped-in-divergence",
        drawer([((3, 4),) * 2, ((5,),) * 2, ((2, 1),) * 2], without="x1e3 x1e8 +1e3 +1e6 mixed"),
    ),
    layer(
        "graph_layer",
        graph_layer,
        graph_rule,
        "M14-pre-activation slope-forgotten "
        "M1-adjacency-not-transposed adjacency-forgotten M54-dw-from-input "
        "M1-dw-adjacency-transposed",
        drawer([((4, 3), (3, 2)), ((5, 2), (2, 2)), ((3, 1), (1, 4))]),
    ),
    layer(
        "mixture_of_experts",
        experts,
        experts_rule,
        "M20-diagonal-only M29-gate-as-constant "
        "gate-forgotten-in-experts best-expert-only M54-gate-path-dropped M54-direct-path-dropped",
        drawer(
            [((3, 4), (4, 2), (2, 4, 3)), ((2, 2), (2, 3), (3, 2, 2))], without="+1e3 +1e6 mixed"
        ),
    ),
]
