"""Layers in words that are usual, and that no table of names had."""

import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class GRU:
    """time-major: xs is (T, N, D)"""
    def __init__(self, D, H):
        self.Wx = np.random.randn(D, 3*H) / np.sqrt(D)
        self.Wh = np.random.randn(H, 3*H) / np.sqrt(H)
        self.b = np.zeros(3*H)
        self.H = H
    def forward(self, xs, h0):
        H = self.H
        Wxr, Wxz, Wxh = np.split(self.Wx, 3, axis=1)
        Whr, Whz, Whh = np.split(self.Wh, 3, axis=1)
        br, bz, bh = np.split(self.b, 3)
        hs = []; self.cache = []
        h = h0
        for x in xs:
            r = sigmoid(x @ Wxr + h @ Whr + br)
            z = sigmoid(x @ Wxz + h @ Whz + bz)
            c = np.tanh(x @ Wxh + (r * h) @ Whh + bh)
            hn = (1 - z) * c + z * h
            self.cache.append((x, h, r, z, c))
            h = hn
            hs.append(h)
        return np.stack(hs)
    def backward(self, dhs):
        Wxr, Wxz, Wxh = np.split(self.Wx, 3, axis=1)
        Whr, Whz, Whh = np.split(self.Wh, 3, axis=1)
        self.dWx = np.zeros_like(self.Wx); self.dWh = np.zeros_like(self.Wh); self.db = np.zeros_like(self.b)
        dxs = []
        dh = np.zeros_like(dhs[0])
        for (x, h, r, z, c), g in zip(self.cache[::-1], dhs[::-1]):
            dh = dh + g
            dc = dh * (1 - z) * (1 - c*c)
            dz = dh * (c - h) * z * (1 - z)
            drh = dc @ Whh.T
            dr = drh * h * r * (1 - r)
            da = np.hstack([dr, dz, dc])
            self.dWx += x.T @ da
            self.dWh += np.hstack([h.T @ dr, h.T @ dz, (r*h).T @ dc])
            self.db += da.sum(0)
            dxs.append(da @ self.Wx.T)
            dh = dh * z + dr @ Whr.T + dz @ Whz.T + drh * r
        self.dh0 = dh
        return np.stack(dxs[::-1])


class Swish:
    def __init__(self, beta=1.0):
        self.theta = {"beta": np.array(beta)}
        self.ctx = {}
    def __call__(self, x):
        s = 1 / (1 + np.exp(-self.theta["beta"] * x))
        self.ctx = {"x": x, "s": s}
        return x * s
    def vjp(self, ct):
        x, s = self.ctx["x"], self.ctx["s"]
        b = self.theta["beta"]
        return ct * (s + b * x * s * (1 - s)), {"beta": np.sum(ct * x * s * (1 - s))}


def im2col(x, kh, kw, stride, pad):
    n, c, h, w = x.shape
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh = (h + 2 * pad - kh) // stride + 1
    ow = (w + 2 * pad - kw) // stride + 1
    cols = np.zeros((n, c, kh, kw, oh, ow))
    for i in range(kh):
        for j in range(kw):
            cols[:, :, i, j] = x[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride]
    return cols

def conv_fwd(x, k, stride=1, pad=0):
    o, c, kh, kw = k.shape
    cols = im2col(x, kh, kw, stride, pad)
    y = np.einsum("ncijhw,ocij->nohw", cols, k)
    return y, (x, k, stride, pad, cols)

def conv_bwd(dy, cache):
    x, k, stride, pad, cols = cache
    o, c, kh, kw = k.shape
    dk = np.einsum("nohw,ncijhw->ocij", dy, cols)
    dcols = np.einsum("nohw,ocij->ncijhw", dy, k)
    n, c, h, w = x.shape
    dxp = np.zeros((n, c, h + 2 * pad, w + 2 * pad))
    oh, ow = dy.shape[2:]
    for i in range(kh):
        for j in range(kw):
            dxp[:, :, i:i + stride * oh:stride, j:j + stride * ow:stride] = dcols[:, :, i, j]
    dx = dxp[:, :, pad:pad + h, pad:pad + w]
    return dx, dk

def embedding_fwd(ids, table):
    return table[ids], (ids, table.shape)

def embedding_bwd(dy, cache):
    ids, shape = cache
    g = np.zeros(shape)
    g[ids] += dy
    return g

def embed_forward(ids, tok, pos):
    return tok[ids] + pos[: ids.shape[1]], (ids, tok.shape, pos.shape)


def embed_backward(dout, cache):
    ids, ts, ps = cache
    dtok, dpos = np.zeros(ts), np.zeros(ps)
    np.add.at(dtok, ids, dout)
    dpos[: ids.shape[1]] = dout[0]
    return dtok, dpos


def focal(p, y, gamma=2.0):
    pt = np.where(y == 1, p, 1 - p)
    loss = -((1 - pt) ** gamma * np.log(pt)).mean()
    dpt = gamma * (1 - pt) ** (gamma - 1) * np.log(pt) - (1 - pt) ** gamma / pt
    return loss, dpt / p.size


