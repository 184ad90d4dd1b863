import array_api_strict as xp

class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = xp.mean(dout, axis=0)
        return dout @ self.W.T

class Tanh:
    def forward(self, x):
        self.y = xp.tanh(x)
        return self.y

    def backward(self, dout):
        return dout*(1 - self.y)
