"""Layers that are made with other objects are checked with ones that stand for them."""

import pytest

from tests.adapters.test_students import scanned

TABLE = """
class Rectifier:
    def __call__(self, x):
        return np.maximum(0, x)

    def gradient(self, x):
        return 1.0 * (x > 0)

KNOWN = {"rectifier": Rectifier}
"""
DENSE = """
    def forward(self, x):
        self.x, self.z = x, x @ self.W + self.b
        return self.act(self.z)

    def backward(self, dout):
        dz = dout * self.act.SLOPE(self.z)
        self.dW, self.db = self.x.T @ dz, dz.sum(axis=0)
        return dz @ self.W.T
"""
RANDOM = "self.W, self.b = np.random.randn(n_in, n_out), np.zeros(n_out)"


def dense(arguments, body, slope="gradient"):
    head = f"class Layer:\n    def __init__(self, n_in, n_out, {arguments}):\n        {body}\n"
    return head + DENSE.replace("SLOPE", slope)


CASES = {
    "object": (dense("activation", f"{RANDOM}; self.act = activation"), "dz @", "dout @"),
    "class": (dense("act", f"{RANDOM}; self.act = act()", "derivative"), "dz @", "dout @"),
    "word of a table": (
        TABLE + dense("kind", f"{RANDOM}; self.act = KNOWN[kind]()"), "dz @", "dout @",
    ),
    "word of a dict that is written out": (
        TABLE + dense("kind", f'{RANDOM}; self.act = {{"r": Rectifier}}[kind]()'), "dz @", "dout @",
    ),
    "initializer of sizes": (
        TABLE + dense("w_init", "self.W, self.b = w_init(n_in, n_out), np.zeros(n_out); "
                      "self.act = Rectifier()"), "dz @", "dout @",
    ),
    "initializer of a shape": (
        TABLE + dense("init", "self.W, self.b = init((n_in, n_out)), np.zeros(n_out); "
                      "self.act = Rectifier()"), "dz @", "dout @",
    ),
    "list of layers": (
        "class Layer:\n    def __init__(self, layers):\n        self.layers = layers\n\n"
        "    def forward(self, x):\n        for one in self.layers:\n"
        "            x = one.forward(x)\n        return x\n\n"
        "    def backward(self, dout):\n        for one in reversed(self.layers):\n"
        "            dout = one.backward(dout)\n        return dout\n",
        "reversed(self.layers)", "self.layers",
    ),
    "wrapper of a layer": (
        "class Layer:\n    def __init__(self, block):\n        self.block = block\n\n"
        "    def forward(self, x):\n        return x + self.block(x)\n\n"
        "    def backward(self, dout):\n        return dout + self.block.backward(dout)\n",
        "dout + self", "self",
    ),
    "layer by the name of a component": (
        "class Layer:\n    def __init__(self, component):\n        self.component = component\n\n"
        "    def forward(self, x):\n        return x + self.component.forward(x)\n\n"
        "    def backward(self, dout):\n        return dout + self.component.backward(dout)\n",
        "dout + self", "self",
    ),
    "loss that is given a softmax": (
        "class LayerCE:\n    def loss(self, y, y_pred):\n"
        "        return -np.sum(y * np.log(y_pred))\n\n"
        "    def grad(self, y, y_pred, z, act_fn):\n        return y_pred - y\n",
        "y_pred - y", "y - y_pred",
    ),
    "loss that is given the activation": (
        "class LayerLoss:\n    def loss(self, y, y_pred):\n"
        "        return 0.5 * np.sum((y_pred - y) ** 2)\n\n"
        "    def grad(self, y, y_pred, z, act_fn):\n"
        "        return (y_pred - y) * act_fn.grad(z)\n",
        "* act_fn.grad(z)", "",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_a_layer_made_with_others_is_checked(name, tmp_path):
    text, right, wrong = CASES[name]
    assert right in text
    for source, verdict in ((text, "pass"), (text.replace(right, wrong), "fail")):
        path = tmp_path / "lab.py"
        path.write_text(f"import numpy as np\n{source}")
        (layer,) = [one for one in scanned(path).layers if one.name.startswith("Layer")]
        assert layer.verdict == verdict, layer.reason
