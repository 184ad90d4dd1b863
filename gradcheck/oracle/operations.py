"""What numpy does to a step in the imaginary direction: operations and functions by their names."""

from __future__ import annotations

#: Operations whose complex form continues the real one.
ANALYTIC = {
    "add", "subtract", "multiply", "divide", "square", "reciprocal", "sqrt", "exp", "expm1", "log",
    "log2", "log10", "log1p", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arcsin", "arccos",
    "arctan", "arcsinh", "arccosh", "arctanh", "power", "float_power", "matmul",
}  # fmt: skip
#: Operations and functions that choose among numbers.
CHOOSING = {
    "maximum", "minimum", "fmax", "fmin", "clip", "sort", "argsort", "max", "min", "amax", "amin",
    "argmax", "argmin",
}  # fmt: skip
#: Operations that answer with truth values.
TESTS = {
    "greater", "greater_equal", "less", "less_equal", "equal", "not_equal", "isfinite", "isnan",
    "isinf", "logical_and", "logical_or", "logical_not", "logical_xor",
}  # fmt: skip
#: Operations and functions that change no number but its sign.
MOVING = {
    "negative", "positive", "where", "reshape", "ravel", "transpose", "concatenate", "stack",
    "hstack", "vstack", "dstack", "column_stack", "split", "array_split", "hsplit", "vsplit",
    "take", "take_along_axis", "repeat", "tile", "broadcast_to", "broadcast_arrays",
    "expand_dims", "squeeze", "moveaxis", "swapaxes", "flip", "fliplr", "flipud", "rot90", "roll",
    "diag", "diagonal", "tril", "triu", "zeros_like", "ones_like", "empty_like", "full_like",
    "copy", "atleast_1d", "atleast_2d", "atleast_3d", "pad", "select", "choose", "compress",
    "delete", "insert", "append", "shape", "ndim", "size",
}  # fmt: skip
#: Functions that add up many terms, and others that compute; none takes a conjugate, and each has
#: the rounding of its last bits and those of its inputs.
SUMS = {
    "sum", "mean", "dot", "cumsum", "trace", "inner", "tensordot", "einsum", "average", "convolve",
}  # fmt: skip
COMPUTING = {"prod", "cumprod", "outer", "diff", "cross", "kron", "solve", "inv", "det"}
#: Operations whose imaginary part is a difference of products: it may cancel, and is then rounding.
MIXING = {"matmul", "multiply", "divide", "power", "float_power"}
#: Methods of an array that are functions by the same name.
METHODS = {
    "sum", "mean", "dot", "cumsum", "trace", "prod", "cumprod", "reshape", "ravel", "transpose",
    "take", "repeat", "squeeze", "swapaxes", "argsort", "max", "min", "argmax", "argmin",
    "diagonal", "copy", "clip", "compress", "choose",
}  # fmt: skip
