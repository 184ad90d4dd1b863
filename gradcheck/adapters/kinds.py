"""Kinds of layers, and the dims that their inputs usually have.

Each kind lists what its roles may be, the usual ones first. What a name does not settle is tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gradcheck.arguments import boolean, constant, integers, real
from gradcheck.domains import simplex

Dims = Mapping[str, Any]
#: Probabilities, open at both ends.
_LOW, _HIGH = 0.0, 1.0
_LABELS = integers("n", high="c")


@dataclass(frozen=True)
class Kind:
    """Layers of one kind: words that name it, and what its roles may be, the likeliest first.

    ``sizes`` are distinct, so that a shape that an object makes can be read back as dims.
    """

    name: str
    words: tuple[str, ...]
    ways: tuple[Dims, ...]
    sizes: Mapping[str, int]


def _ways(shared: Dims, *others: Dims) -> tuple[Dims, ...]:
    return tuple({**shared, **other} for other in others)


_ROWS = (
    *_ways({"x": "n d", "weight": "d m"}, {"bias": "m"}, {"bias": "1 m"}),
    *_ways({"x": "n d", "weight": "m d"}, {"bias": "m"}, {"bias": "m 1"}, {"bias": "1 m"}),
)
_COLUMNS = ({"x": "d n", "weight": "m d", "bias": "m 1"},)
#: A layer of rows at each step of a sequence.
_STEPS = (
    *_ways({"x": "n t d", "weight": "d m"}, {"bias": "m"}, {"bias": "1 m"}),
    {"x": "n t d", "weight": "m d", "bias": "m"},
)
#: One sample at a time, a column.
_COLUMN = ({"x": "d 1", "weight": "m d", "bias": "m 1"},)
GIVEN = simplex("n c", differentiate=False)
#: Beyond these, probabilities underflow, and a logarithm with a small number in it saturates.
_LOGITS = real("n c", low=-30.0, high=30.0)
#: Nearer to 0 and 1, what keeps a logarithm finite cuts in: clip(p, 1e-7, 1 - 1e-7), or p + 1e-7.
_GUARDED = 1e-3
_BETWEEN = real("n c", low=_LOW + _GUARDED, high=_HIGH - _GUARDED)
_EACH = real("n", low=_LOW + _GUARDED, high=_HIGH - _GUARDED)
#: One output for each sample, which are columns.
_COLUMN_EACH = real("1 n", low=_LOW + _GUARDED, high=_HIGH - _GUARDED)
_LOSS_WAYS: tuple[Dims, ...] = (
    {"x": _LOGITS, "probabilities": _BETWEEN, "target": _LABELS},
    {"x": _LOGITS, "probabilities": _BETWEEN, "target": GIVEN},
    {"x": _BETWEEN, "target": GIVEN},
    {
        "x": real("n t c", low=-30.0, high=30.0), "target": integers("n t", high="c"),
        "mask": boolean("n t"),
    },
    {"x": _LOGITS, "target": _LABELS, "mask": boolean("n")},
    {"x": "n", "target": real("n", low=_LOW, high=_HIGH, differentiate=False)},
    {
        "x": _COLUMN_EACH, "probabilities": _COLUMN_EACH,
        "target": real("1 n", low=_LOW, high=_HIGH, differentiate=False),
    },
    {
        "x": real("n 1", low=_LOW + _GUARDED, high=_HIGH - _GUARDED),
        "target": real("n 1", low=_LOW, high=_HIGH, differentiate=False),
    },
    # One sample, and the number of its class.
    {
        "x": real("c", low=-30.0, high=30.0), "target": integers("", high="c"),
        "probabilities": real("c", low=_LOW + _GUARDED, high=_HIGH - _GUARDED),
    },
)  # fmt: skip
_IMAGE = "n c h+kh-1 w+kw-1"
_SQUARE, _SQUARE_LAST = "n c h+k-1 w+k-1", "n h+k-1 w+k-1 c"


def _over_time(weights: Dims) -> tuple[Dims, ...]:
    """A recurrent layer over all steps of a sequence, with and without a first hidden state."""
    return ({"x": "n t d", "h": "n h", **weights}, {"x": "t n d", "h": "n h", **weights})


KINDS = (
    Kind(
        "loss",
        ("entropy", "crossentropy", "xent", "svm", "nll", "hinge", "bce", "logloss", "crf",
         "交叉熵", "交叉熵损失", "交叉熵误差", "交差エントロピー", "交差エントロピー誤差"),
        _LOSS_WAYS,
        {"n": 4, "c": 3, "t": 5},
    ),
    Kind(
        "regression loss",
        ("mse", "mae", "squared", "l2", "l1", "huber", "error", "quadratic", "均方误差", "平方损失",
         "均方损失", "二乗誤差", "平均二乗誤差"),
        (
            {
                "x": "n c", "probabilities": "n c",
                "target": real("n c", differentiate=False),
            },
            {"x": "n", "probabilities": "n", "target": real("n", differentiate=False)},
            {"x": "n 1", "target": real("n", differentiate=False)},
        ),
        {"n": 4, "c": 3},
    ),
    Kind(
        "loss",
        ("loss", "criterion", "cost"),
        _LOSS_WAYS,
        {"n": 4, "c": 3, "t": 5},
    ),
    Kind(
        "loss",
        ("focal", "dice", "tversky", "jaccard", "iou"),
        (
            {"x": "n c", "probabilities": _BETWEEN, "target": integers("n c", high=2)},
            {"x": "n", "probabilities": _EACH, "target": integers("n", high=2)},
            *_LOSS_WAYS,
        ),
        {"n": 4, "c": 3, "t": 5},
    ),
    Kind(
        "lstm",
        ("lstm",),
        (
            {
                "x": "n d", "h": "n h", "c": "n h", "weight": "d 4*h", "weight 2": "h 4*h",
                "bias": "4*h",
            },
            *_over_time({"weight": "d 4*h", "weight 2": "h 4*h", "bias": "4*h"}),
            {"x": "n d", "h": "n h", "c": "n h", "weight": "d+h 4*h", "bias": "4*h"},
            *_over_time({"weight": "d+h 4*h", "bias": "4*h"}),
            # The first row is the bias.
            *_over_time({"weight": "d+h+1 4*h"}),
            # One sample, or several, as columns.
            {"x": "d n", "h": "h n", "c": "h n", "weight": "4*h d+h", "bias": "4*h 1"},
            {"x": "d", "h": "h", "c": "h", "weight": "4*h d", "weight 2": "4*h h", "bias": "4*h"},
        ),
        # Four times h is no multiple of another.
        {"n": 11, "d": 3, "h": 2, "t": 7},
    ),
    Kind(
        "gru",
        ("gru",),
        (
            {"x": "n d", "h": "n h", "weight": "d 3*h", "weight 2": "h 3*h", "bias": "3*h"},
            *_over_time({"weight": "d 3*h", "weight 2": "h 3*h", "bias": "3*h"}),
            {"x": "d", "h": "h", "weight": "3*h d", "weight 2": "3*h h", "bias": "3*h"},
        ),
        # Three times h is no sum of two others.
        {"n": 11, "d": 4, "h": 3, "t": 2},
    ),
    Kind(
        "rnn",
        ("rnn", "elman", "recurrent"),
        (
            {"x": "n d", "h": "n h", "weight": "d h", "weight 2": "h h", "bias": "h"},
            {
                "x": "d n", "h": "h n", "weight": "h d", "weight 2": "h h", "weight 3": "o h",
                "bias": "h 1", "bias 2": "o 1",
            },
            *_over_time({"weight": "d h", "weight 2": "h h", "bias": "h"}),
            {"x": "n d", "h": "n h", "weight": "d+h h", "bias": "h"},
            *_over_time({"weight": "d+h h", "bias": "h"}),
            # One sample: a row at each step.
            {
                "x": "t d", "h": "h", "weight": "h d", "weight 2": "h h", "weight 3": "o h",
                "bias": "h", "bias 2": "o",
            },
            {"x": "d", "h": "h", "weight": "h d", "weight 2": "h h", "bias": "h"},
            # One sample: a column at each step.
            {
                "x": "t d 1", "h": "h 1", "weight": "h d", "weight 2": "h h", "weight 3": "o h",
                "bias": "h 1", "bias 2": "o 1",
            },
            {
                "x": "d n t", "h": "h n", "weight": "h d", "weight 2": "h h", "weight 3": "o h",
                "bias": "h 1", "bias 2": "o 1",
            },
        ),
        {"n": 11, "d": 3, "h": 2, "t": 4},
    ),
    Kind(
        "transposed convolution",
        ("conv_transpose", "convtranspose", "transposed_conv", "transpose_conv", "transposedconv",
         "deconv", "deconvolution", "conv_transposed"),
        (
            {"x": "n c h w", "weight": "c f kh kw", "bias": "f"},
            {"x": "n c l", "weight": "c f k", "bias": "f"},
            {"x": "n h w c", "weight": "kh kw c f", "bias": "f"},
        ),
        {"n": 6, "c": 10, "h": 8, "w": 9, "f": 12, "k": 2, "kh": 2, "kw": 2, "l": 11},
    ),
    Kind(
        "convolution",
        ("conv", "convolution", "conv2d", "convolutional", "conv2", "corr", "corr2", "xcorr",
         "correlate", "depthwise"),
        (
            {"x": _IMAGE, "weight": "f c kh kw", "bias": "f"},
            {"x": _IMAGE, "weight": "f c kh kw", "bias": "f 1"},
            # One number for both sides of a window, as most objects are made with.
            *_ways(
                {"x": _SQUARE, "weight": "f c k k"},
                {"bias": "f"}, {"bias": "f 1"}, {"bias": "1 f 1 1"},
            ),
            {"x": "n c l+k-1", "weight": "f c k", "bias": "f"},
            # A direction and a length of each window.
            {"x": "n c l+k-1", "weight": "f c k", "gamma": "f", "bias": "f"},
            {"x": _IMAGE, "weight": "f c kh kw", "gamma": "f", "bias": "f"},
            *_ways({"x": _SQUARE_LAST, "weight": "k k c f"}, {"bias": "1 1 1 f"}, {"bias": "f"}),
            {"x": "n h+kh-1 w+kw-1 c", "weight": "kh kw c f", "bias": "f"},
            {"x": "n h+kh-1 w+kw-1 c", "weight": "f kh kw c", "bias": "f"},
            {"x": "n l+k-1 c", "weight": "k c f", "bias": "f"},
            # Samples last.
            {"x": "h+kh-1 w+kw-1 c n", "weight": "kh kw c f", "bias": "f"},
            {"x": "h+k-1 w+k-1 c n", "weight": "k k c f", "bias": "f"},
            {"x": "h+k-1 w+k-1 c n", "weight": "k k c f", "bias": "f 1"},
            # One window for each channel; one image alone.
            {"x": "n h+kh-1 w+kw-1 c", "weight": "kh kw c", "bias": "c"},
            {"x": _IMAGE, "weight": "c kh kw", "bias": "c"},
            {"x": _IMAGE, "weight": "c 1 kh kw", "bias": "c"},
            {"x": _SQUARE_LAST, "weight": "k k c", "bias": "c"},
            {"x": _SQUARE, "weight": "c k k", "bias": "c"},
            {"x": _SQUARE, "weight": "c 1 k k", "bias": "c"},
            {"x": "c h+kh-1 w+kw-1", "weight": "f c kh kw", "bias": "f"},
            {"x": "h+kh-1 w+kw-1", "weight": "kh kw"},
            {"x": "l+k-1", "weight": "k"},
        ),
        # Distinct from those of usual windows, which a layer may choose for itself.
        {"n": 6, "c": 10, "h": 8, "w": 9, "f": 12, "k": 2, "kh": 2, "kw": 2, "l": 11},
    ),
    Kind("pooling", ("pool", "pooling", "maxpool", "avgpool", "maxpool2d", "max_pool"),
         ({"x": "n c 2*h 2*w"}, {"x": "n 2*h 2*w"}, {"x": "2*h 2*w"}, {"x": "n c 2*w"}),
         {"n": 2, "c": 3, "h": 2, "w": 3}),
    Kind(
        "normalization in groups",
        ("groupnorm", "group_norm", "gn"),
        (
            *_ways({"x": "n 2*g h w", "groups": constant(2)}, {"gamma": "2*g", "beta": "2*g"}),
            *_ways(
                {"x": "n 2*g h w", "groups": constant(2)},
                {"gamma": "1 2*g 1 1", "beta": "1 2*g 1 1"},
            ),
        ),
        {"n": 5, "g": 4, "h": 6, "w": 7},
    ),
    Kind(
        "normalization",
        ("instancenorm", "batchnorm", "batch", "bn", "layernorm", "norm", "normalization", "layer",
         "batchnorm1d", "rmsnorm"),
        (
            {"x": "n d", "gamma": "d", "beta": "d"},
            {"x": "n d", "gamma": "1 d", "beta": "1 d"},
            {"x": "d n", "gamma": "d 1", "beta": "d 1"},
            *_ways({"x": "n c h w"}, {"gamma": "c", "beta": "c"}),
            *_ways({"x": "n c h w"}, {"gamma": "1 c 1 1", "beta": "1 c 1 1"}),
            {"x": "n t d", "gamma": "d", "beta": "d"},
        ),
        {"n": 5, "d": 3, "c": 4, "h": 6, "w": 7, "t": 2},
    ),
    Kind(
        "embedding",
        ("embedding", "embed", "lookup", "encoder"),
        (
            {"x": integers("n t", high="v"), "weight": "v d"},
            {"x": integers("n", high="v"), "weight": "v d"},
            # Of words, and of their places.
            {"x": integers("n t", high="v"), "weight": "v d", "weight 2": "t d"},
        ),
        {"n": 4, "t": 2, "v": 5, "d": 3},
    ),
    Kind(
        "affine",
        ("affine", "linear", "dense", "fc", "fully", "connected", "matmul", "gemm", "inner"),
        (*_ROWS, *_COLUMNS, *_COLUMN, *_STEPS),
        {"n": 7, "d": 6, "m": 4, "t": 3},
    ),
    Kind(
        "dropout", ("dropout",), ({"x": "n d"}, {"x": "n c h w"}),
        {"n": 4, "d": 3, "c": 5, "h": 6, "w": 7},
    ),
    Kind("softmax", ("softmax", "logsoftmax"), ({"x": "n c"}, {"x": "c"}, {"x": "c 1"}),
         {"n": 4, "c": 3}),
    Kind(
        "positive",
        ("log", "sqrt", "logarithm"),
        ({"x": real("n d", low=0)},),
        {"n": 4, "d": 3},
    ),
    Kind(
        "elementwise",
        (
            "relu", "sigmoid", "tanh", "elu", "gelu", "silu", "swish", "leaky", "softplus",
            "softsign", "identity", "square", "exp", "sin", "cos", "selu", "mish", "lrelu",
            "hardtanh", "logistic", "mul", "add", "sub", "multiply", "addition", "subtract", "neg",
            "negate", "div", "divide", "division", "truediv", "pow", "power",
        ),
        ({"x": "n d", "bias": "n d"}, {"x": "n d", "gamma": "d"}, {"x": "n d", "gamma": "1 d"}),
        {"n": 4, "d": 3},
    ),
)  # fmt: skip

#: What is tried where no name is known. The sizes are none that usual windows have.
OTHER = Kind(
    "",
    (),
    (
        *_ROWS,
        *_COLUMNS,
        *_COLUMN,
        *_STEPS,
        {"x": "n d", "weight": "n d", "bias": "n d"},
        *_ways({"x": "n d", "weight": "d"}, {"bias": "d"}, {"bias": "1 d"}),
        {"x": "n d", "gamma": "d", "beta": "d"},
        {"x": "n d", "gamma": "1 d", "beta": "1 d"},
        *_ways({"x": "n c h w", "gamma": "c"}, {"beta": "c"}, {"bias": "c"}),
        {"x": "n d", "gamma": real()},
        {"x": "n d", "gamma": "d d"},
        # What is split into so many parts.
        *_ways({"x": "n d", "weight": "d 2*m"}, {"bias": "2*m"}),
        *_ways({"x": "n d", "weight": "d 3*m"}, {"bias": "3*m"}),
        *_ways({"x": "n d", "weight": "d 4*m"}, {"bias": "4*m"}),
        *_ways(
            {"x": "n d", "weight": "d h", "weight 2": "h m"},
            {"bias": "h", "bias 2": "m"},
            {"bias": "1 h", "bias 2": "1 m"},
        ),
        *_ways(
            {"x": "n d", "weight": "d h", "bias": "h", "weight 2": "h 1", "bias 2": "1"},
            {"target": real("n", differentiate=False)},
            {"target": real("n 1", differentiate=False)},
        ),
        {"x": "n", "weight": "n", "bias": "n"},
        {"x": "n d"},
        {"x": "n c h w"},
        {"x": "n t d"},
        {"x": real("n d", low=_LOW)},
        {"x": real("n d", low=_LOW, high=_HIGH)},
    ),
    {"n": 11, "d": 7, "m": 6, "c": 4, "h": 8, "w": 9, "t": 10},
)
_GATED = {"x": "n d", "h": "n h", "c": "n h"}
_GATED_COLUMNS = {"x": "d n", "h": "h n", "c": "h n"}
#: Parameters of one letter that share their dims: the gates of a cell, the halves of a gated layer.
GROUPS = (
    *_ways({**_GATED, "weight": "d h", "weight 2": "h h"}, {"bias": "h"}, {"bias": "1 h"}),
    *_ways({**_GATED, "weight": "h h", "weight 2": "d h"}, {"bias": "h"}, {"bias": "1 h"}),
    *_ways({**_GATED, "weight": "d+h h"}, {"bias": "h"}, {"bias": "1 h"}),
    {**_GATED_COLUMNS, "weight": "h d", "weight 2": "h h", "bias": "h 1"},
    {**_GATED_COLUMNS, "weight": "h d+h", "bias": "h 1", "weight y": "o h", "bias y": "o 1"},
    *_ways({"x": "n d", "weight": "d m"}, {"bias": "m"}, {"bias": "1 m"}),
    *_ways({"x": "n d", "weight": "d d"}, {"bias": "d"}, {"bias": "1 d"}),
    # Queries, keys, values and what comes out, in two heads.
    {"x": "n t 2*d", "weight": "2*d 2*d", "bias": "2*d"},
    {"x": "t 2*d", "weight": "2*d 2*d", "bias": "2*d"},
)
#: A cost of one vector of parameters.
FLAT = Kind(
    "flat vector",
    (),
    (
        {
            "theta": "d",
            "data": real("n d", differentiate=False),
            "target": real("n", low=_LOW, high=_HIGH, differentiate=False),
        },
        {
            "theta": "d 1",
            "data": real("n d", differentiate=False),
            "target": real("n 1", low=_LOW, high=_HIGH, differentiate=False),
        },
    ),
    {"n": 4, "d": 3},
)
#: A cost of a weight and a bias, one number for all: a neuron, or a regression.
COST = Kind(
    "cost",
    (),
    (
        *_ways(
            {"weight": "d 1", "bias": real(), "data": real("d n", differentiate=False)},
            {"target": real("1 n", low=_LOW, high=_HIGH, differentiate=False)},
        ),
        *_ways(
            {"weight": "d", "bias": real(), "data": real("n d", differentiate=False)},
            {"target": real("n", low=_LOW, high=_HIGH, differentiate=False)},
        ),
        *_ways(
            {"weight": "d 1", "bias": real(), "data": real("n d", differentiate=False)},
            {"target": real("n 1", low=_LOW, high=_HIGH, differentiate=False)},
        ),
        {
            "weight": real(),
            "bias": real(),
            "data": real("n", differentiate=False),
            "target": real("n", differentiate=False),
        },
        {"weight": "d c", "data": real("n d", differentiate=False), "target": _LABELS},
        {"weight": "c d", "data": real("n d", differentiate=False), "target": _LABELS},
    ),
    {"n": 4, "d": 3, "c": 5},
)
#: A model with a loss of its own: sizes such that labels do not fit a wrong one.
MODEL = Kind(
    "model",
    (),
    (
        {"data": real("n d", differentiate=False), "target": _LABELS},
        # One sequence, and what it is of.
        {"data": real("t d", differentiate=False), "target": integers("", high="c")},
    ),
    {"n": 7, "d": 6, "h": 3, "c": 5, "t": 4},
)
#: A recurrent network over characters by number, in the names of the one that everybody copies.
CHARACTERS = Kind(
    "characters",
    (),
    (
        {
            "inputs": integers("t", high="v"), "targets": integers("t", high="v"),
            "hprev": real("h 1", differentiate=False),
            "wxh": "h v", "whh": "h h", "why": "v h", "bh": "h 1", "by": "v 1",
        },
    ),
    {"t": 5, "v": 4, "h": 3},
)  # fmt: skip
#: A network of one sample at a time, of which gradients of the parameters are taken.
NETWORK = Kind(
    "network",
    (),
    ({"x": real("d 1", differentiate=False)}, {"x": real("n d", differentiate=False)}),
    {"n": 7, "d": 6, "h": 3, "c": 5},
)
#: Images of which the channels are divided by a number that a layer has by default.
IMAGES = Kind("images", (), (), {"n": 5, "c": 3, "h": 7, "w": 11})
#: What looks rows up by their numbers, beside those of the kind that is for that.
NUMBERS = Kind("numbers", (), (), {"n": 7, "v": 5, "w": 6, "d": 3, "t": 2})
#: What runs at the sizes that its source has alone: what it takes is told by that.
WRITTEN = Kind("written", (), (), {})
