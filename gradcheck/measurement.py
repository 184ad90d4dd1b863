"""``measure_*``: the oracle by itself, derivatives of a function with error bounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.errors import InputError
from gradcheck.oracle.confirmation import imagined
from gradcheck.oracle.entry import slopes
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.oracle.noise import misplaced
from gradcheck.oracle.recording import once
from gradcheck.plain_functions import plain_subject
from gradcheck.signatures import Function
from gradcheck.subject import Subject
from gradcheck.verdict import Measured


def measure_jacobian(f: Function, *inputs: Any) -> Measured:
    r"""Measure :math:`J[j, i] = \partial y_j / \partial x_i` of a function of one array.

    Returns value and error bound of shape ``y.shape + x.shape``. Costs 12 to 60 evaluations of
    ``f`` for each input. On a kink the value is the mean of the slopes from the two sides, and the
    error half of their difference.
    """
    return once(lambda: _measure_jacobian(f, inputs))


def _measure_jacobian(f: Function, inputs: tuple[Any, ...]) -> Measured:
    subject = plain_subject(f, inputs)
    if len(subject.inputs.leaves) != 1:
        raise InputError("measure_jacobian is for a function of one array; close over the others")
    columns = []
    for column in range(subject.point.n):
        unit = np.zeros(subject.point.n)
        unit[column] = 1.0
        columns.append(_measure(subject, unit))
    shape = subject.outputs.leaves[0].shape + subject.inputs.leaves[0].shape
    return Measured(
        *(
            np.array([getattr(c, part) for c in columns]).T.reshape(shape)
            for part in ("value", "error")
        )
    )


def measure_jvp(f: Function, inputs: Sequence[Any], tangents: Sequence[Any]) -> Measured:
    r"""Measure :math:`\dot y = J \dot x`; ``inputs`` and ``tangents`` are sequences of arrays.

    Returns value and error bound of the shape of ``f(*inputs)``, from 12 to 60 evaluations.
    """
    return once(lambda: _measure_jvp(f, tuple(inputs), tangents))


def _measure_jvp(f: Function, inputs: tuple[Any, ...], tangents: Sequence[Any]) -> Measured:
    if len(tangents) != len(inputs):
        raise InputError(f"{len(inputs)} inputs, but {len(tangents)} tangents")
    for k, (x, v) in enumerate(zip(inputs, tangents, strict=True)):
        if np.shape(x) != np.shape(v):
            raise InputError(
                f"tangent {k} has shape {np.shape(v)} where input {k} has shape {np.shape(x)}; "
                "inputs and tangents are sequences of arrays: measure_jvp(f, [x], [v])"
            )
    subject = plain_subject(f, inputs)
    names = list(subject.values)
    flat = subject.inputs.flatten(
        {n: np.asarray(t) for n, t in zip(names, tangents, strict=True) if n in subject.wrt}
    )
    measured = _measure(subject, flat)
    shape = subject.outputs.leaves[0].shape
    return Measured(measured.value.reshape(shape)[()], measured.error.reshape(shape)[()])


def _measure(subject: Subject, tangent: Any) -> Measured:
    """Value and error along ``tangent``: by an imaginary step, else by real ones of two sizes.

    At the larger, the input that moves most moves by its magnitude; at the smaller, no input moves
    by more than its own. Where the two contradict each other, the error covers both.
    """
    moving = tangent != 0
    if not moving.any():
        return Measured(np.zeros(subject.point.m), np.zeros(subject.point.m))
    size = np.abs(subject.x[moving])
    size = np.where(size > 0, size, np.max(size) or 1.0)
    away = np.abs(tangent[moving])
    scales = {np.max(size) / np.max(away), np.min(size / away)}
    # Powers of two, so that nothing is rounded.
    powers = {2.0 ** np.floor(np.log2(scale)) for scale in scales}
    exact = _exact(subject, tangent, max(powers))
    if exact is not None:
        return exact
    found = [_along(subject, tangent, scale) for scale in sorted(powers)]
    best = np.argmin([one.error for one in found], axis=0)
    columns = np.arange(subject.point.m)
    value = np.array([one.value for one in found])[best, columns]
    error = np.array([one.error for one in found])[best, columns]
    for other in found:
        apart = np.abs(other.value - value)
        error = np.where(apart > error + other.error, apart + other.error, error)
    return Measured(value, error)


def _exact(subject: Subject, tangent: Any, scale: float) -> Measured | None:
    """By a step in the imaginary direction, where one can be taken and real ones confirm it."""
    with np.errstate(all="ignore"):
        found = imagined(Line(subject.point, tangent * scale), DOUBLE, DOUBLE.epsilon)
    return None if found is None else Measured(found.value / scale, found.error / scale)


def _along(subject: Subject, tangent: Any, scale: float) -> Measured:
    line = Line(subject.point, tangent * scale)
    levels = list(range(DOUBLE.count))
    with np.errstate(all="ignore"):
        found = slopes(line, DOUBLE, levels, DOUBLE.epsilon, sampled=True, aware=True)
        gap = np.where(found.kinked, np.abs(found.gap) + found.gap_error, 0.0)
        error = found.error + gap / 2 + misplaced(line, DOUBLE)
        return Measured(found.value / scale, error / scale)
