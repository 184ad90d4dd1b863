"""The primitives of autograd, at a drawn point each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradcheck.sampling import Draft, Sampler
from tests.adapters.foreign.rows import Row, own


def rows(samples: int, only: Callable[[str], bool] = lambda name: True) -> Iterator[Row]:
    """``samples`` points of each primitive in the table of the ordinary tests."""
    from tests.adapters.test_autograd import TABLE, declared

    for name, function, inputs in TABLE:
        if not only(name):
            continue
        sampler = Sampler(declared(name, function, inputs).rules[0])
        for seed in range(samples):
            point = next(iter(sampler.points(Draft(sampler.sizes.always()[-1], 7 + seed))))
            yield _row(name, function, list(point.inputs.values()))


def _row(name: str, function: Callable[..., Any], given: list[Any]) -> Row:
    import autograd
    from autograd.test_util import check_grads

    def vjp(cotangent: Any, *arrays: Any) -> Any:
        pulls = [autograd.make_vjp(function, k)(*own(arrays))[0] for k in range(len(arrays))]
        return tuple(np.asarray(pull(cotangent))[()] for pull in pulls)

    def native() -> bool:
        np.random.seed(0)  # noqa: NPY002 - it draws its directions from numpy's global state
        check_grads(function, modes=["rev"], order=1)(*own(given))
        return True

    return Row(name, given, function, vjp, native)
