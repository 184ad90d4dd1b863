"""Elementwise functions: the derivative at the wrong place, of another function, or left out."""

from __future__ import annotations

import numpy as np

from gradcheck.diagnosis.catalogue.paths import held
from gradcheck.diagnosis.evidence import Evidence, Pair, Predict, View
from gradcheck.diagnosis.pattern import Find, Found, Pattern, Text
from gradcheck.diagnosis.samples import Answer, Floats

#: Two slopes differ by a constant up to what rounding does to a quotient of them.
_CONSTANT = 1e-6
#: Larger than any epsilon that stands in a formula.
_LARGEST_EPSILON = 0.1


def _elementwise(*predictions: Predict) -> Find:
    """One of the predictions, where the function is elementwise."""

    def find(view: View, evidence: Evidence) -> Found | None:
        if not is_elementwise_view(view, evidence):
            return None
        for predict in predictions:
            evidence.clock.check()
            if view.explains(predict):
                return Found()
        return None

    return find


def is_elementwise_view(view: View, evidence: Evidence) -> bool:
    """Whether some points are elementwise, and the others of size 1, at which all rules are."""
    if any(p.claimed is None or np.shape(p.claimed) != p.leaf.shape for p in view.pairs):
        return False
    big = [p.is_elementwise for p in view.pairs if p.u.size > 1 or p.right.size > 1]
    return bool(big) and all(big) and all(p.G.shape == p.leaf.shape for p in view.pairs)


_BY_JACOBIAN = Text(
    "multiply by the Jacobian: every output that an input reaches counts",
    "乘以雅可比矩阵：输入所影响的每个输出都要计入",
)


def _passed_on(view: View, evidence: Evidence) -> Found | None:
    """The upstream gradient as it came, for a function that changes it."""
    if not view.explains(lambda p: p.G if p.G.shape == p.leaf.shape else None):
        return None
    if (part := held(view, evidence)) is not None:
        return part
    if evidence.rule.kind in ("vjp", "jvp"):
        return Found() if is_elementwise_view(view, evidence) else Found(remedy=_BY_JACOBIAN)
    return Found(
        title=Text("the identity matrix: a slope of 1", "是单位矩阵：斜率恒为 1"),
        remedy=Text("put the derivative f'(x) on the diagonal", "对角线上应为导数 f'(x)"),
    )


def _value(pair: Pair) -> Floats | None:
    y = pair.y
    return pair.G * y if y.shape == pair.leaf.shape else None


def _value_alone(pair: Pair) -> Floats | None:
    y = pair.y
    return y if y.shape == pair.leaf.shape else None


def _input_for_slope(pair: Pair) -> Floats | None:
    return pair.G * pair.x if pair.G.shape == pair.x.shape else None


def _slope_at_upstream(pair: Pair) -> Floats | None:
    slope = pair.slope_at(pair.G)
    return None if slope is None else pair.G * slope


def _slope_at_upstream_alone(pair: Pair) -> Floats | None:
    return pair.slope_at(pair.G)


def _slope_at_output(pair: Pair) -> Floats | None:
    slope = pair.slope_at(pair.y)
    return None if slope is None else pair.G * slope


def _slope_power(power: float) -> Predict:
    return lambda pair: pair.G * np.sign(pair.slope) * np.abs(pair.slope) ** power


def _substituted(view: View, evidence: Evidence) -> Found | None:
    """The rule is right when it is given another value of the same shape in place of one it uses.

    Inputs and the output are tried for each other, for every point and cotangent.
    """
    signature = evidence.rule.signature
    if signature is None:
        return None
    used = [*signature.positional, *signature.keywords]
    first = view.pairs[0]
    outputs = evidence.rule.derivation.options.output
    for name in used:
        for other, value in first.arrays.items():
            if other == name or name not in first.arrays:
                continue
            if first.arrays[name].shape != value.shape or value.ndim == 0:
                continue
            evidence.clock.check()
            if all(_right_with(pair, name, other, view) for pair in view.pairs):
                if name in outputs or other in outputs:
                    return _place(name, other, name in outputs)
                return Found(
                    title=Text(
                        "{name} is used where {other} is meant", "该用 {other} 处用了 {name}"
                    ).format(name=name, other=other),
                    explanation=Text(
                        "With {other} in place of {name} the rule is right.",
                        "把 {name} 换成 {other} 后规则就正确了。",
                    ).format(name=name, other=other),
                    remedy=Text("use {other}", "改用 {other}").format(other=other),
                )
    return None


