"""How one layer is called: all that differs between conventions."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from gradcheck.adapters.names import Names
from gradcheck.adapters.words import WORDS, Words

Function = Callable[..., Any]


def itself(value: Any) -> Any:
    """The value, for layers of plain numpy arrays."""
    return value


def as_is(value: Any) -> Any:
    """The value, for a convention that converts arrays by itself."""
    return value


@contextlib.contextmanager
def plainly(dtype: str) -> Iterator[None]:
    """Inside of nothing: numpy has no settings that matter."""
    yield


@dataclass(frozen=True)
class Style:
    """How one layer is made and called.

    ``make`` makes a fresh object, or is None for plain functions. ``forward`` and ``backward`` give
    the function to call from the object; without ``backward`` the forward function itself returns
    value and gradients. ``returns_cache`` says that one of the things the forward function returns,
    mostly the last, is for the backward function; ``has_context``, that both take an object for
    that first.
    ``kind`` is ``"vjp"``, or ``"derivative"`` for an elementwise one of the input or the output.
    """

    convention: str
    name: str
    forward: Callable[[Any], Function]
    backward: Callable[[Any], Function] | None
    make: Function | None = None
    returns_cache: bool = False
    has_context: bool = False
    #: The parameter of the backward function that gets what was kept, if no word says so.
    cache: str = ""
    #: Where what was kept stands in what is returned.
    cache_at: int = -1
    kind: str = "vjp"
    #: The argument that makes the forward function its own derivative.
    flag: str = ""
    #: Without a backward function: where the value stands in what is returned.
    value_at: int = 0
    #: Where the rule stands, for reports.
    source: Function | None = None
    words: Words = WORDS
    #: How an array goes into the layer's own world, and comes back: tensors of a framework.
    inward: Function = itself
    outward: Function = itself
    #: What calls in a dtype are made inside of: settings of the framework.
    around: Callable[[str], contextlib.AbstractContextManager[None]] = plainly
    #: The dtype in which the framework computes by itself, where it is not float64.
    own_dtype: str = ""
    #: The parameters of ``forward`` and ``backward``, without ``self`` and the context.
    takes: tuple[inspect.Parameter, ...] = ()
    gets: tuple[inspect.Parameter, ...] = ()
    #: What the forward function is given that is no array, by name.
    fixed: Mapping[str, Any] = field(default_factory=dict)
    #: The forward function has no signature: it is given the declared inputs in order.
    takes_all: bool = False
    #: It is a network: what it takes beside parameters is data, of which no gradient is wanted.
    network: bool = False
    #: What it gives no gradient for is not to be differentiated.
    skips: bool = False
    #: Of a base that is missing it needs nothing that its convention does not do.
    whole: bool = False
    #: What is assumed by reading it so, for reports.
    assumes: tuple[str, ...] = ()


class Convention(Protocol):
    """What a file of ``conventions`` provides, as module attributes."""

    #: In which order conventions are tried: the more special, the smaller.
    PRIORITY: int

    def style_of(self, what: tuple[Any, ...], names: Names) -> Style | None:
        """How ``what`` (a class, a function, or two) is called; None where it is another kind."""

    def candidates(self, namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
        """What in a module looks like layers of this convention."""


def parameters_of(function: Any, *, skip_first: bool = False) -> tuple[inspect.Parameter, ...]:
    """The parameters of a function that can be given one by one; none without a signature."""
    try:
        found = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return ()
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    found = [parameter for parameter in found if parameter.kind not in variadic]
    return tuple(found[1:] if skip_first else found)


def is_required(parameter: inspect.Parameter) -> bool:
    """Whether a parameter has no default."""
    return parameter.default is inspect.Parameter.empty
