"""The pages in a real browser: clicked through, by keyboard, in the dark, on a phone.

Needs Debian's ``chromium`` and the dependency group ``browser``.
"""

import os
import shutil

import pytest

from gradcheck.coursework.formats import html
from tests.coursework.formats.made_up import a_class, hostile
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
#: Waits for what a click makes visible.
expect = sync_api.expect
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
def marks(tmp_path_factory):
    """The pages of a class of 60, and of a submission that is hostile in every field."""
    folder = tmp_path_factory.mktemp("marks")
    html.write(a_class(), folder)
    html.write([hostile()], folder / "hostile")
    return folder


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

    def make(at=address, **context):
        page = browser.new_page(**context)
        opened.append(page)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", lambda request: complaints.append(request.url)
                if request.url.startswith(("http", "ws")) else None)  # fmt: skip
        page.goto(at)
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
    expect(section.locator("svg.heatmap").first).to_be_visible()
    expect(section.locator("svg.curve")).to_be_visible()
    assert "y * (dy + dy @ y)" in section.locator("pre").nth(1).inner_text()
    expect(section.get_by_text("replay(backward")).to_be_hidden()
    section.get_by_text("A script that shows it").click()
    expect(section.get_by_text("replay(backward")).to_be_visible()
    section.get_by_role("link", name="Back to the overview").click()
    assert page.url.endswith("#overview")

    # What passed is folded up until it is asked for.
    page.get_by_role("link", name="softmax[vjp-backward]").last.click()
    passed = page.locator("section:target")
    expect(passed.locator("math").first).to_be_visible()
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
    page.wait_for_url("**#claims")  # which the browser says a moment after the key
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
    expect(section.get_by_text("<img src=x onerror=alert(2)>").first).to_be_visible()
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
    expect(page.locator("fieldset")).to_be_hidden()


def test_a_teacher_clicks_from_the_class_to_a_student_and_sees_what_went_wrong(open_page, marks):
    page = open_page((marks / "class.html").as_uri(), viewport={"width": 1200, "height": 800})
    assert page.get_by_role("heading", level=1).inner_text() == "Softmax by hand"
    assert [h.inner_text() for h in page.get_by_role("heading", level=2).all()] == [
        "Needs the teacher", "What to explain next lecture", "How many got each part",
        "Submissions",
    ]  # fmt: skip
    assert page.locator("#submissions ~ .scroll tbody tr").count() == 60
    named = page.locator("ol.mistakes li").first
    expect(named.get_by_text("student-01")).to_be_hidden()
    named.get_by_text("whose").click()
    expect(named.locator("p")).to_be_visible()
    widths = [b.bounding_box()["width"] for b in page.locator(".bar").first.locator("span").all()]
    assert sum(widths) > 100
    page.get_by_role("link", name="student-01").last.click()
    assert page.url.endswith("/students/student-01.html")
    assert page.get_by_role("heading", level=1).inner_text() == "Softmax by hand"
    assert "the reason for the teacher" not in page.content()


def test_the_pages_of_a_class_work_with_the_keyboard_alone(open_page, marks):
    for name, skip in (("class.html", "#submissions"), ("students/student-01.html", "#parts")):
        page = open_page((marks / name).as_uri(), viewport={"width": 1200, "height": 800})
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.wait_for_url(f"**{skip}")  # which the browser says a moment after the key
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        assert page.evaluate(
            "[...document.querySelectorAll('pre, .scroll')].every((one) => one.tabIndex === 0)"
        )


@pytest.mark.parametrize(
    "name", ["class.html", "students/student-03.html", "hostile/class.html", "hostile/students"]
)
def test_the_pages_of_a_class_fit_a_phone_in_the_dark_and_hold_no_markup_of_others(
    open_page, marks, name
):
    path = marks / name
    path = next(path.iterdir()) if path.is_dir() else path
    page = open_page(path.as_uri(), viewport={"width": 375, "height": 700}, color_scheme="dark")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert max(map(int, ground[4:-1].split(","))) < 40
    assert page.locator("script, img, iframe, a[href^=javascript]").count() == 0
    for head in page.locator("thead th.number").all():  # a word of ours is never broken
        assert head.bounding_box()["width"] > 40
