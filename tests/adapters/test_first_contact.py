"""Conventions first met in files that nobody had read before: right, and with a bug."""

import dataclasses
import math

import numpy as np
import pytest

from gradcheck import Status, verify_vjp
from gradcheck.adapters.conventions import style_of
from gradcheck.adapters.kinds import OTHER
from gradcheck.adapters.known import grouped_roles, ways_of
from gradcheck.adapters.landing import in_returned
from gradcheck.adapters.losses import value
from gradcheck.adapters.names import Names
from gradcheck.adapters.other_defaults import others_of
from gradcheck.adapters.scan import PROFILE, scan
from gradcheck.adapters.second_readings import _below_digits
from gradcheck.adapters.words import WORDS
from tests.adapters.test_students import judged

QUICK = dataclasses.replace(PROFILE, inputs=2)

KEPT_IN_OBJECT = """
from dataclasses import dataclass
from typing import Protocol
import numpy as np

class Layer(Protocol):
    def forward(self, x): ...
    def backward(self, dy): ...

class Twice:
    def forward(self, x):
        return 2 * x
    def backward(self, dy):
        return 2 * dy

@dataclass(frozen=True)
class Tape:
    x: np.ndarray
    y: np.ndarray
    W: np.ndarray

def gated_forward(x, W):
    y = np.tanh(x @ W)
    return y, Tape(x, y, W)

def gated_backward(upstream, tape: Tape):
    d = upstream * (1 - tape.y**2)
    return d @ tape.W.T, tape.x.T @ d
"""
MATRIX = """
import numpy as np

def quadratic_forward(A, x):
    return np.dot(x, np.dot(A, x)), (A, x)

def quadratic_backward(dout, cache):
    A, x = cache
    return dout * np.outer(x, x), dout * np.dot(A + A.T, x)
"""
BORNE = """
class Module():
    def __call__(self, *args):
        self.args = args
        self.out = self.forward(*args)
        return self.out
    def forward(self): raise Exception("not implemented")
    def backward(self): self.bwd(self.out, *self.args)

class Lin(Module):
    def __init__(self, w, b): self.w, self.b = w, b
    def forward(self, inp): return inp @ self.w + self.b
    def bwd(self, out, inp):
        inp.g = out.g @ self.w.T
        self.w.g = inp.T @ out.g
        self.b.g = out.g.sum(0)

class Mse(Module):
    def forward(self, inp, targ): return ((inp.squeeze(-1) - targ) ** 2).mean()
    def bwd(self, out, inp, targ): inp.g = 2 * (inp.squeeze(-1) - targ)[:, None] / len(targ)
"""
MODEL = """
class Model():
    def __init__(self, w1, b1, w2, b2):
        self.layers, self.loss = [Lin(w1, b1), Lin(w2, b2)], Mse()
    def __call__(self, x, targ):
        for layer in self.layers: x = layer(x)
        return self.loss(x, targ)
    def backward(self):
        self.loss.backward()
        for layer in reversed(self.layers): layer.backward()
"""
FORCES = """
import numpy as np

def springs(r):
    '''energy and forces'''
    energy = 0.5 * np.sum(r**2)
    grad = -r
    return energy, grad
"""
WRITTEN = """
import numpy as np

def norm_forward(out, rstd, inp, weight):
    r = 1 / np.sqrt((inp**2).mean(-1) + 1e-5)
    out[...] = inp * r[..., None] * weight
    rstd[...] = r

def norm_backward(dinp, dweight, dout, inp, weight, rstd):
    n = inp * rstd[..., None]
    dweight += (n * dout).sum((0, 1))
    d = dout * weight
    dinp += (d - n * (d * n).mean(-1, keepdims=True)) * rstd[..., None]

def swap_forward(y, x):
    for i in range(len(x)):
        y[i] = np.sin(x[-1 - i])

def swap_backward(dx, dy, x):
    for i in range(len(x)):
        dx[-1 - i] += np.cos(x[-1 - i]) * dy[i]
"""
DICT = """
import numpy as np

def encode_forward(x, W, V):
    return {"mu": x @ W, "s": np.tanh(x @ V), "x": x, "W": W, "V": V}

def encode_backward(dmu, ds, saved):
    h = ds * (1 - saved["s"] ** 2)
    x = saved["x"]
    return {"x": dmu @ saved["W"].T + h @ saved["V"].T, "W": x.T @ dmu, "V": x.T @ h}
"""
DECAY = """
import numpy as np

def forward_propagation(X, parameters):
    W1, b1 = parameters["W1"], parameters["b1"]
    A1 = 1 / (1 + np.exp(-(W1 @ X + b1)))
    return A1, (A1, W1, b1)

def compute_cost(A1, Y):
    return -np.mean(Y * np.log(A1) + (1 - Y) * np.log(1 - A1)) * len(Y)

def compute_cost_with_decay(A1, Y, parameters, lambd):
    return compute_cost(A1, Y) + lambd / 2 / Y.shape[1] * np.sum(parameters["W1"] ** 2)

def backward_propagation(X, Y, cache, lambd):
    A1, W1, b1 = cache
    dZ = (A1 - Y) / X.shape[1]
    return {"dW1": dZ @ X.T + lambd / X.shape[1] * W1, "db1": dZ.sum(axis=1, keepdims=True)}
"""
TABLES = """
import numpy as np

class Ratings:
    def __init__(self, n_users, n_items, k=2):
        self.P, self.Q = np.random.randn(n_users, k), np.random.randn(n_items, k)

    def forward(self, u, i):
        self.u, self.i = u, i
        return (self.P[u] * self.Q[i]).sum(axis=1)

    def backward(self, dr):
        self.dP, self.dQ = np.zeros_like(self.P), np.zeros_like(self.Q)
        np.add.at(self.dP, self.u, dr[:, None] * self.Q[self.i])
        np.add.at(self.dQ, self.i, dr[:, None] * self.P[self.u])
"""
LOSSES = """
import numpy as np

class WeightedCrossEntropy:
    def __init__(self, class_weights):
        self.cost = np.asarray(class_weights)

    def forward(self, logits, labels):
        e = np.exp(logits - logits.max(1, keepdims=True))
        self.p, self.y, self.w = e / e.sum(1, keepdims=True), labels, self.cost[labels]
        return -np.sum(self.w * np.log(self.p[np.arange(len(labels)), labels]))

    def backward(self):
        g = self.p.copy()
        g[np.arange(len(self.y)), self.y] -= 1
        return g * self.w[:, None]

class BinaryLoss:
    def __init__(self, model):
        self.model = model

    def forward(self, predicts, labels):
        self.p, self.y = predicts, labels
        both = self.y.T @ np.log(self.p) + (1 - self.y.T) @ np.log(1 - self.p)
        return np.squeeze(-both / len(labels), axis=1)

    def backward(self):
        g = -(self.y / self.p - (1 - self.y) / (1 - self.p)) / len(self.y)
        self.model.backward(g)
        return g
"""
SEQUENCE = """
import numpy as np

class Reader:
    def __init__(self, n_in, n_out):
        self.W, self.b = np.random.randn(n_out, n_in), np.zeros(n_out)

    def loss_and_grads(self, seq, label):
        h = seq.sum(axis=0)
        p = np.exp(self.W @ h + self.b)
        p /= p.sum()
        loss, d = -np.log(p[label]), p.copy()
        d[label] -= 1
        return loss, {"W": np.outer(d, h), "b": d}
"""
TWICE = """
import numpy as np

class Cell:
    def __init__(self, Wx, b):
        self.params, self.grads = [Wx, b], [np.zeros_like(Wx), np.zeros_like(b)]

    def forward(self, x):
        Wx, b = self.params
        self.x, self.h = x, np.tanh(x @ Wx + b)
        return self.h

    def backward(self, dh):
        Wx, b = self.params
        dt = dh * (1 - self.h**2)
        self.dWx, self.db = self.x.T @ dt, dt.sum(axis=0)
        self.grads[0][...], self.grads[1][...] = self.dWx, self.db
        return dt @ Wx.T
"""
APART = """
import numpy as np

def net_forward(params, x):
    W1, b1, W2 = params
    h = np.tanh(x @ W1 + b1)
    return h @ W2, (x, h, params)

def net_backward(dout, cache):
    x, h, params = cache
    dh = dout @ params[2].T * (1 - h**2)
    return [x.T @ dh, dh.sum(0), h.T @ dout]

def deep_loss(params, x, y):
    (U, c), (V, d) = params
    h = np.tanh(x @ U + c)
    r = h @ V + d - y
    dh = r @ V.T * (1 - h**2)
    grads = [(x.T @ dh, dh.sum(0)), (h.T @ r, r.sum(0))]
    return 0.5 * np.sum(r**2), grads
"""
#: By name: a source, the layers that are right in it, and bugs with the layers that they break.
FILES = {
    "object": (KEPT_IN_OBJECT, {"Twice", "gated"}, [("(1 - tape.y**2)", "tape.y", {"gated"})]),
    "matrix": (MATRIX, {"quadratic"}, [("np.dot(A + A.T, x)", "2 * np.dot(A, x)", {"quadratic"})]),
    "borne": (
        BORNE, {"Lin", "Mse"},
        [("inp.T @ out.g", "-(inp.T @ out.g)", {"Lin"})],
    ),
    "model": (BORNE + MODEL, {"Lin", "Mse", "Model"}, []),
    "written": (
        WRITTEN, {"norm", "swap"},
        [("dinp += (d - n *", "dinp += (d + n *", {"norm"}), ("np.cos(x", "np.sin(x", {"swap"})],
    ),
    "dict": (DICT, {"encode"}, [('"V": x.T @ h', '"V": x.T @ ds', {"encode"})]),
    "decay": (
        DECAY, {"forward_propagation"},
        [("lambd / X.shape[1] * W1", "lambd * W1", {"forward_propagation"})],
    ),
    "tables": (TABLES, {"Ratings"}, [("self.P[self.u])", "self.Q[self.i])", {"Ratings"})]),
    "losses": (
        LOSSES, {"WeightedCrossEntropy", "BinaryLoss"},
        [("self.w[:, None]", "self.cost", {"WeightedCrossEntropy"})],
    ),
    "sequence": (SEQUENCE, {"Reader"}, [("np.outer(d, h)", "np.outer(d, seq[0])", {"Reader"})]),
    "apart": (
        APART, {"net", "deep_loss"}, [("r @ V.T * (1 - h**2)", "r @ V.T * (1 - h)", {"deep_loss"})],
    ),
    "twice": (TWICE, {"Cell"}, [("dt.sum(axis=0)", "dt.sum(axis=0) ** 2", {"Cell"})]),
}  # fmt: skip


