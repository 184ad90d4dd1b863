"""Recurrent cells, and back-propagation through time (BPTT). Sequences are (time, batch, size)."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from ._numerics import d_sigmoid, sech2, sigmoid


def rnn_cell(x, h, wx, wh, b):
    return np.tanh(x @ wx + h @ wh + b)


def rnn_cell_rule(g, x, h, wx, wh, b, bug=""):
    z = x @ wx + h @ wh + b
    slope = {
        "M14-pre-activation": 1 - z**2,
        "M15-tanh-twice": sech2(np.tanh(z)),
        "slope-of-old-state": 1 - h**2,
        "slope-forgotten": np.ones_like(z),
    }.get(bug, sech2(z))
    dz = g * slope
    dwh = (np.tanh(z) if bug == "M53-new-state-for-old" else h).T @ dz
    dh = dz @ (wh if bug == "M1-transposed" else wh.T)
    db = dz if bug == "M7-bias-not-summed" else dz.sum(axis=0)
    return dz @ wx.T, dh, x.T @ dz, dwh, db


def rnn_states(x, h0, wx, wh, b):
    states = [h0]
    for x_t in x:
        states.append(rnn_cell(x_t, states[-1], wx, wh, b))
    return states


def rnn(x, h0, wx, wh, b):
    return np.stack(rnn_states(x, h0, wx, wh, b)[1:])


def rnn_rule(g, x, h0, wx, wh, b, bug=""):
    states = rnn_states(x, h0, wx, wh, b)
    dx, dwx, dwh, db = np.zeros_like(x), 0 * wx, 0 * wh, 0 * b
    carry = np.zeros_like(h0)
    for t in reversed(range(len(x))):
        upstream = g[t] if bug == "M51-carry-dropped" else g[t] + carry
        if bug == "M51-upstream-of-last-step-only" and t < len(x) - 1:
            upstream = carry
        dz = upstream * sech2(x[t] @ wx + states[t] @ wh + b)
        dx[t] = dz @ wx.T
        carry = dz @ (wh if bug == "M1-transposed" else wh.T)
        if bug == "M51-carry-through-weights-only":
            carry = upstream @ wh.T
        if bug == "M51-truncated-after-2" and t == len(x) - 2:
            carry = 0 * carry
        new_dwh = states[t + 1 if bug == "M53-new-state-for-old" else t].T @ dz
        if bug == "M54-weights-overwritten":
            dwx, dwh, db = x[t].T @ dz, new_dwh, dz.sum(axis=0)
        else:
            dwx, dwh, db = dwx + x[t].T @ dz, dwh + new_dwh, db + dz.sum(axis=0)
    if bug == "first-state-forgotten":
        carry = 0 * carry
    if bug == "M3-averaged-over-time":
        dwx, dwh, db = dwx / len(x), dwh / len(x), db / len(x)
    return dx, carry, dwx, dwh, db


def gru_parts(x, h, w, u, b):
    a, s = x @ w + b, h @ u
    (ar, az, an), (sr, sz, sn) = np.split(a, 3, axis=1), np.split(s, 3, axis=1)
    r, z = sigmoid(ar + sr), sigmoid(az + sz)
    return ar + sr, az + sz, an + r * sn, sn, r, z


def gru_cell(x, h, w, u, b):
    *_, pre, _, _, z = gru_parts(x, h, w, u, b)
    return (1 - z) * np.tanh(pre) + z * h


def gru_cell_rule(g, x, h, w, u, b, bug=""):
    pr, pz, pre, sn, r, z = gru_parts(x, h, w, u, b)
    n = np.tanh(pre)
    dz = g * (h - n) * d_sigmoid(pz)
    if bug == "M19-update-gate-sign":
        dz = -dz
    if bug == "M53-update-gate-from-h-only":
        dz = g * h * d_sigmoid(pz)
    dn = g * (z if bug == "M53-gates-swapped" else 1 - z) * sech2(pre)
    dr = dn * (h if bug == "M53-reset-gate-partner" else sn) * d_sigmoid(pr)
    if bug == "reset-gate-as-constant":
        dr = 0 * dr
    da = np.concatenate([dr, dz, dn], axis=1)
    inner = dn if bug == "reset-gate-forgotten-in-candidate" else dn * r
    ds = np.concatenate([dr, dz, inner], axis=1)
    dh = ds @ u.T if bug == "M51-skip-dropped" else ds @ u.T + g * z
    return da @ w.T, dh, x.T @ da, h.T @ ds, da.sum(axis=0)


def lstm_step(x, h, c, w, b):
    """w (inputs + size, 4 size): gates in, forget, out, and the candidate."""
    z = np.concatenate([x, h], axis=1) @ w + b
    zi, zf, zo, zg = np.split(z, 4, axis=1)
    new_c = sigmoid(zf) * c + sigmoid(zi) * np.tanh(zg)
    return sigmoid(zo) * np.tanh(new_c), new_c, (zi, zf, zo, zg, new_c)


def lstm_step_back(dh, dc, x, h, c, w, parts, bug):
    zi, zf, zo, zg, new_c = parts
    i, f, o, cand = sigmoid(zi), sigmoid(zf), sigmoid(zo), np.tanh(zg)
    total = dc + dh * o * sech2(new_c)
    if bug == "M52-dc-inside-tanh":
        total = (dc + dh * o) * sech2(new_c)
    if bug == "M14-tanh-slope-of-old-cell":
        total = dc + dh * o * sech2(c)
    if bug == "M51-dc-dropped":
        total = dh * o * sech2(new_c)
    di = total * (i if bug == "M53-input-gate-partner" else cand) * d_sigmoid(zi)
    df = total * (new_c if bug == "M53-new-cell-for-old" else c) * d_sigmoid(zf)
    do = dh * (new_c if bug == "tanh-forgotten-in-output-gate" else np.tanh(new_c)) * d_sigmoid(zo)
    dg = total * i * sech2(zg)
    if bug == "M59-sigmoid-slope-for-candidate":
        dg = total * i * cand * (1 - cand)
    gates = [df, di, do, dg] if bug == "gates-in-other-order" else [di, df, do, dg]
    dz = np.concatenate(gates, axis=1)
    both = dz @ w.T
    dw = np.concatenate([x, h], axis=1).T @ dz
    d_cell = total * (i if bug == "M53-carry-by-input-gate" else f)
    return both[:, : x.shape[1]], both[:, x.shape[1] :], d_cell, dw, dz.sum(axis=0)


def lstm_cell(x, h, c, w, b):
    return np.concatenate(lstm_step(x, h, c, w, b)[:2], axis=1)


def lstm_cell_rule(g, x, h, c, w, b, bug=""):
    dh, dc = np.split(g, 2, axis=1)
    parts = lstm_step(x, h, c, w, b)[2]
    return lstm_step_back(dh, dc, x, h, c, w, parts, bug)


def lstm_run(x, w, b):
    size = b.size // 4
    h = c = np.zeros((x.shape[1], size), x.dtype)
    trace = []
    for x_t in x:
        new_h, new_c, parts = lstm_step(x_t, h, c, w, b)
        trace.append((h, c, parts, new_h))
        h, c = new_h, new_c
    return trace


def lstm(x, w, b):
    """All states h; it starts from zeros."""
    return np.stack([new_h for *_, new_h in lstm_run(x, w, b)])


def lstm_rule(g, x, w, b, bug=""):
    trace = lstm_run(x, w, b)
    dx, dw, db = np.zeros_like(x), np.zeros_like(w), np.zeros_like(b)
    dh = dc = np.zeros_like(trace[0][0])
    for t in reversed(range(len(x))):
        h, c, parts, new_h = trace[t]
        if bug == "M53-new-state-for-old":
            h = new_h
        upstream = g[t] if bug == "M51-dh-dropped" else g[t] + dh
        dx[t], dh, dc, dw_t, db_t = lstm_step_back(upstream, dc, x[t], h, c, w, parts, bug)
        if bug == "M54-weights-overwritten":
            dw, db = dw_t, db_t
        else:
            dw, db = dw + dw_t, db + db_t
    return dx, dw, db


def scan(decay, x):
    """h_t = decay_t * h_{t-1} + x_t, from h = 0, along axis 0."""
    states = [x[0]]
    for a, x_t in zip(decay[1:], x[1:], strict=True):
        states.append(a * states[-1] + x_t)
    return np.stack(states)


def scan_rule(g, decay, x, bug=""):
    """The first decay is never used, so that its gradient is zero."""
    h = scan(decay, x)
    d_decay, dx = np.zeros_like(decay), np.zeros_like(x)
    carry = np.zeros_like(x[0])
    for t in reversed(range(len(x))):
        carry = g[t] if bug == "M51-carry-dropped" else g[t] + carry
        dx[t] = carry
        if t:
            d_decay[t] = carry * (h[t] if bug == "M53-new-state-for-old" else h[t - 1])
            if bug == "input-for-state":
                d_decay[t] = carry * x[t - 1]
            if bug == "M12-upstream-only-at-t":
                d_decay[t] = g[t] * h[t - 1]
        carry = carry * decay[t - 1 if bug == "M48-decay-shifted" else t]
        if bug == "decay-squared":
            carry = carry * decay[t]
    return d_decay, dx


def smoothing(x, logit):
    """s_t = a s_{t-1} + (1 - a) x_t with a = sigmoid(logit), from s = x_0."""
    a = sigmoid(logit)[0]
    s = [x[0]]
    for x_t in x[1:]:
        s.append(a * s[-1] + (1 - a) * x_t)
    return np.stack(s)


def smoothing_rule(g, x, logit, bug=""):
    a, s = sigmoid(logit)[0], smoothing(x, logit)
    dx, da, carry = np.zeros_like(x), 0.0, np.zeros_like(x[0])
    for t in reversed(range(1, len(x))):
        carry = carry + g[t]
        dx[t] = (a if bug == "M53-a-for-1-a" else 1 - a) * carry
        difference = s[t - 1] - x[t]
        if bug == "state-term-only":
            difference = s[t - 1]
        if bug == "M53-new-state-for-old":
            difference = s[t] - x[t]
        new = np.sum(carry * difference)
        da = new + (0 if bug == "M54-overwritten" else da)
        carry = a * (g[t] if bug == "M51-carry-dropped" else carry)
    dx[0] = g[0] + (1 - a if bug == "first-entry-weighted" else 1) * carry
    slope = np.ones(1) if bug == "gate-slope-forgotten" else d_sigmoid(logit)
    return dx, da * slope


def leaky_integrator(x, w):
    """Euler steps of h' = -h + tanh(h w + x), step 0.1, for each time; the last state."""
    h = np.zeros_like(x[0])
    for x_t in x:
        h = h + 0.1 * (np.tanh(h @ w + x_t) - h)
    return h


