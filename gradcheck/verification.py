"""One point: ``verify*`` return verdicts, ``check_*`` raise."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.answers import copy_of
from gradcheck.arguments import Argument, Real
from gradcheck.case import Case
from gradcheck.claims import Derivation, Identity, Kind, Rule
from gradcheck.dims import Bindings
from gradcheck.errors import DeclarationError, GradcheckError, InputError
from gradcheck.hints import NOTHING, Mistake, Mistakes, Text
from gradcheck.identities import judge_identity
from gradcheck.judging import judge, judge_all
from gradcheck.plain_functions import (
    describe,
    dims_of,
    name_of,
    names_of,
    place_of,
    plain_derivation,
)
from gradcheck.signatures import Function
from gradcheck.verdict import Status, Verdict, Verdicts

#: Seconds that a diagnosis of one point may take.
_DIAGNOSIS = 2.0
#: Values beside a point are off by at most this share of themselves; by less where that much leaves
#: the domain, which a function need not declare.
_MOVED = (0.4, 0.4, -0.2, 0.1, -0.05, 0.02)
#: A rule that is right once its parameters are in the order in which they are given.
_SWAPPED = Mistake(
    "swapped",
    Text("the parameters of the rule are in another order", "规则的参数顺序不同"),
    Text(
        "The upstream gradient is given first, then the inputs; with the inputs first it is right.",
        "先给出上游梯度，再给出各输入；把输入放在前面时它是正确的。",
    ),
    Text("put the upstream gradient first: rule(dy, x)", "把上游梯度放在最前：rule(dy, x)"),
)
#: What can be checked.
Claim = Rule | Identity


def claims_of(obj: Any) -> list[Claim]:
    """The claims that an object stands for.

    Raises ``DeclarationError`` for a derivation without rules or with two of one id, and
    ``InputError`` for anything that was not declared.
    """
    if isinstance(obj, Rule | Identity):
        return [obj]
    if isinstance(obj, Derivation):
        obj.require_sound()
        if not obj.rules:
            raise DeclarationError(
                f"{obj.name} has no rule, so nothing is claimed about it; declare one, such as "
                f"@{obj.name}.vjp"
            )
        ids = [rule.id for rule in obj.rules]
        twice = [name for name in ids if ids.count(name) > 1]
        if twice:
            raise DeclarationError(f"two claims have the id {twice[0]}; rename one of the rules")
        return list(obj.rules)
    raise InputError(
        f"a derivation, a rule or an identity was expected, not {type(obj).__name__}; decorate the "
        "function with @derivation(…), or call verify_vjp(f, vjp, *inputs)"
    )


def judge_at(claim: Claim, case: Case, *, contracts: bool = True, table: bool = True) -> Verdict:
    """The verdict on one claim at a case.

    Raises ``InputError`` where the inputs do not fit, ``DeclarationError`` where the claim is
    unsound.
    """
    claim.require_sound()
    owner = claim.derivation if isinstance(claim, Rule) else claim
    values, bindings = owner.accept(case.inputs)
    if isinstance(claim, Rule):
        return judge(claim, values, bindings, case, contracts=contracts, table=table)
    return _judged_identity(claim, case, values, bindings, contracts)


def judge_drawn(
    claim: Claim, cases: Sequence[Case], bindings: Bindings, *, contracts: bool
) -> Iterator[Verdict]:
    """The verdicts at several cases that are known to have the sizes ``bindings``, as asked for.

    ``contracts``, which are tested at the first, are those of ``judge``.
    """
    if isinstance(claim, Rule):
        points = [(case.inputs, case) for case in cases]
        yield from judge_all(claim, points, bindings, contracts=contracts, thorough=False)
        return
    if claim.announce is not None and len(cases) > 1:
        claim.announce([case.inputs for case in cases])
    for k, case in enumerate(cases):
        yield _judged_identity(claim, case, case.inputs, bindings, contracts and k == 0)


def _judged_identity(
    claim: Identity, case: Case, values: Mapping[str, Any], bindings: Bindings, contracts: bool
) -> Verdict:
    verdict = judge_identity(claim, values, bindings, case, contracts=contracts)
    return replace(verdict, case=case, bindings=bindings, file=claim.file, line=claim.line)


def verify(obj: Any, **inputs: Any) -> Verdicts:
    """The verdicts on every claim of ``obj`` at one point.

    ``obj`` is a derivation, a rule or an identity; ``inputs`` are its inputs by name. Raises
    ``InputError`` for inputs that do not fit, ``DeclarationError`` for an unsound declaration.
    """
    return Verdicts([_diagnosed(claim, judge_at(claim, Case(inputs))) for claim in claims_of(obj)])


def check_at(obj: Any, **inputs: Any) -> Verdicts:
    """As ``verify``, but raises ``GradientMismatch`` or ``GradientUndecided``."""
    verdicts = verify(obj, **inputs)
    verdicts.raise_for_failure()
    return verdicts


def replay(obj: Any, case: Case) -> Verdicts:
    """Judge ``obj`` again at a case that a report printed, and raise as ``check_at`` does."""
    verdicts = Verdicts([_diagnosed(claim, judge_at(claim, case)) for claim in claims_of(obj)])
    verdicts.raise_for_failure()
    return verdicts


def verify_vjp(f: Function, vjp: Function, *inputs: Any) -> Verdict:
    """Verify ``vjp(cotangent, *inputs)``: one gradient, or a tuple with one for each input.

    ``f(*inputs)`` returns an array, or several in a tuple or list, each of which then has a
    cotangent of its own. Where ``vjp`` is a declared rule, it is called as declared.
    """
    return _verify(f, vjp, "vjp", inputs)


def verify_jvp(f: Function, jvp: Function, *inputs: Any) -> Verdict:
    """Verify ``jvp(*tangents, *inputs)``: the shape of ``f(*inputs)``."""
    return _verify(f, jvp, "jvp", inputs)


def verify_jacobian(f: Function, jacobian: Function, *inputs: Any) -> Verdict:
    """Verify ``jacobian(*inputs)``: shape ``y.shape + x.shape``, for a function of one array."""
    return _verify(f, jacobian, "jacobian", inputs)


def verify_gradient(f: Function, gradient: Function, *inputs: Any) -> Verdict:
    """Verify ``gradient(*inputs)`` of a scalar function: one array, or one for each input."""
    return _verify(f, gradient, "gradient", inputs)


def verify_hessian(f: Function, hessian: Function, *inputs: Any) -> Verdict:
    """Verify ``hessian(*inputs)`` of a scalar function of one array: shape ``x.shape + x.shape``.

    It is measured from the function alone, by differences of differences.
    """
    return _verify(f, hessian, "hessian", inputs)


def verify_identity(lhs: Function, rhs: Function, *inputs: Any) -> Verdict:
    """Verify ``lhs(*inputs) == rhs(*inputs)`` up to what rounding can do to them."""
    names = names_of(lhs, inputs)

    def both(**values: Any) -> tuple[Any, Any]:
        return lhs(*values.values()), rhs(*values.values())

    describe(both, f"{name_of(lhs)} = {name_of(rhs)}", names)
    identity = Identity(both, dims_of(names, inputs), register=False)
    return _diagnosed(identity, judge_at(identity, Case(dict(zip(names, inputs, strict=True)))))


def check_vjp(f: Function, vjp: Function, *inputs: Any) -> Verdict:
    """As ``verify_vjp``, but raises ``GradientMismatch`` or ``GradientUndecided``."""
    return _raised(verify_vjp(f, vjp, *inputs))


def check_jvp(f: Function, jvp: Function, *inputs: Any) -> Verdict:
    """As ``verify_jvp``, but raises ``GradientMismatch`` or ``GradientUndecided``."""
    return _raised(verify_jvp(f, jvp, *inputs))


def check_jacobian(f: Function, jacobian: Function, *inputs: Any) -> Verdict:
    """As ``verify_jacobian``, but raises ``GradientMismatch`` or ``GradientUndecided``."""
    return _raised(verify_jacobian(f, jacobian, *inputs))


def check_gradient(f: Function, gradient: Function, *inputs: Any) -> Verdict:
    """As ``verify_gradient``, but raises ``GradientMismatch`` or ``GradientUndecided``."""
    return _raised(verify_gradient(f, gradient, *inputs))


def check_hessian(f: Function, hessian: Function, *inputs: Any) -> Verdict:
    """As ``verify_hessian``, but raises ``GradientMismatch`` or ``GradientUndecided``."""
    return _raised(verify_hessian(f, hessian, *inputs))


def check_identity(lhs: Function, rhs: Function, *inputs: Any) -> Verdict:
    """As ``verify_identity``, but raises ``GradientMismatch`` or ``GradientUndecided``."""
    return _raised(verify_identity(lhs, rhs, *inputs))


def _verify(
    f: Function, rule: Function, kind: Kind, inputs: tuple[Any, ...], *, table: bool = True
) -> Verdict:
    # To measure the entries that a failure is shown with takes longer than to find it; who judges
    # by the thousand, and reads none of them, leaves them out.
    for what, given in (("the function", f), (f"its {kind}", rule)):
        if not callable(given):
            raise InputError(f"{what} has to be a function, not {given!r}")
    if isinstance(rule, Rule):
        names = list(rule.derivation.arguments)
        case = Case(dict(zip(names, inputs, strict=False)))
        return _diagnosed(rule, judge_at(rule, case, table=table))
    names = names_of(f, inputs)
    owner = plain_derivation(f, names, inputs)
    count = len(owner.differentiable)
    if count > 1 and kind in ("jacobian", "hessian"):
        raise InputError(f"a {kind} is of a function of one array; close over the other inputs")
    leading = {"vjp": len(owner.options.output), "jvp": count}.get(kind, 0)

    def of(function: Function) -> Rule:
        def positional(*given: Any, **values: Any) -> Any:
            return function(*given, *values.values())

        describe(positional, name_of(rule), names, leading)
        made = Rule(positional, owner, kind, (), register=False)
        made.file, made.line = place_of(rule)
        return made

    claim = of(rule)
    verdict = judge_at(claim, Case(dict(zip(names, inputs, strict=True))), table=table)
    return _diagnosed(claim, verdict, (rule, of))


def _diagnosed(
    claim: Claim,
    verdict: Verdict,
    plain: tuple[Function, Callable[[Function], Rule]] | None = None,
) -> Verdict:
    """A failure with the mistake that it looks like, told by values beside the given ones.

    ``plain`` is a rule that was not declared, and what makes a declared one of it.
    """
    if verdict.status is not Status.FAIL or verdict.case is None:
        return verdict
    # Its arrays are the caller's, who may change them before anybody asks.
    inputs = {name: copy_of(value) for name, value in verdict.case.inputs.items()}
    case = verdict.case.with_inputs(inputs)

    def find() -> tuple[tuple[Mistake, ...], Text]:
        from gradcheck.diagnosis import diagnose

        if plain is not None and _is_swapped(claim, case, *plain):
            return (_SWAPPED,), NOTHING
        at, fresh = replace(verdict, case=case), _beside(claim, case)
        found = diagnose(claim, at, fresh, seconds=_DIAGNOSIS, most=2, plain=plain)
        return found.mistakes, found.where

    return replace(verdict, mistakes=Mistakes(find))


def _is_swapped(
    claim: Claim, case: Case, function: Function, of: Callable[[Function], Rule]
) -> bool:
    """Whether a rule is right that is given its cotangents or tangents last."""
    assert isinstance(claim, Rule)
    count = {"vjp": len(claim.derivation.options.output), "jvp": len(claim.wrt)}.get(claim.kind, 0)
    turned = of(lambda *given: function(*given[count:], *given[:count]))
    with contextlib.suppress(GradcheckError):
        return count > 0 and judge_at(turned, case, table=False).status is Status.PASS
    return False


def _beside(claim: Claim, case: Case) -> Iterator[Case]:
    """The same sizes with other values: each real number moved by a share of itself."""
    owner = claim.derivation if isinstance(claim, Rule) else claim
    values, bindings = owner.accept(case.inputs)
    for number, share in enumerate(_MOVED):
        rng = case.rng("beside the diagnosis", number)
        moved = dict(values)
        for name, value in values.items():
            argument = owner.arguments[name]
            if not isinstance(argument, Real):
                continue
            array = np.asarray(value)
            size = np.where(array == 0, np.max(np.abs(array), initial=0.0) or 1.0, array)
            by = share * size * rng.uniform(0.5, 1.0, array.shape)
            if type(argument).tangent is not Argument.tangent:
                by = argument.tangent(by, array).astype(float)
            other = (array + by).astype(array.dtype)
            # In another order, by which an index is told from a rank: of all axes, as matrices are.
            other = np.flip(other) if number % 2 else other
            if argument.contains(other, bindings, moved):
                moved[name] = other if other.ndim else other[()]
        yield Case(moved, case.seed)


def _raised(verdict: Verdict) -> Verdict:
    verdict.raise_for_failure()
    return verdict
