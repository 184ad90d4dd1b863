"""What a submission changes in place costs it nothing, and is said where it is."""

import pytest

from gradcheck.coursework.formats.html import student_page
from gradcheck.coursework.grading import grade
from gradcheck.coursework.protocol import MOST_REMARKS
from gradcheck.coursework.results import Graded
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
