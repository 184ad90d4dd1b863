"""Layers in the wild as derivations: a layer that someone wrote, checked without editing it.

``layer(Affine, x="n d", W="d m", b="m")`` declares one, in a derivation file or a test;
``names(…)`` says what cannot be found by itself.
"""

from __future__ import annotations

from gradcheck.adapters.layers import layer
from gradcheck.adapters.names import Names, names

__all__ = ["Names", "layer", "names"]
