"""Rules that use what is defined elsewhere: some of it can come along in a script, some cannot."""

import sys

import numpy as np

from gradcheck import derivation

FACTOR = 3.0
LIMITS = {"low": -1.0, "high": 1.0}
TABLE = np.ones(3)


def scaled(x):
    return FACTOR * x


@derivation(x="k")
def f(x):
    return scaled(x) ** 2


@f.vjp
def calls_others(dy, x):
    # A comment stays, a docstring does not.
    return dy * 2 * scaled(x)  # a factor is lost


@f.vjp
def reads_an_array(dy, x):
    return dy * TABLE[0] * x


@f.vjp
def reads_a_module(dy, x):
    return dy * x * sys.maxsize


def enclosed(factor):
    @f.vjp
    def closure(dy, x):
        return dy * factor * x

    return closure
