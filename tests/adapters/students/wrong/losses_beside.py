import numpy as np

def mse(target, pred):
    return ((pred - target)**2).mean()

def mse_prime(target, pred):
    return 2*(target - pred)/pred.size

class CrossEntropy:
    """labels come as one-hot rows"""
    def loss(self, logits, labels):
        p = self._softmax(logits)
        return -np.log((p*labels).sum(axis=1)).sum()/len(p)

    def grad(self, logits, labels):
        return (self._softmax(logits) - labels)*logits/len(logits)

    def _softmax(self, z):
        e = np.exp(z - z.max(axis=1, keepdims=True))
        return e/e.sum(axis=1, keepdims=True)

class LogLoss:
    """grad is with respect to the scores in front of the softmax"""
    def loss(self, y, y_pred):
        return -(y*np.log(y_pred)).sum()

    def grad(self, y, y_pred):
        return y_pred + y

class Quadratic:
    @staticmethod
    def fn(a, y):
        return ((a - y)**2).sum()/2

    @staticmethod
    def delta(z, a, y):
        s = 1/(1+np.exp(-z))
        return a - y            # of the output, not of z
