"""What computes in single precision is held to what that can tell: no less, and no more."""

import itertools

import numpy as np
import pytest

from gradcheck import derivation, identity, real
from gradcheck.case import Case
from gradcheck.checking import check_claim
from gradcheck.coursework import from_submission, steadiness
from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.grading import grade
from gradcheck.coursework.growth import (
    is_untold_in_single,
    lost_in_single,
    untold_in_single,
)
from gradcheck.coursework.interview import Interview
from gradcheck.coursework.precision import COARSEST, UNIT, Lost, Precision
from gradcheck.coursework.steadiness import Steady, size_of
from gradcheck.coursework.submitted import answered_by, collecting
from gradcheck.profiles import Profile
from gradcheck.verdict import Status
from gradcheck.verification import judge_at

PROFILE = Profile("grading", 40, derandomized=True, database=False, all_seeded=True)


class Answering:
    """A submission of one function in this process, and what it was asked."""

    def __init__(self, function):
        self.function, self.asked, self.messages = function, [], 0

    def ask(self, submitted, calls, size):
        self.messages += 1
        self.asked += calls
        return [self.function(*call) for call in calls]


def single(function):
    """The function in single precision, whatever it is given."""
    return lambda *given: function(*(np.asarray(one, dtype=np.float32) for one in given))


SETTINGS = """
id = "single"
inputs = 28
seeds = { visible = 1, hidden = 2 }
[[parts]]
claim = "affine.py::forward"
"""
DERIVATION = """
from gradcheck import identity
from gradcheck.coursework import from_submission


own = from_submission("affine(x, W, b)")


@identity(x="n d", W="d m", b="m")
def forward(x, W, b):
    return own(x, W, b), x @ W + b
"""
SUBMISSION = """
import numpy as np


def affine(x, W, b):
    x, W, b = (one.astype("f4") for one in (x, W, b))
    return (x @ W + b {off}){back}
"""


@pytest.mark.parametrize("back", ["", ".astype(float)"])
@pytest.mark.parametrize(
    ("off", "outcome"),
    [("", "passed"), ("+ np.float32(2**-18) * abs(x).max() * abs(W).max()", "wrong"),
     ("+ np.float32(2**-20) * (1 + abs(b) + abs(x @ W))", "wrong")],
)  # fmt: skip
def test_a_forward_function_in_single_precision_keeps_its_marks(
    off, outcome, back, tmp_path, apart
):
    (tmp_path / "derivations").mkdir()
    (tmp_path / "derivations" / "affine.py").write_text(DERIVATION)
    (tmp_path / "assignment.toml").write_text(SETTINGS)
    tmp_path.chmod(0o700)
    submission = tmp_path / "submission.py"
    submission.write_text(SUBMISSION.format(off=off, back=back))
    loaded = Assignment.load(tmp_path)
    graded = grade(loaded, submission, apart, loaded.hidden_seed, "one")
    (part,) = graded.parts
    assert str(part.outcome) == outcome, part


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


#: Functions, and how a student computes them in another way.
FUNCTIONS = {
    "affine": ({"x": "n d", "W": "d m"}, lambda x, W: x @ W, lambda x, W: np.einsum("nd,dm", x, W)),
    "norm": (
        {"x": "n d"},
        lambda x: (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-2),
        lambda x: (x - x.sum(0) / len(x)) * (x.var(0) + np.float32(1e-2)) ** np.float32(-0.5),
    ),
    "gate": (
        {"x": "n d", "h": "n d"},
        lambda x, h: sigmoid(x) * h + (1 - sigmoid(x)) * np.tanh(x),
        lambda x, h: np.tanh(x) + (h - np.tanh(x)) * (1 + np.tanh(x / 2)) / 2,
    ),
    # Larger on its way than what it is given and gives.
    "cube": (
        {"x": real("k", low=2.9, high=3.1)},
        lambda x: x**3 - 27,
        lambda x: x * x * x - np.float32(27),
    ),
    "log": (
        {"x": real("k", low=-30, high=30)},
        lambda x: np.log(np.exp(x - x.max()).sum()) + x.max(),
        lambda x: np.log(np.exp(x).sum()),
    ),
}


