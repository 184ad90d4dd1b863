"""Layers whose names say nothing, right and with bugs: no guess makes a bug pass.

A guess of sizes and of layout is judged by what runs; a scale, a sign or a transpose is never
guessed in a rule's favour.
"""

import dataclasses

import numpy as np
import pytest

from gradcheck import real
from gradcheck.adapters.layers import declare
from gradcheck.adapters.scan import PROFILE, scan
from gradcheck.adapters.scan_report import FileReport
from gradcheck.adapters.second_readings import _mixes_samples
from gradcheck.adapters.settling import Reading

CLASS = """
class {name}:
    def __init__(self{given}):
        {kept}

    def forward(self, x):
        {forward}

    def backward(self, dout):
        {backward}
"""


def layer(name, parameters, forward, backward):
    given = "".join(f", {one}" for one in parameters)
    kept = "; ".join(f"self.{one} = {one}" for one in parameters) or "pass"
    lines = [text.replace("\n", "\n        ") for text in (forward, backward)]
    return CLASS.format(name=name, given=given, kept=kept, forward=lines[0], backward=lines[1])


#: Layers, and what is to be replaced in each by what.
LAYERS = {
    "Projection": (
        layer(
            "Projection", ["W"], "self.x = x\nreturn np.dot(x, self.W)",
            "self.dW = np.dot(self.x.T, dout)\nreturn np.dot(dout, self.W.T)",
        ),
        ("self.W.T)", "self.W)"), ("self.x.T, dout)", "self.x, dout)"),
        ("self.x.T, dout)", "self.x.T, dout) / len(self.x)"),
    ),
    "Combine": (
        layer(
            "Combine", ["W", "b"], "self.x = x\nreturn x.dot(self.W) + self.b",
            "self.dW = self.x.T.dot(dout)\nself.db = dout.sum(axis=0)\nreturn dout.dot(self.W.T)",
        ),
        ("self.W.T)", "self.W)"), ("dout.sum(axis=0)", "dout.mean(axis=0)"),
    ),
    "Mixer": (
        layer(
            "Mixer", ["W", "b"], "self.x = x\nreturn self.W @ x + self.b",
            "self.dW = dout @ self.x.T\nself.db = dout.sum(axis=1, keepdims=True)\n"
            "return self.W.T @ dout",
        ),
        ("dout @ self.x.T", "self.x @ dout.T"),
        ("dout @ self.x.T", "dout @ self.x.T / self.x.shape[1]"),
    ),
    "Warp": (
        layer(
            "Warp", [], "self.x = x\nreturn x * np.tanh(x)",
            "t = np.tanh(self.x)\nreturn dout * (t + self.x * (1 - t**2))",
        ),
        ("return dout", "return -dout"), ("return dout", "return dout / len(dout)"),
    ),
    "Gate": (
        layer(
            "Gate", ["w"], "self.x = x\nreturn x * self.w",
            "self.dw = dout * self.x\nreturn dout * self.w",
        ),
        ("self.dw = dout", "self.dw = -dout"), ("self.dw = dout", "self.dw = dout / len(dout)"),
    ),
    "Centering": (
        layer("Centering", [], "return x - x.mean(axis=0)", "return dout - dout.mean(axis=0)"),
        ("dout.mean(axis=0)", "dout.sum(axis=0)"),
        ("dout.mean(axis=0)", "dout.mean(axis=1, keepdims=True)"),
    ),
    "Gram": (
        layer("Gram", [], "self.x = x\nreturn x @ x.T", "return (dout + dout.T) @ self.x"),
        ("dout + dout.T", "2 * dout"), ("(dout +", "-(dout +"),
    ),
    # Of rows of one column the output is constant, and any bug that is a multiple of it passes.
    "Squash": (
        layer(
            "Squash", [],
            "e = np.exp(x - np.max(x))\nself.s = e / e.sum(axis=0)\nreturn self.s",
            "return (np.diag(self.s) - np.outer(self.s, self.s)) @ dout",
        ),
        ("np.diag(self.s) - np.outer(self.s, self.s)", "np.diag(self.s * (1 - self.s))"),
    ),
    "mix": (
        """
def mix_forward(x, w):
    return x.dot(w.T), (x, w)


def mix_backward(dout, cache):
    x, w = cache
    return dout.dot(w), dout.T.dot(x)
""",
        ("dout.dot(w)", "dout.dot(w.T)"), ("dout.T.dot(x)", "dout.T.dot(x) / len(x)"),
    ),
    "Objective": (
        """
class Objective:
    def forward(self, pred, target):
        self.pred, self.target = pred, target
        return np.mean((pred - target) ** 2)

    def backward(self):
        return 2 * (self.pred - self.target) / self.pred.size
""",
        (" / self.pred.size", ""), ("2 * (", "-2 * ("),
    ),
    "ridge": (
        """
def ridge(theta, X, y):
    r = X @ theta - y
    return 0.5 * np.mean(r**2), X.T @ r / len(y)
""",
        (" / len(y)", ""), (" / len(y)", " / theta.size"),
    ),
    # With the default the penalty is not there to be wrong.
    "penalty": (
        """
def cost(theta, X, y, reg=0.0):
    r = X @ theta - y
    J = 0.5 * np.sum(r**2) + reg * np.sum(theta**2)
    return J, X.T @ r + 2 * reg * theta
""",
        ("2 * reg", "reg"),
    ),
    "loss beside its gradient": (
        """
class LogLoss:
    def loss(self, y, y_pred):
        return -(y * np.log(y_pred)).sum()

    def grad(self, y, y_pred):
        return -y / y_pred
""",
        ("-y / y_pred", "y_pred - y"), ("-y / y_pred", "y / y_pred"),
    ),
    "derivatives": (
        """
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_prime(x):
    return sigmoid(x) * (1 - sigmoid(x))


def tanh(x):
    return np.tanh(x)


def tanh_prime(x):
    return 1 - np.tanh(x) ** 2
""",
        ("- np.tanh(x) ** 2", "- x**2"), ("1 - np.tanh", "-1 + np.tanh"),
    ),
}  # fmt: skip
CASES = [(name, bug) for name, (_, *bugs) in LAYERS.items() for bug in (None, *bugs)]


