"""Defaults at which a rule may be right by chance are tried at another value."""

import dataclasses

import pytest

from gradcheck.adapters.scan import PROFILE, scan
from gradcheck.adapters.spec import spec_of

POOL = """
import numpy as np

class AvgPool:
    def __init__(self, size, stride=1):
        self.size, self.stride = size, stride

    def forward(self, x):
        self.x, k, s = x, self.size, self.stride
        n, c, h, w = x.shape
        y = np.zeros((n, c, (h - k) // s + 1, (w - k) // s + 1))
        for i in range(y.shape[2]):
            for j in range(y.shape[3]):
                y[:, :, i, j] = x[:, :, i*s:i*s+k, j*s:j*s+k].mean(axis=(2, 3))
        return y

    def backward(self, dout):
        k, s = self.size, self.stride
        dx = np.zeros_like(self.x)
        for i in range(dout.shape[2]):
            for j in range(dout.shape[3]):
                dx[:, :, i*s:i*s+k, j*s:j*s+k] += (dout[:, :, i, j] / k**2)[:, :, None, None]
        return dx
"""
CORRELATE = """
import numpy as np

def correlate_forward(x, k, pad=0):
    padded = np.pad(x, pad)
    y = np.array([padded[i:i+len(k)] @ k for i in range(len(padded) - len(k) + 1)])
    return y, (padded, k, pad)

def correlate_backward(dout, cache):
    padded, k, pad = cache
    dx, dk = np.zeros_like(padded), np.zeros_like(k)
    for i in range(len(dout)):
        dx[i:i+len(k)] += dout[i] * k
        dk += dout[i] * padded[i:i+len(k)]
    return dx[pad:len(dx)-pad], dk
"""
SCALED_TANH = """
import numpy as np

def scaled_tanh(x, alpha=1.0):
    return np.tanh(alpha * x)

def scaled_tanh_prime(x, alpha=1.0):
    return alpha * (1 - np.tanh(alpha * x) ** 2)
"""
LINEAR = """
import numpy as np

class Linear:
    def __init__(self, n_in, n_out, bias=True):
        self.W = np.random.randn(n_in, n_out)
        self.b = np.random.randn(n_out) if bias else None

    def forward(self, x):
        self.x = x
        return x @ self.W if self.b is None else x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        if self.b is None:
            return dout @ self.W.T
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
"""
HUBER = """
import numpy as np

class HuberLoss:
    def forward(self, pred, target, delta=1.0):
        self.e, self.delta = pred - target, delta
        small = np.abs(self.e) <= delta
        return np.where(small, self.e**2 / 2, delta * (np.abs(self.e) - delta / 2)).sum()

    def backward(self):
        small = np.abs(self.e) <= self.delta
        return np.where(small, self.e, self.delta * np.sign(self.e))
"""
FLAGGED = """
import numpy as np

def huber(pred, target, delta=1.0, derivative=False):
    e = pred - target
    if derivative:
        return np.where(np.abs(e) <= delta, e, delta * np.sign(e))
    return np.where(np.abs(e) <= delta, e**2 / 2, delta * (np.abs(e) - delta / 2)).sum()
"""
MARGIN = """
import numpy as np

def smooth_l1_loss(pred, target, threshold=1.0):
    e = pred - target
    loss = (np.maximum(np.abs(e) - threshold, 0) ** 2).sum() / 2
    grad = np.maximum(np.abs(e) - threshold, 0) * np.sign(e)
    return loss, grad
"""
DECAYED = """
import numpy as np

class Dense:
    def __init__(self, n_in, n_out, l2=0):
        self.W, self.b, self.l2 = np.random.randn(n_in, n_out), np.zeros(n_out), l2

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW, self.db = self.x.T @ dout, dout.sum(axis=0)
        if self.l2 > 0:
            self.dW += 2 * self.l2 * self.W
        return dout @ self.W.T
"""
OF_LAYER = """
class Loss:
    def regularization_loss(self, layer):
        return layer.l2 * np.sum(layer.W ** 2)
"""
RIDGE = """
import numpy as np

def cost(theta, X, y, lam=0):
    return np.mean((X @ theta - y) ** 2) / 2 + lam * np.sum(theta**2) / 2

def gradient(theta, X, y, lam=0):
    return X.T @ (X @ theta - y) / len(y) + lam * theta
"""
GATED = """
import numpy as np

def gate_forward(x, mode="tanh"):
    y = np.tanh(x) if mode == "tanh" else x / (1 + np.exp(-x))
    return y, (x, y)

def gate_backward(dout, cache, mode="tanh"):
    x, y = cache
    if mode == "swish":
        s = 1 / (1 + np.exp(-x))
        return dout * (s + y * (1 - s))
    return dout * (1 - y**2)
"""
QUICK = dataclasses.replace(PROFILE, inputs=8)
#: The window of output i is said to begin at i, as it does with a stride of 1.
UNSTRIDED = ("dx[:, :, i*s:i*s+k, j*s:j*s+k]", "dx[:, :, i:i+k, j:j+k]")