def judged_in(tmp_path, source):
    """The layers of a source with the gradients of each that fail at two points."""
    path = tmp_path / "layers.py"
    path.write_text(source)
    return judged(path)


@pytest.mark.parametrize("name", FILES)
def test_layers_are_read_at_first_contact(tmp_path, name):
    source, right, bugs = FILES[name]
    assert judged_in(tmp_path, source) == {one: set() for one in right}
    for old, new, wrong in bugs:
        assert old in source
        found = judged_in(tmp_path, source.replace(old, new))
        assert {layer for layer, failed in found.items() if failed} == wrong


def scanned(tmp_path, source):
    path = tmp_path / "layers.py"
    path.write_text(source)
    (layer,) = list(scan(path, {}, QUICK))[:-1]
    return layer


def test_forces_are_asked_about(tmp_path):
    layer = scanned(tmp_path, FORCES)
    assert [(one.verdict, one.scale) for one in layer.gradients] == [("scaled", "-1")]
    layer = scanned(tmp_path, FORCES.replace("forces", "gradient"))
    assert [one.verdict for one in layer.gradients] == ["fail"]


def test_a_backward_function_that_raises_is_said_to_raise(tmp_path):
    layer = scanned(tmp_path, MATRIX.replace("A, x = cache", "A, x, y = cache"))
    assert {mistake for one in layer.gradients for mistake in one.mistakes} == {"raises"}


