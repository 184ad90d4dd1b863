"""Points placed at zeros and ties, and cotangents that hold them: met at every seed."""

import functools

import numpy as np
import pytest

from gradcheck import arrays, derivation, identity, options, real
from gradcheck.case import Case
from gradcheck.checking import check_claim
from gradcheck.coursework.cotangents import unlike_their_sum
from gradcheck.coursework.placement import placed
from gradcheck.coursework.settings import INPUTS
from gradcheck.coursework.smoothness import jumps
from gradcheck.coursework.submitted import answered_by, collecting, from_submission
from gradcheck.profiles import Profile
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status

SEEDS = range(25)
PROFILE = Profile("grading", INPUTS, derandomized=True, database=False, all_seeded=True)


class Answering:
    """A submission of one function in this process."""

    def __init__(self, function):
        self.function = function

    def ask(self, submitted, calls, size):
        return [self.function(*call) for call in calls]


def points(claim, seed):
    rng = np.random.default_rng(seed)
    return [case.inputs for _, cases in placed(claim, Sampler(claim), rng) for case in cases]


def ties(a):
    return int((np.diff(np.sort(a, axis=None)) == 0).sum())


#: Ways in which a rule can be right nearly everywhere.
WAYS = {
    "a zero": lambda a: np.sum(a == 0) == 1,
    "a zero of many": lambda a: a.size > 3 and np.sum(a == 0) == 1,
    "the first is zero": lambda a: a.flat[0] == 0,
    "the last is zero": lambda a: a.flat[-1] == 0,
    "all zero": lambda a: a.size > 1 and np.all(a == 0),
    "all the same": lambda a: a.size > 2 and np.all(a == a.flat[0]) and a.flat[0] != 0,
    "a tie": lambda a: a.size > 2 and ties(a) == 1,
    "the largest twice": lambda a: a.size > 2 and np.sum(a == a.max()) == 2,
    "the least twice": lambda a: a.size > 2 and np.sum(a == a.min()) == 2,
    "opposite": lambda a: a.size > 1 and ties(np.abs(a)) == 1 and ties(a) == 0,
}


#: Those that hold whatever the size is.
BASIC = ("the first is zero", "the last is zero")


def given(claim, inputs):
    """The arrays that a submission would get of the claim's inputs."""
    values = {**inputs, "y": np.asarray(claim.derivation.function(**inputs))}
    return [(name, values[name]) for name in claim.signature.keywords]


def matrix():
    """A rule that is given its input."""
    return derivation(x="n d")(lambda x: x.sum(axis=1)).vjp(lambda dy, x: None)


def affine():
    """A rule that is given the output alone."""
    return derivation(p="k")(lambda p: 2 * p - 1).vjp(lambda dy, y: None)


def linear():
    """A rule of several arrays, each of which has its turn."""
    made = derivation(x="n d", W="d m", b="m")(lambda x, W, b: x @ W + b)
    return made.vjp(lambda dz, x, W, b: None)


@pytest.mark.parametrize(("make", "ways"), [(matrix, WAYS), (affine, WAYS), (linear, BASIC)])
def test_every_way_is_placed_in_every_array_at_every_seed(make, ways):
    claim = make()
    for seed in SEEDS:
        met = set()
        for inputs in points(claim, seed):
            arrays_ = given(claim, inputs)
            met |= {(name, way) for name, array in arrays_ for way in ways if WAYS[way](array)}
        missing = {(name, way) for name, _ in arrays_ for way in ways} - met
        assert not missing, seed


@pytest.mark.parametrize("seed", [1, 7])
def test_what_is_wrong_from_a_size_on_is_met_however_many_arrays_there_are(seed):
    """Of many arrays all inputs are placed, and no sizes are left to draw."""

    def lost(dz, x, W, h, U, b):
        parts = (dz @ W.T, x.T @ dz, dz @ U.T, h.T @ dz, dz.sum(axis=0))
        return tuple(one * (1.01 if len(x) >= 7 else 1.0) for one in parts)

    cell = options(output="z")(
        derivation(x="n d", W="d m", h="n k", U="k m", b="m")(
            lambda x, W, h, U, b: x @ W + h @ U + b
        )
    )
    with collecting():
        rule = cell.vjp(from_submission("lost(dz, x, W, h, U, b)"))
    make = functools.partial(placed, rule, rng=np.random.default_rng(seed))
    with answered_by(Answering(lost)):
        found = check_claim(rule, PROFILE, seed, simplify=False, placed=make)
    assert found.record.status == "fail"


