"""What no line of a spec settles is said, instead of a line that cannot work."""

import dataclasses

from gradcheck.adapters.scan import PROFILE, scan

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
        self.dW = self.x.T @ (self.p - 2 * label)
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
    *layers, _ = scan(path, {}, QUICK, told=False)
    (layer,) = layers
    return layer


def test_variables_of_the_module_are_given_as_arguments(tmp_path):
    layer = scanned(GLOBALS, tmp_path)
    assert layer.verdict == "pass", layer
    assert "W" in layer.inputs
    assert "W, which are variables of the module, are given as arguments" in layer.assumptions
    wrong = scanned(GLOBALS.replace("x.T @ (z - y)", "2 * x.T @ (z - y)"), tmp_path)
    assert [one.name for one in wrong.gradients if one.verdict != "pass"] == ["W"]


def test_what_no_spec_settles_is_said(tmp_path):
    layer = scanned(GLOBALS.replace("0.5 * np.sum", "z.nothing + np.sum"), tmp_path)
    assert layer.reason
    assert layer.verdict != "pass"


def test_of_which_loss_gradients_are_is_for_a_spec_to_say(tmp_path):
    layer = scanned(LABEL, tmp_path)
    assert "takes label, so that its gradients are those of a loss" in layer.reason
    assert 'names = { loss = "cross-entropy" }' in layer.spec


def test_variables_of_the_module_beside_what_is_checked_are_named(tmp_path):
    layer = scanned(BESIDE, tmp_path)
    assert layer.verdict == "pass", layer
    assert "W are variables of the module: gradients of them are not checked" in layer.notes


def test_a_cotangent_that_is_called_y_is_one(tmp_path):
    assert scanned(OF_OUTPUT, tmp_path).verdict == "pass"
