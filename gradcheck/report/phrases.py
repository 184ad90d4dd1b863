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
        Text("output changed", "输出被就地修改"),
        Text("cotangent changed", "上游梯度（余切向量）被就地修改"),
        Text("tangent changed", "切向量被就地修改"),
        Text("no gradient found", "没有找到梯度"),
        Text("wrong after another batch", "换一批数据之后有误"),
        Text("a second backward call differs", "第二次调用 backward 的结果不同"),
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
    "loses": Text("the rule loses digits here: {lost}", "规则在此处丢失了有效数字：{lost}"),
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


#: The texts of a page, of its pictures and of the lines that close a run, by their English.
_ON_PAGE = {
    ".": "。",
    ": ": "：",
    "; ": "；",
    "error": "出错",
    "failed": "未通过",
    "undecided": "无法判定",
    "passed": "通过",
    "Skip to the claims": "跳到各项声明",
    "Overview": "总览",
    "Show": "显示",
    "Every claim, what needs to be looked at first.": "所有声明，最需要查看的在前。",
    "Status": "状态",
    "Claim": "声明",
    "Inputs": "输入数",
    "Resolution": "分辨率",
    "the relative error of one typical entry that would have been found":
        "单个典型元素的相对误差大于它就会被发现",
    "Discrepancy": "偏差",
    "On kinks": "在折点上",
    "Undecided": "无法判定",
    "Set aside": "被搁置",
    "Not covered": "未涉及",
    "Where": "位置",
    "could not be checked": "无法检查",
    "Claims": "各项声明",
    "{number} inputs tried": "试了 {number} 个输入",
    "; an error of one typical entry larger than {resolution} of it would have been found":
        "；单个典型元素的相对误差若大于 {resolution} 就会被发现",
    "Report": "报告",
    "Report on {claim}": "关于 {claim} 的报告",
    "What it looks like": "看起来是什么错误",
    " (a guess: it explains {share} % of the numbers)": "（仅为猜测：能解释 {share} % 的数值）",
    "The same in numbers: ": "仅凭数值无法与之区分：",
    "Remedy: ": "改法：",
    "With this change of line {line} it is right:": "第 {line} 行作如下修改即正确：",
    "The edit that mends {claim}": "修正 {claim} 的改动",
    "The rule": "规则",
    "The rule of {claim}": "{claim} 的规则",
    "The chain": "等式链",
    "The chain of {claim}": "{claim} 的等式链",
    "sign": "符号",
    "expression": "表达式",
    "value": "值",
    "At the smallest inputs": "在最小的输入处",
    "At the inputs where it was met": "在发现错误的输入处",
    "Right: ": "正确：",
    "* and a dashed frame: the entry lies outside its measured interval.":
        "* 与虚线框：该元素落在测得区间之外。",
    "claimed": "声明值",
    "measured": "测得值",
    "difference": "差",
    "discrepancy": "偏差",
    "entry": "元素",
    "{heading}: {rows} by {columns}, {wrong} wrong":
        "{heading}：{rows} 行 {columns} 列，{wrong} 个有误",
    " (wrong)": "（有误）",
    "Over the size of the step": "随步长的变化",
    "The entry looked at: ": "所看的元素：",
    "How far its difference quotient is from the measured value: at large steps it is truncated, "
    "at small ones rounded.":
        "其差商与测得值的距离：步长大时有截断误差，步长小时有舍入误差。",
    "How far from the claimed value: no step brings it near.":
        "与声明值的距离：任何步长都不接近。",
    "The steps that are trusted.": "可信的步长。",
    "step of the input": "输入的步长",
    "relative distance": "相对距离",
    "{name}: distance of the difference quotient from claimed and measured, over the step":
        "{name}：差商与声明值、测得值的距离随步长的变化",
    "Wrong entries": "有误的元素",
    "Wrong entries of {claim}": "{claim} 中有误的元素",
    "A script that shows it": "可重现的脚本",
    "A script that shows the failure of {claim}": "重现 {claim} 失败的脚本",
    "Copy": "复制",
    "copied": "已复制",
    "Back to the overview": "回到总览",
    "Written by gradcheck {version}.": "由 gradcheck {version} 生成。",
}  # fmt: skip


def on_page(language: str, english: str, **values: object) -> str:
    """A text of a page, with values put in."""
    text = Text(english, _ON_PAGE[english]).of(language)
    return text.format(**values) if values else text


def phrase(name: str, language: str, **values: object) -> str:
    """One of the phrases above, with values put in."""
    given = {n: v.text if isinstance(v, Said) else v for n, v in values.items()}
    return _PHRASES[name].format(**given).of(language)


def headline(title: str, language: str) -> str:
    """The headline of a failure; one that is not known as it is."""
    title = title or "wrong value"
    return TITLES[title].of(language) if title in TITLES else title
