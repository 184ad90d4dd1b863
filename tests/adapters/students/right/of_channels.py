"""Convolutions of each channel and of samples that come last, and gates of channels."""

import numpy as np


def depthwise_conv_forward(x, w, b, conv_param):
    """
    - x: (N, C, H, W)
    - w: (C, 1, HH, WW)
    - b: (C,)
    """
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    _, _, HH, WW = w.shape
    H_out = 1 + (H + 2 * pad - HH) // stride
    W_out = 1 + (W + 2 * pad - WW) // stride
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    out = np.zeros((N, C, H_out, W_out))
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    hs, ws = i * stride, j * stride
                    out[n, c, i, j] = np.sum(x_pad[n, c, hs:hs + HH, ws:ws + WW] * w[c, 0]) + b[c]
    cache = (x, w, b, conv_param)
    return out, cache


def depthwise_conv_backward(dout, cache):
    x, w, b, conv_param = cache
    stride, pad = conv_param['stride'], conv_param['pad']
    N, C, H, W = x.shape
    _, _, HH, WW = w.shape
    x_pad = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode='constant')
    dx_pad = np.zeros_like(x_pad)
    dw = np.zeros_like(w)
    db = np.sum(dout, axis=(0, 2, 3))
    _, _, H_out, W_out = dout.shape
    for n in range(N):
        for c in range(C):
            for i in range(H_out):
                for j in range(W_out):
                    hs, ws = i * stride, j * stride
                    dw[c, 0] += x_pad[n, c, hs:hs + HH, ws:ws + WW] * dout[n, c, i, j]
                    dx_pad[n, c, hs:hs + HH, ws:ws + WW] += w[c, 0] * dout[n, c, i, j]
    dx = dx_pad[:, :, pad:pad + H, pad:pad + W]
    return dx, dw, db


class Convolution:
    """ Images are H x W x C x N, filters k x k x C x F """

    def __init__(self, n_filters, n_channels, k):
        self.W = np.random.randn(k, k, n_channels, n_filters) * 0.01
        self.b = np.zeros((n_filters, 1))

    def forward(self, X):
        self.X = X
        h, w, c, n = X.shape
        k, _, _, f = self.W.shape
        out = np.zeros((h - k + 1, w - k + 1, f, n))
        for i in range(h - k + 1):
            for j in range(w - k + 1):
                out[i, j] = np.tensordot(self.W, X[i:i+k, j:j+k], axes=([0, 1, 2], [0, 1, 2])) + self.b
        return out

    def backward(self, dout):
        k, _, _, f = self.W.shape
        dX = np.zeros_like(self.X)
        self.dW = np.zeros_like(self.W)
        self.db = dout.sum(axis=(0, 1, 3)).reshape(-1, 1)
        for i in range(dout.shape[0]):
            for j in range(dout.shape[1]):
                self.dW += np.einsum('abcn,fn->abcf', self.X[i:i+k, j:j+k], dout[i, j])
                dX[i:i+k, j:j+k] += np.einsum('abcf,fn->abcn', self.W, dout[i, j])
        return dX


def hwcn_conv_forward(X, W, b):
    """
    MatConvNet order.
    X: H x W x C x N images
    W: FH x FW x C x K filters
    b: K
    """
    H, Wd, C, N = X.shape
    FH, FW, _, K = W.shape
    OH, OW = H - FH + 1, Wd - FW + 1
    Y = np.zeros((OH, OW, K, N))
    for i in range(OH):
        for j in range(OW):
            patch = X[i:i + FH, j:j + FW].reshape(-1, N)
            Y[i, j] = W.reshape(-1, K).T @ patch + b[:, None]
    return Y, (X, W)


