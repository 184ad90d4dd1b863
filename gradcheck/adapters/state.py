"""What a layer keeps from one call to the next: a second backward call has to agree."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradcheck.adapters.places import CHANGE
from gradcheck.adapters.randomness import reproducible
from gradcheck.adapters.session import Session, copy_of
from gradcheck.adapters.words import is_hidden
from gradcheck.answers import same
from gradcheck.hints import said
from gradcheck.returned import Violation

#: Of the largest entry: what a sum of two steps is rounded by.
_ROUNDING = 8 * np.finfo(np.float64).eps
_TITLE = "a second backward call differs"
#: Why it does: that it is the sum of both, or else.
_ADDS_UP = said(
    ": it adds to what it kept of the first, and nothing empties that; assign with = instead of "
    "+=, or add a method zero_grad",
    "：它把结果加到第一次保留的值上，而没有清零；请用 = 代替 +=，或添加 zero_grad 方法",
)
_WRITES = said(
    "; does backward write into what it kept of the forward call?",
    "；backward 是否改写了前向调用保留的内容？",
)


def require_repeatable(
    session: Session,
    name: str,
    found: Any,
    cotangents: Sequence[Any],
    bindings: Mapping[str, Any],
    read: Callable[[Session], Any],
) -> str:
    """Call backward again, and forward and backward after another batch.

    ``found`` is a copy of the gradient for ``name`` from the first call, ``read`` reads it
    from a session.
    Returns a note, or an empty string. Raises ``Violation`` where the gradient piles up with
    nothing to empty it, or where the backward call destroys what it needs.
    """
    layer = session.plan.style.name
    note = ""
    try:
        again = _again(session, cotangents, read)
    except Violation:
        raise
    except Exception:
        # What was kept is used up: each backward call needs its own forward call.
        return _after_another_batch(session, name, found, cotangents, bindings, read)
    place = session.plan.gradients.get(name)
    momentum = _momentum(again, found) if place is not None and place.text == CHANGE else 0.0
    if momentum:
        return said(
            "{layer} adds {momentum:.4g} of its last step to the next, as momentum does; the first "
            "step of a new object is what is checked",
            "{layer} 把上一步的 {momentum:.4g} 倍加到下一步（动量）；检查的是新对象的第一步",
            layer=layer,
            momentum=momentum,
        )
    if not same(again, found):
        if not session.flush():
            doubled = _is_sum(again, found)
            if doubled and _is_cell(session) and _all_add_up(session, cotangents, bindings):
                return said(
                    "{layer} adds up its gradients over its calls, as a cell does over the steps "
                    "of a sequence; nothing here empties them",
                    "{layer} 在各次调用之间累加梯度，如同循环单元在序列各步上那样；"
                    "这里没有把它们清零的方法",
                    layer=layer,
                )
            raise Violation(
                _TITLE,
                said(
                    "{layer}: a second backward call gives another gradient for {name!r}{why}",
                    "{layer}：第二次调用 backward 给出了 {name!r} 的另一个梯度{why}",
                    layer=layer,
                    name=name,
                    why=_ADDS_UP if doubled else _WRITES,
                ),
            )
        with reproducible(session.plan.generators):
            session.restore(session.values)
            session.run_forward(session.values)
            session.collect()
            fresh = _again(session, cotangents, read)
        if not same(fresh, found):
            raise Violation(
                _TITLE,
                said(
                    "{layer}: the gradient for {name!r} is another one after its gradients were "
                    "emptied",
                    "{layer}：梯度清零之后，{name!r} 的梯度变成了另一个",
                    layer=layer,
                    name=name,
                ),
            )
        note = said(
            "{layer} adds its gradients up until they are emptied",
            "{layer} 在清零之前会累加梯度",
            layer=layer,
        )
    return note or _after_another_batch(session, name, found, cotangents, bindings, read)


def _again(session: Session, cotangents: Sequence[Any], read: Callable[[Session], Any]) -> Any:
    session.restore(session.values)  # a layer that updates itself has others by now
    session.run_backward(cotangents)
    return copy_of(read(session))


def _momentum(again: Any, found: Any) -> float:
    """The share of the first step that a second one has beside its own; 0 where there is none."""
    first, second = np.asarray(found, dtype=np.float64), np.asarray(again, dtype=np.float64)
    largest = float(np.max(np.abs(first), initial=0.0))
    if first.shape != second.shape or not 0 < largest < np.inf:
        return 0.0
    at = np.unravel_index(int(np.argmax(np.abs(first))), first.shape)
    share = float(second[at] / first[at]) - 1.0
    off = np.abs(second - (1.0 + share) * first)
    return share if 0 < share < 1 and bool(np.all(off <= _ROUNDING * largest)) else 0.0


def _is_sum(again: Any, found: Any) -> bool:
    difference = np.asarray(again) - 2 * np.asarray(found)
    largest = float(np.max(np.abs(found), initial=0.0))
    return bool(np.all(np.abs(difference) <= _ROUNDING * largest))


def _is_cell(session: Session) -> bool:
    """Whether a layer with parameters is given a hidden state beside its input."""
    plan = session.plan
    return len(plan.forward_inputs) > 1 and any(map(is_hidden, plan.forward_inputs))


def _all_add_up(session: Session, cotangents: Sequence[Any], bindings: Mapping[str, Any]) -> bool:
    """Whether a second backward call adds to the gradient of every parameter."""
    plan = session.plan
    parameters = [
        name
        for name, place in plan.gradients.items()
        if place is not None and name not in plan.forward_inputs
    ]
    with reproducible(plan.generators):
        fresh = Session(plan, session.values, bindings)
        fresh.run_forward(session.values)
        fresh.collect()
        fresh.run_backward(cotangents)
        once = {name: copy_of(fresh.gradient(name)) for name in parameters}
        fresh.run_backward(cotangents)
        return all(_is_sum(fresh.gradient(name), once[name]) for name in parameters)


def _alone(session: Session, values: Mapping[str, Any], bindings: Mapping[str, Any]) -> list[Any]:
    """The outputs without another batch in between, drawn from the same numbers."""
    with reproducible(session.plan.generators):
        fresh = Session(session.plan, values, bindings)
    with reproducible(session.plan.generators):
        fresh.run_forward(values)
        return fresh.collect()


def _after_another_batch(
    session: Session,
    name: str,
    found: Any,
    cotangents: Sequence[Any],
    bindings: Mapping[str, Any],
    read: Callable[[Session], Any],
) -> str:
    """Run another batch in between; a gradient that then differs though the output does not."""
    plan = session.plan
    layer, values, outputs = plan.style.name, session.values, session.outputs
    if plan.style.make is None:
        return ""  # functions keep nothing
    other = {
        n: v * 0.5 if isinstance(v, np.ndarray) and v.dtype.kind == "f" else v
        for n, v in values.items()
    }
    try:
        with reproducible(plan.generators):  # what it makes for itself is to be the same
            session = Session(plan, other, bindings)
            session.run_forward(other)
            session.collect()
            session.run_backward(cotangents)
            session.flush()
        with reproducible(plan.generators):
            session.restore(values)
            session.run_forward(values)
            changed = not same(session.collect(), outputs)
            if changed and same(_alone(session, values, bindings), session.outputs):
                return ""  # its constructor drew numbers before, and it draws others here
            if changed:
                return said(
                    "{layer} keeps something from batch to batch: its output is another one",
                    "{layer} 在批次之间保留了某些内容：它的输出变了",
                    layer=layer,
                )
            again = _again(session, cotangents, read)
    except Exception:
        return said(
            "{layer} cannot be called again: each call needs a new object",
            "{layer} 不能再次调用：每次调用都需要新的对象",
            layer=layer,
        )
    if not same(again, found):
        raise Violation(
            "wrong after another batch",
            said(
                "{layer}: after another batch in between, the gradient for {name!r} is another "
                "one, though the output is not: what does it keep?",
                "{layer}：中间换一批数据之后，{name!r} 的梯度变了，输出却没有变：它保留了什么？",
                layer=layer,
                name=name,
            ),
        )
    return ""
