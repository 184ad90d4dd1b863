"""What is wrong with an assignment is said by file, part and remedy."""

import pytest

from gradcheck.coursework.assignment import Assignment
from gradcheck.errors import InputError
from tests.coursework.conftest import HERE, private_copy

CLAIM = 'claim = "powers.py::square[vjp-square_backward]"'


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("id = ", "idea = ", "'idea' is not known; there are seeds, modules, id"),
        ('hints = "none"', 'hints = "all"', "hints = 'all'; one of none, where, what, remedy"),
        ("time_limit = 1.2", "time_limit = 0", "time_limit = 0"),
        ("inputs = 28", "inputs = 3", "inputs = 3; with less than 28"),
        ("inputs = 28", "inputs = true", "inputs = True; a whole number was expected"),
        ("visible = 1", "visible = -1", "seeds are 0 or more"),
        ("visible = 1", "open = 1", "seeds: 'open' is not known"),
        ("points = 2", "points = -2", "part 2: points = -2; numbers of 0 or more"),
        ("points = 2", "point = 2", "part 2: 'point' is not known"),
        ("points = 2", "points = { dx = 1, dW = 2 }", "square has no gradient 'dW'; it has dx"),
        (CLAIM, "claim = 'square'", "part 2: claim = 'square'; such as"),
        (CLAIM, "claim = 'cubes.py::cube'", "there is no derivations/cubes.py"),
        (CLAIM, "claim = 'powers.py::cube'", "has no claim 'cube'; it has double"),
        ('name = "square"', 'name = "honest"', "'honest'; give one of them a name of its own"),
        ("[[parts]]", "[[part", "assignment.toml: "),
        ('id = "guarded"', 'id = "guarded"\nmodules = [1]', "modules = \\[1\\]"),
    ],
)  # fmt: skip
def test_a_setting_that_is_wrong_is_named(before, after, said, tmp_path):
    private_copy("guarded", tmp_path)
    settings = tmp_path / "guarded" / "assignment.toml"
    text = settings.read_text()
    assert before in text
    settings.write_text(text.replace(before, after))
    with pytest.raises(InputError, match=said):
        Assignment.load(tmp_path / "guarded")


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('double.vjp(from_submission("honest(dy)"))', "double.vjp(1 / 0)", "ZeroDivisionError"),
        ("honest(dy)", "honest", "the name and its parameters were expected"),
        ("honest(dy)", "honest(dy, *rest)", "the name and its parameters were expected"),
        ("honest(dy)", "honest(dy, z)", "powers.py:10: honest asks for 'z', which is not known"),
        ("    return x * x", "    return x * x\n\n\nsquare = derivation(x='k')"
         "(from_submission('square(x)'))", "what is measured has to be yours"),
    ],
)  # fmt: skip
def test_a_derivation_file_that_is_wrong_is_named(before, after, said, tmp_path):
    private_copy("guarded", tmp_path)
    file = tmp_path / "guarded" / "derivations" / "powers.py"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))
    with pytest.raises(InputError, match=said):
        Assignment.load(tmp_path / "guarded")


def test_a_folder_that_is_none_is_named(tmp_path):
    with pytest.raises(InputError, match=r"is no assignment: it has no assignment\.toml"):
        Assignment.load(tmp_path)
    text = (HERE / "guarded" / "assignment.toml").read_text()
    (tmp_path / "assignment.toml").write_text(text)
    with pytest.raises(InputError, match="there are no derivation files"):
        Assignment.load(tmp_path)
    (tmp_path / "derivations").mkdir()
    (tmp_path / "derivations" / "powers.py").write_text("x = 1\n")
    with pytest.raises(InputError, match="no rule comes from the submission"):
        Assignment.load(tmp_path)


def test_the_digest_is_of_all_that_decides_the_marks(guarded):
    file = guarded.folder / "derivations" / "powers.py"
    file.write_text(file.read_text() + "\n# a remark\n")
    again = Assignment.load(guarded.folder)
    assert again.digest != guarded.digest
    assert len(again.asked) == 2
    assert again.possible == 3


HESSIAN = """
import numpy as np
from gradcheck import derivation
from gradcheck.coursework import from_submission

own = from_submission("sum_gradient(z)")


@derivation(z="k")
def total(z):
    return np.tanh(z).sum()


def wrapped(z):
    return own(z)


total.gradient(own)
total.vjp("z")(lambda dy, z: dy * wrapped(z))
total.vjp("z")(lambda dy, z: dy * (1 - np.tanh(z) ** 2))
total.hessian(from_submission("sum_hessian(z)"))
"""


def test_a_hessian_is_measured_by_no_gradient_of_the_submission(tmp_path):
    """It would be asked for at points that no submission may see."""
    (tmp_path / "derivations").mkdir()
    (tmp_path / "derivations" / "total.py").write_text(HESSIAN)
    (tmp_path / "assignment.toml").write_text(
        'id = "hessian"\ntitle = "Hessian"\nseeds = { visible = 1, hidden = 2 }\n'
        '[[parts]]\nclaim = "total.py::total[hessian-sum_hessian]"\npoints = 1\n'
    )
    (task,) = Assignment.load(tmp_path).tasks
    own, teachers = task.claim.derivation.rules
    assert own is task.claim
    assert teachers.kind == "vjp"
    assert teachers.function.__code__.co_names == ("np", "tanh")
    assert task.title == "total · sum_hessian"


def test_a_function_that_only_passes_on_what_the_submission_says_is_not_measured(tmp_path):
    private_copy("guarded", tmp_path)
    file = tmp_path / "guarded" / "derivations" / "powers.py"
    text = file.read_text()
    file.write_text(
        text.replace("    return x * x", "    return own(x)")
        + '\nown = from_submission("own(x)")\n'
    )
    with pytest.raises(InputError, match="what is measured has to be yours"):
        Assignment.load(tmp_path / "guarded")
