"""The operators of torch that it tests itself, each at its first samples."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.adapters.conventions.torch_function import (
    Copies,
    backward_of,
    forward_of,
    new_holder,
)
from tests.adapters.foreign.rows import MOST_ENTRIES, Row, quietly


def rows(samples: int, only: Callable[[str], bool] = lambda name: True) -> Iterator[Row]:
    """``samples`` points of each operator that has a gradient."""
    import torch

    with warnings.catch_warnings(action="ignore"):
        from torch.testing._internal.common_methods_invocations import op_db

    torch.set_num_threads(1)
    for operator in op_db:
        name = ".".join(part for part in (operator.name, operator.variant_test_name) if part)
        differentiable = operator.supports_autograd and torch.float64 in operator.dtypes
        if not differentiable or not only(name):
            continue
        with quietly():
            torch.manual_seed(0)
            given = operator.sample_inputs("cpu", torch.float64, requires_grad=True)
            found = (_row(torch, name, operator, sample) for sample in given)
            taken = list(itertools.islice((row for row in found if row is not None), samples))
        yield from taken


def _row(torch: Any, name: str, operator: Any, sample: Any) -> Row | None:
    leaves: list[Any] = []
    given = _replaced(torch, (sample.input, *sample.args), leaves)
    size = sum(leaf.numel() for leaf in leaves)
    plain = all(leaf.layout == torch.strided for leaf in leaves)
    if not leaves or not plain or not 0 < size <= MOST_ENTRIES:
        return None

    def call(*tensors: Any) -> Any:
        torch.manual_seed(0)  # dropout and its like draw the same
        arguments = _filled(given, tensors)
        # Where only some inputs are meant, such as symmetric ones, torch makes them of any.
        answer = operator.gradcheck_wrapper(operator.get_op(), *arguments, **sample.kwargs)
        if sample.output_process_fn_grad is not None:
            answer = sample.output_process_fn_grad(answer)
        flat = [one.reshape(-1) for one in _tensors(torch, answer) if one.requires_grad]
        return torch.cat(flat)

    try:
        answer = call(*(leaf.detach().clone().requires_grad_() for leaf in leaves))
    except (RuntimeError, IndexError, NotImplementedError, TypeError, ValueError):
        return None  # nothing of it is differentiated at this sample, or it needs a GPU
    if answer.dtype != torch.float64 or not 0 < answer.numel() <= MOST_ENTRIES:
        return None
    if not all(bool(one.isfinite().all()) for one in (answer, *leaves)):
        return None
    held = new_holder()
    forward = forward_of(torch, held, call, Copies())
    backward = backward_of(torch, held)

    def vjp(cotangent: Any, *arrays: Any) -> Any:
        forward(*(np.array(array) for array in arrays))
        found = backward(np.array(cotangent))
        # None is what torch has for zero.
        return tuple(
            np.zeros(np.shape(a)) if g is None else g for g, a in zip(found, arrays, strict=True)
        )

    def native() -> bool:
        tensors = [leaf.detach().clone().requires_grad_() for leaf in leaves]
        return torch.autograd.gradcheck(call, tensors, check_undefined_grad=False)

    arrays = [np.array(leaf.detach().numpy())[()] for leaf in leaves]
    return Row(name, arrays, lambda *xs: forward(*(np.array(x) for x in xs)), vjp, native)


class _Leaf:
    """The place of a tensor that is differentiated."""

    def __init__(self, number: int) -> None:
        self.number = number


def _replaced(torch: Any, given: Any, leaves: list[Any]) -> Any:
    if isinstance(given, tuple | list):
        return type(given)([_replaced(torch, part, leaves) for part in given])
    if isinstance(given, torch.Tensor) and given.requires_grad and given.dtype == torch.float64:
        leaves.append(given)
        return _Leaf(len(leaves) - 1)
    return given


def _filled(given: Any, tensors: Any) -> Any:
    if isinstance(given, tuple | list):
        return type(given)([_filled(part, tensors) for part in given])
    return tensors[given.number] if isinstance(given, _Leaf) else given


def _tensors(torch: Any, answer: Any) -> list[Any]:
    if isinstance(answer, torch.Tensor):
        return [answer]
    if isinstance(answer, tuple | list):
        return [one for part in answer for one in _tensors(torch, part)]
    return []