def hwcn_conv_backward(dY, cache):
    X, W = cache
    FH, FW, C, K = W.shape
    OH, OW, _, N = dY.shape
    dX = np.zeros_like(X)
    dW = np.zeros_like(W)
    db = dY.sum(axis=(0, 1, 3))
    for i in range(OH):
        for j in range(OW):
            patch = X[i:i + FH, j:j + FW].reshape(-1, N)
            dW += (patch @ dY[i, j].T).reshape(W.shape)
            dX[i:i + FH, j:j + FW] += (W.reshape(-1, K) @ dY[i, j]).reshape(FH, FW, C, N)
    return dX, dW, db


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class SqueezeExcite:
    def __init__(self, channels, reduction=2):
        hidden = channels // reduction
        self.W1 = np.random.randn(channels, hidden) * np.sqrt(2.0 / channels)
        self.b1 = np.zeros(hidden)
        self.W2 = np.random.randn(hidden, channels) * np.sqrt(2.0 / hidden)
        self.b2 = np.zeros(channels)

    def forward(self, x):
        self.x = x
        self.z = x.mean(axis=(2, 3))
        self.a = self.z @ self.W1 + self.b1
        self.h = np.maximum(self.a, 0)
        self.s = sigmoid(self.h @ self.W2 + self.b2)
        return x * self.s[:, :, None, None]

    def backward(self, dout):
        n, c, hh, ww = self.x.shape
        ds = (dout * self.x).sum(axis=(2, 3))
        dpre = ds * self.s * (1 - self.s)
        self.dW2 = self.h.T @ dpre
        self.db2 = dpre.sum(axis=0)
        dh = dpre @ self.W2.T
        da = dh * (self.a > 0)
        self.dW1 = self.z.T @ da
        self.db1 = da.sum(axis=0)
        dz = da @ self.W1.T
        return dout * self.s[:, :, None, None] + dz[:, :, None, None] / (hh * ww)


def se_block_forward(x, w1, w2):
    """ x: (N, C, H, W); w1: (C, R); w2: (R, C) """
    z = x.mean(axis=(2, 3))
    h = np.maximum(0, z.dot(w1))
    s = 1 / (1 + np.exp(-h.dot(w2)))
    out = x * s[:, :, np.newaxis, np.newaxis]
    cache = (x, z, h, s, w1, w2)
    return out, cache


def se_block_backward(dout, cache):
    x, z, h, s, w1, w2 = cache
    N, C, H, W = x.shape
    ds = np.sum(dout * x, axis=(2, 3))
    dpre = ds * s * (1 - s)
    dw2 = h.T.dot(dpre)
    dh = dpre.dot(w2.T)
    dh[h <= 0] = 0
    dw1 = z.T.dot(dh)
    dz = dh.dot(w1.T)
    dx = dout * s[:, :, np.newaxis, np.newaxis] + dz[:, :, np.newaxis, np.newaxis] / (H * W)
    return dx, dw1, dw2


class SEBlock:
    """ Channels last """

    def __init__(self, w1, b1, w2, b2):
        self.w1, self.b1, self.w2, self.b2 = w1, b1, w2, b2

    def forward(self, x):
        self.x = x
        self.squeeze = np.mean(x, axis=(1, 2))
        self.hidden = np.maximum(self.squeeze @ self.w1 + self.b1, 0)
        self.scale = 1 / (1 + np.exp(-(self.hidden @ self.w2 + self.b2)))
        return x * self.scale[:, None, None, :]

    def backward(self, dout):
        dscale = np.sum(dout * self.x, axis=(1, 2))
        dlogit = dscale * self.scale * (1 - self.scale)
        self.dw2 = self.hidden.T @ dlogit
        self.db2 = dlogit.sum(axis=0)
        dhidden = (dlogit @ self.w2.T) * (self.hidden > 0)
        self.dw1 = self.squeeze.T @ dhidden
        self.db1 = dhidden.sum(axis=0)
        dsqueeze = dhidden @ self.w1.T
        h, w = self.x.shape[1:3]
        return dout * self.scale[:, None, None, :] + dsqueeze[:, None, None, :] / (h * w)
