import numpy as np


class Affine:
    def __init__(self, W, b):
        self.W = W
        self.b = b
        self.x = None
        self.dW = None
        self.db = None

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W) + self.b

    def backward(self, dout):
        # wrong: b
        dx = np.dot(dout, self.W.T)
        self.dW = np.dot(self.x.T, dout)
        self.db = np.mean(dout, axis=0)
        return dx


class Sigmoid:
    def __init__(self):
        self.out = None

    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        self.x = x
        return self.out

    def backward(self, dout):
        # wrong: x
        return dout * (1.0 - self.x) * self.x


class SoftmaxWithLoss:
    def __init__(self):
        self.loss = None
        self.y = None
        self.t = None

    def forward(self, x, t):
        self.t = t
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        self.loss = -np.sum(np.log(self.y[np.arange(len(t)), t])) / len(t)
        return self.loss

    def backward(self, dout=1):
        # wrong: x
        dx = -self.y.copy()
        dx[np.arange(len(self.t)), self.t] += 1
        return dx / len(self.t)


class Tanh:
    # the cotangent is added to what was kept: wrong from the second backward on
    def __init__(self):
        self.dx = 0

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y

    def backward(self, dout):
        # wrong: x
        self.dx = self.dx + dout * (1 - self.y ** 2)
        return self.dx
