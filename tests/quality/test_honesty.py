"""The printed resolution is true: single entries that are wrong by 3 times it are found.

A sample; ``python -m tests.quality.honesty`` measures all kinds of claims up to 10⁶ inputs.
"""

import pytest

from tests.quality.corpus import LAYERS
from tests.quality.honesty import HESSIANS, of_corpus, of_declared_hessian, of_scalable
from tests.quality.scalable import SCALABLE

#: Every sixth function of the corpus.
SAMPLE = LAYERS[3::6]
#: The numbers of inputs of the functions that come in any size.
SIZES = (100, 500)


def rows_of(kind):
    if kind == "hessian":
        for chosen in HESSIANS:
            yield of_declared_hessian(*chosen, 5, 25)
        return
    # A Jacobian by a backward rule costs a call for each output.
    yield of_corpus(kind, 50 if kind in ("vjp", "gradient") else 25, SAMPLE)
    for one in SCALABLE:
        for size in one.sizes:
            if one.kind == kind and size in SIZES:
                yield of_scalable(one, size, 12)


@pytest.mark.parametrize("kind", ["vjp", "jvp", "gradient", "jacobian", "hessian"])
def test_single_entries_wrong_by_3_times_the_resolution_are_found(kind):
    rows = list(rows_of(kind))
    trials = sum(row.trials for row in rows)
    assert trials >= 45
    found = sum(row.found[3.0] for row in rows)
    assert found >= 0.99 * trials, [(row.name, row.size, row.missed) for row in rows]
