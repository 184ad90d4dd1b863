"""Constant factors by name: 2, 1/n, n·c/2, a temperature, or the number itself."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from gradcheck.claims import Rule
from gradcheck.diagnosis.evidence import MOVE_MARGIN, Pair, View
from gradcheck.diagnosis.samples import MOVES
from gradcheck.hints import Text
from gradcheck.source_edits import literals

#: Constants that stand beside sizes and values, the likeliest first.
_WITH_ATOMS = tuple(
    sign * c for c in (1.0, 2.0, 0.5, 4.0, 0.25, 3.0, 9.0, 6.0, 8.0, 16.0) for sign in (1, -1)
)
#: A constant more is as unlikely as so many products further down the list.
_CONSTANT_COST = 12
#: A factor is what it is called where it agrees to this: it was fitted from measured numbers.
_EQUAL = 1e-7
#: A number that was found by halving is known to this.
_HALVED = 1e-5
#: Fractions up to this denominator are written as such.
_DENOMINATOR = 16
_MOST_ATOMS = 10
#: A factor that nobody would write has to be that of so many numbers.
_FEWEST = 2
#: What stands in formulas and is no fraction.
_CONSTANTS = {
    "ln(2)": math.log(2),
    "ln(10)": math.log(10),
    "π": math.pi,
    "π/2": math.pi / 2,
    "π/180": math.pi / 180,
    "2π": 2 * math.pi,
    "sqrt(2)": math.sqrt(2),
    "sqrt(3)": math.sqrt(3),
    "sqrt(π)": math.sqrt(math.pi),
    "sqrt(2π)": math.sqrt(2 * math.pi),
    "sqrt(π)/2": math.sqrt(math.pi) / 2,
    "sqrt(π/2)": math.sqrt(math.pi / 2),
    "ln(2)**2": math.log(2) ** 2,
    "ln(10)**2": math.log(10) ** 2,
    "e": math.e,
}


@dataclass(frozen=True)
class Factor:
    """A factor and what it is: ``kind`` is "sign", "constant", "size", "value" or "unknown"."""

    name: Text
    kind: str
    value: float
    #: Whether it multiplies (above the line) or divides by the sizes or values it is made of.
    inverse: bool = False
    #: Whether a constant stands beside them.
    mixed: bool = False
    #: Names of a factor of the same value here, where the points do not decide.
    here: tuple[str, ...] = ()
    #: A constant of the declaration that has the same value.
    equal: str = ""
    #: Whether it is a number that somebody may have written, not just what came out.
    known: bool = True


@dataclass(frozen=True)
class _Atom:
    name: Text
    kind: str
    values: tuple[float, ...]


def fitted(view: View) -> list[float] | None:
    """The factor at each point that makes the right gradient the claimed one; None without one."""
    found: list[float] = []
    for pairs in view.samples:
        c = _fit(pairs)
        if c is None:
            return None
        found.append(c)
    for pairs, c in zip(view.samples, found, strict=True):
        if math.isfinite(c) and not View(view.name, pairs).explains(
            lambda pair, c: c * pair.right, c
        ):
            return None
    # A factor that was measured badly names nothing, where others were measured well.
    blur = [_blur(pairs, c) for pairs, c in zip(view.samples, found, strict=True)]
    sharp = [off <= _EQUAL * abs(c) for c, off in zip(found, blur, strict=True)]
    if any(sharp):
        found = [c if well else math.nan for c, well in zip(found, sharp, strict=True)]
        return found if any(math.isfinite(c) for c in found) else None
    return _blurred(found, blur)


def _blur(pairs: list[Pair], c: float) -> float:
    """By how much a factor moves with the error of what it was fitted to."""
    others = [_fit([replace(pair, version=k) for pair in pairs]) for k in range(1, 1 + MOVES)]
    return max(math.inf if moved is None else abs(moved - c) for moved in others)


def _blurred(found: list[float], blur: list[float]) -> list[float] | None:
    """The one simple fraction that factors may all be that were measured badly, if there is one.

    Whether they differ from point to point cannot be told.
    """
    known = [(c, off) for c, off in zip(found, blur, strict=True) if math.isfinite(c + off)]
    if not known:
        return None
    best = min(known, key=lambda one: one[1] / abs(one[0]) if one[0] else math.inf)[0]
    simple = float(Fraction(best).limit_denominator(_DENOMINATOR))
    if any(abs(c - simple) > MOVE_MARGIN * off for c, off in known):
        return None
    return [simple if math.isfinite(c) else c for c in found]


def _fit(pairs: list[Pair]) -> float | None:
    """Least squares over the pairs of one point; NaN where all of them are zero."""
    over = under = 0.0
    for pair in pairs:
        if pair.claimed is None or np.shape(pair.claimed) != pair.leaf.shape:
            return None
        right, claimed = pair.right, np.asarray(pair.claimed, float)
        known = np.isfinite(right) & np.isfinite(claimed)
        over += float(np.sum(right[known] * claimed[known]))
        under += float(np.sum(right[known] ** 2))
        if not under and np.any(claimed[known]):
            return None
    return over / under if under else math.nan


def name(view: View, factors: list[float]) -> Factor | None:
    """What a factor is, decided by the sizes and values of the points; None for 1."""
    known = [k for k, c in enumerate(factors) if math.isfinite(c)]
    if _close([factors[k] for k in known], [1.0] * len(known)):
        return None  # too close to right to be called a factor
    values = [factors[k] for k in known]
    pairs = [view.samples[k][0] for k in known]
    atoms = [*_sizes(pairs), *_scalars(pairs)]
    if _close(values, [values[0]] * len(values)):
        decided = len({tuple(pair.sample.bindings.items()) for pair in pairs}) > 1
        here: tuple[str, ...] = ()
        if not decided:
            matches = _matching(values, [atom for atom in atoms if atom.kind == "size"])
            irrational = "." in written(values[0])
            plain = (
                text.en
                for text, kind, _, mixed in matches
                if not mixed and (kind == "size" or irrational)
            )
            here = tuple(itertools.islice(plain, 2))
        kind = "sign" if _close(values, [-1.0] * len(values)) else "constant"
        text = _called(values[0])
        equal = _same_value(values, [atom for atom in atoms if atom.kind == "value"])
        said = "." not in text or bool(here or equal) or is_in_code(values[0], pairs[0].sample.rule)
        if not said and _independent(pairs) < _FEWEST:
            return None  # of one number any other is some multiple
        return Factor(
            Text(text, text),
            kind,
            values[0],
            abs(values[0]) < 1,
            here=here,
            equal=equal,
            known=said,
        )
    for product, kind, inverse, mixed in _matching(values, atoms):
        return Factor(product, kind, values[0], inverse, mixed)
    numbers = ", ".join(f"{value:.4g}" for value in values)
    return Factor(Text(numbers, numbers), "unknown", values[0])


def _independent(pairs: list[Pair]) -> int:
    """Of how many numbers, one a point each, something is a multiple."""
    return sum(int(np.count_nonzero(np.nan_to_num(pair.jacobian))) for pair in pairs)


def is_in_code(value: float, rule: Rule) -> bool:
    """Whether function or rule have a number in them that a factor is, or is 1 and that."""
    numbers = {number for f in (rule.derivation.function, rule.function) for number in literals(f)}
    made = {m for c in numbers if c for m in (c, 1 / c, 1 + c, 1 - c, 1 / (1 + c))}
    return any(_close([abs(value)], [abs(number)]) for number in made)


def _same_value(values: list[float], atoms: list[_Atom]) -> str:
    """The constant that a factor is, or whose inverse or square; empty for a sign."""
    if abs(values[0]) == 1:
        return ""
    for text, _, _, mixed in _matching(values, atoms):
        if not mixed:
            return text.en
    return ""


def _called(value: float) -> str:
    """``2``, ``1/3``, ``1/ln(2)``, ``180/π``, ``-0.7182``."""
    text = written(value)
    sign = "-" if value < 0 else ""
    if text in ("1", "-1") and value not in (1.0, -1.0):
        # It was found to be no 1: by how much is told.
        return f"{text} {'+' if abs(value) > 1 else '-'} {abs(abs(value) - 1):.2g}"
    if "." not in text and "e" not in text:
        return text
    power = round(math.log10(abs(value)))
    if _close([abs(value)], [10.0**power]):
        return f"{sign}1/{10**-power}" if power < 0 else f"{sign}{10**power}"
    for name, constant in _CONSTANTS.items():
        if _close([abs(value)], [constant]):
            return sign + name
        if _close([abs(value)], [1 / constant]):
            above, _, below = name.partition("/")
            return f"{sign}{below or 1}/{above}"
    return text


def constant_near(value: float) -> str:
    """What a number is called that was found by halving; empty where it has no name."""
    for name, constant in _CONSTANTS.items():
        if abs(abs(value) - constant) <= _HALVED * constant:
            return f"-{name}" if value < 0 else name
    return ""


def written(value: float) -> str:
    """``2``, ``1/3``, ``-0.7071``."""
    for denominator in range(1, _DENOMINATOR):
        whole = round(value * denominator)
        if whole and abs(value - whole / denominator) <= _EQUAL * abs(value):
            return str(whole) if denominator == 1 else f"{whole}/{denominator}"
    # Never "1" for what is not.
    return next(text for digits in (7, 10, 17) if float(text := f"{value:.{digits}g}") != 1.0)


def _close(values: list[float], others: list[float]) -> bool:
    return all(
        abs(a - b) <= _EQUAL * max(abs(a), abs(b)) for a, b in zip(values, others, strict=True)
    )


def _sizes(pairs: list[Pair]) -> Iterator[_Atom]:
    """The sizes that are the dims' names, and what else is counted."""
    told: set[tuple[float, ...]] = set()
    bindings = [pair.sample.bindings for pair in pairs]
    for size in bindings[0]:
        found = [b.get(size) for b in bindings]
        values = tuple(float(np.prod(one)) for one in found if one is not None)
        several = f"{size}.size" if size in pairs[0].arrays else f"prod({size})"
        label = size if isinstance(found[0], int) else several
        if len(values) == len(bindings) and max(values) > 1:
            told.add(values)
            yield _Atom(Text(label, label), "size", values)
    arrays = [pair.arrays for pair in pairs]
    for name in arrays[0]:
        shapes = [np.shape(one[name]) for one in arrays if name in one]
        if len(shapes) < len(pairs):
            continue
        for label, values in _lengths(name, shapes):
            if values not in told and max(values) > 1:
                told.add(values)
                yield _Atom(Text(label, label), "size", values)


