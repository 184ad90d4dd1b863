"""What is claimed: derivations, the rules stated about them, and identities.

A declaration never raises while a file is imported: what is wrong with it is kept in its
``problem`` and reported when it is checked, so that the other claims of the file still run.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args, overload

from gradcheck.arguments import Argument, Arrays, Choice
from gradcheck.case import Case
from gradcheck.dims import Bindings, bind
from gradcheck.errors import DeclarationError, InputError
from gradcheck.report.figures import one_line
from gradcheck.signatures import Function, Signature, arguments_of

Kind = Literal["partial", "column", "row", "jacobian", "vjp", "jvp", "gradient", "hessian"]
#: Which index parameters a kind of rule may ask for: ``i`` of the input, ``j`` of the output.
INDICES: dict[str, tuple[str, ...]] = {"partial": ("i", "j"), "column": ("i",), "row": ("j",)}
#: The module attribute under which a module's declarations are kept in order.
DECLARATIONS = "__gradcheck_declarations__"
#: The attribute under which a function from elsewhere names the module that declares it.
NAMESPACE = "__gradcheck_namespace__"


@dataclass(frozen=True)
class Options:
    """What ``options`` set: see there."""

    output: tuple[str, ...] = ("y",)
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    at_kink: str | Function | None = None
    mutates: tuple[str, ...] = ()
    smooth: bool = False


class _Declared:
    """What derivations, rules and identities share: a function, its place, and its problem."""

    def __init__(
        self, function: Function, problem: str | None = None, register: bool = True
    ) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name: str = one_line(getattr(function, "__name__", type(function).__name__))
        code = getattr(inspect.unwrap(function), "__code__", None)
        # A function from elsewhere says itself where it was named.
        self.file: str = code.co_filename if code else getattr(function, "file", "<unknown>")
        self.line: int = code.co_firstlineno if code else getattr(function, "line", 0)
        self.module: str = getattr(function, "__module__", None) or "<unknown>"
        self.problem = problem
        if register:
            _namespace(function).setdefault(DECLARATIONS, []).append(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"

    @property
    def id(self) -> str:
        """The id under which it is reported."""
        return self.name

    def require_sound(self) -> None:
        """Raise the declaration's problem as an error, if it has one."""
        if self.problem is not None:
            raise DeclarationError(self.problem)


def _namespace(function: Function) -> dict[str, Any]:
    """The globals of the file that declares ``function``.

    They are the function's own where that file is running. A function that was imported from
    another, and what has no globals (a ufunc, a class, a partial), are declared by whoever calls.
    """
    named: dict[str, Any] | None = getattr(function, NAMESPACE, None)
    if named is not None:
        return named
    own: dict[str, Any] | None = getattr(inspect.unwrap(function), "__globals__", None)
    if own is not None and _is_ours(own):
        return own  # made here, and declared by what made it
    caller: dict[str, Any] | None = None
    frame = inspect.currentframe()
    while frame is not None:
        if own is not None and frame.f_globals is own:
            return own
        if caller is None and not _is_ours(frame.f_globals):
            caller = frame.f_globals
        frame = frame.f_back
    return caller if caller is not None else (own or {})


def _is_ours(namespace: Mapping[str, Any]) -> bool:
    return str(namespace.get("__name__", "")).partition(".")[0] == __package__


class _WithInputs(_Declared):
    """A declared function of named inputs."""

    def __init__(
        self, function: Function, inputs: Mapping[str, Any], register: bool = True
    ) -> None:
        super().__init__(function, register=register)
        self.options = Options()
        self.arguments: dict[str, Argument] = {}
        if isinstance(function, _Misplaced):
            self.problem = function.problem
            return
        try:
            self.arguments = arguments_of(self.name, function, inputs)
        except DeclarationError as error:
            self.problem = str(error)

    def accept(self, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], Bindings]:
        """The inputs as the function gets them, in its order, and the sizes found.

        Raises ``InputError`` for a missing or unknown input, a value of the wrong kind, or shapes
        that do not fit the dims.
        """
        self.require_sound()
        constants = {
            name: argument.values[0]
            for name, argument in self.arguments.items()
            if isinstance(argument, Choice) and len(argument.values) == 1
        }
        given = {**constants, **inputs}
        unknown = [name for name in inputs if name not in self.arguments]
        missing = [name for name in self.arguments if name not in given]
        if unknown or missing:
            said = f"has no input {unknown[0]!r}" if unknown else f"lacks the input {missing[0]!r}"
            raise InputError(
                f"{self.name} {said}; its inputs are {', '.join(self.arguments) or 'none'}"
            )
        values = {
            name: argument.accept(name, given[name]) for name, argument in self.arguments.items()
        }
        return values, self.bind(values)

    def bind(self, values: Mapping[str, Any]) -> Bindings:
        """The sizes that the shapes of ``values`` have under the dims."""
        shapes = {name: argument.dims for name, argument in self.arguments.items() if argument.dims}
        actual = {name: self.arguments[name].sizes(values[name]) for name in shapes}
        for name, argument in self.arguments.items():
            if isinstance(argument, Arrays):
                # A size may occur in the arrays of a list alone, and they have to agree.
                for k, part in enumerate(values[name]):
                    shapes[f"{name}[{k}]"] = argument.element.shape
                    actual[f"{name}[{k}]"] = argument.element.sizes(part)
        return bind(shapes, actual)


