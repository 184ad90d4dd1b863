"""gradcheck verifies derivations.

You write down what you derived on paper next to the function it is about; the harness measures the
function by finite differences and answers pass, fail or undecided.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gradcheck.case import Case
from gradcheck.errors import (
    DeclarationError,
    GradcheckError,
    GradientMismatch,
    GradientUndecided,
    InputError,
    ReplayError,
)

if TYPE_CHECKING:
    from gradcheck.arguments import (
        arrays,
        boolean,
        choice,
        constant,
        integers,
        real,
        strategy,
    )
    from gradcheck.checking import check
    from gradcheck.claims import Derivation, Identity, Rule, derivation, identity, options
    from gradcheck.domains import permutation, positive_definite, simplex
    from gradcheck.measurement import measure_jacobian, measure_jvp
    from gradcheck.verdict import Measured, Status, Verdict, Verdicts
    from gradcheck.verification import (
        check_at,
        check_gradient,
        check_hessian,
        check_identity,
        check_jacobian,
        check_jvp,
        check_vjp,
        replay,
        verify,
        verify_gradient,
        verify_hessian,
        verify_identity,
        verify_jacobian,
        verify_jvp,
        verify_vjp,
    )

__all__ = [
    "Case",
    "DeclarationError",
    "Derivation",
    "GradcheckError",
    "GradientMismatch",
    "GradientUndecided",
    "Identity",
    "InputError",
    "Measured",
    "ReplayError",
    "Rule",
    "Status",
    "Verdict",
    "Verdicts",
    "arrays",
    "boolean",
    "check",
    "check_at",
    "check_gradient",
    "check_hessian",
    "check_identity",
    "check_jacobian",
    "check_jvp",
    "check_vjp",
    "choice",
    "constant",
    "derivation",
    "identity",
    "integers",
    "measure_jacobian",
    "measure_jvp",
    "options",
    "permutation",
    "positive_definite",
    "real",
    "replay",
    "simplex",
    "strategy",
    "verify",
    "verify_gradient",
    "verify_hessian",
    "verify_identity",
    "verify_jacobian",
    "verify_jvp",
    "verify_vjp",
]


#: Where the other names live. Each module is loaded when a name of it is first asked for: making
#: the classes of a declaration takes a third of the time that numpy takes to load, and Hypothesis,
#: with which ``check`` draws, more than numpy.
_HOMES = {
    "arguments": (
        "arrays", "boolean", "choice", "constant", "integers", "real", "strategy",
    ),
    "domains": ("permutation", "positive_definite", "simplex"),
    "claims": ("Derivation", "Identity", "Rule", "derivation", "identity", "options"),
    "verdict": ("Measured", "Status", "Verdict", "Verdicts"),
    "checking": ("check",),
    "verification": (
        "replay",
        *(name for name in __all__ if name.startswith(("check_", "verify"))),
    ),
    "measurement": ("measure_jacobian", "measure_jvp"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    for module, names in _HOMES.items():
        if name in names:
            value = getattr(importlib.import_module(f"{__name__}.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