def _lengths(name: str, shapes: list[tuple[int, ...]]) -> Iterator[tuple[str, tuple[float, ...]]]:
    """The lengths of the axes that all shapes have, from the front and from the back."""
    axes = min(len(shape) for shape in shapes)
    for axis in (*range(axes), *(-1 - k for k in range(axes))):
        yield f"{name}.shape[{axis}]", tuple(float(shape[axis]) for shape in shapes)
    yield f"{name}.size", tuple(float(np.prod(shape)) for shape in shapes)


def _scalars(pairs: list[Pair]) -> Iterator[_Atom]:
    arrays = [pair.arrays for pair in pairs]
    for name, array in arrays[0].items():
        if array.size == 1 and all(one[name].size == 1 for one in arrays):
            values = tuple(float(one[name].reshape(())) for one in arrays)
            if all(values) and not _close(list(values), [1.0] * len(values)):
                yield _Atom(Text(name, name), "value", values)
                rest = tuple(1 - value for value in values)
                if all(rest):
                    text = f"(1 - {name})"
                    yield _Atom(Text(text, text), "value", rest)


def _matching(values: list[float], atoms: list[_Atom]) -> Iterator[tuple[Text, str, bool, bool]]:
    """Products of sizes, values and simple constants that are the factor at every point."""
    atoms = atoms[:_MOST_ATOMS]
    less = [
        _Atom(Text(f"({a.name.en}-1)", f"({a.name.en}-1)"), a.kind, tuple(v - 1 for v in a.values))
        for a in atoms
        if a.kind == "size" and min(a.values) > 1
    ]
    found: list[tuple[int, tuple[Text, str, bool, bool]]] = []
    for number, (above, below) in enumerate(_monomials(atoms, less)):
        rest = []
        for k, value in enumerate(values):
            over = math.prod(atom.values[k] for atom in above)
            under = math.prod(atom.values[k] for atom in below)
            rest.append(value * under / over if over else math.nan)
        constant = next((c for c in _WITH_ATOMS if _close(rest, [c] * len(rest))), None)
        if constant is not None:
            kinds = {atom.kind for atom in (*above, *below)}
            kind = "size" if kinds == {"size"} else "value"
            cost = _WITH_ATOMS.index(constant) * _CONSTANT_COST + number
            text = _text(constant, above, below)
            mixed = abs(constant) != 1 or bool(above and below)
            found.append((cost, (text, kind, not above, mixed)))
    yield from (one for _, one in sorted(found, key=lambda pair: pair[0]))


