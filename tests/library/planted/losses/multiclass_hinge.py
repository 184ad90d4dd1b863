"""Wrong versions of claims in ``derivations/losses/multiclass_hinge.py``."""

import numpy as np

from derivations.losses import multiclass_hinge as right
from gradcheck import derivation


@derivation(s="n k", labels=right.LABELS)
def multiclass_hinge(s, labels):
    return right.multiclass_hinge(s, labels)


@multiclass_hinge.vjp
def right_class_gets_nothing(dl, s, labels):
    return dl * (right.margins(s, labels) > 0) / len(s)


@multiclass_hinge.vjp
def right_class_pays_once(dl, s, labels):
    violated = 1.0 * (right.margins(s, labels) > 0)
    violated[np.arange(len(s)), labels] = -violated.max(axis=1)
    return dl * violated / len(s)
