"""``layer``: one line that declares a layer as it stands in someone else's file."""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gradcheck.adapters.conventions import style_of
from gradcheck.adapters.names import Names
from gradcheck.adapters.places import evaluate, numbers_of
from gradcheck.adapters.plan import Plan
from gradcheck.adapters.randomness import reproducible
from gradcheck.adapters.session import Session, copy_of
from gradcheck.adapters.state import require_repeatable
from gradcheck.adapters.style import Style
from gradcheck.adapters.written_formulas import written_of
from gradcheck.answers import last_line
from gradcheck.claims import DECLARATIONS, Derivation, Rule, Written
from gradcheck.dims import Bindings
from gradcheck.errors import DeclarationError, InputError
from gradcheck.hints import said
from gradcheck.oracle.rounding import is_jittered
from gradcheck.returned import Violation
from gradcheck.sampling import Draft, Sampler
from gradcheck.sizes import Sizes

#: So many shapes a gradient are tested for what is kept from one call to the next.
_STATE_TESTS = 3
#: What the output is called in reports: the first of these that no input is called.
_OUTPUTS = ("y", "output", "value", "answer", "result_of_forward")
#: A gradient with larger entries may not fit into float32.
_FITS = 1e30
#: So many more sizes are tried where a layer may not run at any: a stride that has to fit, …
_MORE_SIZES = 6


def layer(*what: Any, **inputs: Any) -> Derivation:
    """Declare a layer that is written already: ``layer(Affine, x="n d", W="d m", b="m")``.

    ``what`` is a class, a pair of functions (forward and backward, or a function and its
    derivative), one function that returns a value with its gradient, or a function of a framework;
    ``names(…)`` beside it says what cannot be found. ``inputs`` are the dims of the inputs of
    ``forward`` and of the parameters, as in ``derivation``; what is no array is declared too
    (``conv_param=constant({"stride": 1, "pad": 1})``, ``t=integers("n", high="c")``).

    Returns a derivation with a rule for each input that is differentiated, ``dx``, ``dW``, …; an
    input for which no gradient is found fails its rule. The file of the layer is not changed, and
    global random state is put back. What is written in place, and other side effects, are notes.
    What is wrong with a declaration is reported when it is checked.
    """
    frame = sys._getframe(1)
    declared = declare(what, inputs)
    declared.module = frame.f_globals.get("__name__", "<unknown>")
    found = frame.f_globals.setdefault(DECLARATIONS, [])
    for item in (declared, *declared.rules):
        item.file, item.line = frame.f_code.co_filename, frame.f_lineno
        item.module = declared.module
        found.append(item)
    return declared


def declare(what: Sequence[Any], inputs: Mapping[str, Any], *, guessed: bool = False) -> Derivation:
    """As ``layer``, of no module.

    With ``guessed``, fewer sizes are tried, since the next guess is cheaper than a search.
    """
    chosen = [one for one in what if isinstance(one, Names)]
    objects = tuple(one for one in what if not isinstance(one, Names))
    names = chosen[0] if chosen else Names()
    layered = _Layer(objects, names, inputs, guessed)
    return layered.derivation


def _distinct(sizes: Sizes) -> list[Bindings]:
    """Some more sizes that differ from each other, as far as the dims admit."""
    rng = np.random.default_rng(0)
    found: list[Bindings] = []
    (always, *_) = sizes.always()
    for _ in range(_MORE_SIZES):
        order = rng.permutation(len(always)) + 2
        bindings: Bindings = {
            name: int(np.clip(size, *sizes.limits[name])) if isinstance(always[name], int) else ()
            for name, size in zip(always, order, strict=True)
        }
        if sizes.fits(bindings):
            found.append(bindings)
    return found


