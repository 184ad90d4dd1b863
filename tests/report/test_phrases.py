"""Every headline of a failure is known in every language."""

import ast
import pickle
from pathlib import Path

import gradcheck
from gradcheck.hints import LANGUAGES, Said, in_language, said
from gradcheck.report.phrases import TITLES, headline

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
