"""How much is tried: many inputs at night, few while somebody waits, the same in CI."""

from __future__ import annotations

import os
from dataclasses import dataclass

#: Seconds after which a claim is cut off.
TIME_LIMIT = 60.0


@dataclass(frozen=True)
class Profile:
    """How many inputs are tried for a claim, and how they are drawn."""

    name: str
    inputs: int
    derandomized: bool = False
    database: bool = True
    #: Whether the seed alone decides all that is tried: the values at the sizes that are always
    #: tried, which else are the same in every run, and the other sizes, without Hypothesis.
    all_seeded: bool = False
    #: Whether Hypothesis steers towards inputs at which a rule is off by most of what is allowed.
    targeted: bool = False


PROFILES = {
    "dev": Profile("dev", inputs=100),
    "ci": Profile("ci", inputs=100, derandomized=True, database=False),
    "nightly": Profile("nightly", inputs=2000, targeted=True),
}

#: What the options of the commands say of the profiles.
HOW_DRAWN = (
    "how cases are drawn: dev (random; the default), ci (the same in every run; the default where "
    "CI is set), nightly (many)"
)
HOW_MANY = (
    f"the number of inputs for a claim ({PROFILES['dev'].inputs}; nightly "
    f"{PROFILES['nightly'].inputs})"
)
HOW_LONG = f"seconds after which a claim is cut off ({TIME_LIMIT:g})"


def default_profile() -> Profile:
    """``ci`` where the environment says so, else ``dev``."""
    return PROFILES["ci" if os.environ.get("CI") else "dev"]
