"""What a change touches, in real git repositories."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gradcheck.changes import touched
from gradcheck.errors import InputError

IDENTITY = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
#: ``softmax`` imports ``_stable``, and ``network`` imports ``softmax``.
FILES = {
    "derivations/_stable.py": "import numpy as np\n",
    "derivations/softmax.py": "from derivations import _stable\n",
    "derivations/network.py": "from .softmax import backward\n",
    "derivations/relu.py": "import numpy as np\nimport math\n",
    "derivations/deep/gelu.py": "def f():\n    from layers.erf import erf\n",
    "derivations/deep/tanh.py": "from .. import relu\n",
    "layers/__init__.py": "",
    "layers/erf.py": "",
    "README.md": "",
}


class Repository:
    """A git repository with one commit on the branch ``main``."""

    def __init__(self, path):
        self.path = path
        path.mkdir(exist_ok=True)
        self.git("init", "-q", "-b", "main")
        for name, text in FILES.items():
            self.write(name, text)
        self.commit()

    def git(self, *arguments):
        done = subprocess.run(
            ["git", *IDENTITY, *arguments],
            cwd=self.path,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    def write(self, name, text="# changed\n"):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def append(self, name):
        self.write(name, (self.path / name).read_text(encoding="utf-8") + "# changed\n")

    def commit(self):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")

    def files(self):
        return sorted((self.path / "derivations").rglob("*.py"))

    def touched(self, base="main"):
        """The names of the touched files, each with that of the file that touches it."""
        found = touched(self.files(), base)
        return {file.stem: None if way is None else way.as_posix() for file, way in found.items()}


@pytest.fixture
def repository(tmp_path):
    return Repository(tmp_path / "repository")


def test_without_a_change_nothing_is_touched(repository):
    assert repository.touched() == {}


def test_a_changed_file_touches_itself_and_whatever_imports_it_by_any_number_of_steps(repository):
    repository.append("derivations/_stable.py")
    assert repository.touched() == {
        "_stable": None,
        "softmax": "derivations/_stable.py",
        "network": "derivations/_stable.py",
    }


@pytest.mark.parametrize("how", ["working tree", "staged", "committed", "on a branch"])
def test_a_change_counts_wherever_git_has_it(repository, how):
    if how == "on a branch":
        repository.git("checkout", "-q", "-b", "mine")
    base = repository.git("rev-parse", "HEAD") if how == "committed" else "main"
    repository.append("derivations/relu.py")
    if how == "staged":
        repository.git("add", "-A")
    elif how != "working tree":
        repository.commit()
    assert repository.touched(base) == {"relu": None, "tanh": "derivations/relu.py"}


def test_what_others_committed_to_the_base_meanwhile_is_no_change_of_mine(repository):
    repository.git("checkout", "-q", "-b", "mine")
    repository.append("derivations/relu.py")
    repository.commit()
    repository.git("checkout", "-q", "main")
    repository.append("derivations/softmax.py")
    repository.commit()
    repository.git("checkout", "-q", "mine")
    assert set(repository.touched()) == {"relu", "tanh"}


def test_a_new_file_that_git_does_not_know_yet_is_a_change_and_an_ignored_one_is_none(repository):
    repository.write(".gitignore", "made.py\n")
    repository.commit()
    repository.write("derivations/new.py")
    repository.write("derivations/made.py")
    assert repository.touched() == {"new": None}


def test_a_module_that_is_gone_or_was_renamed_touches_what_still_imports_it(repository):
    repository.git("mv", "derivations/_stable.py", "derivations/_safe.py")
    assert repository.touched() == {
        "_safe": None, "softmax": "derivations/_stable.py", "network": "derivations/_stable.py",
    }  # fmt: skip


def test_a_module_outside_of_the_folder_and_the_package_around_it_are_followed(repository):
    repository.append("layers/__init__.py")
    assert repository.touched() == {"gelu": "layers/__init__.py"}
    repository.git("checkout", "-q", ".")
    repository.append("layers/erf.py")
    assert repository.touched() == {"gelu": "layers/erf.py"}


@pytest.mark.parametrize(
    "line",
    ["importlib.import_module('layers.erf')", "__import__('layers.erf')", "import layers.erf as e",
     "from importlib import import_module; import_module('..layers.erf', __package__)",
     "if 0:\n    from layers import erf", "from layers import *; import layers.erf"],
)  # fmt: skip
def test_every_way_to_name_a_module_is_seen(repository, line):
    repository.write("derivations/odd.py", f"{line}\n")
    repository.commit()
    repository.append("layers/erf.py")
    assert repository.touched() == {"gelu": "layers/erf.py", "odd": "layers/erf.py"}


def test_a_package_that_loads_its_modules_when_they_are_asked_for_imports_them_all(repository):
    repository.write("layers/__init__.py", "def __getattr__(name):\n    return load(name)\n")
    repository.write("derivations/odd.py", "import layers\n")
    repository.commit()
    repository.append("layers/erf.py")
    assert repository.touched() == {"gelu": "layers/erf.py", "odd": "layers/erf.py"}


def test_a_package_below_src_is_followed(repository):
    repository.write("src/model/layers.py")
    repository.write("derivations/model.py", "import model.layers as L\n")
    repository.commit()
    repository.append("src/model/layers.py")
    assert repository.touched() == {"model": "src/model/layers.py"}


def test_the_package_that_a_file_lies_in_touches_it(repository):
    repository.write("derivations/deep/__init__.py")
    assert set(repository.touched()) == {"__init__", "gelu", "tanh"}
    repository.commit()
    assert repository.touched() == {}


def test_files_that_are_not_imported_touch_nothing(repository):
    repository.append("README.md")
    repository.write("layers/other.py")
    assert repository.touched() == {}


def test_imports_in_a_circle_come_to_an_end(repository):
    repository.write("derivations/softmax.py", "import derivations.network\n")
    repository.commit()
    assert repository.touched() == {}
    repository.append("derivations/network.py")
    assert set(repository.touched()) == {"network", "softmax"}


def test_a_file_that_is_no_python_is_a_change_like_any_other(repository):
    repository.write("derivations/relu.py", "def (\0")
    repository.write("derivations/softmax.py", "# \ud7ff\nimport (")
    assert set(repository.touched()) == {"relu", "softmax", "tanh", "network"}


def test_a_relative_import_beyond_the_repository_is_passed_over(repository):
    repository.write("derivations/odd.py", "from ...... import relu\n")
    assert repository.touched() == {"odd": None}


@pytest.mark.skipif(sys.platform == "win32", reason="such names and links are things of POSIX")
def test_names_that_git_would_quote_and_links_are_followed(repository):
    repository.write("derivations/größe \n x.py")
    repository.commit()
    os.symlink("../layers/erf.py", repository.path / "derivations/linked.py")  # noqa: PTH211
    repository.commit()
    repository.append("layers/erf.py")
    repository.append("derivations/größe \n x.py")
    assert repository.touched() == {
        "größe \n x": None, "gelu": "layers/erf.py", "linked": "layers/erf.py",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_repository_that_is_entered_through_a_link_is_the_same(repository, tmp_path):
    (tmp_path / "link").symlink_to(repository.path)
    repository.append("derivations/relu.py")
    file = tmp_path / "link" / "derivations" / "relu.py"
    assert touched([file], "main") == {file: None}


def test_the_settings_of_the_user_and_of_a_hook_change_nothing(repository, monkeypatch, tmp_path):
    for name, value in (("diff.relative", "true"), ("diff.noprefix", "true"),
                        ("diff.renames", "copies"), ("core.quotePath", "true")):  # fmt: skip
        repository.git("config", name, value)
    repository.append("layers/erf.py")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/other-index")
    assert repository.touched() == {"gelu": "layers/erf.py"}


def test_a_file_that_was_touched_but_not_changed_is_no_change(repository):
    os.utime(repository.path / "derivations" / "relu.py", (1, 1))
    assert repository.touched() == {}


@pytest.mark.parametrize(
    "base", ["nowhere", "", "-h", "--all", "main..HEAD", "0" * 40, "a b", "\n"]
)
def test_a_base_that_is_no_commit_is_an_error(repository, base):
    with pytest.raises(InputError, match="has no such commit, branch or tag"):
        repository.touched(base)


def test_a_branch_that_only_the_remote_has_is_suggested(repository):
    repository.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    with pytest.raises(InputError, match="did you mean origin/trunk"):
        repository.touched("trunk")


def test_a_folder_without_a_repository_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "a.py").write_text("")
    with pytest.raises(InputError, match=r"is not in a git repository \(fatal: not a git"):
        touched([tmp_path / "a.py"], "main")


def test_a_repository_without_a_commit_is_an_error(tmp_path):
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=tmp_path, check=True)
    (tmp_path / "a.py").write_text("")
    with pytest.raises(InputError, match="has no commit yet"):
        touched([tmp_path / "a.py"], "main")


def test_a_machine_without_git_is_an_error(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository.path))
    with pytest.raises(InputError, match="needs git, and there is none on PATH"):
        repository.touched()


@pytest.mark.parametrize("reachable", [True, False])
def test_a_shallow_clone_says_how_to_get_the_history(repository, tmp_path, reachable):
    first = repository.git("rev-parse", "HEAD")
    repository.git("checkout", "-q", "-b", "mine")
    repository.append("derivations/relu.py")
    repository.commit()
    shallow = tmp_path / "shallow"
    depth = "2" if reachable else "1"
    subprocess.run(
        ["git", "clone", "-q", f"--depth={depth}", "-b", "mine", repository.path.as_uri(), shallow],
        check=True,
    )
    file = shallow / "derivations" / "relu.py"
    if reachable:
        assert touched([file], first) == {file: None}
    else:
        with pytest.raises(InputError, match=r"shallow clone.*fetch-depth: 0.*--unshallow"):
            touched([file], first)


def test_a_shallow_clone_whose_base_shares_nothing_says_so_too(repository, tmp_path):
    repository.git("checkout", "-q", "-b", "mine")
    repository.append("derivations/relu.py")
    repository.commit()
    shallow = tmp_path / "shallow"
    subprocess.run(
        ["git", "clone", "-q", "--depth=1", "--no-single-branch", "-b", "mine",
         repository.path.as_uri(), shallow],
        check=True,
    )  # fmt: skip
    with pytest.raises(InputError, match="shallow clone"):
        touched([shallow / "derivations" / "relu.py"], "origin/main")


def test_histories_that_share_nothing_are_an_error(repository):
    repository.git("checkout", "-q", "--orphan", "other")
    repository.write("README.md")
    repository.commit()
    with pytest.raises(InputError, match="no commit in common"):
        repository.touched()


def test_a_file_of_another_repository_is_an_error(repository, tmp_path):
    other = Repository(tmp_path / "other")
    with pytest.raises(InputError, match="lies outside of the repository"):
        touched([*repository.files(), *other.files()], "main")


def test_a_repository_in_the_repository_is_a_change_as_a_whole(repository):
    inner = Repository(repository.path / "vendored")
    repository.write("derivations/uses.py", "import vendored.layers.erf\n")
    repository.commit()
    assert repository.touched() == {}
    inner.append("layers/erf.py")
    inner.commit()
    assert set(repository.touched()) == {"uses"}


def test_no_files_are_no_question_for_git(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert touched([], "main") == {}


def test_packages_that_are_installed_inside_of_the_repository_are_not_followed(
    repository, monkeypatch
):
    packages = Path(".venv", "lib", "site-packages")
    repository.write(packages / "math.py")
    monkeypatch.syspath_prepend(str(repository.path / packages))
    assert repository.touched() == {}