def scanned(text, tmp_path, spec=""):
    path, table = tmp_path / "layers.py", tmp_path / "spec.toml"
    path.write_text(text)
    table.write_text(f"[layers]\n{spec}\n")
    *layers, _ = scan(path, spec_of(table) if spec else {}, QUICK, told=False)
    (layer,) = layers
    return layer


@pytest.mark.parametrize(
    ("text", "tried", "spec"),
    [
        (POOL, "stride = 1, and 2 as well", ""),
        (CORRELATE, "pad = 0, and 1 as well", 'correlate = { x = "d+k-1", k = "k" }'),
        (LINEAR, "bias = True, and False as well", ""),
        (SCALED_TANH, "alpha = 1.0, and 2.5 as well", ""),
        (HUBER, "delta = 1.0, and 2.5 as well", ""),
        (HUBER.replace("1.0", "1"), "delta = 1, and 3 as well", ""),
        (FLAGGED, "delta = 1.0, and 2.5 as well", ""),
        (MARGIN, "threshold = 1.0, and 0.7 as well", ""),
        (GATED, "mode = tanh, and swish as well", ""),
        (DECAYED, "l2 = 0, and 0.3 as well: a penalty", ""),
        (
            DECAYED.replace("self.W\n", "np.sign(self.W)\n"),
            "l2 = 0, and 0.3 as well: a penalty",
            "",
        ),
        (DECAYED + OF_LAYER, "l2 = 0, and 0.3 as well: a penalty", ""),
    ],
)
def test_a_right_layer_is_right_at_another_value_too(text, tried, spec, tmp_path):
    layer = scanned(text, tmp_path, spec)
    assert layer.verdict == "pass", layer
    assert tried in layer.assumptions


@pytest.mark.parametrize(
    ("text", "change", "wrong", "spec"),
    [
        (POOL, UNSTRIDED, "wrong with stride = 2", ""),
        (
            CORRELATE, ("dx[pad:len(dx)-pad]", "dx[:len(dx)-2*pad]"), "wrong with pad = 1",
            'correlate = { x = "d+k-1", k = "k" }',
        ),
        (
            LINEAR, ("    return dout @ self.W.T\n", "    return dout @ -self.W.T\n"),
            "wrong with bias = False", "",
        ),
        (SCALED_TANH, ("return alpha * (1 -", "return (1 -"), "wrong with alpha = 2.5", ""),
        (
            SCALED_TANH.replace("alpha", "T"), ("return T * (1 -", "return (1 -"),
            "wrong with T = 2.5", "",
        ),
        (HUBER, ("self.delta * np.sign", "np.sign"), "wrong with delta = 2.5", ""),
        (FLAGGED, ("e, delta * np.sign", "e, np.sign"), "wrong with delta = 2.5", ""),
        (MARGIN, ("- threshold, 0) * np", "- 1, 0) * np"), "wrong with threshold = 0.7", ""),
        (GATED, ("y * (1 - s)", "(1 - s)"), "wrong with mode = swish", ""),
    ],
)  # fmt: skip
def test_what_is_right_at_the_default_alone_is_wrong(text, change, wrong, spec, tmp_path):
    assert change[0] in text
    layer = scanned(text.replace(*change, 1), tmp_path, spec)
    assert layer.verdict == "fail", layer
    (gradient,) = (one for one in layer.gradients if one.verdict == "fail")
    assert wrong in gradient.mistakes
    assert f"{wrong.removeprefix('wrong ')} (if the default alone is meant" in gradient.message


