import numpy as np


class Parameter:
    def __init__(self, data):
        self.data, self.grad = data, np.zeros_like(data)


class LayerNorm:
    def __init__(self, normalized_shape):
        self.weight = Parameter(np.ones(normalized_shape))
        self.bias = Parameter(np.zeros(normalized_shape))

    def zero_grad(self):
        self.weight.grad[...] = 0
        self.bias.grad[...] = 0

    def forward(self, input):
        self.rstd = 1 / np.sqrt(input.var(-1, keepdims=True) + 1e-5)
        self.xhat = (input - input.mean(-1, keepdims=True)) * self.rstd
        return self.xhat * self.weight.data + self.bias.data

    def backward(self, grad_output):
        self.weight.grad += (grad_output * self.xhat).sum(0)
        self.bias.grad += grad_output.sum(0)
        g = grad_output * self.weight.data
        inner = (g * self.xhat).mean(-1, keepdims=True)
        return self.rstd * (g - g.mean(-1, keepdims=True) - self.xhat * inner)


class SelfAttention:
    def __init__(self, d_model, n_heads=2):
        self.h = n_heads
        self.Wqkv = np.random.randn(d_model, 3 * d_model)

    def split(self, t):
        return t.reshape(*t.shape[:2], self.h, -1).transpose(0, 2, 1, 3)

    def merge(self, t):
        return t.transpose(0, 2, 1, 3).reshape(t.shape[0], t.shape[2], -1)

    def forward(self, x):
        self.x = x
        self.q, self.k, self.v = map(self.split, np.split(x @ self.Wqkv, 3, axis=-1))
        s = self.q @ self.k.transpose(0, 1, 3, 2)
        e = np.exp(s - s.max(-1, keepdims=True))
        self.p = e / e.sum(-1, keepdims=True)
        return self.merge(self.p @ self.v)

    def backward(self, dy):
        dctx = self.split(dy)
        dp = dctx @ self.v.transpose(0, 1, 3, 2)
        dv = self.p.transpose(0, 1, 3, 2) @ dctx
        ds = self.p * (dp - (dp * self.p).sum(-1, keepdims=True))
        dq, dk = ds @ self.k, ds.transpose(0, 1, 3, 2) @ self.q
        dqkv = np.concatenate([self.merge(t) for t in (dq, dk, dv)], axis=-1)
        self.dWqkv = np.einsum("btc,bto->co", self.x, dqkv)
        return dqkv @ self.Wqkv.T


def cell_forward(xt, a_prev, c_prev, parameters):
    concat = np.concatenate((a_prev, xt), axis=0)
    f = 1 / (1 + np.exp(-(parameters["Wf"] @ concat + parameters["bf"])))
    i = np.tanh(parameters["Wi"] @ concat + parameters["bi"])
    c = f * c_prev + i
    return c, (f, i, c_prev, a_prev, concat, parameters)


def cell_backward(dc, cache):
    f, i, c_prev, a_prev, concat, parameters = cache
    df, di = dc * c_prev * f * (1 - f), dc * (1 - i**2)
    dconcat = parameters["Wf"].T @ df + parameters["Wi"].T @ di
    n = len(a_prev)
    return {
        "dxt": dconcat[n:], "da_prev": dconcat[:n], "dc_prev": dc * f,
        "dWf": df @ concat.T, "dbf": df.sum(axis=1, keepdims=True),
        "dWi": di @ concat.T, "dbi": di.sum(axis=1, keepdims=True),
    }


def prelu_forward(x, a):
    return np.where(x > 0, x, a * x), (x, a)


def prelu_backward(dy, cache):
    x, a = cache
    return np.where(x > 0, dy, a * dy), np.sum(np.where(x > 0, 0, x * dy), axis=0)


def factorization(U, V, R):
    E = U @ V.T - R
    dU, dV = E @ V, E.T @ U
    return 0.5 * np.sum(E**2), dU, dV