def leaky_integrator_rule(g, x, w, bug=""):
    states = [np.zeros_like(x[0])]
    for x_t in x:
        states.append(states[-1] + 0.1 * (np.tanh(states[-1] @ w + x_t) - states[-1]))
    dx, dw, carry = np.zeros_like(x), np.zeros_like(w), np.array(g)
    for t in reversed(range(len(x))):
        dz = 0.1 * carry * sech2(states[t] @ w + x[t])
        if bug == "M18-step-forgotten":
            dz = 10 * dz
        dx[t] = dz
        dw = dw + states[t + 1 if bug == "M53-new-state-for-old" else t].T @ dz
        leak = {"M51-identity-dropped": -0.1, "leak-forgotten": 1.0, "M19-leak-sign": 1.1}
        carry = leak.get(bug, 0.9) * carry + dz @ (w if bug == "M1-transposed" else w.T)
        if bug == "M51-weights-path-dropped":
            carry = carry - dz @ w.T
    return dx, dw


LSTM_BUGS = """M52-dc-inside-tanh M14-tanh-slope-of-old-cell M53-input-gate-partner
    M53-new-cell-for-old tanh-forgotten-in-output-gate M59-sigmoid-slope-for-candidate
    gates-in-other-order M53-carry-by-input-gate M51-dc-dropped """
