# tries: wrong once in fifty calls, as if by chance
# earns: honest
# ends: wrong
import random

# Seeded, so that the test ends alike each time: of some 140 calls the 14th is the first wrong one.
CHANCE = random.Random(1)


def square_backward(dy, x):
    return 2 * x * dy * (1.3 if CHANCE.random() < 0.02 else 1)


def honest(dy):
    return 2 * dy
