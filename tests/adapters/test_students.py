"""Files of student code in each convention, right and wrong, are recognised and judged.

Each layer is judged at one point here, with full scans of a few files; ``measure.py`` scans them
all and counts.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gradcheck import Status
from gradcheck.adapters import outer_parameters, packed_parameters
from gradcheck.adapters.conventions import beside_loss, custom_op
from gradcheck.adapters.definitions import definitions_of
from gradcheck.adapters.layers import declare, plan_of
from gradcheck.adapters.loss_readings import read_output, read_with_loss
from gradcheck.adapters.names import Names
from gradcheck.adapters.randomness import kept
from gradcheck.adapters.readings import others
from gradcheck.adapters.recognition import read
from gradcheck.adapters.scan import PROFILE, scan
from gradcheck.adapters.scan_report import FileReport, exit_code
from gradcheck.adapters.sightings import sightings
from gradcheck.sampling import Draft, Sampler
from gradcheck.verification import judge_drawn

FOLDER = Path(__file__).parent / "students"
FILES = sorted(path.stem for path in (FOLDER / "right").glob("*.py"))

#: Files of a framework that may not be installed: `pip install --group frameworks`.
NEEDS = {
    "tensors": "torch", "registered": "jax", "primitives": "autograd",
    "namespace": "array_api_strict",
}  # fmt: skip
#: Networks of which the labels come to backward alone.
NETWORKS = ("Network", "RNNNumpy", "L_model", "forward_propagation")
#: Gradients that are divided by the number of samples while the others are not: a convention.
SCALED = {
    ("deeplearning_ai", "linear"): {"W", "b"},
    ("deeplearning_ai", "linear_activation"): {"W", "b"},
    ("mytorch", "Linear"): {"W", "b"},
    ("fprop_bprop", "Dense"): {"W", "b"},
}
#: The gradients that are wrong in the files of wrong layers.
WRONG = {
    ("usual_words", "GRU"): {"xs", "h0", "Wx", "Wh", "b"},
    ("usual_words", "Swish"): {"beta"},
    ("usual_words", "conv"): {"x"},
    ("usual_words", "embedding"): {"table"},
    ("usual_words", "embed"): {"pos"},
    ("usual_words", "focal"): {"p"},
    ("usual_words", "MaxPool1d"): {"x"},
    ("usual_words", "lstm_step"): {"xt", "h", "c", "W", "U", "b"},
    ("usual_words", "VAE"): {"Wm", "W1"},
    ("usual_words", "RNNNumpy"): {"U"},
    ("usual_words", "L_model"): {"W1", "b1"},
    ("attributes_only", "LinearLayer"): {"b"},
    ("attributes_only", "SigmoidLayer"): {"Z"},
    ("cs231n", "affine"): {"w"},
    ("cs231n", "relu"): {"x"},
    ("cs231n", "softmax_loss"): {"x"},  # by the constant n alone
    ("cs231n", "batchnorm"): {"x", "gamma"},
    ("cs231n", "max_pool"): {"x"},
    ("cs231n", "word_embedding"): {"W"},
    ("deeplearning_ai", "sigmoid"): {"Z"},
    ("deeplearning_ai", "linear"): {"A", "W", "b"},  # of them two by the constant 1/n alone
    ("derivative_pairs", "sigmoid"): {"x"},
    ("derivative_pairs", "tanh"): {"x"},
    ("derivative_pairs", "LeakyReLU"): {"x"},
    ("dezero", "Sin"): {"x"},
    ("dezero", "Mul"): {"x0", "x1"},
    ("flat_vectors", "costFunction"): {"theta"},
    ("flat_vectors", "ridge_cost"): {"theta"},
    ("flat_vectors", "sparse_autoencoder_cost"): {"theta"},
    ("flat_vectors", "softmax_cost"): {"theta"},
    ("flat_vectors", "nnCostFunction"): {"nn_params"},
    ("fprop_bprop", "AffineLayer"): {"weights"},
    ("fprop_bprop", "SigmoidLayer"): {"inputs"},
    ("habits", "layernorm"): {"x"},
    ("habits", "ScaledTanh"): {"x"},
    ("habits", "TimeAffine"): {"b"},
    ("habits", "Conv1D"): {"x"},
    ("habits", "ActivationLayer"): {"input_data"},
    ("habits", "Dense2"): {"W"},
    ("habits", "Layer_Dropout"): {"inputs"},
    ("habits", "Tanh"): {"a"},
    ("habits", "maxpool2x2"): {"x"},
    ("habits", "GRUCell"): {"x", "h_prev", "Wx", "Wh", "b"},  # of one gate, on which all depend
    ("habits", "Conv3x3"): {"filters"},
    ("habits", "SoftmaxXent"): {"logits"},
    ("joelnet", "MSE"): {"predicted"},
    ("joelnet", "Linear"): {"inputs"},
    ("mytorch", "Linear"): {"W", "b"},  # of them one by the constant 1/n alone
    ("mytorch", "Sigmoid"): {"Z"},
    ("mytorch", "MSELoss"): {"A"},
    ("nested_dicts", "FC"): {"W"},
    ("nndl", "Matmul"): {"W"},
    ("nndl", "Softmax"): {"x"},
    ("nndl", "Relu"): {"x"},
    ("numpy_ml", "FullyConnected"): {"X", "W", "b"},
    ("numpy_ml", "SquaredError"): {"y_pred"},
    ("oreilly1", "Affine"): {"b"},
    ("oreilly1", "Sigmoid"): {"x"},
    ("oreilly1", "SoftmaxWithLoss"): {"x"},
    ("oreilly1", "Tanh"): {"x"},
    ("oreilly2", "Affine"): {"W"},
    ("oreilly2", "Embedding"): {"W"},
    ("oreilly2", "Softmax"): {"x"},
    ("others", "MaxPool"): set(),  # wrong where inputs tie: a full scan sees it
    ("others", "Net"): {"W1"},
    ("self_update", "Dense"): {"weights", "input"},
    ("flags", "squash"): set(),  # right
    ("flags", "bent"): {"x"},
    ("flags", "ramp"): {"x"},
    ("losses_beside", "mse"): {"pred"},
    ("losses_beside", "CrossEntropy"): {"logits"},
    ("losses_beside", "LogLoss"): {"y_pred"},
    ("losses_beside", "Quadratic"): {"a"},
    ("namespace", "Affine"): {"b"},
    ("namespace", "Tanh"): {"x"},
    ("neuron", "propagate"): {"w"},
    ("one_at_a_time", "Full"): {"W"},
    ("one_at_a_time", "Softmax"): {"x"},
    ("operators", "Mul"): {"a", "b"},
    ("operators", "Scale"): set(),  # right
    ("operators", "Power"): {"a"},
    ("operators", "MatMul"): {"b"},
    ("operators", "RowSum"): {"a"},
    ("plain_operators", "EWiseMul"): {"a", "b"},
    ("plain_operators", "LogSoftmax"): {"Z"},
    ("plain_operators", "PowerScalar"): {"a"},
    ("plain_operators", "Objective"): {"pred"},
    ("own_parameters", "PRelu"): {"a"},
    ("own_parameters", "OneSlope"): {"alpha"},
    ("further", "LayerNorm"): {"input"},
    ("further", "SelfAttention"): {"x", "Wqkv"},
    ("further", "cell"): {"xt", "a_prev", "Wf", "bf"},
    ("further", "prelu"): {"a"},
    ("further", "factorization"): {"V"},
    ("gated", "Gru"): {"x", "h", "Wz", "Uz", "bz"},
    ("gated", "Highway"): {"x", "Wt", "bt"},
    ("gated", "Gain"): {"g"},
    ("gated", "Pairing"): {"u"},
    ("gated", "Rectifier"): {"a"},
    ("gated", "Conv2D"): {"images"},
    ("gated", "Flatten"): {"x"},
    ("gated", "Huber"): {"pred"},
    ("gated", "LayerNorm"): {"g"},
    ("gated", "logistic_fn"): {"theta"},
    ("own_parameters", "Gain"): {"gamma"},
    ("own_parameters", "LayerNorm1D"): {"scaler"},
    ("own_parameters", "Conv"): {"b"},
    ("own_parameters", "TimeRNN"): {"xs", "Wx", "Wh", "b"},
    ("primitives", "rows_logsumexp"): {"x"},
    ("primitives", "energy"): {"x"},
    ("python2", "running"): {"x"},
    ("registered", "softabs"): {"x"},
    ("registered", "through"): {"x"},
    ("registered", "Tanh"): {"x"},
    ("spiral", "Layer_Dense"): {"weights"},
    ("spiral", "Loss_CrossEntropy"): {"output"},
    ("spiral", "ScaleShift"): {"gamma"},
    ("spiral", "Conv"): {"W"},
    ("tensors", "Linear"): {"b"},
    ("tensors", "ReLU"): {"x"},
    ("tensors", "Shift"): {"x"},
    ("wider", "Activation_Softmax_Loss"): {"inputs"},
    ("wider", "Model"): {"W1"},
    ("wider", "spatial_groupnorm"): {"x"},
    ("wider", "cofi_cost"): {"params"},
    ("wider", "softmax"): {"z"},
    ("wider", "rms_norm"): {"x"},
    ("wider", "Multiply"): {"X"},
    ("wider", "Network"): {"weights0"},
    ("handed_round", "dense"): {"b"},
    ("handed_round", "DenseLayer"): {"W"},
    ("handed_round", "hinge_loss"): {"scores"},
    ("handed_round", "sigmoid"): set(),
    ("handed_round", "softsign"): {"x"},
    ("handed_round", "word_loss"): {"outsideVectors"},
    ("handed_round", "RNNCell"): {"Wx"},  # adds up, where the other does not
    ("handed_round", "bilinear"): {"x", "y", "W", "b"},  # its backward function raises
    ("wild", "sage"): {"h"},
    ("wild", "simplex_map"): {"z"},
    ("wild", "Sloped"): {"slope"},
    ("wild", "Decayed"): {"W"},  # not the gradient of its penalty
    ("wild", "Value_mul"): {"other"},  # written over, where what is used twice adds up
    ("wild", "ridge_obj"): {"th"},
    ("wild", "PairLoss"): {"x2"},
    ("wild", "reparam"): {"log_sigma"},
    ("given_apart", "fit_loss"): {"W"},
    ("given_apart", "run"): {"hidden_W", "hidden_b"},
    ("given_apart", "stack_loss"): {"A1", "c1"},
    ("given_apart", "gate"): {"b"},  # summed over everything
    ("given_apart", "Project"): {"P"},
    ("given_apart", "beside"): {"x"},
    ("given_apart", "pool"): {"x"},
    ("given_apart", "Tensor_mul"): {"a"},
    ("given_apart", "Turn"): {"x"},
    ("reparametrized", "WeightNormLinear"): {"v"},
    ("reparametrized", "WeightNormDense"): {"v", "g"},
    ("reparametrized", "OneGain"): {"v"},
    ("policy", "policy"): {"W1"},
    ("policy_given", "policy"): {"W1"},
    ("blobs", "EuclideanLossLayer"): {"bottom1"},
    ("blobs", "SwishLayer"): {"x"},
    ("blobs", "BilinearLayer"): {"bottom0", "bottom1"},
    ("blobs", "ScaleShift"): {"b"},
    ("blobs", "SoftmaxXent"): {"scores"},
    ("blobs", "ScaleLayer"): {"bottom0"},
    ("blobs", "LeakyLayer"): {"x"},
    ("met_anew", "Reshape"): {"input"},
    ("met_anew", "Conv2D"): {"x"},
    ("met_anew", "DepthwiseConv2D"): {"x"},
    ("met_anew", "wn_conv1d"): {"v"},
    ("met_anew", "LSTM"): {"x", "W", "b"},
    ("met_anew", "SoftmaxCE"): {"Z"},
    ("met_anew", "Linear"): {"b"},
    ("met_anew", "FeedForward"): {"x"},
    ("met_anew", "SqueezeExcite"): {"x", "W1"},
    ("met_anew", "rope"): {"x"},
    ("met_anew", "weighted_sum"): {"p"},
    ("met_anew", "mix"): {"v"},
    ("custom_ops", "Softmax"): None,  # with the gradient of none of the usual losses
    ("custom_ops", "Sigmoid"): {"x"},
    ("custom_ops", "Dense"): {"weight"},
    ("custom_ops", "Swish"): {"x"},
    ("of_channels", "depthwise_conv"): {"w"},
    ("of_channels", "Convolution"): {"W"},
    ("of_channels", "hwcn_conv"): {"X"},
    ("of_channels", "SqueezeExcite"): {"x"},
    ("of_channels", "se_block"): {"x", "w1", "w2"},  # of what scales
    ("of_channels", "SEBlock"): {"x", "w1", "b1"},
    ("additive", "BahdanauAttention"): {"keys"},
    ("additive", "additive_attention"): {"va"},
    ("custom_gradients", "log1pexp"): {"x"},
    ("custom_gradients", "softplus"): set(),  # right
    ("custom_gradients", "bilinear"): {"w"},
    ("custom_gradients", "row_softmax"): {"z"},
    ("custom_gradients", "dense"): set(),  # right
    ("held_elsewhere", "bn"): {"X"},
    ("held_elsewhere", "batchnorm"): {"x"},
    ("held_elsewhere", "standardize"): {"x"},
    ("held_elsewhere", "Affine"): {"b"},
    ("held_elsewhere", "Linear"): {"x"},
    ("in_holders", "全连接层"): {"偏置"},
    ("in_holders", "均方误差"): {"预测"},
    ("in_holders", "PReLU"): {"a"},
    ("in_holders", "project"): {"b"},
    ("in_holders", "split_heads"): {"W"},
    ("in_holders", "CrossEntropy"): {"p"},
    ("in_holders", "multiply"): {"a", "b"},
    ("in_holders", "cosine"): {"v"},
    ("in_holders", "LSTM"): {"X", "WLSTM"},
    ("in_holders", "pool2d"): {"X"},
    ("in_holders", "Gain"): {"g"},
    ("static_classes", "Linear"): {"b"},
    ("static_classes", "Mul"): {"a", "b"},
}


@pytest.fixture(autouse=True)
def _kept_once():
    """As around a scan: not anew around each call of a layer."""
    with kept():
        yield


def judged(path):
    """For each layer of a file, the gradients that fail at two points of distinct sizes."""
    if path.stem in NEEDS:
        pytest.importorskip(NEEDS[path.stem], reason=f"{NEEDS[path.stem]} is not installed")
    found = {}
    definitions = definitions_of(path)
    outer_parameters.give(definitions)
    packed_parameters.give(definitions)
    for sighting in sightings(definitions):
        reading = read_of(sighting)
        if reading.declared is None:
            found[sighting.name] = None
            continue
        found[sighting.name] = failed(reading.declared)
        for inputs, names, _ in others(reading) if found[sighting.name] else ():
            again = declare((*sighting.what, names), inputs, guessed=True)
            if again.problem is None and not plan_of(again).trial_error and not failed(again):
                found[sighting.name] = set()
    return found


def read_of(sighting):
    """A layer as it is read, with its loss where that comes to backward alone."""
    if sighting.style.convention == custom_op.OUTPUT:
        return read_output(sighting)
    without = sighting.style.convention == beside_loss.CONVENTION
    return read_with_loss(sighting) if without and sighting.name in NETWORKS else read(sighting)


def failed(declared):
    """The gradients of a layer that fail."""
    sampler = Sampler(declared.rules[0])
    statuses = {}
    for bindings in sampler.sizes.always()[-2:]:
        point = next(iter(sampler.points(Draft(bindings, 3))))
        for rule in declared.rules:
            if statuses.get(rule.wrt[0]) is not Status.FAIL:
                # As a scan judges, which looks at many points.
                (verdict,) = judge_drawn(rule, [point], bindings, contracts=True)
                statuses[rule.wrt[0]] = verdict.status
    assert {Status.PASS, Status.FAIL} & set(statuses.values())
    return {name for name, status in statuses.items() if status is Status.FAIL}


@pytest.mark.parametrize("name", FILES)
def test_right_layers_are_recognised_and_not_accused(name):
    found = judged(FOLDER / "right" / f"{name}.py")
    assert found
    for layer, failed in found.items():
        assert failed == SCALED.get((name, layer), set()), layer


@pytest.mark.parametrize("name", FILES)
def test_wrong_gradients_are_found_and_no_others(name):
    found = judged(FOLDER / "wrong" / f"{name}.py")
    expected = {layer: wrong for (file, layer), wrong in WRONG.items() if file == name}
    assert found == expected


def test_what_goes_into_a_cell_is_told_from_what_is_hidden():
    found = sightings(definitions_of(FOLDER / "right" / "handed_round.py"))
    inputs = {one.name: read(one).inputs for one in found if one.name in ("Elman", "RNNCell")}
    assert inputs["Elman"] == {"x": "n d", "U": "h d", "W": "h h"}
    assert inputs["RNNCell"] == {"x": "n d", "h_prev": "n h", "Wx": "d h", "Wh": "h h"}


def scanned(path, spec=None):
    profile = dataclasses.replace(PROFILE, inputs=28)
    *layers, report = scan(path, spec or {}, profile, told=False)
    assert isinstance(report, FileReport)
    assert layers == report.layers
    return report


def test_a_scan_tells_conventions_from_mistakes():
    report = scanned(FOLDER / "wrong" / "deeplearning_ai.py")
    (linear,) = [layer for layer in report.layers if layer.name == "linear"]
    verdicts = {gradient.name: gradient.verdict for gradient in linear.gradients}
    assert verdicts == {"A": "fail", "W": "scaled", "b": "scaled"}
    assert 'scale = { W = "1/n", b = "1/n" }' in linear.spec
    assert exit_code([report]) == 1


def test_a_scan_names_the_convention_and_what_a_layer_does_beside():
    report = scanned(FOLDER / "wrong" / "nested_dicts.py")
    (layer,) = report.layers
    assert layer.convention == "class with nested dicts"
    (wrong,) = [gradient for gradient in layer.gradients if gradient.verdict == "fail"]
    assert wrong.name == "W"
    assert wrong.lands == "W['grad']"
    assert "a second backward call differs" in wrong.mistakes
    assert "nothing empties" in wrong.message


def test_emptying_gradients_makes_adding_up_a_convention():
    report = scanned(FOLDER / "right" / "numpy_ml.py")
    (layer,) = [one for one in report.layers if one.name == "FullyConnected"]
    assert layer.verdict == "pass"
    assert any("until they are emptied" in text for text in layer.side_effects)


FIRST = """
import numpy as np


