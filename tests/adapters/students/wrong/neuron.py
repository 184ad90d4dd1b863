import numpy as np

def sig(z):
    return 1/(1+np.exp(-z))

# one logistic neuron, examples are the columns of X
def propagate(w, b, X, Y):
    m = X.shape[1]
    A = sig(w.T @ X + b)
    cost = -(Y*np.log(A) + (1-Y)*np.log(1-A)).sum()/m
    E = A - Y
    grads = {'dw': X @ E.T, 'db': E.sum()/m}
    return grads, cost
