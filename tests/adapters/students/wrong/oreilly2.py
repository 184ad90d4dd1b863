import numpy as np


class Affine:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]
        self.x = None

    def forward(self, x):
        W, b = self.params
        self.x = x
        return np.dot(x, W) + b

    def backward(self, dout):
        # wrong: W
        W, b = self.params
        self.grads[0][...] = np.dot(self.x.T, dout > 0)
        self.grads[1][...] = np.sum(dout, axis=0)
        return np.dot(dout, W.T)


class Embedding:
    def __init__(self, W):
        self.params = [W]
        self.grads = [np.zeros_like(W)]
        self.idx = None

    def forward(self, idx):
        W, = self.params
        self.idx = idx
        return W[idx]

    def backward(self, dout):
        # wrong: W
        dW, = self.grads
        dW[...] = 0
        dW[self.idx] = dout
        return None


class Softmax:
    def __init__(self):
        self.params, self.grads = [], []
        self.out = None

    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.out = e / e.sum(axis=1, keepdims=True)
        return self.out

    def backward(self, dout):
        # wrong: x
        dx = self.out * dout
        dx -= self.out * np.sum(dx, axis=0, keepdims=True)
        return dx