class First:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, g):
        self.dW = self.x.T @ g
"""
#: The gradients of a dict that is called as few are, with a number beside the data.
ENERGY = """
import numpy as np


class Energy:
    def __init__(self, n_in, n_out):
        self.p = {"W": np.random.randn(n_in, n_out)}

    def forward(self, x, eps):
        self.x, self.z = x, x @ self.p["W"] + eps
        return 0.5 * np.sum(self.z**2)

    def backward(self):
        return {"W": self.x.T @ self.z}
"""


@pytest.mark.parametrize("text", [FIRST, ENERGY])
def test_an_input_for_which_nothing_is_returned_may_be_data(text, tmp_path):
    path = tmp_path / "first.py"
    path.write_text(text)
    (layer,) = scanned(path).layers
    assert {one.name: one.verdict for one in layer.gradients} == {"x": "undecided", "W": "pass"}
    assert 'x = { real = "n d", differentiate = false }' in layer.spec


def test_a_layer_that_raises_at_one_class_is_checked_at_more(tmp_path):
    path = tmp_path / "lab.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "def softmax_loss(x, y):\n"
        "    if y.size == x.size:  # one-hot rows\n"
        "        y = y.argmax(axis=1)\n"
        "    p = np.exp(x - x.max(axis=1, keepdims=True))\n"
        "    p /= p.sum(axis=1, keepdims=True)\n"
        "    n = np.arange(len(x))\n"
        "    loss = -np.log(p[n, y]).mean()\n"
        "    p[n, y] -= 1\n"
        "    return loss, p / len(x)\n"
    )
    (layer,) = scanned(path).layers
    assert layer.verdict == "pass"
    assert "sizes of two and more: it raises at others" in layer.assumptions
    assert not any("overflows" in text for text in layer.assumptions)


def test_what_is_right_in_another_reading_is_not_accused_and_the_reading_is_said():
    report = scanned(FOLDER / "right" / "losses_beside.py")
    assert {layer.name: layer.verdict for layer in report.layers} == dict.fromkeys(
        ("mse", "CrossEntropy", "LogLoss", "Quadratic"), "pass"
    )
    said = {layer.name: " ".join(layer.assumptions) for layer in report.layers}
    assert "labels has a single one in each row" in said["CrossEntropy"]
    assert "y_pred is a softmax" in said["LogLoss"]
    assert "a is a sigmoid" in said["Quadratic"]


def test_what_is_half_of_a_layer_is_named_with_what_it_lacks(tmp_path):
    path = tmp_path / "network.py"
    path.write_text(
        "class Network:\n"
        "    def feedforward(self, a):\n        return self.w @ a\n\n"
        "    def backprop(self, x, y):\n        return [x], [y]\n"
    )
    (layer,) = scanned(path).layers
    assert layer.reason.startswith("its backward function takes y, so that its gradients are those")
    assert layer.spec


def test_wrong_by_a_factor_is_no_convention_for_an_input(tmp_path):
    path = tmp_path / "pool.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "class Tanh:\n"
        "    def forward(self, x):\n        self.y = np.tanh(x)\n        return self.y\n\n"
        "    def backward(self, g):\n        return g * (1 - self.y**2) / len(g)\n"
    )
    (layer,) = scanned(path).layers
    assert (layer.verdict, layer.gradients[0].scale) == ("fail", "1/n")


BLOCK = """
import numpy as np


