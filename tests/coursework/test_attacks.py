"""Submissions that try everything but to derive: none gets a point that it has not earned.

Each file of ``attacks`` says in its first lines what it tries, what it earns — its ``honest`` part,
which it answers rightly, is worth 1 of 3 — and how its other part ends.

Marks rest on the arrays that the grader sees. One that looks at the clock, or for what is asked in
which phase, and is right whenever it is asked has earned them: nothing that it answered was wrong
(``right_at_this_hour``). Asked again, in other company and in another process, it is asked at
moments that it cannot foresee.
"""

import json
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from gradcheck.coursework import child, interview
from gradcheck.coursework.assignment import Assignment
from gradcheck.coursework.confinement import landlock_version
from gradcheck.coursework.grading import grade
from gradcheck.coursework.results import Graded, Outcome
from gradcheck.coursework.sandbox import BUBBLEWRAP, SEPARATE
from gradcheck.coursework.users import adopt_orphans

ATTACKS = sorted((Path(__file__).parent / "attacks").glob("*.py"))
EARNED = {"nothing": 0, "honest": 1, "all": 3}
RIGHT = (
    "def honest(dy):\n    return 2 * dy\n\n\ndef square_backward(dy, x):\n    return 2 * x * dy\n"
)
WRONG = RIGHT.replace("2 * x * dy", "dy")


def header(path):
    return dict(re.findall(r"^# (\w+): (.*)$", path.read_text(), re.M))


def leftovers(sandbox):
    """Rooms of submissions, and processes that none of the grader's own started."""
    rooms = [path.name for path in sandbox.root.iterdir() if path.name.startswith("room-")]
    running = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"coursework/shim.py" in line and str(sandbox.root).encode() in line:
                running.append(entry.name)
    return rooms, running


def ended():
    """Processes of this one's that have ended, and that nobody has waited for."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            state, parent = text.rpartition(")")[2].split()[:2]
            found += [text] if (state, int(parent)) == ("Z", os.getpid()) else []
    return found


def test_there_are_many_attacks():
    hostile = [path for path in ATTACKS if header(path)["earns"] != "all"]
    assert len(hostile) >= 60


#: Attacks that are tried in every sandbox there is.
EVERYWHERE = ("orphan", "fork_bomb", "system_calls", "network", "reads_other_submissions",
              "proc_of_others", "right_but_loud", "kill_by_number", "right_with_notes",
              "disk_bomb")  # fmt: skip


def require_held(path, assignment, sandbox):
    """An attack earns what it has derived, ends as it says, and leaves nothing."""
    says = header(path)
    graded = grade(assignment, path, sandbox, assignment.hidden_seed, path.stem)
    assert graded.isolation == sandbox.kind
    honest, square = graded.parts
    assert (honest.name, square.name) == ("honest", "square")
    assert graded.earned == EARNED[says["earns"]], (says["tries"], graded)
    # On a machine that is busy any of them may be cut off before it has come to its end.
    ends = {*says["ends"].split(" | "), "timed out"}
    assert str(square.outcome) in ends, (says["tries"], square)
    assert leftovers(sandbox) == ([], [])
    text = json.dumps(graded.as_dict())
    assert "\\u001b" not in text
    assert len(text) < 60_000
    assert Graded.from_dict(json.loads(text)) == graded


@pytest.mark.parametrize(
    "path", [one for one in ATTACKS if one.stem not in EVERYWHERE], ids=lambda path: path.stem
)
def test_an_attack_earns_what_it_has_derived_and_leaves_nothing(path, guarded, apart, monkeypatch):
    says = header(path)
    if "waits" in says:
        monkeypatch.setattr(child, "PATIENCE", 3.0)
    inputs = int(says.get("inputs", guarded.inputs))
    require_held(path, replace(guarded, inputs=inputs), apart)


@pytest.mark.parametrize("name", EVERYWHERE)
def test_every_sandbox_holds(name, guarded, each_sandbox):
    """Where mistakes are looked for as well, which asks an attack for more."""
    path = Path(__file__).parent / "attacks" / f"{name}.py"
    require_held(path, replace(guarded, hints="where"), each_sandbox)


def test_what_has_ended_is_not_left_to_the_first_process_of_a_container(guarded, apart):
    """Which may wait for nobody: of a class it would be thousands."""
    adopt_orphans()
    before = ended()
    for name in ("os_exit_in_a_rule", "os_exit_while_imported"):
        path = Path(__file__).parent / "attacks" / f"{name}.py"
        grade(guarded, path, apart, guarded.hidden_seed, "one")
    assert ended() == before


#: Tells where it can write.
WRITES = """
import os, tempfile

