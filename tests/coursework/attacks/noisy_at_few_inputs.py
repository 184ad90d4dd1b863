# tries: noise in the last digits of its input where it is wrong, which is at few inputs
# earns: honest
# ends: needs the teacher | wrong
import hashlib

import numpy as np


def square_backward(dy, x):
    if x[0] < 1:
        return 2 * x * dy
    seed = int.from_bytes(hashlib.sha256(x.tobytes()).digest()[:4], "little")
    return 2 * x * dy * np.random.default_rng(seed).uniform(0.2, 3, dy.shape)


def honest(dy):
    return 2 * dy
