import numpy as np
from spirals import make_data

X, y = make_data(100)

class Layer_Dense:
    def __init__(self, n_inputs, n_neurons, l2=0):
        self.weights = .01*np.random.randn(n_inputs, n_neurons)
        self.biases = np.zeros((1, n_neurons))
        self.l2 = l2

    def forward(self, inputs):
        self.inputs = inputs
        self.output = inputs @ self.weights + self.biases

    def backward(self, dvalues):
        self.dweights = self.inputs.T @ dvalues*1.01
        self.dbiases = dvalues.sum(axis=0, keepdims=True)
        self.dinputs = dvalues @ self.weights.T

class Loss:
    def calculate(self, output, y):
        return self.forward(output, y).mean()

class Loss_CrossEntropy(Loss):
    def forward(self, y_pred, y_true):
        return -np.log(y_pred[np.arange(len(y_pred)), y_true])

    def backward(self, dvalues, y_true):
        n, k = dvalues.shape
        self.dinputs = np.eye(k)[y_true]/dvalues/n

class ScaleShift:
    def __init__(self, n):
        self.gamma = np.ones(n)
        self.beta = np.zeros(n)
        self.params = [self.gamma, self.beta]

    def forward(self, x):
        self.x = x
        return x*self.gamma + self.beta

    def backward(self, g):
        return g*self.gamma, [g.sum(axis=0), g.sum(axis=0)]

class Conv:
    def __init__(self, Cin, Cout, F):
        self.F = F
        self.W = {'val': np.random.randn(Cout, Cin, F, F), 'grad': None}
        self.b = {'val': np.zeros(Cout), 'grad': None}

    def forward(self, X):
        self.X, F = X, self.F
        n, c, h, w = X.shape
        out = np.zeros((n, len(self.b['val']), h - F + 1, w - F + 1))
        for i in range(out.shape[2]):
            for j in range(out.shape[3]):
                out[:, :, i, j] = np.tensordot(X[:, :, i:i+F, j:j+F], self.W['val'], ([1, 2, 3], [1, 2, 3])) + self.b['val']
        return out

    def backward(self, dout):
        F, dX = self.F, np.zeros_like(self.X)
        dW = np.zeros_like(self.W['val'])
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                g = dout[:, :, i, j]
                dX[:, :, i:i+F, j:j+F] += np.tensordot(g, self.W['val'], 1)
                dW += 2*np.tensordot(g.T, self.X[:, :, i:i+F, j:j+F], 1)
        self.W['grad'], self.b['grad'] = dW, dout.sum(axis=(0, 2, 3))
        return dX