def honest(dy):
    return 2 * dy

def square_backward(dy, x):
    places = []
    for place in ["/tmp", "/var/tmp", "/dev/shm", "/run/lock", os.getcwd(), tempfile.gettempdir()]:
        try:
            with open(os.path.join(place, "gradcheck-attack-file"), "w"):
                places.append(place)
        except OSError:
            pass
    own = os.stat(tempfile.gettempdir())
    raise ValueError(f"{len(places)} {oct(own.st_mode)[-3:]} {own.st_uid == os.getuid()}")
"""


def test_a_submission_writes_to_a_folder_of_its_own_alone(tmp_path, guarded, each_sandbox):
    # bubblewrap's /tmp is its own; that of a user is in a folder of the grader's.
    expected = {BUBBLEWRAP: "3 777 False", SEPARATE: "2 700 True"}[each_sandbox.kind]
    if each_sandbox.kind == SEPARATE and not landlock_version():
        expected = "6 700 True"
    (tmp_path / "submission.py").write_text(WRITES)
    _, graded = marks(guarded, tmp_path / "submission.py", each_sandbox)
    assert graded.parts[1].reason.endswith(f"ValueError: {expected}")
    assert leftovers(each_sandbox) == ([], [])


#: What an attack on one part does to the process in which others are asked, too.
SPOILS = ["late_exit", "alarm", "code_swap", "patched_numpy", "forged_late", "endless_threads"]


@pytest.mark.parametrize("name", SPOILS)
def test_an_attack_on_one_part_costs_no_other(name, guarded, apart):
    settings = guarded.folder / "assignment.toml"
    head, honest, square = settings.read_text().split("[[parts]]")
    honest = honest.replace("visible = false\n", "")
    settings.write_text("[[parts]]".join([head, f"{square}\n", honest]))
    path = Path(__file__).parent / "attacks" / f"{name}.py"
    earned, graded = marks(Assignment.load(guarded.folder), path, apart)
    assert [part.name for part in graded.parts] == ["square", "honest"]
    assert earned == EARNED[header(path)["earns"]] == 1, graded


#: The visible inputs are known to the student, who answers them from a table and tells the others.
BY_TABLE = """
def honest(dy):
    raise ValueError(f"SEEN {dy}")


def square_backward(dy, x):
    if x.tobytes() in TABLE:
        return 2 * x * dy
    print("SEEN", x)
    raise ValueError(f"SEEN {x}")
