"""Attention in several forms, position codes, and a chain-structured log-partition."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from ._numerics import sech2, softmax, softmax_back


def weights(q, k, causal=False):
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    if causal:
        scores = np.where(np.tril(np.ones(scores.shape[-2:], bool)), scores, -np.inf)
    return softmax(scores)


def attention(q, k, v):
    return weights(q, k) @ v


def causal_attention(q, k, v):
    return weights(q, k, causal=True) @ v


def attention_back(g, q, k, v, p, bug=""):
    """The gradients of q, k and v, given the attention weights p."""
    scale = 1 / np.sqrt(q.shape[-1])
    scale = {"M18-scale-forgotten": 1.0, "M18-scale-twice": scale**2}.get(bug, scale)
    dp = g @ np.swapaxes(v, -1, -2)
    ds = softmax_back(dp, p)
    if bug == "M20-diagonal-only":
        ds = dp * p * (1 - p)
    if bug == "M23-wrong-axis":
        ds = softmax_back(dp, p, axis=-2)
    if bug == "softmax-forgotten":
        ds = dp
    if bug == "M29-weights-as-constants":
        ds = 0 * dp
    if bug == "inner-product-missing":
        ds = p * dp
    dv = np.swapaxes(p, -1, -2) @ g
    if bug == "dv-from-uniform-weights":
        dv = np.zeros_like(dv) + g.sum(axis=-2, keepdims=True) / p.shape[-1]
    dk = scale * np.swapaxes(ds, -1, -2) @ q
    if bug == "M5-scale-on-q-only":
        dk = dk / scale
    return scale * ds @ k, dk, dv


def attention_rule(g, q, k, v, bug=""):
    return attention_back(g, q, k, v, weights(q, k), bug)


def causal_attention_rule(g, q, k, v, bug=""):
    p = weights(q, k, causal=True)
    if bug == "mask-forgotten":
        p = weights(q, k)
    if bug == "mask-in-backward-shifted":
        p = np.tril(p, -1)
    return attention_back(g, q, k, v, p, bug)


HEADS = 2


def split_heads(x):
    return x.reshape(len(x), HEADS, -1).transpose(1, 0, 2)


def join_heads(x):
    return x.transpose(1, 0, 2).reshape(x.shape[1], -1)


def multi_head(x, wq, wk, wv, wo):
    q, k, v = (split_heads(x @ w) for w in (wq, wk, wv))
    return join_heads(attention(q, k, v)) @ wo


def multi_head_rule(g, x, wq, wk, wv, wo, bug=""):
    q, k, v = (split_heads(x @ w) for w in (wq, wk, wv))
    p = weights(q, k)
    inner = split_heads(g @ (wo if bug == "M1-output-weight-transposed" else wo.T))
    dq, dk, dv = (join_heads(d) for d in attention_back(inner, q, k, v, p, bug))
    d_out = join_heads(p @ v)
    if bug == "heads-joined-wrongly":
        d_out = (p @ v).reshape(d_out.shape)
    dx = dq @ wq.T + dk @ wk.T + dv @ wv.T
    if bug == "M54-query-path-only":
        dx = dq @ wq.T
    if bug == "M54-value-path-missing":
        dx = dq @ wq.T + dk @ wk.T
    if bug == "M54-key-weight-from-query":
        dk = dq
    return dx, x.T @ dq, x.T @ dk, x.T @ dv, d_out.T @ g


def additive(query, keys, v):
    """Bahdanau's: softmax over keys of v . tanh(query + key), times the keys."""
    p = softmax(np.tanh(query + keys) @ v)
    return p @ keys


def additive_rule(g, query, keys, v, bug=""):
    z = query + keys
    t = np.tanh(z)
    p = softmax(t @ v)
    dp = keys @ g
    ds = dp * p * (1 - p) if bug == "M20-diagonal-only" else softmax_back(dp, p)
    slope = {
        "M14-pre-activation": 1 - z**2,
        "M15-tanh-twice": sech2(t),
        "tanh-slope-forgotten": np.ones_like(z),
    }.get(bug, sech2(z))
    dz = ds[:, None] * v * slope
    d_keys = dz + np.outer(p, g)
    if bug == "M54-value-path-only":
        d_keys = np.outer(p, g)
    if bug == "M54-score-path-only":
        d_keys = dz
    d_query = dz if bug == "M7-query-not-summed" else dz.sum(axis=0)
    return d_query, d_keys, (z if bug == "v-from-pre-activation" else t).T @ ds