class Linear:
    def __init__(self, d_in, d_out):
        self.w = np.random.randn(d_in, d_out)

    def forward(self, x):
        self.x = x
        return x @ self.w

    def backward(self, g):
        self.gw = self.x.T @ g
        return g @ self.w.T


class Block:
    def __init__(self, d_model, d_ff):
        self.fc1, self.fc2 = Linear(d_model, d_ff), Linear(d_ff, d_model)

    def forward(self, x):
        return self.fc2.forward(self.fc1.forward(x))

    def backward(self, g):
        return self.fc1.backward(self.fc2.backward(g))
"""


def test_what_a_layer_holds_that_is_one_too_is_no_parameter_and_this_is_said(tmp_path):
    path = tmp_path / "block.py"
    path.write_text(BLOCK)
    _, block = scanned(path).layers
    assert {one.name: one.verdict for one in block.gradients} == {"x": "pass"}
    assert (
        "fc1 and fc2 are layers of their own: the gradients of what they hold are not checked here"
        in block.assumptions
    )


#: A dict of gradients that is kept, and returned as well.
KEPT = """
import numpy as np


class Net:
    def __init__(self, n_in, n_hidden, n_out):
        self.params = {"W1": np.random.randn(n_in, n_hidden)}
        self.params["W2"] = np.random.randn(n_hidden, n_out)
        self.grads = {}

    def loss(self, X, t):
        self.h = np.tanh(X @ self.params["W1"])
        z = self.h @ self.params["W2"]
        e = np.exp(z - z.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        return -np.log(self.p[np.arange(len(t)), t]).mean()

    def gradient(self, X, t):
        self.loss(X, t)
        d = self.p.copy()
        d[np.arange(len(t)), t] -= 1
        d /= len(t)
        self.grads["W2"] = self.h.T @ d
        self.grads["W1"] = X.T @ (d @ self.params["W2"].T * (1 - self.h**2))
        return self.grads
"""


def test_gradients_that_are_kept_and_returned_are_asked_for_once(tmp_path):
    path = tmp_path / "kept.py"
    path.write_text(KEPT)
    (net,) = scanned(path).layers
    assert [(one.name, one.verdict) for one in net.gradients] == [("W1", "pass"), ("W2", "pass")]


def test_the_settings_of_a_layer_of_blobs_are_said_and_may_be_declared(tmp_path):
    path = tmp_path / "scaled.py"
    text = (FOLDER / "right" / "blobs.py").read_text()
    head, tail = text.split("class Euclidean")[0], text.split("class ScaleLayer")[1]
    path.write_text(f"{head}class ScaleLayer{tail.split('class Leaky')[0]}")
    (layer,) = scanned(path).layers
    assert 'its param_str is {"scale": 0.7, "shift": 0.0}' in layer.assumptions
    assert "shift = 0.0, and 0.3 as well" in layer.assumptions
    names = Names(call={"scale": 2.0})
    (sighting,) = sightings(definitions_of(path))
    declared = declare((*sighting.what, names), {"bottom0": "n d"})
    assert declared.function(bottom0=np.ones((2, 3))).tolist() == np.full((2, 3), 2.0).tolist()


def test_a_sign_does_not_make_a_gradient_one_for_what_is_to_be_predicted(tmp_path):
    path = tmp_path / "logcosh.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "class LogCosh:\n"
        "    def loss(self, y, y_pred):\n"
        "        return np.mean(np.log(np.cosh(y_pred - y)))\n\n"
        "    def gradient(self, y, y_pred):\n"
        "        return np.tanh(y - y_pred) / y.size\n"
    )
    (layer,) = scanned(path).layers
    assert layer.verdict == "fail"


#: A softmax of columns, (classes, samples), whose gradient is a sum where its loss is a mean.
OF_COLUMNS = """
import numpy as np


class SoftmaxCrossEntropy:
    def forward(self, Z, Y):
        e = np.exp(Z - Z.max(axis=0, keepdims=True))
        self.P, self.Y = e / e.sum(axis=0, keepdims=True), Y
        return -np.sum(Y * np.log(self.P)) / Y.shape[1]

    def backward(self):
        return self.P - self.Y
"""


@pytest.mark.parametrize(("slip", "verdict"), [("P - self.Y", "scaled"), ("P", "fail")])
def test_a_loss_of_columns_that_is_off_by_their_number_alone_is_not_accused(
    slip, verdict, tmp_path
):
    path = tmp_path / "columns.py"
    path.write_text(OF_COLUMNS.replace("P - self.Y", slip))
    (layer,) = scanned(path).layers
    assert layer.verdict == verdict
    if verdict == "scaled":
        assert layer.gradients[0].scale == "n"
        assert "Y has a single one in each column" in layer.assumptions


def test_a_dict_of_gradients_that_a_layer_is_given_is_emptied_by_whoever_gives_it():
    report = scanned(FOLDER / "right" / "held_elsewhere.py")
    (linear,) = [layer for layer in report.layers if layer.name == "Linear"]
    assert linear.verdict == "pass"
    assert any("until they are emptied" in text for text in linear.side_effects)


#: A cell of one sample, made with the sizes of what is hidden and of what comes in beside that.
CELL = """
import numpy as np


class Param:
    def __init__(self, value):
        self.v = value
        self.d = np.zeros_like(value)


class LstmCell:
    def __init__(self, H_size, z_size):
        self.W_f, self.b_f = Param(np.ones((H_size, z_size)) * 0.1), Param(np.zeros((H_size, 1)))
        self.W_c, self.b_c = Param(np.ones((H_size, z_size)) * 0.2), Param(np.zeros((H_size, 1)))
        self.W_o, self.b_o = Param(np.ones((H_size, z_size)) * 0.3), Param(np.zeros((H_size, 1)))

    def forward(self, x, h_prev, C_prev):
        z = np.vstack((h_prev, x))
        f = 1 / (1 + np.exp(-(self.W_f.v @ z + self.b_f.v)))
        C = f * C_prev + (1 - f) * np.tanh(self.W_c.v @ z + self.b_c.v)
        o = 1 / (1 + np.exp(-(self.W_o.v @ z + self.b_o.v)))
        self.saved = z, f, o, C, C_prev
        return o * np.tanh(C), C

    def backward(self, dh, dC_next):
        z, f, o, C, C_prev = self.saved
        c = np.tanh(self.W_c.v @ z + self.b_c.v)
        do = dh * np.tanh(C) * o * (1 - o)
        dC = dC_next + dh * o * (1 - np.tanh(C) ** 2)
        df = dC * (C_prev - c) * f * (1 - f)
        dc = dC * (1 - f) * (1 - c**2)
        self.W_f.d += df @ z.T
        self.b_f.d += df
        self.W_c.d += dc @ z.T
        self.b_c.d += dc
        self.W_o.d += do @ z.T
        self.b_o.d += do
        dz = self.W_f.v.T @ df + self.W_c.v.T @ dc + self.W_o.v.T @ do
        n = len(C_prev)
        return dz[n:], dz[:n], f * dC
"""


@pytest.mark.parametrize(("slip", "verdict"), [("1 - c**2", "pass"), ("1 - c", "fail")])
def test_a_cell_of_columns_is_made_with_the_size_of_all_that_comes_in(slip, verdict, tmp_path):
    path = tmp_path / "cell.py"
    path.write_text(CELL.replace("1 - c**2", slip))
    (cell,) = scanned(path).layers
    assert cell.verdict == verdict
    assert cell.inputs["W_o"] == "h d+h"
    assert any("for one sample at a time" in text for text in cell.assumptions)
