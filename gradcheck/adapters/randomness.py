"""Global random state: the same at the start of every evaluation, and left as it was found."""

from __future__ import annotations

import contextlib
import contextvars
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

_SEED = 0
#: Whether what is around puts the global state back.
_KEPT = contextvars.ContextVar("kept", default=False)


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Put the global state back at the end.

    ``reproducible`` inside does not, which of a function that does little is most of its time.
    """
    # Layers in the wild draw from numpy's global state, which therefore has to be set, and put back
    # so that the harness itself neither uses nor changes it.
    before = np.random.get_state()  # noqa: NPY002 - for this reason
    before_python = random.getstate()
    torch = sys.modules.get("torch")
    before_torch = torch.get_rng_state() if torch is not None else None
    token = _KEPT.set(True)
    try:
        yield
    finally:
        _KEPT.reset(token)
        np.random.set_state(before)  # noqa: NPY002 - as above
        random.setstate(before_python)
        if torch is not None:
            torch.set_rng_state(before_torch)


@contextlib.contextmanager
def reproducible(generators: Iterable[tuple[np.random.Generator, Any]] = ()) -> Iterator[None]:
    """Seed what draws random numbers for the calls inside, and put back what was there.

    ``generators`` are the module's own, each with the state that it starts from.
    """
    with contextlib.nullcontext() if _KEPT.get() else kept():
        np.random.seed(_SEED)  # noqa: NPY002 - layers draw from this state
        random.seed(_SEED)
        torch = sys.modules.get("torch")
        if torch is not None:
            torch.manual_seed(_SEED)
        drawn = [(generator, generator.bit_generator.state) for generator, _ in generators]
        for generator, state in generators:
            generator.bit_generator.state = state
        try:
            yield
        finally:
            for generator, state in drawn:
                generator.bit_generator.state = state


def generators_of(functions: Iterable[Callable[..., Any]]) -> list[tuple[np.random.Generator, Any]]:
    """The random generators among the global names of some functions, with their states."""
    found: dict[int, np.random.Generator] = {}
    for function in functions:
        for value in getattr(function, "__globals__", {}).values():
            if isinstance(value, np.random.Generator):
                found[id(value)] = value
    return [(generator, generator.bit_generator.state) for generator in found.values()]
