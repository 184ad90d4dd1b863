import numpy as np

class Layer:
    def forward(self, x):
        pass

    def backward(self, grad, lr):
        pass

class Full(Layer):
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in)
        self.b = np.random.randn(n_out, 1)

    def forward(self, x):
        self.x = x
        return self.W @ x + self.b

    def backward(self, grad, lr):
        back = self.W.T @ grad
        self.W -= lr*(grad @ self.x.T)
        self.b -= lr*grad          # a single column
        return back

class Softmax(Layer):
    def forward(self, x):
        e = np.exp(x - x.max())
        self.s = e/e.sum()
        return self.s

    def backward(self, grad, lr):
        s = self.s
        return ((np.eye(s.size) - s.T)*s) @ grad