def verdicts(tmp_path, text, *, told=False):
    path = tmp_path / "found.py"
    path.write_text(f"import numpy as np\n{text}", encoding="utf-8")
    *layers, _ = scan(path, {}, dataclasses.replace(PROFILE, inputs=28), told=told)
    return layers


@pytest.mark.parametrize(("name", "bug"), CASES)
def test_a_guess_makes_no_bug_pass(name, bug, tmp_path):
    text, *_ = LAYERS[name]
    if bug is not None:
        before, after = bug
        head, found, tail = text.rpartition(before)
        assert found
        text = head + after + tail
    layers = verdicts(tmp_path, text)
    assert layers
    passed = all(layer.verdict == "pass" for layer in layers)
    assert passed == (bug is None), [(one.name, one.verdict, one.assumptions) for one in layers]


PASSED_ON = """
class SoftMax:
    def forward(self, Z):
        e = np.exp(Z - Z.max(axis=0))
        return e / e.sum(axis=0)

    def backward(self, dLdZ):
        return dLdZ
"""
NLL = """
class NLL:
    def forward(self, Ypred, Y):
        self.Ypred, self.Y = Ypred, Y
        return float(np.sum(-Y * np.log(Ypred)))

    def backward(self):
        return self.Ypred - self.Y
"""


