"""A made-up class: right, wrong in known ways, undecided, broken and hostile submissions."""

import random

from gradcheck.coursework.results import Graded, Outcome, Part

VERSIONS = {"gradcheck": "0.1.0", "numpy": "2.4.0", "Python": "3.11.2"}
#: Markup, escapes of a terminal, controls, an end of CDATA, half a character, commands, formulas.
HOSTILE = (
    "=1+1;<script>alert(1)</script>\"'&]]>\x1b[31m\x00\ud800\ufffe\u202e\r\n::error::pwned\n"
    "##[error]pwned\n**bold** `code` | [x](javascript:alert(2)) https://example.com @octocat\n"
)
HUGE = "x" * 3_000_000
#: What no student may be shown.
SECRETS = ("the reason for the teacher", "cotangent-not-transposed", "770077")
PARTS = (
    ("shift", "Softmax does not see a shift", 2.0, True),
    ("same", "Softmax: the case i = j", 2.0, True),
    ("different", "Softmax: the case i ≠ j", 2.0, True),
    ("jacobian", "Softmax: the Jacobian", 4.0, True),
    ("softmax · dz", "Softmax backward: dz", 4.0, True),
    ("relu · dp", "ReLU backward: dp", 2.0, False),
    ("linear · dx", "Linear backward: dx", 2.0, True),
    ("linear · dW", "Linear backward: dW", 2.0, True),
    ("linear · db", "Linear backward: db", 2.0, False),
    ("loss · dz", "Cross-entropy backward: dz", 4.0, False),
)
MISTAKES = (
    ("cotangent-not-transposed", "the weights are not transposed"),
    ("sum", "the sum over the batch is missing"),
    ("average", "averaged over the batch, where the sum is asked for"),
    ("sign", "a sign is turned around"),
)
FEEDBACK = (
    "FAIL, wrong value: linear · dW\n\n  at x = [[1, 2]], W = [[0], [1]], dz = [[1]]\n\n"
    "  entry        claimed   measured\n  dW[0, 0]           2   1 ± 3e-12\n\n"
    "it looks like: averaged over the batch"
)
#: How broken submissions end.
BROKEN = (
    Outcome.MISSING, Outcome.CRASHED, Outcome.TIMED_OUT, Outcome.OVER_LIMIT,
    Outcome.BROKEN_PROTOCOL, Outcome.NOT_ALLOWED,
)  # fmt: skip


def part(name="softmax · dz", outcome=Outcome.PASSED, **more):
    """One part worth 4 points, or what else is given."""
    given = {"title": f"Part {name}", "possible": 4.0, **more}
    given.setdefault("earned", given["possible"] if outcome is Outcome.PASSED else 0.0)
    return Part(name=name, outcome=outcome, **given)


def graded(*parts, submission="ann", **more):
    """One submission."""
    given = {"assignment": "Softmax by hand", "seed": 770077, "versions": VERSIONS,
             "isolation": "bubblewrap", "seconds": 1.5, **more}  # fmt: skip
    return Graded(submission=submission, parts=parts, **given)


def hostile(**more):
    """A submission that puts what is hostile into every text that it can reach, and some more."""
    text = {
        "reason": HOSTILE + SECRETS[0], "feedback": HOSTILE, "output": HOSTILE + HUGE,
        "file": HOSTILE, "mistakes": ((HOSTILE, HOSTILE),), "remarks": (HOSTILE,),
    }  # fmt: skip
    parts = [
        part(f"{outcome} {visible}" + HOSTILE, outcome, title=HOSTILE, visible=visible, line=3,
             **text)
        for outcome in Outcome for visible in (True, False)
    ]  # fmt: skip
    return graded(
        *parts, submission=HOSTILE, assignment=HOSTILE, notes=(HOSTILE, HUGE),
        versions={HOSTILE: HOSTILE}, **more,
    )  # fmt: skip


def _outcome(kind, draw):
    if kind == "right":
        return Outcome.PASSED
    if kind == "broken":
        return draw.choice(BROKEN)
    if kind == "undecided" and draw.random() < 0.3:
        return Outcome.NEEDS_TEACHER
    return Outcome.WRONG if draw.random() < 0.35 else Outcome.PASSED


def a_class(number=60):
    """A class of so many, the same in every run; the last three are hostile."""
    draw = random.Random(6)
    made = []
    for position in range(number - 3):
        kind = ("right", "wrong", "wrong", "undecided", "wrong", "broken")[position % 6]
        parts = []
        for name, title, possible, visible in PARTS:
            outcome = _outcome(kind, draw)
            wrong = outcome is Outcome.WRONG
            named = wrong and draw.random() < 0.8
            parts.append(
                part(
                    name, outcome, title=title, possible=possible, visible=visible,
                    reason="" if outcome is Outcome.PASSED else SECRETS[0],
                    feedback=FEEDBACK if wrong else "",
                    mistakes=(draw.choice(MISTAKES), MISTAKES[3]) if named else (),
                    output="z = [1. 2.]\n" if draw.random() < 0.1 else "",
                    file="homework.py" if wrong else "", line=17 if wrong else 0,
                    inputs=20, seconds=0.05,
                )
            )  # fmt: skip
        notes = ("notes.txt was ignored",) if position % 10 == 0 else ()
        made.append(graded(*parts, submission=f"student-{position:02}", notes=notes))
    for text in (HOSTILE, "<script>alert(1)</script>" * 9, "\x1b]0;title\x07 ::error::pwned"):
        parts = [
            part(name, Outcome.WRONG, title=title, possible=possible, visible=visible,
                 feedback=text, output=text + HUGE, reason=text, file=text, line=1)
            for name, title, possible, visible in PARTS
        ]  # fmt: skip
        made.append(graded(*parts, submission=text, notes=(text,)))
    return made
