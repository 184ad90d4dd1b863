"""Losses of distances and overlaps, and one with weight decay."""

from __future__ import annotations

import numpy as np

from ._base import drawer, layer
from ._numerics import signs

PAIRS = [((3, 4), (3, 4)), ((1, 4), (1, 4)), ((4, 1), (4, 1)), ((5, 2), (5, 2))]
TRIPLES = [((3, 4),) * 3, ((1, 3),) * 3, ((4, 2),) * 3, ((2, 1),) * 3]


def dice_loss(p, y):
    return 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)


def dice_loss_rule(g, p, y, bug=""):
    top, bottom = 2 * (p * y).sum() + 1, p.sum() + y.sum() + 1
    two = 1 if bug == "M6-two-forgotten" else 2
    if bug == "M60-smoothing-forgotten":
        top, bottom = top - 1, bottom - 1
    rest = top / bottom**2
    if bug == "M29-denominator-as-constant":
        rest = 0.0
    if bug == "quotient-sign":
        rest = -rest
    if bug == "denominator-not-squared":
        rest = top / bottom
    if bug == "label-as-constant":
        return -g * (two * y / bottom - rest), np.zeros_like(y)
    return -g * (two * y / bottom - rest), -g * (two * p / bottom - rest)


MARGIN = 1.0


def distance(a, b):
    return np.sqrt(((a - b) ** 2).sum(axis=1) + 1e-6)


def triplet(anchor, near, far):
    return np.maximum(0, distance(anchor, near) - distance(anchor, far) + MARGIN).mean()


def triplet_rule(g, anchor, near, far, bug=""):
    d_near, d_far = distance(anchor, near)[:, None], distance(anchor, far)[:, None]
    on = d_near - d_far + (0 if bug == "M58-margin-forgotten" else MARGIN) > 0
    scale = g * on / (1 if bug == "M3-missing-1/N" else len(anchor))
    if bug == "mask-forgotten":
        scale = g * np.ones_like(d_near) / len(anchor)
    if bug == "M59-squared-distances":
        d_near = d_far = 0.5
    if bug == "M60-eps-omitted":
        d_near, d_far = np.sqrt(d_near**2 - 1e-6), np.sqrt(d_far**2 - 1e-6)
    to_near, to_far = scale * (anchor - near) / d_near, scale * (anchor - far) / d_far
    d_anchor = to_near if bug == "M54-anchor-overwritten" else to_near - to_far
    if bug == "M19-far-sign":
        return d_anchor, -to_near, -to_far
    return d_anchor, -to_near, to_far


def contrastive(a, b):
    """Pairs 0, 3, 6... are alike; the others are pushed beyond a distance of 2."""
    d, alike = distance(a, b), signs(len(a)) > 0
    return np.where(alike, d**2, np.maximum(0, 2 - d) ** 2).sum()


def contrastive_rule(g, a, b, bug=""):
    d, alike = distance(a, b), signs(len(a)) > 0
    push = np.maximum(0, 2 - d)
    slope = np.where(alike, 2 * d, -2 * push)
    if bug == "label-inverted":
        slope = np.where(~alike, 2 * d, -2 * push)
    if bug == "M19-push-sign":
        slope = np.where(alike, 2 * d, 2 * push)
    if bug == "M6-two-forgotten":
        slope = slope / 2
    if bug == "push-forgotten":
        slope = np.where(alike, 2 * d, 0)
    if bug == "hinge-open":
        slope = np.where(alike, 2 * d, 2 * d - 2 * 2)
    if bug == "root-forgotten":
        d = np.ones_like(d)
    da = g * (slope / d)[:, None] * (a - b)
    return da, -da


DECAY = 0.1


def ridge(x, w):
    """Mean squares of x w - 1 with weight decay; the intercept w[0] is not decayed."""
    return ((x @ w - 1) ** 2).sum() / (2 * len(x)) + DECAY / 2 * (w[1:] ** 2).sum()


def ridge_rule(g, x, w, bug=""):
    r = (x @ w - 1) / len(x)
    decay = DECAY * w
    decay[0] = DECAY * w[0] if bug == "M61-intercept-decayed" else 0
    factor = {"M61-forgotten": 0, "M61-twice": 2, "M61-half": 0.5, "M61-over-N": 1 / len(x)}
    dw = x.T @ r + factor.get(bug, 1) * decay
    if bug == "M61-sign":
        dw = x.T @ r - decay
    if bug == "M61-in-input-too":
        return g * (r[:, None] * w + DECAY * x), g * dw
    return g * r[:, None] * (w if bug != "M18-weight-forgotten" else 1.0), g * dw


LAYERS = [
    layer(
        "dice_loss",
        dice_loss,
        dice_loss_rule,
        """M6-two-forgotten M60-smoothing-forgotten M29-denominator-as-constant quotient-sign
        denominator-not-squared label-as-constant""",
        drawer(PAIRS, domain="probability"),
    ),
    layer(
        "triplet",
        triplet,
        triplet_rule,
        """M58-margin-forgotten M3-missing-1/N mask-forgotten M59-squared-distances M60-eps-omitted
        M54-anchor-overwritten M19-far-sign""",
        drawer(TRIPLES),
    ),
    layer(
        "contrastive",
        contrastive,
        contrastive_rule,
        """label-inverted M19-push-sign M6-two-forgotten push-forgotten hinge-open
        root-forgotten swapped-gradients""",
        drawer(PAIRS),
    ),
    layer(
        "ridge",
        ridge,
        ridge_rule,
        """M61-forgotten M61-twice M61-half M61-over-N M61-sign M61-intercept-decayed
        M61-in-input-too M18-weight-forgotten""",
        drawer([((4, 3), (3,)), ((1, 4), (4,)), ((5, 2), (2,)), ((3, 3), (3,))]),
    ),
]
