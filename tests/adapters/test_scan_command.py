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
    assert "fw" in layers["Linear"]["unchecked"]
    assert layers["Linear"]["spec"] is None  # no line of a spec brings its base
    for part in ("time.sleep(100)", "open('data.npy')", "plt.show()", "notthere"):
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


def test_a_notebook_of_the_format_before(tmp_path):
    """With a command inside of a function, and a line of Python that begins with a per cent."""
    cells = [
        "import numpy as np\nclass Relu:\n    def forward(self, x):\n        %time\n"
        "        self.mask = x > 0\n        return x * self.mask\n"
        "    def backward(self, dout):\n        return dout * self.mask\n",
        "def tanh_forward(x):\n    y = np.tanh(x)\n    return y, y\n\n"
        "def tanh_backward(dout, cache):\n    print('a gradient of shape %s'\n"
        "          % (dout.shape,))\n    return dout * (1 - cache ** 2)\n",
    ]
    code = [{"cell_type": "code", "language": "python", "input": cell} for cell in cells]
    path = tmp_path / "lab.ipynb"
    path.write_text(json.dumps({"nbformat": 3, "worksheets": [{"cells": code}]}))
    done = run(path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Relu" in done.stdout
    assert "tanh" in done.stdout


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
        ("helpers.py", "def run(x):\n    return x\n", 'run = { layer = ["run", "…"], x'),
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
        ('[layers]\nNowhere = { x = "n d" }', "no file defines 'Nowhere'; they define f"),
        ('[layers]\nff = { x = "n d" }', "layer ff: no file defines 'ff'; is it 'f'?"),
        ('[layers]\ng = { layer = ["f", "h"], x = "n d" }', "layer g: no file defines 'h'"),
        (
            "[layers]\nAffine = { x = { foo = 1 } }",
            "layer Affine, x: {'foo': 1}: a table has one of",
        ),
        (
            "[layers]\nf = { x = { real = 'n', hgh = 1 } }",
            "f, x: real: 'hgh' is not known; known be",
        ),
        ("[layers]\nf = { x = 3 }", "layer f, x: a dims string such as"),
        ("[layers]\nf = { layer = 3 }", "layer f: layer = 3; the name of a class or function"),
        ("[layers]\nf = { names = 'x' }", "layer f: names = 'x'; a table was expected"),
        ("[layer]\nf = { x = 'n' }", "it has 'layer' and no table 'layers'"),
        ("[layers]\nBox = { x = 'n' }", "it is not known how Box is called, forward and backward"),
        ("[layers]\nBox = { names = { forward = 'rum' } }", "Box has no such method: it has run"),
        (
            "[layers]\nBox = { x = 'n', names = { forward = 'run', backward = 'pull', "
            "init = { w = { function = 'nowhere' } } } }",
            "layer Box, names.init.w: function = 'nowhere': the file has no such function",
        ),
    ],
)
def test_specs_that_cannot_be_meant(tmp_path, text, said):
    spec = tmp_path / "spec.toml"
    spec.write_text(text)
    path = tmp_path / "lab.py"
    path.write_text(
        "def f(x):\n    return x\n\n\n"
        "class Box:\n    def __init__(self, w=None):\n        self.w = w\n"
        "\n    def run(self, x):\n        return x\n\n    def pull(self, d):\n        return d\n"
    )
    done = run(path, "--spec", spec)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "Error:" not in done.stderr


