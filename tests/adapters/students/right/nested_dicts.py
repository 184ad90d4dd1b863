import numpy as np


class FC():
    def __init__(self, D_in, D_out):
        self.cache = None
        self.W = {'val': np.random.normal(0.0, np.sqrt(2 / D_in), (D_in, D_out)), 'grad': 0}
        self.b = {'val': np.random.randn(D_out), 'grad': 0}

    def _forward(self, X):
        out = np.dot(X, self.W['val']) + self.b['val']
        self.cache = X
        return out

    def _backward(self, dout):
        X = self.cache
        dX = np.dot(dout, self.W['val'].T).reshape(X.shape)
        self.W['grad'] = np.dot(X.reshape(X.shape[0], np.prod(X.shape[1:])).T, dout)
        self.b['grad'] = np.sum(dout, axis=0)
        return dX


class ReLU():
    def __init__(self):
        self.cache = None

    def _forward(self, X):
        out = np.maximum(0, X)
        self.cache = X
        return out

    def _backward(self, dout):
        X = self.cache
        dX = np.array(dout, copy=True)
        dX[X <= 0] = 0
        return dX


class Conv1x1:
    """returns a list of parameter gradients beside dX"""

    def __init__(self, W, b):
        self.params = [W, b]

    def forward(self, X):
        self.X = X
        W, b = self.params
        return np.einsum('ncl,cf->nfl', X, W) + b[:, None]

    def backward(self, dout):
        W, b = self.params
        dW = np.einsum('ncl,nfl->cf', self.X, dout)
        db = dout.sum(axis=(0, 2))
        dX = np.einsum('nfl,cf->ncl', dout, W)
        return dX, [dW, db]
