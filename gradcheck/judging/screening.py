"""The cheap pass: claims compared with their functions along two lines each, many points at once.

Agreement is its own evidence, so two steps a line are enough to pass.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradcheck.judging.context import Context
from gradcheck.judging.listed import Listed, single_columns
from gradcheck.judging.pulled import Pulled
from gradcheck.judging.screened import Screened
from gradcheck.oracle.directions import (
    Direction,
    Scale,
)
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Leaf
from gradcheck.returned import Violation

#: A claim is compared along a line of each scale.
BOTH: tuple[Scale, ...] = ("spread", "magnitude")


def screen(
    contexts: Sequence[Context], scales: Sequence[Scale] = BOTH
) -> list[list[Screened] | Violation]:
    """Screen claims at points; for each its lines, or the contract that a rule was seen to break.

    Agreements are recorded in the evidence of each context. There is a line of each of ``scales``;
    where some entries of a claim are left out, one for each input instead.
    """
    results: list[list[Screened] | Violation] = [[] for _ in contexts]
    groups: dict[Any, list[int]] = {}
    for k, context in enumerate(contexts):
        groups.setdefault(_alike(context), []).append(k)
    for members in groups.values():
        chosen = [contexts[k] for k in members]
        kind = Pulled if chosen[0].claim.pull is not None else Listed
        for k, result in zip(members, kind(chosen, scales).run(), strict=True):
            results[k] = result
    return results


def alone(context: Context, leaf: Leaf) -> Screened:
    """Screen one gradient by itself, along a line on which no other input moves.

    Raises the ``Violation`` that the rule is seen to commit.
    """
    (result,) = Pulled([context], BOTH[:1], leaf).run()
    if isinstance(result, Violation):
        raise result
    return result[0]


def singly(context: Context) -> list[Screened]:
    """Screen a claim of entries or tangents along one line for each input that it speaks of.

    Raises the ``Violation`` that the rule is seen to commit.
    """
    (result,) = Listed([context], (), singly=True).run()
    if isinstance(result, Violation):
        raise result
    return result


def moving(screened: Screened, leaf: Leaf) -> Screened:
    """The same line with one input moving alone."""
    support = np.zeros(screened.line.v.size)
    support[leaf.slice] = 1.0
    line = Line(screened.line.point, screened.line.v * support)
    direction = Direction(line.v, screened.direction.scale * support)
    return Screened(line, direction, screened.cotangents)


def _alike(context: Context) -> Any:
    """What points must have in common to be stacked."""
    point, entries = context.point, context.claim.entries
    listed = None if entries is None else (entries.values.shape, len(single_columns(context)))
    return point.n, point.m, context.ladder, point.x.dtype, context.subject.dtype, listed