def _place(name: str, other: str, applied_twice: bool) -> Found:
    values = {"name": name, "other": other}
    if applied_twice:
        return Found(
            id="M15",
            title=Text(
                "the output {name} is used where the input {other} is meant",
                "该用输入 {other} 处用了输出 {name}",
            ).format(**values),
            explanation=Text(
                "The function is as good as applied twice: with {other} in place of {name} the "
                "rule is right.",
                "相当于把函数作用了两次：把 {name} 换成 {other} 后规则就正确了。",
            ).format(**values),
            remedy=Text("use {other} instead of {name}", "用 {other} 代替 {name}").format(**values),
        )
    return Found(
        title=Text(
            "the input {name} is used where the output {other} is meant",
            "该用输出 {other} 处用了输入 {name}",
        ).format(**values),
        explanation=Text(
            "Pre- and post-activation are mixed up: with {other} in place of {name} the rule is "
            "right.",
            "混淆了激活前与激活后的值：把 {name} 换成 {other} 后规则就正确了。",
        ).format(**values),
        remedy=Text("use {other} instead of {name}", "用 {other} 代替 {name}").format(**values),
    )


def _right_with(pair: Pair, name: str, other: str, view: View) -> bool:
    if not np.any(pair.right):
        return False  # any rule may be right there
    substitute = pair.sample.names[other]
    answer: Answer = pair.sample.ask(pair.u, {name: substitute})
    return not View(view.name, [pair.with_answer(answer)]).wrong


def _bends(pair: Pair) -> bool:
    """Whether twice the cotangent does not give twice the answer."""
    twice = pair.with_answer(pair.sample.ask(2 * pair.u))
    return not View("", [twice]).explains(lambda p, once: 2 * once, np.asarray(pair.claimed, float))


def _upstream_inside(view: View, evidence: Evidence) -> Found | None:
    """Asked with the input (or the output) as the cotangent, the rule gives the right slope."""
    if not all(p.is_elementwise and _bends(p) for p in view.pairs):
        return None
    for source in ("x", "y"):
        for times in (0, 1):
            good = []
            for pair in view.pairs:
                value = getattr(pair, source)
                if value.shape != pair.G.shape:
                    return None
                asked = pair.with_answer(pair.sample.ask(value.reshape(-1)))
                good.append(
                    View(view.name, [asked]).explains(
                        lambda p, v, t: p.slope * (v if t else 1.0), value, times
                    )
                )
            if all(good):
                return Found(id="M17") if source == "y" else Found()
    return None


def _epsilon(view: View, evidence: Evidence) -> Found | None:
    """``1/a - 1/n`` (or of the squares) is one small constant: an epsilon on one side only."""
    if not is_elementwise_view(view, evidence):
        return None
    for power in (1, 2):
        found = []
        for pair in view.pairs:
            with np.errstate(all="ignore"):
                a, n = np.asarray(pair.claimed, float) / pair.G, pair.right / pair.G
                found.append(np.sign(a) / np.abs(a) ** power - np.sign(n) / np.abs(n) ** power)
        values = np.concatenate([np.ravel(f) for f in found])
        values = values[np.isfinite(values)]
        if not values.size:
            return None
        middle = float(np.median(values))
        if not 0 < abs(middle) < _LARGEST_EPSILON:
            continue

        def predict(pair: Pair, e: float = middle, k: int = power) -> Floats:
            s = pair.right / pair.G
            moved = np.sign(s) * (1 / np.abs(s) ** k + np.sign(s) * e) ** (-1 / k)
            return np.asarray(moved * pair.G)

        if np.ptp(values) < _CONSTANT * abs(middle) and view.explains(predict, parameters=1):
            return Found({"epsilon": f"{abs(middle):.3g}"})
    return None


def _squashed(view: View, evidence: Evidence) -> Found | None:
    """A mask: values that are 0 or 1 times the upstream gradient, where the slope is not."""
    if not is_elementwise_view(view, evidence):
        return None
    for pair in view.pairs:
        with np.errstate(all="ignore"):
            ratio = np.asarray(pair.claimed, float) / pair.G
        slope = pair.slope
        if not np.all((ratio == 0) | (ratio == 1)) or np.all(np.isin(slope, (0.0, 1.0))):
            return None
    ratios = np.concatenate([np.ravel(p.claimed / p.G) for p in view.pairs])
    return Found() if 0 < ratios.mean() < 1 else None


