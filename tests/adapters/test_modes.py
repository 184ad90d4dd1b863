"""Layers with a train and an eval mode are checked in both, where backward knows of both."""

import dataclasses

import pytest

from gradcheck.adapters.judgements import outcomes_of
from gradcheck.adapters.scan import PROFILE, scan

NORM = """
import numpy as np

class BatchNorm:
    def __init__(self, dim):
        self.running_mean, self.running_var = np.zeros(dim), np.ones(dim)
        self.training = True

    def forward(self, x):
        if self.training:
            mean, var = x.mean(axis=0), x.var(axis=0)
            self.running_mean = 0.9 * self.running_mean + 0.1 * mean
            self.running_var = 0.9 * self.running_var + 0.1 * var
        else:
            mean, var = self.running_mean, self.running_var
        self.std = np.sqrt(var + 1e-5)
        self.hat = (x - mean) / self.std
        return self.hat

    def backward(self, dout):
        if not self.training:
            return dout / self.std
        return (dout - dout.mean(axis=0) - self.hat * (dout * self.hat).mean(axis=0)) / self.std
"""
#: The flag as an argument, as methods, and as a word.
ARGUMENT = (
    ("        self.training = True\n", ""), ("forward(self, x)", "forward(self, x, is_train=True)"),
    ("        if self.training", "        self._t = is_train\n        if is_train"),
    ("not self.training", "not self._t"),
)  # fmt: skip
METHODS = (
    ("self.training = True\n", "self._phase = 1\n    def train(self): self._phase = 1\n"
     "    def eval(self): self._phase = 0\n"),
    ("self.training", "self._phase"),
)  # fmt: skip
WORD = (
    ("self.training = True", "self.mode = 'train'"),
    ("if self.training", "if self.mode == 'train'"),
    ("not self.training", "self.mode == 'test'"),
)  # fmt: skip
PAIR = """
import numpy as np

def dropout_forward(x, dropout_param):
    p, mode = dropout_param["p"], dropout_param["mode"]
    mask = None
    if mode == "train":
        mask = (np.random.rand(*x.shape) < p) / p
        out = x * mask
    elif mode == "test":
        out = x
    return out, (dropout_param, mask)

def dropout_backward(dout, cache):
    dropout_param, mask = cache
    mode = dropout_param["mode"]
    if mode == "train":
        dx = dout * mask
    elif mode == "test":
        dx = dout
    return dx
"""
DROPOUT = """
import numpy as np

class Dropout:
    def __init__(self, ratio=0.5):
        self.ratio, self.mask = ratio, None

    def forward(self, x, train_flg=True):
        if train_flg:
            self.mask = np.random.rand(*x.shape) > self.ratio
            return x * self.mask
        return x * (1.0 - self.ratio)

    def backward(self, dout):
        return dout * self.mask
"""
CONNECTED = """
import numpy as np

class DropConnect:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)

    def forward(self, x, train=True):
        self.x = x
        self.M = np.random.rand(*self.W.shape) < 0.5 if train else 0.5
        return x @ (self.W * self.M)

    def backward(self, dout):
        self.dW = (self.x.T @ dout) * self.M
        return dout @ (self.W * self.M).T
"""
QUICK = dataclasses.replace(PROFILE, inputs=8)


@pytest.fixture(autouse=True)
def _as_they_are(monkeypatch):
    """Failing cases are not made smaller, which takes longest."""

    def judged(declared, profile, **_):
        return outcomes_of(declared, profile, simplify=False)

    for module in ("layer_scan", "modes"):
        monkeypatch.setattr(f"gradcheck.adapters.{module}.outcomes_of", judged)


def scanned(text, folder, *changes):
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = folder / "layers.py"
    path.write_text(text)
    layer, _ = scan(path, {}, QUICK, told=False)
    return layer


@pytest.mark.parametrize(
    "changes", [(), ARGUMENT, METHODS, WORD], ids=["flag", "argument", "methods", "word"]
)
def test_both_modes_are_checked(changes, tmp_path):
    right = scanned(NORM, tmp_path, *changes)
    assert right.verdict == "pass", right
    assert "train mode, and eval mode as well" in right.assumptions
    wrong = scanned(NORM, tmp_path, *changes, ("return dout / self.std", "return dout"))
    assert wrong.verdict == "fail"
    assert "wrong in eval mode" in wrong.gradients[0].mistakes
    assert 'names = { mode = "train" }' in wrong.gradients[0].message


def test_a_dict_of_settings_says_the_mode(tmp_path):
    right = scanned(PAIR, tmp_path)
    assert "train mode, and eval mode as well" in right.assumptions
    wrong = scanned(PAIR, tmp_path, ("dx = dout\n", "dx = dout * dropout_param['p']\n"))
    assert "wrong in eval mode" in wrong.gradients[0].mistakes


def test_a_backward_function_of_training_is_not_accused(tmp_path):
    alone = ("        if not self.training:\n            return dout / self.std\n", "")
    layer = scanned(NORM, tmp_path, alone)
    assert layer.verdict == "pass"
    assert any("in eval mode, the gradient for x is wrong" in note for note in layer.notes)
    layer = scanned(DROPOUT, tmp_path)  # of which the mask is that of the last batch
    assert layer.verdict == "pass"
    assert any("in eval mode, the gradient for x is wrong" in note for note in layer.notes)
    forgetting = ("        return x * (1", "        self.mask = None\n        return x * (1")
    layer = scanned(DROPOUT, tmp_path, forgetting)
    assert any(text.startswith("train mode: in eval mode") for text in layer.assumptions)


def test_a_mask_of_weights_that_are_drawn_is_nothing_that_is_kept(tmp_path):
    layer = scanned(CONNECTED, tmp_path)
    assert layer.verdict == "pass"
    assert layer.side_effects == []
