"""Blocks from notebooks and blogs, as their authors wrote them."""

import numpy as np


class Reshape:
    def __init__(self, input_shape, output_shape):
        self.input_shape = input_shape
        self.output_shape = output_shape

    def forward(self, input):
        return np.reshape(input, self.output_shape)

    def backward(self, output_gradient, learning_rate):
        return np.reshape(output_gradient.T, self.input_shape)


class Conv2D:
    """NHWC"""

    def __init__(self, n_filters, kernel_size, in_channels):
        self.k = kernel_size
        self.W = np.random.randn(kernel_size, kernel_size, in_channels, n_filters) * 0.1
        self.b = np.zeros(n_filters)

    def forward(self, x):
        self.x = x
        n, h, w, c = x.shape
        oh, ow = h - self.k + 1, w - self.k + 1
        out = np.zeros((n, oh, ow, self.W.shape[3]))
        for i in range(self.k):
            for j in range(self.k):
                out += x[:, i:i + oh, j:j + ow] @ self.W[i, j]
        return out + self.b

    def backward(self, dout):
        n, oh, ow, f = dout.shape
        dx = np.zeros_like(self.x)
        self.dW = np.zeros_like(self.W)
        for i in range(self.k):
            for j in range(self.k):
                dx[:, i:i + oh, j:j + ow] += dout @ self.W[j, i].T
                self.dW[i, j] = np.einsum('nhwc,nhwf->cf', self.x[:, i:i + oh, j:j + ow], dout)
        self.db = dout.sum(axis=(0, 1, 2))
        return dx


class DepthwiseConv2D:
    def __init__(self, channels, kernel_size):
        self.k = kernel_size
        self.W = np.random.randn(kernel_size, kernel_size, channels) * 0.1
        self.b = np.zeros(channels)

    def forward(self, x):
        self.x = x
        n, h, w, c = x.shape
        oh, ow = h - self.k + 1, w - self.k + 1
        out = np.zeros((n, oh, ow, c))
        for i in range(self.k):
            for j in range(self.k):
                out += x[:, i:i + oh, j:j + ow, :] * self.W[i, j]
        return out + self.b

    def backward(self, dout):
        n, oh, ow, c = dout.shape
        dx = np.zeros_like(self.x)
        self.dW = np.zeros_like(self.W)
        for i in range(self.k):
            for j in range(self.k):
                dx[:, i:i + oh, j:j + ow, :] += dout * self.W[j, i]
                self.dW[i, j] = (self.x[:, i:i + oh, j:j + ow, :] * dout).sum(axis=(0, 1, 2))
        self.db = dout.sum(axis=(0, 1, 2))
        return dx


def wn_conv1d_forward(x, v, g, b, dilation=1):
    N, C, L = x.shape
    F, _, K = v.shape
    norm = np.sqrt((v ** 2).sum(axis=(1, 2), keepdims=True))
    w = g[:, None, None] * v / norm
    out_l = L - dilation * (K - 1)
    out = np.zeros((N, F, out_l))
    for k in range(K):
        out += np.einsum('fc,ncl->nfl', w[:, :, k], x[:, :, k * dilation:k * dilation + out_l])
    return out + b[None, :, None], (x, v, g, norm, w, dilation)


def wn_conv1d_backward(dout, cache):
    x, v, g, norm, w, dilation = cache
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    out_l = dout.shape[2]
    for k in range(w.shape[2]):
        s = slice(k * dilation, k * dilation + out_l)
        dx[:, :, s] += np.einsum('fc,nfl->ncl', w[:, :, k], dout)
        dw[:, :, k] = np.einsum('nfl,ncl->fc', dout, x[:, :, s])
    dg = (dw * v / norm).sum(axis=(1, 2))
    dv = g[:, None, None] / norm * dw
    return dx, dv, dg, dout.sum(axis=(0, 2))