PATTERNS = [
    Pattern(
        "M16",
        Text("the function is returned in place of its derivative", "返回的是函数值而不是导数"),
        Text("Divided by the upstream gradient it is f(x).", "除以上游梯度后就是 f(x)。"),
        Text("use f'(x): for tanh, 1 - y**2", "用 f'(x):tanh 为 1 - y**2"),
        _elementwise(_value, _value_alone),
        rank=15,
    ),
    Pattern(
        "M13",
        Text("the derivative is taken at the upstream gradient", "导数在上游梯度处求值"),
        Text(
            "The rule gives f'(dy) where it has to give f'(x), so that it is not linear in dy.",
            "规则给出的是 f'(dy) 而不是 f'(x)，因此对 dy 不是线性的。",
        ),
        Text("evaluate the derivative at the input: dy * f'(x)", "在输入处求导：dy * f'(x)"),
        _elementwise(_slope_at_upstream, _slope_at_upstream_alone),
        same=(Text("the delta is used as the activation", "把 delta 当作激活值", "M17"),),
        rank=10,
    ),
    Pattern(
        "M13-inside",
        Text(
            "the upstream gradient is used where the input or output is meant",
            "该用输入或输出处用了上游梯度",
        ),
        Text(
            "Asked with the input as its upstream gradient, the rule gives the right slope.",
            "以输入作为上游梯度时，规则给出正确的斜率。",
        ),
        Text("evaluate the derivative at the input or output", "在输入或输出处求导"),
        _upstream_inside,
        same=(Text("the delta is used as the activation", "把 delta 当作激活值", "M17"),),
        rank=18,
    ),
    Pattern(
        "M15",
        Text("the activation is applied twice", "激活函数被作用了两次"),
        Text(
            "The derivative is taken at the output, f'(f(x)), where it has to be taken at x.",
            "导数在输出处求值，即 f'(f(x))，应在 x 处求值。",
        ),
        Text(
            "use f'(x), or write the derivative with y: 1 - y**2, y * (1 - y)",
            "用 f'(x)，或用 y 表示导数：1 - y**2、y * (1 - y)",
        ),
        _elementwise(_slope_at_output),
        rank=10,
    ),
    Pattern(
        "M14",
        Text("one value is used where another is meant", "用错了变量"),
        Text("", ""),
        Text("", ""),
        _substituted,
        rank=25,
    ),
    Pattern(
        "pass",
        Text("the upstream gradient is passed on unchanged", "上游梯度原样传了回去"),
        Text("The derivative of the function itself is left out.", "漏掉了函数自身的导数。"),
        Text("multiply by f'(x)", "乘以 f'(x)"),
        _passed_on,
        same=(
            Text("a mask or slope is forgotten", "忘了掩码或斜率"),
            Text("a straight-through estimate", "直通估计"),
            Text("only the skip connection counts", "只计入了跳跃连接", "M54"),
        ),
        rank=13,
    ),
    Pattern(
        "M16-input",
        Text("multiplied by x in place of the derivative", "乘的是 x 而不是导数"),
        Text("", ""),
        Text("multiply by f'(x)", "乘以 f'(x)"),
        _elementwise(_input_for_slope),
        rank=16,
    ),
    Pattern(
        "slope-twice",
        Text("the slope is multiplied twice", "斜率乘了两次"),
        Text("Divided by the upstream gradient it is f'(x)**2.", "除以上游梯度后是 f'(x)**2。"),
        Text("multiply by f'(x) once", "只乘一次 f'(x)"),
        _elementwise(_slope_power(2.0)),
        rank=16,
    ),
    Pattern(
        "slope-root",
        Text("the square of the slope's expression is lost", "斜率表达式丢了平方"),
        Text(
            "Divided by the upstream gradient it is the root of f'(x).",
            "除以上游梯度后是 f'(x) 的平方根。",
        ),
        Text("square it", "补上平方"),
        _elementwise(_slope_power(0.5)),
        rank=16,
    ),
    Pattern(
        "M60",
        Text("an epsilon on one side only: {epsilon}", "只有一边带有 epsilon:{epsilon}"),
        Text(
            "It stands in the function and not in the rule, or the other way round.",
            "函数里有而规则里没有，或者相反。",
        ),
        Text("use the same epsilon in both", "两边使用同一个 epsilon"),
        _epsilon,
        rank=12,
    ),
    Pattern(
        "M58",
        Text("a mask of zeros and ones in place of a slope", "斜率被 0 和 1 的掩码取代"),
        Text(
            "A comparison is returned as a number; + and * bind tighter than >.",
            "把比较结果当作数返回；+ 和 * 的优先级高于 >。",
        ),
        Text("put the comparison in parentheses: (x > 0) + …", "给比较加括号：(x > 0) + …"),
        _squashed,
        same=(Text("the slope of ReLU", "用了 ReLU 的斜率", "M59"),),
        rank=22,
    ),
]