class Rule(_Declared):
    """A function that claims a derivative of a derivation's function.

    Callable exactly as the plain function. ``derivation``, ``kind``, ``wrt`` (the inputs that it
    speaks about) and ``where`` say what is claimed.
    """

    def __init__(
        self,
        function: Function,
        derivation: Derivation,
        kind: Kind,
        wrt: tuple[str, ...],
        where: Function | None = None,
        register: bool = True,
    ) -> None:
        super().__init__(function, derivation.problem, register)
        self.derivation = derivation
        self.kind = kind
        self.joint = not wrt
        self.wrt = wrt or derivation.differentiable
        self.signature: Signature | None = None
        self.where: Signature | None = None
        #: What the rule's function has to say about its own calls; shown as notes.
        self.notes: list[str] = []
        #: Gives where the formula stands that the rule's function calls, if not in that itself.
        self.written: Callable[[], Written | None] = lambda: None
        if self.problem is None:
            try:
                self._declare(where)
            except DeclarationError as error:
                self.problem = str(error)
        if register:
            derivation.rules.append(self)

    @property
    def id(self) -> str:
        return f"{self.derivation.name}[{self.kind}-{self.name}]"

    def _declare(self, where: Function | None) -> None:
        derivation, kind = self.derivation, self.kind
        for name in self.wrt:
            if name not in derivation.differentiable:
                raise DeclarationError(
                    f"{self.name}: {name!r} is not a differentiable input of {derivation.name}; "
                    f"those are: {', '.join(derivation.differentiable) or 'none'}"
                )
        if not self.wrt:
            raise DeclarationError(f"{derivation.name} has no differentiable input")
        if kind not in ("vjp", "jvp", "gradient") and len(self.wrt) > 1:
            raise DeclarationError(
                f"{self.name}: {derivation.name} has several inputs ({', '.join(self.wrt)}); say "
                f'which: @{derivation.name}.{kind}("{self.wrt[0]}")'
            )
        indices = INDICES.get(kind, ())
        reserved = (*derivation.options.output, *indices)
        clash = [name for name in derivation.arguments if name in reserved]
        if clash:
            raise DeclarationError(
                f"{derivation.name} has an input called {clash[0]!r}, which is also the name of "
                f"{'an index' if clash[0] in indices else 'the output'}; rename the input"
                + ("" if clash[0] in indices else ' or set options(output="…")')
            )
        known = (*derivation.arguments, *reserved)
        leading = {"vjp": len(derivation.options.output), "jvp": len(self.wrt)}.get(kind, 0)
        self.signature = Signature(self.function, leading, known)
        if where is not None:
            self.where = Signature(where, 0, known)

    def call(self, leading: Sequence[Any], names: Mapping[str, Any]) -> Any:
        """The rule's raw answer; ``names`` holds inputs, outputs and indices by name."""
        assert self.signature is not None
        return self.signature.call(leading, names)


@dataclass(frozen=True)
class Written:
    """A function of someone else that a rule calls, and the rule with another in its place.

    ``others`` makes the rules beside it that call the function, too. ``beside`` are expressions
    that stand for numbers in it, such as attributes of its object; ``nested`` says that the formula
    stands in a function inside of it.
    """

    function: Function
    make: Callable[[Function], Rule]
    others: Callable[[Function], Sequence[Rule]] = lambda edited: ()
    beside: tuple[str, ...] = ()
    nested: bool = False


