import numpy as np


class FullyConnected:
    def __init__(self, n_out):
        self.X = []
        self.n_out = n_out
        self.gradients = {}
        self.parameters = {"W": None, "b": None}
        self.is_initialized = False

    def flush_gradients(self):
        self.X = []
        for k, v in self.gradients.items():
            self.gradients[k] = np.zeros_like(v)

    def forward(self, X):
        if not self.is_initialized:
            self.parameters = {"W": np.random.randn(X.shape[1], self.n_out), "b": np.zeros((1, self.n_out))}
            self.gradients = {k: np.zeros_like(v) for k, v in self.parameters.items()}
            self.is_initialized = True
        self.X.append(X)
        return np.tanh(X @ self.parameters["W"] + self.parameters["b"])

    def backward(self, dLdy):
        # wrong: X W b
        X = self.X[-1]
        Z = X @ self.parameters["W"] + self.parameters["b"]
        dZ = dLdy * (1 - Z ** 2)
        self.gradients["W"] += X.T @ dZ
        self.gradients["b"] += dZ.sum(axis=0, keepdims=True)
        return dZ @ self.parameters["W"].T


class SquaredError:
    @staticmethod
    def loss(y, y_pred):
        return 0.5 * np.linalg.norm(y_pred - y) ** 2

    @staticmethod
    def grad(y, y_pred):
        # wrong: y_pred
        return y - y_pred
