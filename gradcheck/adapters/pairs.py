"""Two functions that belong together by their names: ``affine_forward`` and ``affine_backward``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from typing import Any

#: What of a name says that a function is the backward one; the rest names the pair.
BACKWARD = re.compile(r"_?(backward|bwd|back_prop|backprop|bprop|(?<![a-zA-Z])back)(?=_|$)")
#: The endings of forward functions.
FORWARD = ("_forward", "_fwd", "_forward_prop", "_fprop", "")


def pairs(namespace: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Every backward function with its forward function, of the same name but for the word."""
    functions = {n: f for n, f in namespace.items() if inspect.isfunction(f)}
    for name, backward in functions.items():
        if not BACKWARD.search(name):
            continue
        for partner in _partners(name):
            if partner in functions and partner != name:
                yield functions[partner], backward
                break


def name_of(forward: Any) -> str:
    """What a pair is called: as its forward function without the word for that."""
    name = str(forward.__name__)
    for ending in FORWARD:
        name = re.sub(rf"{ending}(?=_|$)", "", name) if ending else name
    return name.strip("_") or str(forward.__name__)


def _partners(name: str) -> list[str]:
    """What the forward function may be called, without the ending of a variant last."""
    found: list[str] = []
    for text in (name, re.sub(r"_(alt|naive|fast|vectorized|v\d+)$", "", name)):
        for ending in FORWARD:
            found.append(BACKWARD.sub(ending, text).lstrip("_"))
    base = found[-1]
    variants = ("_naive", "_fast", "_im2col", "_strides")
    return found + [f"{base}{ending}{v}" for v in variants for ending in FORWARD]
