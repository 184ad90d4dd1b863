"""``gradcheck check --changed``, in a real repository."""

import subprocess

import pytest

from tests.end_to_end.files import RIGHT, WRONG


def git(folder, *arguments):
    identity = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *identity, *arguments], cwd=folder.path, check=True, capture_output=True)


@pytest.fixture
def repository(folder):
    """A right derivation, a wrong one, and one that imports the right one, all committed."""
    folder("derivations/right.py", RIGHT)
    folder("derivations/wrong.py", WRONG)
    folder("derivations/composed.py", "from derivations.right import softmax\n" + RIGHT)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    return folder


def changed(repository, *arguments, **environment):
    return repository.gradcheck(
        "check", "--changed", "main", "--inputs=10", *arguments, **environment
    )


def test_where_nothing_changed_a_sentence_says_so_and_the_exit_code_is_0(repository):
    result = changed(repository)
    assert result.code == 0
    assert result.output == (
        "nothing to check: under derivations no file differs from main, "
        "and none imports one that does\n"
    )


def test_what_a_change_touches_is_checked_and_nothing_else(repository):
    repository("derivations/right.py", RIGHT + "# changed\n")
    result = changed(repository)
    assert result.code == 0
    assert "changed since main: derivations/right.py\n" in result
    assert "composed.py, by way of derivations/right.py\n" in result
    assert "PASS" in result
    assert "wrong.py" not in result


def test_a_change_that_breaks_a_rule_fails_with_an_annotation_at_its_line(repository):
    repository("derivations/right.py", WRONG)
    result = changed(
        repository, GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(repository.path),
        GITHUB_STEP_SUMMARY=str(repository.path / "summary.md"),
    )  # fmt: skip
    assert result.code == 1
    commands = [line for line in result.output.splitlines() if line.startswith("::")]
    assert len(commands) == 1
    assert commands[0].startswith("::error file=derivations/right.py,line=10,title=gradcheck%3A ")
    assert "**fail**" in (repository.path / "summary.md").read_text(encoding="utf-8")


def test_files_that_would_not_be_touched_are_not_even_loaded(repository):
    repository("derivations/wrong.py", "raise SystemExit(7)\n")
    git(repository, "commit", "-q", "-a", "-m", "x")
    repository("derivations/right.py", RIGHT + "# changed\n")
    assert changed(repository).code == 0


def test_a_touched_file_without_a_claim_leaves_nothing_to_check(repository):
    repository("derivations/shared.py", "c = 1\n")
    result = changed(repository)
    assert result.code == 0
    assert "nothing to check: no claim under derivations is touched" in result


def test_a_claim_can_be_asked_for_by_name(repository):
    repository("derivations/right.py", RIGHT + "# changed\n")
    result = changed(repository, "derivations/right.py::softmax", "derivations/wrong.py::softmax")
    assert result.code == 0
    assert "wrong.py" not in result
    missing = changed(repository, "derivations/right.py::nothing")
    assert missing.code == 2
    assert "no claim of that name is there" in missing


def test_the_files_that_were_asked_for_are_written_even_if_nothing_changed(repository):
    result = changed(repository, "--json=run.json", "--html=page.html")
    assert result.code == 0
    assert (
        "wrote run.json\nwrote page.html" in result or "wrote page.html\nwrote run.json" in result
    )
    assert (repository.path / "run.json").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--changed", "nowhere"), "has no such commit, branch or tag"),
        (("--changed", "main", "no_such_folder"), "there is no such file or folder"),
        (("--changed",), "expected one argument"),
    ],
)
def test_a_wrong_use_says_what_is_wrong_with_exit_code_2(repository, arguments, message):
    result = repository.gradcheck("check", *arguments)
    assert result.code == 2
    assert message in result
    assert "Traceback" not in result


def test_outside_of_a_repository_the_message_names_the_folder(folder):
    folder("derivations/right.py", RIGHT)
    result = folder.gradcheck(
        "check", "--changed=main", GIT_CEILING_DIRECTORIES=str(folder.path.parent)
    )
    assert result.code == 2
    assert "is not in a git repository" in result
