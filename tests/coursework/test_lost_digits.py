"""Digits that a rule loses to its own arithmetic cost it no marks; mistakes do."""

from dataclasses import replace

import numpy as np
import pytest

from gradcheck import derivation, identity, integers, options
from gradcheck.case import Case
from gradcheck.checking import check_claim
from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.grading import grade
from gradcheck.coursework.interview import Question
from gradcheck.coursework.precision import PARTS, Precision
from gradcheck.coursework.smoothness import jumps
from gradcheck.coursework.steadiness import has_lost_digits, is_rough
from gradcheck.coursework.submitted import answered_by, collecting, from_submission
from gradcheck.profiles import Profile
from gradcheck.verdict import Status
from gradcheck.verification import judge_at

PROFILE = Profile("grading", 119, derandomized=True, database=False, all_seeded=True)


class Answering:
    """A submission of one function in this process."""

    def __init__(self, function):
        self.function = function

    def ask(self, submitted, calls, size):
        return [self.function(*call) for call in calls]


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def jacobian(z):
    y = softmax(z)
    return np.diag(y) - np.outer(y, y)


def squares(z):
    return (softmax(z) ** 2).sum()


#: Right rules that compute y themselves: where it is all but 1, nothing is left of 1 - y.
RIGHT = {
    "jacobian": (softmax, "rule(z)", jacobian),
    "partial": (softmax, "rule(z, i, j)", lambda z, i, j: jacobian(z)[j, i]),
    "row": (softmax, "rule(z, j)", lambda z, j: jacobian(z)[j]),
    "column": (softmax, "rule(z, i)", lambda z, i: jacobian(z)[:, i]),
    "gradient": (squares, "rule(z)", lambda z: 2 * softmax(z) * (softmax(z) - squares(z))),
    "jvp": (softmax, "rule(dz, z)", lambda dz, z: jacobian(z) @ dz),
    "vjp": (softmax, "rule(dy, z)", lambda dy, z: jacobian(z) @ dy),
}


def declared(kind):
    function, call, _ = RIGHT[kind]
    made = options(smooth=True)(derivation(z="k")(function))
    with collecting():
        return getattr(made, kind)(from_submission(call))


@pytest.mark.parametrize("kind", RIGHT)
def test_a_rule_that_saturates_is_right(kind):
    rule = declared(kind)
    excused = []

    def is_excused(verdict):
        excused.append(has_lost_digits(rule, verdict))
        return replace(verdict, status=Status.UNDECIDED) if excused[-1] else None

    with answered_by(Answering(RIGHT[kind][2])):
        for seed in (1, 3):
            found = check_claim(rule, PROFILE, seed, simplify=False, excused=is_excused)
            assert found.record.status == "pass", found.record.message
    assert excused, "it would have lost its marks"
    assert all(excused)


@pytest.mark.parametrize("off", [2.0**-20, 41 * PARTS])
def test_a_mistake_is_none_of_its_digits(off):
    rule = declared("jacobian")
    with answered_by(Answering(lambda z: jacobian(z) + off)):
        verdict = judge_at(rule, Case({"z": np.array([0.0, 40.0])}, seed=1), contracts=False)
    assert verdict.status is Status.FAIL
    assert not has_lost_digits(rule, verdict)


@pytest.mark.parametrize("off", [0.0, 41 * PARTS])
def test_what_it_loses_beside_a_kink_is_no_jump(off):
    """Where the function may have a kink the same holds: a mistake asks for the teacher alone."""
    rule = declared("jacobian")
    case = Case({"z": np.array([0.0, 40.0])}, seed=1)
    with answered_by(Answering(lambda z: jacobian(z) + off)):
        assert judge_at(rule, case, contracts=False).status is Status.FAIL
        assert jumps(rule, case) is (off > 0)


def test_labels_are_whole_numbers_in_every_run_of_jitter():
    """Else nothing is known of the rounding, and a side that is wrong is never accused."""

    def loss(z, t):
        return -z[np.arange(len(t)), t].mean()

    with collecting():
        own = from_submission("loss(z, t)")

    @identity(z="n k", t=integers("n", low=0, high="k"))
    def same(z, t):
        return own(z, t), loss(z, t)

    for factor, status in ((1.0, "pass"), (1.001, "fail")):
        with answered_by(
            Answering(lambda z, t, by=factor: by * sum(-z[a, b] / len(t) for a, b in enumerate(t)))
        ):
            found = check_claim(same, replace(PROFILE, inputs=12), 1, simplify=False)
        assert (found.record.status, found.record.undecided) == (status, 0), found.record


