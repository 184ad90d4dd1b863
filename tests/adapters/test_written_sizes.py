"""Layers that run at the sizes of their source alone: 23 inputs, images of 12 by 12."""

import dataclasses

import numpy as np
import pytest

from gradcheck.adapters import layer, originals
from gradcheck.adapters.scan import PROFILE, scan
from gradcheck.claims import Rule
from gradcheck.sampling import Sampler

NET = """
import numpy as np

class Net:
    def __init__(self):
        self.W1 = np.random.randn(23, 3) * 0.1
        self.b1 = np.zeros((1, 3))
        self.W2 = np.random.randn(3, 2)

    def forward(self, X):
        self.X = X.reshape(-1, 23)
        self.a1 = np.tanh(self.X @ self.W1 + self.b1)
        return self.a1 @ self.W2

    def backward(self, dout):
        self.dW2 = self.a1.T @ dout
        dz1 = dout @ self.W2.T * (1 - self.a1 ** 2)
        self.dW1 = self.X.T @ dz1
        self.db1 = dz1.sum(axis=0, keepdims=True)
        return dz1 @ self.W1.T
"""
CONV = """
import numpy as np

class Conv:
    def __init__(self):
        self.K = np.random.randn(2, 1, 3, 3)

    def forward(self, X):
        self.X = X
        out = np.zeros((X.shape[0], 2, 3, 3))
        for i in range(3):
            for j in range(3):
                window = X[:, :, i:i+3, j:j+3]
                out[:, :, i, j] = np.tensordot(window, self.K, axes=([1, 2, 3], [1, 2, 3]))
        return out

    def backward(self, dout):
        self.dK = np.zeros_like(self.K)
        dX = np.zeros_like(self.X)
        for i in range(3):
            for j in range(3):
                g = dout[:, :, i, j]
                self.dK += np.tensordot(g, self.X[:, :, i:i+3, j:j+3], axes=([0], [0]))
                dX[:, :, i:i+3, j:j+3] += np.tensordot(g, self.K, axes=([1], [0]))
        return dX
"""
HEAD = """
import numpy as np

class Head:
    def __init__(self, classes):
        self.W = np.random.randn(2 * 3 * 2, classes)

    def forward(self, x):
        self.x = x.reshape(x.shape[0], 2 * 3 * 2)
        return self.x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return (dout @ self.W.T).reshape(-1, 2, 3, 2)
"""
POOL = """
class Pool:
    \"\"\"From n x c x 12 x 12 to 6 x 6.\"\"\"

    def forward(self, x):
        n, c, h, w = x.shape
        assert h == w == 12
        return x.reshape(n, c, 6, 2, 6, 2).mean(axis=(3, 5))

    def backward(self, dout):
        return dout.repeat(2, axis=2).repeat(2, axis=3) / 4
"""
MODEL = """
import numpy as np

class Model:
    def __init__(self):
        self.W = np.random.randn(5 * 5, 3) * 0.01

    def loss(self, X, y):
        n = len(X)
        X = X.reshape(n, 5 * 5)
        s = X @ self.W
        p = np.exp(s - s.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        value = -np.log(p[np.arange(n), y]).mean()
        d = p.copy()
        d[np.arange(n), y] -= 1
        d /= n
        return value, {"W": X.T @ d}
"""
FILES = {"net": NET, "conv": CONV, "head": HEAD, "pool": POOL, "model": MODEL}
BUGS = [
    ("net", "dz1.sum(axis=0, keepdims=True)", "dz1.sum(keepdims=True) + 0 * self.b1", "b1"),
    ("conv", "] += np.tensordot(g, self.K", "] = np.tensordot(g, self.K", "X"),
    ("head", "self.x.T @ dout", "abs(self.x).T @ dout", "W"),
    ("pool", "/ 4", "/ 36", "x"),
    ("model", "-= 1", "-= 2", "W"),
]


def scanned(folder, text):
    path = folder / "student.py"
    path.write_text(text)
    return next(iter(scan(path, {}, dataclasses.replace(PROFILE, inputs=14), told=False)))


@pytest.mark.parametrize("name", FILES)
def test_right(name, tmp_path):
    report = scanned(tmp_path, FILES[name])
    assert [report.verdict, report.reason] == ["pass", ""]
    assert any("the sizes that it is written for" in said for said in report.assumptions)


@pytest.mark.parametrize(("name", "right", "wrong", "where"), BUGS)
def test_wrong(name, right, wrong, where, tmp_path):
    assert right in FILES[name]
    report = scanned(tmp_path, FILES[name].replace(right, wrong))
    # A constant may be a convention, and is asked about.
    found = [one.name for one in report.gradients if one.verdict in ("fail", "scaled")]
    assert found == where.split()


def test_the_dims_that_the_gradient_has_are_preferred(tmp_path):
    # At rows of 12 and at images of 2 by 3 by 2 both halves run.
    assert scanned(tmp_path, HEAD).inputs["x"] == "n 2 3 2"
    assert scanned(tmp_path, NET).inputs["X"] == "n 23"


def test_an_array_of_large_fixed_dims_is_drawn_at_several_sizes_of_the_others():
    class Two:
        def forward(self, x, W):
            self.kept = x, W
            return x @ W

        def backward(self, dy):
            x, W = self.kept
            return dy @ W.T, x.T @ dy

    declared = layer(Two, x="n 1000", W="1000 50")
    assert declared.problem is None
    sizes = {bindings["n"] for bindings in Sampler(declared.rules[0]).sizes.always()}
    assert isinstance(declared.rules[0], Rule)
    assert max(sizes) > 1


class Large:
    made = 0

    def __init__(self):
        type(self).made += 1
        self.W = np.random.standard_normal((70, 70))  # noqa: NPY002 - as layers draw
        self.extra: object = None


def test_a_large_object_is_made_once_and_copied():
    Large.made = 0
    found = originals.Originals()
    np.random.seed(3)  # noqa: NPY002 - the state that a layer draws from
    first = found.fresh("", Large)
    then = np.random.random()  # noqa: NPY002 - as above
    second = found.fresh("", Large)
    assert Large.made == 1
    assert np.array_equal(first.W, second.W)
    assert first.W is not second.W
    # What the layer draws next is the same too.
    assert np.random.random() == then  # noqa: NPY002 - as above


def test_an_object_that_refers_to_itself_is_made_anew():
    def make():
        made = Large()
        made.extra = lambda: made
        return made

    found = originals.Originals()
    assert found.fresh("", make).extra() is not found.fresh("", make)
    assert (one := found.fresh("", make)).extra() is one
