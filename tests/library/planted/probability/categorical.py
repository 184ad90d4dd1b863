"""Wrong versions of claims in ``derivations/probability/categorical.py``."""

import numpy as np

from derivations.probability import categorical as right
from derivations.softmax import softmax
from gradcheck import derivation, options


@options(output="l")
@derivation(z="k", label=right.LABEL)
def log_likelihood(z, label):
    return right.log_likelihood(z, label)


@log_likelihood.gradient
def gradient_of_the_loss(z, label):
    return softmax(z) - np.eye(len(z))[label]


@options(output="r")
@derivation(z="k", f="k")
def expected_reward(z, f):
    return right.expected_reward(z, f)


@expected_reward.vjp
def weighted_reward_without_the_score(dr, z, f):
    p = softmax(z)
    return dr * p * f, dr * p
