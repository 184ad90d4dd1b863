"""Conventions first met in files that nobody had read before: right, and with a bug."""

import dataclasses

import numpy as np
import pytest

from gradcheck.adapters.conventions import style_of
from gradcheck.adapters.kinds import OTHER
from gradcheck.adapters.known import grouped_roles, ways_of
from gradcheck.adapters.landing import in_returned
from gradcheck.adapters.losses import value
from gradcheck.adapters.names import Names
from gradcheck.adapters.other_defaults import others_of
from gradcheck.adapters.scan import PROFILE, scan
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
MEANT = """
import numpy as np

def gate_forward(x, h, W, U, b):
    f = np.tanh(x @ W + h @ U + b)
    return f * h, (x, h, f, W, U)

def gate_backward(dout, cache):
    x, h, f, W, U = cache
    da = dout * h * (1 - f**2)
    return da @ W.T, dout * f + da @ U.T, x.T @ da, h.T @ da, da.sum(0)

def dropout2d_forward(x, p, mode="train"):
    mask = (np.random.rand(*x.shape[:2], 1, 1) < p) / p if mode == "train" else None
    return (x if mask is None else x * mask), mask

def dropout2d_backward(dout, cache):
    return dout if cache is None else dout * cache
"""
ROWS = """
import numpy as np

class SoftmaxRegression:
    def __init__(self, n_features, n_classes):
        self.W = np.random.randn(n_features, n_classes)
        self.b = np.zeros(n_classes)

    def forward(self, X):
        self.X = X
        e = np.exp(X @ self.W + self.b)
        self.P = e / e.sum(axis=1, keepdims=True)
        return self.P

    def loss(self, Y):
        return -np.sum(Y * np.log(self.P)) / len(Y)

    def backward(self, Y):
        d = (self.P - Y) / len(Y)
        self.dW = self.X.T @ d
        self.db = d.sum(axis=0)
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
WRAPPED = """
import numpy as np

class T:
    def __init__(self, a): self.a, self.g = np.array(a), None

class Tanh:
    def __call__(self, inp):
        self.inp, self.out = inp, T(np.tanh(inp.a))
        return self.out
    def backward(self):
        self.inp.g = (1 - self.out.a ** 2) * self.out.g
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
    W, b = params
    h = np.tanh(x @ W + b)
    return h, (x, h, params)

def net_backward(dout, cache):
    x, h, params = cache
    dz = dout * (1 - h**2)
    return dz @ params[0].T, [x.T @ dz, dz.sum(0)]

def steep_loss(params, x, y):
    (U,), (V,) = params
    h = np.tanh(x @ U)
    r = h @ V - y
    grads = [(x.T @ (r @ V.T * (1 - h**2)),), (h.T @ r,)]
    return 0.5 * np.sum(r**2), grads
"""
TUPLES = """
import numpy
from chainer import function

class LinearFunction(function.Function):
    def forward(self, inputs):
        x, W = inputs
        return x.dot(W.T),

    def backward(self, inputs, grad_outputs):
        x, W = inputs
        gy = grad_outputs[0]
        return gy.dot(W), gy.T.dot(x)
"""
NODES = """
import numpy as np

class Node:
    def __init__(self, inbound_nodes=[]):
        self.inbound_nodes, self.outbound_nodes = inbound_nodes, []
        self.value, self.gradients = None, {}
        for node in inbound_nodes:
            node.outbound_nodes.append(self)
    def forward(self):
        raise NotImplementedError
    def backward(self):
        raise NotImplementedError

class Input(Node):
    def forward(self):
        pass
    def backward(self):
        self.gradients = {self: sum(n.gradients[self] for n in self.outbound_nodes)}

class Times(Node):
    def __init__(self, X, W):
        Node.__init__(self, [X, W])

    def forward(self):
        self.value = self.inbound_nodes[0].value @ self.inbound_nodes[1].value

    def backward(self):
        X, W = self.inbound_nodes
        self.gradients = {n: np.zeros_like(n.value) for n in self.inbound_nodes}
        for n in self.outbound_nodes:
            self.gradients[X] += n.gradients[self] @ W.value.T
            self.gradients[W] += X.value.T @ n.gradients[self]
"""
NAMED = """
import numpy as np

class Tensor:
    def __init__(self, data, autograd=False, creators=None, creation_op=None):
        self.data, self.autograd = np.array(data), autograd
        self.creators, self.creation_op, self.grad = creators, creation_op, None

    def backward(self, grad=None):
        self.grad = grad if self.grad is None else self.grad + grad
        if self.creation_op == "mul":
            self.creators[0].backward(Tensor(grad.data * self.creators[1].data))
            self.creators[1].backward(Tensor(grad.data * self.creators[0].data))

    def __add__(self, other):
        return Tensor(self.data + other.data)

    def __mul__(self, other):
        return Tensor(self.data * other.data, True, creators=[self, other], creation_op="mul")
