"""From `gradcheck assignment new` to marks, as a teacher and a student type it."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from gradcheck.cli import main
from gradcheck.coursework.formats import FORMATS
from gradcheck.coursework.settings import VISIBLE_INPUTS


def run(*arguments, cwd, **variables):
    environment = {**os.environ, "CI": "true", **variables}
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def gradcheck(*arguments, cwd, **variables):
    return run("gradcheck", *arguments, cwd=cwd, **variables)


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A new assignment, which no test changes."""
    root = tmp_path_factory.mktemp("new")
    done = gradcheck("assignment", "new", "homework", cwd=root)
    assert done.returncode == 0, done.stderr
    return root / "homework"


@pytest.fixture
def folder(made, tmp_path):
    """A new assignment of the test's own."""
    shutil.copytree(made, tmp_path / "homework")
    (tmp_path / "homework").chmod(0o700)
    return tmp_path / "homework"


def with_fewest_inputs(folder):
    """An assignment with the least that it may try."""
    settings = folder / "assignment.toml"
    settings.write_text(f"inputs = {VISIBLE_INPUTS}\n{settings.read_text()}")
    return folder


def test_a_new_assignment_has_what_each_platform_needs_and_a_seed_of_its_own(folder, tmp_path):
    parts = ("starter", "solution", "github", "gradescope", "prairielearn")
    assert all((folder / part / "README.md").is_file() for part in parts)
    for name in ("gradescope/run_autograder", "prairielearn/tests/run.sh"):
        assert os.access(folder / name, os.X_OK)
        assert subprocess.run(["bash", "-n", folder / name], check=False).returncode == 0
    workflow = (folder / "github" / "grade.yml").read_text()
    assert re.findall(r"^on: (\w+)", workflow, re.M) == ["pull_request"]
    assert "contents: read" in workflow
    assert json.loads((folder / "prairielearn" / "info.json").read_text())["uuid"] != "@UUID@"
    assert gradcheck("assignment", "new", "other", cwd=tmp_path).returncode == 0
    seeds = {
        re.search(r"^hidden = (\d+)", (tmp_path / name / "assignment.toml").read_text(), re.M)[1]
        for name in ("homework", "other")
    }
    assert len(seeds) == 2
    again = gradcheck("assignment", "new", "homework", cwd=tmp_path)
    assert again.returncode == 2
    assert "is there already, and not empty" in again.stderr


def test_a_new_assignment_is_sound_and_an_unsound_one_is_not(folder, tmp_path, apart):
    with_fewest_inputs(folder)
    sound = gradcheck("assignment", "verify", folder, "--bugs", 2, cwd=tmp_path)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert "13/13  solution" in sound.stdout
    assert "0/13  starter" in sound.stdout
    assert "2 bugs cost exactly what they touch" in sound.stdout
    starter = folder / "starter" / "submission.py"
    text = starter.read_text()
    head, _, rest = text.partition("def relu_backward(dr, p):")
    starter.write_text(
        f"{head}def relu_backward(dr, p):" + rest.replace("raise NotImplementedError",
                                                          "return dr * (p > 0)", 1)
    )  # fmt: skip
    solution = folder / "solution" / "submission.py"
    solution.write_text(solution.read_text().replace("-y[i] * y[j]", "y[i] * y[j]"))
    unsound = gradcheck("assignment", "verify", folder, "--bugs", 1, cwd=tmp_path)
    assert "which it does not touch" not in unsound.stdout, "of a part that is lost anyway"
    assert unsound.returncode == 1
    assert "the starter gets relu_backward: passed" in unsound.stdout
    assert "the solution loses softmax · different_index: wrong" in unsound.stdout


