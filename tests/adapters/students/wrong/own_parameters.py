import numpy as np


class PRelu:
    def __init__(self, a):
        self.a, self.da = a, None

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.a * x)

    def backward(self, dout):
        self.da = np.sum(np.where(self.x > 0, 0, self.a) * dout, axis=0)
        return np.where(self.x > 0, 1, self.a) * dout


class OneSlope:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, self.alpha * x)

    def backward(self, dout):
        self.dalpha = np.sum(self.x * dout)
        return np.where(self.x > 0, 1, self.alpha) * dout


class Gain:
    def __init__(self, gamma, beta):
        self.gamma, self.beta = gamma, beta

    def forward(self, x):
        self.x = x
        return self.gamma * x + self.beta

    def backward(self, dout):
        self.dgamma = np.sum(self.x, axis=0) * np.sum(dout, axis=0)
        self.dbeta = np.sum(dout, axis=0)
        return self.gamma * dout


class LayerNorm1D:
    def __init__(self, epsilon=1e-5):
        self.epsilon = epsilon
        self.parameters = {"scaler": None, "intercept": None}
        self.gradients = {}
        self.X = []

    def flush_gradients(self):
        self.X = []
        self.gradients = {k: np.zeros_like(v) for k, v in self.gradients.items()}

    def forward(self, X):
        if self.parameters["scaler"] is None:
            d = X.shape[1]
            self.parameters = {"scaler": np.random.rand(d), "intercept": np.zeros(d)}
            self.gradients = {"scaler": np.zeros(d), "intercept": np.zeros(d)}
        self.X.append(X)
        m, v = X.mean(axis=1, keepdims=True), X.var(axis=1, keepdims=True)
        hat = (X - m) / np.sqrt(v + self.epsilon)
        return self.parameters["scaler"] * hat + self.parameters["intercept"]

    def backward(self, dLdy):
        X = self.X[-1]
        m, v = X.mean(axis=1, keepdims=True), X.var(axis=1, keepdims=True)
        s = np.sqrt(v + self.epsilon)
        hat = (X - m) / s
        self.gradients["scaler"] += (dLdy * X).sum(axis=0)
        self.gradients["intercept"] += dLdy.sum(axis=0)
        g = dLdy * self.parameters["scaler"]
        return (g - g.mean(axis=1, keepdims=True) - hat * (g * hat).mean(axis=1, keepdims=True)) / s


class Conv:
    def __init__(self, F, C, k=3):
        self.params = {
            "W": {"param": np.random.randn(F, C, k, k) * 0.1, "grad": None},
            "b": {"param": np.zeros(F), "grad": None},
        }
        self.k = k

    def forward(self, X):
        W, k = self.params["W"]["param"], self.k
        out = np.zeros((len(X), len(W), X.shape[2] - k + 1, X.shape[3] - k + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                window = X[:, :, i : i + k, j : j + k]
                out[:, :, i, j] = np.tensordot(window, W, axes=([1, 2, 3], [1, 2, 3]))
        self.X = X
        return out + self.params["b"]["param"][:, None, None]

    def backward(self, dout):
        W, k = self.params["W"]["param"], self.k
        dX, dW = np.zeros_like(self.X), np.zeros_like(W)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                window = self.X[:, :, i : i + k, j : j + k]
                dW += np.tensordot(dout[:, :, i, j], window, axes=([0], [0]))
                dX[:, :, i : i + k, j : j + k] += np.tensordot(dout[:, :, i, j], W, axes=1)
        self.params["W"]["grad"] = dW
        self.params["b"]["grad"] = dout.sum(axis=(0, 2, 3)) / dout.shape[2]
        return dX


class TimeRNN:
    def __init__(self, Wx, Wh, b):
        self.params = [Wx, Wh, b]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, xs):
        Wx, Wh, b = self.params
        N, T, D = xs.shape
        h = np.zeros((N, len(Wh)))
        self.hs = [h]
        for t in range(T):
            h = np.tanh(xs[:, t] @ Wx + h @ Wh + b)
            self.hs.append(h)
        self.xs = xs
        return np.stack(self.hs[1:], axis=1)

    def backward(self, dhs):
        Wx, Wh, b = self.params
        dxs, dh = np.zeros_like(self.xs), 0
        dWx, dWh, db = (np.zeros_like(p) for p in self.params)
        for t in reversed(range(dhs.shape[1])):
            da = (dhs[:, t] + dh) * (1 - self.hs[t + 1] ** 2)
            dWx += self.xs[:, t].T @ da
            dWh += self.hs[t].T @ da
            db += da.sum(axis=0)
            dxs[:, t] = da @ Wx.T
            dh = da @ Wh
        for grad, found in zip(self.grads, (dWx, dWh, db)):
            grad[...] = found
        return dxs
