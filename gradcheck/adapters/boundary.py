"""Arrays that are not numpy's: at the boundary of a layer they are converted, in float64.

A module of arrays is torch, or any that follows the Array API (``asarray``). Nothing is copied
where the two can share memory: the session has made copies already.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
import sys
from collections.abc import Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np

from gradcheck.adapters.names import Names
from gradcheck.adapters.style import Style, itself, plainly
from gradcheck.errors import DeclarationError

#: Modules of arrays that do not say that they are.
_KNOWN = ("torch", "cupy")


def in_world(style: Style, names: Names) -> Style:
    """The style with conversions, where its layer works on arrays that are not numpy's."""
    if style.inward is not itself:
        return style
    module = _imported(names.arrays) if names.arrays else _used_by(style)
    if module is None:
        return style
    settings = {"jax.numpy": (double, jax_dtype), "torch": (torch_default, torch_dtype)}
    around, own_dtype = settings.get(module.__name__, (plainly, str))

    def inward(value: Any) -> Any:
        with around(""):
            return _inward(value, module)

    return replace(style, inward=inward, outward=_outward, around=around, own_dtype=own_dtype())


@contextlib.contextmanager
def double(dtype: str = "") -> Iterator[None]:
    """JAX able to compute in float64, and on the CPU, whatever is set outside."""
    jax: Any = _imported("jax")
    with jax.enable_x64(True), jax.default_device(jax.devices("cpu")[0]):
        yield


def jax_dtype() -> str:
    """The dtype of JAX's own arrays."""
    jax: Any = _imported("jax")
    return "" if jax.config.jax_enable_x64 else "float32"


@contextlib.contextmanager
def torch_default(dtype: str = "") -> Iterator[None]:
    """New tensors of a dtype, on the CPU, whatever is set outside."""
    torch: Any = _imported("torch")
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, dtype) if dtype else before)
    try:
        with torch.device("cpu"):
            yield
    finally:
        torch.set_default_dtype(before)


def torch_dtype() -> str:
    """The dtype of torch's own tensors."""
    torch: Any = _imported("torch")
    name = str(torch.get_default_dtype()).removeprefix("torch.")
    return "" if name == "float64" else name


def framework(name: str, names: Names) -> Any:
    """A framework where something has loaded it, or it is asked for; else None."""
    module = sys.modules.get(name)
    return _imported(name) if module is None and names.framework == name else module


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DeclarationError(f"{name} cannot be imported: {error}") from None


def _used_by(style: Style) -> ModuleType | None:
    """The module of arrays whose functions the rule, or the class, uses under its usual name."""
    for function in _functions(style):
        code, space = getattr(function, "__code__", None), getattr(function, "__globals__", {})
        for name in code.co_names if code is not None else ():
            if _has_arrays(space.get(name)):
                return space[name]
    return None


def array_modules(style: Style) -> list[str]:
    """The modules of arrays that the file of a layer imports, by name: it may use methods alone."""
    found = {
        value.__name__: None
        for function in _functions(style)
        for value in getattr(function, "__globals__", {}).values()
        if _has_arrays(value)
    }
    return list(found)


def _functions(style: Style) -> list[Any]:
    functions = [style.source]
    if style.make is None:
        functions.append(style.forward(None))
    if inspect.isclass(style.make):
        functions += [value for value in vars(style.make).values() if inspect.isfunction(value)]
    return functions


def _has_arrays(value: Any) -> bool:
    """Whether a value is a module of arrays that are not numpy's."""
    if not isinstance(value, ModuleType) or value is np:
        return False
    says = hasattr(value, "__array_namespace_info__") and value.__name__ != "autograd.numpy"
    return says or value.__name__ in _KNOWN


def _inward(value: Any, module: ModuleType) -> Any:
    if not isinstance(value, np.ndarray | np.generic):
        return value
    if module.__name__ == "torch":
        return tensor(module, value)
    return module.asarray(np.asarray(value))


def tensor(torch: Any, value: Any) -> Any:
    """A tensor on the CPU that shares the memory of an array."""
    array = np.asarray(value)
    if not array.ndim or any(stride < 0 for stride in array.strides) or not array.flags.writeable:
        return torch.tensor(
            array.tolist() if not array.ndim else array.copy(), dtype=_dtype(torch, array)
        )
    return torch.from_numpy(array)


def number(value: Any) -> Any:
    """A tensor as an array, or as a number."""
    array = value.numpy(force=True)
    return array if array.ndim else array[()]


def _dtype(torch: Any, array: np.ndarray[Any, Any]) -> Any:
    return torch.from_numpy(np.zeros(1, array.dtype)).dtype


def _outward(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic) or not hasattr(value, "shape"):
        return value
    if hasattr(value, "detach"):
        return number(value)
    array = np.asarray(value)
    return array if array.ndim else array[()]