def test_honest_digits_that_get_lost_are_no_point_that_stands_out():
    @identity(z="k", c=real())
    def cancels(z, c):
        return (z + 1e12 * c) - 1e12 * c, z

    case = Case({"z": np.array([0.1, 0.7]), "c": np.float64(0.3)}, 1)
    assert not jumps(cancels, case)


def test_what_is_placed_stays_in_its_domain_and_lists_are_arrays_each():
    positive = derivation(x=real("k", low=0.0), xs=arrays(real("k"), count="t"))(
        lambda x, xs: x + sum(xs)
    )
    rule = positive.vjp(lambda dy, x, xs: None)
    found = points(rule, 0)
    assert found
    assert all(np.all(inputs["x"] > 0) for inputs in found)
    assert any(np.sum(inputs["x"] == inputs["x"].max()) > 1 for inputs in found)
    assert any((array == 0).any() for inputs in found for array in inputs["xs"])


def softmax(z):
    e = np.exp(z - z.max())
    return e / e.sum()


def shifted():
    """softmax(z + c) = softmax(z), of which the submission computes the first."""
    with collecting():
        own = from_submission("softmax(z)")

    @identity(z="k", c=real())
    def shift(z, c):
        return own(z + c), softmax(z + c)

    return shift


@pytest.mark.parametrize("way", WAYS)
def test_what_an_identity_computes_of_its_inputs_is_placed_as_well(way):
    claim = shifted()

    def wrong(z):
        return softmax(z) * (1.5 if WAYS[way](z) else 1.0)

    for seed in SEEDS[:10]:
        excused = []

        def judged(verdict, excused=excused):
            if verdict.status is Status.UNDECIDED:
                excused.append(verdict.case)

        with answered_by(Answering(wrong)):
            rng = np.random.default_rng(seed)
            found = check_claim(claim, PROFILE, seed, simplify=False, judged=judged,
                                placed=functools.partial(placed, claim, rng=rng))  # fmt: skip
            failed = found.record.status == str(Status.FAIL)
            assert failed or any(jumps(claim, case) for case in excused), seed
    with answered_by(Answering(softmax)):
        assert not any(jumps(claim, case) for case in excused)


def doubled(wrong, kind="vjp", **chosen):
    declared = options(**chosen)(derivation(x="k", w="k")(lambda x, w: x * w))
    if kind == "jvp":
        return declared.jvp(lambda dx, dw, x, w: wrong(dx) * w + wrong(dw) * x)
    return declared.vjp(lambda dy, x, w: (wrong(dy) * w, wrong(dy) * x))


@pytest.mark.parametrize("kind", ["vjp", "jvp"])
@pytest.mark.parametrize("way", WAYS)
def test_a_rule_that_is_wrong_at_some_cotangents_is_met_at_every_seed(way, kind):
    rule = doubled(lambda u: u * 1.5 + 0.25 if WAYS[way](u) else u, kind)
    for seed in SEEDS:
        assert "where some of" in unlike_their_sum(rule, np.random.default_rng(seed)), seed


@pytest.mark.parametrize("kind", ["vjp", "jvp"])
@pytest.mark.parametrize(
    "answer",
    [lambda u: u, lambda u: u.astype(np.float32), lambda u: (1e5 * u + u) - 1e5 * u],
    ids=["exact", "float32", "digits lost"],
)  # fmt: skip
def test_a_right_rule_adds_up_however_it_rounds(answer, kind):
    rule = doubled(answer, kind)
    for seed in SEEDS[:5]:
        assert unlike_their_sum(rule, np.random.default_rng(seed)) == ""


def test_rules_that_answer_nothing_or_have_no_cotangent_are_left_to_others():
    rng = np.random.default_rng(0)
    scalar = derivation(p="k")(lambda p: p @ p).gradient(lambda p: 2 * p)
    assert unlike_their_sum(scalar, rng) == ""

    def refuses(u):
        if (u == 0).any():
            raise ValueError("a zero")
        return u

    assert unlike_their_sum(doubled(refuses), rng).startswith("raises, where some of")
