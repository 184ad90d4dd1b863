"""Networks whose labels come to backward alone: the loss is told by arithmetic, or asked for."""

import dataclasses

import numpy as np
import pytest

from gradcheck import DeclarationError, check, real
from gradcheck.adapters import names
from gradcheck.adapters.definitions import definitions_of
from gradcheck.adapters.judgements import outcomes_of
from gradcheck.adapters.layers import declare
from gradcheck.adapters.loss_readings import read_with_loss
from gradcheck.adapters.losses import LOSSES, Misfit, value
from gradcheck.adapters.one_hot import one_hot
from gradcheck.adapters.scan import PROFILE, scan
from gradcheck.adapters.sightings import sightings

COLUMNS = """
import numpy as np

def forward_propagation(X, parameters):
    A1 = np.tanh(parameters["W1"] @ X)
    Z2 = parameters["W2"] @ A1
    A2 = 1 / (1 + np.exp(-Z2))
    return A2, {"A1": A1, "A2": A2}

def backward_propagation(parameters, cache, X, Y):
    m = X.shape[1]
    A1, A2 = cache["A1"], cache["A2"]
    dZ2 = A2 - Y
    dW2 = dZ2 @ A1.T / m
    dZ1 = parameters["W2"].T @ dZ2 * (1 - A1**2)
    dW1 = dZ1 @ X.T / m
    return {"dW1": dW1, "dW2": dW2}
"""
CLASS = """
import numpy as np

class Classifier:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)

    def forward(self, X):
        z = X @ self.W + self.b
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.probs = e / e.sum(axis=1, keepdims=True)
        return self.probs

    def backward(self, X, y, lr=0.1):
        d = self.probs.copy()
        d[np.arange(len(y)), y] -= 1
        self.dW, self.db = X.T @ d, d.sum(axis=0)
"""
#: It steps at no rate that anything is told.
STEPPING = (
    (", lr=0.1", ""),
    ("self.dW, self.db = X.T @ d, d", "self.W, self.b = self.W - X.T @ d, self.b - d"),
)
QUICK = dataclasses.replace(PROFILE, inputs=12)


#: The backward function calls the data otherwise.
TRAINED = """
import numpy as np


def forward_net(x_train, parameters):
    A1 = np.tanh(parameters["weight1"] @ x_train)
    A2 = 1 / (1 + np.exp(-(parameters["weight2"] @ A1)))
    return A2, {"A1": A1}


def backward_net(parameters, cache, X, Y, A2):
    dZ2 = A2 - Y
    dZ1 = parameters["weight2"].T @ dZ2 * (1 - cache["A1"] ** 2)
    return {"dweight1": dZ1 @ X.T, "dweight2": dZ2 @ cache["A1"].T}
"""
#: The method for the loss says what y is.
OUTPUT = """
import numpy as np


class Output:
    def forward(self, scores):
        e = np.exp(scores - scores.max(1, keepdims=True))
        self.probs = e / e.sum(1, keepdims=True)
        return self.probs

    def loss(self, y):
        return -np.log(self.probs[np.arange(len(y)), y]).sum()

    def backward(self, y):
        d = self.probs.copy()
        d[np.arange(len(y)), y] -= 1
        return d
"""
#: Of the sizes that it is written for.
WRITTEN = """
import numpy as np


class Net:
    def __init__(self, sizes=(4, 5, 3)):
        self.W1 = np.random.randn(sizes[0], sizes[1]) / 2
        self.W2 = np.random.randn(sizes[1], sizes[2]) / 2

    def forward(self, X):
        self.h = np.tanh(np.dot(X, self.W1))
        return np.tanh(np.dot(self.h, self.W2))

    def backward(self, X, y, o):
        delta = (y - o) * (1 - o**2)
        self.W1 += X.T.dot(delta.dot(self.W2.T) * (1 - self.h**2))
        self.W2 += self.h.T.dot(delta)
"""


#: Made of its data and its targets, with one size of its own.
MADE = """
import numpy as np


class Net:
    def __init__(self, x, y):
        self.input, self.y = x, y
        self.weights1 = np.random.rand(x.shape[1], 4)
        self.weights2 = np.random.rand(4, 1)

    def feedforward(self):
        self.layer1 = np.tanh(self.input @ self.weights1)
        self.output = self.layer1 @ self.weights2

    def backprop(self):
        delta = 2 * (self.y - self.output)
        d_weights2 = self.layer1.T @ delta
        self.weights1 += self.input.T @ (delta @ self.weights2.T * (1 - self.layer1**2))
        self.weights2 += d_weights2
"""


#: A step of training; what it predicts is turned around, as its targets are.
STEP = """
import numpy as np


class Net:
    def __init__(self, inputnodes, hiddennodes, outputnodes, learningrate):
        self.wih = np.random.randn(hiddennodes, inputnodes)
        self.who = np.random.randn(outputnodes, hiddennodes)
        self.lr = learningrate

    def train(self, inputs_list, targets_list):
        inputs = np.array(inputs_list, ndmin=2).T
        targets = np.array(targets_list, ndmin=2).T
        hidden = np.tanh(self.wih @ inputs)
        delta = targets - self.who @ hidden
        step = self.who.T @ delta * (1 - hidden**2)
        self.who += self.lr * delta @ hidden.T
        self.wih += self.lr * step @ inputs.T

    def query(self, inputs_list):
        return self.who @ np.tanh(self.wih @ np.array(inputs_list, ndmin=2).T)
"""
#: What is taken away from what was predicted is to be predicted.
AWAY = """
import numpy as np


class Regressor:
    def __init__(self, n_features):
        self.w_, self.b_ = np.random.randn(n_features), np.zeros(1)

    def forward(self, X):
        self.X, self.out = X, X @ self.w_ + self.b_
        return self.out

    def backward(self, Y):
        delta = (self.out - Y) / len(Y)
        dw_, db_ = self.X.T @ delta, np.array([delta.sum()])
        return dw_, db_
"""
#: With a loss of its own, which says what the gradients are of.
OWN = """
import numpy as np


class Perceptron:
    def __init__(self, n_inputs, n_outputs, eta=0.1):
        self.w, self.eta = np.random.randn(n_inputs, n_outputs), eta

    def predict(self, X):
        return 1 / (1 + np.exp(-(X @ self.w)))

    def loss(self, X, y):
        return 0.5 * np.sum((self.predict(X) - y) ** 2)

    def train_step(self, X, y):
        out = self.predict(X)
        self.w -= self.eta * X.T @ ((out - y) * out * (1 - out))
"""


