"""Defaults at which a gradient may be right by chance: a stride or factor of 1, no padding, a bias.

A layer that is right is judged again where one of them has another value, as far as it runs there.
Only what is wrong silently is a mistake of it: what raises, or gives a gradient of another shape,
is seen where it is used, and what the source says of a default is believed. What no table knows,
``threshold=1.0``, is tried as well where the output depends on it: a number that is of the backward
function alone may be meant to change its gradients. One of a penalty is held to the penalty.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.adapters import guards
from gradcheck.adapters.default_penalties import changes_output, wrongly_added
from gradcheck.adapters.gradient_report import message_of, mistakes_of
from gradcheck.adapters.inputs import forward_function
from gradcheck.adapters.judgements import outcomes_of
from gradcheck.adapters.layers import declare, plan_of
from gradcheck.adapters.names import Names
from gradcheck.adapters.scan_report import FAIL, PASS, UNDECIDED, LayerReport
from gradcheck.adapters.settling import Reading
from gradcheck.adapters.sources import mode_words, source_of, words_for
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import is_bias, is_penalty, is_window, mode_value
from gradcheck.arguments import Real
from gradcheck.claims import Derivation
from gradcheck.dims import parse
from gradcheck.profiles import Profile
from gradcheck.tally import FUNCTION_RAISES

#: What else each may be. Other defaults are left alone: at other values of an axis, a rate or a
#: number of groups, a layer may be another one, or none.
_OTHER_SIZES: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("stride", "strides", "dilation", "dilations"), (1, 2)),
    **dict.fromkeys(("pad", "pads", "padding"), (0, 1)),
}
#: What is multiplied or divided with: of a factor that is 1, a rule that forgets it is right.
_FACTORS = (
    "delta", "alpha", "temperature", "temp", "tau", "scale", "factor", "slope", "beta", "gain",
    "c", "t", "lam", "lambda_", "lambd", "lmbda", "reg", "weight_decay", "l2",
)  # fmt: skip
_FACTOR, _WHOLE_FACTOR = 2.5, 3
#: Numbers at which a rule may be right by chance, and what is meant by no chance: a probability
#: stays one, and the square a power that has slopes everywhere.
_OTHER_NUMBERS = {0.0: 0.3, 0.5: 0.3, 1.0: 0.7, 2.0: 3.0, -1.0: -0.7}
#: What keeps a layer finite alone, which many gradients leave out.
_GUARD = re.compile(r"(?i)^(eps|epsilon|tiny|tol)")
_FLAGS = ("bias", "use_bias", "has_bias", "with_bias", "add_bias")
#: Inputs for each: the sizes that are always tried are among them.
INPUTS = 12
#: So many other words are tried.
_MOST_WORDS = 3
#: Words by which a source says that a default is the only value that is meant.
_ALONE = r"\b(only|must|support\w*|assum\w*|ignor\w*|unused|todo|implemented|always|fixed)\b"
#: A window that fits into every image that is tried, also where it is dilated.
_WINDOW = 2
#: What fails loudly.
LOUD = ("wrong shape", "raises", "no gradient found")


@dataclass(frozen=True)
class Other:
    """An argument with a default, and another value for it."""

    name: str
    default: Any
    value: Any
    #: Whether the constructor takes it, and not the forward function.
    of_object: bool
    #: Whether no table says that the output is to depend on it.
    is_unknown: bool = False

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"

    @property
    def table(self) -> str:
        """The field of ``Names`` that says what it is."""
        return "init" if self.of_object else "call"

    def within(self, names: Names) -> Names:
        """The names with the other value."""
        if self.of_object:
            return replace(names, init={**names.init, self.name: self.value})
        return replace(names, call={**names.call, self.name: self.value})


def others_of(style: Style, names: Names, inputs: Collection[str]) -> Iterator[Other]:
    """What may be tried at another value, unless a declaration says what it is."""
    made_with = () if style.make is None else parameters_of(style.make)
    for of_object, parameters in ((True, made_with), (False, style.takes)):
        said = names.init if of_object else names.call
        for parameter in parameters:
            name, default = parameter.name, parameter.default
            value, known = _other(name.lower(), default), True
            if value is None:
                value, known = _other_number(name.lower(), default), False
            number = not known or name.lower() in _FACTORS
            if number and not (of_object or _is_told(style, parameter)):
                continue
            if value is not None and name not in said and name not in inputs:
                yield Other(name, default, value, of_object, is_unknown=not known)
    for name, default, word in _other_words(style):
        if name not in names.call and name not in inputs:
            yield Other(name, default, word, of_object=False, is_unknown=True)


def _other_words(style: Style) -> Iterator[tuple[str, str, str]]:
    """Words that both functions know beside a default: ``mode="max"`` may be ``"average"``."""
    told = {one.name for one in style.gets}
    for parameter in style.takes:
        name, default = parameter.name, parameter.default
        known = isinstance(default, str) and (name in told or style.returns_cache)
        if not known or mode_value(name, "", mode_words(style)) is not None:
            continue
        words = words_for(forward_function(style), name)
        words += [word for word in words_for(style.source, name) if word not in words]
        for word in [word for word in words if word != default][:_MOST_WORDS]:
            yield name, default, word


def _is_told(style: Style, parameter: inspect.Parameter) -> bool:
    """Whether a rule is given a number of the function again, or may keep it."""
    told = {one.name: one for one in style.gets}
    if parameter.name in told or style.returns_cache or style.backward is None:
        return True
    # One that has the same default by another name is for that alone.
    alike = any(_is_equal(one.default, parameter.default) for one in told.values())
    return not alike and (style.make is not None or style.has_context)


def _is_equal(one: Any, other: Any) -> bool:
    return type(one) is type(other) and isinstance(one, int | float) and one == other


def _other(name: str, default: Any) -> Any:
    """Another value of a default that is known by its name; None where none is."""
    if isinstance(default, bool):
        return not default if name in _FLAGS else None
    if isinstance(default, tuple) and default and all(type(one) is int for one in default):
        found = tuple(_other(name, one) for one in default)
        return None if None in found else found
    if name in _FACTORS and isinstance(default, int | float) and default == 1:
        whole = _WHOLE_FACTOR if len(name) > 1 else None  # c=1 are channels, t=1 steps
        return _FACTOR if type(default) is float else whole
    if default is None and name in ("stride", "strides"):
        return 1  # and not as long as the window
    if type(default) is not int or name not in _OTHER_SIZES:
        return None
    usual, other = _OTHER_SIZES[name]
    return other if default == usual else usual


def _is_of_penalty(name: str) -> bool:
    return is_penalty(name) or "l1" in name.lower() or name.lower().startswith("lam")


def _other_number(name: str, default: Any) -> Any:
    """Another value of a number that no table knows; None for one at which nothing is by chance."""
    penalty = type(default) is int and default == 0 and _is_of_penalty(name)
    if _GUARD.match(name) or not (type(default) is float or penalty):
        return None
    return _OTHER_NUMBERS.get(default)


def judge_defaults(
    report: LayerReport, reading: Reading, profile: Profile, space: Mapping[str, Any]
) -> None:
    """Judge a right layer again with each default that has another value."""
    style = reading.sighting.style
    for other in others_of(style, reading.names, reading.inputs):
        if any(gradient.verdict != PASS for gradient in report.gradients):
            return
        default = f"{other.name} = {other.default}"
        declared = _with(reading, other)
        plan = plan_of(declared)
        if declared.problem is not None or plan is None:
            report.assumptions.append(f"{default}: it was not seen to run with {other.value}")
            continue
        if plan.trial_error:
            report.assumptions.append(
                f"{default}: with {other.value} its backward function raises {plan.trial_error}"
            )
            continue
        if other.is_unknown and not _changes_output(reading, declared):
            if _is_of_penalty(other.name) and _is_penalized(
                report, reading, other, declared, space
            ):
                report.assumptions.append(f"{default}, and {other.value} as well: a penalty")
        elif _is_right(report, reading, other, declared, profile):
            report.assumptions.append(f"{default}, and {other.value} as well")


def _changes_output(reading: Reading, declared: Derivation) -> bool:
    assert reading.declared is not None
    return changes_output(reading.declared, declared)


def _is_penalized(
    report: LayerReport,
    reading: Reading,
    other: Other,
    declared: Derivation,
    space: Mapping[str, Any],
) -> bool:
    """Whether a number adds the gradient of a penalty; what is to be said of others is reported."""
    added = wrongly_added(reading, declared, space)
    by_name = {gradient.name: gradient for gradient in report.gradients}
    wrong = None if added is None else [one for one in added if one.name in by_name]
    for one in wrong or ():
        gradient = by_name[one.name]
        gradient.verdict = FAIL if one.surely else UNDECIDED
        gradient.mistakes = [f"wrong with {other}"] if one.surely else []
        gradient.message = (
            f"{report.name}: the gradient for {one.name} is right with {other.name} = "
            f"{other.default}, its default; of what is added to it with {other}, {one.said}"
            + ("" if one.surely else f": is it meant? names = {{ {_table(other)} }} says so")
        )
    return wrong == []


def _table(other: Other) -> str:
    """What a declaration says if the default alone is meant."""
    return f"{other.table} = {{ {other.name} = {other.default} }}"


def _is_right(
    report: LayerReport, reading: Reading, other: Other, declared: Derivation, profile: Profile
) -> bool:
    """Whether every gradient is right; what is to be said of others is put into the report."""
    right = True
    by_name = {gradient.name: gradient for gradient in report.gradients}
    few = replace(profile, inputs=min(profile.inputs, INPUTS))
    for rule, outcome in outcomes_of(declared, few):
        (name,), record = rule.wrt, outcome.record
        right = right and record.status == PASS
        if record.status != FAIL or name not in by_name or record.title == FUNCTION_RAISES:
            continue
        if not _is_wrong_unguarded(reading, declared, name, few):
            continue
        text = f"with {other}, the gradient for {name} is wrong"
        if record.title in LOUD:
            report.notes.append(f"{text} ({record.title}), which is seen where it is used")
        elif remark := _remark(reading.sighting.style, other.name):
            report.notes.append(f"{text}; its source says: {remark}")
        else:
            gradient = by_name[name]
            gradient.verdict = FAIL
            gradient.mistakes = [f"wrong with {other}", *mistakes_of(record)]
            gradient.message = (
                f"{report.name}: the gradient for {name} is right with {other.name} = "
                f"{other.default}, its default, and wrong with {other} (if the default alone is "
                f"meant: names = {{ {_table(other)} }}):\n"
                f"{message_of(record)}"
            )
    return right


def _is_wrong_unguarded(
    reading: Reading, declared: Derivation, name: str, profile: Profile
) -> bool:
    """Whether a gradient is wrong without what only keeps its function finite, too."""
    with guards.without(reading.sighting.style) as small:
        if not small:
            return True
        again = outcomes_of(declared, profile, simplify=False, only=name)
        return all(outcome.record.status != PASS for _, outcome in again)


def _with(reading: Reading, other: Other) -> Derivation:
    """The layer with another value, and images into which every window fits."""
    names, inputs = other.within(reading.names), dict(reading.inputs)
    if other.is_unknown:
        return declare((*reading.sighting.what, names), inputs, guessed=True)
    if other.name.lower() in _FLAGS:
        inputs = {name: one for name, one in inputs.items() if other.value or not is_bias(name)}
    else:
        inputs = {name: _larger(one) for name, one in inputs.items()}
        plan = plan_of(reading.declared) if reading.declared is not None else None
        ways = plan.way if plan is not None else {}
        sized = [n for n, one in ways.items() if one.sizes and is_window(n)]
        if not any(re.search(r"\bk[hw]?\b", str(one)) for one in reading.inputs.values()):
            names = replace(names, init={**names.init, **dict.fromkeys(sized, _WINDOW)})
    return declare((*reading.sighting.what, names), inputs, guessed=True)


def _larger(given: Any) -> Any:
    """An input whose images hold a window also where it is dilated."""
    text = given if isinstance(given, str) else given.shape.text if isinstance(given, Real) else ""
    wider = re.sub(r"\+(k[hw]?)-1\b", r"+2*\1", re.sub(r"\b2\*([hw])\b", r"2*\1+2", text))
    if wider == text:
        return given
    return wider if isinstance(given, str) else replace(given, shape=parse(wider))


def _remark(style: Style, name: str) -> str:
    """The line of a source that says that a default is the only value of an argument."""
    for owner in (style.make, style.source):
        for line in source_of(owner).splitlines() if owner is not None else ():
            if re.search(rf"(?i)\b{name}", line) and re.search(f"(?i){_ALONE}", line):
                return line.strip()
    return ""