@pytest.mark.parametrize(("text", "verdict"), [(PASSED_ON, "fail"), (PASSED_ON + NLL, "undecided")])
def test_a_softmax_that_passes_its_cotangent_on_is_asked_about_beside_a_loss(
    text, verdict, tmp_path
):
    path = tmp_path / "found.py"
    path.write_text(f"import numpy as np\n{text}", encoding="utf-8")
    layer = next(scan(path, {}, dataclasses.replace(PROFILE, inputs=6)))
    assert layer.verdict == verdict
    if verdict == "undecided":
        assert "right if NLL gives the gradient" in layer.gradients[0].message


OF_LOGITS = """
class SquaredError:
    def loss(self, y, y_pred):
        return 0.5 * np.sum((y_pred - y)**2)

    def grad(self, y, y_pred, z, act_fn):
        return (y_pred - y) * act_fn.grad(z)
"""


def test_what_was_guessed_is_said_with_the_line_that_settles_it(tmp_path):
    text, *_ = LAYERS["Projection"]
    (layer,) = verdicts(tmp_path, text.replace("self.W.T)", "self.W)"))
    assert layer.reason.startswith('at x = "n d", W = "d m" its forward function runs and its ')
    assert 'at x = "n", W = "n" both run' in layer.reason
    assert layer.spec == 'Projection = { x = "n d", W = "d m" }'
    text, *_ = LAYERS["loss beside its gradient"]
    (layer,) = verdicts(tmp_path, text.replace("-y / y_pred", "y_pred - y"))
    assert "what a softmax took" in layer.gradients[0].message
    assert 'names = { through = "softmax" }' in layer.spec
    # A word about it in the source is enough.
    said = text.replace("-y / y_pred", "y_pred - y  # of the logits")
    assert [one.verdict for one in verdicts(tmp_path, said)] == ["pass"]
    # So is another loss of the file whose gradient is of what the activation took.
    beside = f"{text.replace('-y / y_pred', 'y_pred - y')}\n{OF_LOGITS}"
    assert [one.verdict for one in verdicts(tmp_path, beside)] == ["pass", "pass"]


GUARDED = """
def softmax(x):
    x = x - x.max(axis=-1, keepdims=True)
    return np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)


def cross_entropy_error(y, t):
    if t.size == y.size:
        t = t.argmax(axis=1)
    batch_size = y.shape[0]
    # so that the logarithm stays finite
    return -np.sum(np.log(y[np.arange(batch_size), t] + 1e-7)) / batch_size


class SoftmaxWithLoss:
    def __init__(self):
        self.y, self.t = None, None

    def forward(self, x, t):
        self.t = t
        self.y = softmax(x)
        return cross_entropy_error(self.y, self.t)

    def backward(self, dout=1):
        dx = self.y.copy()
        dx[np.arange(len(dx)), self.t] -= 1
        return dx / len(dx) * dout
"""


def test_a_small_number_that_keeps_a_loss_finite_is_told_from_a_mistake(tmp_path):
    (layer,) = verdicts(tmp_path, GUARDED)
    assert layer.verdict == "pass"
    assert "1e-07 in its forward function only keeps it finite" in " ".join(layer.assumptions)
    # It may have a name; a sum for a mean beside it is a convention still.
    summed = GUARDED.replace("dx / len(dx)", "dx")
    of_the_file = f"TINY = 1e-7\n{summed}".replace("+ 1e-7", "+ TINY")
    of_the_object = (
        summed.replace("self.y, self.t = None, None", "self.small = 1e-7")
        .replace("(self.y, self.t)", "(self.y, self.t, self.small)")
        .replace("(y, t):", "(y, t, small):")
        .replace("+ 1e-7", "+ small")
    )
    for text in (summed, of_the_file, of_the_object):
        (layer,) = verdicts(tmp_path, text)
        assert (layer.verdict, layer.gradients[0].scale) == ("scaled", "n")
        assert "1e-07 in its forward function only keeps it finite" in " ".join(layer.assumptions)
    (layer,) = verdicts(tmp_path, GUARDED.replace("-= 1", "-= 1 + 1e-5"))
    assert layer.verdict == "fail"


