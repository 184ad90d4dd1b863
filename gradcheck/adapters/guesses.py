"""Guesses about what the author means, which a rule that is wrong may fit just as well.

Dims that fit say what a layer is for. That a gradient is right with respect to what a softmax took,
or for a derivative that is given f(x), says so only if something in the file does; else it is for
the author to say.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.adapters.definitions import Definitions
from gradcheck.adapters.layers import plan_of
from gradcheck.adapters.recognition import read
from gradcheck.adapters.settling import Reading
from gradcheck.adapters.sightings import Sighting, sightings
from gradcheck.adapters.sources import nodes_of
from gradcheck.adapters.standins import slope_of_output
from gradcheck.adapters.style import Style, is_required
from gradcheck.adapters.usage import Usage, usage_of
from gradcheck.adapters.words import is_logits, is_loss, is_taken
from gradcheck.checking import Outcome
from gradcheck.claims import Rule
from gradcheck.verdict import Status

#: Words that a source has where a gradient is meant with respect to what an activation took.
_BEFORE = r"logit|score|pre-?_?activation"
#: Words that a derivative has beside it where it is given what the activation gave.
#: What losses are fused with.
_SQUASHES = re.compile("softmax|sigmoid", re.IGNORECASE)
_AFTER = r"output|already|activated|post-?_?activation"


@dataclass(frozen=True)
class Guess:
    """What was guessed, and the ``names`` that would say that it is meant."""

    said: str
    names: str


def guessed(reading: Reading, definitions: Definitions) -> Guess | None:
    """What nothing in the file confirms."""
    through, style = reading.names.through, reading.sighting.style
    asked = _takes_logits(style) or any(
        _takes_logits(one.style) for one in sightings(definitions) if through
    )
    if through and not asked and not _mentions(reading.sighting, f"{_BEFORE}|{through}"):
        return Guess(
            f"right with respect to what a {through} took, and wrong with respect to what its loss "
            "takes",
            f'through = "{through}"',
        )
    made_with = [n for n, one in reading.names.init.items() if one is slope_of_output]
    if made_with and (of_inputs := _of_what_is_taken(definitions)):
        name = made_with[0]
        return Guess(
            f"right if {name} is given what the activation gave, and wrong if it is given what the "
            f"activation takes, as {of_inputs[0]} of {of_inputs[1]} in this file is",
            f'init = {{ {name} = {{ function = "…" }} }}',
        )
    plan = plan_of(reading.declared) if reading.declared is not None else None
    if plan is None or plan.derivative_of != "output" or plan.names.derivative_of:
        return None
    taken, given = style.takes[0].name, style.gets[0].name
    named = taken != given and not is_taken(given)
    usage = usage_in(reading.sighting, definitions)
    if usage.settled or ((named or _mentions(reading.sighting, _AFTER)) and not usage.input):
        return None
    both = f", and of the calls in this file {usage.both()}" if usage.input else ""
    return Guess(
        f"right if {given} is what {style.name} gave, and wrong if it is what {style.name} "
        f"takes{both}",
        'derivative_of = "output"',
    )


def passes_on(reading: Reading, definitions: Definitions) -> str:
    """What is to be asked of a softmax that gives back its cotangent: where a loss knows of it.

    Then ``p - y`` of the loss is the gradient already. Empty for others.
    """
    style = reading.sighting.style
    given = [p.name for p in style.gets if is_required(p)]
    if style.make is None or len(given) != 1 or not _SQUASHES.search(reading.sighting.name):
        return ""
    returns = [node for node in nodes_of(style.source) if isinstance(node, ast.Return)]
    back = [one.value.id for one in returns if isinstance(one.value, ast.Name)]
    if back != given or len(returns) != 1:
        return ""
    losses = [one.name for one in sightings(definitions) if is_loss(one.name)]
    return (
        f"gives back {given[0]} as it is: right if {losses[0]} gives the gradient with respect to "
        f"what {reading.sighting.name} takes, and wrong if it is with respect to what it gives"
        if losses
        else ""
    )


#: The mistake of a rule that is right for a cotangent of which a single entry is not 0.
_ONE_ENTRY = "M28"


def takes_one(reading: Reading, outcomes: Sequence[tuple[Rule, Outcome]]) -> str:
    """What is to be asked of a rule that skips what is 0 of its cotangent, and uses one entry.

    A loss of one sample depends on one output alone. Empty for others, and for what is wrong then.
    """
    wrong = [outcome.record for _, outcome in outcomes if outcome.record.status == str(Status.FAIL)]
    named = [{mistake["id"] for mistake in record.mistakes} for record in wrong]
    skipped = _skipped(reading.sighting.style)
    if not skipped or not all(_ONE_ENTRY in ids for ids in named):
        return ""
    return (
        f"skips the entries of {skipped} that are 0, and uses one of the others: right where the "
        "loss depends on one output alone, as a cross-entropy of one sample does"
    )


def _skipped(style: Style) -> str:
    """The cotangent of which a rule goes through the entries, and goes on where one is 0."""
    given = {p.name for p in style.gets}
    for node in nodes_of(style.source):
        match node:
            case ast.For(
                target=ast.Tuple(elts=[_, ast.Name(id=each)]),
                iter=ast.Call(func=ast.Name(id="enumerate"), args=[ast.Name(id=name)]),
                body=[ast.If(test=test, body=[ast.Continue()]), *_],
            ) if name in given and ast.unparse(test) in (f"{each} == 0", f"not {each}"):
                return name
    return ""


def _takes_logits(style: Style) -> bool:
    """Whether the gradient of a loss is given what the activation before it took.

    Where that of one loss of a file is, those of the others are with respect to the same.
    """
    return style.kind == "of inputs" and any(is_logits(one.name) for one in style.gets)


def _of_what_is_taken(definitions: Definitions) -> tuple[str, str] | None:
    """A derivative of the file and its function, where all that it has are of what these take."""
    pairs = [one for one in sightings(definitions) if one.style.kind == "derivative"]
    plans = [plan_of(one.declared) for one in map(read, pairs) if one.declared is not None]
    if not plans or any(plan is None or plan.derivative_of == "output" for plan in plans):
        return None
    style = pairs[0].style
    return getattr(style.source, "__name__", "the derivative"), style.name


def usage_in(sighting: Sighting, definitions: Definitions) -> Usage:
    """What the file gives the derivative of an activation, where both are functions of it."""
    style = sighting.style
    if style.kind != "derivative" or style.make is not None or style.source is None:
        return Usage()
    return usage_of(definitions.trees, style.name, style.source.__name__, style.flag)


def _mentions(sighting: Sighting, words: str) -> bool:
    """Whether the source of a layer, or its name, has a word in it."""
    source = sighting.what[-1] if inspect.isclass(sighting.what[-1]) else sighting.style.source
    try:
        text = inspect.getsource(source) if source is not None else ""
    except (OSError, TypeError):
        text = ""
    return re.search(words, f"{sighting.name}\n{text}", re.IGNORECASE) is not None