class Derivation(_WithInputs):
    """A function, what may be put into it, and the rules that are claimed about it."""

    def __init__(
        self, function: Function, inputs: Mapping[str, Any], register: bool = True
    ) -> None:
        super().__init__(function, inputs, register)
        self.rules: list[Rule] = []

    @classmethod
    def of(cls, function: Function, other: Derivation, chosen: Options) -> Derivation:
        """Another function of the inputs of ``other``, for use inside the harness."""
        made = cls.__new__(cls)
        _Declared.__init__(made, function, register=False)
        made.arguments, made.options, made.rules = other.arguments, chosen, []
        return made

    @property
    def differentiable(self) -> tuple[str, ...]:
        """The inputs with respect to which derivatives are taken, in order."""
        return tuple(name for name, argument in self.arguments.items() if argument.differentiable)

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_"):
            import difflib

            near = difflib.get_close_matches(name, (*get_args(Kind), "rules"), 1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise AttributeError(
                f"a derivation has no {name!r}; the kinds of claims are "
                f"{', '.join(get_args(Kind))}{hint}"
            )
        raise AttributeError(name)

    def _claim(self, kind: Kind, what: tuple[Any, ...], where: Function | None = None) -> Any:
        if len(what) == 1 and callable(what[0]):
            return Rule(what[0], self, kind, (), where)
        return lambda function: Rule(function, self, kind, what, where)

    @overload
    def partial(self, *wrt: str, where: Function | None = None) -> Callable[[Function], Rule]: ...
    @overload
    def partial(self, rule: Function, /) -> Rule: ...
    def partial(self, *what: Any, where: Function | None = None) -> Any:
        r"""Claim single entries :math:`\partial y_j / \partial x_i`: a number.

        ``i`` is the input index and ``j`` the output index (an ``int``, or a tuple for an array of
        more dims). ``where``, filled by name like the rule, says for which entries it speaks.
        """
        return self._claim("partial", what, where)

    def column(self, *what: Any) -> Any:
        r"""Claim the column :math:`\partial y / \partial x_i`: shape of ``y``."""
        return self._claim("column", what)

    def row(self, *what: Any) -> Any:
        r"""Claim the row :math:`\partial y_j / \partial x`: shape of ``x``."""
        return self._claim("row", what)

    def jacobian(self, *what: Any) -> Any:
        r"""Claim ``J[j, i]`` :math:`= \partial y_j / \partial x_i`: shape ``y.shape + x.shape``."""
        return self._claim("jacobian", what)

    def vjp(self, *what: Any) -> Any:
        r"""Claim the backward rule :math:`\bar x = J^\top \bar y`: the shape of each input.

        The first parameter is the cotangent :math:`\bar y` (the "upstream gradient"), one for
        each output. For all inputs at once the rule returns one gradient each, in order, or
        ``None`` for an input that is not differentiated.
        """
        return self._claim("vjp", what)

    def jvp(self, *what: Any) -> Any:
        r"""Claim the forward rule :math:`\dot y = J \dot x`: the shape of ``y``.

        The first parameters are the tangents of the differentiated inputs, in order.
        """
        return self._claim("jvp", what)

    def gradient(self, *what: Any) -> Any:
        r"""Claim the gradient :math:`\nabla_x y` of a scalar output: the shape of each input."""
        return self._claim("gradient", what)

    def hessian(self, *what: Any) -> Any:
        r"""Claim ``H[i, k]`` :math:`= \partial^2 y / \partial x_i \partial x_k` of a scalar output.

        Shape ``x.shape + x.shape``. It is measured from the declared gradient where that passes.
        """
        return self._claim("hessian", what)


class Identity(_WithInputs):
    """A chain of equalities: a function that returns two or more expressions that are equal."""

    #: Where a side is computed in another process, what numbers of a size may be off by at a case,
    #: no closer than what is sought; 0 where that is not known.
    known: Callable[[Case, float, float], float] | None = None
    #: What it is told beforehand at which inputs it is about to be asked.
    announce: Callable[[Sequence[Mapping[str, Any]]], None] | None = None


class _Misplaced:
    """What ``options`` makes of a function that is not declared yet."""

    problem = (
        "options(…) stands below derivation(…) or identity(…); decorators apply from the bottom "
        "up, so write options(…) above it"
    )

    def __init__(self, function: Function) -> None:
        functools.update_wrapper(self, function)
        self.function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)


@overload
def derivation(bare: Function, /) -> Derivation: ...
@overload
def derivation(**inputs: Any) -> Callable[[Function], Derivation]: ...
def derivation(bare: Function | None = None, /, **inputs: Any) -> Any:
    """Declare what may be put into a function: a dims string or an argument for each input.

    ``@derivation(x="n d", W="d m")``; see ``real``, ``integers``, … for other kinds. A parameter
    with a default that is not named keeps it, as a constant. The result is called like the plain
    function, and its methods (``vjp``, ``jacobian``, …) declare rules about it.
    """
    return _declaring(Derivation, bare, inputs)