def test_windows_that_overlap_are_tried_where_a_stride_of_none_is_usual():
    class Pool:
        def __init__(self, stride=None):
            pass

        def forward(self, x):
            return x

        def backward(self, dout):
            return dout

    assert [str(one) for one in others_of(style_of((Pool,), Names()), Names(), ("x",))] == [
        "stride = 1"
    ]


def test_a_gradient_below_the_digits_of_a_function_is_told_from_a_mistake():
    cdf = np.vectorize(lambda z: 0.5 * (1 + math.erf(z / math.sqrt(2))), otypes=[float])

    def off_at(z, times):
        def rule(dy, z):
            return dy * (cdf(z) + times * z * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi))

        verdict = verify_vjp(lambda z: z * cdf(z), rule, np.array([z]))
        return verdict.status, _below_digits(verdict)

    # There ``1 + erf`` is the last bit of 1: the slope of one of its steps is measured.
    assert off_at(-8.357290549700632, 1.0) == (Status.FAIL, True)
    assert off_at(0.5, 0.9) == (Status.FAIL, False)


def test_gradients_are_told_by_shapes_that_all_differ():
    shapes = {"weight_h": (4, 3), "bias_h": (4,), "weight_out": (2, 4), "bias_out": (2,)}
    order = ["weight_out", "bias_out", "weight_h", "bias_h"]
    given = tuple(np.zeros(shapes[name]) for name in order)
    found = in_returned(given, [], [], list(shapes), lambda: given, WORDS, shapes)
    assert {n: place.text for n, place in found.items()} == {
        name: f"returned[{k}]" for k, name in enumerate(order)
    }


def test_squared_errors_of_labels_are_those_of_their_rows():
    p, labels = np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([1, 0])
    hot = np.eye(2)[labels]
    assert value("half squared error", p, labels) == value("half squared error", p, hot)


def test_a_cell_that_predicts_has_parameters_of_its_own_for_that():
    names = ["xt", "a_prev", "c_prev", "Wf", "bf", "Wi", "bi", "Wo", "bo", "Wy", "by"]
    roles = grouped_roles(names, [])
    ways = list(ways_of(OTHER, {}, roles))
    assert {"Wf": "h d+h", "Wy": "o h", "by": "o 1", "bf": "h 1"}.items() <= ways[-1].items()