def trials(
    owner: Derivation, *, few: bool = False
) -> list[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Sizes and values for the trial: distinct sizes, at which wrong dims do not fit."""
    probe = Derivation.of(owner.function, owner, owner.options)
    sampler = Sampler(Rule(lambda d: d, probe, "vjp", owner.differentiable[:1], register=False))
    usual = sampler.sizes.always()[-2:]
    tried = usual if few else [*_distinct(sampler.sizes), *usual]
    return [
        (bindings, dict(next(iter(sampler.points(Draft(bindings, 1)))).inputs))
        for bindings in tried
    ]


def rounding_of(declared: Derivation) -> Mapping[str, float]:
    """By gradient: the rounding that was seen in the framework's own dtype; none for numpy."""
    layered: _Layer = vars(declared)["layer"]
    return layered.rounding


def plan_of(declared: Derivation) -> Plan | None:
    """How a declared layer is read; None where it could not be."""
    layered: _Layer = vars(declared)["layer"]
    return layered.plan


class _Layer:
    """The functions of one derivation that is read from a layer."""

    def __init__(
        self, what: tuple[Any, ...], names: Names, inputs: Mapping[str, Any], guessed: bool
    ) -> None:
        self.names, self.guessed = names, guessed
        self.plan: Plan | None = None
        self.notes: list[str] = []
        self.tested: dict[str, set[tuple[Any, ...]]] = {}
        #: By gradient: how far it was off in the framework's own dtype, relative to its norm.
        self.rounding: dict[str, float] = {}
        #: What was found wrong with what is kept between calls: it stays wrong.
        self.broken: dict[str, Violation] = {}
        self._bindings: dict[tuple[Any, ...], Bindings] = {}
        style, problem = None, None
        try:
            style = style_of(what, names)
        except DeclarationError as error:
            problem = str(error)
        self.derivation = self._derivation(what, style, inputs)
        self.derivation.problem = problem or self.derivation.problem
        if self.derivation.problem is None and style is not None:
            try:
                self._read(style)
            except DeclarationError as error:
                self.derivation.problem = str(error)
        vars(self.derivation)["layer"] = self  # for `plan_of`

    def _derivation(
        self, what: tuple[Any, ...], style: Style | None, inputs: Mapping[str, Any]
    ) -> Derivation:
        def forward(**values: Any) -> Any:
            return self.forward(values)

        first = what[0] if what else None
        name = self.names.name or (style.name if style else getattr(first, "__name__", "layer"))
        source = (style.source if style else None) or first
        _describe(forward, name, [], list(inputs), source)
        made = Derivation(forward, dict(inputs), register=False)
        code = getattr(inspect.unwrap(source), "__code__", None) if callable(source) else None
        made.file, made.line = (code.co_filename, code.co_firstlineno) if code else ("<unknown>", 0)
        return made

    def _read(self, style: Style) -> None:
        """Make the plan, and a rule for each input that is differentiated."""
        owner = self.derivation
        wanted = owner.differentiable
        if not wanted:
            raise DeclarationError(f"{owner.name} has no differentiable input")
        output = next(name for name in _OUTPUTS if name not in owner.arguments)
        owner.options = replace(owner.options, output=(output,))
        self.plan = Plan(
            style, self.names, list(owner.arguments), wanted, trials(owner, few=self.guessed)
        )
        self.notes += self.plan.notes
        if self.plan.outputs > 1 or self.names.output:
            outputs = tuple(self.names.output.split())
            outputs = outputs or tuple(f"y{k}" for k in range(self.plan.outputs))
            owner.options = replace(owner.options, output=outputs)
        for name in wanted:
            rule = Rule(self._rule(name), owner, "vjp", (name,), register=False)
            rule.file, rule.line = owner.file, owner.line
            rule.notes = self.notes
            rule.written = functools.partial(self._written, rule)
            owner.rules.append(rule)

    def _rule(self, name: str) -> Callable[..., Any]:
        owner = self.derivation

        def gradient(*cotangents: Any, **values: Any) -> Any:
            return self.pull(name, cotangents, values)

        leading = self._leading()
        _describe(gradient, f"d{name}", leading, list(owner.arguments), self.style.source)
        return gradient

    def _leading(self) -> list[str]:
        """What the cotangents of a rule are called."""
        owner = self.derivation
        leading = [f"d{output}" for output in owner.options.output]
        while set(leading) & (set(owner.arguments) | set(owner.options.output)):
            leading = [f"d{text}" for text in leading]
        return leading

    def _written(self, rule: Rule) -> Written | None:
        """Where the formula of a gradient stands; None where that is not Python code."""
        leading = self._leading()

        def declare(name: str, function: Callable[..., Any]) -> Rule:
            _describe(function, f"d{name}", leading, list(self.derivation.arguments), None)
            return Rule(function, self.derivation, "vjp", (name,), register=False)

        others = [other.wrt[0] for other in self.derivation.rules if other is not rule]
        names = [*rule.wrt, *others]
        return written_of(self.style, names, self.forward, self.pull_edited, declare)

    @property
    def style(self) -> Style:
        """How the layer is called."""
        assert self.plan is not None
        return self.plan.style

    def bindings(self, values: Mapping[str, Any]) -> Bindings:
        """The sizes that some values have."""
        key = _shapes_in(values)
        if key not in self._bindings:
            self._bindings[key] = self.derivation.bind(values)
        return self._bindings[key]

    # ---- the two functions ---------------------------------------------------------------------

    def forward(self, values: Mapping[str, Any]) -> Any:
        """The outputs at some values, of a fresh object with a fresh random state."""
        plan = self._plan()
        with reproducible(plan.generators):
            session = self._forward(values)
            outputs = session.collect()
        whole = self.guessed and plan.is_floating and any(isinstance(out, int) for out in outputs)
        if whole and self.bindings(values):
            raise ValueError(f"it returns {outputs[0]!r}, a whole number, at these sizes")
        return tuple(outputs) if plan.outputs > 1 else outputs[0]

    def pull(self, name: str, cotangents: Sequence[Any], values: Mapping[str, Any]) -> Any:
        """The gradient that the layer claims for one input."""
        plan = self._plan()
        if name in self.broken:
            raise self.broken[name]
        with reproducible(plan.generators):
            session = self._forward(values)
            session.collect()
            session.run_backward(cotangents)
            place = plan.gradients.get(name)
            if place is None:
                title = "raises" if plan.trial_error else "no gradient found"
                raise Violation(title, plan.missing(name))
            found = self._found(session, name)
            found = copy_of(found)  # what is kept may be written into by the next call
            for note in session.side_effects(self.derivation.name, cotangents, values):
                self._note(note)
            plainly = not any(map(is_jittered, (*values.values(), *cotangents)))
            if plainly and self._is_new(name, values):
                self._test_state(session, name, found, cotangents)
                if plan.style.own_dtype:
                    self._see_rounding(name, found, cotangents, values)
        return self._scaled(name, found, cotangents, values)

    def pull_edited(self, name: str, cotangents: Sequence[Any], values: Mapping[str, Any]) -> Any:
        """As ``pull``, of an edited formula: nothing is noted, no side effect looked for."""
        plan = self._plan()
        with reproducible(plan.generators):
            session = self._forward(values)
            session.collect()
            session.run_backward(cotangents)
            found = copy_of(self._found(session, name))
        return self._scaled(name, found, cotangents, values)

    def _test_state(
        self, session: Session, name: str, found: Any, cotangents: Sequence[Any]
    ) -> None:
        try:
            note = require_repeatable(
                session, name, found, cotangents, self.bindings(session.values),
                lambda one: self._found(one, name),
            )  # fmt: skip
        except Violation as violation:
            self.broken[name] = violation
            raise
        self._note(note)

    def _see_rounding(
        self, name: str, found: Any, cotangents: Sequence[Any], values: Mapping[str, Any]
    ) -> None:
        """How far the gradient is off in the dtype in which the framework computes by itself."""
        plan, dtype = self._plan(), self._plan().style.own_dtype
        try:
            with reproducible(plan.generators):
                session = Session(plan, values, self.bindings(values), dtype=dtype)
                session.run_forward(values)
                outputs = session.collect()
                session.run_backward(cotangents)
            own = np.asarray(self._found(session, name), dtype=np.float64)
        except Exception as error:
            self._note(f"{self.derivation.name} does not run in {dtype}: {last_line(error)}")
            return
        largest = float(np.max(np.abs(found), initial=0.0))
        fits = all(np.all(np.isfinite(out)) for out in outputs) and largest < _FITS
        if not fits or np.shape(own) != np.shape(found):
            return  # the function itself does not fit into it there
        if not np.all(np.isfinite(own)):
            self.broken[name] = Violation(
                f"not finite in {dtype}",
                said(
                    "{layer}: the gradient for {name!r} is not finite in {dtype}, though it is in "
                    "float64, and the function is in both",
                    "{layer}：{name!r} 的梯度在 {dtype} 中不是有限数，而在 float64 中是，"
                    "且函数在两者中都是有限数",
                    layer=self.derivation.name,
                    name=name,
                    dtype=str(dtype),
                ),
            )
            raise self.broken[name]
        if largest > 0:
            off = float(np.linalg.norm(own - found) / np.linalg.norm(found))
            self.rounding[name] = max(off, self.rounding.get(name, 0.0))

    def _plan(self) -> Plan:
        if self.plan is None:
            raise DeclarationError(str(self.derivation.problem))
        return self.plan

    def _forward(self, values: Mapping[str, Any]) -> Session:
        session = Session(self._plan(), values, self.bindings(values))
        session.run_forward(values)
        return session

    def _found(self, session: Session, name: str) -> Any:
        try:
            found = session.gradient(name)
            return found - self._penalty(session, name) if name in self.names.penalty else found
        except (AttributeError, KeyError, IndexError, TypeError):
            plan = self._plan()
            raise Violation(
                "no gradient found",
                said(
                    "{layer}: the gradient for {name!r} was in {where} at other sizes, but is not "
                    "there now",
                    "{layer}：在别的尺寸下 {name!r} 的梯度在 {where} 里，现在却不在",
                    layer=self.derivation.name,
                    name=name,
                    where=plan.where(name),
                ),
            ) from None

    def _penalty(self, session: Session, name: str) -> Any:
        """What a gradient has that does not come from the cotangent, as it is declared."""
        numbers = {**numbers_of(session.object), **self.bindings(session.values)}
        return evaluate(self.names.penalty[name], numbers, {}) * session.values[name]

    def _scaled(
        self, name: str, found: Any, cotangents: Sequence[Any], values: Mapping[str, Any]
    ) -> Any:
        """The gradient with the cotangent that was not given, and without a declared scale."""
        plan = self._plan()
        passed = {"cotangent"} if plan.is_loss else {"cotangent", "optional"}
        given = any(role in passed for _, role in plan.gets)
        if not given and found is not None:
            factor = cotangents[0]
            if plan.is_jacobian and np.ndim(found) > np.ndim(factor):
                return factor @ found
            found = found * _along(factor, np.shape(found))
        scale = self.names.scale.get(name)
        if scale is not None and found is not None:
            shapes = {n: np.shape(v) for n, v in values.items() if hasattr(v, "shape")}
            found = found / evaluate(scale, self.bindings(values), shapes)
        return found

    # ---- side effects --------------------------------------------------------------------------

    def _is_new(self, name: str, values: Mapping[str, Any]) -> bool:
        key = _shapes_in(values)
        seen = self.tested.setdefault(name, set())
        new = key not in seen and len(seen) < _STATE_TESTS
        seen.add(key)
        return new

    def _note(self, text: str) -> None:
        if text and text not in self.notes:
            self.notes.append(text)


def _shapes_in(values: Mapping[str, Any]) -> tuple[tuple[int, ...], ...]:
    """The shapes of all values; numbers have none."""
    return tuple([tuple(getattr(value, "shape", ())) for value in values.values()])


def _along(factor: Any, shape: tuple[int, ...]) -> Any:
    """A cotangent of one number for each sample, as what the gradient of a shape is times.

    The rows of the gradient are those of the loss: ``(n, c)`` beside ``(n,)``.
    """
    if np.size(factor) == 1:
        return np.reshape(factor, ())[()]
    own = np.shape(factor)
    rows = len(own) < len(shape) and shape[: len(own)] == own
    return np.reshape(factor, (*own, *(1 for _ in shape[len(own) :]))) if rows else factor


def _describe(
    function: Callable[..., Any],
    name: str,
    leading: Sequence[str],
    inputs: Sequence[str],
    source: Any,
) -> None:
    """Give a wrapper a name and parameters, and the source whose constants are worth trying."""
    kind = inspect.Parameter.POSITIONAL_ONLY
    first = [inspect.Parameter(text, kind) for text in leading]
    rest = [inspect.Parameter(text, inspect.Parameter.KEYWORD_ONLY) for text in inputs]
    function.__name__ = function.__qualname__ = name
    try:
        function.__signature__ = inspect.Signature(first + rest)  # type: ignore[attr-defined]
    except ValueError as error:
        raise InputError(f"{name}: {error}") from None
    if inspect.isfunction(source):
        function.__wrapped__ = source  # type: ignore[attr-defined]