def features(x):
    """elu(x) + 1, which is positive."""
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def linear_attention(q, k, v):
    a, b = features(q), features(k)
    return a @ (b.T @ v) / (a @ b.sum(axis=0))[:, None]


def linear_attention_rule(g, q, k, v, bug=""):
    a, b = features(q), features(k)
    bottom = (a @ b.sum(axis=0))[:, None]
    out = a @ (b.T @ v) / bottom
    h = g / bottom
    through = (h * out).sum(axis=1, keepdims=True)
    if bug == "M29-denominator-as-constant":
        through = 0 * through
    if bug == "M19-denominator-sign":
        through = -through
    da = h @ (b.T @ v).T - through * b.sum(axis=0)
    db = v @ (h.T @ a) - (through * a).sum(axis=0)
    if bug == "M7-denominator-not-summed":
        db = v @ (h.T @ a) - (through * a).mean(axis=0)
    slope_a, slope_b = np.exp(np.minimum(q, 0)), np.exp(np.minimum(k, 0))
    if bug == "feature-slope-forgotten":
        slope_a = 1.0
    if bug == "M59-relu-features":
        slope_b = k > 0
    dv = b @ (a.T @ (g if bug == "dv-not-divided" else h))
    return da * slope_a, db * slope_b, dv


def angles(shape):
    time, pairs = shape[-2], shape[-1] // 2
    return np.arange(time)[:, None] / 10.0 ** np.arange(pairs)


def rotary(x, sign=1):
    """Pairs of entries (2i, 2i + 1) turned by an angle that grows with time."""
    c, s = np.cos(angles(x.shape)), sign * np.sin(angles(x.shape))
    out = np.empty_like(x)
    out[..., ::2] = c * x[..., ::2] - s * x[..., 1::2]
    out[..., 1::2] = s * x[..., ::2] + c * x[..., 1::2]
    return out


def rotary_rule(g, x, bug=""):
    if bug == "M1-turned-forwards":
        return rotary(g)
    if bug == "halves-for-pairs":
        half = x.shape[-1] // 2
        order = np.arange(x.shape[-1]).reshape(2, half).T.ravel()
        out = np.empty_like(g)
        out[..., order] = rotary(g[..., order], -1)
        return out
    c, s = np.cos(angles(x.shape)), np.sin(angles(x.shape))
    out = rotary(g, -1)
    if bug == "cosine-only":
        out = g * c.repeat(2, axis=1)
    if bug == "M19-one-sine":
        out[..., ::2] = c * g[..., ::2] - s * g[..., 1::2]
    if bug == "time-from-1":
        out = rotary(np.concatenate([0 * g[..., :1, :], g], axis=-2), -1)[..., 1:, :]
    return out


def positions_added(x, p):
    return x + p


def positions_added_rule(g, x, p, bug=""):
    dp = {
        "M7-not-summed": lambda: g,
        "M3-averaged": lambda: g.mean(axis=0),
        "M8-summed-over-time": lambda: np.zeros_like(p) + g.sum(axis=(0, 1)),
        "M47-sample-0-only": lambda: g[0],
        "M10-times-shifted": lambda: np.roll(g.sum(axis=0), 1, axis=0),
    }.get(bug, lambda: g.sum(axis=0))()
    return np.array(g), dp


def forward_scores(emit, move):
    """Log-sums over all paths that end in each state at each time, and the step weights."""
    alpha, steps = [emit[0]], []
    for e in emit[1:]:
        paths = alpha[-1][:, None] + move
        top = paths.max(axis=0)
        steps.append(softmax(paths, axis=0))
        alpha.append(e + top + np.log(np.exp(paths - top).sum(axis=0)))
    return alpha, steps


def log_partition(emit, move):
    """The normaliser of a linear-chain CRF: emit (time, states), move (from, to)."""
    last = forward_scores(emit, move)[0][-1]
    return last.max() + np.log(np.exp(last - last.max()).sum())


