"""The mistakes of the catalogue are named where they are planted, and nothing else is."""

import functools

import pytest

from gradcheck.checking import PROFILES, check_claim
from gradcheck.diagnosis import diagnose
from gradcheck.diagnosis.pattern import behaviours, patterns
from gradcheck.sampling import Sampler
from gradcheck.verdict import Status
from gradcheck.verification import judge_at
from tests.diagnosis.planted import PLANTED, UNNAMED

#: Names that are facts that were judged, or a change after which the rule is right: never wrong.
FACTS = {"M11", "M13", "M39", "M31", "M41", "only-one", "special"}
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


@functools.cache
def named():
    """For each planted mistake its right names and the one that is given first, if one is."""
    found = []
    for names, rule in PLANTED:
        mistakes = mistakes_of(rule)
        found.append((names, mistakes[0].id if mistakes else None, rule))
    return found


def test_planted_mistakes_are_named_first():
    right = [rule for names, first, rule in named() if first in names]
    missed = [(rule.line, names, first) for names, first, rule in named() if first not in names]
    assert len(right) >= 0.98 * len(PLANTED), missed


def test_hardly_a_wrong_name_is_given():
    wrong = [(rule.line, first) for names, first, rule in named() if first not in (*names, None)]
    assert len(wrong) <= 0.02 * len(PLANTED), wrong


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
ELSEWHERE = {"nonlinear", "special", "unstable"}


@pytest.mark.parametrize("rule", UNNAMED, ids=lambda rule: f"{rule.derivation.name}-{rule.line}")
def test_what_is_not_in_the_catalogue_gets_no_wrong_name(rule):
    for mistake in mistakes_of(rule):
        assert mistake.edit is not None or mistake.id in FACTS, mistake.title.en


def test_texts_are_there_in_both_languages():
    for record in (*patterns(), *behaviours()):
        for text in (record.title, record.explanation, record.remedy, *record.same):
            assert bool(text.en) == bool(text.zh), record.id
            assert not any(ord(character) > 0x2E80 for character in text.en), record.id
