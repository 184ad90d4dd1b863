"""Numerical differentiation is seen in the source, and derivatives are not taken for it."""

import ast

import pytest

from gradcheck.coursework.differencing import _Values, differencing
from gradcheck.coursework.reading import trees_of

TAKES = {
    "central": "def f(x):\n    return x\n\ndef rule(dy, x, h=1e-6):\n"
    "    return dy * (f(x + h) - f(x - h)) / (2 * h)",
    "one sided": "def rule(dy, x):\n    eps = 1e-7\n    return (f(x + eps) - f(x)) / eps * dy",
    "by names": "def rule(dy, x):\n    h = 1e-5\n    up = f(x + h)\n    down = f(x - h)\n"
    "    slope = (up - down) / (2 * h)\n    return dy * slope",
    "in place": "def rule(dy, x):\n    g = np.zeros_like(x)\n    for i in range(len(x)):\n"
    "        x[i] += step\n        a = f(x).sum()\n        x[i] -= 2 * step\n"
    "        b = f(x).sum()\n        x[i] += step\n        g[i] = (a - b) / (2 * step)\n"
    "    return g",
    "two lines": "def rule(dy, x):\n    h = 1e-4\n    d = f(x + h) - f(x)\n    return d / h",
    "a constant": "def rule(dy, x):\n    return (f(x + 1e-6) - f(x)) / 1e-6",
    "complex step": "def rule(dy, x, h):\n    return f(x + 1j * h).imag / h",
    "complex step, written out": "def rule(dx, x):\n"
    "    return np.log(np.exp(x - x.max() + 1e-30j * dx).sum()).imag / 1e-30",
    "library": "from scipy.optimize import approx_fprime\n\ndef rule(dy, x):\n"
    "    return approx_fprime(x, f, 1e-8)",
    "library, renamed": "from scipy import differentiate as d\n\ndef rule(dy, x):\n"
    "    return dy * d.derivative(f, x).df",
    "library, by a common name": "from scipy.optimize import check_grad\n\n"
    "def rule(dy, x):\n    return check_grad(f, g, x)",
    "by a helper": "def slope(g, x, h):\n    return (g(x + h) - g(x)) / h\n\n"
    "def rule(dy, x):\n    return dy * slope(np.tanh, x, 1e-6)",
    "a method": "class Layer:\n    def rule(self, dy):\n        h = 1e-6\n"
    "        return (self.f(self.x + h) - self.f(self.x)) / h",
    "around zero": "def rule(dx, x, h=1e-6):\n    def along(t):\n        return f(x + t * dx)\n"
    "    return (along(h) - along(-h)) / (2 * h)",
    "at once": "def rule(dy, x):\n    h, width = 1e-6, 2e-6\n    up, down = f(x + h), f(x - h)\n"
    "    return (up - down) / width",
    "an entry": "def rule(dy, x, h=1e-6):\n    for i in range(len(x)):\n        old = x[i]\n"
    "        x[i] = old + h\n        up = f(x)\n        x[i] = old - h\n        down = f(x)\n"
    "        x[i] = old\n        two = 2 * h\n        g[i] = (up - down) / two\n    return g",
    "a parameter": "class Layer:\n    def rule(self, dy, eps=1e-5):\n        self.W[0] += eps\n"
    "        up = self.loss()\n        self.W[0] -= 2 * eps\n        down = self.loss()\n"
    "        return (up - down) / (2 * eps)",
    "a secant": "def rule(dy, x):\n    up, down = x + h(x), x - h(x)\n"
    "    return dy * (f(up) - f(down)) / (up - down)",
    "a secant by names": "def rule(dy, x):\n    up = x + h(x)\n    run = up - x\n    a = f(up)\n"
    "    b = f(x)\n    return dy * ((a - b) / run)",
    "by a unit": "def rule(dy, x, h):\n    e = np.eye(3)[0]\n"
    "    return (f(x + h * e) - f(x - h * e)) / 2 / h",
    "by functions of numpy": "def rule(dy, x, h=1e-6):\n"
    "    return np.divide(np.subtract(f(np.add(x, h)), f(x)), h)",
    "over the step": "def rule(dy, x, h=1e-6):\n    return 0.5 / h * (f(x + h) - f(x - h))",
    "by its inverse": "def rule(dy, x, h=1e-6):\n    over = 1 / (2 * h)\n"
    "    return (f(x + h) - f(x - h)) * over",
    "by a power": "def rule(dy, x, h=1e-6):\n    return (f(x + h) - f(x - h)) * h ** -1 / 2",
    "by a large number": "def rule(dy, x):\n    return (f(x + 1e-6) - f(x - 1e-6)) * 5e5",
    "the other way round": "def rule(dy, x, h=1e-6):\n    return (-f(x - h) + f(x + h)) / h / 2",
    "an entry that is a step": "def rule(dy, x):\n    e = np.zeros(3)\n    e[0] = slight(x)\n"
    "    return (f(x + e) - f(x - e)) / (2 * e[0])",
    "bit by bit": "def rule(dy, x, h=1e-6):\n    g = f(x + h)\n    g -= f(x - h)\n"
    "    g /= 2 * h\n    return g",
    "written out": "def rule(dy, x, W, h=1e-6):\n    up, down = x.copy(), x.copy()\n"
    "    up[0] += h\n    down[0] -= h\n    return (up @ W - down @ W) / (2 * h)",
    "written out, at once": "def rule(dy, x, h):\n    return ((x + h) ** 2 - x ** 2) / h",
    "a grid": "def rule(dy, x):\n    return np.gradient(f(np.linspace(x - 1, x + 1, 9)))[4] * 4",
    "a lambda": "rule = lambda dy, x: (f(x + 1e-6) - f(x)) / 1e-6",
}
DERIVES = {
    "softmax": "def rule(dy, y):\n    return y * (dy - dy @ y)",
    "cross-entropy": "def rule(dl, z, t):\n    n = len(z)\n"
    "    return dl * (softmax(z) - one_hot(t)) / n",
    "batch norm": "def rule(dy, x, gamma, eps=1e-5):\n    mean = x.mean(axis=0)\n"
    "    centered = x - mean\n    std = np.sqrt((centered ** 2).mean(axis=0) + eps)\n"
    "    norm = centered / std\n    dx = dy * gamma\n"
    "    return (dx - dx.mean(axis=0) - norm * (dx * norm).mean(axis=0)) / std",
    "layer norm": "class Norm:\n    def rule(self, dout):\n        g = dout * self.gamma\n"
    "        return (g - g.mean(axis=1) - self.xhat * (g * self.xhat).mean(axis=1)) / self.s",
    "layer norm, times m": "def rule(dy, x, gamma):\n    m = x.shape[1]\n"
    "    xc = x - x.mean(1, keepdims=True)\n    std = np.sqrt((xc ** 2).mean(1) + 1e-5)\n"
    "    xn = xc / std\n    g = dy * gamma\n"
    "    return (m * g - g.sum(1) - xn * (g * xn).sum(1)) / (m * std)",
    "layer norm, at once": "def rule(dy, x):\n    xn = (x - x.mean()) / np.sqrt(x.var() + 1e-5)\n"
    "    return (dy - dy.mean() - xn * (dy * xn).mean()) / np.sqrt(x.var() + 1e-5)",
    "centred by hand": "def rule(dy, x):\n    n = len(x)\n    x = x - x.sum(axis=0) / n\n"
    "    return dy * (x * x).sum(axis=0) / n",
    "a spread": "def rule(dy, x):\n    low, high = x.min(), x.max()\n"
    "    return (dy.sum() - (dy * x).sum()) / (high - low)",
    "a flag": "def rule(x, derivative=False):\n    return x * (1 - x) if derivative else f(x)",
    "a method": "class Layer:\n    def rule(self, dy):\n"
    "        return dy * self.activation.derivative(self.z)",
    "a share": "def rule(z, t):\n    e = np.exp(z - z.max())\n"
    "    return (e.sum() - (e * t).sum()) / e.sum()",
    "covariance": "def rule(x, y):\n    n = len(x)\n"
    "    return ((x * y).sum() - x.sum() * y.sum() / n) / n",
    "attention": "def rule(do, q, k, v):\n    a = softmax(q @ k.T / np.sqrt(q.shape[1]))\n"
    "    da = do @ v.T\n    d = np.sqrt(q.shape[1])\n"
    "    return (a * da - a * (a * da).sum(1)) / d @ k",
    "sigmoid": "def rule(dy, x):\n    return dy * (sigmoid(x) - sigmoid(x) ** 2)",
    "quotient of data": "def rule(x, t):\n    return (x[1:] - x[:-1]) / (t[1:] - t[:-1])",
    "logistic over n": "def rule(w, x, t):\n    n = x.shape[0]\n"
    "    return x.T @ (sigmoid(x @ w) - sigmoid(t)) / n",
    "focal": "def rule(g, x):\n    n, c = x.shape\n    y, p = one_hot(n, c), softmax(x)\n"
    "    log_p = (y * log_softmax(x)).sum(1)\n    q = np.exp(log_p)\n"
    "    return g * (2 * q * (1 - q) * log_p - (1 - q) ** 2) * (y - p) / n",
    "a cell": "def rule(dh, h, u, c, z, n):\n    du = dh * (h - c) * u * (1 - u)\n"
    "    return (du @ z.T - (dh * u) @ z.T) / n, (u[1:] * z - u[:-1] * z) / n",
    "no Python": "def rule(:",
}