@pytest.mark.parametrize(
    ("change", "of_file", "verdict", "said"),
    [
        (("2 * self.l2 * self.W", "self.l2 * self.W"), OF_LAYER, "fail", "regularization_loss"),
        (("+= 2 * self.l2", "= 2 * self.l2"), "", "fail", "comes from the cotangent"),
        (("* self.W\n", "* self.W**2\n"), "", "undecided", "the same at W and -W"),
        (("+= 2", "-= 2"), "", "undecided", "lets parameters grow"),
    ],
)
def test_a_penalty_that_a_default_leaves_out_is_held_to_it(
    change, of_file, verdict, said, tmp_path
):
    assert change[0] in DECAYED
    layer = scanned(DECAYED.replace(*change) + of_file, tmp_path)
    assert layer.verdict == verdict, layer
    (message,) = (one.message for one in layer.gradients if one.verdict == verdict)
    assert "with l2 = 0.3" in message
    assert said in message


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("limit", ("self.dW +=", "self.dW = np.clip(self.dW, -self.l2, self.l2) + 0 *")),
        ("activity_reg", ("2 * self.l2 * self.W", "self.l2 * self.x.T @ np.sign(self.x @ self.W)")),
    ],
)
def test_a_number_of_the_backward_function_that_is_of_no_penalty_is_left_alone(
    name, change, tmp_path
):
    assert change[0] in DECAYED
    text = DECAYED.replace(*change).replace("l2=0", "l2=0.0").replace("l2", name)
    layer = scanned(text, tmp_path)
    assert layer.verdict == "pass", layer


def test_a_number_that_function_and_gradient_have_a_default_for_is_the_same_in_both(tmp_path):
    layer = scanned(RIDGE, tmp_path)
    assert layer.verdict == "pass", layer


@pytest.mark.parametrize("inputs", ['x = "n c 2*h 2*w", ', ""])
def test_the_value_that_a_spec_gives_is_the_only_one(inputs, tmp_path):
    spec = f"AvgPool = {{ {inputs}names = {{ init = {{ stride = 1 }} }} }}"
    layer = scanned(POOL.replace(*UNSTRIDED), tmp_path, spec)
    assert layer.verdict == "pass", layer
    assert not any("stride" in text for text in layer.assumptions)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("self.size, self.stride =", "assert stride == 1; self.size, self.stride ="), "to run"),
        (("k, s = self.size, self.stride\n        dx", "k = self.size\n        dx"), "backward"),
    ],
)
def test_what_raises_at_another_value_is_told_and_not_accused(change, said, tmp_path):
    assert change[0] in POOL
    text = POOL.replace(*change)
    if said == "backward":
        text = text.replace("dx = np", "assert self.stride == 1; s = 1; dx = np")
    layer = scanned(text, tmp_path)
    assert layer.verdict == "pass", layer
    (told,) = (one for one in layer.assumptions if one.startswith("stride"))
    assert said in told


def test_a_source_that_says_that_the_default_alone_is_meant_is_believed(tmp_path):
    text = POOL.replace(*UNSTRIDED).replace(
        "        dx = np", "        # stride 1 only\n        dx = np"
    )
    layer = scanned(text, tmp_path)
    assert layer.verdict == "pass", layer
    (note,) = layer.notes
    assert "with stride = 2" in note
    assert "stride 1 only" in note


def test_a_gradient_of_another_shape_is_told_and_not_accused(tmp_path):
    text = POOL.replace("return dx", "return dx if self.stride == 1 else dx[:, :, 1:]")
    layer = scanned(text, tmp_path)
    assert layer.verdict == "pass", layer
    (note,) = layer.notes
    assert "wrong shape" in note


@pytest.mark.parametrize(
    "default",
    [
        "axis=1",
        "groups=1",
        "n_heads=2",
        "eps=1.0",
        "momentum=0.9",
        "stride='same'",
        "flip=False",
        "alpha=np.ones(2)",
    ],
)
def test_other_defaults_are_left_alone(default, tmp_path):
    layer = scanned(LINEAR.replace("bias=True", f"bias=True, {default}"), tmp_path)
    assert layer.verdict == "pass", layer
    assert not any(text.startswith(default.partition("=")[0]) for text in layer.assumptions)