COLUMN = """
class Dense:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_out, n_in)
        self.b = np.random.randn(n_out, 1)

    def forward(self, a):
        self.a = a
        return self.W @ a + self.b

    def backward(self, dz):
        self.dW = np.outer(dz, self.a)
        self.db = dz
        return self.W.T @ dz
"""


def test_a_layer_that_is_written_for_one_column_is_judged_for_one(tmp_path):
    (layer,) = verdicts(tmp_path, COLUMN)
    assert layer.verdict == "pass"
    assert layer.inputs["a"] == "d 1"
    assert "it is for one sample at a time" in " ".join(layer.assumptions)
    # It is accused of what is wrong there, and of nothing else.
    (layer,) = verdicts(tmp_path, COLUMN.replace("self.db = dz", "self.db = -dz"))
    assert {one.name: one.verdict for one in layer.gradients} == {
        "a": "pass", "W": "pass", "b": "fail"
    }  # fmt: skip
    # One gradient that is right for a batch shows that a batch is meant.
    (layer,) = verdicts(tmp_path, COLUMN.replace("np.outer(dz, self.a)", "dz @ self.a.T"))
    assert {one.name: one.verdict for one in layer.gradients} == {
        "a": "pass", "W": "pass", "b": "fail"
    }  # fmt: skip
    assert "right for one sample, wrong for a batch of more" in layer.gradients[-1].mistakes


UNSUMMED = """
class Scale:
    def __init__(self, alpha):
        self.alpha = alpha

    def forward(self, x):
        self.x = x
        return x * self.alpha

    def backward(self, dout):
        self.dalpha = dout * self.x
        return dout * self.alpha
"""


def test_a_sum_over_the_samples_that_is_missing_is_no_sign_of_one_sample(tmp_path):
    (layer,) = verdicts(tmp_path, UNSUMMED, told=True)
    assert {one.name: one.verdict for one in layer.gradients} == {"x": "pass", "alpha": "fail"}
    assert "dalpha: not summed over axis 0" in layer.gradients[-1].mistakes


NUMBERS = """
import math

class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._backward = data, 0, lambda: None

    def __mul__(self, other):
        out = Value(self.data * other.data, (self, other))

        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out

    def relu(self):
        out = Value(0 if self.data < 0 else math.sqrt(self.data**2), (self,))

        def _backward():
            self.grad += (out.data > 0) * out.grad
        out._backward = _backward
        return out

    def backward(self):
        self.grad = 1
        self._backward()
"""


def test_a_function_without_a_name_is_called_as_its_variable(tmp_path):
    text = "cube = lambda x: x**3\nd_cube = lambda x: 3 * x**2\n"
    assert [(one.name, one.verdict) for one in verdicts(tmp_path, text)] == [("cube", "pass")]


def test_an_operator_of_numbers_may_give_a_whole_one(tmp_path):
    _, relu = verdicts(tmp_path, NUMBERS)
    assert relu.name == "Value_relu"
    assert relu.verdict == "pass"
    assert relu.inputs == {"a": 'real("")'}


ROWS = """
class Scale:
    def __init__(self, W, b, f, df):
        self.W, self.b, self.f, self.df = W, b, f, df

    def forward(self, x):
        self.x = x
        self.y = self.f(x * self.W + self.b)
        return self.y

    def backward(self, g):
        g = g * self.df(self.y)
        self.dW, self.db = (g * self.x).sum(axis=0), g.sum(axis=0)
        return g * self.W
"""


def test_what_a_layer_is_made_with_is_found_and_said(tmp_path):
    (layer,) = verdicts(
        tmp_path, ROWS.replace("self.df(self.y)", "self.df(self.x * self.W + self.b)")
    )
    assert layer.verdict == "pass"
    assert "it is made with f = tanh" in layer.assumptions
    assert 'W and b = "d", at which it is right' in layer.assumptions
    (layer,) = verdicts(tmp_path, ROWS.replace("g.sum(axis=0)", "g.mean(axis=0)"))
    assert layer.verdict == "fail"


