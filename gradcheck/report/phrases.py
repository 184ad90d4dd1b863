"""What a report says around numbers and names: its headlines and headings in every language."""

from __future__ import annotations

from gradcheck.hints import Said, Text

#: The headlines of failures. The English one is also what a record calls the failure.
TITLES = {
    text.en: text
    for text in (
        Text("wrong value", "数值有误"),
        Text("wrong where inputs tie", "输入相等（并列）处有误"),
        Text("wrong at a kink", "在折点处有误"),
        Text("wrong shape", "形状有误"),
        Text("wrong count", "返回值个数有误"),
        Text("wrong dtype", "数据类型有误"),
        Text("wrong kind", "声明的种类不适用"),
        Text("wrong output", "函数的返回值不可用"),
        Text("wrong answer", "恒等式的返回值不可用"),
        Text("complex", "出现复数"),
        Text("no answer", "没有返回值"),
        Text("raises", "抛出异常"),
        Text("stale cache", "使用了过时的缓存"),
        Text("not elementwise", "不是逐元素的"),
        Text("not repeatable", "两次调用结果不同"),
        Text("not linear in the cotangent", "对上游梯度（余切向量）不是线性的"),
        Text("not linear in the tangent", "对切向量不是线性的"),
        Text("numerically unstable", "数值不稳定"),
        Text("input changed", "输入被就地修改"),
        Text("cotangent changed", "上游梯度（余切向量）被就地修改"),
        Text("tangent changed", "切向量被就地修改"),
        Text("no gradient found", "没有找到梯度"),
        Text("wrong after another batch", "换一批数据之后有误"),
        Text("nothing claimed", "没有作出任何声明"),
        Text("the function raises", "函数抛出异常"),
        Text("too slow", "太慢"),
        Text("the = does not hold", "等号不成立"),
        *(
            Text(f"the {en} = does not hold", f"第{zh}个等号不成立")
            for en, zh in zip(
                ("first", "second", "third", "fourth", "fifth", "sixth"),
                "一二三四五六",
                strict=True,
            )
        ),
    )
}

_PHRASES = {
    "pass": Text(
        "pass (resolution {resolution:.0e}, {evaluations} evaluations{kinks})",
        "通过（分辨率 {resolution:.0e}，函数求值 {evaluations} 次{kinks}）",
    ),
    "on kinks": Text(", {kinks} on kinks", "，{kinks} 个在折点上"),
    "undecided": Text("UNDECIDED, not accused", "UNDECIDED, 无法判定，不算错"),
    "fail": Text("FAIL, {title}", "FAIL, {title}"),
    "note": Text("note: {note}", "注：{note}"),
    "the cotangent": Text("   (the cotangent)", "   （上游梯度，即余切向量）"),
    "the tangent": Text("   (the tangent)", "   （切向量）"),
    "claimed": Text("claimed", "声明值"),
    "measured": Text("measured", "测得值"),
    "more": Text("  … and {count} more", "  … 另有 {count} 个"),
    "other": Text("  the other entry is right", "  另一个元素正确"),
    "others": Text(
        "  the other {count} entries shown by this case are right",
        "  这个例子里其余 {count} 个元素都正确",
    ),
    "legend": Text(
        "  * wrong: {count} of {all} entries{known}",
        "  * 有误的元素：{count}（共 {all} 个）{known}",
    ),
    "every": Text("all", "全部"),
    "known": Text(", measured to ± {error:.0e} or better", "，测量误差不超过 ± {error:.0e}"),
    "chain": Text("  the chain{at}:", "  等式链{at}："),
    "at index": Text(", at index {index}", "（下标 {index} 处）"),
    "sides": Text(
        "  the two sides of ≠ differ by {off:.2g}; rounding explains at most {error:.0e}",
        "  ≠ 两边相差 {off:.2g}；舍入误差至多能解释 {error:.0e}",
    ),
    "worst": Text(
        "{label}: claimed {claimed} | measured {measured}",
        "{label}：声明值 {claimed} | 测得值 {measured}",
    ),
    "along": Text("{entry} along it", "{entry}（沿该方向）"),
    "largest": Text(
        "largest discrepancy seen: {share}, {entry}", "所见最大的偏差：{share}，{entry}"
    ),
    "found": Text(
        "  found at input {number}, seed {seed}", "  在第 {number} 个输入处发现，随机种子 {seed}"
    ),
    "script": Text("  or as a script:", "  或写成脚本："),
    "moderate": Text(
        "  with the inputs multiplied by {factor:g} the rule is right",
        "  输入乘以 {factor:g} 后规则是正确的",
    ),
    "never moderate": Text(
        "  no smaller inputs were found at which the rule is right",
        "  没有找到使规则正确的更小的输入",
    ),
}  # fmt: skip


def phrase(name: str, language: str, **values: object) -> str:
    """One of the phrases above, with values put in."""
    given = {n: v.text if isinstance(v, Said) else v for n, v in values.items()}
    return _PHRASES[name].format(**given).of(language)


def headline(title: str, language: str) -> str:
    """The headline of a failure; one that is not known as it is."""
    title = title or "wrong value"
    return TITLES[title].of(language) if title in TITLES else title
