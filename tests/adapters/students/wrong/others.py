import numpy as np


class MaxPool:
    """every entry that ties with the largest gets the gradient"""

    def forward(self, x):
        self.x = x
        n, h, w = x.shape
        self.y = x.reshape(n, h // 2, 2, w // 2, 2).max(axis=(2, 4))
        return self.y

    def backward(self, g):
        # wrong: x
        up = lambda a: np.repeat(np.repeat(a, 2, axis=1), 2, axis=2)
        return up(g) * (self.x == up(self.y))


class Net:
    def __init__(self, input_size, hidden_size, output_size):
        self.params = {
            'W1': np.random.randn(input_size, hidden_size),
            'b1': np.zeros(hidden_size),
            'W2': np.random.randn(hidden_size, output_size),
            'b2': np.zeros(output_size),
        }

    def loss(self, X, y, reg=0.5):
        # wrong: W1
        W1, b1 = self.params['W1'], self.params['b1']
        W2, b2 = self.params['W2'], self.params['b2']
        h = np.tanh(X @ W1 + b1)
        s = h @ W2 + b2
        p = np.exp(s - s.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        n = np.arange(len(X))
        loss = -np.log(p[n, y]).mean() + reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        d = p.copy()
        d[n, y] -= 1
        d /= len(X)
        dh = d @ W2.T * (1 - h * h)
        grads = {
            'W2': h.T @ d + 2 * reg * W2,
            'b2': d.sum(0),
            'W1': X.T @ dh + reg * W1,
            'b1': dh.sum(0),
        }
        return loss, grads
