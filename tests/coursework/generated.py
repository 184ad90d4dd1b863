"""Submissions to the assignment ``homework``: right, wrong in known ways, and hostile."""

import itertools

import numpy as np

#: Of each function some ways to write it, and which parts each earns: one letter a part.
SOFTMAX = {
    "stable": ("e = np.exp(z - z.max())\n    return e / e.sum()", "f"),
    "naive": ("e = np.exp(z)\n    return e / e.sum()", "f"),
    "by logarithms": ("return np.exp(z - np.logaddexp.reduce(z))", "f"),
    "unnormalized": ("return np.exp(z - z.max())", ""),
    "divided by n": ("e = np.exp(z - z.max())\n    return e / len(e)", ""),
    "exits": ("import os\n    os._exit(0)", ""),
    "zeros": ("return np.zeros_like(z)", ""),
}
BACKWARD = {
    "short": ("return y * (dy - dy @ y)", "s"),
    "by the Jacobian": ("return (np.diag(y) - np.outer(y, y)) @ dy", "s"),
    "by loops": (
        "J = np.zeros((len(y), len(y)))\n    for i in range(len(y)):\n"
        "        for j in range(len(y)):\n"
        "            J[i, j] = y[i] * ((i == j) - y[j])\n    return J @ dy",
        "s",
    ),
    "lists": ("d = sum(dy * y)\n    return [float(b) * (a - d) for a, b in zip(dy, y)]", "s"),
    "passed on": ("return dy", ""),
    "elementwise": ("return dy * y * (1 - y)", ""),
    "one sign": ("return y * (dy + dy @ y)", ""),
    "off by 1e-3": ("return 1.001 * y * (dy - dy @ y)", ""),
    "endless": ("while True:\n        pass", ""),
    "text": ("return [str(one) for one in dy]", ""),
}
LINEAR = {
    "right": ("return dz @ W.T, x.T @ dz, dz.sum(axis=0)", "xWb"),
    "by einsum": (
        "return (np.einsum('nm,dm->nd', dz, W), np.einsum('nd,nm->dm', x, dz),\n"
        "            np.ones(len(dz)) @ dz)",
        "xWb",
    ),
    "a list": ("return [dz @ W.T, x.T @ dz, dz.sum(axis=0)]", "xWb"),
    "a named tuple": (
        "from collections import namedtuple\n    made = namedtuple('made', 'dx dW db')\n"
        "    return made(dz @ W.T, x.T @ dz, dz.sum(axis=0))",
        "xWb",
    ),
    "no sum": ("return dz @ W.T, x.T @ dz, dz", "xW"),
    "a mean": ("return dz @ W.T, x.T @ dz, dz.mean(axis=0)", "xW"),
    "transposed": ("return dz @ W.T, dz.T @ x, dz.sum(axis=0)", "xb"),
    "all by n": ("return dz @ W.T, x.T @ dz / len(x), dz.sum(axis=0) / len(x)", "x"),
    "no dx": ("return None, x.T @ dz, dz.sum(axis=0)", "Wb"),
    "two": ("return dz @ W.T, x.T @ dz", ""),
    "raises": ("raise ValueError('::error::no')", ""),
    "crashes": ("import ctypes\n    ctypes.string_at(0)", ""),
}
_LETTERS = "fsxWb"


def submission(softmax, backward, linear):
    """The source of one submission, and whether each of its parts earns its points."""
    chosen = SOFTMAX[softmax], BACKWARD[backward], LINEAR[linear]
    heads = "softmax(z)", "softmax_backward(dy, y)", "linear_backward(dz, x, W)"
    parts = [f"def {head}:\n    {one[0]}" for head, one in zip(heads, chosen, strict=True)]
    earned = "".join(letters for _, letters in chosen)
    source = "\n\n\n".join(["import numpy as np", *parts]) + "\n"
    return source, [letter in earned for letter in _LETTERS]


def generated(count, seed=0):
    """The ways in which so many submissions are written, each way of each function among them."""
    rng = np.random.default_rng(seed)
    longest = max(len(SOFTMAX), len(BACKWARD), len(LINEAR))
    ways = [list(rng.permutation(list(one))) for one in (SOFTMAX, BACKWARD, LINEAR)]
    chosen = [tuple(str(way[k % len(way)]) for way in ways) for k in range(longest)]
    every = list(itertools.product(SOFTMAX, BACKWARD, LINEAR))
    while len(chosen) < count:
        one = every[int(rng.integers(len(every)))]
        # Each endless loop takes its whole time.
        if "endless" not in one:
            chosen.append(one)
    return chosen[:count]


def handed_in(folder, chosen):
    """Write their files; whether each part earns its points, by name."""
    folder.mkdir(exist_ok=True)
    expected = {}
    for number, one in enumerate(chosen):
        source, earned = submission(*one)
        (folder / f"student-{number:03}.py").write_text(source)
        expected[f"student-{number:03}"] = earned
    return expected
