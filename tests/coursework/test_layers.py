"""A layer in any convention is graded by its name, and reads the same in a student's own folder."""

import sys
from dataclasses import replace

import pytest

from gradcheck.adapters.words import layer_word
from gradcheck.cli import main
from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.grading import grade
from gradcheck.errors import InputError

SETTINGS = """
id = "layers"
time_limit = 2.0
hints = "none"
inputs = 28

[[parts]]
claim = "affine.py::same_forward"

[[parts]]
claim = "affine.py::affine[vjp-dx]"

[[parts]]
claim = "affine.py::affine[vjp-dW]"

[[parts]]
claim = "affine.py::affine[vjp-db]"
"""
DERIVATION = """
from gradcheck import derivation, identity
from gradcheck.coursework import layer_from_submission


@derivation(x="n d", W="d m", b="m")
def affine(x, W, b):
    return x @ W + b


own = layer_from_submission("{names}", affine)


@identity(x="n d", W="d m", b="m")
def same_forward(x, W, b):
    return own(x, W, b), affine(x, W, b)
"""
#: A layer whose parameters' gradients come from a method of its own.
METHOD = """
import numpy as np

class Method:
    def __init__(self, W, b):
        self.W = W
        self.b = b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dout = dout
        return dout @ self.W.T
"""

#: Conventions of published course code, by what the assignment names.
CONVENTIONS = {
    "functions with a cache": ("affine_forward affine_backward", """
def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)
"""),
    "gradients one after the other": ("affine_forward affine_backward", """
def affine_forward(x, w, b):
    return x @ w + b, (x, w, b)


def affine_backward(dout, cache):
    x, w, b = cache
    yield dout @ w.T
    yield x.T @ dout
    yield dout.sum(axis=0)
"""),
    "gradients in attributes": ("Affine", """
class Affine:
    def __init__(self, W, b):
        self.W, self.b = W, b
        self.dW = self.db = None

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T
"""),
    "parallel lists": ("Affine", """
import numpy as np


class Affine:
    def __init__(self, W, b):
        self.params = [W, b]
        self.grads = [np.zeros_like(W), np.zeros_like(b)]

    def forward(self, x):
        W, b = self.params
        self.x = x
        return x @ W + b

    def backward(self, dout):
        W, b = self.params
        self.grads[0][...] = self.x.T @ dout
        self.grads[1][...] = dout.sum(axis=0)
        return dout @ W.T
"""),
    "parallel lists in single precision": ("Affine", """
import numpy as np


class Affine:
    def __init__(self, W, b):
        self.params = [W.astype("f"), b.astype("f")]
        self.grads = [np.zeros_like(p) for p in self.params]

    def forward(self, x):
        W, b = self.params
        self.x = x.astype("f")
        return self.x @ W + b

    def backward(self, dout):
        W, b = self.params
        dout = dout.astype("f")
        self.grads[0][...] = self.x.T @ dout
        self.grads[1][...] = dout.sum(axis=0)
        return dout @ W.T
"""),
    "a method for gradients": ("Method", METHOD + """
    def param_grads(self):
        return [self.x.T @ self.dout, self.dout.sum(axis=0)]
"""),
    "a method whose variables tell": ("Method", METHOD + """
    def get_gradients(self):
        db = self.dout.sum(axis=0)
        dW = self.x.T @ self.dout
        return db, dW
"""),
    "weights and bias the other way round": ("Linear", """
import numpy as np


class Linear:
    def __init__(self, in_features, out_features):
        self.W = np.zeros((out_features, in_features))
        self.b = np.zeros((out_features, 1))

    def forward(self, A):
        self.A = A
        return A @ self.W.T + self.b.T

    def backward(self, dLdZ):
        self.dLdW = dLdZ.T @ self.A
        self.dLdb = dLdZ.sum(axis=0)[:, None]
        return dLdZ @ self.W
"""),
    "a dict for each parameter": ("Dense", """
class Dense:
    def __init__(self, W, b):
        self.W, self.b = {"val": W, "grad": 0}, {"val": b, "grad": 0}

    def forward(self, X):
        self.X = X
        return X @ self.W["val"] + self.b["val"]

    def backward(self, dout):
        self.W["grad"], self.b["grad"] = self.X.T @ dout, dout.sum(axis=0)
        return dout @ self.W["val"].T
"""),
    "an object for each parameter": ("Dense", """
class Parameter:
    def __init__(self, value):
        self.value, self.grad = value, None


class Dense:
    def __init__(self, W, b):
        self.W, self.b = Parameter(W), Parameter(b)

    def forward(self, X):
        self.X = X
        return X @ self.W.value + self.b.value

    def backward(self, dout):
        self.W.grad, self.b.grad = self.X.T @ dout, dout.sum(axis=0)
        return dout @ self.W.value.T
"""),
    "names of its own": ("Dense", """
import numpy as np

class Dense:
    def __init__(self, input_size, output_size):
        self.params = {"w": np.ones((input_size, output_size)), "b": np.ones(output_size)}
        self.grads = {}

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params["w"] + self.params["b"]

    def backward(self, grad):
        self.grads["b"] = grad.sum(axis=0)
        self.grads["w"] = self.inputs.T @ grad
        return grad @ self.params["w"].T
"""),
}  # fmt: skip


