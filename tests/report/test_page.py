"""The page as HTML: complete, escaped, and readable in either scheme. See also test_browser."""

import re

import pytest

from gradcheck.errors import InputError
from gradcheck.records import Failure, Problem, Record
from gradcheck.report import template
from gradcheck.report.formula import described
from gradcheck.report.page import page
from gradcheck.report.template import require_installed
from gradcheck.verdict import Entry
from tests.report.elements import Elements

HOSTILE = "<script>alert(1)</script>\"'&]]>\x1b[31m\x00\ud800"
#: The least contrast of text, from the guidelines for accessible content, level AA.
CONTRAST = 4.5


@pytest.fixture(scope="module")
def text(records):
    passed = Record("right[vjp-rule]", "vjp", "pass", "right.py", 3, inputs=105, resolution=6e-8)
    problem = Problem("broken", "broken.py", 2, "broken.py:2: it has no rule")
    return page([passed, *records], [problem])


def test_the_page_is_well_formed_and_asks_for_nothing(text):
    elements = Elements(text)
    assert elements.open == []
    assert "http://" not in text.replace("http://www.w3.org/", "")
    assert "https://" not in text
    assert all("src" not in attributes for _, attributes in elements.found)
    ids = [attributes["id"] for _, attributes in elements.found if attributes.get("id")]
    assert len(ids) == len(set(ids))
    links = [a["href"] for a in elements.all("a")]
    assert all(link[1:] in ids for link in links)


def test_every_claim_has_a_row_and_a_section_and_what_is_wrong_comes_first(text):
    elements = Elements(text)
    statuses = [a["data-status"] for a in elements.all("section")]
    assert statuses == ["error", *["fail"] * 10, "undecided", "pass"]
    assert [a["data-status"] for a in elements.all("tr") if "data-status" in a] == statuses
    assert {"header", "main", "footer", "caption", "h1"} <= {tag for tag, _ in elements.found}
    heads = elements.all("th")
    assert heads
    assert all(head.get("scope") in ("col", "row") for head in heads)


def test_a_failure_has_its_formula_source_pictures_and_script(text):
    start = text.index('id="claim-2"')
    section = text[start : text.index("</section>", start)]
    assert "<msub>" in section
    assert "np.outer(y, y)" in section
    assert section.count('class="heatmap"') >= 3
    assert section.count('class="curve"') == 1
    assert "replay(sign_in_a_jacobian" in section
    assert '<th scope="row" class="mono">∂y[0]/∂z[1]</th>' in section


def test_what_users_wrote_is_text(records):
    record = Record(
        HOSTILE, "vjp", "fail", HOSTILE, 1, source=HOSTILE, docstring=HOSTILE, about=HOSTILE,
        title=HOSTILE, message=HOSTILE, notes=[HOSTILE], unclaimed=[HOSTILE],
        mistakes=[{"id": HOSTILE, "title": HOSTILE, "remedy": HOSTILE, "others": [HOSTILE],
                   "edit": {"line": 3, "before": HOSTILE, "after": HOSTILE}}],
    )  # fmt: skip
    made = next(r for r in records if r.kind == "vjp").failure
    record.failure = type(made)(**{**vars(made), "replay": HOSTILE, "reproducer": HOSTILE})
    record.failure.entries = [
        {**entry, "label": HOSTILE, "input": HOSTILE} for entry in made.entries
    ]
    record.failure.measured = {**made.measured, "label": HOSTILE}
    text = page([record], [Problem(HOSTILE, HOSTILE, 1, HOSTILE)])
    ours = page([], [])
    assert text.count("<script") == ours.count("<script") == 1
    assert "\x1b" not in text
    assert "\x00" not in text
    assert "alert(1)&lt;/script&gt;" in text
    Elements(text)


def test_a_mistake_is_told_with_its_remedy_and_a_guess_as_one():
    mistakes = [
        {"id": "sign", "title": "a sign", "explanation": "It is turned around.", "explained": 1.0,
         "others": ["a minus too many"], "remedy": "Turn it.",
         "edit": {"line": 7, "before": "return x", "after": "return -x"}},
        {"id": "factor", "title": "a factor", "explained": 0.83},
    ]  # fmt: skip
    text = page([Record("r", "vjp", "fail", message="m", mistakes=mistakes)], [])
    for part in ("<strong>a sign</strong>", "It is turned around.", "a minus too many", "Turn it.",
                 "change of line 7", "+ return -x", "a guess: it explains 83 %"):  # fmt: skip
        assert part in text
    assert text.count("a guess") == 1


@pytest.mark.parametrize(
    ("docstring", "shown"),
    [
        (r"a $x_i$ b", "<msub>"),
        (r"\(x\) and \[y\]", 'display="block"'),
        (r":math:`\frac{a}{b}`", "<mfrac>"),
        (".. math:: y =\n    x^2\n\nmore", "<p>more</p>"),
        (r"``$5`` and ``$6``", "<code>$5</code> and <code>$6</code>"),
        (r"costs \$5", r"costs \$5"),
        (r"$\text{<script>alert(1)</script>}$", r"<code>\text{&lt;script&gt;"),
        (r"$\href{javascript:alert(1)}{x}$", "<mi>x</mi>"),
        (r"$\frac{$ unfinished", r"<code>\frac{</code>"),
        (r"a <b> & $x$", "a &lt;b&gt; &amp; <math"),
    ],
)
def test_the_latex_of_a_docstring_becomes_a_formula_and_nothing_else(docstring, shown):
    made = described(docstring)
    assert shown in made
    assert "href" not in made.replace(r"\href", "")
    assert "<script" not in made


def test_without_the_extra_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(template, "_NEEDED", ("jinja2", "no_such_module"))
    with pytest.raises(
        InputError, match=r'needs no_such_module.*pip install "gradcheck\[report\]"'
    ):
        require_installed("--html")


def test_numbers_of_any_size_are_drawn():
    numbers = [0.0, float("nan"), float("inf"), -1e300, 1e-300]
    made = [vars(Entry("x", (k,), "y", (0,), n, 1.0, 0.5)) | {"label": "l"}
            for k, n in enumerate(numbers)]  # fmt: skip
    record = Record("r", "jacobian", "fail", message="m")
    record.failure = Failure(entries=made, measured=made[1], quotients=[[1.0, 2.0]])
    assert page([record], []).count("<svg") == 3


def luminance(colour):
    channels = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_has_contrast_in_both_schemes(text, scheme):
    block = re.findall(r":root \{(.*?)\}", text, re.DOTALL)[scheme]
    colours = dict(re.findall(r"--(\w+): (#\w+)", block))
    colours = {n: c if len(c) == 7 else "#" + "".join(2 * d for d in c[1:])
               for n, c in colours.items()}  # fmt: skip
    for name in ("ink", "soft", "link", "wrong", "right", "error", "fail", "undecided", "pass"):
        for ground in ("paper", "panel"):
            light, dark = sorted((luminance(colours[name]), luminance(colours[ground])))[::-1]
            assert (light + 0.05) / (dark + 0.05) >= CONTRAST, (name, ground)