class LSTM:
    def __init__(self, input_dim, hidden_dim):
        self.D, self.H = input_dim, hidden_dim
        self.params = {"W": np.random.randn(input_dim + hidden_dim, 4 * hidden_dim) * 0.1}
        self.params["b"] = np.zeros(4 * hidden_dim)
        self.grads = {}

    def forward(self, x):
        T, N, D = x.shape
        H = self.H
        h, c = np.zeros((N, H)), np.zeros((N, H))
        self.cache, out = [], np.zeros((T, N, H))
        for t in range(T):
            z = np.concatenate([x[t], h], axis=1)
            a = z @ self.params["W"] + self.params["b"]
            i, f, o = (1 / (1 + np.exp(-a[:, k * H:(k + 1) * H])) for k in range(3))
            g = np.tanh(a[:, 3 * H:])
            c_prev, c = c, f * c + i * g
            out[t] = h = o * np.tanh(c)
            self.cache.append((z, i, f, o, g, c_prev, np.tanh(c)))
        return out

    def backward(self, dout):
        T, N, H = dout.shape
        dW, db = np.zeros_like(self.params["W"]), np.zeros_like(self.params["b"])
        dx, dh, dc = np.zeros((T, N, self.D)), np.zeros((N, H)), np.zeros((N, H))
        for t in reversed(range(T)):
            z, i, f, o, g, c_prev, tc = self.cache[t]
            dh = dh + dout[t]
            dc = dc + dh * o * (1 - tc ** 2)
            da = np.concatenate([
                dc * g * i * (1 - i), dc * c_prev * f * (1 - f),
                dh * tc * o * (1 - o), dc * i * (1 - g ** 2),
            ], axis=1)
            dW += z.T @ da
            db += da.sum(axis=0)
            dz = da @ self.params["W"].T
            dx[t], dh = dz[:, :self.D], dz[:, self.D:]
        self.grads["W"], self.grads["b"] = dW, db
        return dx


class SoftmaxCE:
    """Samples are columns."""

    def forward(self, Z, Y):
        e = np.exp(Z - Z.max(axis=0))
        self.P = e / e.sum(axis=0)
        self.Y = Y
        return -np.mean(np.sum(Y * np.log(self.P), axis=0))

    def backward(self):
        return self.P / self.Y.shape[1]


class Linear:
    def __init__(self, d_in, d_out):
        self.w = np.random.randn(d_in, d_out) / np.sqrt(d_in)
        self.b = np.zeros(d_out)

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, g):
        self.gw = self.x.T @ g
        self.gb = g.mean(0)
        return g @ self.w.T


class FeedForward:
    def __init__(self, d_model, d_ff):
        self.fc1 = Linear(d_model, d_ff)
        self.fc2 = Linear(d_ff, d_model)

    def forward(self, x):
        self.h = np.tanh(self.fc1.forward(x))
        return x + self.fc2.forward(self.h)

    def backward(self, g):
        return self.fc1.backward(self.fc2.backward(g) * (1 - self.h ** 2))


class SqueezeExcite:
    def __init__(self, channels, reduction=8):
        self.W1 = np.random.randn(channels, channels // reduction)
        self.W2 = np.random.randn(channels // reduction, channels)

    def forward(self, x):
        self.x = x
        self.s = x.mean(axis=(2, 3))
        self.h = np.maximum(0, self.s @ self.W1)
        self.z = 1 / (1 + np.exp(-self.h @ self.W2))
        return x * self.z[:, :, None, None]

    def backward(self, dout):
        n, c, h, w = self.x.shape
        dz = (dout * self.x).sum(axis=(2, 3)) * self.z * (1 - self.z)
        self.dW2 = self.h.T @ dz
        dh = dz @ self.W2.T * (dz @ self.W2.T > 0)
        self.dW1 = self.s.T @ dh
        ds = dh @ self.W1.T
        return dout * self.z[:, :, None, None] + ds[:, :, None, None] / (h * w)


def rope_forward(x, base=10000.0):
    half = x.shape[1] // 2
    ang = np.arange(x.shape[0])[:, None] * base ** (-np.arange(half) / half)
    cos, sin = np.cos(ang), np.sin(ang)
    x1, x2 = x[:, :half], x[:, half:2 * half]
    return np.concatenate([x1 * cos - x2 * sin, x1 * sin + x2 * cos], axis=1), (cos, sin)


def rope_backward(dout, cache):
    cos, sin = cache
    d1, d2 = np.split(dout, 2, axis=1)
    return np.concatenate([d1 * cos + d2 * sin, d2 * cos + d1 * sin], axis=1)


def weighted_sum_forward(p, v):
    return np.matmul(p, v), (p, v)


def weighted_sum_backward(do, cache):
    p, v = cache
    return np.matmul(do, np.transpose(v, (0, 2, 1))) / p.shape[2], np.matmul(np.transpose(p, (0, 2, 1)), do)


def mix_forward(attn, v):
    return np.einsum('bhts,bhsd->bhtd', attn, v), (attn, v)


def mix_backward(dout, cache):
    attn, v = cache
    return np.einsum('bhtd,bhsd->bhts', dout, v), np.einsum('bhts,bhtd->bhsd', attn / attn.shape[3], dout)
