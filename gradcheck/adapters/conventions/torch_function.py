"""``torch.autograd.Function``: ``forward(ctx, …)`` and ``backward(ctx, *grad_outputs)``.

Called through ``.apply``, as torch does it, so that what is checked is what torch computes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

from gradcheck.adapters.boundary import framework, number, tensor, torch_default, torch_dtype
from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, as_is, parameters_of

PRIORITY = 10


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A subclass of ``torch.autograd.Function``, or a function that torch differentiates."""
    torch = framework("torch", names)
    if torch is None or len(what) != 1:
        return None
    one: Any = what[0]
    if _is_function(torch, one):
        separate = (
            one.setup_context is not torch.autograd.function._SingleLevelFunction.setup_context
        )
        takes = parameters_of(one.forward, skip_first=not separate)
        return _style(
            torch, one.apply, one.__name__, takes, one.backward, "torch.autograd.Function"
        )
    if names.framework == "torch" and callable(one) and not isinstance(one, torch.nn.Module):
        name = getattr(one, "__name__", type(one).__name__)
        return _style(torch, one, name, parameters_of(one), one, "torch function")
    return None


def _is_function(torch: Any, one: Any) -> bool:
    return inspect.isclass(one) and issubclass(one, torch.autograd.Function)


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Every such class."""
    for value in namespace.values():
        if inspect.isclass(value) and style_of((value,), Names()) is not None:
            yield (value,)


def _style(
    torch: Any,
    call: Callable[..., Any],
    name: str,
    takes: tuple[inspect.Parameter, ...],
    source: Any,
    convention: str,
) -> Style:
    kind = inspect.Parameter.POSITIONAL_ONLY
    copies = Copies()
    return Style(
        convention=convention,
        name=name,
        forward=lambda held: forward_of(torch, held, call, copies),
        backward=lambda held: backward_of(torch, held),
        make=new_holder,
        source=source,
        inward=as_is,
        around=torch_default,
        own_dtype=torch_dtype(),
        takes_all=not takes,
        takes=tuple(p.replace(kind=kind) for p in takes),
        gets=tuple(inspect.Parameter(f"dy{k}", kind) for k in range(_MOST_OUTPUTS)),
    )


#: A function may have so many outputs.
_MOST_OUTPUTS = 16


def new_holder() -> Any:
    """What keeps the graph between the two calls."""
    return SimpleNamespace(leaves=[], outputs=[])


class Copies:
    """Whether a function has to be given copies, since it writes into what it is given."""

    def __init__(self) -> None:
        self.needed: bool | None = None


def forward_of(
    torch: Any, held: Any, call: Callable[..., Any], copies: Copies
) -> Callable[..., Any]:
    """The forward call on leaves that require a gradient where they are real numbers."""

    def forward(*values: Any) -> Any:
        held.leaves, arguments = [], []
        for value in values:
            one = tensor(torch, value) if hasattr(value, "dtype") else value
            if isinstance(one, torch.Tensor) and one.is_floating_point():
                one.requires_grad_(True)
                held.leaves.append(one)
                if copies.needed is not False:
                    one = one.clone()  # a leaf must not be changed in place
            else:
                held.leaves.append(None)
            arguments.append(one)
        answer = call(*arguments)
        if copies.needed is None:
            given = [one for one in arguments if isinstance(one, torch.Tensor)]
            copies.needed = any(one._version for one in given)
        answers = list(answer) if isinstance(answer, tuple | list) else [answer]
        # Outputs that are marked as not differentiable have no cotangent.
        held.outputs = [one for one in answers if one.requires_grad] or answers
        found = [number(one) for one in held.outputs]
        return tuple(found) if len(found) > 1 else found[0]

    return forward


def backward_of(torch: Any, held: Any) -> Callable[..., Any]:
    """The gradients for the leaves; None where torch has none."""

    def backward(*cotangents: Any) -> Any:
        wanted = [leaf for leaf in held.leaves if leaf is not None]
        given = [tensor(torch, value) for value in cotangents if value is not None]
        given = [one.reshape(out.shape) for one, out in zip(given, held.outputs, strict=False)]
        found = torch.autograd.grad(
            held.outputs[: len(given)], wanted, given, allow_unused=True, retain_graph=True
        )
        left = list(found)
        gradients = [None if leaf is None else left.pop(0) for leaf in held.leaves]
        return tuple(None if one is None else number(one) for one in gradients)

    return backward