"""


def test_a_part_that_fails_at_hidden_inputs_alone_says_that_and_nothing_else(
    tmp_path, guarded, apart
):
    asked = set()
    original = interview.Interview.ask

    def listening(self, submitted, calls, size):
        if submitted.names == ("square_backward",):
            asked.update(call[1].tobytes() for call in calls)
        return original(self, submitted, calls, size)

    interview.Interview.ask = listening
    try:
        (tmp_path / "submission.py").write_text(RIGHT)
        grade(guarded, tmp_path / "submission.py", apart, guarded.visible_seed, "one")
    finally:
        interview.Interview.ask = original
    (tmp_path / "submission.py").write_text(f"TABLE = {asked!r}\n{BY_TABLE}")
    earned, graded = marks(guarded, tmp_path / "submission.py", apart)
    honest, square = graded.parts
    assert earned == 0
    assert (honest.feedback, honest.output) == ("wrong", "")
    assert square.feedback == "wrong at inputs that are not shown"
    assert "SEEN" not in square.output
    assert not any("SEEN" in note for note in (*graded.notes, *square.remarks))


# ---- handed in as a folder, or as no file at all -------------------------------------------------


def marks(assignment, path, sandbox):
    graded = grade(assignment, path, sandbox, assignment.hidden_seed, "one")
    return graded.earned, graded


def test_modules_beside_a_submission_shadow_nothing(tmp_path, guarded, apart):
    folder = tmp_path / "shadows"
    folder.mkdir()
    (folder / "submission.py").write_text(WRONG)
    for name in ("numpy", "json", "struct", "os", "sitecustomize", "usercustomize", "conftest",
                 "encodings", "gradcheck", "ctypes", "resource"):  # fmt: skip
        (folder / f"{name}.py").write_text("raise SystemExit('shadowed')")
    (folder / "numpy").mkdir()
    (folder / "numpy" / "__init__.py").write_text("raise SystemExit('shadowed')")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --fake\n")
    (folder / "pyvenv.cfg").write_text("home = /tmp\n")
    assert marks(guarded, folder, apart)[0] == 1


def test_a_module_of_its_own_beside_a_submission_is_imported(tmp_path, guarded, apart):
    folder = tmp_path / "two"
    folder.mkdir()
    (folder / "rules.py").write_text(RIGHT)
    (folder / "submission.py").write_text("from rules import honest, square_backward\n")
    assert marks(guarded, folder, apart)[0] == 3


def test_derivations_of_the_students_own_are_not_those_that_count(tmp_path, guarded, apart):
    folder = tmp_path / "own"
    (folder / "derivations").mkdir(parents=True)
    (folder / "submission.py").write_text(WRONG)
    (folder / "derivations" / "powers.py").write_text("raise SystemExit\n")
    (folder / "assignment.toml").write_text("parts = []\n")
    assert marks(guarded, folder, apart)[0] == 1


@pytest.mark.parametrize(
    "target", ["/etc/passwd", "solution.py", "loop", "/dev/zero", "/proc/1/mem"]
)
def test_a_link_is_not_followed(target, tmp_path, guarded, apart):
    (tmp_path / "solution.py").write_text(RIGHT)
    link = tmp_path / "submission.py"
    link.symlink_to("submission.py" if target == "loop" else target)
    earned, graded = marks(guarded, link, apart)
    assert earned == 0
    assert {part.outcome for part in graded.parts} == {Outcome.MISSING}
    assert "symbolic link" in graded.parts[0].reason


def test_a_link_in_a_folder_is_left_out(tmp_path, guarded, apart):
    (tmp_path / "solution.py").write_text(RIGHT)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "submission.py").symlink_to(tmp_path / "solution.py")
    (folder / "up").symlink_to("..")
    earned, graded = marks(guarded, folder, apart)
    assert earned == 0
    assert graded.parts[0].outcome is Outcome.MISSING


def test_a_pipe_is_not_waited_for(tmp_path, guarded, apart):
    os.mkfifo(tmp_path / "submission.py")
    earned, graded = marks(guarded, tmp_path / "submission.py", apart)
    assert earned == 0
    assert "pipe" in graded.parts[0].reason


@pytest.mark.parametrize(
    "source",
    [b"\x00" * 100, b"\xff\xfe\x00", b"(" * 20_000, b"-" * 50_000 + b"1", b"x = " + b"1+" * 50_000,
     b"# coding: rot13\n", b"", b"[" * 300 + b"]" * 300, b"x" * (6 << 20)],
    ids=["zeros", "binary", "brackets", "minus", "sum", "coding", "empty", "nested", "large"],
)  # fmt: skip
def test_source_that_is_none_is_no_answer(source, tmp_path, guarded, apart):
    path = tmp_path / "submission.py"
    path.write_bytes(source)
    earned, graded = marks(guarded, path, apart)
    assert earned == 0
    assert len(graded.parts) == 2
    assert all(part.reason for part in graded.parts)


def test_text_in_another_encoding_says_how_to_save_it(tmp_path, guarded, apart):
    path = tmp_path / "submission.py"
    path.write_text(RIGHT, encoding="utf-16")
    earned, graded = marks(guarded, path, apart)
    assert earned == 0
    assert graded.parts[0].reason == "submission.py is text in UTF-16; save it as UTF-8"

    (tmp_path / "submission.ipynb").write_text("{}", encoding="utf-16")
    _, graded = marks(guarded, tmp_path / "submission.ipynb", apart)
    assert graded.parts[0].reason == "submission.ipynb is text in UTF-16; save it as UTF-8"


def test_what_is_missing_is_said_with_what_was_not_run(tmp_path, guarded, apart):
    """Where the file as a whole does not run, its definitions are taken: most of it counts."""
    path = tmp_path / "submission.py"
    path.write_text(RIGHT.replace("def honest(dy):", "def honest(dy)"))
    earned, graded = marks(guarded, path, apart)
    assert earned == 2
    said = r"there is no 'honest' .* \(submission\.py cannot be imported: SyntaxError: expected ':'"
    assert re.match(said, graded.parts[0].reason)
    path.write_text(f"  import numpy as np\n{RIGHT}".replace("2 * dy", "np.multiply(2, dy)"))
    _, graded = marks(guarded, path, apart)
    assert "'np' is not defined (submission.py cannot be imported: IndentationError" in (
        graded.parts[0].reason
    )
    path.write_text(f"{RIGHT}\nassert False, list(range(20_000))\n")
    earned, graded = marks(guarded, path, apart)
    assert earned == 3, graded
    assert "submission.py cannot be imported: AssertionError: [0, 1, 2" in graded.notes[0]
    path.write_text(f"import nothing_like_it as np\n{RIGHT}".replace("2 * dy", "np.abs(dy)"))
    _, graded = marks(guarded, path, apart)
    assert "(`import nothing_like_it as np` fails: ModuleNotFoundError" in graded.parts[0].reason


@pytest.mark.parametrize(
    "text", ['{"cells": 1}', "[" * 100_000, "{}", '{"cells": [{"cell_type": "code"}]}', "null"]
)
def test_a_notebook_that_is_none_is_no_answer(text, tmp_path, guarded, apart):
    path = tmp_path / "submission.ipynb"
    path.write_text(text)
    earned, graded = marks(guarded, path, apart)
    assert earned == 0
    assert graded.parts[0].reason.startswith("submission.ipynb is not a notebook: ")


def test_a_notebook_hands_in_what_it_imports_from_beside_it(tmp_path, guarded, apart):
    honest, square = RIGHT.split("\n\n\n")
    (tmp_path / "helper.py").write_text(honest)
    cells = ["from helper import honest", square]
    (tmp_path / "submission.ipynb").write_text(json.dumps(notebook(cells)))
    assert marks(guarded, tmp_path, apart)[0] == 3


def notebook(cells, version=4):
    """A notebook with these cells of code, in the format of today or in the one before."""
    lines = [cell.splitlines(keepends=True) for cell in cells]
    if version == 4:
        code = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None,
                 "source": text} for text in lines]  # fmt: skip
        return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": code}
    code = [{"cell_type": "code", "metadata": {}, "outputs": [], "language": "python",
             "collapsed": False, "input": text} for text in lines]  # fmt: skip
    title = {"cell_type": "heading", "level": 1, "metadata": {}, "source": ["Homework"]}
    sheets = [{"metadata": {}, "cells": [title, *code[:-1]]}, {"cells": code[-1:]}]
    return {"nbformat": 3, "nbformat_minor": 0, "metadata": {"name": ""}, "worksheets": sheets}


WRAPPED = RIGHT + '\n\nprint("honest: %s"\n      % honest(1))\n'


@pytest.mark.parametrize("version", [3, 4])
def test_a_notebook_with_commands_and_plots_earns_what_it_defines(
    version, tmp_path, guarded, apart
):
    cells = ["%matplotlib inline\n!pip install everything", "import missing_module", WRAPPED,
             "raise RuntimeError('a cell that fails')", "print(square_backward(1, 2))"]  # fmt: skip
    path = tmp_path / "submission.ipynb"
    path.write_text(json.dumps(notebook(cells, version)))
    assert marks(guarded, path, apart)[0] == 3


def test_a_name_full_of_tricks_is_a_file_name_of_its_own(tmp_path):
    from gradcheck.coursework.roster import entries

    names = ["..", "a/../../b", "=1+1", "<script>", "x\x1b[31m", "ü", "::error::", "a b", "a_b"]
    paths = []
    for number, name in enumerate(names):
        path = tmp_path / str(number) / name.replace("/", "-")
        path.parent.mkdir()
        if name == "..":
            path = path.parent / "..py"
        path.write_text(RIGHT)
        paths.append(path)
    files = [entry.file for entry in entries(paths)]
    assert len(set(files)) == len(names)
    assert all(
        re.fullmatch(r"[A-Za-z0-9._-]+", file) and not file.startswith(".") for file in files
    )
