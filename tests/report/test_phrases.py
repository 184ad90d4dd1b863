"""Every headline of a failure is known in every language."""

import ast
import pickle
import re
from pathlib import Path

import gradcheck
from gradcheck.hints import LANGUAGES, Said, in_language, said
from gradcheck.records import Record, remarks, summary
from gradcheck.report.page import page
from gradcheck.report.phrases import _ON_PAGE, TITLES, headline
from tests.report.elements import Elements

PACKAGE = Path(gradcheck.__file__).parent
#: Raised where no report is made of them.
ELSEWHERE = {"not shown"}


def literal_headlines():
    """Those that stand as a literal in the code: of violations, and set as a title."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Violation":
                first = node.args[0]
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "attr", "") == "title":
                first = node.value
            else:
                continue
            if isinstance(first, ast.Constant):
                yield first.value


def test_every_headline_is_known_in_every_language():
    found = set(literal_headlines()) - {""} - ELSEWHERE
    assert len(found) > 15
    assert found <= set(TITLES)
    assert all(headline(title, "zh") != title for title in found)


def test_what_is_said_is_english_to_all_code_and_carries_the_rest():
    inner = said("a sum", "总和")
    message = said("{what} is {value:.1f}", "{what}是 {value:.1f}", what=inner, value=2)
    assert message == "a sum is 2.0"
    assert [in_language(message, code) for code in LANGUAGES] == ["a sum is 2.0", "总和是 2.0"]
    again = pickle.loads(pickle.dumps(message))
    assert isinstance(again, Said)
    assert again.text == message.text
    assert in_language("plain", "zh") == "plain"


def test_every_text_of_a_page_is_known_in_every_language():
    template = (PACKAGE / "report" / "page.html").read_text(encoding="utf-8")
    said_there = set(re.findall(r'say\("([^"]+)"', template))
    code = "".join(
        (PACKAGE / "report" / name).read_text(encoding="utf-8")
        for name in ("page.py", "heatmap.py", "curve.py")
    )
    assert said_there <= set(_ON_PAGE)
    unused = [t for t in _ON_PAGE if t not in said_there and t not in re.sub(r"\s+", " ", code)]
    assert not unused
    assert all(_ON_PAGE.values())


def test_a_chinese_page_has_no_english_around_what_users_wrote(records):
    english = Elements(page(records, []))
    chinese = Elements(page(records, [], "zh"))
    assert chinese.all("html")[0]["lang"] == "zh-CN"
    texts = {
        text for tag, text in chinese.texts if tag in ("h2", "h4", "caption", "button", "legend")
    }
    assert texts
    assert all(any(ord(c) > 0x2E80 for c in text) for text in texts), texts
    assert not texts & {text for _, text in english.texts}
    assert summary(records, "zh") != summary(records)
    record = Record("f[vjp-r]", "vjp", "pass", notes=["x"], unclaimed=["f: t"])
    record.set_aside = {"overflow": 2}
    assert len(remarks(record, "zh")) == len(remarks(record)) == 3
    assert not set(remarks(record, "zh")) & set(remarks(record))


#: Messages that hold nothing but what somebody else said, or never reach a report of gradcheck's.
AS_IT_IS = {"submitted.py", "assignment.py", "comparison.py", "worked_numbers.py"}


def test_every_message_of_a_broken_contract_is_known_in_every_language():
    english = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(getattr(node, "func", None), "id", "")
            if name in ("Violation", "SetAside") and path.name not in AS_IT_IS:
                message = node.args[1]
                if isinstance(message, ast.JoinedStr | ast.Constant | ast.BinOp):
                    english.append(f"{path.name}:{node.lineno}")
    assert english == []
