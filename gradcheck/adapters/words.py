"""What things are called in code that people write: the record of names that adapters read.

Every convention looks words up here or brings a record of its own. A new word is one more string.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Words:
    """The words of one convention; ``{}`` stands for the name of an input or parameter."""

    forward: tuple[str, ...] = (
        "forward", "_forward", "fprop", "forward_pass", "feed_forward", "feedforward",
        "forward_prop", "forward_propagation", "fwd", "compute", "__call__", "fn", "call",
        "propagar", "adelante", "avant", "propagation_avant", "vorwaerts", "propagate",
        "propagate_forward", "forwards", "forward_step", "avanti", "propaga", "para_frente",
        "propagar_frente", "прямой", "вперед", "вперёд", "前向", "前向传播", "順伝播", "순전파",
    )  # fmt: skip
    backward: tuple[str, ...] = (
        "backward", "_backward", "bprop", "backward_pass", "backprop", "back_prop",
        "backward_prop", "backward_propagation", "back_propagate", "backpropagate", "bwd", "back",
        "retropropagar", "atras", "arriere", "retropropagation", "rueckwaerts", "bptt",
        "backward_through_time", "backprop_through_time", "back_propagation", "pullback",
        "propagate_back", "propagate_backward", "backwards", "indietro", "retropropaga",
        "para_tras", "обратный", "назад", "反向", "反向传播", "逆伝播", "역전파",
    )  # fmt: skip
    #: Methods of an activation that give its derivative at an array.
    slope: tuple[str, ...] = (
        "gradient", "grad", "derivative", "prime", "deriv", "derive", "df", "dfn", "diff",
        "differentiate", "slope",
    )  # fmt: skip
    #: Methods that give the gradients of parameters, beside the backward method.
    parameter_gradients: tuple[str, ...] = (
        "param_grads", "grads_wrt_params", "parameter_gradients", "get_grads", "get_gradients",
        "param_gradients",
    )  # fmt: skip
    #: What the gradient for a name is called, as an attribute, a key, or a returned variable.
    gradient: tuple[str, ...] = (
        "d{}", "grad_{}", "dLd{}", "{}_grad", "d_{}", "grad{}", "g{}", "{}_gradient",
        "{}grad", "gradient_{}", "{}_gradients", "{}_grads", "dL_d{}", "delta_{}", "nabla_{}",
        "dJ_d{}", "dE_d{}", "d{}_", "dl_d{}", "grads_wrt_{}", "derivative_{}", "deriv_{}",
        "{}_derivative",
        "_d{}", "_grad_{}", "_{}_grad", "{}_g",
        "{}梯度", "{}的梯度", "{}_梯度", "梯度_{}", "{}勾配", "{}の勾配",
    )  # fmt: skip
    #: What the gradient for the only input is called as an attribute, whatever the input is called.
    input_gradient: tuple[str, ...] = (
        "dinputs", "dinput", "dx", "dX", "grad_input", "grad_inputs", "input_grad", "dA_prev",
    )  # fmt: skip
    #: Attributes that hold parameters and gradients by position or by name.
    parameters: tuple[str, ...] = ("params", "parameters", "weights", "_params", "param")
    gradients: tuple[str, ...] = (
        "grads", "gradients", "dparams", "param_grads", "_grads", "derivatives", "grad", "dparam",
        "gradient",
    )  # fmt: skip
    #: Keys of a dict that holds one parameter, and of its gradient.
    value_key: tuple[str, ...] = ("val", "value", "data", "param", "w", "theta", "v", "x")
    gradient_key: tuple[str, ...] = ("grad", "gradient", "d", "dval", "delta", "g", "dv", "dx")
    #: Attributes in which a forward method that returns nothing leaves its output.
    output: tuple[str, ...] = ("out", "output", "Z", "A", "y", "Y", "h", "H", "a", "z", "result")
    #: Methods that empty gradients, and those that make parameters that are not there yet.
    flush: tuple[str, ...] = (
        "flush_gradients", "zero_grad", "zero_grads", "zero_gradients", "cleargrads", "clear_grad",
        "reset_grad", "reset_gradients", "cleargrad", "clear_gradients", "reset_grads",
    )  # fmt: skip
    #: Methods that empty what holds one parameter and its gradient.
    emptied: tuple[str, ...] = ("zero",)
    #: Methods that are told the shape of one sample before parameters are made.
    told_shape: tuple[str, ...] = ("set_input_shape", "set_input_size", "set_shape")
    initialize: tuple[str, ...] = (
        "initialize", "build", "init_params", "_init_params", "setup", "init_param",
        "init_weights", "_init_weights", "init_parameters", "_init_parameters",
        "initialize_parameters", "initialize_params", "initialize_weights", "reset_parameters",
    )  # fmt: skip


WORDS = Words()

#: The mode in which nothing is dropped, and running statistics are used.
EVAL = "eval"

#: Numbers that layers take beside arrays.
NUMBERS: Mapping[str, float | int] = {
    **dict.fromkeys(("lambda_", "lambda", "lam", "lmbda", "lamb", "lambd", "reg", "l2", "l1"), 0.5),
    **dict.fromkeys(("weight_decay", "decay", "regularization", "reg_lambda", "l2_reg"), 0.5),
    **dict.fromkeys(("scalar", "power", "exponent"), 3),
    **dict.fromkeys(("slope", "alpha", "negative_slope", "leak"), 0.25),
    **dict.fromkeys(("factor", "constant", "const", "temperature", "tau", "delta", "margin"), 2.5),
    **dict.fromkeys(("eps", "epsilon"), 1e-3),
    **dict.fromkeys(
        ("n_heads", "num_heads", "n_head", "heads", "nheads", "num_attention_heads"), 2
    ),
    **dict.fromkeys(("keep_prob", "dropout_rate", "drop_prob", "dropout_ratio"), 0.5),
}
_RATE = {
    "learning_rate", "learn_rate", "lr", "rate", "eta", "step_size", "stepsize", "learningrate",
}  # fmt: skip
_PROBABILITY = ("prob", "drop", "keep")
_FUNCTION = {
    "fn", "func", "function", "act", "act_fn", "actfun", "phi", "sigma", "df", "dfn", "dfunc",
    "f_prime", "fprime", "fn_prime", "func_prime", "f_deriv", "df_dx", "dact", "act_prime",
    "act_deriv", "grad_f", "f_grad", "dphi", "phi_prime", "dsigma", "sigma_prime",
}  # fmt: skip
_SUBLAYER = {"layer", "module", "block", "sublayer", "sub_layer", "component", "model", "net"}
_TARGET = {
    "t", "y", "target", "targets", "targ", "tgt",
    "label", "labels", "actual", "y_true", "ytrue", "truth",
    "ground_truth", "correct", "expected", "onehot", "one_hot", "y_onehot", "idx", "index", "y_hot",
    "y_train", "train_y", "y_batch", "yb", "soll", "sollwert", "ziel", "zielwert", "objetivo",
    "esperado", "deseado", "cible", "attendu", "etiqueta", "etiquetas", "etiquette", "alvo", "tags",
    "endog",
    "标签", "目标", "真实值", "真值", "ラベル", "正解", "教師データ", "метки", "метка", "정답",
}  # fmt: skip
#: Of these, what nothing but labels is called.
_LABEL = {
    "y_train",
    "train_y",
    "y_batch",
    "target",
    "targets",
    "label",
    "labels",
    "y_true",
    "ytrue",
    "ground_truth",
    "y_onehot",
}
_INDEX = {
    "ids", "idx", "indices", "index", "labels", "tags", "seq", "tokens", "token", "words", "rows",
}  # fmt: skip
_PREDICTION = {
    "y_hat", "yhat", "y_pred", "ypred", "output", "out", "o", "probs", "prob", "p", "predictions",
    "prediction", "pred", "al", "preds",
}  # fmt: skip
_DERIVED_ENDINGS = (
    "grad", "prime", "derivative", "deriv", "der", "d", "gradient", "dx", "backward", "diff",
    "derivate", "derived", "slope", "derivada", "derivee", "ableitung", "derivata", "dt", "dz",
)  # fmt: skip
_DERIVED_STARTS = (
    "d", "grad", "d_", "grad_", "deriv_", "derivative_", "gradient_", "der_", "diff_",
    "derivada_", "derivee_", "ableitung_", "derivata_", "derivative_of_", "derivative_of_the_",
    "prime_",
)  # fmt: skip
_LOSS = (
    "loss", "entropy", "xent", "nll", "hinge", "criterion", "bce", "cost", "mse", "mae", "error",
    "divergence", "objective",
)  # fmt: skip
_TRAINING = {
    "train_flg", "training", "is_train", "is_training", "train", "train_mode", "istrain",
    "retain_derived", "retain_grads", "trainmode",
}  # fmt: skip
_EVALUATING = {
    "eval", "eval_mode", "is_eval", "test", "test_mode", "is_test", "evaluate", "inference",
    "is_inference", "deterministic",
}  # fmt: skip
#: What a word for the mode is called, where it is no flag.
_MODE = {"mode", "phase"}
_STATISTIC = re.compile(
    r"((running|moving|run|mov|ema|pop|global|test|avg)_?)?(mean|avg|var|variance|std|average)s?"
)
_CACHE = {"cache", "ctx", "mem", "memory", "context", "stash", "saved", "residuals", "res"}
_OPTIMIZER = {"optimizer", "optim", "opt", "updater", "optimiser"}
_BIAS = {"b", "bias", "biases", "w0", "b0", "ba", "bh", "by", "offset", "intercept", "bias_"}
_PARAMETER_DICT = {"parameters", "params", "weights", "param", "model", "theta_dict"}
#: What else a gradient may be called after: dW of weights, and of a weight w.
_ALSO = {
    "w": ("weight", "weights"), "b": ("bias", "biases"),
    **dict.fromkeys(("weight", "weights", "kernel"), ("w", "W", "weight", "weights")),
    **dict.fromkeys(("bias", "biases"), ("b", "bias", "biases")),
}  # fmt: skip
_DATA = {"x", "xs", "data", "inputs", "batch", "features", "samples", "x_train", "train_x", "xb",
         "exog"}  # fmt: skip
_SHAPE = ("shape", "dims", "size")
_FLAT = {
    "theta", "thetas", "params", "w_flat", "flat", "nn_params", "vec", "theta_vec", "initial_theta",
    "initial_nn_params", "flat_params", "unrolled", "nnparams", "weights_vector", "param_vector",
}  # fmt: skip


def gradient_names(name: str, words: Words = WORDS) -> list[str]:
    """What the gradient for ``name`` may be called, the likeliest first."""
    short = name.removesuffix("_prev")
    stems = dict.fromkeys((name, short, name.lower(), name.upper(), *_ALSO.get(name.lower(), ())))
    return [pattern.format(stem) for stem in stems for pattern in words.gradient]


def is_rate(name: str) -> bool:
    """Whether a parameter of a function is a learning rate."""
    return name.lower() in _RATE


def is_probability(name: str) -> bool:
    """Whether a parameter of a dropout layer is how many entries are dropped, or kept."""
    lowered = name.lower()
    return lowered in ("p", "q", "rate", "ratio") or any(one in lowered for one in _PROBABILITY)


def is_activation(name: str) -> bool:
    """Whether an argument of a constructor is an activation, or its derivative."""
    lowered = name.lower()
    return lowered in _FUNCTION or any(word in lowered for word in ("activation", "nonlin"))


def is_slope(name: str) -> bool:
    """Whether an argument that is an activation is the derivative of one."""
    lowered = name.lower()
    return is_activation(name) and (
        lowered.startswith(("d", "grad"))
        or any(one in lowered for one in ("prime", "deriv", "grad"))
    )


def is_initializer(name: str) -> bool:
    """Whether an argument of a constructor makes arrays of parameters."""
    return "init" in name.lower()


def is_sublayer(name: str) -> bool:
    """Whether an argument of a constructor is a layer, or a list of layers."""
    return name.lower().removesuffix("_list").removesuffix("s") in _SUBLAYER


def is_class_weights(name: str) -> bool:
    """Whether an argument of a loss is how much each class counts."""
    return name.lower() in ("class_weight", "class_weights", "label_weights", "costs")


def is_target(name: str) -> bool:
    """Whether an input of a loss is what is to be predicted."""
    return name.lower().removesuffix("_list") in _TARGET


def is_index(name: str) -> bool:
    """Whether an array of this name is one of numbers of something: words, classes, rows."""
    lowered, spelled = name.lower(), snake(name)
    endings = ("_ids", "_idx", "_indices", "_tokens", "_tags", "_index")
    return lowered in _INDEX or spelled.endswith(endings)


def is_prediction(name: str) -> bool:
    """Whether an array of this name is what a network predicts."""
    return name.lower().removeprefix("self.") in _PREDICTION


def is_label(name: str) -> bool:
    """Whether an array of this name is surely what is to be predicted."""
    return name.lower() in _LABEL


def derived_from(name: str) -> list[str]:
    """What the function may be called of which one of this name is the derivative."""
    found = [name.removesuffix(f"_{end}") for end in _DERIVED_ENDINGS if name.endswith(f"_{end}")]
    found += [name.removeprefix(start) for start in _DERIVED_STARTS if name.startswith(start)]
    found += [re.sub(r"(Prime|Grad|Derivative|Gradient|Deriv)$", "", name)]
    found = [text for text in found if text and text != name]
    # ``compute_gradient`` and ``compute_cost``, ``logistic_gradient`` and ``logistic_loss``.
    swapped = [_swapped(name, word) for word in ("cost", "loss", "objective")]
    return [
        *found,
        *(f"{text}_{end}" for text in found for end in ("fn", "func", "function")),
        *(text for text in swapped if text != name),
    ]


def _swapped(name: str, word: str) -> str:
    """A name with another word for gradient in it."""
    spelled = re.sub("(gradient|grad)s?", word, name)
    return re.sub("(Gradient|Grad)s?", word.title(), spelled)


def is_loss(name: str) -> bool:
    """Whether a class or function of this name is a loss."""
    return any(word in name.lower() for word in _LOSS)


_REGRESSIONS = ("regress", "ridge", "lasso", "elastic", "adaline", "linreg", "lin_reg")


def is_regression(name: str) -> bool:
    """Whether a model of this name predicts amounts, and no classes."""
    lowered = name.lower()
    amounts = any(word in lowered for word in _REGRESSIONS)
    return amounts and not any(word in lowered for word in ("logistic", "softmax", "multinomial"))


def is_penalty(name: str) -> bool:
    """Whether a method of this name computes what a parameter adds to a loss."""
    lowered = name.lower()
    return any(word in lowered for word in ("penalt", "reg", "decay", "l2"))


def is_mask(name: str) -> bool:
    """Whether an array of this name says what counts: where there is a word, or a rating."""
    return name == "R" or name.lower() in ("mask", "masks", "rated", "is_rated", "observed")


def is_length(name: str) -> bool:
    """Whether an array of this name says how many steps of each sequence there are."""
    lowered = name.lower()
    return lowered in ("lengths", "lens", "seq_lens", "seq_len", "seq_lengths", "x_len", "n_steps")


def is_count_of_groups(name: str) -> bool:
    """Whether a number of this name is how many groups there are."""
    return name == "G" or name.lower() in ("groups", "group", "num_groups", "n_groups", "ngroups")


def is_logits(name: str) -> bool:
    """Whether an array of this name is what an activation was taken of."""
    return name.lower() in ("z", "zs", "logits", "scores", "preactivation")


def is_taken(name: str) -> bool:
    """Whether an array of this name is what an activation takes, rather than what it gives."""
    lowered = name.lower()
    return is_logits(name) or lowered in ("x", "xs", "v", "u", "net", "inp", "input", "inputs")


def is_cache(name: str) -> bool:
    """Whether a parameter of a backward function is what the forward function kept."""
    lowered = name.lower()
    return lowered in _CACHE or "cache" in lowered


def is_optimizer(name: str) -> bool:
    """Whether a parameter is an object that updates parameters."""
    return name.lower() in _OPTIMIZER


def is_parameter_dict(name: str) -> bool:
    """Whether a parameter of a function is a dict of parameters."""
    return name.lower() in _PARAMETER_DICT


def is_flat(name: str) -> bool:
    """Whether an input is all the parameters in one vector."""
    return name.lower() in _FLAT


def is_shape(name: str) -> bool:
    """Whether a parameter of a constructor is the shape of something."""
    return any(word in name.lower() for word in _SHAPE)


def is_window(name: str) -> bool:
    """Whether a number that a layer is made with is the size of a window."""
    return re.fullmatch(r"(?i)f|k|size|.*(filter|kernel|window|pool|ksize).*", name) is not None


def mode_value(name: str, mode: str, said: tuple[str, str] | None) -> bool | str | None:
    """What a flag for the mode gets in ``"eval"`` or else; None for another parameter.

    ``said`` are the words for both modes that the source of the layer has.
    """
    lowered = name.lower().strip("_")
    if lowered in _TRAINING and not lowered.startswith("retain"):
        return mode != EVAL
    if lowered in _EVALUATING:
        return mode == EVAL
    return said[mode == EVAL] if said is not None and lowered in _MODE else None


def is_statistic(name: str) -> bool:
    """Whether an array of this name is a mean or a spread of what was seen, and not learned."""
    return _STATISTIC.fullmatch(name.lower().strip("_")) is not None


def is_hidden(name: str) -> bool:
    """Whether an array of this name is what a cell passes on to its next step."""
    lowered = name.lower()
    return lowered in ("h", "hidden", "state", "prev_state") or (
        lowered.startswith(("h_", "prev_h", "hprev", "hidden_", "a_prev", "s_prev"))
    )


def is_spread(name: str) -> bool:
    """Whether an array of this name is positive: a variance or a standard deviation."""
    return is_statistic(name) and re.search("var|std", name.lower()) is not None


def is_cotangent(name: str) -> bool:
    """Whether a parameter of a backward function is a cotangent."""
    lowered = name.lower()
    starts = lowered.startswith(("d", "grad", "g", "up", "delta", "error", "err", "accum", "top"))
    return starts and not is_cache(name) and not is_rate(name)


def is_weight(name: str) -> bool:
    """Whether an array of this name is one of weights."""
    lowered = name.lower()
    whole = lowered in ("w", "weight", "weights", "kernel", "filters", "filter", "wmat", "theta")
    return whole or (lowered.startswith("w") and len(lowered) <= 3 and lowered != "w0")


#: What else weights are called in layers of some kinds.
_OF_WINDOW, _OF_CELL = ("k", "kern", "kernels", "filt", "filts"), ("u", "v", "r")
_WEIGHT_IN = {
    "convolution": _OF_WINDOW, "transposed convolution": _OF_WINDOW,
    "embedding": (
        "table", "e", "emb", "embeddings", "embedding", "lookup", "matrix", "vectors", "wte", "wpe",
        "tok", "pos", "tok_emb", "pos_emb", "token_embedding", "position_embedding",
    ),
    "lstm": _OF_CELL, "gru": _OF_CELL, "rnn": _OF_CELL,
}  # fmt: skip


def is_weight_in(kind: str, name: str) -> bool:
    """Whether an array of this name is one of weights in a layer of a kind."""
    lowered = name.lower()
    return lowered in _WEIGHT_IN.get(kind, ()) or (kind != "" and lowered == f"w{kind}")


def is_data(name: str) -> bool:
    """Whether an array of this name is what a model is fitted to."""
    return name.lower() in _DATA


def is_noise(name: str) -> bool:
    """Whether an array of this name is drawn, and nothing is learned of it."""
    return name.lower() in ("noise", "eps", "epsilon", "gumbel")


def is_weight_of_samples(name: str, beside: Iterable[str]) -> bool:
    """Whether an array says how much each sample counts: ``weight`` beside ``W`` is no other."""
    lowered = name.lower()
    if "weight" not in lowered:
        return False
    learned = [one for one in beside if is_weight(one) and one.lower() != lowered]
    return "sample" in lowered or bool(learned)


def is_gain(name: str) -> bool:
    """Whether an array of this name is what something is multiplied with, entry by entry."""
    return name.lower() in ("gamma", "bw", "g", "scale", "gain")


def is_bias(name: str) -> bool:
    """Whether an array of this name is a bias."""
    return name.lower() in _BIAS or re.fullmatch(r"b_?\d", name) is not None


def is_parameter(name: str) -> bool:
    """Whether an argument of a constructor is an array of parameters."""
    return is_weight(name) or is_bias(name) or name.lower() in ("gamma", "beta")


def snake(name: str) -> str:
    """``FullyConnected`` as ``fully_connected``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower().strip("_")


#: What of a name says that it is a layer's, or which half of one.
_HALVES = {
    "forward", "fwd", "fprop", "backward", "bwd", "bprop", "backprop", "back", "prop", "layer",
}  # fmt: skip

#: Further spellings, and how many axes of an image a layer is of.
_NORM = "normali[sz]ation"
_DIMS = r"_?[1-3]_?d(?![a-z])"


def layer_word(name: str) -> str:
    """What a layer is called, however it is written: ``BatchNorm``, ``batchnorm_backward``.

    That of ``LayerNorm`` is no half of a name, and ``BatchNormalization2d`` is ``BatchNorm``.
    """
    words = re.sub(_DIMS, "", re.sub(_NORM, "norm", snake(name))).split("_")
    after = [*words[1:], ""]
    return "".join(
        word
        for word, following in zip(words, after, strict=True)
        if word not in _HALVES or (word == "layer" and following.startswith("norm"))
    )


def first(names: Iterable[str], holder: object) -> str | None:
    """The first of ``names`` that is an attribute of ``holder``."""
    return next((name for name in names if getattr(holder, name, None) is not None), None)
