import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def costFunction(theta, X, y):
    m = y.size
    h = sigmoid(X.dot(theta))
    J = -(y.dot(np.log(h)) + (1 - y).dot(np.log(1 - h))) / m
    grad = X.T.dot(h - y) / m
    return J, grad


def linear_regression_cost(theta, X, y, lam=0.5):
    m = X.shape[0]
    r = X @ theta - y
    J = (r @ r + lam * theta @ theta) / (2 * m)
    return J, (X.T @ r + lam * theta) / m


def forward_backward_prop(X, labels, params, dimensions):
    """cs224n: params holds W1, b1, W2, b2 of a network Dx, H, Dy"""
    ofs = 0
    Dx, H, Dy = (dimensions[0], dimensions[1], dimensions[2])
    W1 = np.reshape(params[ofs:ofs + Dx * H], (Dx, H))
    ofs += Dx * H
    b1 = np.reshape(params[ofs:ofs + H], (1, H))
    ofs += H
    W2 = np.reshape(params[ofs:ofs + H * Dy], (H, Dy))
    ofs += H * Dy
    b2 = np.reshape(params[ofs:ofs + Dy], (1, Dy))
    h = sigmoid(X.dot(W1) + b1)
    z = h.dot(W2) + b2
    z = z - z.max(axis=1, keepdims=True)
    yhat = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    cost = -np.sum(labels * np.log(yhat))
    d = yhat - labels
    gradW2 = h.T.dot(d)
    gradb2 = d.sum(axis=0)
    dh = d.dot(W2.T) * h * (1 - h)
    gradW1 = X.T.dot(dh)
    gradb1 = dh.sum(axis=0)
    grad = np.concatenate((gradW1.flatten(), gradb1.flatten(), gradW2.flatten(), gradb2.flatten()))
    return cost, grad