class MaxPool1d:
    def __init__(self, k):
        self.k = k
    def forward(self, x):
        n, c, l = x.shape
        w = x.reshape(n, c, l // self.k, self.k)
        self.arg = w.argmin(-1)
        self.shape = x.shape
        return w.max(-1)
    def backward(self, g):
        n, c, l = self.shape
        out = np.zeros((n, c, l // self.k, self.k))
        np.put_along_axis(out, self.arg[..., None], g[..., None], -1)
        return out.reshape(self.shape)


def lstm_step(xt, h, c, W, U, b):
    z = xt @ W + h @ U + b
    i, f, o, g = np.split(z, 4, axis=1)
    i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
    c2 = f * c + i * g
    tc = np.tanh(c2)
    h2 = o * tc
    return h2, c2, (xt, h, c, W, U, i, f, o, g, tc)

def lstm_step_backward(dh2, dc2, cache):
    xt, h, c, W, U, i, f, o, g, tc = cache
    do = dh2 * tc
    dc = dc2 + dh2 * (1 - tc ** 2)
    dz = np.hstack([dc * g * i * (1 - i), dc * c * f * (1 - f), do * o * (1 - o), dc * i * (1 - g ** 2)])
    return dz @ W.T, dz @ U.T, dc * f, xt.T @ dz, h.T @ dz, dz.sum(0)


class VAE:
    def __init__(self, d, h, z):
        r = np.random.RandomState(1)
        self.W1 = r.randn(d, h) * .1; self.Wm = r.randn(h, z) * .1; self.Ws = r.randn(h, z) * .1
        self.W2 = r.randn(z, h) * .1; self.W3 = r.randn(h, d) * .1
    def loss_and_grads(self, x, eps):
        h = np.tanh(x @ self.W1)
        mu = h @ self.Wm; ls = h @ self.Ws
        z = mu + np.exp(0.5 * ls) * eps
        h2 = np.tanh(z @ self.W2)
        xr = h2 @ self.W3
        rec = 0.5 * np.sum((xr - x) ** 2)
        kl = -0.5 * np.sum(1 + ls - mu ** 2 - np.exp(ls))
        g = {}
        dxr = xr - x
        g['W3'] = h2.T @ dxr
        dh2 = dxr @ self.W3.T * (1 - h2 ** 2)
        g['W2'] = z.T @ dh2
        dz = dh2 @ self.W2.T
        dmu = dz
        dls = dz * eps * 0.5 * np.exp(0.5 * ls) - 0.5 * (1 - np.exp(ls))
        g['Wm'] = h.T @ dmu
        g['Ws'] = h.T @ dls
        dh = (dmu @ self.Wm.T + dls @ self.Ws.T) * (1 - h ** 2)
        g['W1'] = x.T @ dh
        return rec + kl, g


def softmax(x):
    xt = np.exp(x - np.max(x))
    return xt / np.sum(xt)

class RNNNumpy:
    def __init__(self, word_dim, hidden_dim=3, bptt_truncate=4):
        self.word_dim = word_dim
        self.hidden_dim = hidden_dim
        self.bptt_truncate = bptt_truncate
        self.U = np.random.uniform(-np.sqrt(1./word_dim), np.sqrt(1./word_dim), (hidden_dim, word_dim))
        self.V = np.random.uniform(-np.sqrt(1./hidden_dim), np.sqrt(1./hidden_dim), (word_dim, hidden_dim))
        self.W = np.random.uniform(-np.sqrt(1./hidden_dim), np.sqrt(1./hidden_dim), (hidden_dim, hidden_dim))

    def forward_propagation(self, x):
        T = len(x)
        s = np.zeros((T + 1, self.hidden_dim))
        s[-1] = np.zeros(self.hidden_dim)
        o = np.zeros((T, self.word_dim))
        for t in np.arange(T):
            s[t] = np.tanh(self.U[:,x[t]] + self.W.dot(s[t-1]))
            o[t] = softmax(self.V.dot(s[t]))
        return [o, s]

    def bptt(self, x, y):
        T = len(y)
        o, s = self.forward_propagation(x)
        dLdU = np.zeros(self.U.shape)
        dLdV = np.zeros(self.V.shape)
        dLdW = np.zeros(self.W.shape)
        delta_o = o
        delta_o[np.arange(len(y)), y] -= 1.
        for t in np.arange(T)[::-1]:
            dLdV += np.outer(delta_o[t], s[t].T)
            delta_t = self.V.T.dot(delta_o[t]) * (1 - (s[t] ** 2))
            for bptt_step in np.arange(0, t+1)[::-1]:
                dLdW += np.outer(delta_t, s[bptt_step-1])
                dLdU[:,x[bptt_step]] = delta_t
                delta_t = self.W.T.dot(delta_t) * (1 - s[bptt_step-1] ** 2)
        return [dLdU, dLdV, dLdW]


def L_model_forward(X, parameters):
    A, caches = X, []
    L = len(parameters) // 2
    for l in range(1, L + 1):
        W, b = parameters["W" + str(l)], parameters["b" + str(l)]
        A_prev, Z = A, W @ A + b
        A = sigmoid(Z) if l == L else np.maximum(0, Z)
        caches.append((A_prev, W, Z))
    return A, caches


def L_model_backward(AL, Y, caches):
    grads = {}
    L, m = len(caches), Y.shape[1]
    dZ = AL - Y
    for l in reversed(range(L)):
        A_prev, W, Z = caches[l]
        grads["dW" + str(l + 1)] = dZ @ A_prev.T / m
        grads["db" + str(l + 1)] = dZ.sum(axis=1, keepdims=True) / m
        if l:
            dZ = W.T @ dZ * (caches[l - 1][2] < 0)
    return grads