def test_students_run_the_same_thing_in_the_folder_that_they_get(folder, tmp_path):
    done = gradcheck("assignment", "handout", folder, "student", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    student = tmp_path / "student"
    names = {path.name for path in student.rglob("*") if path.is_file()}
    assert names == {"README.md", "submission.py", "softmax.py", "relu.py", "linear.py",
                     "cross_entropy.py"}  # fmt: skip
    hidden = re.search(r"^hidden = (\d+)", (folder / "assignment.toml").read_text(), re.M)[1]
    assert not any(hidden in path.read_text() for path in student.rglob("*") if path.is_file())
    first = gradcheck("check", "--inputs", 12, cwd=student)
    assert first.returncode == 1
    assert "softmax_backward raises NotImplementedError" in first.stdout
    shutil.copyfile(folder / "solution" / "submission.py", student / "submission.py")
    assert run("pytest", "-q", "--gradcheck-inputs=12", cwd=student).returncode == 0
    source = (student / "submission.py").read_text()
    wrong = source.replace("dz.sum(axis=0)", "dz.mean(axis=0)")
    # Other names of the parameters, as long as they come in the same order.
    wrong = wrong.replace("softmax_backward(dy, y):", "softmax_backward(up, out):")
    wrong = wrong.replace("return y * (dy - dy @ y)", "return out * (up - up @ out)")
    (student / "submission.py").write_text(wrong)
    second = gradcheck("check", "--hints", "remedy", "--inputs", 12, cwd=student)
    assert second.returncode == 1
    assert second.stdout.count("PASS") == 7
    assert "to    return dz @ W.T, x.T @ dz, dz.sum(axis=0)" in second.stdout
    (student / "submission.py").unlink()
    third = gradcheck("check", "derivations/relu.py", cwd=student)
    said = " ".join(third.stdout.split())
    assert "there is no submission.py beside the folder derivations" in said
    assert "derivations/relu.py:1" in said


def test_grade_writes_a_result_and_tells_why_marks_were_lost(folder, tmp_path, apart):
    wrong = (folder / "solution" / "submission.py").read_text()
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "submission.py").write_text(wrong)
    (tmp_path / "bob.py").write_text(wrong.replace("dz.sum(axis=0)", "dz.mean(axis=0)"))
    with_fewest_inputs(folder)
    command = ["grade", folder, tmp_path / "ann", tmp_path / "bob.py", "--out", "grades"]
    done = gradcheck(*command, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "13/13  ann\n" in done.stdout
    assert "12/13  bob\n    linear_backward · db: wrong: wrong value: db[" in done.stdout
    assert "2 graded, 1 of them without full marks" in done.stdout
    data = json.loads((tmp_path / "grades" / "results" / "bob.json").read_text())
    (part,) = (part for part in data["parts"] if part["earned"] < part["possible"])
    assert part["mistakes"][0][0] == "M4"
    assert (part["file"], part["line"] > 0) == ("submission.py", True)
    assert "submission.py:" in part["feedback"]
    assert str(tmp_path) not in json.dumps(data)
    assert data["isolation"] == apart.kind
    assert set(data["versions"]) == {"gradcheck", "numpy", "hypothesis", "python"}
    alone = gradcheck(
        "grade", folder, tmp_path / "ann", "--out", "grades", "--resume", cwd=tmp_path
    )
    assert alone.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "nowhere", "a.py", "--out", "o"], "nowhere is no assignment"),
        (["grade", "homework", "a.py", "--out", "o"], "a.py: there is no such file or folder"),
        (["grade", "homework", "b.py", "b.py", "--out", "o"], "b.py is given twice"),
        (["grade", "homework", "b.py", "--out", "b.py"], "--out: b.py cannot be made"),
        (["grade", "homework", "b.py", "--out", "o", "--jobs", "0"], "--jobs: 1 or more"),
        (["grade", "homework", "b.py", "--out", "o", "--seed", "-1"], "--seed: 0 or more"),
        (["grade", "homework", "b.py", "--out", "o", "--format", "none"], "--format none: "),
        (["assignment", "verify", "nowhere"], "nowhere is no assignment"),
        (["assignment", "handout", "homework", "homework"], "is there already, and not empty"),
    ],
)
def test_wrong_use_is_told(arguments, said, folder, tmp_path, monkeypatch, capsys):
    (tmp_path / "b.py").write_text("x = 1\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])  # the command adds to it
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


#: What a system has that is none of Unix, as far as importing tells.
ELSEWHERE = """
import os, sys
import multiprocessing.connection, multiprocessing.shared_memory
import numpy, hypothesis, pathlib, select, shutil, subprocess, tempfile

sys.modules["resource"] = sys.modules["fcntl"] = None
for name in ("sysconf", "fork", "geteuid", "setresuid", "sched_getaffinity"):
    delattr(os, name)
sys.platform = "win32"
from gradcheck.cli import main

sys.exit(main(sys.argv[1:]))
"""


def test_a_system_that_cannot_keep_submissions_apart_refuses_and_says_why(folder, tmp_path):
    script = tmp_path / "elsewhere.py"
    script.write_text(ELSEWHERE)
    (tmp_path / "b.py").write_text("x = 1\n")
    done = subprocess.run(
        [sys.executable, script, "grade", folder, "b.py", "--out", "o", "--jobs", "1"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "kept apart by Linux; this is win32" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_format_is_named_in_the_help(capsys):
    with pytest.raises(SystemExit):
        main(["grade", "--help"])
    said = capsys.readouterr().out
    assert [name for name in FORMATS if name not in said] == []
