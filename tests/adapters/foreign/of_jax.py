"""The primitives of JAX at the inputs at which it exports them itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tests.adapters.foreign.rows import MOST_ENTRIES, Row, own


def rows(samples: int, only: Callable[[str], bool] = lambda name: True) -> Iterator[Row]:
    """``samples`` points of each primitive that is differentiable there."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from jax._src.internal_test_util.test_harnesses import all_harnesses

    taken: Counter[str] = Counter()
    for harness in all_harnesses:
        name = harness.group_name
        if harness.dtype != np.float64 or taken[name] == samples or not only(name):
            continue
        row = _row(jax, name, harness)
        if row is not None:
            taken[name] += 1
            yield row


def _row(jax: Any, name: str, harness: Any) -> Row | None:
    try:
        rng = np.random.RandomState(0)
        arguments = [np.asarray(a) for a in harness.dyn_args_maker(rng)]
    except (NotImplementedError, TypeError, ValueError):
        return None
    real = [k for k, a in enumerate(arguments) if a.dtype == np.float64]
    given = [arguments[k] for k in real]
    if not given or not 0 < sum(a.size for a in given) <= MOST_ENTRIES:
        return None
    if not all(np.all(np.isfinite(a)) for a in given):
        return None

    def call(*reals: Any) -> Any:
        filled = list(arguments)
        for k, value in zip(real, reals, strict=True):
            filled[k] = value
        leaves = jax.tree_util.tree_leaves(harness.dyn_fun(*filled))
        flat = [jax.numpy.ravel(one) for one in leaves if one.dtype == np.float64]
        return jax.numpy.concatenate(flat)

    try:
        answer = np.asarray(call(*given))
        jax.vjp(call, *given)[1](jax.numpy.ones(answer.shape))
    except (NotImplementedError, TypeError, ValueError):
        return None  # it has no rule here, or nothing real comes out
    if not 0 < answer.size <= MOST_ENTRIES or not np.all(np.isfinite(answer)):
        return None
    compiled = jax.jit(call)
    pull = jax.jit(lambda cotangent, *xs: jax.vjp(call, *xs)[1](cotangent))

    def native() -> bool:
        from jax.test_util import check_grads

        check_grads(call, tuple(given), order=1, modes=["rev"])
        return True

    return Row(
        name, [a[()] for a in own(given)], lambda *xs: np.array(compiled(*xs)),
        lambda cotangent, *xs: tuple(np.array(g)[()] for g in pull(cotangent, *xs)), native,
    )  # fmt: skip
