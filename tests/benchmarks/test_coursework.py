"""What grading costs: a homework of ten parts, and a class of five hundred submissions."""

import resource
import time
from pathlib import Path

import pytest

from gradcheck.coursework import roster, sandbox, staging
from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.classroom import Run, cores
from gradcheck.coursework.grading import grade
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


@pytest.mark.benchmark(group="coursework")
def test_a_class_of_five_hundred(benchmark, tmp_path, apart):
    assignment = private_copy("homework", tmp_path)
    handed_in(tmp_path / "in", generated(500))
    entries = roster.entries(sorted((tmp_path / "in").iterdir()))
    memory = []

    def heard(graded):
        memory.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)

    def class_graded():
        return Run(assignment, tmp_path / "out", jobs=cores(), heard=heard).grade(entries)

    began = time.monotonic()
    results = benchmark.pedantic(class_graded, rounds=1)
    benchmark.extra_info["submissions a minute"] = len(results) / (time.monotonic() - began) * 60
    assert len(results) == 500
    # Flat: what the last four fifths add is little beside what the first fifth took.
    assert memory[-1] < 1.2 * memory[100]
