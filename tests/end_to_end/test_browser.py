"""A page with failures in a real browser: clicked through, by keyboard, in the dark, on a phone.

Needs Debian's ``chromium`` and the dependency group ``browser``.
"""

import os
import shutil

import pytest

from tests.end_to_end.files import RIGHT, UNDECIDED, WRONG

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
HOSTILE = '''
import numpy as np
from gradcheck import derivation

@derivation(W="n m")
def square(W):
    return W**2

def rule(dy, W):
    r"""$\\text{<script>alert(1)</script>}$, $2 \\frac{a}{b}$ <img src=x onerror=alert(2)>"""
    return dy * W.sum()

rule.__name__ = "<img src=x onerror=alert(3)>"
square.vjp(rule)
'''

sync_api = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: pip install --group browser"
)
pytestmark = pytest.mark.skipif(
    shutil.which(CHROMIUM) is None, reason=f"{CHROMIUM} is not installed: apt-get install chromium"
)


@pytest.fixture(scope="module")
def address(new_folder):
    folder = new_folder("browsed")
    said = 'def backward(dy, y):\n    r"""$y \\odot (\\bar{y} - 1)$"""'
    folder("derivations/right.py", RIGHT.replace("def backward(dy, y):", said))
    for name, text in (("wrong", WRONG), ("coarse", UNDECIDED), ("hostile", HOSTILE)):
        folder(f"derivations/{name}.py", text)
    folder("derivations/broken.py", "import no_such_module\n")
    assert folder.gradcheck("check", "--inputs=20", "--html=page.html").code == 1
    return (folder.path / "page.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser, address):
    """Opens the page, and fails the test for what it asks of the network or says in the console."""
    opened, complaints = [], []

    def make(**context):
        page = browser.new_page(**context)
        opened.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.append(request.url)
                if request.url.startswith(("http", "ws")) else None)  # fmt: skip
        page.goto(address)
        return page

    yield make
    for page in opened:
        page.close()
    assert complaints == []


def test_a_reader_clicks_from_the_overview_to_what_is_wrong(open_page):
    # Without the smooth scrolling, which ends some time after the click.
    page = open_page(viewport={"width": 1100, "height": 800}, reduced_motion="reduce")
    rows = page.locator("#overview ~ .scroll tbody tr")
    assert rows.count() == 6
    assert page.get_by_role("heading", level=1).inner_text() == "gradcheck"
    assert [rows.nth(k).locator(".status").inner_text() for k in range(6)] == [
        "error", "failed", "failed", "undecided", "passed", "passed",
    ]  # fmt: skip

    page.get_by_role("link", name="softmax[vjp-backward]").first.click()
    section = page.locator("section:target")
    assert section.get_by_role("heading", level=3).inner_text() == "softmax[vjp-backward]"
    box = section.bounding_box()
    assert box["y"] < 800
    assert section.locator("svg.heatmap").first.is_visible()
    assert section.locator("svg.curve").is_visible()
    assert "y * (dy + dy @ y)" in section.locator("pre").nth(1).inner_text()
    assert not section.get_by_text("replay(backward").is_visible()
    section.get_by_text("A script that shows it").click()
    assert section.get_by_text("replay(backward").is_visible()
    section.get_by_role("link", name="Back to the overview").click()
    assert page.url.endswith("#overview")

    # What passed is folded up until it is asked for.
    page.get_by_role("link", name="softmax[vjp-backward]").last.click()
    passed = page.locator("section:target")
    assert passed.locator("math").first.is_visible()
    assert passed.locator("math").first.bounding_box()["width"] > 20

    page.get_by_label("2 passed").uncheck()
    assert page.locator("section:visible").count() == 4
    assert page.locator("tbody tr[data-status]:visible").count() == 4
    page.get_by_label("2 passed").check()
    assert page.locator("section:visible").count() == 6


def test_the_page_works_with_the_keyboard_alone(open_page):
    page = open_page(viewport={"width": 1100, "height": 800})
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.url.endswith("#claims")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    details = page.locator("section > details").first
    assert details.get_attribute("open") is not None
    page.keyboard.press("Enter")
    assert details.get_attribute("open") is None
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    # What scrolls by itself can be reached, or its end could not be read.
    assert page.evaluate(
        "[...document.querySelectorAll('pre, .scroll')].every((one) => one.tabIndex === 0)"
    )


def test_what_users_wrote_does_nothing(open_page):
    page = open_page()
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
    page.get_by_role("link", name="square[vjp-<img src=x onerror=alert(3)>]").click()
    section = page.locator("section:target")
    assert section.get_by_text("<img src=x onerror=alert(2)>").first.is_visible()
    assert section.locator("mfrac").count() == 1


def test_the_dark_scheme_is_dark_and_the_phone_is_not_scrolled_sideways(open_page):
    light, dark = (open_page(color_scheme=scheme) for scheme in ("light", "dark"))
    ground = "getComputedStyle(document.body).backgroundColor"
    assert light.evaluate(ground) == "rgb(255, 255, 255)"
    assert max(map(int, dark.evaluate(ground)[4:-1].split(","))) < 40
    phone = open_page(viewport={"width": 375, "height": 700})
    assert phone.evaluate("document.documentElement.scrollWidth") <= 375
    assert phone.locator("svg.heatmap").first.bounding_box()["width"] <= 375


def test_on_paper_everything_is_unfolded(open_page):
    page = open_page()
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("details:not([open])").count() == 0
    page.emulate_media(media="print")
    assert not page.locator("fieldset").is_visible()
