"""From the cheap pass to the evidence: what it has left open is looked at closer, and settled."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from gradcheck.hints import said
from gradcheck.judging import entries
from gradcheck.judging.comparison import (
    compare,
    imagine,
    poorly_resolved,
    seen_widely,
    sharpen,
)
from gradcheck.judging.context import FINE, SINGLY, Context, Mask
from gradcheck.judging.evidence import COARSEST, Resolved
from gradcheck.judging.kinks import SURROUNDED, at_kinks
from gradcheck.judging.screened import Screened, Test
from gradcheck.judging.screening import BOTH, alone, moving, screen, singly
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Leaf
from gradcheck.returned import Violation


def look_cheaply(contexts: Sequence[Context], thorough: bool = True) -> None:
    """The cheap pass over claims that have something to say.

    Along a second line of large arrays, and without ``thorough`` of any, only where the first has
    left something or resolves little.
    """
    saying = [
        context
        for context in contexts
        if context.point.n and context.point.m and context.evidence.wrong is None
    ]
    for context in saying:
        evidence, count = context.evidence, len(context.subject.inputs.leaves)
        evidence.every, evidence.bulk = Resolved.of(count), Resolved.of(count)
    once = [context for context in saying if context.is_large or not thorough]
    twice = [context for context in saying if context not in once]
    for contexts_, scales_ in ((once, BOTH[:1]), (twice, BOTH)):
        for context, result in zip(contexts_, screen(contexts_, scales_), strict=True):
            context.screened = result
    unsure = [context for context in once if _unsure(context)]
    for context, result in zip(unsure, screen(unsure, BOTH[1:]), strict=True):
        context.screened = [*context.screened, *result] if isinstance(result, list) else result


def _unsure(context: Context) -> bool:
    """Whether the one line that was looked along is not enough."""
    screened = context.screened
    if isinstance(screened, Violation) or context.claim.is_partial:
        return False
    return not all(one.settled for one in screened) or bool(poorly_resolved(context))


def settle(context: Context) -> None:
    """Everything after the cheap pass; raises the ``Violation`` that it has seen."""
    evidence, screened = context.evidence, context.screened
    if isinstance(screened, Violation):
        raise screened
    if evidence.wrong is not None:
        return
    kinked = np.zeros(context.point.m, bool)
    unseen = []
    for one in screened:
        unseen.append([(one.line, test) for test in _compare(context, one, kinked)])
        if evidence.wrong is not None:
            return
    if (
        context.fine == FINE
        and not kinked.any()
        and not evidence.undecided
        and unseen
        and all(unseen)
    ):
        _look_widely(context, unseen[0])
    if not kinked.any() and not evidence.undecided:
        for number in poorly_resolved(context):
            _focus(context, number, screened, kinked)
            if evidence.wrong is not None:
                return
    if not kinked.any() and not evidence.undecided:
        _doubt_zeros(context, kinked)
        if evidence.wrong is not None:
            return
    if evidence.stands_still:
        return
    confined = evidence.decisive > COARSEST and context.confined.any()
    if evidence.kinks or evidence.undecided or kinked.any() or confined:
        at_kinks(context, kinked, _again)


def _doubt_zeros(context: Context, kinked: Mask) -> None:
    """Look at gradients that are claimed to be zero throughout, each by itself.

    Nothing of them shows beside others, and what drowns in the function's rounding agrees with 0.
    """
    evidence = context.evidence
    if context.point.n == 0 or not context.screened:
        return
    several = len(context.subject.inputs.leaves) > 1
    for leaf in _zeros(context):
        screened = context.screened[0] if leaf is None else moving(context.screened[0], leaf)
        found = context.imagined(screened.line, zero_will_do=True)
        if found is None and leaf is not None and several:
            if context.claim.pull is not None:
                _compare(context, alone(context, leaf), kinked)
                if kinked.all() and not evidence.undecided:
                    evidence.undecided = SURROUNDED  # unless there is more to see beside
            else:
                entries.doubt(context, screened.line, sharpen(context, screened))
        elif found is not None and found.value.any():
            doubts = imagine(context, screened)
            entries.doubt(context, screened.line, doubts)
            if doubts and evidence.wrong is None:
                evidence.undecided = said(
                    "the gradient is claimed to be zero; it is not, but is so small beside the "
                    "function's rounding that a rule's own rounding may explain it",
                    "声明梯度为零；实际并非如此，但它与函数的舍入相比太小，规则自身的舍入也可能造成这样的结果",
                )
        if evidence.wrong is not None:
            return


def _zeros(context: Context) -> list[Leaf | None]:
    """The inputs for which a gradient of zeros is claimed; None for all of them together."""
    leaves = [leaf for leaf in context.subject.inputs.leaves if leaf.stop > leaf.start]
    if context.claim.pull is not None:
        return [leaf for leaf in leaves if leaf in context.zeros]
    sizes, gradients = context.typical[0].sizes, context.typical[0].gradients
    if not sizes.size:
        return [None]
    claimed = context.claim.entries
    if claimed is None or context.claim.is_partial:
        return []
    asked = np.zeros(context.point.n, bool)
    asked[claimed.columns] = True
    numbers = enumerate(context.subject.inputs.leaves)
    return [leaf for k, leaf in numbers if asked[leaf.slice].any() and k not in gradients]


def _again(beside: Context) -> None:
    """Judge a claim at a point beside as if it were a new one."""
    look_cheaply([beside])
    settle(beside)


def _look_widely(context: Context, unseen: Sequence[tuple[Line, Test]]) -> None:
    """Look by larger steps at cotangents under which some outputs round more than all that varies.

    Others, that leave such outputs out, have agreed.
    """
    for line, test in unseen:
        agrees = seen_widely(context, line, test)
        if agrees is False:
            context.evidence.undecided = said(
                "what is claimed disagrees with outputs that vary by less than their rounding; "
                "only steps much larger than the inputs show it, and by these no entry is accused",
                "所声明的内容与变化小于自身舍入的那些输出不符；只有比输入大得多的步长才显示出来，不据此指责任何元素",
            )
            return
        context.evidence.hides |= agrees is None


def _compare(context: Context, screened: Screened, kinked: Mask) -> list[Test]:
    """Settle what is left on a line; returns the tests under which nothing is seen."""
    comparison, evidence = compare(context, screened), context.evidence
    kinked |= comparison.kinked
    if comparison.suspects:
        entries.settle(context, screened.line, comparison.suspects[0])
        undecided = evidence.undecided and evidence.wrong is None
        if undecided and not sharpen(context, screened, wide=True):
            evidence.undecided = ""
        elif undecided:
            _by_input(context)
    elif not kinked.any():
        entries.doubt(context, screened.line, comparison.doubts)
    return comparison.unseen


def _by_input(context: Context) -> None:
    """Look for the entry behind a disagreement that none of those explains that count the most.

    Along all inputs a gradient that is wrong may be small beside others that are right: in each of
    their entries what is off is less than is sought.
    """
    leaves = context.subject.inputs.leaves
    if context.claim.pull is None or len(leaves) == 1 or context.is_beside:
        return
    for leaf in leaves:
        screened = alone(context, leaf)
        suspects = compare(context, screened).suspects
        if suspects:
            entries.settle(context, screened.line, suspects[0])
        if context.evidence.wrong is not None:
            context.evidence.undecided = ""
            return


def _focus(context: Context, number: int, screened: list[Screened], kinked: Mask) -> None:
    """Look closer at one gradient that is poorly resolved beside others: by itself, then better."""
    leaves = context.subject.inputs.leaves
    if context.claim.pull is not None and len(leaves) > 1:
        screened = [alone(context, leaves[number])]
        _compare(context, screened[0], kinked)
    elif len(leaves) > 1 and not context.claim.is_partial:
        screened = [*screened, *(moving(one, leaves[number]) for one in screened[:1])]
    if context.fine > FINE and number in context.evidence.bulk.lost:
        return  # one of many points: others show this gradient better
    # A step in the imaginary direction is the cheapest closer look, where one can be taken.
    for look in (imagine, sharpen):
        _look(context, number, screened, look, context.fine)
    found = context.sought.by_gradient
    coarse = context.evidence.wrong is None and found[number] > COARSEST
    listed = context.claim.pull is None and not context.claim.is_partial
    if coarse and listed and context.point.n <= SINGLY:
        # Entries of one row may differ in size: each by itself.
        by_input = singly(context)
        for one in by_input:
            if context.evidence.wrong is None:
                _compare(context, one, kinked)
        _look(context, number, by_input, imagine, COARSEST)
    _look(context, number, screened, functools.partial(sharpen, wide=True), COARSEST)
    # Along other lines the cheap pass may resolve just enough not to look any closer.
    found = context.sought.by_gradient
    found[number] = max(float(found[number]), context.fine)


def _look(
    context: Context,
    number: int,
    lines: Sequence[Screened],
    look: Callable[[Context, Screened], list[Test]],
    least: float,
) -> None:
    """Look closer along some lines, as long as a gradient is resolved to more than ``least``."""
    for one in lines:
        if context.evidence.wrong is None and context.sought.by_gradient[number] > least:
            entries.doubt(context, one.line, look(context, one))
