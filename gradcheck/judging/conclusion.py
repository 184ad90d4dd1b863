"""From the evidence to the verdict, in words."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcheck.evaluation import Claim
from gradcheck.hints import said
from gradcheck.judging.evidence import COARSEST, Evidence
from gradcheck.subject import Subject
from gradcheck.verdict import Status, Verdict


def _lost(subject: Subject, evidence: Evidence) -> str:
    """Which gradients the function's own rounding hides; empty where it hides none."""
    lost = evidence.bulk.lost
    if lost:
        return said(
            "too small to be seen here: the gradient for {names}",
            "此处太小而看不出来：{names} 的梯度",
            names=", ".join(subject.inputs.leaves[k].label for k in lost),
        )
    if evidence.hides:
        return said(
            "too small to be seen here: what is claimed of the outputs that round most",
            "此处太小而看不出来：关于舍入最大的那些输出所声明的内容",
        )
    found = evidence.every.by_gradient
    smaller = np.flatnonzero((found > COARSEST) & np.isfinite(found))
    if not smaller.size:
        return ""
    return said(
        "too small to be seen here: the smaller half of the gradient for {names}",
        "此处太小而看不出来：{names} 的梯度中较小的那一半元素",
        names=", ".join(subject.inputs.leaves[k].label for k in smaller),
    )


_SILENT = said("the claim says nothing here", "此处没有声明任何内容")
_STANDS_STILL = said(
    "the function stands still for small steps and moves by its last digits for larger ones, as "
    "one does that computes in fewer digits than it is given, so that no entry can be told from 0; "
    "compute in float64 throughout",
    "函数对小步长毫无变化，对较大步长也只在末几位变化，像是内部用比输入更低的精度计算，"
    "因此这里无法把任何元素与 0 区分开；请全程使用 float64",
)
_HIDDEN = said(
    "the function's own rounding hides all of the gradient here",
    "函数自身的舍入在此掩盖了整个梯度",
)


def verdict_on(
    subject: Subject, claim: Claim, evidence: Evidence, about: dict[str, Any]
) -> Verdict:
    """What the evidence comes to; ``about``: further fields of the verdict."""
    claimed = claim.entries
    silent = claimed is not None and (
        claimed.values.size == 0 or (claimed.mask is not None and not claimed.mask.any())
    )
    status, cause, reason = Status.PASS, "", _lost(subject, evidence)
    if evidence.wrong is not None:
        status, reason = Status.FAIL, evidence.reason
    elif silent or subject.x.size == 0 or subject.y.size == 0:
        status, cause, reason = Status.UNDECIDED, "silent", _SILENT
    elif evidence.stands_still:
        status, cause, reason = Status.UNDECIDED, "measurement", _STANDS_STILL
    elif evidence.undecided:
        status, cause, reason = Status.UNDECIDED, "measurement", evidence.undecided
    elif evidence.decisive > COARSEST:
        status, cause = Status.UNDECIDED, "coarse"
        reason = _HIDDEN
        if evidence.decisive < 1:
            reason = said(
                "an error of one entry would have been seen only if it were larger than "
                "{resolution:.0e} of it: the function's own rounding hides smaller ones here",
                "单个元素的误差只有超过其 {resolution:.0e} 才能看出："
                "更小的误差在此被函数自身的舍入掩盖",
                resolution=evidence.decisive,
            )
    return Verdict(
        status,
        claimed=np.array(evidence.claimed),
        measured=np.array(evidence.measured),
        error=np.array(evidence.errors),
        resolution=evidence.resolution,
        resolution_overall=evidence.overall,
        worst=evidence.wrong,
        entries=evidence.table or ((evidence.wrong,) if evidence.wrong else ()),
        kinks=evidence.kinks,
        uncovered=claimed.uncovered if claimed else 0,
        evaluations=subject.point.evaluations,
        calls=claim.calls,
        cause=cause,
        title=evidence.title if status is Status.FAIL else "",
        reason=reason,
        notes=(
            *subject.notes,
            *([subject.origin] if subject.origin and status is Status.FAIL else []),
            *claim.notes,
        ),
        probe=evidence.probe,
        quotients=evidence.quotients,
        **about,
    )
