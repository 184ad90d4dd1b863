"""What grading costs: a homework of ten parts, a case by the protocol, and a class of 500."""

import contextlib
import functools
import resource
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck.coursework import grading, roster, sandbox, staging, verifying
from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.classroom import Run, cores
from gradcheck.coursework.grading import grade
from gradcheck.coursework.interview import Interview
from gradcheck.coursework.steadiness import has_lost_digits
from gradcheck.coursework.submitted import answered_by
from gradcheck.hints import Hints
from gradcheck.verdict import Status
from tests.coursework.conftest import private_copy
from tests.coursework.generated import generated, handed_in

TEMPLATE = Path(__file__).parents[2] / "gradcheck" / "coursework" / "template"


@pytest.fixture
def apart():
    with staging.library() as root:
        try:
            yield sandbox.choose(root)
        except sandbox.Unavailable as error:
            pytest.skip(str(error))


@pytest.mark.benchmark(group="coursework")
def test_a_homework_of_ten_parts(benchmark, apart):
    assignment = Assignment.load(TEMPLATE)
    path = TEMPLATE / "solution" / "submission.py"
    graded = benchmark.pedantic(
        lambda: grade(assignment, path, apart, assignment.hidden_seed, "one"), rounds=5
    )
    assert len(graded.parts) == 10
    assert graded.earned == graded.possible
    benchmark.extra_info["inputs"] = sum(part.inputs for part in graded.parts)


#: How often the two ways are timed, in turn: the shortest of each counts.
ROUNDS = 5


def lost_digits(task, verdict):
    """As grading does: what rounding may make of numbers as large as those at hand is open."""
    is_open = has_lost_digits(task.claim, verdict)
    return replace(verdict, status=Status.UNDECIDED) if is_open else None


@pytest.mark.benchmark(group="coursework")
def test_what_the_protocol_costs_a_case(benchmark, apart):
    assignment = Assignment.load(TEMPLATE)
    path = TEMPLATE / "solution" / "submission.py"
    here = verifying._Local(assignment, verifying._module(path))
    seconds = {"here": [], "there": []}
    inputs = 0

    def graded(where, respondent):
        nonlocal inputs
        began = time.perf_counter()
        with answered_by(respondent):
            checked = [
                grading._checked(
                    assignment,
                    task,
                    [2],
                    assignment.inputs,
                    Hints.of("none"),
                    lambda verdict: None,
                    functools.partial(lost_digits, task),
                )
                for task in assignment.tasks
            ]
        seconds[where].append(time.perf_counter() - began)
        assert {one.record.status for one in checked} == {"pass"}
        inputs = sum(one.record.inputs for one in checked)

    with staging.room(apart.root, path, ()) as room:
        there = Interview(assignment, apart, room)
        with contextlib.closing(there):
            there.begin()
            graded("there", there)  # starts the process
            seconds["there"].clear()

            def both():
                there.begin()
                graded("there", there)
                graded("here", here)

            benchmark.pedantic(both, rounds=ROUNDS)
    over = min(seconds["there"]) - min(seconds["here"])
    benchmark.extra_info["ms a case over the in-process time"] = 1000 * over / inputs
    benchmark.extra_info["inputs"] = inputs


def _computed():
    """The processor time of this process and of all that it has waited for."""
    used = [resource.getrusage(one) for one in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


@pytest.mark.benchmark(group="coursework")
def test_a_class_of_five_hundred(benchmark, tmp_path, apart):
    assignment = private_copy("homework", tmp_path)
    expected = handed_in(tmp_path / "in", generated(500))
    entries = roster.entries(sorted((tmp_path / "in").iterdir()))
    memory = []

    def heard(graded):
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    def class_graded():
        return Run(assignment, tmp_path / "out", jobs=cores(), heard=heard).grade(entries)

    began, computed = time.monotonic(), _computed()
    results = benchmark.pedantic(class_graded, rounds=1)
    wall, whose = time.monotonic() - began, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    benchmark.extra_info["submissions a minute"] = len(results) / wall * 60
    # The processes of submissions are not in it: the kernel ends them, and nobody waits for them.
    benchmark.extra_info["seconds that graders computed"] = _computed() - computed
    benchmark.extra_info["MB at most: run, worker"] = [
        resource.getrusage(one).ru_maxrss / 1024 for one in whose
    ]
    assert len(results) == 500
    marks = {graded.submission: [part.earned > 0 for part in graded.parts] for graded in results}
    assert marks == expected
    # Flat: what the last four fifths add is little beside what the first fifth took.
    assert memory[-1] < 1.2 * memory[100]
