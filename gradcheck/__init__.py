"""gradcheck verifies derivations.

You write down what you derived on paper next to the function it is about; the harness measures the
function by finite differences and answers pass, fail or undecided.
"""

from __future__ import annotations

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

if TYPE_CHECKING:
    from gradcheck.checking import check

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


def __getattr__(name: str) -> Any:
    # check draws with Hypothesis, which takes longer to import than numpy: loaded when asked for.
    if name == "check":
        from gradcheck.checking import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
