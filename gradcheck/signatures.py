"""What functions take: arguments of derivations, and how the parameters of a rule are filled."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradcheck.arguments import Argument, Choice, as_argument
from gradcheck.errors import DeclarationError

Function = Callable[..., Any]


class Signature:
    """How the parameters of a rule are filled: the leading ones in order, the others by name."""

    def __init__(self, function: Function, leading: int, known: Sequence[str]) -> None:
        name = getattr(function, "__name__", repr(function))
        if isinstance(function, str):
            raise DeclarationError(f"{name} is a string; write a function: lambda i, j: {function}")
        try:
            parameters = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            raise DeclarationError(
                f"{name}: its parameters cannot be read; write a function that calls it"
            ) from None
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
            raise DeclarationError(
                f"{name}: parameters are filled by name, so *args and **kwargs get nothing; "
                f"known names: {', '.join(known)}"
            )
        if len(parameters) < leading:
            raise DeclarationError(
                f"{name} takes {len(parameters)} parameters; the first {leading} are needed for "
                "the cotangent or tangents"
            )
        self.function = function
        self.leading = [parameter.name for parameter in parameters[:leading]]
        clash = [parameter for parameter in self.leading if parameter in known]
        last = [p.name for p in parameters if p.name not in known and p.default is p.empty]
        if clash and len(last) == leading == 1:
            others = [p.name for p in parameters if p.name != last[0]]
            raise DeclarationError(
                f"{name}: its first parameter is the cotangent, and {clash[0]!r} is the name of an "
                f"input or of the output: are they swapped? {name}({', '.join(last + others)})"
            )
        if clash:
            raise DeclarationError(
                f"{name}: its first parameter{'s are' if leading > 1 else ' is'} the cotangent or "
                f"tangent, but {clash[0]!r} is the name of an input or of the output; "
                f"call it d{clash[0]}"
            )
        self.positional: list[str] = []
        self.keywords: list[str] = []
        for parameter in parameters[leading:]:
            if parameter.name not in known:
                if parameter.default is parameter.empty:
                    raise DeclarationError(
                        f"{name} asks for {parameter.name!r}, which is not known; known names: "
                        f"{', '.join(known)}"
                    )
            elif parameter.kind is parameter.POSITIONAL_ONLY:
                self.positional.append(parameter.name)
            else:
                self.keywords.append(parameter.name)

    def call(
        self,
        leading: Sequence[Any],
        names: Mapping[str, Any],
        instead: Callable[..., Any] | None = None,
    ) -> Any:
        """Call the function with the leading arguments and the named ones that it asks for.

        Or ``instead`` of it another that takes the same.
        """
        by_position, by_name = self.arguments(leading, names)
        return (instead or self.function)(*by_position, **by_name)

    def arguments(
        self, leading: Sequence[Any], names: Mapping[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        """What the function is called with, by position and by name."""
        positional = [names[name] for name in self.positional]
        return [*leading, *positional], {name: names[name] for name in self.keywords}


def arguments_of(name: str, function: Function, inputs: Mapping[str, Any]) -> dict[str, Argument]:
    """The arguments of a function by name: as declared, and its defaults as constants.

    Raises ``DeclarationError``.
    """
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        raise DeclarationError(f"{name}: its parameters cannot be read") from None
    for unknown in inputs:
        if unknown not in parameters:
            raise DeclarationError(
                f"{name} has no parameter {unknown!r}; its parameters are "
                f"{', '.join(parameters) or 'none'}"
            )
    arguments: dict[str, Argument] = {}
    for parameter in parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue  # nothing has to be given
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise DeclarationError(
                f"{name} takes {parameter.name!r} by position alone, and inputs are given by name; "
                "write a function that calls it"
            )
        if parameter.name in inputs:
            try:
                arguments[parameter.name] = as_argument(inputs[parameter.name])
            except DeclarationError as error:
                raise DeclarationError(f"{name}: input {parameter.name!r}: {error}") from None
        elif parameter.default is parameter.empty:
            raise DeclarationError(
                f"{name}: nothing is declared for its parameter {parameter.name!r}; write "
                f'@derivation(…, {parameter.name}="…") with its dims'
            )
        else:
            arguments[parameter.name] = Choice((parameter.default,))
    for declared, argument in arguments.items():
        for needed in argument.depends_on():
            if needed not in arguments:
                raise DeclarationError(
                    f"{name}: the domain of {declared!r} depends on {needed!r}, which is no input"
                )
    return arguments