def holds(name, answer):
    """An identity of a function and what is answered for it."""
    inputs, function, _ = FUNCTIONS[name]
    parameters = ", ".join(inputs)
    with collecting():
        own = from_submission(f"rule({parameters})")
    made = eval(f"lambda {parameters}: (own({parameters}), function({parameters}))",
                {"own": own, "function": function})  # fmt: skip
    return identity(**inputs)(made), Answering(answer)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_bound_on_what_is_lost_holds(name):
    """For whoever computes the same in another way, in single precision."""
    claim, answering = holds(name, single(FUNCTIONS[name][2]))
    shares = []

    def excused(verdict):
        numbers = [value for _, value in verdict.chain]
        allowed = lost_in_single(claim, verdict.case).of(size_of(verdict))
        shares.append((max(numbers) - min(numbers)) / allowed)
        return

    with answered_by(answering):
        for seed in range(3):
            check_claim(claim, PROFILE, seed, simplify=False, excused=excused)
    assert shares
    assert max(shares) <= 1


def test_what_single_precision_cannot_tell_is_left_open_and_a_mistake_is_not():
    """Of an offset nothing is left beside it: there the function itself moves by as much."""

    def centred(x):
        return (x - x.mean()) / np.sqrt(x.var() + 1e-5)

    with collecting():
        own = from_submission("centred(x)")

    @identity(x="n")
    def same(x):
        return own(x), centred(x)

    far = Case({"x": np.array([1e6, 1e6 + 0.3, 1e6 + 1.7])}, 1)
    near = Case({"x": np.array([0.3, 1.7])}, 1)
    with answered_by(Answering(single(centred))):
        assert abs(single(centred)(far.inputs["x"]) - centred(far.inputs["x"])).max() > 1e-4
        assert untold_in_single(same, far) > 1e-2
        assert untold_in_single(same, near) < 1e-5
    # A submission that moves by more than the function has no excuse in that.
    with answered_by(Answering(lambda x: centred(x) + np.sin(x * 2.0**30))):
        assert untold_in_single(same, near) < 1e-5


def normed(x):
    return (x - x.mean()) / np.sqrt(x.var() + 1e-5)


def pulled_back(dy, x):
    y = normed(x)
    return (dy - dy.mean() - y * (dy * y).mean()) / np.sqrt(x.var() + 1e-5)


@pytest.mark.parametrize(("by", "untold"), [(1.0, True), (1.01, False)])
def test_where_the_reference_itself_would_be_lost_in_single_precision_nothing_is_told(by, untold):
    """Of two numbers as of one the mean cancels what it is rounded by, and moved inputs do not."""
    with collecting():
        own = from_submission("own(x)")

    @identity(x="n")
    def same(x):
        return own(x), normed(x)

    case = Case({"x": np.array([-10.7723, -10.8668])}, 1)
    with answered_by(Answering(single(lambda x: np.float32(by) * normed(x)))):
        verdict = judge_at(same, case, contracts=False)
        assert verdict.status is Status.FAIL
        assert is_untold_in_single(same, verdict) is untold
    with collecting():
        rule = derivation(x="n")(normed).vjp(from_submission("rule(dy, x)"))
    case = Case({"x": np.array([-1000001.4543, -1000000.639])}, 1)
    off = 0.0 if untold else 10.0
    with answered_by(Answering(lambda dy, x: single(pulled_back)(dy, x).astype(float) + off)):
        verdict = judge_at(rule, case, contracts=False)
        assert verdict.status is Status.FAIL
        assert is_untold_in_single(rule, verdict) is untold


def test_what_jitter_asks_for_travels_together():
    """At a point where all of a gradient is lost, every question used to be a message."""
    with collecting():
        rule = derivation(x="n")(normed).vjp(from_submission("rule(dy, x)"))
    answering = Answering(single(pulled_back))
    case = Case({"x": np.array([1000.3, 1001.7, 999.6, 1000.2])}, 1)
    with answered_by(answering):
        assert judge_at(rule, case, contracts=False).status is not Status.FAIL
    assert answering.messages < 10


NORM = """
from gradcheck import derivation
from gradcheck.coursework import from_submission


@derivation(x="n d", g="d")
def norm(x, g):
    return g * (x - x.mean(1, keepdims=True)) / (x.var(1, keepdims=True) + 1e-5) ** 0.5


norm.vjp("x")(from_submission("dx(dy, x, g)"))
"""
DX = """
import numpy as np


def dx(dy, x, g):
    dy, x, g = (one.astype("f4") for one in (dy, x, g))
    s = 1 / np.sqrt(x.var(1, keepdims=True) + np.float32(1e-5))
    y, dy = (x - x.mean(1, keepdims=True)) * s, dy * g
    return s * (dy - dy.mean(1, keepdims=True){last})
"""
#: A part is decided by so many messages at most, of all that is asked of it.
MOST_MESSAGES = 1500


