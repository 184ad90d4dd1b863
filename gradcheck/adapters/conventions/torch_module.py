"""``torch.nn.Module``, where a spec names it: its inputs and parameters, by torch's own rules."""

from __future__ import annotations

import copy
import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from gradcheck.adapters.boundary import number, tensor, torch_default, torch_dtype
from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, as_is, parameters_of

PRIORITY = 11


def style_of(what: tuple[Any, ...], names: Names) -> Style | None:
    """A module, or a class of modules."""
    torch = sys.modules.get("torch")
    if torch is None or len(what) != 1:
        return None
    (one,) = what
    is_class = inspect.isclass(one) and issubclass(one, torch.nn.Module)
    if not is_class and not isinstance(one, torch.nn.Module):
        return None
    cls = one if is_class else type(one)
    kind = inspect.Parameter.POSITIONAL_ONLY

    def make(*args: Any, **kwargs: Any) -> Any:
        with torch_default("float64"):  # the same draws in every dtype
            return _Holder(torch, one(*args, **kwargs) if is_class else copy.deepcopy(one))

    signature = inspect.signature(one) if is_class else inspect.Signature()
    make.__signature__ = signature  # type: ignore[attr-defined]
    takes = parameters_of(cls.forward, skip_first=True)
    return Style(
        convention="torch.nn.Module",
        name=cls.__name__,
        forward=lambda held: held.forward,
        backward=lambda held: held.backward,
        make=make,
        source=cls.forward,
        inward=as_is,
        around=torch_default,
        own_dtype=_own_dtype(one),
        takes_all=not takes,
        takes=tuple(p.replace(kind=kind) for p in takes),
        gets=(inspect.Parameter("dy", kind),),
    )


def _own_dtype(module: Any) -> str:
    """The dtype of a module's parameters; of a class, that of new tensors."""
    if inspect.isclass(module):
        return torch_dtype()
    names = [str(p.dtype).removeprefix("torch.") for p in module.parameters()]
    found = names[0] if names else torch_dtype()
    return "" if found == "float64" else found


def candidates(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    """None: what torch differentiates by itself is checked where it is asked for."""
    return iter(())


class _Holder:
    """A module, its parameters as arrays by name (``.`` as ``_``), and the graph of a call."""

    def __init__(self, torch: Any, module: Any) -> None:
        self.torch, self.module = torch, module.double().cpu()
        self.parameters: dict[str, Any] = {
            name.replace(".", "_"): np.array(value.detach().numpy())
            for name, value in self.module.named_parameters()
        }
        self.leaves: dict[str, Any] = {}
        self.given: list[Any] = []
        self.output: Any = None

    def train(self) -> None:
        """The mode for training."""
        self.module.train()

    def eval(self) -> None:
        """The mode for use."""
        self.module.eval()

    def forward(self, *values: Any) -> Any:
        """The output as an array."""
        torch = self.torch
        self.given = [tensor(torch, v) if hasattr(v, "dtype") else v for v in values]
        for one in self.given:
            if isinstance(one, torch.Tensor) and one.is_floating_point():
                one.requires_grad_(True)
        # Parameters that nobody declares stay as they were made: in the dtype of what comes in.
        real = [v.dtype for v in self.given if hasattr(v, "dtype") and v.is_floating_point()]
        self.leaves = {
            name: tensor(torch, np.array(value)).to(*real[:1]).requires_grad_(True)
            for name, value in self.parameters.items()
        }
        by_name = {
            name: self.leaves[name.replace(".", "_")] for name, _ in self.module.named_parameters()
        }
        dtype = next((one.dtype for one in self.leaves.values()), torch.float64)
        buffers = {
            name: value.to(dtype, copy=True) if value.is_floating_point() else value.clone()
            for name, value in self.module.named_buffers()
        }
        state = {**by_name, **buffers}
        self.output = torch.func.functional_call(self.module, state, tuple(self.given))
        return number(self.output)

    def backward(self, cotangent: Any) -> Any:
        """The gradients by name."""
        torch = self.torch
        takes = list(inspect.signature(type(self.module).forward).parameters)[1:]
        wanted = dict(self.leaves)
        for name, one in zip(takes, self.given, strict=False):
            if isinstance(one, torch.Tensor) and one.requires_grad:
                wanted[name] = one
        found = torch.autograd.grad(
            self.output, list(wanted.values()),
            tensor(torch, cotangent).reshape(self.output.shape),
            allow_unused=True, retain_graph=True,
        )  # fmt: skip
        return {n: None if g is None else number(g) for n, g in zip(wanted, found, strict=True)}
