"""What a layer makes in float32 hides its gradients: it is judged as if made in float64."""

import dataclasses

import numpy as np
import pytest

from gradcheck.adapters.definitions import definitions_of
from gradcheck.adapters.precision import in_double
from gradcheck.adapters.scan import PROFILE, scan
from gradcheck.adapters.sightings import sightings

LAYER = """
import numpy as np

class TimeMean:
    def forward(self, xs):
        N, T, D = xs.shape
        self.xs, self.keys = xs, {"h": T}
        out = np.empty((N, D), dtype="f")
        out[:] = np.tanh(3 * xs).mean(axis=1)
        return out

    def backward(self, dout):
        dxs = np.empty(self.xs.shape, dtype=np.float32)
        dxs[:] = 3 * (1 - np.tanh(3 * self.xs) ** 2) * dout[:, None, :] / self.keys["h"]
        return dxs
"""
QUICK = dataclasses.replace(PROFILE, inputs=8)


def test_a_layer_that_computes_in_float32_is_decided(tmp_path):
    path = tmp_path / "layers.py"
    path.write_text(LAYER)
    layer, _ = scan(path, {}, QUICK, told=False)
    assert layer.verdict == "pass"
    assert "what it makes in float32 is made in float64" in layer.assumptions


@pytest.mark.parametrize(
    ("edits", "dtype"), [((), np.float64), (('"h"', '"f"'), np.float32)], ids=["dtype", "a key too"]
)
def test_a_word_that_is_more_than_a_dtype_is_left_alone(tmp_path, edits, dtype):
    path = tmp_path / "layers.py"
    path.write_text(LAYER.replace(*edits) if edits else LAYER)
    (sighting,) = sightings(definitions_of(path))
    made = sighting.what[0]()
    with in_double(sighting.style) as changed:
        assert changed
        assert made.forward(np.ones((2, 3, 4))).dtype == dtype
    assert made.forward(np.ones((2, 3, 4))).dtype == np.float32
