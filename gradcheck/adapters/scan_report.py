"""What a scan found: as data, as text, and as an exit code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from gradcheck.adapters.conventions import conventions
from gradcheck.adapters.unrecognised import Unrecognised
from gradcheck.records import count

#: The verdicts on a gradient; ``SCALED`` is right up to a constant that may be a convention.
PASS, FAIL, UNDECIDED, SCALED = "pass", "fail", "undecided", "scaled"
#: What comes before a line of a spec.
_SETTLED = "a line that would settle it, under [layers] of a file given with --spec spec.toml:"
#: Exit codes, as those of the command.
_PASSED, _FAILED, NOTHING, _OPEN = 0, 1, 2, 3


@dataclass
class GradientReport:
    """What was found about one gradient."""

    name: str
    verdict: str
    lands: str = ""
    mistakes: list[str] = field(default_factory=list)
    scale: str = ""
    message: str = ""
    resolution: float | None = None
    #: How far the gradient is off in the framework's own dtype, relative to its norm.
    rounding: float | None = None


@dataclass
class LayerReport:
    """What was found about one layer."""

    name: str
    convention: str
    line: int
    gradients: list[GradientReport] = field(default_factory=list)
    inputs: dict[str, str] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    side_effects: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    #: Where it could not be checked: why, and the line of a spec that would settle it.
    reason: str = ""
    spec: str = ""

    @property
    def verdict(self) -> str:
        """The worst of its gradients'; undecided where it could not be checked."""
        verdicts = [gradient.verdict for gradient in self.gradients] or [UNDECIDED]
        order = (FAIL, UNDECIDED, SCALED, PASS)
        return next(one for one in order if one in verdicts)


@dataclass
class FileReport:
    """What was found in one file."""

    file: str
    layers: list[LayerReport] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    #: The names of its functions and classes.
    defined: list[str] = field(default_factory=list)
    #: The functions and classes that were taken for no layer.
    unrecognised: list[Unrecognised] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return {
            "file": self.file,
            "layers": [
                {
                    "name": layer.name,
                    "convention": layer.convention,
                    "line": layer.line,
                    "verdict": layer.verdict,
                    "inputs": layer.inputs,
                    "assumptions": layer.assumptions,
                    "side_effects": layer.side_effects,
                    "notes": layer.notes,
                    "unchecked": layer.reason or None,
                    "spec": layer.spec or None,
                    "gradients": [
                        {
                            "name": gradient.name,
                            "verdict": gradient.verdict,
                            "lands": gradient.lands,
                            "mistakes": gradient.mistakes,
                            "scale": gradient.scale or None,
                            "resolution": gradient.resolution,
                            "rounding": gradient.rounding,
                            "message": gradient.message or None,
                        }
                        for gradient in layer.gradients
                    ],
                }
                for layer in self.layers
            ],
            "unrecognised": [
                {"name": one.name, "line": one.line, "spec": one.spec} for one in self.unrecognised
            ],
            "left_out": self.left_out,
        }


def exit_code(reports: Sequence[FileReport]) -> int:
    """0 all right, 1 a gradient is wrong, 2 nothing was recognised, 3 something is undecided."""
    layers = [layer for report in reports for layer in report.layers]
    verdicts = [layer.verdict for layer in layers]
    if not any(layer.gradients or layer.reason for layer in layers):
        return NOTHING
    if FAIL in verdicts:
        return _FAILED
    return _OPEN if set(verdicts) - {PASS} else _PASSED


def nothing(reports: Sequence[FileReport]) -> list[str]:
    """What to say where nothing was recognised: what was looked for, and what can be done."""
    looked_for = [str(one.__doc__).splitlines()[0].replace("``", "") for one in conventions()]
    left_out = any(report.left_out for report in reports)
    return [
        "no layer was recognised; looked for, by the names that are usual for the parts of each:",
        *(f"  {text}" for text in looked_for),
        *(["what was left out is named above"] if left_out else []),
        "where the parts have other names, say them in a spec, and give it with --spec spec.toml:",
        "  [layers]",
        '  my_layer = { layer = ["my_function", "its_backward"], x = "n d", W = "d m" }',
        '  MyClass = { x = "n d", names = { forward = "run", backward = "pull" } }',
    ]


def headline(layer: LayerReport) -> tuple[str, str]:
    """One line of progress: a word, and what it is said of."""
    about = f"{layer.name}  line {layer.line}, {layer.convention}"
    if layer.reason:
        return "UNREAD", about
    parts = [
        gradient.name
        + (
            ""
            if gradient.verdict == PASS
            else f" right up to {gradient.scale}"
            if gradient.verdict == SCALED
            else f" {'WRONG' if gradient.verdict == FAIL else 'undecided'}"
        )
        for gradient in layer.gradients
    ]
    return layer.verdict.upper(), f"{about}: {', '.join(parts)}"


def details(layer: LayerReport) -> Iterator[str]:
    """What there is to say about a layer, beside the verdicts."""
    if layer.reason:
        reason = layer.reason.removeprefix(f"{layer.name}: ")
        yield f"{layer.name} (line {layer.line}) was not checked: {reason}"
        if layer.spec:
            yield f"  {_SETTLED}\n    {layer.spec}"
        return
    for gradient in layer.gradients:
        if gradient.verdict in (FAIL, UNDECIDED):
            yield gradient.message
            # What the message says already is not said again.
            named = ", ".join(one for one in gradient.mistakes if one not in gradient.message)
            if named:
                yield f"  {layer.name}, gradient for {gradient.name}: {named}"
            if gradient.verdict == UNDECIDED and layer.spec:
                yield f"  {_SETTLED}\n    {layer.spec}"
        elif gradient.verdict == SCALED:
            yield (
                f"{layer.name}: the gradient for {gradient.name} is right up to the constant "
                f"{gradient.scale}: a convention or a mistake? If it is meant, declare it, under "
                f"[layers] of a file given with --spec:\n    {layer.spec}"
            )


def remarks(layer: LayerReport) -> Iterator[str]:
    """What was assumed, and what a layer does beside its work, a line each."""
    for text in layer.assumptions:
        yield f"assumed: {layer.name}: {text}"
    for text in layer.side_effects:
        yield f"side effect: {text}"
    for text in layer.notes:
        yield f"note: {layer.name}: {text.removeprefix(f'{layer.name} ')}"


def others(report: FileReport) -> Iterator[str]:
    """What was taken for no layer, a line each, and how it would be declared."""
    if report.unrecognised:
        yield "taken for no layer; if one is, a line of a spec declares it, under [layers]:"
    for one in report.unrecognised:
        yield f"  line {one.line}: {one.spec}"


def summary(reports: Sequence[FileReport]) -> str:
    """One sentence over the scan."""
    layers = [layer for report in reports for layer in report.layers]
    gradients = [gradient for layer in layers for gradient in layer.gradients]
    verdicts = [gradient.verdict for gradient in gradients]
    unread = sum(bool(layer.reason) for layer in layers)
    rest = sum(len(report.unrecognised) for report in reports)
    return (
        f"{count(len(layers), 'layer')} recognised, {count(len(gradients), 'gradient')} checked: "
        f"{verdicts.count(PASS)} right, {verdicts.count(FAIL)} wrong, {verdicts.count(SCALED)} "
        f"right up to a constant, {verdicts.count(UNDECIDED)} undecided; "
        f"{count(unread, 'layer')} not checked"
        + (f"; {count(rest, 'definition')} taken for no layer" if rest else "")
    )
