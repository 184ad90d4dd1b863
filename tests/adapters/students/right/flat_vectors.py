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


def sparse_autoencoder_cost(theta, visible_size, hidden_size, lambda_, sparsity_param, beta, data):
    hv = hidden_size * visible_size
    W1 = theta[0:hv].reshape(hidden_size, visible_size)
    W2 = theta[hv:2 * hv].reshape(visible_size, hidden_size)
    b1 = theta[2 * hv:2 * hv + hidden_size]
    b2 = theta[2 * hv + hidden_size:]
    m = data.shape[1]
    z2 = W1.dot(data) + np.tile(b1, (m, 1)).T
    a2 = sigmoid(z2)
    z3 = W2.dot(a2) + np.tile(b2, (m, 1)).T
    h = sigmoid(z3)
    rho_hat = np.sum(a2, axis=1) / m
    rho = np.tile(sparsity_param, hidden_size)
    cost = np.sum((h - data) ** 2) / (2 * m) + lambda_ / 2 * (np.sum(W1 ** 2) + np.sum(W2 ** 2)) + \
        beta * np.sum(rho * np.log(rho / rho_hat) + (1 - rho) * np.log((1 - rho) / (1 - rho_hat)))
    sd = np.tile(-rho / rho_hat + (1 - rho) / (1 - rho_hat), (m, 1)).T
    delta3 = -(data - h) * h * (1 - h)
    delta2 = (W2.T.dot(delta3) + beta * sd) * a2 * (1 - a2)
    W1grad = delta2.dot(data.T) / m + lambda_ * W1
    W2grad = delta3.dot(a2.T) / m + lambda_ * W2
    b1grad = np.sum(delta2, axis=1) / m
    b2grad = np.sum(delta3, axis=1) / m
    grad = np.concatenate((W1grad.reshape(hv), W2grad.reshape(hv), b1grad, b2grad))
    return cost, grad

def softmax_cost(theta, num_classes, input_size, lambda_, data, labels):
    m = data.shape[1]
    theta = theta.reshape(num_classes, input_size)
    s = theta.dot(data)
    s = s - s.max(axis=0)
    p = np.exp(s) / np.sum(np.exp(s), axis=0)
    I = np.eye(num_classes)[:, labels]
    cost = -np.sum(I * np.log(p)) / m + lambda_ / 2 * np.sum(theta * theta)
    grad = -(I - p).dot(data.T) / m + lambda_ * theta
    return cost, grad.ravel()

def nnCostFunction(nn_params, input_layer_size, hidden_layer_size, num_labels, X, y, Lambda):
    Theta1 = np.reshape(nn_params[0:hidden_layer_size * (input_layer_size + 1)], (hidden_layer_size, input_layer_size + 1))
    Theta2 = np.reshape(nn_params[hidden_layer_size * (input_layer_size + 1):], (num_labels, hidden_layer_size + 1))
    m = X.shape[0]
    X = np.c_[np.ones(m), X]
    a2 = np.c_[np.ones(m), sigmoid(X.dot(Theta1.T))]
    h = sigmoid(a2.dot(Theta2.T))
    Y = np.zeros((m, num_labels))
    for i in range(m):
        Y[i, y[i] - 1] = 1
    J = -np.sum(Y * np.log(h) + (1 - Y) * np.log(1 - h)) / m + Lambda / 2 / m * (np.sum(Theta1[:, 1:] ** 2) + np.sum(Theta2[:, 1:] ** 2))
    d3 = h - Y
    d2 = d3.dot(Theta2)[:, 1:] * a2[:, 1:] * (1 - a2[:, 1:])
    g1 = d2.T.dot(X) / m
    g2 = d3.T.dot(a2) / m
    g1[:, 1:] += Lambda / m * Theta1[:, 1:]
    g2[:, 1:] += Lambda / m * Theta2[:, 1:]
    return J, np.r_[g1.ravel(), g2.ravel()]
