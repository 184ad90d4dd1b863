"""What costs a submission nothing, and is said: what it changes in place, what is left open."""

import shutil
import sys

import pytest

from gradcheck.cli import main
from gradcheck.coursework import grading
from gradcheck.coursework.formats.html import student_page
from gradcheck.coursework.grading import grade
from gradcheck.coursework.protocol import MOST_REMARKS
from gradcheck.coursework.results import Graded, Outcome
from tests.coursework.test_layers import CONVENTIONS, assignment, earned

IN_PLACE = """
def honest(dy):
    dy *= 2
    return dy


def square_backward(dy, x):
    dy *= {factor} * x
    return dy
"""


@pytest.mark.parametrize(("factor", "points"), [(2, 3), (3, 1)])
def test_a_rule_is_told_of_the_argument_that_it_changes(factor, points, tmp_path, guarded, apart):
    submission = tmp_path / "submission.py"
    submission.write_text(IN_PLACE.format(factor=factor))
    graded = grade(guarded, submission, apart, guarded.hidden_seed, "one")
    assert graded.earned == points
    honest, square = graded.parts
    assert honest.remarks == (), "its cases are not shown"
    (remark,) = square.remarks
    assert remark.startswith("square_backward changes its argument 'dy' in place")
    assert graded.notes == ()
    page = student_page(graded).replace("&#39;", "'")
    assert page.count("changes its argument 'dy' in place") == 1
    assert Graded.from_dict(graded.as_dict()) == graded


def test_a_student_is_told_the_same_and_it_fails_nothing(tmp_path, guarded, monkeypatch, capsys):
    shutil.copytree(guarded.folder / "derivations", tmp_path / "own" / "derivations")
    (tmp_path / "own" / "submission.py").write_text(IN_PLACE.format(factor=2))
    monkeypatch.chdir(tmp_path / "own")
    monkeypatch.setattr(sys, "path", [*sys.path])  # the command adds to it
    assert main(["check", "--inputs", "5"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "square_backward changes its argument 'dy' in place" in told


#: What a layer may change, after it has used it, and what is said of that.
CHANGES = {
    "the cotangent": ("dout[...] = 0", ["writes into the cotangent"]),
    "an input": ("self.x[...] = 0", ["writes into its input 'x'"]),
    "a parameter": ("self.W[...] = 0", ["changes its parameter 'W'"]),
    "nothing": ("pass", []),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_layer_is_told_of_what_it_changes(what, tmp_path, apart):
    change, said = CHANGES[what]
    names, source = CONVENTIONS["gradients in attributes"]
    source = source.replace("return dout @ self.W.T", f"dx = dout @ self.W.T\n        {change}\n"
                            "        return dx")  # fmt: skip
    assert change in source
    marks, graded = earned(assignment(tmp_path / "teacher", names), source, tmp_path, apart)
    assert marks == {"same_forward": 1, "dx": 1, "dW": 1, "db": 1}, graded
    forward, *gradients = graded.parts
    assert forward.remarks == ()
    for part in gradients:
        assert len(part.remarks) == len(said)
        assert all(text in one for text, one in zip(said, part.remarks, strict=True)), part


def test_how_a_layer_is_read_is_said_of_the_whole_and_no_longer_than_is_of_use(tmp_path, apart):
    names, source = CONVENTIONS["gradients in attributes"]
    more = "".join(f"self.w{k} = self.dw{k} = " for k in range(2 * MOST_REMARKS))
    source = source.replace("return dout @", f"{more}dout.copy()\n        return dout @")
    assert more in source
    marks, graded = earned(assignment(tmp_path / "teacher", names), source, tmp_path, apart)
    assert marks == {"same_forward": 1, "dx": 1, "dW": 1, "db": 1}, graded
    assert 0 < len(graded.notes) <= MOST_REMARKS
    assert "that is not checked" in graded.notes[0]
    assert not any(part.remarks for part in graded.parts)


@pytest.mark.parametrize("at_fresh", [False, True])
def test_what_is_left_open_is_tried_on_fresh_inputs_first(
    at_fresh, tmp_path, guarded, apart, monkeypatch
):
    """A pass with too many open inputs, as whatever is undecided."""
    tried = []
    checked = grading._checked

    def leaves_open(assignment, task, seeds, inputs, *rest):
        found = checked(assignment, task, seeds, inputs, *rest)
        if task.name == "square":
            tried.append((seeds, inputs))
            if at_fresh or len(seeds) == 1:
                found.record.undecided = found.record.inputs // 2
        return found

    monkeypatch.setattr(grading, "_checked", leaves_open)
    (tmp_path / "submission.py").write_text(IN_PLACE.format(factor=2))
    graded = grade(guarded, tmp_path / "submission.py", apart, guarded.hidden_seed, "one")
    _, square = graded.parts
    fresh = [guarded.visible_seed, grading.FRESH], grading.FRESH
    assert tried[1] == fresh
    ends = Outcome.NEEDS_TEACHER if at_fresh else Outcome.PASSED
    assert square.outcome is ends, square
    assert graded.needs_teacher == at_fresh