def differences(folder, **files):
    """What is found where the first of some files is submitted."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    trees = trees_of(folder / f"{next(iter(files))}.py")
    return differencing({path.name: found for path, found in trees.items()})


@pytest.mark.parametrize("name", TAKES)
def test_differences_are_seen(name, tmp_path):
    found = differences(tmp_path, submission=TAKES[name])
    assert "rule" in {one.name.rpartition(".")[2] for one in found}
    assert all(one.line > 0 for one in found)


@pytest.mark.parametrize("name", DERIVES)
def test_derivatives_are_not_taken_for_differences(name, tmp_path):
    assert differences(tmp_path, submission=DERIVES[name]) == []


def test_a_checker_beside_the_rules_does_not_taint_them(tmp_path):
    source = TAKES["central"].replace("rule", "numerical") + (
        "\n\ndef rule(dy, x):\n    return dy\n\n"
        "def test():\n    assert rule(1, 2) == numerical(1, 2)"
    )
    found = differences(tmp_path, submission=source)
    assert {one.name for one in found} == {"numerical", "test"}
    found = differences(tmp_path, submission="import other\n" + DERIVES["softmax"], other=source)
    assert {one.name for one in found} == {"numerical", "test"}
    seen = "worst = numerical(1, 2)\n\ndef other(x):\n    worst = x\n    return worst\n"
    found = differences(tmp_path, submission=f"{source}\n\n{seen}")
    assert "other" not in {one.name for one in found}


@pytest.mark.parametrize(
    "imports",
    ["from other import rule", "from other import *", "import other\nrule = other.rule",
     "from other import rule as taken\nrule = taken", "import other as o\nrule = o.rule",
     "from other import slope as s\ndef rule(dy, x):\n    return dy * s(np.tanh, x, 1e-6)",
     "from other import slope\nrule = functools.partial(slope, np.tanh)",
     "def rule(dy, x):\n    from other import slope\n    return dy * slope(np.tanh, x, 1e-6)"],
)  # fmt: skip
def test_differences_are_seen_in_what_is_imported(imports, tmp_path):
    found = differences(tmp_path, submission=imports, other=TAKES["by a helper"])
    (rule,) = (one for one in found if one.name == "rule")
    assert (rule.file, rule.line) == ("other.py", 2)


def test_differences_are_seen_beside_what_is_no_python(tmp_path):
    """What cannot be parsed is passed over where a submission is run, and so it is here."""
    broken = "def other(x)\n    return x\n\n\n" + TAKES["by a helper"]
    (slope, rule) = differences(tmp_path, submission=broken)
    assert (slope.line, rule.name, rule.line) == (6, "rule", 6)
    deep = f"y = {'-' * 5000}1\nz = {'+'.join('x' * 5000)}\n"
    assert len(differences(tmp_path, submission=deep + TAKES["by a helper"])) == 2


def test_a_long_function_is_read_in_time():
    """While it is read, a submission does not answer: each difference is looked at once."""
    lines = [f"    x = x - g(x) / n - (a{k} - g(dy)) / n\n" for k in range(40)]
    looked = []

    class Counted(_Values):
        def _looks_apart(self, difference, step):
            looked.append(difference)
            return super()._looks_apart(difference, step)

    tree = ast.parse("def rule(dy, x, n):\n" + "".join(lines))
    values = Counted(tree)
    quotients = [one for one in ast.walk(tree) if isinstance(getattr(one, "op", None), ast.Div)]
    assert len(quotients) == 2 * len(lines)
    assert not any(values.is_difference(one.left, values.step(one.right)) for one in quotients)
    assert len(set(looked)) == len(looked) == 3 * len(lines)