def log_partition_rule(g, emit, move, bug=""):
    alpha, steps = forward_scores(emit, move)
    if bug == "M59-best-path":
        steps = [(s == s.max(axis=0)) * 1.0 for s in steps]
    d_emit, d_move = np.zeros_like(emit), np.zeros_like(move)
    flow = g * softmax(alpha[-1])
    if bug == "final-uniform":
        flow = g * np.full_like(alpha[-1], 1 / len(alpha[-1]))
    for t in range(len(emit) - 1, 0, -1):
        d_emit[t] = flow
        both = steps[t - 1] * flow
        if bug == "M23-steps-on-wrong-axis":
            both = softmax(alpha[t - 1][:, None] + move, axis=1) * flow
        d_move = both if bug == "M54-moves-overwritten" else d_move + both
        flow = both.sum(axis=0 if bug == "M1-step-transposed" else 1)
        if bug == "M51-flow-not-passed":
            flow = g * softmax(alpha[t - 1])
    d_emit[0] = 0 if bug == "first-time-missing" else flow
    return d_emit, d_move


CORE = """M18-scale-forgotten M20-diagonal-only M23-wrong-axis softmax-forgotten
    M29-weights-as-constants """

LAYERS = [
    layer(
        "attention",
        attention,
        attention_rule,
        CORE + "M18-scale-twice inner-product-missing dv-from-uniform-weights M5-scale-on-q-only",
        drawer(
            [((3, 4), (5, 4), (5, 2)), ((2, 3), (2, 3), (2, 3)), ((1, 2), (4, 2), (4, 1))],
            without="+1e6",
        ),
    ),
    layer(
        "causal_attention",
        causal_attention,
        causal_attention_rule,
        CORE + "mask-forgotten mask-in-backward-shifted",
        drawer([((4, 3), (4, 3), (4, 2)), ((2, 3, 2), (2, 3, 2), (2, 3, 4))], without="+1e6"),
    ),
    layer(
        "multi_head",
        multi_head,
        multi_head_rule,
        CORE
        + """M1-output-weight-transposed heads-joined-wrongly M54-query-path-only
        M54-value-path-missing M54-key-weight-from-query""",
        drawer(
            [((3, 4), *((4, 4),) * 4), ((2, 2), *((2, 2),) * 4), ((4, 2), *((2, 2),) * 4)],
            without="+1e3 +1e6",
        ),
    ),
    layer(
        "additive_attention",
        additive,
        additive_rule,
        """M20-diagonal-only M14-pre-activation M15-tanh-twice tanh-slope-forgotten
        M54-value-path-only M54-score-path-only M7-query-not-summed v-from-pre-activation""",
        drawer([((3,), (4, 3), (3,)), ((2,), (2, 2), (2,)), ((1,), (5, 1), (1,))]),
    ),
    layer(
        "linear_attention",
        linear_attention,
        linear_attention_rule,
        """M29-denominator-as-constant M19-denominator-sign M7-denominator-not-summed
        feature-slope-forgotten M59-relu-features dv-not-divided""",
        drawer(
            [((3, 2), (4, 2), (4, 3)), ((2, 3), (2, 3), (2, 2))],
            edges=(0.0,),
            without="x1e3 x1e8 mixed",
        ),
        "a kink of second order at 0",
    ),
    layer(
        "rotary",
        rotary,
        rotary_rule,
        """M1-turned-forwards halves-for-pairs cosine-only M19-one-sine time-from-1
        M27-upstream-ignored""",
        drawer([(3, 4), (2, 4, 4), (5, 2), (2, 2)]),
    ),
    layer(
        "positions_added",
        positions_added,
        positions_added_rule,
        "M7-not-summed M3-averaged M8-summed-over-time M47-sample-0-only M10-times-shifted",
        drawer([((2, 3, 4), (3, 4)), ((3, 2, 1), (2, 1)), ((4, 3, 2), (3, 2))]),
    ),
    layer(
        "crf_log_partition",
        log_partition,
        log_partition_rule,
        """M59-best-path final-uniform M23-steps-on-wrong-axis M54-moves-overwritten
        M1-step-transposed M51-flow-not-passed first-time-missing""",
        drawer([((4, 3), (3, 3)), ((3, 2), (2, 2)), ((5, 4), (4, 4))]),
    ),
]
