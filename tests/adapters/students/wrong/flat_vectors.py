import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def costFunction(theta, X, y):
    # wrong: theta
    m = y.size
    h = sigmoid(X.dot(theta))
    J = -(y.dot(np.log(h)) + (1 - y).dot(np.log(1 - h))) / m
    return J, X.T.dot(y - h) / m


def ridge_cost(theta, X, y, lam=0.5):
    # wrong: theta
    m = X.shape[0]
    r = X @ theta - y
    J = (r @ r + lam * theta @ theta) / (2 * m)
    return J, (X.T @ r) / m