def assignment(folder, names):
    folder.mkdir(mode=0o700)
    (folder / "assignment.toml").write_text(SETTINGS)
    (folder / "derivations").mkdir()
    (folder / "derivations" / "affine.py").write_text(DERIVATION.format(names=names))
    return folder


def earned(folder, source, tmp_path, sandbox, hidden=()):
    """The marks by part; of only the ``hidden`` ones, if there are any, at no visible inputs."""
    path = tmp_path / "submission.py"
    path.write_text(source)
    loaded = Assignment.load(folder)
    if hidden:
        chosen = [one for one in loaded.tasks if one.name.rpartition(" ")[2] in hidden]
        loaded = replace(loaded, tasks=tuple(replace(one, visible=False) for one in chosen))
    graded = grade(loaded, path, sandbox, loaded.hidden_seed, "one")
    return {part.name.rpartition(" ")[2]: part.earned for part in graded.parts}, graded


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_layer_is_read_in_the_convention_it_is_written_in(convention, tmp_path, apart):
    names, source = CONVENTIONS[convention]
    folder = assignment(tmp_path / "teacher", names)
    marks, graded = earned(folder, source, tmp_path, apart)
    assert marks == {"same_forward": 1, "dx": 1, "dW": 1, "db": 1}, graded
    wrong = source.replace("sum(axis=0)", "mean(axis=0)")
    marks, graded = earned(folder, wrong, tmp_path, apart, ("dW", "db"))
    assert marks == {"dW": 1, "db": 0}, graded


@pytest.mark.parametrize(
    ("asked", "convention", "called"),
    [("Affine", "functions with a cache", "affine_forward affine_backward"),
     ("AffineLayer", "functions with a cache", "affine_forward affine_backward"),
     ("affine_forward affine_backward", "gradients in attributes", "Affine")],
)  # fmt: skip
def test_a_layer_is_found_by_its_name_in_another_convention(
    asked, convention, called, tmp_path, apart
):
    names, source = CONVENTIONS[convention]
    assert names == called
    folder = assignment(tmp_path / "teacher", asked)
    marks, graded = earned(folder, source, tmp_path, apart)
    assert marks == {"same_forward": 1, "dx": 1, "dW": 1, "db": 1}, graded
    by_differences = source.replace("dout.sum(axis=0)", "(g(x + 1e-6) - g(x)) / 1e-6")
    marks, graded = earned(folder, by_differences, tmp_path, apart)
    assert {str(part.outcome) for part in graded.parts[1:]} == {"not allowed"}, graded


@pytest.mark.parametrize(
    "names",
    [("LayerNorm", "layernorm_forward", "layer_norm_backward", "LayerNormalization"),
     ("BatchNorm", "BatchNorm2d", "batch_normalization_forward", "BatchNormLayer"),
     ("Conv", "Conv2D", "conv2d_backward", "conv_2d_forward", "ConvLayer")],
)  # fmt: skip
def test_what_a_layer_is_called_is_one_however_it_is_spelt(names):
    assert len(set(map(layer_word, names))) == 1


