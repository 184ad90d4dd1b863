"""Rules of torch and JAX of several kinds, and layers of arrays that are not numpy's.

Skipped where a framework is not installed: `pip install --group frameworks`.
"""

import warnings
from pathlib import Path

import numpy as np
import pytest

from gradcheck import Case, constant, integers, real
from gradcheck.adapters import names
from gradcheck.adapters.conventions.torch_function import Copies, forward_of, new_holder
from gradcheck.adapters.layers import declare, rounding_of
from gradcheck.adapters.scan import scan
from gradcheck.sampling import Draft, Sampler
from gradcheck.verification import judge_at

with warnings.catch_warnings(action="ignore"):
    try:
        import torch
    except ImportError:
        torch = None
    try:
        import jax
    except ImportError:
        jax = None
needs_torch = pytest.mark.skipif(torch is None, reason="torch is not installed")
needs_jax = pytest.mark.skipif(jax is None, reason="jax is not installed")


def statuses(*what, **inputs):
    """The status of each gradient at two points of distinct sizes; the worst of both."""
    made = declare(what, inputs)
    assert made.problem is None, made.problem
    sampler = Sampler(made.rules[0])
    found = {}
    for bindings in sampler.sizes.always()[-2:]:
        point = next(iter(sampler.points(Draft(bindings, 3))))
        for rule in made.rules:
            verdict = judge_at(rule, Case(point.inputs, point.seed), table=False)
            name = rule.wrt[0]
            if found.get(name) != "fail":
                found[name] = str(verdict.status)
    return found


if torch is not None:

    class Scaled(torch.autograd.Function):
        """An argument that is not differentiated, and a None for it."""

        @staticmethod
        def forward(ctx, x, factor):
            y = x.exp() * factor
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, g):
            (y,) = ctx.saved_tensors
            return g * y, None

    class Largest(torch.autograd.Function):
        """Several outputs, one of them integers; a separate setup_context."""

        @staticmethod
        def forward(x):
            values, index = x.max(dim=1)
            return values, x * 2, index

        @staticmethod
        def setup_context(ctx, inputs, output):
            (x,), (_, _, index) = inputs, output
            ctx.mark_non_differentiable(index)
            ctx.save_for_backward(index)
            ctx.shape = x.shape

        @staticmethod
        def backward(ctx, g_values, g_double, _):
            (index,) = ctx.saved_tensors
            g = torch.zeros(ctx.shape, dtype=g_values.dtype)
            return g.scatter_(1, index[:, None], g_values[:, None]) + 2 * g_double

    class InPlace(torch.autograd.Function):
        """Marks its input as changed."""

        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(3)

        @staticmethod
        def backward(ctx, g):
            return 3 * g

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, w):
            ctx.save_for_backward(x, w)
            return x @ w

        @staticmethod
        def backward(ctx, g):
            x, w = ctx.saved_tensors
            return g @ w.T, x.T @ g * 1.001

    class TensorLayer:
        """A static class of tensors, with its own backward function."""

        @staticmethod
        def forward(x, w):
            return torch.relu(x.mm(w)), (x, w)

        @staticmethod
        def backward(dout, cache):
            x, w = cache
            dout = dout * (x.mm(w) > 0)
            return dout.mm(w.t()), x.t().mm(dout)


MODERATE = real("n d", low=-4, high=4)


@needs_torch
def test_torch_functions():
    assert statuses(Scaled, x=MODERATE, factor=constant(3.0)) == {"x": "pass"}
    assert statuses(Largest, x="n d") == {"x": "pass"}
    assert statuses(InPlace, x="n d") == {"x": "pass"}
    assert statuses(Wrong, x="n d", w="d m") == {"x": "pass", "w": "fail"}


@needs_torch
def test_torch_modules_with_their_parameters():
    linear = statuses(torch.nn.Linear, input="n d", weight="m d", bias="m")
    assert linear == {"input": "pass", "weight": "pass", "bias": "pass"}
    norm = statuses(torch.nn.LayerNorm(4), input="n 4", weight="4", bias="4")
    assert norm == {"input": "pass", "weight": "pass", "bias": "pass"}
    embedded = statuses(torch.nn.Embedding, input=integers("n", high="v"), weight="v d")
    assert embedded == {"weight": "pass"}


@needs_torch
def test_parameters_that_a_module_makes_for_itself_are_the_same_in_every_call():
    class Both(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.up, self.down = torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)

        def forward(self, x):
            return self.down(torch.tanh(self.up(x)))

    both = declare((Both,), {"x": "n 3"})
    point = Case({"x": np.array([[1.0, -0.5, 2.0]])}, 1)
    assert judge_at(both.rules[0], point, table=False)
    assert not [note for note in both.rules[0].notes if "batch" in note or "float32" in note]
    assert max(rounding_of(both).values()) < 1e-6


@needs_torch
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "erf", "logsumexp", "softmax", "cumsum"])
def test_torch_operators(name):
    operator = getattr(torch, name)
    extra = () if name in ("tanh", "sigmoid", "erf") else (0,)

    def call(x):
        return operator(x, *extra)

    assert statuses(call, names(framework="torch"), x=MODERATE) == {"x": "pass"}


