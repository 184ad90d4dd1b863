"""A line of a spec that a scan suggests reads back as what the scan assumed."""

import pytest

from gradcheck.adapters.conventions import style_of
from gradcheck.adapters.kinds import COST, FLAT, KINDS, MODEL, OTHER
from gradcheck.adapters.names import names
from gradcheck.adapters.one_hot import one_hot
from gradcheck.adapters.settling import spec_line
from gradcheck.adapters.sightings import Sighting
from gradcheck.adapters.spec import spec_of
from gradcheck.arguments import as_argument, choice, constant, real


class Layer:
    def forward(self, x):
        return x

    def backward(self, dout):
        return dout


WAYS = [way for kind in (*KINDS, OTHER, FLAT, COST, MODEL) for way in kind.ways]
OTHERS = {
    "t": one_hot("n c"), "x": real("n", low=0.0, high=1.0, differentiate=False),
    "conv_param": choice({"stride": 1, "pad": 1}, {"stride": 2, "pad": 0}), "s": constant(2.5),
}  # fmt: skip


@pytest.mark.parametrize("way", [*WAYS, OTHERS])
def test_what_is_suggested_reads_back_as_it_was_assumed(way, tmp_path):
    inputs = {name.replace(" ", "_"): given for name, given in way.items()}
    sighting = Sighting("Layer", (Layer,), style_of((Layer,), names()), 1)
    path = tmp_path / "spec.toml"
    path.write_text(f"[layers]\n{spec_line(sighting, inputs)}\n")
    read = spec_of(path)["Layer"].inputs
    assert {n: repr(one) for n, one in read.items()} == {
        n: repr(as_argument(one)) for n, one in inputs.items()
    }
