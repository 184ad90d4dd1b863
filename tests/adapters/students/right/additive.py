"""Additive attention."""

import numpy as np


class BahdanauAttention:
    """ score(q, k_t) = v . tanh(W_q q + W_k k_t) """

    def __init__(self, query_dim, key_dim, hidden_dim):
        self.Wq = np.random.randn(query_dim, hidden_dim) * 0.1
        self.Wk = np.random.randn(key_dim, hidden_dim) * 0.1
        self.v = np.random.randn(hidden_dim) * 0.1

    def forward(self, query, keys):
        self.query, self.keys = query, keys
        self.t = np.tanh((query @ self.Wq)[:, None, :] + keys @ self.Wk)
        e = self.t @ self.v
        e = np.exp(e - e.max(axis=1, keepdims=True))
        self.a = e / e.sum(axis=1, keepdims=True)
        return np.einsum('nt,ntd->nd', self.a, keys)

    def backward(self, dcontext):
        da = np.einsum('nd,ntd->nt', dcontext, self.keys)
        dkeys = self.a[:, :, None] * dcontext[:, None, :]
        de = self.a * (da - (da * self.a).sum(axis=1, keepdims=True))
        self.dv = np.einsum('nt,nth->h', de, self.t)
        dt = de[:, :, None] * self.v * (1 - self.t ** 2)
        self.dWk = np.einsum('ntd,nth->dh', self.keys, dt)
        dkeys += dt @ self.Wk.T
        ds = dt.sum(axis=1)
        self.dWq = self.query.T @ ds
        dquery = ds @ self.Wq.T
        return dquery, dkeys


def additive_attention_forward(s, h, Wa, Ua, va):
    """
    s: (N, D) decoder state, h: (N, T, E) encoder states,
    Wa: (D, A), Ua: (E, A), va: (A,)
    """
    u = np.tanh(np.expand_dims(s.dot(Wa), 1) + h.dot(Ua))
    scores = u.dot(va)
    scores = scores - scores.max(axis=1, keepdims=True)
    alpha = np.exp(scores)
    alpha /= alpha.sum(axis=1, keepdims=True)
    context = (alpha[:, :, None] * h).sum(axis=1)
    cache = (s, h, Wa, Ua, va, u, alpha)
    return context, cache


def additive_attention_backward(dcontext, cache):
    s, h, Wa, Ua, va, u, alpha = cache
    dalpha = (dcontext[:, None, :] * h).sum(axis=2)
    dh = alpha[:, :, None] * dcontext[:, None, :]
    dscores = alpha * (dalpha - (alpha * dalpha).sum(axis=1, keepdims=True))
    dva = (dscores[:, :, None] * u).sum(axis=(0, 1))
    du = dscores[:, :, None] * va
    dpre = du * (1 - u ** 2)
    dUa = np.tensordot(h, dpre, axes=([0, 1], [0, 1]))
    dh += dpre.dot(Ua.T)
    dWa = s.T.dot(dpre.sum(axis=1))
    ds = dpre.sum(axis=1).dot(Wa.T)
    return ds, dh, dWa, dUa, dva
