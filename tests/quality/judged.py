"""Plain functions judged with a seed of their own: other seeds look along other directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradcheck import Case, Verdict
from gradcheck.claims import Kind, Rule
from gradcheck.plain_functions import describe, names_of, plain_derivation
from gradcheck.verification import judge_at


def judged(
    f: Callable, rule: Callable, kind: Kind, inputs: Sequence[Any], seed: int = 0
) -> Verdict:
    """The verdict of ``verify_*`` on ``rule``, with directions drawn from ``seed``.

    Without the entries around a wrong one, and without a diagnosis: who judges by the thousand
    reads neither.
    """
    names = names_of(f, tuple(inputs))
    owner = plain_derivation(f, names, tuple(inputs))
    leading = {"vjp": len(owner.options.output), "jvp": len(owner.differentiable)}.get(kind, 0)

    def positional(*given: Any, **values: Any) -> Any:
        return rule(*given, *values.values())

    describe(positional, getattr(rule, "__name__", "rule"), names, leading)
    claim = Rule(positional, owner, kind, (), register=False)
    with np.errstate(all="ignore"):
        return judge_at(claim, Case(dict(zip(names, inputs, strict=True)), seed), table=False)


def label(verdict: Verdict) -> str:
    """What a verdict counts as: its status, or "aside" where the case says nothing."""
    aside = verdict.cause in ("overflow", "raised", "silent")
    return "aside" if aside else str(verdict.status)