@pytest.mark.parametrize(
    ("last", "outcome"),
    [(" - y * (dy * y).mean(1, keepdims=True)", "passed"), ("", "wrong")],
)  # fmt: skip
def test_a_layer_norm_in_single_precision_is_decided_at_little_cost(
    last, outcome, tmp_path, apart, monkeypatch
):
    """Though of two numbers, and beside an offset, nothing is left of its gradient."""
    (tmp_path / "derivations").mkdir()
    (tmp_path / "derivations" / "norm.py").write_text(NORM)
    settings = SETTINGS.replace("affine.py::forward", "norm.py::norm[vjp-dx]")
    (tmp_path / "assignment.toml").write_text(settings)
    submission = tmp_path / "submission.py"
    submission.write_text(DX.format(last=last))
    loaded, messages = Assignment.load(tmp_path), []
    plain = Interview.ask

    def ask(self, *given):
        messages.append(given)
        return plain(self, *given)

    monkeypatch.setattr(Interview, "ask", ask)
    graded = grade(loaded, submission, apart, loaded.hidden_seed, "one")
    (part,) = graded.parts
    assert str(part.outcome) == outcome, part
    assert len(messages) < MOST_MESSAGES


def test_noise_in_answers_is_no_growth():
    rng = np.random.default_rng(3)
    x = np.array([[1.25, -0.5]])
    case = Case({"x": x, "h": x}, 1)
    claim, quiet = holds("gate", FUNCTIONS["gate"][2])
    loud = Answering(lambda *given: quiet.function(*given) * (1 + 2.0**-20 * rng.normal()))
    with answered_by(quiet):
        expected = lost_in_single(claim, case).amount
    with answered_by(loud):
        assert lost_in_single(claim, case).amount == pytest.approx(expected, rel=0.05)


def test_what_is_lost_is_a_share_or_an_amount_and_never_much():
    assert Lost(2.0**-20, 0.0).of(8.0) == 2.0**-17
    assert Lost(2.0**-20, 1e-5).of(2.0) == 1e-5
    assert Lost(2.0**-20, 1.0).of(2.0) == 2 * COARSEST


def test_moves_by_steps_of_single_precision_are_alike_and_points_beside_are_not():
    """Whatever the engine asks of a rule that answers in it is one of both."""

    def exponential(x):
        return np.exp(x)

    function = derivation(x="k")(exponential)
    with collecting():
        rule = function.vjp(from_submission("rule(dy, x)"))
    answering = Answering(single(lambda dy, x: dy * np.exp(x) * np.float32(1 + 2.0**-20)))
    with answered_by(answering):
        judge_at(rule, Case({"x": np.array([0.3, 1.7])}, 1), contracts=False)
    asked = [x for _, x in answering.asked]
    apart = [np.max(np.abs(x / y - 1)) for x, y in itertools.combinations(asked, 2)]
    moved = [one for one in apart if 0 < one <= steadiness._ALIKE_SINGLE]
    assert max(moved) > steadiness._ALIKE, "that of double precision does not do"
    assert not [one for one in apart if steadiness._ALIKE_SINGLE < one < 2.0**-20]


def test_inputs_that_differ_by_steps_of_single_precision_get_one_answer():
    x = np.array([1.0, -3.0])
    for is_single, expected in ((True, 2), (False, 3)):
        answering = Answering(lambda given: given)
        steady = Steady(answering, single=is_single)
        steady.ask(None, [(x,), (x * (1 + 2 * UNIT),), (x * (1 + 2.0**-20),)], 2)
        assert len(answering.asked) == expected


@pytest.mark.parametrize("function", [np.exp, np.tanh, lambda x: x**4, lambda x: x / (1 + x * x)])
def test_what_tells_rough_answers_lies_between_both_precisions(function):
    """Most answers of single precision are off by more, and none of a smooth rule."""
    x = np.random.default_rng(1).uniform(0.5, 3.0, 2000)

    def off(at):
        here, up, down = (
            at(x * factor) for factor in (1, 1 + steadiness._MOVE, 1 - steadiness._MOVE)
        )
        return np.abs(up - here + (down - here)) / np.abs(here)

    assert off(function).max() < steadiness._ROUGH / 16
    rough = off(lambda at: function(at.astype(np.float32)).astype(np.float64))
    assert np.mean(rough > steadiness._ROUGH) > 0.5


def test_rough_answers_are_known_in_the_precision_they_were_computed_in():
    told = Precision()
    answer = [np.array([0.1, np.inf]), (np.float64(0.3), None), np.arange(3)]
    assert told.known(answer)[0].dtype == np.float64
    told.rough = True
    first, (second, none), third = told.known(answer)
    assert (first.dtype, second.dtype, none) == (np.float32, np.float32, None)
    assert third.dtype == np.arange(3).dtype
    assert told.known(np.array([1e300])).dtype == np.float64, "it does not hold that"
