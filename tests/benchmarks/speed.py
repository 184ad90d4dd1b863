"""What this project itself costs, as ratios in one run: ``python -m tests.benchmarks.speed``.

Prints Markdown: the homework from a shell, one drawn input, one judged input, the import, a check
of small and realistic layers and, where autograd is installed, its ``check_grads`` as it comes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import gradcheck as gc
from gradcheck.sampling import Sampler
from tests.benchmarks.cost import shortest
from tests.benchmarks.layers import REALISTIC, SMALL
from tests.quality.scalable import softmax

ROOT = Path(__file__).parents[2]
#: The derivations of the first course are those of no folder.
HOMEWORK = sorted((ROOT / "derivations").glob("*.py"))
_RUNS = 5
_DRAFTS = 60


def _command(*arguments: str) -> float:
    """The shortest wall time of a command, in seconds."""
    best = np.inf
    for _ in range(_RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT)
        best = min(best, time.perf_counter() - started)
    return float(best)


def homework() -> str:
    """``pytest`` on the homework, beside its start-up alone."""
    files = [str(path.relative_to(ROOT)) for path in HOMEWORK]
    whole = _command("-m", "pytest", "-q", "-p", "no:cacheprovider", *files)
    start = _command("-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", *files)
    ratio = f"{whole / start:.1f} × its collection"
    return f"| `pytest` on the homework, 100 inputs a claim | {whole:.1f} s | {ratio} |"


def importing() -> str:
    """The import, beside numpy's."""
    ours, numpys = _command("-c", "import gradcheck"), _command("-c", "import numpy")
    return f"| `import gradcheck` | {1000 * ours:.0f} ms | {ours / numpys:.2f} × `import numpy` |"


def _declared() -> Any:
    @gc.derivation(z="k")
    def declared(z: Any) -> Any:
        return softmax(z)

    @declared.vjp
    def rule(dy: Any, y: Any) -> Any:
        return y * (dy - dy @ y)

    return rule


def drawing() -> str:
    """One drawn input of a property, beside one forward call."""
    sampler = Sampler(_declared())
    drafts = sampler.some_drafts(_DRAFTS)
    count = sum(1 for draft in drafts for _ in sampler.points(draft))

    def draw() -> None:
        for draft in drafts:
            for _ in sampler.points(draft):
                pass

    z = np.zeros(8)
    seconds, forward = shortest(draw) / count, shortest(lambda: softmax(z))
    ratio = f"{seconds / forward:.0f} × a softmax of 8"
    return f"| one drawn input of a property | {1000 * seconds:.2f} ms | {ratio} |"


def layers() -> list[str]:
    """``verify_vjp`` beside one forward call, in all and without the calls that it makes."""
    rows = []
    for layer in (*SMALL, *REALISTIC):
        f, rule, inputs = layer.f, layer.vjp, layer.inputs
        verdict, g = gc.verify_vjp(f, rule, *inputs), np.ones_like(f(*inputs))
        seconds = shortest(lambda: gc.verify_vjp(f, rule, *inputs))  # noqa: B023  called at once
        forward = shortest(lambda: f(*inputs))  # noqa: B023  called at once
        backward = shortest(lambda: rule(g, *inputs))  # noqa: B023  called at once
        own = seconds - verdict.evaluations * forward - verdict.calls * backward
        calls = f"{verdict.evaluations} forward, {verdict.calls} backward calls"
        ratio = f"{seconds / forward:.0f} × one forward call, {own / forward:.0f} without them"
        took = f"{1000 * seconds:.2g} ms"
        rows.append(f"| `verify_vjp` of {layer.name}: {calls} | {took} | {ratio} |")
    return rows


def autograds() -> list[str]:
    """``check_grads`` of autograd on two small layers, as multiples of which ours are."""
    try:
        import autograd.numpy as anp
        from autograd.test_util import check_grads
    except ImportError:
        return []

    def softmax_of(z: Any) -> Any:
        e = anp.exp(z - anp.max(z, axis=-1, keepdims=True))
        return e / anp.sum(e, axis=-1, keepdims=True)

    def linear_of(x: Any, w: Any, b: Any) -> Any:
        return anp.dot(x, w) + b

    functions: dict[str, Callable[..., Any]] = {
        "softmax 3×4": softmax_of, "linear 3×4×2": linear_of,
    }  # fmt: skip
    rows = []
    for layer in SMALL:
        if layer.name in functions:
            checked = check_grads(functions[layer.name], tuple(range(len(layer.inputs))))
            theirs = shortest(lambda: checked(*layer.inputs))  # noqa: B023  called at once
            ours = shortest(lambda: gc.verify_vjp(layer.f, layer.vjp, *layer.inputs))  # noqa: B023
            rows.append(
                f"| `verify_vjp` of {layer.name} | {1000 * ours:.2g} ms | "
                f"{ours / theirs:.2f} × autograd's `check_grads` |"
            )
    return rows


def main() -> None:
    """Print the table."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    print("| what | time | ratio |\n| --- | --: | --: |")
    for row in (homework(), importing(), drawing(), *layers(), *autograds()):
        print(row)


if __name__ == "__main__":
    main()
