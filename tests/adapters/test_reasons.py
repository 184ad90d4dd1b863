"""What no line of a spec settles is said, instead of a line that cannot work."""

import dataclasses

import pytest

from gradcheck.adapters.scan import PROFILE, scan

COLUMNS = """
import numpy as np

def forward_prop(W1, b1, X):
    Z1 = W1 @ X + b1
    return Z1, 1 / (1 + np.exp(-Z1))

def backward_prop(Z1, A1, W1, X, Y):
    dZ1 = A1 - Y
    return dZ1 @ X.T, dZ1.sum(axis=1, keepdims=True)
"""
LABEL = """
import numpy as np

class Model:
    def __init__(self):
        self.W = np.random.randn(4, 3)

    def forward(self, x):
        self.x = x
        e = np.exp(x @ self.W)
        self.p = e / e.sum(axis=1, keepdims=True)
        return self.p

    def backward(self, label):
        self.dW = self.x.T @ (self.p - label)
"""
GLOBALS = """
import numpy as np

words = open("input.txt").read()
W = np.zeros((len(words), 3))

def loss_fun(x, y):
    z = x @ W
    dW = x.T @ (z - y)
    return 0.5 * np.sum((z - y)**2), dW
"""
BESIDE = """
import numpy as np

W = np.ones((3, 2))

def linear_forward(x):
    return x * 2, x

def linear_backward(dout, cache):
    dW = cache.T @ dout + W.sum()
    dx = 2 * dout
    return dx
"""
OF_OUTPUT = """
import numpy as np

class Sigmoid:
    def forward(self, x):
        self.y = 1 / (1 + np.exp(-x))
        return self.y

    def backward(self, y):
        return y * self.y * (1 - self.y)
"""
QUICK = dataclasses.replace(PROFILE, inputs=4)


def scanned(text, tmp_path):
    path = tmp_path / "file.py"
    path.write_text(text)
    *layers, _ = scan(path, {}, QUICK)
    (layer,) = layers
    return layer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (COLUMNS, "takes Y, so that its gradients are those of a loss"),
        (LABEL, "takes label, so that its gradients are those of a loss"),
        (GLOBALS, "computes gradients for W, which are variables of the module"),
    ],
)
def test_what_no_spec_settles_is_said(text, said, tmp_path):
    layer = scanned(text, tmp_path)
    assert said in layer.reason
    assert layer.spec == ""


def test_variables_of_the_module_beside_what_is_checked_are_named(tmp_path):
    layer = scanned(BESIDE, tmp_path)
    assert layer.verdict == "pass", layer
    assert "W are variables of the module: gradients of them are not checked" in layer.notes


def test_a_cotangent_that_is_called_y_is_one(tmp_path):
    assert scanned(OF_OUTPUT, tmp_path).verdict == "pass"
