"""Identity × case → verdict: chains of equalities, judged ``=`` by ``=``.

No fixed tolerance stands between two sides. What rounding can do to them is measured, by jittering
the last bit of every operation inside them; an equality fails only where the sides differ by more
than that scatter, and do so at neighbouring points as well.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gradcheck.answers import copy_of, largest, repeats
from gradcheck.arguments import Real
from gradcheck.case import Case
from gradcheck.claims import Identity
from gradcheck.dims import Bindings
from gradcheck.hints import said
from gradcheck.judging.evidence import COARSEST
from gradcheck.oracle.directions import magnitudes
from gradcheck.returned import SetAside, Violation
from gradcheck.sides import AGREEMENT, MORE_RUNS, Sides, expression
from gradcheck.verdict import Entry, Status, Verdict

Floats = NDArray[np.float64]

#: Neighbouring points, by this share of each input: some at which nothing is kept, of which so many
#: have to agree, and some at which ties and zeros stay what they are, all of which have to.
_GENERIC = 3
_TIED = 2
_NEEDED = 2
_NEARBY = 2.0**-10
#: A discrepancy of this share of the largest number at hand may be rounding, where nothing is known
#: of it: a few thousand operations.
_SLIGHT = 2.0**-40


def judge_identity(
    identity: Identity,
    values: Mapping[str, Any],
    bindings: Bindings,
    case: Case,
    *,
    contracts: bool = True,
) -> Verdict:
    """The verdict on a chain of equalities at ``values``."""
    evaluations = 0
    with np.errstate(all="ignore"):
        try:
            sides = Sides(identity, values)
            evaluations += 1
            if contracts:
                _require_sound(identity, values, sides)
            if not contracts and sides.agree():
                return _passed(identity, sides, evaluations)
            told = _known(identity, sides, values, case)
            if told is not None:
                return _passed(identity, sides, evaluations, told)
            bounds = [sides.bound(k, case) for k in range(sides.count - 1)]
            for k in range(sides.count - 1):
                if sides.broken(k, bounds[k]) is None:
                    continue
                bounds[k] = sides.bound(k, case, MORE_RUNS)
                entry = sides.broken(k, bounds[k])
                if entry is not None:
                    return _break(identity, sides, k, entry, values, bindings, case)
        except SetAside as aside:
            return Verdict(
                Status.UNDECIDED, identity.id, "identity", cause=aside.cause, reason=aside.message
            )
        except Violation as violation:
            return Verdict(
                Status.FAIL,
                identity.id,
                "identity",
                cause="contract",
                title=violation.title,
                reason=violation.message,
                evaluations=evaluations,
            )
        resolution = max(sides.resolution(k, bound) for k, bound in enumerate(bounds))
        return _passed(identity, sides, evaluations, resolution)


def _passed(
    identity: Identity, sides: Sides, evaluations: int, resolution: float = AGREEMENT
) -> Verdict:
    """A pass, unless rounding alone could hide a large error."""
    coarse = resolution > COARSEST
    return Verdict(
        Status.UNDECIDED if coarse else Status.PASS,
        identity.id,
        "identity",
        claimed=sides.values[0],
        measured=sides.values[-1],
        error=resolution * np.abs(sides.values[0]),
        resolution=resolution,
        resolution_overall=resolution,
        evaluations=evaluations,
        cause="coarse" if coarse else "",
        reason=(
            said(
                "rounding inside the sides alone moves them by {resolution:.0e} of their size here",
                "仅两边内部的舍入就会使其改变自身大小的 {resolution:.0e}",
                resolution=resolution,
            )
            if coarse
            else ""
        ),
    )


def _known(identity: Identity, sides: Sides, values: Mapping[str, Any], case: Case) -> float | None:
    """To what share sides agree whose rounding is known; None where it is not, or they do not."""
    if identity.known is None:
        return None
    given = max(1.0, *map(largest, values.values()))
    seen = 0.0
    for left, right in itertools.pairwise(sides.values):
        for a, b in zip(left.flat, right.flat, strict=True):
            if a != b:
                size, off = max(given, abs(a), abs(b)), abs(a - b)
                bound = identity.known(case, float(size), float(off))
                if not off <= bound:
                    return None
                seen = max(seen, bound / size)
    return seen or None


def _require_sound(identity: Identity, values: Mapping[str, Any], sides: Sides) -> None:
    again = Sides(identity, values)
    if not repeats(list(again.values), list(sides.values)):
        raise Violation(
            "not repeatable",
            said(
                "{name} gives other values when it is called again with the same inputs",
                "用同样的输入再次调用 {name} 得到了不同的值",
                name=identity.name,
            ),
        )


def _break(
    identity: Identity,
    sides: Sides,
    k: int,
    entry: Entry,
    values: Mapping[str, Any],
    bindings: Bindings,
    case: Case,
) -> Verdict:
    """A failure, if neighbouring points agree and nothing underflows."""
    common: dict[str, Any] = {"evaluations": 1 + _GENERIC + _TIED}
    off = abs(entry.claimed - entry.measured)
    numbers = (entry.claimed, entry.measured, *values.values())
    if (sides.unknown[k] or sides.unknown[k + 1]) and is_slight(off, *numbers):
        return Verdict(
            Status.UNDECIDED, identity.id, "identity", cause="measurement",
            reason=said(
                "the sides differ by what rounding may explain; one of them is not computed by "
                "numpy, so that its rounding cannot be measured: use numpy's functions on arrays",
                "两边之差可由舍入解释；其中一边不是用 numpy 计算的，无法测量其舍入："
                "请对数组使用 numpy 的函数",
            ),
            **common,
        )  # fmt: skip
    if _underflows(identity, values):
        told = sides.broken(k, sides.beside_underflow(case, k))
        if told is not None:
            entry = told
    else:
        told = entry
    if told is None:
        return Verdict(
            Status.UNDECIDED, identity.id, "identity", cause="underflow",
            reason=said(
                "a value inside underflows here, so that digits are lost",
                "其中某个值在此下溢，丢失了有效数字",
            ), **common,
        )  # fmt: skip
    rng = case.rng("neighbours")
    breaks = functools.partial(_breaks_nearby, identity, values, bindings, rng, k, case)
    # Each neighbour is asked only while the answer is open.
    agreeing = itertools.islice(filter(None, map(breaks, range(_GENERIC))), _NEEDED)
    # What breaks at ties alone does so at all points at which they stay ties.
    if sum(agreeing) < _NEEDED and not all(map(breaks, range(_GENERIC, _GENERIC + _TIED))):
        return Verdict(
            Status.UNDECIDED, identity.id, "identity", cause="measurement",
            reason=said(
                "the sides differ here by more than rounding explains, but not at points beside",
                "两边之差在此超过了舍入所能解释的，但在旁边的点并非如此",
            ),
            **common,
        )  # fmt: skip
    ordinal = ("first", "second", "third", "fourth", "fifth", "sixth")
    position = f"{ordinal[k]} " if sides.count > 2 and k < len(ordinal) else ""
    return Verdict(
        Status.FAIL,
        identity.id,
        "identity",
        claimed=sides.values[k],
        measured=sides.values[k + 1],
        error=entry.error,
        worst=entry,
        entries=(entry,),
        chain=tuple(
            (expression(identity, n), float(side[entry.output_index]))
            for n, side in enumerate(sides.values)
        ),
        broken=k,
        cause="identity",
        title=f"the {position}= does not hold",
        **common,
    )


def _underflows(identity: Identity, values: Mapping[str, Any]) -> bool:
    with np.errstate(under="raise"):
        try:
            identity.function(**{name: copy_of(value) for name, value in values.items()})
        except FloatingPointError:
            return True
        except Exception:
            return False
    return False


def _breaks_nearby(
    identity: Identity,
    values: Mapping[str, Any],
    bindings: Bindings,
    rng: np.random.Generator,
    k: int,
    case: Case,
    number: int,
) -> bool:
    """Whether the ``=`` number ``k`` breaks at a neighbouring point, too."""
    try:
        nearby = Sides(identity, _moved(identity, values, bindings, rng, number))
        return nearby.broken(k, nearby.bound(k, case, MORE_RUNS)) is not None
    except (SetAside, Violation):
        return False


def is_slight(off: float, *numbers: Any) -> bool:
    """Whether a discrepancy is one that rounding of numbers of the size of these explains."""
    arrays = [np.asarray(number) for number in numbers]
    sizes = [float(np.abs(a).max()) for a in arrays if a.size and a.dtype.kind in "fiu"]
    return off <= _SLIGHT * max([1.0, *sizes])


def _moved(
    identity: Identity,
    values: Mapping[str, Any],
    bindings: Bindings,
    rng: np.random.Generator,
    number: int,
) -> dict[str, Any]:
    """The inputs with every real number moved a little, inside its domain."""
    moved: dict[str, Any] = {}
    for name, value in values.items():
        argument = identity.arguments[name]
        if isinstance(value, list):
            moved[name] = [_nudge(part, None, None, rng, number) for part in value]
        elif isinstance(argument, Real):
            low, high = argument.bounds(value, bindings, values)
            moved[name] = _nudge(value, low, high, rng, number)
        else:
            moved[name] = value
    return moved


def _nudge(value: Any, low: Any, high: Any, rng: np.random.Generator, number: int) -> Any:
    array = np.asarray(value)
    size = np.abs(array)
    typical = np.median(size[size > 0]) if np.any(size > 0) else 1.0
    reach: NDArray[Any]
    if number == 0:
        # By a share of each entry, at a zero of a typical one.
        reach = np.where(size > 0, size, typical)
    else:
        # By the same for all: a kink at zero is as close to a tiny entry as before after a share
        # of it, not after this. With ties and zeros kept, by a share.
        reach = np.full(size.shape, typical) if number < _GENERIC else size
    signs = magnitudes(rng, array.size)
    if number >= _GENERIC:
        _, kind = np.unique(array, return_inverse=True)
        signs = signs[kind.reshape(-1)]
    result = (array + _NEARBY * reach * signs.reshape(array.shape)).astype(array.dtype)
    if low is not None:
        result = np.where(result > low, result, array)
    if high is not None:
        result = np.where(result < high, result, array)
    return result if result.ndim else result[()]
