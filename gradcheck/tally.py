"""What the points of one claim come to together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from gradcheck.claims import Identity, Rule
from gradcheck.hints import Said, in_language, said
from gradcheck.judging.evidence import COARSEST
from gradcheck.misdeclared import misdeclared
from gradcheck.records import Record, count
from gradcheck.report.evidence import origin
from gradcheck.report.figures import one_line, written
from gradcheck.verdict import Lost, Status, Verdict

#: The title of a failure that is the function's, and says nothing of the rule.
FUNCTION_RAISES = "the function raises"
#: Why a claim may say nothing anywhere.
_NEVER = said("does where= ever hold?", "where= 是否从不成立？")
_EMPTY = said(
    "is every array empty? Declare sizes of 1 and more",
    "是否所有数组都是空的？请声明不小于 1 的尺寸",
)
_NONE_WRONG = said(", none of them wrong", "，没有一个是错的")
_ENDLESS = said(
    "does a loop not end? (A loop in compiled code is not cut.)",
    "是否有循环不结束？（编译代码中的循环无法中止。）",
)
_MORE_TIME = said(
    "allow more time or ask for fewer inputs, if it is no loop that does not end",
    "若不是有循环不结束，请放宽时间限制，或减少输入的个数",
)
#: Causes for which a case is set aside, and those for which it is undecided.
_SET_ASIDE = ("overflow", "raised", "underflow", "complex")
_UNDECIDED = ("coarse", "measurement")
_CAUSE = {
    "overflow": said("the function is not finite there", "函数在那里不是有限数"),
    "raised": said("the function raises there", "函数在那里抛出异常"),
    "underflow": said("digits are lost in numbers close to zero", "接近零的数丢失了有效数字"),
    "complex": said(
        "the function returns complex numbers there, which are not supported",
        "函数在那里返回了复数，目前不支持",
    ),
    "coarse": said(
        "the function's own noise hides even large errors", "函数自身的噪声连大的误差也会掩盖"
    ),
    "measurement": said(
        "no single entry could be measured well enough", "没有一个元素能测得足够准"
    ),
}
_REMEDY = {
    "overflow": said(
        "narrow the domain, such as real(…, low=-30, high=30), or rewrite the function so that it "
        "stays finite",
        "缩小定义域，例如 real(…, low=-30, high=30)，或改写函数使其保持有限",
    ),
    "raised": said(
        "narrow the domain to where the function is defined", "把定义域缩小到函数有定义之处"
    ),
    "underflow": said("narrow the domain, or rewrite the expression", "缩小定义域，或改写表达式"),
    "complex": said(
        "return its real and its imaginary part, such as np.stack([y.real, y.imag]), and write the "
        "rule for those",
        "请返回其实部与虚部，例如 np.stack([y.real, y.imag])，并为它们写反向规则",
    ),
    "coarse": said(
        "rewrite the function so that it loses fewer digits, or compute it in float64",
        "改写函数以减少有效数字的损失，或用 float64 计算",
    ),
    "measurement": said("keep the domain away from jumps and edges", "让定义域避开跳跃与边界"),
}


#: A case of more numbers is not written out in a remark.
_MOST_WRITTEN = 8


class Conclusion(NamedTuple):
    """Where no point failed: what is said of the claim, and a point that shows it."""

    status: Status
    title: str = ""
    reason: Said | str = ""
    example: Verdict | None = None


def _at(verdict: Verdict) -> Said:
    """Where that is, if it can be said in a line."""
    inputs = {} if verdict.case is None else verdict.case.inputs
    if sum(map(np.size, inputs.values())) > _MOST_WRITTEN:
        return said("", "")
    values = ", ".join(f"{name} = {written(value)}" for name, value in inputs.items())
    return said(" (at {values})", "（例如 {values}）", values=one_line(values))


@dataclass
class Tally:
    """The verdicts at the points of a claim, counted."""

    claim: Rule | Identity
    inputs: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    resolutions: list[float] = field(default_factory=list)
    notable: dict[str, Verdict] = field(default_factory=dict)
    kinks: int = 0
    uncovered: int = 0
    evaluations: int = 0
    calls: int = 0
    notes: list[str] = field(default_factory=list)
    #: What a rule rounds away of its digits, with the passes at which it does.
    lossy: list[tuple[Lost, Verdict]] = field(default_factory=list)
    #: At how many inputs of each binding of sizes the function raised, and of how many.
    raised: dict[str, list[int]] = field(default_factory=dict)

    def add(self, verdict: Verdict, sizes: str) -> None:
        """Count one point, of sizes that are told by ``sizes``."""
        self.inputs += 1
        at = self.raised.setdefault(sizes, [0, 0])
        at[0] += verdict.cause == "raised"
        at[1] += 1
        self.evaluations += verdict.evaluations
        self.calls += verdict.calls
        self.kinks += verdict.kinks
        self.uncovered += verdict.uncovered
        self.notes += [note for note in verdict.notes if note not in self.notes]
        label = verdict.cause if verdict.status is Status.UNDECIDED else str(verdict.status)
        self.verdicts[label] += 1
        if verdict.status is Status.PASS:
            self.resolutions.append(verdict.resolution)
            if verdict.lost is not None:
                self.lossy.append((verdict.lost, verdict))
        elif verdict.status is Status.UNDECIDED:
            self.notable.setdefault(verdict.cause, verdict)

    def record(self, seed: int, language: str) -> Record:
        """The counts as plain data, of a claim that passes."""
        return Record(
            claim=self.claim.id,
            kind=self.claim.kind if isinstance(self.claim, Rule) else "identity",
            status=str(Status.PASS),
            file=self.claim.file,
            line=self.claim.line,
            **origin(self.claim),
            inputs=self.inputs,
            set_aside={k: self.verdicts[k] for k in _SET_ASIDE if self.verdicts[k]},
            undecided=sum(self.verdicts[k] for k in _UNDECIDED),
            silent=self.verdicts["silent"],
            resolution=max(
                # Where the smaller half of a gradient is lost, other inputs show it.
                (one for one in self.resolutions if one <= COARSEST),
                default=min(self.resolutions, default=None),
            ),
            finest=min(self.resolutions, default=None),
            kinks=self.kinks,
            uncovered=self.uncovered,
            evaluations=self.evaluations,
            calls=self.calls,
            seed=seed,
            notes=[in_language(note, language) for note in (*self.notes, *self._lost())],
            unclaimed=self._unclaimed(),
        )

    def _lost(self) -> list[Said]:
        """That passes say less than they seem to, by the worst of them."""
        if not self.lossy:
            return []
        lost, worst = max(self.lossy, key=lambda one: one[0].share)
        return [
            said(
                "passes, but the rule loses digits at {some} of {inputs}: {lost}{where}",
                "通过，但在 {number} 个输入中有 {some} 个处规则丢失了有效数字：{lost}{where}",
                some=len(self.lossy), inputs=count(self.inputs, "input"), number=self.inputs,
                lost=lost.told, where=_at(worst),
            )
        ]  # fmt: skip

    def _unclaimed(self) -> list[str]:
        """Inputs that no rule of the derivation speaks about; said once, with its first rule."""
        if not isinstance(self.claim, Rule) or self.claim not in self.claim.derivation.rules[:1]:
            return []
        owner = self.claim.derivation
        claimed = {name for rule in owner.rules for name in rule.wrt}
        return [f"{owner.name}: {name}" for name in owner.differentiable if name not in claimed]

    def conclusion(self, record: Record, timed_out: float | None) -> Conclusion:
        """What the points together say where none failed; ``timed_out`` is after how long."""
        aside = sum(record.set_aside.values())
        speaking = self.inputs - record.silent
        if timed_out is not None:
            # What was judged was right, so nothing is accused; nothing judged at all is a failure.
            slow = not self.verdicts[str(Status.PASS)]
            status, title = (Status.FAIL, "too slow") if slow else (Status.UNDECIDED, "")
            reason = said(
                "cut off after {seconds:g} seconds and {inputs}{so_far}; {remedy}",
                "{seconds:g} 秒、{number} 个输入之后被中止{so_far}；{remedy}",
                seconds=timed_out,
                inputs=count(self.inputs, "input"),
                number=self.inputs,
                so_far="" if slow else _NONE_WRONG,
                remedy=_ENDLESS if slow else _MORE_TIME,
            )
            return Conclusion(status, title, reason, None)
        if not speaking:
            return Conclusion(
                Status.FAIL, "nothing claimed",
                said(
                    "the claim says nothing at any of {inputs}: {question}",
                    "在全部 {number} 个输入处都没有声明任何内容：{question}",
                    inputs=count(self.inputs, "input"), number=self.inputs,
                    question=_NEVER if getattr(self.claim, "where", None) else _EMPTY,
                ), None,
            )  # fmt: skip
        if self.verdicts["raised"] == speaking:
            verdict = self.notable["raised"]
            return Conclusion(
                Status.FAIL,
                FUNCTION_RAISES,
                misdeclared(self.claim)
                or said(
                    "at every input: mend it, or {remedy}",
                    "在每个输入处：请修正它，或{remedy}",
                    remedy=_REMEDY["raised"],
                ),
                verdict,
            )
        always = [sizes for sizes, (raised, of) in self.raised.items() if raised == of]
        never = [sizes for sizes, (raised, _) in self.raised.items() if not raised]
        if always and len(always) + len(never) == len(self.raised):
            return Conclusion(
                Status.UNDECIDED, "",
                misdeclared(self.claim) or said(
                    "the function raises at every input of some sizes ({always}) and at none of "
                    "others ({never}): mend it, or declare the sizes, such as {example}",
                    "在某些尺寸（{always}）下函数总是抛出异常，在另一些（{never}）下从不抛出："
                    "请修正函数，或声明尺寸，例如 {example}",
                    always="; ".join(always[:3]), never="; ".join(never[:3]),
                    # A dim of the claim's own, so that it can be copied.
                    example=f'options(sizes={{"{always[0].split(" = ")[0]}": (2, 8)}})',
                ), self.notable["raised"],
            )  # fmt: skip
        if 2 * aside > speaking:
            cause = max(record.set_aside, key=lambda k: record.set_aside[k])
            return Conclusion(
                Status.UNDECIDED, "",
                said(
                    "{some} of {inputs} set aside ({cause}); {remedy}",
                    "{number} 个输入中有 {some} 个被搁置（{cause}）；{remedy}",
                    some=aside, inputs=count(speaking, "input"), number=speaking,
                    cause=_CAUSE[cause], remedy=_REMEDY[cause],
                ), self.notable[cause],
            )  # fmt: skip
        if 2 * record.undecided > speaking - aside or not self.resolutions:
            cause = max(_UNDECIDED, key=lambda k: self.verdicts[k])
            return Conclusion(
                Status.UNDECIDED, "",
                said(
                    "{some} of {inputs} could not be decided ({cause}); {remedy}",
                    "{number} 个输入中有 {some} 个无法判定（{cause}）；{remedy}",
                    some=record.undecided, inputs=count(speaking - aside, "input"),
                    number=speaking - aside, cause=_CAUSE[cause], remedy=_REMEDY[cause],
                ), self.notable.get(cause),
            )  # fmt: skip
        return Conclusion(Status.PASS)
