"""Asking one submission: its process, started anew whenever it has broken, and what it said."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradcheck.adapters.words import layer_word
from gradcheck.coursework import protocol
from gradcheck.coursework.assignment import Assignment, Picked, Task
from gradcheck.coursework.child import Broken, Child
from gradcheck.coursework.precision import Precision
from gradcheck.coursework.results import Outcome
from gradcheck.coursework.sandbox import Sandbox, Unavailable
from gradcheck.coursework.shim import NOT_CONFINED
from gradcheck.coursework.staging import Room
from gradcheck.coursework.submitted import Gradient, Submitted, trials_of
from gradcheck.report.figures import printable

#: Bytes of a number, and of an answer beside its numbers.
_NUMBER = 8
_BESIDE = 4096
#: Of what is asked in a part so much is kept, to be asked again.
_SAMPLED = 64
#: Text that comes from a submission is cut to so many characters.
_LONGEST = 400


def _all(answer: Any) -> Any:
    return answer


@dataclass(frozen=True)
class Question:
    """Something that was asked, with what of the answer the part is about."""

    submitted: Submitted
    call: tuple[Any, ...]
    size: int
    answer: Any
    #: What takes that out of another answer.
    pick: Callable[[Any], Any] = _all


class Interview:
    """The process of one submission, started anew whenever it has broken, and what it said."""

    def __init__(
        self, assignment: Assignment, sandbox: Sandbox, where: Room, seed: int = 0
    ) -> None:
        self.assignment, self.sandbox, self.where = assignment, sandbox, where
        self._number = {id(one): k for k, one in enumerate(assignment.asked)}
        self._child: Child | None = None
        #: What of the submission its process has run.
        self._run: set[Submitted] = set()
        self._lines: list[tuple[int, protocol.Failure | None]] = []
        self._differencing: list[tuple[str, str, int]] = []
        #: Why it cannot even be imported: so it will be for every other part.
        self._hopeless: Broken | None = None
        #: Why the part that is asked for has failed already.
        self._broken: Broken | None = None
        self._printed = ""
        #: Remarks of the process about the whole, and about what is asked in this part.
        self.notes: list[str] = []
        self.remarks: list[str] = []
        #: Some of what was asked in this part, drawn evenly, and how much that was.
        self.sample: list[Question] = []
        #: The samples of parts that are done, by name.
        self.samples: dict[str, list[Question]] = {}
        self._answered = 0
        #: That of the answers in this part.
        self.precision = Precision()
        self._draw = random.Random(seed)  # the hidden one: nobody knows what will be asked again
        self.asked = 0
        #: For a rule of which the part is about one gradient, what takes it out of an answer.
        self._picks: dict[int, Callable[[Any], Any]] = {}
        self.line = 0
        self.file = where.main.name

    def begin(self) -> None:
        """The next part is asked for."""
        self._broken, self.asked, self.line, self._picks = None, 0, 0, {}
        self.remarks = []
        self.sample, self._answered, self.precision = [], 0, Precision()
        if self._child is not None:
            self._child.begin(self.assignment.time_limit)

    def is_in_use(self, task: Task) -> bool:
        """Whether the process that is there has run what is no part of a task."""
        own = _submitted(task)
        return self._child is not None and any(one is not own for one in self._run)

    def ask(self, submitted: Submitted, calls: Sequence[tuple[Any, ...]], size: int) -> list[Any]:
        """The answers to some calls; raises ``Broken`` where there are none."""
        if self._broken is not None:
            raise self._broken
        self.asked += 1
        try:
            answers = self._ask(submitted, calls, size)
        except Broken as broken:
            self._broken = broken
            raise
        pick = self._picks.get(id(submitted), _all)
        for call, answer in zip(calls, answers, strict=True):
            own = pick(answer)
            self._keep(Question(submitted, call, size, own, pick))
            self.precision.hear(own)
        return [self.precision.known(answer) for answer in answers]

    def _keep(self, question: Question) -> None:
        """Have a question in the sample as likely as any other."""
        self._answered += 1
        if len(self.sample) < _SAMPLED:
            self.sample.append(question)
            return
        place = int(self._draw.random() * self._answered)
        if place < _SAMPLED:
            self.sample[place] = question

    def locate(self, task: Task) -> None:
        """Say in reports where the rule of a part stands, and which of its answers counts."""
        rule = _submitted(task)
        if rule is not None:
            picked = task.claim.function
            if isinstance(picked, Picked) and rule is picked.rule.function:
                self._picks[id(rule)] = picked.of
            if self._child is None:
                self._started()
            line, _ = self._lines[self._number[id(rule)]]
            task.claim.file, task.claim.line = self.file, line

    def _ask(self, submitted: Submitted, calls: Sequence[tuple[Any, ...]], size: int) -> list[Any]:
        child = self._child or self._started()
        number = self._number[id(submitted)]
        self.line, problem = self._lines[number]
        if problem is not None:
            raise Broken(Outcome.MISSING, problem.text)
        self._require_allowed(submitted)
        self._run.add(submitted)
        most = protocol.MOST_TIMES * (_NUMBER * size) + _BESIDE
        answers = child.request(
            protocol.CALL, [number, most, *calls], (_NUMBER * size + _BESIDE) * len(calls),
            protocol.ANSWERS,
        )  # fmt: skip
        if len(answers) != len(calls) + 1 or not isinstance(answers[-1], tuple):
            self.drop()
            raise Broken(Outcome.BROKEN_PROTOCOL, f"not the {len(calls)} answers that it was asked")
        _add(self.remarks, answers.pop())
        for answer in answers:
            if isinstance(answer, protocol.Failure) and answer.limit:
                self.drop()
                raise Broken(Outcome.OVER_LIMIT, answer.text)
        return answers

    def _require_allowed(self, submitted: Submitted) -> None:
        if self.assignment.numerical_differentiation:
            return
        for name, file, line in self._differencing:
            own = layer_word(name.partition(".")[0])
            for wanted in submitted.names:
                if name == wanted or (submitted.derivation and own == layer_word(wanted)):
                    raise Broken(
                        Outcome.NOT_ALLOWED,
                        f"{wanted} takes differences of a function ({file}, line {line}); the "
                        "assignment asks for the derivative itself",
                    )

    def _started(self) -> Child:
        """A process in which the submission was imported."""
        if self._hopeless is not None:
            raise self._hopeless
        child = self._child = self.sandbox.start(self.where)
        self._run.clear()
        child.begin(self.assignment.time_limit)
        asked = json.dumps([one.wanted() for one in self.assignment.asked])
        try:
            read = child.request(protocol.LOAD, [asked, *self._trials()], _BESIDE, protocol.READ)
        except Broken as broken:
            if child.exit_code == NOT_CONFINED:  # nothing of the submission has run
                raise Unavailable(f"the sandbox does not hold: {child.printed()}") from None
            raise self._import_failed(broken) from None
        self._differencing = [one for one in read if _is_place(one)]
        try:
            loaded = child.receive(protocol.LOADED, _BESIDE * (len(self.assignment.asked) + 1))
        except Broken as broken:
            raise self._import_failed(broken) from None
        *places, notes = loaded or [None]
        if len(places) != len(self.assignment.asked) or not all(map(_is_line, places)):
            raise self._import_failed(Broken(Outcome.BROKEN_PROTOCOL, "it forges what it is"))
        self._lines = [(int(line), problem) for line, problem in places]
        _add(self.notes, notes)
        child.begin(self.assignment.time_limit)
        return child

    def _import_failed(self, broken: Broken) -> Broken:
        self.drop()
        self._hopeless = Broken(broken.outcome, f"while it was imported: {broken.reason}")
        return self._hopeless

    def _trials(self) -> list[Any]:
        """Sizes and values at which layers are tried out."""
        found: list[Any] = []
        for number, one in enumerate(self.assignment.asked):
            for sizes, values in trials_of(one) if one.derivation is not None else ():
                sent = tuple(
                    value if isinstance(value, np.ndarray | np.generic | list)
                    else json.dumps(value) for value in values.values()
                )  # fmt: skip
                found.append((number, json.dumps(dict(sizes)), json.dumps(list(values)), sent))
        return found

    def printed(self) -> str:
        """What was printed during this part."""
        text, self._printed = self._printed, ""
        return text + (self._child.printed() if self._child is not None else "")

    def drop(self) -> None:
        """End the process; the next part has another."""
        if self._child is not None:
            self._child.end()
            self._printed += self._child.printed()
            self._child = None

    close = drop


def _submitted(task: Task) -> Submitted | None:
    """What of the submission is a task's rule; None for an identity, which may ask for anything."""
    rule = task.claim.function
    rule = rule.rule.function if isinstance(rule, Picked) else rule
    rule = rule.layer if isinstance(rule, Gradient) else rule
    return rule if isinstance(rule, Submitted) else None


def _add(kept: list[str], said: Any) -> None:
    """Keep remarks of a process, if that is what they are: a bounded number, each once."""
    for text in said if isinstance(said, tuple) else ():
        if isinstance(text, str) and text not in kept and len(kept) < protocol.MOST_REMARKS:
            kept.append(text)


def _is_place(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 3
        and isinstance(value[0], str)
        and isinstance(value[1], str)
        and isinstance(value[2], np.integer)
    )


def _is_line(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and isinstance(value[0], np.integer)
        and isinstance(value[1], protocol.Failure | None)
    )


def clean(text: str, most: int | None = _LONGEST) -> str:
    """Text that a submission made up, without what a terminal would obey; one line if cut."""
    if most is None:
        return "\n".join(printable(line) for line in text.split("\n"))
    text = " ".join(printable(text).split())
    return text if len(text) <= most else f"{text[: most - 1]}…"
