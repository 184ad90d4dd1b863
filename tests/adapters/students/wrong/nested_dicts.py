import numpy as np


class FC():
    # its gradients pile up, and nothing empties them
    def __init__(self, D_in, D_out):
        self.cache = None
        self.W = {'val': np.random.normal(0.0, 1.0, (D_in, D_out)), 'grad': 0}
        self.b = {'val': np.random.randn(D_out), 'grad': 0}

    def _forward(self, X):
        self.cache = X
        return np.dot(X, self.W['val']) + self.b['val']

    def _backward(self, dout):
        # wrong: W
        X = self.cache
        self.W['grad'] = self.W['grad'] + np.dot(X.T, dout)
        self.b['grad'] = np.sum(dout, axis=0)
        return np.dot(dout, self.W['val'].T)
