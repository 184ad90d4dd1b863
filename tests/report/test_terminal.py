"""What a stream shows: its colours, its characters, its width, and how far a run is."""

import io

import pytest

from gradcheck.report.progress import Progress
from gradcheck.report.terminal import Screen, width

REPORT = """\
softmax[jacobian-rule]: FAIL, wrong value
derivations/softmax.py:3

          claimed | measured
  db[0]       0.5 | 1 ± 1e-15
  y[0]    0.4444*  0.1111    0.2222   -0.1111

    ≠ -e[j] * e[i] / total   -0.5
    = 2* total               -0.5
"""


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WT_SESSION", "for Windows")


def test_a_report_is_coloured_where_it_says_what_is_wrong():
    shown = Screen(colour=True, encoding="utf-8").show(REPORT)
    assert "\x1b[1;31mFAIL, wrong value\x1b[0m" in shown
    assert "\x1b[31m0.5\x1b[0m | 1 ± 1e-15" in shown
    assert "\x1b[31m0.4444*\x1b[0m  0.1111 " in shown
    assert "\x1b[31m    ≠ -e[j]" in shown
    assert "    = 2* total " in shown  # a product is no mark
    assert Screen().show(REPORT) == REPORT


def test_a_plain_terminal_gets_plain_characters_in_the_same_columns():
    shown = Screen(encoding="ascii").show(REPORT)
    assert shown.isascii()
    assert "1 +- 1e-15" in shown
    assert "   != -e[j] * e[i] / total   -0.5\n    = 2* total" in shown
    assert Screen(encoding="latin-1").show("∂y ± 1 µm") == "dy ± 1 µm"
    assert Screen(encoding="no such thing").show("∂") == "∂"


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
)
def test_colour_is_for_terminals_whose_user_wants_it(variables, coloured, monkeypatch):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert Screen.of(Terminal()).colour is coloured


def test_colour_can_be_had_elsewhere_too(monkeypatch):
    assert not Screen.of(io.StringIO()).colour
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert Screen.of(io.StringIO()).colour


def test_the_width_is_that_of_the_terminal_or_the_one_told(monkeypatch):
    assert width(io.StringIO()) is None
    monkeypatch.setenv("COLUMNS", "72")
    assert width(io.StringIO()) == 72
    monkeypatch.setenv("COLUMNS", "many")
    assert width(io.StringIO()) is None


def test_progress_says_which_claim_how_far_and_what_failed(monkeypatch):
    monkeypatch.setattr("gradcheck.report.progress._PAUSE", 0)
    monkeypatch.setenv("COLUMNS", "70")
    stream = Terminal()
    progress = Progress(stream, 12, 100)
    progress.start("derivations/a.py::first\x1b[2J")
    progress.judged(35)
    progress.ended("fail")
    progress.start("derivations/b.py::" + "second" * 20)
    progress.judged(70)
    lines = [line.rstrip() for line in stream.getvalue().split("\r")]
    assert "[1/12] 35 of 100 inputs: derivations/a.py::first\\x1b[2J" in lines
    assert all(len(line) < 70 for line in lines)
    assert lines[-1].startswith("[2/12] 70 of 100 inputs, 1 failed so far: derivations/b.py::")


def test_there_is_no_progress_where_there_is_no_terminal():
    stream = io.StringIO()
    progress = Progress(stream, 1, 100)
    progress.start("a")
    progress.ended("fail")
    assert stream.getvalue() == ""
