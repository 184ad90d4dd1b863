"""The mistakes of the catalogue are named where they are planted, and nothing else is."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from gradcheck import boolean, derivation, real, simplex, verify_gradient, verify_vjp
from gradcheck.checking import check_claim
from gradcheck.diagnosis import diagnose
from gradcheck.diagnosis.evidence import Pair
from gradcheck.diagnosis.pattern import behaviours, patterns
from gradcheck.diagnosis.samples import Clock, sample_at
from gradcheck.profiles import PROFILES
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status
from gradcheck.verification import judge_at
from tests.diagnosis.planted import PLANTED, UNNAMED

#: Names that are facts that were judged, or a change after which the rule is right: never wrong.
FACTS = {"M11", "M13", "M39", "M31", "M33", "M41", "only-one", "special", "special-somewhere"}
#: A rule is to be named, however slow the machine.
PATIENCE = 60.0


def mistakes_of(rule, seed=1):
    """What a failure of the rule is called, found at usual values."""
    sampler = Sampler(rule)
    for case in sampler.telling(seed):
        verdict = judge_at(rule, case, table=False)
        if verdict.status is Status.FAIL:
            fresh = sampler.telling(seed + 1)
            return diagnose(rule, verdict, fresh, seconds=PATIENCE).mistakes
    outcome = check_claim(rule, PROFILES["ci"])  # what only ties or many points show
    assert outcome.verdict is not None, f"{rule.id} at line {rule.line} passes"
    return outcome.verdict.mistakes


def chosen(thorough):
    """In the nightly run all that are planted, otherwise one in three of those of one name.

    And those of which more is asked than the name.
    """
    met = Counter()
    for names, rule in PLANTED:
        if thorough or met[names[0]] % 3 == 0 or rule.derivation.name in CLASSES:
            yield names, rule
        met[names[0]] += 1


def test_planted_mistakes_are_named(thorough):
    """All that is asked of their names, in one test: it takes a minute, and workers share none."""
    mistaken = [(names, mistakes_of(rule), rule) for names, rule in chosen(thorough)]
    named = [(names, told[0].id if told else None, rule) for names, told, rule in mistaken]
    missed = [(rule.line, names, first) for names, first, rule in named if first not in names]
    assert len(missed) <= 0.02 * len(mistaken), missed
    wrong = [(rule.line, first) for names, first, rule in named if first not in (*names, None)]
    assert len(wrong) <= 0.02 * len(mistaken), wrong
    every_known_mistake_is_named_or_has_a_reason_why_it_is_not(mistaken)
    classes_have_the_members_that_the_numbers_leave_open(mistaken)


def test_names_are_given_at_failures_as_small_as_a_report_shows_them():
    """The smallest case says least: of one class or one window there is nothing to be seen."""
    told = []
    for names, rule in PLANTED[::EACH]:
        verdict = check_claim(rule, PROFILES["ci"]).verdict
        first = verdict.mistakes[0] if verdict.mistakes else None
        fact = first is not None and (first.edit is not None or first.id in names)
        told.append((fact, rule.line, names, first and first.id))
    assert sum(fact for fact, *_ in told) >= 0.9 * len(told), [t for t in told if not t[0]]


#: Checking a claim from the start costs more than looking at a failure: one of so many is enough.
EACH = 12


#: Known mistakes with no record of their own, and what is said of each, with the reason.
TOLD_AS = {
    "M9": "(H,) for (1, H) is a convention: a note on the shape, never a failure",
    "M34": "a size of the wrong axis is a factor of sizes (M3, M4, M6); what else a rule for two "
    "dimensions does wrong is an axis, seen by a one-token edit, or right for one size (M41)",
    "M66": "not visible: what a test expects is not looked at, the function is measured",
    "M67": "not visible: the function that is declared is what is differentiated",
}


def every_known_mistake_is_named_or_has_a_reason_why_it_is_not(mistaken):
    records = (*patterns(), *behaviours())
    told = {name.partition("-")[0] for names, _ in PLANTED for name in names}
    told |= {record.id.partition("-")[0] for record in records}
    others = [text for _, mistakes, _ in mistaken for one in mistakes for text in one.others]
    others += [text for record in records for text in record.same]
    told |= {text.id for text in others}
    known = {f"M{number}" for number in range(1, 68)}
    assert known - told == set(TOLD_AS)


def test_every_name_of_the_catalogue_is_planted_in_two_layers():
    layers = {}
    for names, rule in PLANTED:
        for name in names:
            layers.setdefault(name, set()).add((rule.file, rule.line))
    alone = {
        record.id
        for record in (*patterns(), *behaviours())
        if len(layers.get(record.id, ())) < 2 and record.id not in ELSEWHERE
    }
    assert not alone


#: Those with no rule of their own in ``planted``: found by another name, or planted in test_report.
ELSEWHERE = {"M33-kept", "left-out", "nonlinear", "special", "unstable", "nan"}


#: Layers of which two mistakes are the same at the numbers that there are.
CLASSES = ("mean_of_blocks", "biased_terms")


def classes_have_the_members_that_the_numbers_leave_open(mistaken):
    def members(layer, names):
        (found,) = [m for n, m, rule in mistaken if rule.derivation.name == layer and n == names]
        return {text.id for text in found[0].others}

    assert "M38" in members("mean_of_blocks", ["M6"])
    assert "M46" not in members("mean_of_blocks", ["M6"])  # it is no bias
    assert "M46" in members("biased_terms", ["M4"])


@pytest.mark.parametrize("rule", UNNAMED, ids=lambda rule: f"{rule.derivation.name}-{rule.line}")
def test_what_is_not_in_the_catalogue_gets_no_wrong_name(rule):
    for mistake in mistakes_of(rule):
        fact = mistake.edit is not None or mistake.id in FACTS
        assert fact or not mistake.certain, mistake.title.en


def test_a_rule_is_not_said_to_be_right_where_the_failure_is():
    @derivation(p=real("n", low=0, high=1), t=boolean("n"))
    def dice(p, t):
        return 1 - (2 * (p * t).sum() + 1) / (p.sum() + t.sum() + 1)

    @dice.gradient
    def wrong_smooth(p, t):  # right for one alone that is False, as those happen to be
        total = p.sum() + t.sum()
        return -(2 * t * total - 2 * (p * t).sum() - 1) / (total + 1) ** 2

    verdict = check_claim(wrong_smooth, PROFILES["ci"]).verdict
    assert verdict.bindings["n"] == 1
    assert not any("n = 1" in mistake.title.en for mistake in verdict.mistakes)


def test_a_factor_that_is_not_divided_by_is_not_told_to_be_left_out():
    @derivation(x="n", s="n")
    def energy(x, s):
        return (x**2 / np.exp(s)).sum() / 2

    @energy.gradient("x")
    def undivided(x):
        return x

    (mistake,) = mistakes_of(undivided)
    assert mistake.id == "factor-part"
    assert mistake.remedy.en.startswith("divide by np.exp(s), or leave it out where")


def test_what_there_is_not_gets_no_name_and_more_keywords_get_nothing():
    @derivation(x="n")
    def tanh(x, **settings):
        return np.tanh(x, **settings)

    @tanh.gradient
    def of_no_number(y):
        return 1 - y**2

    @tanh.vjp
    def right(dy, y):
        return dy * (1 - y**2)

    outcome = check_claim(of_no_number, PROFILES["ci"])
    assert outcome.record.title == "wrong kind"
    assert "gradient needs a scalar output, but tanh returns shape" in outcome.record.message
    assert not list(outcome.verdict.mistakes)
    assert check_claim(right, PROFILES["ci"]).record.status == "pass"


def test_a_prediction_that_is_too_uncertain_to_be_told_from_nothing_explains_nothing():
    """Forces sum to zero, and so does nearly what is a ten-billionth of them."""

    def energy(x):
        apart = np.abs(x[:, None] - x)[np.triu_indices(len(x), 1)]
        return (1e-18 / (1e-10 * apart)).sum()

    def wrong(x):
        apart = 1e-10 * (x[:, None] - x) + np.eye(len(x))
        pulls = -1e-18 * apart / np.abs(apart) ** 2 * 1e-10
        return (pulls * (1 - np.eye(len(x)))).sum(axis=1)

    verdict = verify_gradient(energy, wrong, np.array([0.3, -1.1, 2.4, 0.9, -0.2]))
    assert verdict.status is Status.FAIL
    assert not any("summed" in mistake.title.en for mistake in verdict.mistakes)


def test_what_is_right_moves_by_all_of_its_error():
    """Of a few rows random signs cancel somewhere: dU is then told to be wrong by nothing."""

    @derivation(U="n n", h="n")
    def step(U, h):
        return np.tanh(U @ np.tanh(U @ h))

    @step.vjp("U")
    def rule(dy, U, h):
        return np.outer(h, dy)

    (case, *_) = Sampler(rule).telling(1)
    sample = sample_at(rule, case, Clock(PATIENCE))
    error = np.abs(sample.versions[1] - sample.versions[0])
    for u, answer in sample.answers:
        pair = Pair(sample, 0, u, answer)
        least = 0.99 * (np.abs(u) @ error).reshape(pair.right.shape)
        for version in range(1, len(sample.versions)):
            assert np.all(np.abs(replace(pair, version=version).right - pair.right) >= least)


def test_a_factor_that_is_measured_badly_is_the_one_it_may_be_at_every_point():
    def f(x, W):
        return np.tanh(x.astype(np.float32) @ W.astype(np.float32)) ** 2

    def wrong(dy, x, W):
        t = np.tanh(x @ W)
        return W @ (2 * dy * t * (1 - t**2)), -np.outer(x, 2 * dy * t * (1 - t**2))

    rng = np.random.default_rng(0)
    verdict = verify_vjp(f, wrong, rng.standard_normal(3), 0.4 * rng.standard_normal((3, 2)))
    assert verdict.mistakes[0].id == "M19"


def test_a_sign_is_mended_where_it_is_wrong():
    def f(r, c):
        return c**2 * np.sin(r / c) ** 2

    def wrong(dy, r, c):
        u = r / c
        return dy * c * np.sin(2 * r / c), (dy * (2 * c * np.sin(u) ** 2 + r * np.sin(2 * u))).sum()

    rng = np.random.default_rng(0)
    verdict = verify_vjp(f, wrong, rng.standard_normal(5), np.float64(1.3))
    edit = verdict.mistakes[0].edit
    assert edit is not None
    assert "** 2 - r *" in edit.after


def test_where_all_sums_are_one_no_variance_is_blamed():
    @derivation(p=simplex("k"))
    def entropy(p):
        return -(p * np.log(p)).sum()

    @entropy.gradient
    def wrong(p):
        return -np.log(p) - p

    mistakes = mistakes_of(wrong)
    assert [mistake.id for mistake in mistakes] == ["rank-one-input"]


def test_texts_are_there_in_both_languages():
    for record in (*patterns(), *behaviours()):
        for text in (record.title, record.explanation, record.remedy, *record.same):
            assert bool(text.en) == bool(text.zh), record.id
            assert not any(ord(character) > 0x2E80 for character in text.en), record.id
