"""Layers for frameworks that are not there: read where numpy has what is asked of them."""

import dataclasses

from gradcheck.adapters.scan import PROFILE, scan

HEAD = "import numpy as np\nimport a_framework as tf\n\n\n"
OPERATOR = """
class Halved(tf.operator.CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        x = in_data[0].asnumpy()
        self.assign(out_data[0], req[0], tf.nd.array(x / 2))

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        x = in_data[0].asnumpy()
        self.assign(in_grad[0], req[0], tf.nd.array({}))
"""


def layers_of(text, tmp_path):
    path = tmp_path / "lab.py"
    path.write_text(HEAD + text)
    *layers, _ = scan(path, {}, dataclasses.replace(PROFILE, inputs=14), told=False)
    return layers


def test_what_numpy_does_not_have_is_said(tmp_path):
    text = (
        "@tf.custom_gradient\ndef blur(x):\n    y = tf.nn.box_filter(x)\n\n"
        "    def grad(dy):\n        return tf.nn.box_filter(dy)\n\n    return y, grad\n"
    )
    (layer,) = layers_of(text, tmp_path)
    assert "tf.nn.box_filter: tf is not installed, and numpy has no box_filter" in layer.reason
    assert not layer.spec
    assert not layer.gradients


def test_what_backward_alone_asks_for_accuses_nobody(tmp_path):
    text = (
        "@tf.custom_gradient\ndef double(x):\n"
        "    def grad(dy):\n        return tf.raw_ops.double(dy)\n\n    return 2 * x, grad\n"
    )
    (layer,) = layers_of(text, tmp_path)
    assert "tf is not installed, and numpy has no raw_ops" in layer.reason
    assert not layer.gradients


def test_numpy_stands_for_a_framework_and_that_is_said(tmp_path):
    text = (
        "@tf.custom_gradient\ndef logged(x):\n    e = tf.exp(x)\n\n"
        "    def grad(dy):\n        return dy * e / (1 + e)\n\n"
        "    return tf.math.log(1 + e), grad\n"
    )
    (layer,) = layers_of(text, tmp_path)
    assert layer.verdict == "pass"
    assert "numpy does what tf is asked for, which is not installed" in layer.assumptions


def test_an_operator_that_reads_no_cotangent_is_no_layer_of_its_own(tmp_path):
    (layer,) = layers_of(OPERATOR.format("np.ones_like(x) / 2"), tmp_path)
    assert "does not read out_grad" in layer.reason
    assert not layer.gradients


def test_an_operator_is_judged_without_its_framework(tmp_path):
    right, wrong = (
        layers_of(OPERATOR.format(text), tmp_path)[0]
        for text in ("out_grad[0].asnumpy() / 2", "out_grad[0].asnumpy() * 2")
    )
    assert (right.verdict, wrong.verdict) == ("pass", "fail")


def test_a_blob_that_is_added_to_is_not_emptied(tmp_path):
    text = (
        "class Copy(tf.Layer):\n"
        "    def setup(self, bottom, top):\n        pass\n\n"
        "    def reshape(self, bottom, top):\n        top[0].reshape(*bottom[0].shape)\n\n"
        "    def forward(self, bottom, top):\n        top[0].data[...] = bottom[0].data\n\n"
        "    def backward(self, top, propagate_down, bottom):\n"
        "        bottom[0].diff[...] += top[0].diff\n"
    )
    (layer,) = layers_of(text, tmp_path)
    assert layer.verdict == "fail"
    assert "a second backward call differs" in layer.gradients[0].mistakes
