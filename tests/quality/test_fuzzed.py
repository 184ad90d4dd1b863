"""Right rules that a fuzz run has accused, one in some fifteen thousand, and no longer does."""

import pytest

from tests.quality.fuzz import case_of
from tests.quality.judged import label


@pytest.mark.parametrize(("seed", "number", "layer", "regime"), [
    # whole numbers as far apart as those of float32
    (1003, 32874, "round", "x1e8"), (1003, 54894, "round", "x1e8"),
    # a gate that is 0 in float32
    (1003, 48707, "highway", "float32 inside"),
    # a kink that the noise of float32 hides, still under the steps at the point right beside
    (1003, 67821, "classifier", "native float32"),
    # what an imaginary step is multiplied with is rounded to float32
    (1004, 7733, "linear_attention", "float32 inside"), (1004, 19301, "swiglu", "float32 inside"),
    # a single number that lacks bits by chance
    (1005, 22190, "gelu_erf", "float32 inside"),
])  # fmt: skip
def test_a_right_rule_is_accused_no_longer(seed, number, layer, regime):
    drawn = case_of(seed, number)
    assert drawn is not None
    # Another corpus draws other cases: then these tell nothing.
    assert (drawn.layer.name, drawn.regime) == (layer, regime)
    assert label(drawn.judge()) != "fail"