@overload
def identity(bare: Function, /) -> Identity: ...
@overload
def identity(**inputs: Any) -> Callable[[Function], Identity]: ...
def identity(bare: Function | None = None, /, **inputs: Any) -> Any:
    """Declare a chain of equalities: the function returns two or more expressions.

    An expression is a number, an array, or a ``Measured`` value, whose error then is its bound.
    Arrays have one shape; a single number stands for an array of it.
    """
    return _declaring(Identity, bare, inputs)


def _declaring(kind: Callable[..., Any], bare: Function | None, inputs: dict[str, Any]) -> Any:
    if bare is None:
        return lambda function: kind(function, inputs)
    declared = kind(bare, inputs)
    word = kind.__name__.lower()
    declared.problem = (
        f"@{word} stands without parentheses; write @{word}(…) with the dims of each input, such "
        f'as @{word}(x="n d")'
    )
    return declared


def options(
    *,
    output: str = "y",
    sizes: Mapping[str, tuple[int, int]] | None = None,
    at_kink: str | Function | None = None,
    mutates: str = "",
    smooth: bool = False,
    **unknown: Any,
) -> Callable[[Any], Any]:
    """Set what is not an input of a derivation or identity; it stands above it.

    ``output`` names the output, or several (``"h c"``). ``sizes`` gives the inclusive range of a
    size: ``{"k": (0, 64)}``. ``at_kink`` declares which derivative an elementwise function has
    where its slopes from the two sides differ: ``"left"``, ``"right"``, ``"middle"``, or a
    function of the inputs that returns it. ``mutates`` names the inputs that may be changed.
    ``smooth`` says that the function has no kinks, whatever it is made of, as softmax has none
    though it may subtract a maximum: a rule that is wrong at a tie and nowhere else is wrong.
    """
    chosen = Options(
        output=tuple(output.split()),
        sizes=dict(sizes or {}),
        at_kink=at_kink,
        mutates=tuple(mutates.split()),
        smooth=smooth,
    )

    def apply(declared: Any) -> Any:
        if not isinstance(declared, Derivation | Identity):
            return _Misplaced(declared)
        declared.options = replace(chosen)
        told = _unknown_option(*unknown.popitem()) if unknown else _options_problem(declared)
        declared.problem = declared.problem or told
        return declared

    return apply


def _unknown_option(name: str, value: Any) -> str:
    """What is wrong with an option that there is not: often it is spelled otherwise."""
    import difflib

    known = [one.name for one in fields(Options)]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"; did you mean {near[0]}={one_line(repr(value))}?" if near else ""
    given = f"options({name}={one_line(repr(value))})"
    return f"{given}: there is no option {name!r}; there are {', '.join(known)}{hint}"


def _options_problem(declared: Derivation | Identity) -> str | None:
    chosen = declared.options
    if isinstance(declared, Derivation) and declared.rules:
        return "options(…) has to be applied before any rule is declared"
    if not chosen.output or not all(name.isidentifier() for name in chosen.output):
        return f"output={' '.join(chosen.output)!r}: names separated by spaces were expected"
    names = {name for argument in declared.arguments.values() for name in argument.size_names()}
    for name, bounds in chosen.sizes.items():
        if name not in names:
            return (
                f"sizes: no dims of {declared.name} name {name!r}; they name "
                f"{', '.join(sorted(names)) or 'none'}"
            )
        if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1]:
            return f"sizes: {name!r}: {bounds!r} is not (smallest, largest)"
    if chosen.smooth and chosen.at_kink is not None:
        return (
            "smooth says that there are no kinks, at_kink what holds at them; give one of the two"
        )
    for name in chosen.mutates:
        if name not in declared.arguments:
            return f"mutates: {declared.name} has no input {name!r}"
    if isinstance(chosen.at_kink, str) and chosen.at_kink not in ("left", "right", "middle"):
        return (
            f"at_kink={chosen.at_kink!r}; it is 'left', 'right', 'middle' or a function of the "
            "inputs"
        )
    if callable(chosen.at_kink):
        try:
            Signature(chosen.at_kink, 0, tuple(declared.arguments))
        except DeclarationError as error:
            return f"at_kink={error}"
    if isinstance(chosen.at_kink, str) and isinstance(declared, Derivation):
        count = len(declared.differentiable)
        if count != 1:
            return (
                f"at_kink={chosen.at_kink!r} needs exactly one differentiated input; "
                f"{declared.name} has {count}: give a function of the inputs instead"
            )
    return None