AFFINE = """
class Affine:
    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dout):
        self.dW = self.x.T @ dout
        return dout @ self.W.T


def run(x, w):
    return x @ w, (x, w)
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('Affine = { x = "n d" }', "its constructor needs 'W'"),
        ('Affine = { x = "n d", W = "d m", q = "m" }', 'names = { parameters = { q = "…" } }'),
        (
            'Affine = { x = "n d", W = "d m", names = { scale = { W = "1/q" } } }',
            "names: scale: W: '1/q' is not an expression in sizes",
        ),
        (
            'Affine = { x = "n d", W = "d m", names = { scale = { V = "1/n" } } }',
            "names: scale: 'V' is no input that is differentiated; they are x, W",
        ),
        (
            'Affine = { x = "n d", W = "d m", names = { gradients = { W = "dV" } } }',
            "that for 'W' is said to lie in 'dV', where there is nothing",
        ),
        ('run = { x = "n d", w = "d m" }', "nor is its backward function named: say it, layer ="),
    ],
)
def test_a_spec_that_does_not_fit_is_said_and_accuses_nobody(tmp_path, line, said):
    path, spec = tmp_path / "lab.py", tmp_path / "spec.toml"
    path.write_text(AFFINE)
    spec.write_text(f"[layers]\n{line}\n")
    done = run(path, "--spec", spec, "--json")
    layer = layers_of(done)[0][line.partition(" ")[0]]
    assert done.returncode == 3
    assert f"spec.toml, layer {layer['name']}: " in layer["unchecked"]
    assert said in layer["unchecked"]
    assert layer["spec"] == ('Affine = { x = "n d", W = "d m" }' if "Affine" in line else None)


def test_a_spec_names_functions_of_the_file(tmp_path):
    path, spec = tmp_path / "lab.py", tmp_path / "spec.toml"
    path.write_text(
        "import numpy as np\n\n\n"
        "def slope_of_sin(x):\n    return np.cos(x)\n\n\n"
        "class Curve:\n"
        "    def __init__(self, curve, steep):\n        self.curve, self.steep = curve, steep\n\n"
        "    def forward(self, x):\n        self.x = x\n        return self.curve(x)\n\n"
        "    def backward(self, dout):\n        return dout * self.steep(self.x)\n"
    )
    spec.write_text(
        '[layers]\nCurve = { x = "n d", names = { init = { '
        'curve = { function = "np.sin" }, steep = { function = "slope_of_sin" } } } }\n'
    )
    layers, _ = layers_of(run(path, "--json"))
    assert layers["Curve"]["verdict"] == "undecided"
    done = run(path, "--spec", spec, "--json")
    assert layers_of(done)[0]["Curve"]["verdict"] == "pass"
    assert done.returncode == 0
    assert json.loads(done.stdout)["files"][0]["unrecognised"] == []


def test_what_is_taken_for_no_layer_is_listed_with_a_line_that_declares_it(tmp_path):
    path = tmp_path / "lab.py"
    path.write_text(
        "def run(x, w):\n    return helper(x) @ w, (x, w)\n\n\n"
        "def pull(g, kept):\n    x, w = kept\n    return g @ w.T, x.T @ g\n\n\n"
        "def helper(a):\n    return 1 * a\n\n\n"
        "def scale_forward(x):\n    return 2 * helper(x), None\n\n\n"
        "def scale_backward(dout, cache):\n    return 2 * dout\n\n\n"
        "class Box:\n    def run(self, x):\n        return x\n"
    )
    done = run(path, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["files"][0]["unrecognised"] == [
        {"name": "run", "line": 1, "spec": 'run = { layer = ["run", "…"], x = "…", w = "…" }'},
        {
            "name": "pull",
            "line": 5,
            "spec": 'pull = { layer = ["pull", "…"], g = "…", kept = "…" }',
        },
        {"name": "Box", "line": 23, "spec": 'Box = { names = { forward = "…", backward = "…" } }'},
    ]
    assert "3 definitions taken for no layer" in run(path).stdout
    spec = tmp_path / "spec.toml"
    spec.write_text('[layers]\nrun = { layer = ["run", "pull"], x = "n d", w = "d m" }\n')
    done = run(path, "--spec", spec, "--json")
    assert layers_of(done)[0]["run"]["verdict"] == "pass"
    assert [one["name"] for one in json.loads(done.stdout)["files"][0]["unrecognised"]] == ["Box"]


def test_a_gradient_of_a_parameter_that_is_not_checked_is_undecided(tmp_path):
    path = tmp_path / "lab.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "class Mixed:\n"
        "    def __init__(self, W, n):\n        self.W, self.v = W, np.linspace(1, 2, n)\n\n"
        "    def forward(self, x):\n"
        "        self.x, self.h = x, x @ self.W\n        return self.h * self.v\n\n"
        "    def backward(self, dout):\n"
        "        self.dh = dout * self.v\n        self.dW = self.x.T @ self.dh\n"
        "        self.dv = np.sum(dout, axis=0)\n        return self.dh @ self.W.T\n"
    )
    done = run(path, "--json")
    layer = layers_of(done)[0]["Mixed"]
    assert done.returncode == 3
    assert {one["name"]: one["verdict"] for one in layer["gradients"]} == {
        "x": "pass", "W": "pass", "v": "undecided",
    }  # fmt: skip
    assert layer["spec"] == 'Mixed = { x = "n d", W = "d m", v = "…" }'
    assert layer["side_effects"] == []  # the gradient in dh is of what forward makes


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


def test_python_2_is_taken_as_it_would_be_written_now(tmp_path):
    path = tmp_path / "old.py"
    path.write_text(
        "import numpy as np\nfrom itertools import izip\n\n\n"
        "def scale_forward(x):\n"
        "    for name, value in {'a': 2.0}.iteritems():\n        print name, value\n"
        "        x = x * value\n"
        "    if x is None:\n        raise ValueError, 'no array'\n"
        "    return x, None\n\n\n"
        "def scale_backward(dout, cache):\n"
        "    try:\n        (factor,) = [b for _, b in izip('a', [2.0])]\n"
        "    except ValueError, error:\n        print error\n"
        "    print\n    return factor * dout\n\n\n"
        "print `3`\n"
    )
    done = run(path, "--json")
    layers, left_out = layers_of(done)
    assert (layers["scale"]["verdict"], done.returncode) == ("pass", 0)
    assert left_out == ["line 23: print `3`: this is no Python 3: invalid syntax"]


def test_what_a_layer_waits_for_or_reads_is_named(tmp_path):
    path = tmp_path / "lab.py"
    path.write_text(
        "import numpy as np\nimport time\nfrom time import sleep\n\n"
        "sizes = input('sizes? ')\nW = np.zeros(sizes)\n\n\n"
        "def slow_forward(x):\n    time.sleep(1000)\n    sleep(1000)\n    return 2 * x, None\n\n\n"
        "def slow_backward(dout, cache):\n    return 2 * dout\n\n\n"
        "def read_forward(x):\n    return np.load('scale.npy') * x, None\n\n\n"
        "def read_backward(dout, cache):\n    return dout\n\n\n"
        "def lin_forward(x):\n    return x @ W, None\n\n\n"
        "def lin_backward(dout, cache):\n    return dout @ W.T\n"
    )
    done = run(path, "--json")
    layers, _ = layers_of(done)
    assert layers["slow"]["verdict"] == "pass"
    assert "No such file or directory: 'scale.npy'" in layers["read"]["unchecked"]
    assert "line 6, `W = np.zeros(sizes)`: it needs sizes: line 5" in layers["lin"]["unchecked"]
    # No dims would mend that.
    assert layers["read"]["spec"] is layers["lin"]["spec"] is None
    assert "do the dims fit" not in done.stdout


def test_a_class_of_static_methods_is_listed_and_a_rule_that_a_framework_is_told_is_not(tmp_path):
    path = tmp_path / "lab.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "class Mish:\n"
        "    @staticmethod\n    def activation(x):\n"
        "        return x * np.tanh(np.log1p(np.exp(x)))\n"
        "    @staticmethod\n    def derivative(x):\n"
        "        t = np.tanh(np.log1p(np.exp(x)))\n"
        "        return t + x * (1 - t ** 2) / (1 + np.exp(-x))\n\n\n"
        "class Box:\n    @staticmethod\n    def put(x):\n        return x\n\n\n"
        "def square_fwd(x):\n    return x * x, x\n\n\n"
        "def square_bwd(x, g):\n    return 2 * x * g\n\n\n"
        "square.defvjp(square_fwd, square_bwd)\n"
    )
    done = run(path, "--json")
    assert layers_of(done)[0]["Mish"]["verdict"] == "pass"
    assert [one["name"] for one in json.loads(done.stdout)["files"][0]["unrecognised"]] == ["Box"]
