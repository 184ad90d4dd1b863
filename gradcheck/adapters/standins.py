"""What stands for the objects that layers are made with: an optimizer, an activation, a sublayer.

The layer is what is checked, so any of them will do that has a gradient by which a mistake shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from gradcheck.adapters.words import WORDS

#: With this learning rate, a layer that updates itself moves so far that of the change nothing but
#: the gradient is left: the old parameter is below the last bit of what the rate multiplies.
RATE = 2.0**60
_SEED = 11


class Recorder:
    """Stands for an optimizer: moves a parameter by its gradient alone, at the rate of the call."""

    #: Of the class, since layers copy the optimizer that they are given.
    rate: ClassVar[float] = RATE

    def update(self, parameter: Any, gradient: Any, *_: Any, **__: Any) -> Any:
        """The parameter after the step."""
        return parameter - Recorder.rate * gradient

    __call__ = step = get_update = update


def slope(x: Any) -> Any:
    """The derivative of tanh."""
    return 1 - np.tanh(x) ** 2


def slope_of_output(y: Any) -> Any:
    """The same, given tanh(x)."""
    return 1 - y**2


class _Called:
    """An object whose methods go by every name that they have in the wild."""

    def __getattr__(self, name: str) -> Any:
        if name in WORDS.forward:
            return self.run
        if name in WORDS.backward:
            return self.pull
        if name in WORDS.slope:
            return self.slope
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __call__(self, x: Any) -> Any:
        return self.run(x)

    def run(self, x: Any) -> Any:
        """What it gives for an array."""
        raise NotImplementedError

    def pull(self, *given: Any) -> Any:
        """The gradient for what it was last given."""
        raise NotImplementedError

    def slope(self, x: Any) -> Any:
        """The derivative at an array."""
        raise NotImplementedError


class Activation(_Called):
    """Stands for an activation: an object, a function, or the class of one."""

    def __init__(
        self, function: Callable[[Any], Any] = np.tanh, slope: Callable[[Any], Any] = slope
    ) -> None:
        self.function, self.derivative_at = function, slope
        self.taken: Any = None

    def run(self, x: Any) -> Any:
        """f(x)."""
        self.taken = x
        return self.function(x)

    def pull(self, *given: Any) -> Any:
        """f'(x) of what was last taken, times the cotangent where one is given."""
        return self.slope(self.taken) * (given[0] if given else 1)

    def slope(self, x: Any) -> Any:
        """f'(x)."""
        return self.derivative_at(x)


class Sublayer(_Called):
    """Stands for a layer that others are made of; two of them are told apart by their order."""

    def __init__(self) -> None:
        #: Of every sort that is gone through: by items and by index.
        self.params: dict[str, Any] = {}
        self.grads: dict[str, Any] = {}
        self.given: Any = None

    def run(self, x: Any) -> Any:
        """Tanh of the running sums of each row."""
        self.given = np.tanh(np.cumsum(x, axis=-1))
        return self.given

    def pull(self, *given: Any) -> Any:
        """Its gradient; what is given after the cotangent, such as a rate, has no part in it.

        That is the cotangent of a model that a loss sets off, and which was not run here.
        """
        if self.given is None:
            return given[0]
        sums = given[0] * slope_of_output(self.given)
        return np.cumsum(sums[..., ::-1], axis=-1)[..., ::-1]


def initial(*shape: Any, size: Any = None) -> Any:
    """Stands for an initializer: numbers of a shape, given as a tuple or size by size."""
    given = shape if size is None else (size,)
    sizes = [int(n) for part in given for n in np.atleast_1d(part)]
    return np.random.default_rng(_SEED).normal(size=sizes)