def test_an_activation_whose_derivative_is_given_the_output(tmp_path):
    text = layer(
        "Act", ["f", "df"], "self.y = self.f(x)\nreturn self.y", "return dout * self.df(self.y)"
    )
    (found,) = verdicts(tmp_path, text)
    assert found.verdict == "pass"
    assert "df is given what the activation gave" in found.assumptions
    (found,) = verdicts(tmp_path, text.replace("dout *", "-dout *"))
    assert found.verdict == "fail"


def test_a_derivative_of_what_is_taken_beside_it_asks_which_is_meant(tmp_path):
    text = layer(
        "Act", ["f", "df"], "self.y = self.f(x)\nreturn self.y", "return dout * self.df(self.y)"
    )
    text += "def tanh(x):\n    return np.tanh(x)\n\n\n"
    taken = text + "def tanh_prime(x):\n    return 1 - np.tanh(x) ** 2\n"
    found = verdicts(tmp_path, taken)[0]
    assert (found.verdict, found.gradients[0].verdict) == ("undecided", "undecided")
    assert "as tanh_prime of tanh in this file is: is it meant?" in found.gradients[0].message
    assert 'names = { init = { df = { function = "…" } } }' in found.spec
    given = text + "def tanh_prime(y):\n    return 1 - y**2\n"
    assert verdicts(tmp_path, given)[0].verdict == "pass"


def test_gradients_in_another_order_than_their_inputs_are_noted(tmp_path):
    text = (
        "def affine_forward(x, w, b):\n    return x @ w + b, (x, w)\n\n\n"
        "def affine_backward(dout, cache):\n    x, w = cache\n    dx = dout @ w.T\n"
        "    dw, db = x.T @ dout, dout.sum(axis=0)\n    return dx, dw, db\n"
    )
    (found,) = verdicts(tmp_path, text)
    assert (found.verdict, found.notes) == ("pass", [])
    (found,) = verdicts(tmp_path, text.replace("dx, dw, db", "dx, db, dw"))
    assert (found.verdict, found.side_effects) == ("pass", [])
    assert "in the order x, b, w, as its variables are called" in found.notes[0]


def test_a_rule_that_needs_a_missing_import_is_not_accused(tmp_path):
    text = """
from .autograd import transpose


class Projection:
    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        return np.dot(x, self.W)

    def backward(self, dout):
        self.dW = np.dot(transpose(self.x), dout)
        return np.dot(dout, transpose(self.W))
"""
    (layer,) = verdicts(tmp_path, text)
    assert layer.gradients == []
    assert "its backward function raises NameError: name 'transpose' is not defined" in layer.reason
    assert "`from .autograd import transpose` fails" in layer.reason


def test_what_the_call_of_an_object_keeps_is_not_missed_in_its_rule(tmp_path):
    text = """
class Cube:
    def __call__(self, *inputs):
        self.inputs = inputs
        return self.forward(*[x.data for x in inputs])

    def forward(self, x):
        return x**3

    def backward(self, gy):
        (x,) = self.inputs
        return gy * 3 * x.data**2
"""
    (layer,) = verdicts(tmp_path, text)
    assert "self.inputs is what __call__ keeps, of variables of a class" in layer.reason


BILINEAR = """
import numpy as np

class Bilinear:
    def __init__(self, n1, n2, n_out):
        self.W = np.random.randn(n_out, n1, n2)

    def forward(self, a, b):
        self.a, self.b = a, b
        return np.einsum('ni,kij,nj->nk', a, self.W, b)

    def backward(self, grad):
        da = np.einsum('nk,kij,nj->ni', grad, self.W, self.b)
        db = np.einsum('nk,kij,ni->nj', grad, self.W, self.a)
        self.dW = np.einsum('nk,ni,nj->kij', grad, self.a, self.b)
        return da, db
"""


