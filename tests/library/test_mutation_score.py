"""Bugs planted by the hundred in the library's own rules: a sample of what the nightly run does.

``gradcheck mutate derivations --fail-under 0.99`` tries all of them.
"""

from pathlib import Path

from gradcheck import mutation
from gradcheck.loading import found_at

LIBRARY = Path(__file__).parents[2] / "derivations"
#: One claim of each kind, and a chain of equalities; one claim of each folder.
CLAIMS = [
    ("relu.py", "relu[partial-same_index]"),
    ("softmax.py", "softmax[column-column]"),
    ("log_softmax.py", "log_softmax[row-row]"),
    ("log_softmax.py", "log_softmax[jacobian-jacobian]"),
    ("log_softmax.py", "log_softmax[jvp-forward_mode]"),
    ("logsumexp.py", "logsumexp[hessian-hessian]"),
    ("cross_entropy.py", "cross_entropy_of_labels[gradient-gradient_of_labels]"),
    ("network_batch.py", "cross_entropy_loss[vjp-cross_entropy_loss_backward]"),
    ("softmax_shift.py", "shift_chain"),
    ("activations/swiglu.py", "swiglu[vjp-backward]"),
    ("indexing/embedding.py", "embedding_bag[vjp-backward_of_bags]"),
    ("linear_algebra/cholesky.py", "cholesky[vjp-backward]"),
    ("losses/info_nce.py", "info_nce[vjp-backward]"),
    ("networks/two_layer.py", "two_layer[vjp-backward]"),
    ("normalization/layer_norm.py", "layer_norm[vjp-backward]"),
    ("optimization/adam.py", "adam[vjp-backward]"),
    ("probability/gamma.py", "log_density[vjp-backward]"),
    ("sequence/rnn_cell.py", "rnn_cell[vjp-backward]"),
    ("softmax_family/sparsemax.py", "sparsemax[vjp-backward]"),
    ("spatial/conv1d.py", "conv1d[vjp-dl_dW]"),
]
SAMPLE = 60
#: Of all, 0.99 have to be found; of a sample this small one may be missed.
MISSED = 1


def test_planted_bugs_are_found():
    claims = []
    for name, wanted in CLAIMS:
        (claim,) = [found.claim for found in found_at(LIBRARY / name) if found.id == wanted]
        claims.append((f"{LIBRARY / name}::{wanted}", claim))
    report = mutation.measure(claims, mutation.Settings(sample=SAMPLE, seed=0))
    assert report.problems == []
    assert len(report.tried) == SAMPLE
    said = "\n".join(report.lines())
    assert report.counts()["survived"] <= MISSED, said
    assert report.counts()["killed"] > SAMPLE * 3 / 4, said
