r"""What an author says of a rule, as HTML: the LaTeX in it as MathML, everything else escaped.

``$…$``, ``$$…$$``, ``\(…\)``, ``\[…\]``, ``:math:`…``` and ``.. math::`` are LaTeX.
"""

from __future__ import annotations

import html
import re
from xml.etree import ElementTree as ET

_DIRECTIVE = re.compile(
    r"^(?P<margin>[ \t]*)\.\. math::[ \t]*(?P<first>.*)\n?"
    r"(?P<rest>(?:(?:[ \t]*\n)*(?P=margin)[ \t]+\S.*(?:\n|\Z))*)",
    re.MULTILINE,
)
_PART = re.compile(
    r"``(?P<code>.+?)``"
    r"|\$\$(?P<b1>.+?)\$\$|\\\[(?P<b2>.+?)\\\]"
    r"|\\\((?P<i1>.+?)\\\)|:math:`(?P<i2>.+?)`|(?<!\\)\$(?P<i3>[^$]+?)(?<!\\)\$",
    re.DOTALL,
)
#: The elements and attributes of MathML that draw a formula; none of them can do anything else.
_ELEMENTS = {
    "math", "mrow", "mi", "mo", "mn", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot",
    "mstyle", "mpadded", "mphantom", "menclose", "mfenced", "msub", "msup", "msubsup", "munder",
    "mover", "munderover", "mmultiscripts", "mprescripts", "none", "mtable", "mtr", "mtd",
}  # fmt: skip
_ATTRIBUTES = {
    "display", "mathvariant", "stretchy", "fence", "form", "separator", "lspace", "rspace",
    "minsize", "maxsize", "symmetric", "largeop", "movablelimits", "accent", "accentunder",
    "displaystyle", "scriptlevel", "linethickness", "notation", "columnalign", "columnspacing",
    "columnlines", "rowspacing", "rowlines", "rowalign", "width", "height", "depth", "voffset",
    "open", "close", "separators",
}  # fmt: skip
_NAMESPACE = "{http://www.w3.org/1998/Math/MathML}"


def described(docstring: str) -> str:
    """A docstring as HTML: paragraphs, code and formulas."""
    text = _DIRECTIVE.sub(_as_display, docstring.strip())
    blocks = re.split(r"\n[ \t]*\n", text)
    return "\n".join(f"<p>{_inline(block)}</p>" for block in blocks if block.strip())


def has_formula(docstring: str) -> bool:
    """Whether there is LaTeX in it."""
    text = _DIRECTIVE.sub(_as_display, docstring)
    return any(match["code"] is None for match in _PART.finditer(text))


def _as_display(match: re.Match[str]) -> str:
    parts = [line.strip() for line in (match["first"], *match["rest"].splitlines())]
    return f"{match['margin']}$${' '.join(part for part in parts if part)}$$\n"


def _inline(text: str) -> str:
    made, end = [], 0
    for match in _PART.finditer(text):
        made.append(html.escape(text[end : match.start()]))
        end = match.end()
        block = match["b1"] or match["b2"]
        latex = block or match["i1"] or match["i2"] or match["i3"]
        if match["code"] is not None or not latex.strip():
            made.append(f"<code>{html.escape(match['code'] or match.group())}</code>")
        else:
            made.append(mathml(latex, display=block is not None))
    return "".join([*made, html.escape(text[end:])])


def mathml(latex: str, *, display: bool = False) -> str:
    """LaTeX as MathML; as code where it is no LaTeX, or asks for more than a formula."""
    from latex2mathml.converter import convert

    shown = "block" if display else "inline"
    try:
        tree = ET.fromstring(convert(" ".join(latex.split()), display=shown))
        return ET.tostring(_harmless(tree), encoding="unicode")
    except Exception:  # whatever a parser makes of what a person wrote: the source is readable too
        return f"<code>{html.escape(latex.strip())}</code>"


def _harmless(element: ET.Element) -> ET.Element:
    """A copy of a formula in which there is nothing else; raises ``ValueError`` if there was."""
    tag = str(element.tag).removeprefix(_NAMESPACE)
    if tag not in _ELEMENTS:
        raise ValueError(tag)
    attributes = {k: v for k, v in element.attrib.items() if k in _ATTRIBUTES}
    copy = ET.Element(tag, attributes)
    copy.text, copy.tail = element.text, element.tail
    copy.extend(_harmless(child) for child in element)
    return copy