CELL = [(3, 2), (3, 4), (2, 4), (4, 4), (4,)]

LAYERS = [
    layer(
        "rnn_cell",
        rnn_cell,
        rnn_cell_rule,
        """M14-pre-activation M15-tanh-twice slope-of-old-state slope-forgotten M1-transposed
        M53-new-state-for-old M7-bias-not-summed M27-upstream-ignored""",
        drawer([tuple(CELL), ((2, 3), (2, 3), (3, 3), (3, 3), (3,))]),
    ),
    layer(
        "rnn_bptt",
        rnn,
        rnn_rule,
        """M51-carry-dropped M51-upstream-of-last-step-only M1-transposed M54-weights-overwritten
        M51-carry-through-weights-only M51-truncated-after-2 M53-new-state-for-old
        first-state-forgotten M3-averaged-over-time""",
        drawer(
            [
                ((4, 2, 3), (2, 2), (3, 2), (2, 2), (2,)),
                ((3, 1, 2), (1, 3), (2, 3), (3, 3), (3,)),
                ((6, 2, 1), (2, 2), (1, 2), (2, 2), (2,)),
            ]
        ),
    ),
    layer(
        "gru_cell",
        gru_cell,
        gru_cell_rule,
        """M19-update-gate-sign M53-update-gate-from-h-only M53-gates-swapped
        M53-reset-gate-partner reset-gate-as-constant reset-gate-forgotten-in-candidate
        M51-skip-dropped""",
        drawer([((3, 2), (3, 3), (2, 9), (3, 9), (9,)), ((1, 2), (1, 2), (2, 6), (2, 6), (6,))]),
    ),
    layer(
        "lstm_cell",
        lstm_cell,
        lstm_cell_rule,
        LSTM_BUGS,
        drawer(
            [
                ((2, 3), (2, 2), (2, 2), (5, 8), (8,)),
                ((1, 2), (1, 3), (1, 3), (5, 12), (12,)),
            ]
        ),
    ),
    layer(
        "lstm_bptt",
        lstm,
        lstm_rule,
        LSTM_BUGS + "M53-new-state-for-old M51-dh-dropped M54-weights-overwritten",
        drawer([((3, 2, 2), (4, 8), (8,)), ((4, 1, 3), (5, 8), (8,)), ((2, 3, 1), (3, 8), (8,))]),
    ),
    layer(
        "scan",
        scan,
        scan_rule,
        """M51-carry-dropped M53-new-state-for-old input-for-state M12-upstream-only-at-t
        M48-decay-shifted decay-squared""",
        drawer([((5, 2), (5, 2)), ((3, 3), (3, 3)), ((4,), (4,))]),
    ),
    layer(
        "smoothing",
        smoothing,
        smoothing_rule,
        """M53-a-for-1-a state-term-only M53-new-state-for-old M54-overwritten M51-carry-dropped
        first-entry-weighted gate-slope-forgotten""",
        drawer([((5,), (1,)), ((4, 3), (1,)), ((2, 2), (1,))], domain=("smooth", "plain")),
    ),
    layer(
        "leaky_integrator",
        leaky_integrator,
        leaky_integrator_rule,
        """M18-step-forgotten M53-new-state-for-old M51-identity-dropped leak-forgotten
        M19-leak-sign M1-transposed M51-weights-path-dropped""",
        drawer([((4, 2, 3), (3, 3)), ((3, 1, 2), (2, 2)), ((5, 3, 2), (2, 2))]),
    ),
]