"""
MODELS = """
import numpy as np

class Poisson:
    def loglike(self, params, endog, exog):
        eta = exog @ params
        return np.sum(endog * eta - np.exp(eta))

    def score(self, params, endog, exog):
        return exog.T @ (endog - np.exp(exog @ params))

class Softmax:
    def _loss(self, W, X, Y):
        z = X @ W
        return np.sum(np.log(np.exp(z).sum(axis=1))) - np.sum(Y * z)

    def _grad(self, W, X, Y):
        e = np.exp(X @ W)
        return X.T @ (e / e.sum(axis=1, keepdims=True) - Y)

def U(q):
    return 0.5 * (1 - q[0]) ** 2 + 5 * (q[1] - q[0] ** 2) ** 2

def grad_U(q):
    return np.array([q[0] - 1 - 20 * q[0] * (q[1] - q[0] ** 2), 10 * (q[1] - q[0] ** 2)])
"""
ONE_BY_ONE = """
def loss(x, y, weights):
    for W in weights:
        x = x @ W
    return 0.5 * ((x - y) ** 2).sum()

def loss_grad(x, y, weights):
    h = x @ weights[0]
    r = h @ weights[1] - y
    return [x.T @ (r @ weights[1].T), h.T @ r]
"""
#: By name: a source, the layers that are right in it, and bugs with the layers that they break.
FILES = {
    "object": (KEPT_IN_OBJECT, {"Twice", "gated"}, [("(1 - tape.y**2)", "tape.y", {"gated"})]),
    "matrix": (MATRIX, {"quadratic"}, [("np.dot(A + A.T, x)", "2 * np.dot(A, x)", {"quadratic"})]),
    "borne": (
        BORNE, {"Lin", "Mse"},
        [("g = 2 *", "g = -2 *", {"Mse"})],
    ),
    "wrapped": (WRAPPED, {"Tanh"}, []),
    # Matrices that vectors could be, and what is to be dropped.
    "meant": (MEANT, {"gate", "dropout2d"}, []),
    "written": (
        WRITTEN, {"norm", "swap"},
        [("dinp += (d - n *", "dinp += (d + n *", {"norm"}), ("np.cos(x", "np.sin(x", {"swap"})],
    ),
    "dict": (DICT, {"encode"}, [('"V": x.T @ h', '"V": x.T @ ds', {"encode"})]),
    "decay": (
        DECAY, {"forward_propagation"},
        [("lambd / X.shape[1] * W1", "lambd * W1", {"forward_propagation"})],
    ),
    "tables": (TABLES, {"Ratings"}, []),
    "losses": (
        LOSSES, {"WeightedCrossEntropy", "BinaryLoss"},
        [("self.w[:, None]", "self.cost", {"WeightedCrossEntropy"})],
    ),
    "sequence": (SEQUENCE, {"Reader"}, [("np.outer(d, h)", "np.outer(d, seq[0])", {"Reader"})]),
    "apart": (APART, {"net", "steep_loss"}, [("[x.T @ dz,", "[x.T @ dout,", {"net"})]),
    "one by one": (ONE_BY_ONE, {"loss"}, [("h.T @ r]", "-h.T @ r]", {"loss"})]),
    "tuples": (TUPLES, {"LinearFunction"}, [("gy.dot(W)", "-gy.dot(W)", {"LinearFunction"})]),
    "nodes": (NODES, {"Times"}, [("self.gradients[W] +=", "self.gradients[W] -=", {"Times"})]),
    "named": (
        NAMED, {"Tensor_mul"}, [("self.creators[1].data", "self.data", {"Tensor_mul"})],
    ),
    "models": (MODELS, {"Poisson", "Softmax", "U"}, [("10 * (q[1]", "5 * (q[1]", {"U"})]),
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
    (layer,) = list(scan(path, {}, QUICK, told=False))[:-1]
    return layer


def test_forces_are_asked_about(tmp_path):
    layer = scanned(tmp_path, FORCES)
    assert [(one.verdict, one.scale) for one in layer.gradients] == [("scaled", "-1")]


def test_a_backward_function_that_raises_is_said_to_raise(tmp_path):
    layer = scanned(tmp_path, MATRIX.replace("A, x = cache", "A, x = cache; assert len(x) < 3"))
    assert {mistake for one in layer.gradients for mistake in one.mistakes} == {"raises"}


def test_targets_between_bounds_may_be_rows_that_add_up_to_one(tmp_path):
    layer = scanned(tmp_path, ROWS)
    assert layer.verdict == "pass"
    assert "each row of Y adds up to 1" in layer.assumptions


def test_a_gradient_that_lies_in_a_list_too_is_asked_for_once(tmp_path):
    assert scanned(tmp_path, TWICE).verdict == "pass"


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