def scanned(text, tmp_path, *changes):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "network.py"
    path.write_text(text)
    *layers, _ = scan(path, {}, QUICK, told=False)
    (layer,) = layers
    return layer


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        (COLUMNS, (), "binary cross-entropy of what it predicts, summed, times 1/n"),
        (
            COLUMNS,
            (("dZ2 = A2 - Y", "dZ2 = (A2 - Y) * A2 * (1 - A2)"), (" / m", "")),
            "half squared error of what it predicts, summed",
        ),
        (CLASS, (), "cross-entropy of what it predicts, summed"),
        (CLASS, STEPPING, "cross-entropy of what it predicts, summed"),
        (TRAINED, (), "binary cross-entropy of what it predicts, summed"),
        (OUTPUT, (), "what its method loss gives"),
        (WRITTEN, (), "half squared error of what it predicts, summed"),
        (MADE, (), "half squared error of what it predicts, summed, times 2"),
        (STEP, (), "half squared error of what it predicts, summed"),
        (OWN, (), "what its method loss gives"),
        (AWAY, (), "half squared error of what it predicts, summed, times 1/n"),
    ],
)
def test_the_loss_of_which_all_gradients_are_is_assumed(text, changes, said, tmp_path):
    layer = scanned(text, tmp_path, *changes)
    assert layer.verdict == "pass", layer
    the = "" if said.startswith("what") else "the "
    assert layer.assumptions[-1] == f"its gradients are those of {the}{said}"


def test_a_step_is_held_to_the_loss_of_its_own(tmp_path):
    (tmp_path / "network.py").write_text(OWN.replace(" * out * (1 - out)", ""))
    (sighting,) = sightings(definitions_of(tmp_path / "network.py"))
    declared = read_with_loss(sighting).declared
    (outcome,) = [one for _, one in outcomes_of(declared, QUICK, simplify=False)]
    assert outcome.record.status == "fail"


def test_a_loss_of_its_own_leaves_no_constant_open(tmp_path):
    layer = scanned(OUTPUT, tmp_path, ("        return d\n", "        return d / len(y)\n"))
    assert layer.verdict != "pass"


def test_what_is_no_gradient_of_the_loss_that_the_others_are_of_is_wrong(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "gradcheck.adapters.layer_scan.outcomes_of",
        lambda declared, profile, **_: outcomes_of(declared, profile, simplify=False),
    )
    layer = scanned(CLASS, tmp_path, ("d.sum(axis=0)", "-d.sum(axis=0)"))
    assert {one.name: one.verdict for one in layer.gradients} == {"W": "pass", "b": "fail"}


def test_where_no_loss_fits_it_is_asked_for(tmp_path):
    layer = scanned(CLASS, tmp_path, ("-= 1", "-= 2"))
    assert "they are those of none of cross-entropy, " in layer.reason
    ascending = scanned(
        CLASS, tmp_path, ("d = self.probs.copy()", "d = -self.probs"), ("-= 1", "+= 1")
    )
    assert "they are -1 times those of the cross-entropy" in ascending.reason
    assert layer.spec == (
        'Classifier = { X = "…", y = "…", names = { loss = "cross-entropy", '
        'init = { n_in = "…", n_out = "…" } } }'
    )


def test_losses_are_sums_over_samples_of_rows_or_of_columns():
    p, labels = np.array([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]]), np.array([1, 2])
    assert value("cross-entropy", p, labels) == pytest.approx(-np.log(0.5) - np.log(0.8))
    assert value("cross-entropy of columns", p.T, labels) == value("cross-entropy", p, labels)
    hot = np.eye(3)[labels]
    assert value("half squared error", p, hot) == pytest.approx(0.5 * np.sum((p - hot) ** 2))
    for loss in LOSSES:
        with pytest.raises(Misfit, match="is predicted, and the targets are"):
            value(loss, p, hot[:1])
    with pytest.raises(DeclarationError, match="loss = 'entropy'; it is one of"):
        names(loss="entropy")


def test_a_single_one_may_stand_in_columns():
    drawn = one_hot("c n", axis=0).draw(np.random.default_rng(1), {"c": 3, "n": 5}, "normal", {})
    assert drawn.shape == (3, 5)
    assert np.all(drawn.sum(axis=0) == 1)
    smaller = one_hot("c n", axis=0).resize(drawn, {"c": 2, "n": 4})
    assert one_hot("c n", axis=0).contains(smaller, {"c": 2, "n": 4}, {})


def test_a_loss_is_declared():
    def forward(X, W):
        return X @ W

    def backward(X, y, W):
        return X.T @ (X @ W - y)

    given = {
        "X": real("n d", differentiate=False),
        "W": "d 1",
        "y": real("n 1", differentiate=False),
    }
    declared = declare((forward, backward, names(loss="half squared error")), given)
    check(declared, inputs=14, profile="ci")
