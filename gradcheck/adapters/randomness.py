"""Global random state: the same at the start of every evaluation, and left as it was found."""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

_SEED = 0


@contextlib.contextmanager
def reproducible(generators: Iterable[tuple[np.random.Generator, Any]] = ()) -> Iterator[None]:
    """Seed what draws random numbers for the calls inside, and put back what was there.

    ``generators`` are the module's own, each with the state that it starts from.
    """
    # Layers in the wild draw from numpy's global state, which therefore has to be set, and put back
    # so that the harness itself neither uses nor changes it.
    before = np.random.get_state()  # noqa: NPY002 - for this reason
    before_python = random.getstate()
    torch = sys.modules.get("torch")
    before_torch = torch.get_rng_state() if torch is not None else None
    np.random.seed(_SEED)  # noqa: NPY002 - as above
    random.seed(_SEED)
    if torch is not None:
        torch.manual_seed(_SEED)
    kept = [(generator, generator.bit_generator.state) for generator, _ in generators]
    for generator, state in generators:
        generator.bit_generator.state = state
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002 - as above
        random.setstate(before_python)
        if torch is not None:
            torch.set_rng_state(before_torch)
        for generator, state in kept:
            generator.bit_generator.state = state


def generators_of(functions: Iterable[Callable[..., Any]]) -> list[tuple[np.random.Generator, Any]]:
    """The random generators among the global names of some functions, with their states."""
    found: dict[int, np.random.Generator] = {}
    for function in functions:
        for value in getattr(function, "__globals__", {}).values():
            if isinstance(value, np.random.Generator):
                found[id(value)] = value
    return [(generator, generator.bit_generator.state) for generator in found.values()]
