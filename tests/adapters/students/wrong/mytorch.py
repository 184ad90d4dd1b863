import numpy as np


class Linear:
    def __init__(self, in_features, out_features, debug=False):
        self.W = np.zeros((out_features, in_features), dtype="f")
        self.b = np.zeros((out_features, 1), dtype="f")
        self.debug = debug

    def forward(self, A):
        self.A = A
        self.N = A.shape[0]
        self.Ones = np.ones((self.N, 1), dtype="f")
        return A @ self.W.T + self.Ones @ self.b.T

    def backward(self, dLdZ):
        # wrong: b
        self.dLdW = dLdZ.T @ self.A / self.N
        self.dLdb = np.sum(dLdZ) * np.ones_like(self.b) / self.N
        return dLdZ @ self.W


class Sigmoid:
    def forward(self, Z):
        self.A = 1 / (1 + np.exp(-Z))
        return self.A

    def backward(self):
        # wrong: Z
        return self.A - self.A * self.A * self.A


class MSELoss:
    def forward(self, A, Y):
        self.A = A
        self.Y = Y
        self.N, self.C = A.shape
        return ((A - Y) ** 2).sum() / (self.N * self.C)

    def backward(self):
        # wrong: A
        return 2 * (self.A + self.Y) / (self.N * self.C)
