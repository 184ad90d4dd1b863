"""Layers whose base or variables are in another file: found there, or not accused."""

import ast

import pytest

from gradcheck.adapters.chunks import OF_PYTHON_2, Chunk, parsed
from gradcheck.adapters.scan import scan

VARIABLE = """
import numpy as np


class Variable:
    def __init__(self, data):
        self.data, self.grad, self.creator = data, None, None

    def backward(self):
        gradients = self.creator.backward(*[one.grad for one in self.creator.outputs])
        gradients = gradients if isinstance(gradients, tuple) else (gradients,)
        for one, gradient in zip(self.creator.inputs, gradients):
            one.grad = gradient
"""
FUNCTION = """

class Function:
    def __call__(self, *inputs):
        answers = self.forward(*[one.data for one in inputs])
        answers = answers if isinstance(answers, tuple) else (answers,)
        self.inputs, self.outputs = inputs, [Variable(one) for one in answers]
        for one in self.outputs:
            one.creator = self
        return self.outputs[0]

    def forward(self, *arrays):
        raise NotImplementedError

    def backward(self, *cotangents):
        raise NotImplementedError
"""
LAYERS = """

class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        return 2 * self.inputs[0].data * gy


class Mul(Function):
    def forward(self, a, b):
        return a * b

    def backward(self, gy):
        a, b = self.inputs
        return gy * b.data, gy * a.data


class Negative(Function):
    def forward(self, x):
        return -x

    def backward(self, gy):
        return -gy
"""


def verdicts(path):
    *layers, report = scan(path, {}, told=False)
    return {one.name: (one.verdict, one.reason) for one in layers}, report


@pytest.mark.parametrize("wrong", [False, True])
@pytest.mark.parametrize(
    ("files", "scanned"),
    [
        ({"core": VARIABLE + FUNCTION, "lab": "from core import Function\n" + LAYERS}, "lab"),
        (
            {
                "net/core": VARIABLE + FUNCTION,
                "net/functions": "from net.core import Function\nfrom net import core\n" + LAYERS,
            },
            "net/functions",
        ),
        ({"net/core": VARIABLE + FUNCTION, "a/lab": "from net.core import *\n" + LAYERS}, "a/lab"),
        (
            {
                "net/__init__": "from .core import Variable\n",
                "net/core": VARIABLE + FUNCTION,
                "net/functions": "from .core import Function\n" + LAYERS,
            },
            "net/functions",
        ),
        (
            {
                "variables": VARIABLE,
                "core": "from variables import Variable\n" + FUNCTION,
                "lab": "import numpy as np\nfrom core import Function\n" + LAYERS,
            },
            "lab",
        ),
    ],
)
def test_variables_in_another_file_are_found(tmp_path, files, scanned, wrong):
    for name, text in files.items():
        path = tmp_path / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.replace("gy * b.data, gy", "gy * a.data, gy") if wrong else text)
    found, _ = verdicts(tmp_path / f"{scanned}.py")
    assert found == {
        "Square": ("pass", ""), "Mul": ("fail" if wrong else "pass", ""), "Negative": ("pass", ""),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from net.core import Function, Variable\n" + LAYERS, "it needs Function: `from net.core"),
        (
            "import no_net\n" + LAYERS.replace("(Function)", "(no_net.Function)"),
            "`import no_net` fails",
        ),
        ("from net.core import Variable\n" + FUNCTION + LAYERS, "which needs Variable (`from net"),
        ("from net.core import *\n" + FUNCTION + LAYERS, "it may read what __call__ keeps"),
        (
            "class Var:\n    def __init__(self, data):\n        self.data = data\n"
            + FUNCTION.replace("Variable", "Var") + LAYERS,
            "self.inputs is what __call__ keeps",
        ),
    ],
)  # fmt: skip
def test_without_them_what_needs_them_is_not_checked_and_the_rest_is(tmp_path, text, said):
    path = tmp_path / "lab.py"
    path.write_text(text)
    found, report = verdicts(path)
    for name in ("Square", "Mul"):
        verdict, reason = found[name]
        assert verdict == "undecided"
        assert said in reason
    assert found["Negative"] == ("pass", "")
    assert not any("class Square" in text for text in report.left_out)


def test_operators_without_their_base_are_checked_as_they_stand(tmp_path):
    path = tmp_path / "ops.py"
    path.write_text(
        "from .tensors import NDArray, Tensor, TensorOp\n\n\n"
        "class MatMul(TensorOp):\n"
        "    def compute(self, a: NDArray, b: NDArray):\n        return a @ b\n\n"
        "    def gradient(self, out_grad: Tensor, node: Tensor):\n"
        "        a, b = node.inputs\n"
        "        return matmul(out_grad, b.transpose()), matmul(a.transpose(), out_grad)\n\n\n"
        "def matmul(a, b):\n    return MatMul()(a, b)\n\n\n"
        "class Scale(TensorOp):\n"
        "    def compute(self, a):\n        return 3 * a\n\n"
        "    def gradient(self, out_grad, node):\n        return 2 * out_grad\n"
    )
    *layers, _ = scan(path, {}, told=False)
    assert {one.name: one.verdict for one in layers} == {"MatMul": "pass", "Scale": "fail"}
    said = "it needs TensorOp, which is missing: what it defines itself is checked"
    assert all(said in one.assumptions for one in layers)


def test_what_a_missing_base_would_bring_is_no_mistake(tmp_path):
    path = tmp_path / "lab.py"
    path.write_text(
        "from framework import Module, keep\n\n\n"
        "class Scale(Module):\n"
        "    def __init__(self):\n        super().__init__('scale')\n        self.add('w', 2.0)\n\n"
        "    def forward(self, x):\n        return x * self.w\n\n"
        "    def backward(self, dout):\n        return dout * self.w\n\n\n"
        "class Model(Module):\n    def forward(self, x):\n        return x\n"
    )
    found, report = verdicts(path)
    assert list(found) == ["Scale"]
    assert "has no attribute 'add'" in found["Scale"][1]
    assert "it needs Module" in found["Scale"][1]
    assert any("class Model: it needs Module" in text for text in report.left_out)


def test_an_installed_module_is_not_looked_for_in_the_folders_above(tmp_path):
    (tmp_path / "json.py").write_text("dumps = None\n")
    folder = tmp_path / "lab"
    folder.mkdir()
    path = folder / "lab.py"
    path.write_text(
        "import json\nfrom above import scale\n\n\n"
        "def scale_forward(x):\n    return scale * x, json.dumps([])\n\n\n"
        "def scale_backward(dout, cache):\n    return scale * dout\n"
    )
    (tmp_path / "above.py").write_text("scale = 3\nprint('not run')\n")
    found, report = verdicts(path)
    assert found == {"scale": ("pass", "")}
    assert report.left_out == ["of above.py, line 2: print('not run'): it is not run"]


@pytest.mark.parametrize(
    ("beside", "quotient"), [("this is no Python", 0.5), ("print 'old'", 0), ("print('new')", 0.5)]
)
def test_whole_numbers_divide_as_the_file_is_written(beside, quotient):
    chunk = Chunk(f"{beside}\n\n\ndef half(m):\n    return 1 / m\n", "old.py")
    space = dict(OF_PYTHON_2)
    for part, tree in parsed(chunk):
        if isinstance(tree, ast.Module):
            exec(compile(tree, part.file, "exec"), space)
    assert space["half"](2) == quotient
