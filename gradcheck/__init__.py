"""gradcheck verifies derivations.

You write down what you derived on paper next to the function it is about; the harness measures the
function by finite differences and answers pass, fail or undecided.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from gradcheck.arguments import (
    arrays,
    boolean,
    choice,
    constant,
    integers,
    permutation,
    positive_definite,
    real,
    simplex,
    strategy,
)
from gradcheck.case import Case
from gradcheck.claims import Derivation, Identity, Rule, derivation, identity, options
from gradcheck.errors import (
    DeclarationError,
    GradcheckError,
    GradientMismatch,
    GradientUndecided,
    InputError,
    ReplayError,
)

if TYPE_CHECKING:
    from gradcheck.checking import check
    from gradcheck.verdict import Measured, Status, Verdict, Verdicts
    from gradcheck.verification import (
        check_at,
        check_gradient,
        check_hessian,
        check_identity,
        check_jacobian,
        check_jvp,
        check_vjp,
        measure_jacobian,
        measure_jvp,
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


#: Loaded when they are first asked for: a derivation file needs none of them, and Hypothesis, with
#: which check draws, takes longer to import than numpy.
_LATER = {
    "check": "checking",
    **dict.fromkeys(("Measured", "Status", "Verdict", "Verdicts"), "verdict"),
    **dict.fromkeys(
        (name for name in __all__ if name.startswith(("check_", "measure_", "verify"))),
        "verification",
    ),
    "replay": "verification",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_LATER[name]}"), name)
    globals()[name] = value
    return value
