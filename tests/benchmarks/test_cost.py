"""Time and forward calls on fixed cases: ``pytest tests/benchmarks``."""

import numpy as np
import pytest

import gradcheck as gc
from gradcheck.case import Case
from gradcheck.verification import judge_at


def softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_rule(dy, z):
    y = softmax(z)
    return y * (dy - (dy * y).sum(axis=-1, keepdims=True))


def affine_relu(x, W, b):
    return np.maximum(x @ W + b, 0)


def affine_relu_rule(dy, x, W, b):
    dz = dy * (x @ W + b > 0)
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)


RNG = np.random.default_rng(0)
CASES = {
    "softmax 5": (softmax, softmax_rule, (RNG.standard_normal(5),)),
    "softmax 64x1000": (softmax, softmax_rule, (RNG.standard_normal((64, 1000)),)),
    "affine 4x8x3": (
        affine_relu,
        affine_relu_rule,
        (RNG.standard_normal((4, 8)), RNG.standard_normal((8, 3)), RNG.standard_normal(3)),
    ),
    "affine 64x256x256": (
        affine_relu,
        affine_relu_rule,
        (RNG.standard_normal((64, 256)), RNG.standard_normal((256, 256)), RNG.standard_normal(256)),
    ),
}


@pytest.mark.benchmark(group="verify_vjp, a right rule")
@pytest.mark.parametrize("name", CASES)
def test_verify_vjp(benchmark, name):
    f, rule, inputs = CASES[name]
    verdict = benchmark(gc.verify_vjp, f, rule, *inputs)
    assert verdict
    benchmark.extra_info["forward calls"] = verdict.evaluations
    benchmark.extra_info["backward calls"] = verdict.calls


@pytest.mark.benchmark(group="one forward call")
@pytest.mark.parametrize("name", CASES)
def test_forward(benchmark, name):
    f, _, inputs = CASES[name]
    benchmark(f, *inputs)


@pytest.mark.benchmark(group="one input of a property")
def test_judge(benchmark):
    @gc.derivation(z="k")
    def declared(z):
        return softmax(z)

    @declared.vjp
    def rule(dy, y):
        return y * (dy - dy @ y)

    case = Case({"z": RNG.standard_normal(5)})
    verdict = benchmark(judge_at, rule, case, contracts=False, table=False)
    benchmark.extra_info["forward calls"] = verdict.evaluations