SETTINGS = """
id = "saturated"
inputs = 28
seeds = { visible = 1, hidden = 2 }
[[parts]]
claim = "softmax.py::softmax[jacobian-jacobian]"
points = 1
"""
DERIVATION = """
import numpy as np
from gradcheck import derivation, options, real
from gradcheck.coursework import from_submission


@options(smooth=True)
@derivation(z=real("k", low=30, high=60))
def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


softmax.jacobian(from_submission("jacobian(z)"))
"""
SUBMISSION = """
import numpy as np


def jacobian(z):
    e = np.exp(z - z.max())
    y = e / e.sum()
    return np.diag(y) - np.outer(y, y)
"""


def test_it_keeps_its_marks(tmp_path, apart):
    (tmp_path / "derivations").mkdir()
    (tmp_path / "derivations" / "softmax.py").write_text(DERIVATION)
    (tmp_path / "assignment.toml").write_text(SETTINGS)
    submission = tmp_path / "submission.py"
    loaded = Assignment.load(tmp_path)
    for source, earned in ((SUBMISSION, 1), (SUBMISSION.replace("outer(y, y)", "outer(e, y)"), 0)):
        submission.write_text(source)
        graded = grade(loaded, submission, apart, loaded.hidden_seed, "one")
        assert graded.earned == earned, graded


def test_the_precision_of_answers_is_told_by_their_digits():
    third = np.full(3, 1 / 3)
    told = Precision()
    for answer in (None, np.zeros(4), np.array([0.75, -2.0]), np.arange(3), "text"):
        told.hear(answer)
    assert not told.is_single, "numbers that short are the same in any precision"
    told.hear((third.astype(np.float32), [np.float64(np.float32(0.1))], np.array([np.inf])))
    assert told.is_single
    told.hear([third.astype(np.float32), third])
    assert not told.is_single


def in_single(y):
    return y.astype(np.float32).astype(np.float64)


@pytest.mark.parametrize(
    ("function", "rough"),
    [(lambda dy, y: y * (dy - dy @ y), False), (lambda dy, y: dy * (y > 0.3), False),
     (lambda dy, y: np.sign(dy), False), (lambda dy, y: 0 * dy, False),
     (lambda dy, y: in_single(y) * (dy - dy @ y), True),
     (lambda dy, y: in_single(y * (dy - dy @ y)), True)],
)  # fmt: skip
def test_answers_that_are_rounded_on_the_way_are_rough(function, rough):
    """Also where only a part of what they are made of is, and whatever they are converted to."""
    rng = np.random.default_rng(4)
    asked = []
    for _ in range(9):
        call = rng.normal(size=5), softmax(rng.normal(size=5))
        asked.append(Question(None, call, 5, function(*call)))
    assert is_rough(Answering(function), asked) is rough


SINGLE = """
import numpy as np


def softmax(z):
    raise NotImplementedError


softmax_backward = softmax


def linear_backward(dz, x, W):
    dz, x, W = (one.astype(np.float32) for one in (dz, x, W))
    return [one.astype({type}) for one in (dz @ W.T, x.T @ dz, dz.{sum}(axis=0))]
"""


@pytest.mark.parametrize("back", ["f4", "f8"])
def test_what_single_precision_loses_costs_nothing(back, tmp_path, homework, apart):
    """Also in answers that are converted back, whose type does not tell."""
    submission = tmp_path / "submission.py"
    submission.write_text(SINGLE.format(type=f"'{back}'", sum="mean"))
    # Of more messages each waits longer on a busy machine; and what is left out is wrong anyway.
    linear = tuple(one for one in homework.tasks if one.name.startswith("linear"))
    homework = replace(homework, time_limit=10.0, tasks=linear)
    graded = grade(homework, submission, apart, homework.hidden_seed, "one")
    dx, dW, db = graded.parts
    assert {str(dx.outcome), str(dW.outcome)} == {"passed"}, graded
    assert str(db.outcome) == "wrong", "a mean is no rounding"
