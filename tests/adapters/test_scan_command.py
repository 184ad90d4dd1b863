"""`gradcheck scan` as a command: what it prints and how it ends, on files as people have them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

STUDENTS = Path(__file__).parent / "students"

#: A file of which little can be taken as it stands.
DIFFICULT = """
import numpy as np
import notthere.framework as fw
from alsonotthere import *
import time, sys
import matplotlib.pyplot as plt

time.sleep(100)
print("training ...")
data = open("data.npy").read()
answer = input("epochs? ")


class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        print("forward", x.shape)
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T


class Mystery:
    def __init__(self, depth_map, n_rings):
        self.rings = [depth_map[k] for k in range(n_rings)]

    def forward(self, x):
        return x * self.rings[0]

    def backward(self, dout):
        return dout * self.rings[0]


class Quits:
    def forward(self, x):
        sys.exit(3)

    def backward(self, dout):
        return dout


class Linear(fw.Module):
    def forward(self, x):
        return fw.matmul(x, self.W)

    def backward(self, dout):
        return fw.matmul(dout, self.W.T)


def fast_forward(x):
    return fw.relu(x), x


def fast_backward(dout, cache):
    return dout * (cache > 0)


for epoch in range(10):
    print epoch, "of 10"

plt.plot(data)
plt.show()
"""


def run(*arguments):
    command = [sys.executable, "-m", "gradcheck", "scan", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def layers_of(done):
    (file,) = json.loads(done.stdout)["files"]
    return {layer["name"]: layer for layer in file["layers"]}, file["left_out"]


def test_what_can_be_taken_is_taken_and_the_rest_is_named(tmp_path):
    path = tmp_path / "lab.py"
    path.write_text(DIFFICULT)
    done = run(path, "--json")
    layers, left_out = layers_of(done)
    assert done.returncode == 3, done.stderr
    assert layers["Affine"]["verdict"] == "pass"
    assert "notthere" in layers["fast"]["unchecked"]
    assert "depth_map" in layers["Mystery"]["unchecked"]
    assert "depth_map" in layers["Mystery"]["spec"]
    assert "ends the program" in layers["Quits"]["unchecked"]
    said = "\n".join(left_out)
    for part in ("time.sleep(100)", "open('data.npy')", "plt.show()", "notthere", "class Linear"):
        assert part in said
    assert "Traceback" not in done.stderr + done.stdout


def test_a_notebook_with_magics_and_a_broken_cell(tmp_path):
    path = tmp_path / "lab.ipynb"
    cells = [
        "%matplotlib inline\nimport numpy as np\n!pip install something",
        "def relu_forward(x):\n    return np.maximum(x, 0), x\n",
        "this is no python",
        "def relu_backward(dout, cache):\n    return dout * (dout > 0)\n",
        "relu_forward(undefined)",
    ]
    notebook = {
        "cells": [
            {"cell_type": "markdown", "source": ["# Lab"]},
            *({"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells),
        ]
    }
    path.write_text(json.dumps(notebook))
    done = run(path)
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert "x WRONG" in done.stdout
    assert "not linear in the cotangent" in done.stdout
    assert "this is no Python 3" in done.stdout
    assert "<unknown>" not in done.stdout
    assert "1 layer recognised, 1 gradient checked: 0 right, 1 wrong" in done.stdout


def excerpt(folder, name, *kept):
    """Some of the definitions of a student's file, alone in a file of that name."""
    head, *blocks = (STUDENTS / "right" / name).read_text(encoding="utf-8").split("\n\n\n")
    starts = tuple(f"{word} {one}" for word in ("class", "def") for one in kept)
    blocks = [block for block in blocks if block.startswith(starts)]
    assert len(blocks) == len(kept)
    path = folder / name
    path.write_text("\n\n\n".join([head, *blocks]) + "\n", encoding="utf-8")
    return path