@pytest.mark.parametrize("wrong", ["", "self.W, self.a)", "grad, self.a, self.b)"])
def test_an_input_called_b_beside_weights_of_the_object_is_no_bias(wrong, tmp_path):
    # An axis of one is broadcast: it runs with a bias too, whose gradient does not fit.
    path = tmp_path / "student.py"
    path.write_text(BILINEAR.replace(wrong, wrong.replace(", self.", ", -self.", 1)))
    (report, *_) = scan(path, {}, told=False)
    assert report.verdict == ("fail" if wrong else "pass")
    assert report.inputs["b"] == "n d"


COSTS = {
    "svm_loss": """
import numpy as np

def svm_loss(W, X, y, reg):
    n = X.shape[0]
    s = X.dot(W)
    over = np.maximum(0, s - s[np.arange(n), y][:, None] + 1)
    over[np.arange(n), y] = 0
    loss = over.sum() / n + reg * np.sum(W * W)
    on = (over > 0).astype(float)
    on[np.arange(n), y] = -on.sum(1)
    return loss, X.T.dot(on) / n + 2 * reg * W
""",
    "bce_cost": """
import numpy as np

def bce_cost(Y, P_hat):
    m = Y.shape[1]
    cost = -(np.dot(Y, np.log(P_hat).T) + np.dot(1 - Y, np.log(1 - P_hat).T)) / m
    dP_hat = (-(Y / P_hat) + (1 - Y) / (1 - P_hat)) / m
    return np.squeeze(cost), dP_hat
""",
}


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("svm_loss", "", ""), ("svm_loss", "2 * reg * W", "reg * W"),
        ("svm_loss", "-on.sum(1)", "on.sum(1)"),
        ("bce_cost", "", ""), ("bce_cost", "/ (1 - P_hat)) / m", "/ P_hat) / m"),
    ],
)  # fmt: skip
def test_a_cost_of_weights_and_one_of_columns_are_read(name, right, wrong, tmp_path):
    path = tmp_path / "student.py"
    path.write_text(COSTS[name].replace(right, wrong) if right else COSTS[name])
    (report, *_) = scan(path, {}, dataclasses.replace(PROFILE, inputs=14), told=False)
    assert report.verdict == ("fail" if wrong else "pass")


@pytest.mark.parametrize(("share", "mixes"), [(0.0, False), (1e-12, True)])
def test_samples_that_depend_on_others_are_told_bit_for_bit(share, mixes):
    def forward(x):
        return np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) + share * x.sum()

    def backward(dout, x):
        return dout

    declared = declare((forward, backward), {"x": real("n d", low=-2, high=2)})
    assert _mixes_samples(Reading(None, declared)) == mixes


#: The softmax of a well known network of one image, whose loss depends on one output alone.
OF_ONE = """
import numpy as np


class Softmax:
    def forward(self, totals):
        self.e = np.exp(totals)
        return self.e / self.e.sum()

    def backprop(self, d_L_d_out):
        for i, gradient in enumerate(d_L_d_out):
            if gradient == 0:
                continue
            S = self.e.sum()
            d_out_d_t = -self.e[i] * self.e / S**2
            d_out_d_t[i] = self.e[i] * (S - self.e[i]) / S**2
            return gradient * d_out_d_t
"""


@pytest.mark.parametrize(("slip", "verdict"), [("", "undecided"), ("2 * ", "fail")])
def test_a_rule_that_skips_what_is_0_of_its_cotangent_may_be_meant_for_one_entry(
    slip, verdict, tmp_path
):
    path = tmp_path / "of_one.py"
    path.write_text(OF_ONE.replace("return gradient", f"return {slip}gradient"))
    (layer,) = [one for one in scan(path, {}) if not isinstance(one, FileReport)]
    assert layer.verdict == verdict
    if verdict == "undecided":
        assert "skips the entries of d_L_d_out that are 0" in layer.gradients[0].message
