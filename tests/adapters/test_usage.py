"""Of what a derivative is one, where its formula is of f(x) and its argument is called x.

The calls of the file settle it, and its words; where nothing does, it is the author's to say.
"""

import pytest

from gradcheck.adapters.scan import scan

TANH = "import numpy as np\n\ndef tanh(x):\n    return np.tanh(x)\n\n"
OF_OUTPUT = TANH + "def tanh_prime(x):\n    return 1 - x**2\n\n"
OF_INPUT = TANH + "def tanh_prime(x):\n    return 1 - np.tanh(x) ** 2\n\n"
NETWORK = """
class Network:
    def predict(self, X):
        self.z = X @ self.W
        self.a = tanh(self.z)
        return self.a

    def gradients(self, error):
        kept = self.{given}
        return error * tanh_prime(kept)
"""
TRAINING = """
for _ in range(10):
    hidden = tanh(inputs @ weights)
    delta = error * tanh_prime(hidden)
"""
BOTH = "\ndef use(z):\n    a = tanh(z)\n    return tanh_prime(a), tanh_prime(z)\n"
FLAG = """import numpy as np

def nonlin(x, deriv=False):
    if deriv:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))
"""
CLASS = """import numpy as np

class Tanh:
    def __call__(self, x):
        return np.tanh(x)

    def gradient(self, {name}):
        return 1 - {name}**2
"""


@pytest.mark.parametrize(
    ("text", "verdict", "said"),
    [
        (OF_OUTPUT, "undecided", "right if x is what tanh gave, and wrong if it is what"),
        (OF_OUTPUT + TRAINING, "pass", "line 12 gives it what tanh gave"),
        (OF_OUTPUT + NETWORK.format(given="a"), "pass", "line 18 gives it what tanh gave"),
        (OF_OUTPUT + NETWORK.format(given="z"), "fail", "line 18 gives it what tanh takes"),
        (OF_OUTPUT + BOTH, "undecided", "line 12 gives it the former, line 12 gives it the latter"),
        (OF_OUTPUT.replace("prime(x):", "prime(y):").replace("x**2", "y**2"), "pass", "the output"),
        (OF_OUTPUT.replace("x**2", "x**2  # x is the output"), "pass", "is given the output"),
        (OF_INPUT, "pass", "the derivative is given the input"),
        (OF_INPUT + NETWORK.format(given="a"), "pass", "where it is no derivative"),
        (FLAG, "undecided", 'derivative_of = "output"'),
        (FLAG + "\nl1 = nonlin(l0 @ w)\nd = e * nonlin(l1, deriv=True)\n", "pass", "line 9"),
        (FLAG + "\nz = l0 @ w\nl1 = nonlin(z)\nd = e * nonlin(z, True)\n", "fail", "line 10"),
        (CLASS.format(name="x"), "undecided", "is what Tanh takes"),
        (CLASS.format(name="y"), "pass", "is given the output"),
    ],
)  # fmt: skip
def test_what_a_derivative_is_given(tmp_path, text, verdict, said):
    path = tmp_path / "network.py"
    path.write_text(text)
    layer = next(
        one for one in scan(path, {}, told=False) if one.name in ("tanh", "nonlin", "Tanh")
    )
    assert layer.verdict == verdict
    messages = [gradient.message for gradient in layer.gradients]
    told = [*layer.assumptions, *layer.notes, *messages, layer.spec]
    assert said in "\n".join(told)


def test_a_slope_of_half_of_its_inputs_is_not_taken_for_the_other_kind(tmp_path):
    path = tmp_path / "elu.py"
    path.write_text(
        "import numpy as np\n\n\n"
        "def elu(x):\n    return np.where(x > 0, x, np.exp(x) - 1)\n\n\n"
        "def elu_grad(y):\n    return np.where(y > 0, 1, y + 1)\n"
    )
    layer, _ = scan(path, {}, told=False)
    assert (layer.verdict, layer.assumptions[-1]) == ("pass", "the derivative is given the output")
