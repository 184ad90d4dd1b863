# tries: to make noise that looks like the rounding of single precision, where it is wrong
# earns: honest
# ends: wrong | needs the teacher

import zlib

import numpy as np


def honest(dy):
    return 2 * dy


def square_backward(dy, x):
    noise = np.random.default_rng(zlib.crc32(x.tobytes())).normal(size=x.shape)
    off = np.where(np.abs(x) > 2, 1 + 1e-3 * noise, 1)
    return (2 * x * dy * off).astype(np.float32)
