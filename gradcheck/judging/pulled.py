"""Claims that pull a cotangent back: ``(Jᵀu)·v`` is compared with ``u·Dv``."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence

import numpy as np

from gradcheck.evaluation import announce
from gradcheck.judging.context import Context, Floats, Mask
from gradcheck.judging.evidence import COARSEST, SOUGHT, TINY, Shares
from gradcheck.judging.screened import (
    Screened,
    Test,
    least_positive,
    scattered,
    typical_shares,
)
from gradcheck.judging.stacking import Stack, kink_gap
from gradcheck.oracle.directions import (
    Direction,
    Scale,
    draw_directions,
    magnitudes,
    positive_medians,
    sampled,
    stacked,
)
from gradcheck.oracle.ladder import Line
from gradcheck.oracle.layout import Leaf, Vector, chunks
from gradcheck.oracle.norms import norms
from gradcheck.returned import Violation

#: No output weighs more than this many times the typical one in the first cotangent.
_MOST_WEIGHT = 1e3
#: Outputs that vary less than this share of the median get no more weight for it.
_WEIGHT_CAP = 0.05
#: Two random cotangents a line: two errors can cancel under one of them.
_COTANGENTS = 2
#: Along one line alone an entry that is typical may come out small under both: less than a third of
#: what it usually is in one of 15 cases, less than a twelfth in one of 230 (of a normal one).
_SOUGHT_ALONG_ONE = SOUGHT / 4
#: The weights of two outputs differ by no more than this: a cotangent that underflows says nothing.
_WIDEST = 2.0**-100


class Pulled(Stack):
    """Claims that pull a cotangent back: ``(Jᵀu)·v`` is compared with ``u·Dv``.

    With ``leaf``, along one line on which that input alone moves.
    """

    def __init__(
        self, contexts: Sequence[Context], scales: Sequence[Scale], leaf: Leaf | None = None
    ) -> None:
        super().__init__(contexts, scales)
        self.leaf = leaf

    def run(self) -> list[list[Screened] | Violation]:
        contexts, lines_ = self.contexts, len(self.scales)
        count = 1 if self.m == 1 else _COTANGENTS
        weights = self._weights()
        signs = self.drawn(lines_, self.n)
        points = [context.point for context in contexts]
        v, scale = draw_directions(
            points, self.scales, signs, self.ladder, weights, keeps_scales=not self.large
        )
        del signs, weights
        if self.leaf is not None:
            support = np.zeros(self.n)
            support[self.leaf.slice] = 1.0
            v, scale = v * support, scale * support
        if self.large:
            for context in contexts:
                context.weights = None
        lines = self.lines(v)
        self.measure(lines)
        u = self._cotangents(self.drawn(lines_, count, self.m))
        self._project(u)
        announce(
            [
                (context.claim, list(u[b].reshape(-1, self.m)))
                for b, context in enumerate(contexts)
                if b not in self.broken
            ]
        )
        self._compare(u, v, scale)
        return [
            self.broken[b] if b in self.broken else self._result(b, lines[b], scale[b], u)
            for b in range(len(contexts))
        ]

    def _weights(self) -> Floats:
        """The claimed gradients under a first cotangent, by which directions are balanced."""
        fresh = [context for context in self.contexts if context.weights is None]
        if fresh:
            size = np.abs(stacked([context.point.y for context in fresh]))
            least = np.maximum(positive_medians(size) / _MOST_WEIGHT, TINY)[:, None]
            signs = stacked([magnitudes(context.rng, self.m) for context in fresh])
            np.divide(least, np.maximum(size, least, out=size), out=size)
            first = list(np.multiply(signs, size, out=size))
            announce([(context.claim, [u]) for context, u in zip(fresh, first, strict=True)])
            for context, u in zip(fresh, first, strict=True):
                context.weights = w = self._pull(self.contexts.index(context), u)
                leaves = context.subject.inputs.leaves
                context.zeros = [leaf for leaf in leaves if not w[leaf.slice].any()]
        return np.asarray(stacked([c.weights for c in self.contexts if c.weights is not None]))

    def _pull(self, b: int, u: Vector) -> Floats:
        pull = self.contexts[b].claim.pull
        assert pull is not None
        return self.ask(b, functools.partial(pull, u), self.n)

    def _cotangents(self, signs: Vector) -> Floats:
        """Random cotangents in which every output counts about as much as the others."""
        if self.m == 1:
            # Never 1, by which a rule that leaves it out is right.
            return signs.astype(self.contexts[0].subject.dtype).astype(np.float64)
        size = np.abs(sampled(self.value))
        # Of numbers that have lost digits no weight can be made.
        size[~np.isfinite(size) | (size < TINY)] = 0.0
        typical = positive_medians(size)[..., None]
        bound = np.where(typical > 0, _WEIGHT_CAP * typical, 1.0)
        # The second lets outputs that hardly vary count in full, as far as they are not noise: an
        # output that is all noise would drown the others if it were given their weight.
        own = np.empty(self.value.shape)
        for part in chunks(self.m):
            noisy = _made_finite(self.floor(part) / SOUGHT)
            np.maximum(noisy, self._sizes(part), out=noisy)
            np.maximum(noisy, TINY, out=own[..., part])
        widest = own.max(axis=-1, keepdims=True) * _WIDEST
        least = np.maximum(own.min(axis=-1, keepdims=True), widest)
        for part in chunks(self.m):
            size, full = self._sizes(part), np.maximum(own[..., part], widest)
            np.divide(least, full, out=full)
            if not size.all():
                full = np.where(size > 0, full, 0.0)
            if not typical.all():
                full = np.where(typical > 0, full, 1.0)
            np.maximum(size, bound, out=size)
            weights = (np.divide(bound, size, out=size), full)
            for k in range(_COTANGENTS):
                signs[:, :, k, part] *= weights[k]
        # As the rule gets them, in the type of the output.
        return signs.astype(self.contexts[0].subject.dtype, copy=False).astype(float, copy=False)

    def _sizes(self, part: slice) -> Floats:
        """How much some outputs vary along each line."""
        return _made_finite(np.abs(self.value[..., part]))

    def _project(self, u: Floats) -> None:
        """The measured slopes under the cotangents, with their gaps and rounding floors."""
        self.measured: Floats = np.zeros(u.shape[:-1])
        coarse, fine, floor = (np.zeros(u.shape[:-1]) for _ in range(3))
        sums = ((self.value, self.measured), (self.coarse_gap, coarse), (self.fine_gap, fine))
        for part in chunks(self.m):
            weights = u[..., part]
            all_weigh = bool(weights.all())
            for values, total in sums:
                total += _weighted(values[..., part], weights, all_weigh).sum(axis=-1)
            floor = np.hypot(floor, norms(_weighted(self.floor(part), weights, all_weigh)))
        self.projected_floor: Floats = floor
        self.gap = kink_gap(coarse, fine, floor)
        if self.large:
            # Of large arrays no more is kept than is needed.
            del sums, self.value, self.coarse_gap, self.fine_gap

    def _compare(self, u: Floats, v: Floats, scale: Floats) -> None:
        """The claimed slopes, and whether they agree."""
        self.claimed: Floats = np.zeros(u.shape[:-1])
        self.norm: Floats = np.zeros(u.shape[:-1])
        leaves = self.contexts[0].subject.inputs.leaves
        samples: list[list[Vector]] = [[] for _ in leaves]
        # All cotangents at once, or one by one where each fills much memory.
        every = [slice(k, k + 1) for k in range(u.shape[2])] if self.large else [slice(None)]
        for some in every:
            asked = u[:, :, some]
            each = itertools.product(*map(range, asked.shape[:-1]))
            pulled = [self._pull(b, asked[b, d, k]) for b, d, k in each]
            g = stacked(pulled).reshape(*asked.shape[:-1], self.n)
            for part in chunks(self.n):
                terms = g[..., part] * v[:, :, None, part]
                self.claimed[:, :, some] += terms.sum(axis=-1)
                self.norm[:, :, some] = np.hypot(self.norm[:, :, some], norms(terms))
            for taken, leaf in zip(samples, leaves, strict=True):
                taken.append(scattered(g[..., leaf.slice]).copy())
            del pulled, g
        self.shares = self._shares(samples, scale)
        floor = self.projected_floor
        least, bulk = map(least_positive, (self.shares.every, self.shares.bulk))
        sought = _SOUGHT_ALONG_ONE if len(self.scales) == 1 else SOUGHT
        self.limit: Floats = np.maximum(sought * least, floor + self.rounded() * self.norm)
        off = np.abs(self.claimed - self.measured)
        self.agree: Mask = (off <= self.limit) & (self.gap <= 2 * self.limit)
        # With a floor too high, anything agrees.
        telling = (self.limit <= COARSEST * bulk) | (bulk == 0)
        self.agree &= telling
        self.limit = np.where(telling, self.limit, 0.0)

    def _shares(self, samples: list[list[Vector]], scale: Floats) -> Shares:
        """What a typical entry of each gradient contributes, of samples of the entries."""
        leaves = self.contexts[0].subject.inputs.leaves
        pairs = [
            (np.concatenate(taken, axis=2), scattered(scale[..., leaf.slice])[:, :, None])
            for taken, leaf in zip(samples, leaves, strict=True)
        ]
        shares = np.empty((len(leaves), *pairs[0][0].shape[:-1], 2))
        # Samples of one size are looked at together.
        for count in {g.shape[-1] for g, _ in pairs}:
            alike = [number for number, (g, _) in enumerate(pairs) if g.shape[-1] == count]
            shares[alike] = typical_shares(
                *map(np.stack, zip(*(pairs[k] for k in alike), strict=True))
            )
        every, bulk = np.moveaxis(shares, (-1, 0), (0, -1))
        return Shares(every, bulk)

    def _result(self, b: int, lines: list[Line], scale: Floats, u: Floats) -> list[Screened]:
        found = []
        for d, line in enumerate(lines):
            direction = Direction(line.v, None if self.large else scale[d])
            screened = Screened(line, direction, u[b, d])
            for k in np.flatnonzero(~self.agree[b, d]):
                at = (b, d, k)
                if not np.isnan(self.claimed[at]):
                    screened.tests.append(
                        Test(
                            u[at],
                            float(self.claimed[at]),
                            self.shares.at(at),
                            float(self.norm[at]),
                            float(self.limit[at]),
                            abs(float(self.claimed[at] - self.measured[at])),
                        )
                    )
            found.append(screened)
        agree = self.agree[b]
        if agree.any():
            self.contexts[b].evidence.record(
                self.claimed[b][agree], self.measured[b][agree], self.limit[b][agree],
                self.shares.at(b).at(agree),
            )  # fmt: skip
        return found


def _made_finite(array: Floats) -> Floats:
    """The same array, 0 where it was not finite."""
    if not math.isfinite(array.sum()):
        array[~np.isfinite(array)] = 0.0
    return array


def _weighted(values: Floats, weights: Floats, all_weigh: bool) -> Floats:
    """The outputs of each line under each of its cotangents."""
    found: Floats = weights * values[:, :, None]
    # Some output may be infinite at a probe that has no weight.
    return found if all_weigh else np.where(weights != 0, found, 0.0)