def _monomials(
    atoms: list[_Atom], less: list[_Atom]
) -> Iterator[tuple[tuple[_Atom, ...], tuple[_Atom, ...]]]:
    for atom in atoms:
        yield (atom,), ()
        yield (), (atom,)
    for atom in atoms:
        if atom.kind == "size":  # the scale of an attention
            text = f"sqrt({atom.name.en})"
            root = _Atom(Text(text, text), "value", tuple(math.sqrt(v) for v in atom.values))
            yield (root,), ()
            yield (), (root,)
    for pair in itertools.combinations_with_replacement(atoms, 2):
        yield pair, ()
        yield (), pair
    for a, b in itertools.permutations([*atoms, *less], 2):
        yield (a,), (b,)
    for triple in itertools.combinations(atoms, 3):
        yield triple, ()
        yield (), triple


def _text(constant: float, above: tuple[_Atom, ...], below: tuple[_Atom, ...]) -> Text:
    """``n*c/2``, ``2/n``, ``-1/(n*c)``."""
    sign = "-" if constant < 0 else ""
    constant = abs(constant)
    over = [atom.name.en for atom in above]
    under = [atom.name.en for atom in below]
    if constant > 1:
        over.insert(0, written(constant))
    elif constant < 1:
        under.append(written(1 / constant))
    top = "*".join(over) or "1"
    bottom = "*".join(under)
    if len(under) > 1:
        bottom = f"({bottom})"
    text = sign + top + (f"/{bottom}" if bottom else "")
    return Text(text, text)
