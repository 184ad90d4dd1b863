"""What the author of a declaration says beyond the dims, where it cannot be found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gradcheck.adapters.activation import ACTIVATIONS
from gradcheck.adapters.losses import LOSSES
from gradcheck.errors import DeclarationError

#: What ``derivative_of`` may be: a derivative is given x, or f(x), or it is to be found out.
_ARGUMENTS = ("", "input", "output")
_MODES = ("", "train", "eval")
_THROUGH = ("", *ACTIVATIONS)
_FRAMEWORKS = ("", "jax", "torch", "autograd")


@dataclass(frozen=True)
class Names:
    """How a layer is read; whatever is left out is found.

    ``name`` is what reports call the layer. ``forward`` and ``backward`` name its methods. ``init``
    gives arguments of its constructor: an expression in sizes (``{"in_features": "d"}``), the shape
    of an input (``{"input_shape": "shape(x)"}``), or any other value. ``call`` gives arguments of
    the forward function that are no inputs. ``parameters`` and ``gradients`` say where those of an
    input lie: ``"weights[0]"``, ``"params['W']"``, ``"W.grad"``; ``"returned[1]"`` for what the
    backward function returns. ``scale`` is what a gradient is to be multiplied with by convention,
    an expression in sizes: ``{"W": "1/n"}`` where dW is divided by the number of samples and the
    loss is not. ``penalty`` is what times a parameter its gradient has added whatever the cotangent
    is, an expression in sizes and numbers of the object: ``{"W": "weight_decay"}`` where dW has
    that of a weight decay. ``derivative_of`` says of a derivative pair whether it is given the
    ``"input"`` or the ``"output"``. ``through`` says of a loss that its gradient is with respect to
    what the ``"softmax"`` or ``"sigmoid"`` before it took. ``loss`` says of a network whose labels
    come to its backward function alone what that is the gradient of: a sum over the samples,
    ``"cross-entropy"``, ``"cross-entropy of columns"``, ``"binary cross-entropy"`` or ``"half
    squared error"``. ``mode`` is ``"train"`` or ``"eval"``, before which a layer is trained with
    one other batch; where none is said it is train, and a scan tries eval as well. ``output`` names
    the outputs (``"h c"``). ``arrays`` names the module of the arrays that the layer works on, such
    as ``"torch"`` or ``"array_api_strict"``, where they are not numpy's; ``framework`` (``"jax"``,
    ``"torch"`` or ``"autograd"``) says that a plain function is to be differentiated by that
    framework, whose rules are then what is checked.

    Raises ``DeclarationError`` for a mode or a ``derivative_of`` that does not exist.
    """

    name: str = ""
    forward: str = ""
    backward: str = ""
    init: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    gradients: Mapping[str, str] = field(default_factory=dict)
    scale: Mapping[str, str] = field(default_factory=dict)
    penalty: Mapping[str, str] = field(default_factory=dict)
    derivative_of: str = ""
    through: str = ""
    loss: str = ""
    mode: str = ""
    output: str = ""
    arrays: str = ""
    framework: str = ""

    def __post_init__(self) -> None:
        for name, value, known in (
            ("derivative_of", self.derivative_of, _ARGUMENTS), ("mode", self.mode, _MODES),
            ("framework", self.framework, _FRAMEWORKS), ("through", self.through, _THROUGH),
            ("loss", self.loss, ("", *LOSSES)),
        ):  # fmt: skip
            # A function of the file that is called a loss or a cost is looked for where it is used.
            own = name == "loss" and value.isidentifier() and ("cost" in value or "loss" in value)
            if value not in known and not own:
                raise DeclarationError(
                    f"names: {name} = {value!r}; it is one of {', '.join(map(repr, known))}"
                )
        for name in ("init", "call", "parameters", "gradients", "scale", "penalty"):
            if not isinstance(getattr(self, name), Mapping):
                raise DeclarationError(
                    f"names: {name} = {getattr(self, name)!r}; a dict was expected, such as "
                    f"{name}={{'W': …}}"
                )


def names(**given: Any) -> Names:
    """How a layer is read, where it cannot be found: see ``Names``."""
    try:
        return Names(**given)
    except TypeError:
        known = ", ".join(Names.__dataclass_fields__)
        unknown = next(name for name in given if name not in Names.__dataclass_fields__)
        raise DeclarationError(f"names: {unknown!r} is not known; known are {known}") from None