def test_a_spec_settles_scale_and_dims(tmp_path):
    spec = tmp_path / "spec.toml"
    spec.write_text(
        "[layers]\n"
        'Linear = { A = "n d", W = "m d", b = "m 1", '
        'names = { scale = { W = "1/n", b = "1/n" } } }\n'
    )
    layers, _ = layers_of(run(excerpt(tmp_path, "mytorch.py", "Linear"), "--spec", spec, "--json"))
    assert {g["name"]: g["verdict"] for g in layers["Linear"]["gradients"]} == {
        "A": "pass", "W": "pass", "b": "pass",
    }  # fmt: skip
    spec.write_text(
        "[layers]\n"
        'forward_backward_prop = { X = { real = "n 3", differentiate = false, low = -3, '
        'high = 3 }, labels = { real = "n 2", differentiate = false }, '
        'params = { real = "26", low = -3, '
        "high = 3 }, dimensions = { constant = [3, 4, 2] } }\n"
    )
    done = run(
        excerpt(tmp_path, "flat_vectors.py", "sigmoid", "forward_backward_prop"),
        "--spec", spec, "--json",
    )  # fmt: skip
    layers, _ = layers_of(done)
    # Its gradient is that of labels which sum to one; these do not.
    assert layers["forward_backward_prop"]["gradients"][0]["verdict"] == "fail"
    assert done.returncode == 1


def test_a_spec_in_python(tmp_path):
    spec = tmp_path / "spec.py"
    spec.write_text('layers = {"Conv1x1": {"X": "n c l", "W": "c f", "b": "f"}}\n')
    layers, _ = layers_of(run(STUDENTS / "right" / "nested_dicts.py", "--spec", spec, "--json"))
    assert layers["Conv1x1"]["verdict"] == "pass"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("empty.py", "x = 1\n", "0 layers recognised"),
        ("helpers.py", "def run(x):\n    return x\n", "what the files define: run"),
        ("helpers.py", "def run(x):\n    return x\n", "affine_backward(dout, cache)"),
        ("helpers.py", "def run(x):\n    return x\n", 'layer = ["my_function", "its_backward"]'),
        ("notes.txt", "", "a Python file or a notebook"),
        ("broken.ipynb", "{", "not a notebook"),
        ("missing.py", None, "cannot be read"),
    ],
)
def test_nothing_recognised_and_wrong_use(tmp_path, name, text, said):
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    done = run(path)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[layers", "is no TOML"),
        ("x = 1", "declares no layer"),
        ('[layers]\nAffine = { x = "n d", names = { scal = 1 } }', "'scal' is not known"),
        ('[layers]\nNowhere = { x = "n d" }', "'Nowhere', which no file defines"),
        ("[layers]\nAffine = { x = { foo = 1 } }", "a table has one of the keys"),
    ],
)
def test_specs_that_cannot_be_meant(tmp_path, text, said):
    spec = tmp_path / "spec.toml"
    spec.write_text(text)
    path = tmp_path / "lab.py"
    path.write_text("def f(x):\n    return x\n")
    done = run(path, "--spec", spec)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_declared_layers_are_collected_by_pytest(tmp_path):
    (tmp_path / "student.py").write_text((STUDENTS / "wrong" / "oreilly1.py").read_text())
    folder = tmp_path / "derivations"
    folder.mkdir()
    (folder / "homework.py").write_text(
        "from gradcheck import real, integers\n"
        "from gradcheck.adapters import layer, names\n"
        "from student import Affine, SoftmaxWithLoss\n"
        'affine = layer(Affine, x="n d", W="d m", b="m")\n'
        'loss = layer(SoftmaxWithLoss, x="n c")\n'
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--gradcheck-profile=ci", "-p", "no:cacheprovider"],
        capture_output=True, text=True, timeout=120, cwd=tmp_path, check=False,
    )  # fmt: skip
    assert "derivations/homework.py::Affine[vjp-db]" in done.stdout
    assert "2 failed, 2 passed" in done.stdout
    assert "needs 't', for which nothing is declared" in done.stdout
    assert "wrong value" in done.stdout
