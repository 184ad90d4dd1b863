"""Wrong versions of claims in ``derivations/sequence/rnn.py``."""

import numpy as np

from derivations.sequence import rnn as right
from derivations.sequence.rnn_cell import backward as cell_backward
from gradcheck import derivation, options


@options(output="states", sizes=right.SMALL)
@derivation(**right.NETWORK)
def rnn(x, h, W, U, b):
    return right.rnn(x, h, W, U, b)


@rnn.vjp
def gradient_of_the_next_step_dropped(dstates, x, h, W, U, states):
    before = [h, *states[:-1]]
    steps = [cell_backward(dstates[t], x[t], before[t], W, U, states[t]) for t in range(len(x))]
    dx, dh, dW, dU, db = zip(*steps, strict=True)
    return np.stack(dx), dh[0], sum(dW), sum(dU), sum(db)


@rnn.vjp
def shares_of_the_last_step_only(dstates, x, h, W, U, states):
    before = [h, *states[:-1]]
    dx, dh, *_ = right.backward(dstates, x, h, W, U, states)
    last = cell_backward(dstates[-1], x[-1], before[-1], W, U, states[-1])
    return dx, dh, *last[2:]
