"""One point: ``verify*`` return verdicts, ``check_*`` raise, ``measure_*`` are the oracle alone."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.arguments import Real, constant, real
from gradcheck.case import Case
from gradcheck.claims import Derivation, Function, Identity, Kind, Options, Rule
from gradcheck.dims import Bindings
from gradcheck.errors import DeclarationError, InputError
from gradcheck.evaluation import SetAside, Subject, Violation, copy_of
from gradcheck.hints import Mistake, Mistakes, Text
from gradcheck.identities import judge_identity
from gradcheck.judging import judge, judge_all
from gradcheck.oracle.entry import misplaced, slopes
from gradcheck.oracle.ladder import DOUBLE, Line
from gradcheck.oracle.recording import once
from gradcheck.verdict import Measured, Status, Verdict, Verdicts

#: Seconds that a diagnosis of one point may take.
_DIAGNOSIS = 2.0
#: Values beside a point are off by at most this share of themselves.
_MOVED = 0.4
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
) -> list[Verdict]:
    """The verdicts at several cases that are known to have the sizes ``bindings``.

    ``contracts``, which are tested at the first, are those of ``judge``.
    """
    if isinstance(claim, Rule):
        points = [(case.inputs, case) for case in cases]
        return judge_all(claim, points, bindings, contracts=contracts, thorough=False)
    return [
        _judged_identity(claim, case, case.inputs, bindings, contracts and k == 0)
        for k, case in enumerate(cases)
    ]


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

    ``f(*inputs)`` returns an array, or a tuple of several, each of which then has a cotangent of
    its own. Where ``vjp`` is a declared rule, it is called as declared.
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
    names = _names(lhs, inputs)

    def both(**values: Any) -> tuple[Any, Any]:
        return lhs(*values.values()), rhs(*values.values())

    _describe(both, f"{_name(lhs)} = {_name(rhs)}", names)
    identity = Identity(both, _dims(names, inputs), register=False)
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


def measure_jacobian(f: Function, *inputs: Any) -> Measured:
    r"""Measure :math:`J[j, i] = \partial y_j / \partial x_i` of a function of one array.

    Returns value and error bound of shape ``y.shape + x.shape``. Costs 26 to 60 evaluations of
    ``f`` for each input. On a kink the value is the mean of the slopes from the two sides, and the
    error half of their difference.
    """
    return once(lambda: _measure_jacobian(f, inputs))


def _measure_jacobian(f: Function, inputs: tuple[Any, ...]) -> Measured:
    subject = _plain_subject(f, inputs)
    if len(subject.inputs.leaves) != 1:
        raise InputError("measure_jacobian is for a function of one array; close over the others")
    columns = []
    for column in range(subject.point.n):
        unit = np.zeros(subject.point.n)
        unit[column] = 1.0
        columns.append(_measure(subject, unit))
    shape = subject.outputs.leaves[0].shape + subject.inputs.leaves[0].shape
    return Measured(
        *(
            np.array([getattr(c, part) for c in columns]).T.reshape(shape)
            for part in ("value", "error")
        )
    )


def measure_jvp(f: Function, inputs: Sequence[Any], tangents: Sequence[Any]) -> Measured:
    r"""Measure :math:`\dot y = J \dot x`; ``inputs`` and ``tangents`` are sequences of arrays.

    Returns value and error bound of the shape of ``f(*inputs)``, from 26 to 60 evaluations.
    """
    return once(lambda: _measure_jvp(f, tuple(inputs), tangents))


def _measure_jvp(f: Function, inputs: tuple[Any, ...], tangents: Sequence[Any]) -> Measured:
    if len(tangents) != len(inputs):
        raise InputError(f"{len(inputs)} inputs, but {len(tangents)} tangents")
    for k, (x, v) in enumerate(zip(inputs, tangents, strict=True)):
        if np.shape(x) != np.shape(v):
            raise InputError(
                f"tangent {k} has shape {np.shape(v)} where input {k} has shape {np.shape(x)}; "
                "inputs and tangents are sequences of arrays: measure_jvp(f, [x], [v])"
            )
    subject = _plain_subject(f, inputs)
    names = list(subject.values)
    flat = subject.inputs.flatten(
        {n: np.asarray(t) for n, t in zip(names, tangents, strict=True) if n in subject.wrt}
    )
    measured = _measure(subject, flat)
    shape = subject.outputs.leaves[0].shape
    return Measured(measured.value.reshape(shape)[()], measured.error.reshape(shape)[()])


def _measure(subject: Subject, tangent: Any) -> Measured:
    """Value and error along ``tangent``, by steps of two sizes.

    At the larger, the input that moves most moves by its magnitude; at the smaller, no input moves
    by more than its own. Where the two contradict each other, the error covers both.
    """
    moving = tangent != 0
    if not moving.any():
        return Measured(np.zeros(subject.point.m), np.zeros(subject.point.m))
    size = np.abs(subject.x[moving])
    size = np.where(size > 0, size, np.max(size) or 1.0)
    away = np.abs(tangent[moving])
    scales = {np.max(size) / np.max(away), np.min(size / away)}
    # Powers of two, so that nothing is rounded.
    powers = {2.0 ** np.floor(np.log2(scale)) for scale in scales}
    found = [_along(subject, tangent, scale) for scale in sorted(powers)]
    best = np.argmin([one.error for one in found], axis=0)
    columns = np.arange(subject.point.m)
    value = np.array([one.value for one in found])[best, columns]
    error = np.array([one.error for one in found])[best, columns]
    for other in found:
        apart = np.abs(other.value - value)
        error = np.where(apart > error + other.error, apart + other.error, error)
    return Measured(value, error)


def _along(subject: Subject, tangent: Any, scale: float) -> Measured:
    line = Line(subject.point, tangent * scale)
    levels = list(range(DOUBLE.count))
    with np.errstate(all="ignore"):
        found = slopes(line, DOUBLE, levels, DOUBLE.epsilon, sampled=True, aware=True)
        gap = np.where(found.kinked, np.abs(found.gap) + found.gap_error, 0.0)
        error = found.error + gap / 2 + misplaced(line, DOUBLE)
        return Measured(found.value / scale, error / scale)


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
    names = _names(f, inputs)
    owner = _plain_derivation(f, names, inputs)
    count = len(owner.differentiable)
    if count > 1 and kind in ("jacobian", "hessian"):
        raise InputError(f"a {kind} is of a function of one array; close over the other inputs")
    leading = {"vjp": len(owner.options.output), "jvp": count}.get(kind, 0)

    def of(function: Function) -> Rule:
        def positional(*given: Any, **values: Any) -> Any:
            return function(*given, *values.values())

        _describe(positional, _name(rule), names, leading)
        made = Rule(positional, owner, kind, (), register=False)
        made.file, made.line = _place(rule)
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

        at, fresh = replace(verdict, case=case), _beside(claim, case)
        found = diagnose(claim, at, fresh, seconds=_DIAGNOSIS, most=2, plain=plain)
        return found.mistakes, found.where

    return replace(verdict, mistakes=Mistakes(find))


def _beside(claim: Claim, case: Case) -> Iterator[Case]:
    """The same sizes with other values: each real number moved by a share of itself."""
    owner = claim.derivation if isinstance(claim, Rule) else claim
    values, bindings = owner.accept(case.inputs)
    for number in range(2):
        rng = case.rng("beside the diagnosis", number)
        moved = dict(values)
        for name, value in values.items():
            argument = owner.arguments[name]
            if type(argument) is not Real:
                continue
            array = np.asarray(value)
            size = np.where(array == 0, np.max(np.abs(array), initial=0.0) or 1.0, array)
            other = (array + _MOVED * size * rng.uniform(0.5, 1.0, array.shape)).astype(array.dtype)
            if argument.contains(other, bindings, moved):
                moved[name] = other if other.ndim else other[()]
        yield Case(moved, case.seed)


def _plain_derivation(f: Function, names: list[str], inputs: tuple[Any, ...]) -> Derivation:
    if isinstance(f, Derivation):
        f = f.function
    kinds = [np.asarray(value).dtype for value in inputs]
    if not any(kind.kind in "fc" for kind in kinds):
        seen = ", ".join(f"{name} ({kind})" for name, kind in zip(names, kinds, strict=True))
        raise InputError(
            f"{_name(f)}: derivatives are taken with respect to arrays of floating numbers, and "
            f"there are none among its inputs: {seen or 'none'}; try np.asarray(x, dtype=float)"
        )

    def by_name(**values: Any) -> Any:
        return f(*values.values())

    _describe(by_name, _name(f), names)
    owner = Derivation(by_name, _dims(names, inputs), register=False)
    try:
        answer = f(*inputs)
    except Exception:
        answer = None  # it will be reported as raising
    if isinstance(answer, tuple):
        outputs = tuple(f"y{k}" for k in range(len(answer)))
        owner.options = Options(output=outputs)
    else:
        output = "y" if "y" not in names else "output"
        owner.options = Options(output=(output,))
    owner.require_sound()
    return owner


def _plain_subject(f: Function, inputs: tuple[Any, ...]) -> Subject:
    names = _names(f, inputs)
    owner = _plain_derivation(f, names, inputs)
    values, bindings = owner.accept(dict(zip(names, inputs, strict=True)))
    with np.errstate(all="ignore"):
        try:
            return Subject(owner, values, bindings, owner.differentiable)
        except (SetAside, Violation) as error:
            raise InputError(str(error)) from None


def _dims(names: list[str], inputs: tuple[Any, ...]) -> dict[str, Any]:
    """Arrays of floating numbers are inputs of any shape; everything else is a constant."""
    return {
        name: real(f"*{name}") if np.asarray(value).dtype.kind in "fc" else constant(value)
        for name, value in zip(names, inputs, strict=True)
    }


def _names(f: Function, inputs: tuple[Any, ...]) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in kinds]
    return [names[k] if k < len(names) else f"x{k}" for k in range(len(inputs))]


def _describe(function: Callable[..., Any], name: str, names: list[str], leading: int = 0) -> None:
    """Give a wrapper the name and the parameters of what it wraps."""
    kind = inspect.Parameter.POSITIONAL_ONLY
    first = [inspect.Parameter(f"cotangent_{k}", kind) for k in range(leading)]
    rest = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names]
    function.__name__ = name
    function.__signature__ = inspect.Signature(first + rest)  # type: ignore[attr-defined]


def _name(function: Function) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _place(function: Function) -> tuple[str, int]:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code else ("<unknown>", 0)


def _raised(verdict: Verdict) -> Verdict:
    verdict.raise_for_failure()
    return verdict
