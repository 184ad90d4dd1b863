"""Layers of fixed sizes, small and realistic, each with its right backward rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.quality.scalable import (
    layer_norm,
    layer_norm_vjp,
    linear,
    linear_vjp,
    network_gradient,
    network_loss,
    softmax,
    softmax_vjp,
    tanh_vjp,
)


@dataclass(frozen=True)
class Sized:
    """A layer at inputs of one size."""

    name: str
    f: Callable
    vjp: Callable
    inputs: tuple[Any, ...]

    @property
    def size(self) -> int:
        """The number of inputs."""
        return sum(np.size(value) for value in self.inputs)


def _windows(x: Any, kh: int, kw: int) -> Any:
    return np.lib.stride_tricks.sliding_window_view(x, (kh, kw), axis=(2, 3))


def conv2d(x: Any, w: Any) -> Any:
    """Cross-correlation without padding: ``(n, c, h, w)`` with filters ``(f, c, kh, kw)``."""
    return np.einsum("nchwij,fcij->nfhw", _windows(x, *w.shape[2:]), w, optimize=True)


def conv2d_vjp(g: Any, x: Any, w: Any) -> Any:
    kh, kw = w.shape[2:]
    dw = np.einsum("nchwij,nfhw->fcij", _windows(x, kh, kw), g, optimize=True)
    padded = np.pad(g, ((0, 0), (0, 0), (kh - 1, kh - 1), (kw - 1, kw - 1)))
    flipped = w[:, :, ::-1, ::-1]
    dx = np.einsum("nfhwij,fcij->nchw", _windows(padded, kh, kw), flipped, optimize=True)
    return dx, dw


def attention(q: Any, k: Any, v: Any) -> Any:
    """Scaled dot-product attention: ``(batch, heads, time, width)`` each."""
    p = softmax(q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1]))
    return p @ v


def attention_vjp(g: Any, q: Any, k: Any, v: Any) -> Any:
    scale = 1 / np.sqrt(q.shape[-1])
    p = softmax(q @ k.swapaxes(-1, -2) * scale)
    dp = g @ v.swapaxes(-1, -2)
    ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True)) * scale
    return ds @ k, ds.swapaxes(-1, -2) @ q, p.swapaxes(-1, -2) @ g


def network_vjp(g: Any, *weights: Any) -> Any:
    return tuple(g * part for part in network_gradient(*weights))


_RNG = np.random.default_rng(0)


def _normal(*shape: int) -> Any:
    return _RNG.standard_normal(shape)


SMALL = [
    Sized("tanh 3×4", np.tanh, tanh_vjp, (_normal(3, 4),)),
    Sized("softmax 3×4", softmax, softmax_vjp, (_normal(3, 4),)),
    Sized("layer norm 3×5", layer_norm, layer_norm_vjp, (_normal(3, 5),)),
    Sized("linear 3×4×2", linear, linear_vjp, (_normal(3, 4), _normal(4, 2), _normal(2))),
    Sized(
        "conv 1×2×5×4, 3 filters", conv2d, conv2d_vjp, (_normal(1, 2, 5, 4), _normal(3, 2, 3, 2))
    ),
    Sized("attention 1×1×3×2", attention, attention_vjp, tuple(_normal(3, 1, 1, 3, 2))),
]
REALISTIC = [
    Sized(
        "linear 64×256×256", linear, linear_vjp,
        (_normal(64, 256), _normal(256, 256) / 16, _normal(256)),
    ),
    Sized(
        "conv 4×3×16×16, 8 filters", conv2d, conv2d_vjp,
        (_normal(4, 3, 16, 16), _normal(8, 3, 3, 3) / 5),
    ),
    Sized("attention 2×4×32×16", attention, attention_vjp, tuple(_normal(3, 2, 4, 32, 16))),
    Sized("softmax 64×1000", softmax, softmax_vjp, (_normal(64, 1000),)),
    Sized(
        "network 784-100-10", network_loss, network_vjp,
        (_normal(784, 100) / 28, _normal(100) / 10, _normal(100, 10) / 10, _normal(10) / 10),
    ),
]  # fmt: skip