@needs_torch
def test_memory_is_shared_and_copied_only_where_a_function_writes_into_its_input():
    array = np.array([1.0, 2.0])
    seen = []

    def twice(x):
        seen.append(x.data_ptr() == array.ctypes.data)
        return x * 2

    forward = forward_of(torch, new_holder(), twice, Copies())
    forward(array)
    forward(array)
    assert seen == [False, True]
    triples = forward_of(torch, new_holder(), lambda x: x.mul_(3), Copies())
    assert triples(array).tolist() == triples(array).tolist() == [3.0, 6.0]
    assert array.tolist() == [1.0, 2.0]


@needs_torch
@needs_jax
def test_the_rounding_of_the_own_dtype_is_told():
    def cubed(x):
        return x**3

    for framework in ("torch", "jax"):
        declared = declare((cubed, names(framework=framework)), {"x": MODERATE})
        case = Case({"x": np.array([[0.1, 1.7, -2.3]])}, 1)
        assert judge_at(declared.rules[0], case, table=False)
        rounding = rounding_of(declared)["x"]
        assert np.finfo(np.float32).eps / 100 < rounding < 10 * np.finfo(np.float32).eps
    assert torch.get_default_dtype() == torch.float32


@needs_torch
def test_a_gradient_that_is_not_finite_in_the_own_dtype_fails():
    class Root(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x.sqrt()

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 1e20 * 1e20 / x.sqrt() / 2e20 / 1e20

    declared = declare((Root,), {"x": real("n", low=0.5, high=4)})
    verdict = judge_at(declared.rules[0], Case({"x": np.array([1.0, 2.0])}, 1), table=False)
    assert verdict.title == "not finite in float32"


@needs_torch
def test_layers_of_tensors_are_given_tensors():
    assert statuses(TensorLayer, x="n d", w="d m") == {"x": "pass", "w": "pass"}


@needs_jax
def test_jax_rules():
    jnp = jax.numpy

    @jax.custom_vjp
    def product(x, y):
        return jnp.sin(x) * y, x + y

    product.defvjp(
        lambda x, y: (product(x, y), (x, y)),
        lambda r, g: (g[0] * jnp.cos(r[0]) * r[1] + g[1], g[0] * jnp.sin(r[0]) + g[1]),
    )

    @jax.custom_vjp
    def wrong(x):
        return jnp.sin(x)

    wrong.defvjp(lambda x: (wrong(x), x), lambda r, g: (1.001 * g * jnp.cos(r),))

    @jax.custom_jvp
    def softplus(x):
        return jnp.logaddexp(x, 0.0)

    softplus.defjvp(lambda p, t: (softplus(*p), t[0] * jax.nn.sigmoid(p[0])))

    before = jax.config.jax_enable_x64
    assert statuses(product, x="n", y="n") == {"x": "pass", "y": "pass"}
    assert statuses(wrong, x="n") == {"x": "fail"}
    assert statuses(softplus, x=real("n", low=-9, high=9)) == {"x": "pass"}
    assert jax.config.jax_enable_x64 == before


@needs_jax
def test_jax_functions_with_integers_beside():
    def picked(x, index):
        return jax.nn.log_softmax(x)[jax.numpy.arange(index.shape[0]), index]

    found = statuses(picked, names(framework="jax"), x=MODERATE, index=integers("n", high="d"))
    assert found == {"x": "pass"}


def test_a_namespace_of_the_array_api():
    xp = pytest.importorskip("array_api_strict", reason="array-api-strict is not installed")

    def affine_forward(x, w):
        return xp.matmul(x, w), (x, w)

    def affine_backward(dout, cache):
        x, w = cache
        return xp.matmul(dout, w.T), xp.matmul(x.T, dout)

    strict = names(arrays="array_api_strict")
    found = statuses(affine_forward, affine_backward, strict, x="n d", w="d m")
    assert found == {"x": "pass", "w": "pass"}


def test_a_framework_that_is_not_there_is_said():
    def function(x):
        return x

    problem = declare((function, names(arrays="not_installed")), {"x": "n"}).problem
    assert "not_installed cannot be imported" in problem


@needs_torch
def test_a_scan_finds_functions_of_torch(tmp_path):
    path = Path(tmp_path) / "functions.py"
    path.write_text(
        "import torch\n\n"
        "class Square(torch.autograd.Function):\n"
        "    @staticmethod\n"
        "    def forward(ctx, x):\n"
        "        ctx.save_for_backward(x)\n"
        "        return x * x\n\n"
        "    @staticmethod\n"
        "    def backward(ctx, g):\n"
        "        (x,) = ctx.saved_tensors\n"
        "        return g * x\n"
    )
    (layer, _) = scan(path, {})
    assert layer.convention == "torch.autograd.Function"
    assert [(g.name, g.verdict) for g in layer.gradients] == [("x", "fail")]