#: Parameters that are called like none, and an input that is called as in no derivation.
OWN_NAMES = """
class Line:
    def __init__(self, slope, offset):
        self.slope, self.offset = slope, offset

    def forward(self, inputs):
        self.inputs = inputs
        return inputs * self.slope + self.offset

    def backward(self, dout):
        self.dslope, self.doffset = (dout * self.inputs).sum(axis=0), dout.sum(axis=0)
        return dout * self.slope
"""


def test_what_a_constructor_takes_is_not_what_forward_calls_by_another_name(tmp_path, apart):
    folder = assignment(tmp_path / "teacher", "Line")
    for path in (folder / "assignment.toml", folder / "derivations" / "affine.py"):
        text = path.read_text().replace('W="d m", b="m"', 'slope="d", offset="d"')
        text = text.replace("W, b", "slope, offset").replace("x @ W + b", "x * slope + offset")
        text = text.replace("[vjp-dW]", "[vjp-dslope]").replace("[vjp-db]", "[vjp-doffset]")
        path.write_text(text)
    marks, graded = earned(folder, OWN_NAMES, tmp_path, apart)
    assert marks == {"same_forward": 1, "dx": 1, "dslope": 1, "doffset": 1}, graded


def test_a_gradient_that_is_not_as_its_parameter_is_kept_is_wrong(tmp_path, apart):
    names, source = CONVENTIONS["weights and bias the other way round"]
    folder = assignment(tmp_path / "teacher", names)
    wrong = source.replace("dLdZ.T @ self.A", "self.A.T @ dLdZ")
    marks, graded = earned(folder, wrong, tmp_path, apart)
    assert marks == {"same_forward": 1, "dx": 1, "dW": 0, "db": 1}, graded


def test_points_for_each_gradient_of_a_layer_are_points_of_parts(tmp_path):
    folder = assignment(tmp_path / "teacher", "Affine")
    text = (folder / "assignment.toml").read_text()
    (folder / "assignment.toml").write_text(f"{text}points = {{ db = 1, dW = 2 }}\n")
    said = (
        r"affine has no gradient 'dW'; it has db; each gradient of a layer is .* a part of its own"
    )
    with pytest.raises(InputError, match=said):
        Assignment.load(folder)


def test_a_layer_that_is_missing_or_has_no_gradient_says_so(tmp_path, apart, monkeypatch):
    names, source = CONVENTIONS["gradients in attributes"]
    folder = assignment(tmp_path / "teacher", names)
    started = []
    start = type(apart).start
    monkeypatch.setattr(type(apart), "start", lambda *a: started.append(1) or start(*a))
    marks, graded = earned(folder, "class Linear:\n    pass\n", tmp_path, apart)
    assert set(marks.values()) == {0}
    assert len(started) == 1, "what is missing costs no process of its own"
    assert "there is no 'Affine' in the submission; it defines Linear" in graded.parts[0].reason
    silent = source.replace("        self.db = dout.sum(axis=0)\n", "")
    marks, graded = earned(folder, silent, tmp_path, apart)
    assert marks == {"same_forward": 1, "dx": 1, "dW": 1, "db": 0}
    assert "no gradient for 'b' was found" in graded.parts[3].reason
    marks, graded = earned(folder, source.replace("backward", "undo"), tmp_path, apart)
    assert set(marks.values()) == {0}
    assert (
        "a backward method was expected; it has __init__, forward, undo" in graded.parts[0].reason
    )


def test_a_student_checks_a_layer_in_the_folder_that_was_handed_out(tmp_path, monkeypatch, capsys):
    names, source = CONVENTIONS["gradients in attributes"]
    monkeypatch.setattr(sys, "path", [*sys.path])  # the command adds to it
    wrong = source.replace("sum(axis=0)", "mean(axis=0)")
    for who, text, code in (("right", source, 0), ("wrong", wrong, 1)):
        folder = assignment(tmp_path / who, names)
        (folder / "submission.py").write_text(text)
        monkeypatch.chdir(folder)
        assert main(["check", "--profile", "ci", "--inputs", "12"]) == code
        told = capsys.readouterr().out
        assert told.count("PASS") == 4 - code, told
        assert ("averaged where it has to be summed" in " ".join(told.split())) == code
