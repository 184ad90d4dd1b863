"""Algorithms of numpy that are backward stable as a whole, not entry by entry.

They compute what is exact for arrays that are off by the last bits of what is largest there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.oracle.scatter import Scatter, off_by

#: What is backward stable by column, or as a whole: it computes what is exact for a matrix whose
#: entries are off by the last bit of the largest there, not each by its own. (N. J. Higham,
#: Accuracy and Stability of Numerical Algorithms, 2nd ed., theorems 9.3 and 19.4; E. Anderson et
#: al., LAPACK Users' Guide, 3rd ed., sections 4.5, 4.7 to 4.9.) By the axes of a column or of all.
STABLE_BY: dict[str, int | tuple[int, int]] = {
    **dict.fromkeys(("solve", "inv", "det", "slogdet", "qr"), -2),
    **dict.fromkeys(("lstsq", "pinv", "svd", "svdvals"), (-2, -1)),
    **dict.fromkeys(("eig", "eigvals", "eigh", "eigvalsh"), (-2, -1)),
}
#: Those that mix rows or columns, so that what is 0 does not stay so.
MIXING = {"qr", "lstsq", "pinv", "svd", "svdvals", "eig", "eigvals", "eigh", "eigvalsh"}
#: Fourier transforms are backward stable as a whole, by the norm: of one axis, of two, of all.
#: (Higham, theorem 24.2.)
TRANSFORMS: dict[str, tuple[int, ...] | None] = {
    **dict.fromkeys(("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"), (-1,)),
    **dict.fromkeys(("fft2", "ifft2", "rfft2", "irfft2"), (-2, -1)),
    **dict.fromkeys(("fftn", "ifftn", "rfftn", "irfftn")),
}


def by_norm(value: Any, axes: int | tuple[int, ...] | None, rng: Scatter) -> Any:
    """What is transformed, each entry off by the last bits of their root mean square."""
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "fc" or not value.size:
        return value
    axes = (axes,) if isinstance(axes, int) else axes
    squares = np.square(np.abs(value))
    size = np.sqrt(squares.mean(axis=axes, keepdims=True))
    bits = max(np.log2(max(squares.size / size.size, 1)), 1.0)
    return value + off_by(np.broadcast_to(bits * size, value.shape), rng, value.dtype)


def by_largest(value: Any, axis: int | tuple[int, int], rng: Scatter, zeros: bool) -> Any:
    """Matrices, each entry off by last bits of the largest along ``axis``, as many as their size.

    That is what the bounds have in common. What is 0 stays so but for ``zeros``: it is of the
    matrix's structure, as that of a triangle, and elimination leaves it alone.
    """
    if not isinstance(value, np.ndarray) or value.ndim < 2 or value.dtype.kind != "f":
        return value
    largest = np.abs(value).max(axis=axis, keepdims=True, initial=0.0)
    bits = value.dtype.type(max(value.shape[-2:]))
    return np.where((value != 0) | zeros, value + rng.moves(value) * bits * largest, value)
