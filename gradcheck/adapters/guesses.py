"""Guesses about what the author means, which a rule that is wrong may fit just as well.

Dims that fit say what a layer is for. That a gradient is right with respect to what a softmax took,
or for a derivative that is given f(x), says so only if something in the file does; else it is for
the author to say.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from dataclasses import dataclass

from gradcheck.adapters.layers import plan_of
from gradcheck.adapters.recognition import Reading, read
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.words import is_logits

#: Words that a source has where a gradient is meant with respect to what an activation took.
_BEFORE = r"logit|score|pre-?_?activation"


@dataclass(frozen=True)
class Guess:
    """What was guessed, and the ``names`` that would say that it is meant."""

    said: str
    names: str


def guessed(reading: Reading, beside: Sequence[Sighting]) -> Guess | None:
    """What nothing in the file confirms; ``beside`` are its layers."""
    through, style = reading.names.through, reading.sighting.style
    asked = any(is_logits(parameter.name) for parameter in style.gets)
    if through and not asked and not _mentions(reading.sighting, f"{_BEFORE}|{through}"):
        return Guess(
            f"right with respect to what a {through} took, and wrong with respect to what its loss "
            "takes",
            f'through = "{through}"',
        )
    plan = plan_of(reading.declared) if reading.declared is not None else None
    given_output = (
        plan is not None and plan.derivative_of == "output" and not plan.names.derivative_of
    )
    if given_output and style.takes[0].name == style.gets[0].name:
        others = [one for one in beside if one is not reading.sighting]
        other = next((one.name for one in others if _is_given_input(one)), "")
        if other:
            return Guess(
                f"right if it is given the output, and the derivative of {other} is given the "
                "input",
                'derivative_of = "output"',
            )
    return None


def _mentions(sighting: Sighting, words: str) -> bool:
    """Whether the source of a layer, or its name, has a word in it."""
    source = sighting.what[-1] if inspect.isclass(sighting.what[-1]) else sighting.style.source
    try:
        text = inspect.getsource(source) if source is not None else ""
    except (OSError, TypeError):
        text = ""
    return re.search(words, f"{sighting.name}\n{text}", re.IGNORECASE) is not None


def _is_given_input(sighting: Sighting) -> bool:
    """Whether a layer is a function of each entry whose derivative fits at the input."""
    if sighting.style.kind != "derivative":
        return False
    try:
        declared = read(sighting).declared
    except Exception:
        return False  # it is said where it is checked itself
    plan = plan_of(declared) if declared is not None else None
    return plan is not None and plan.derivative_of == "input" and plan.derivative_fits
