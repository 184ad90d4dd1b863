"""Defaults at which a gradient may be right by chance: a stride or factor of 1, no padding, a bias.

A layer that is right is judged again where one of them has another value, as far as it runs there.
Only what is wrong silently is a mistake of it: what raises, or gives a gradient of another shape,
is seen where it is used, and what the source says of a default is believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gradcheck.adapters.gradient_report import message_of, mistakes_of
from gradcheck.adapters.judgements import outcomes_of
from gradcheck.adapters.layers import declare, plan_of
from gradcheck.adapters.names import Names
from gradcheck.adapters.scan_report import FAIL, PASS, LayerReport
from gradcheck.adapters.settling import Reading
from gradcheck.adapters.sources import source_of
from gradcheck.adapters.style import Style, parameters_of
from gradcheck.adapters.words import is_bias, is_window
from gradcheck.arguments import Real
from gradcheck.claims import Derivation
from gradcheck.dims import parse
from gradcheck.profiles import Profile
from gradcheck.tally import FUNCTION_RAISES

#: What else each may be. Other defaults are left alone: at other values of an axis, a rate or a
#: number of groups, a layer may be another one, or none.
_OTHER_NUMBERS: Mapping[str, tuple[int, int]] = {
    **dict.fromkeys(("stride", "strides", "dilation", "dilations"), (1, 2)),
    **dict.fromkeys(("pad", "pads", "padding"), (0, 1)),
}
#: What is multiplied or divided with: of a factor that is 1, a rule that forgets it is right.
_FACTORS = (
    "delta", "alpha", "temperature", "temp", "tau", "scale", "factor", "slope", "beta", "gain",
    "c", "t", "lam", "lambda_", "lambd", "lmbda", "reg", "weight_decay", "l2",
)  # fmt: skip
_FACTOR = 2.5
_FLAGS = ("bias", "use_bias", "has_bias", "with_bias", "add_bias")
#: Inputs for each: the sizes that are always tried are among them.
INPUTS = 12
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


def others_of(style: Style, names: Names) -> Iterator[Other]:
    """What may be tried at another value, unless a declaration says what it is."""
    made_with = () if style.make is None else parameters_of(style.make)
    # A rule that is given no factor again, nor what was kept, may be one for the default alone.
    told = {parameter.name for parameter in style.gets}
    for of_object, parameters in ((True, made_with), (False, style.takes)):
        said = names.init if of_object else names.call
        for parameter in parameters:
            value = _other(parameter.name.lower(), parameter.default)
            factor = parameter.name.lower() in _FACTORS
            if factor and not (of_object or style.returns_cache or parameter.name in told):
                continue
            if value is not None and parameter.name not in said:
                yield Other(parameter.name, parameter.default, value, of_object)


def _other(name: str, default: Any) -> Any:
    """Another value of a default; None where none is known to be meant."""
    if isinstance(default, bool):
        return not default if name in _FLAGS else None
    if isinstance(default, tuple) and default and all(type(one) is int for one in default):
        found = tuple(_other(name, one) for one in default)
        return None if None in found else found
    if name in _FACTORS:
        return _FACTOR if type(default) is float and default == 1 else None
    if default is None and name in ("stride", "strides"):
        return 1  # and not as long as the window
    if type(default) is not int or name not in _OTHER_NUMBERS:
        return None
    usual, other = _OTHER_NUMBERS[name]
    return other if default == usual else usual


def judge_defaults(report: LayerReport, reading: Reading, profile: Profile) -> None:
    """Judge a right layer again with each default that has another value."""
    style = reading.sighting.style
    for other in others_of(style, reading.names):
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
        if _is_right(report, reading, other, declared, profile):
            report.assumptions.append(f"{default}, and {other.value} as well")


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
                f"meant: names = {{ {other.table} = {{ {other.name} = {other.default} }} }}):\n"
                f"{message_of(record)}"
            )
    return right


def _with(reading: Reading, other: Other) -> Derivation:
    """The layer with another value, and images into which every window fits."""
    names, inputs = other.within(reading.names), dict(reading.inputs)
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
