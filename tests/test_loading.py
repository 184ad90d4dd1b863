"""Derivation files in folders of folders."""

import textwrap

import pytest

from gradcheck import loading

NEAR = """
    ONE = 1


    def later():
        from derivations.family.deeper import far

        return far.imported_by_each_name()
"""
FAR = """
    import derivations.family.near
    from derivations import top
    from derivations.family import near
    from derivations.family.near import ONE

    from .. import near as relative


    def imported_by_each_name():
        return derivations.family.near.ONE + near.ONE + ONE + relative.ONE + top.ONE
"""


@pytest.fixture
def library(tmp_path):
    """A folder ``derivations`` of three levels; it is what the name means inside the test."""

    def write(name, text):
        path = tmp_path / "derivations" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return path

    write("top.py", "ONE = 1")
    write("family/near.py", NEAR)
    write("family/deeper/far.py", FAR)
    with loading.installed(tmp_path / "derivations"):
        yield write


# The inner file first: what it is loaded from is then not imported yet.
@pytest.mark.parametrize("first", ["family/near.py", "family/deeper/far.py", "top.py"])
@pytest.mark.parametrize("init", [None, "", "raise RuntimeError"])
def test_files_of_nested_folders_find_each_other_by_every_name(library, first, init):
    folder = library("top.py", "ONE = 1").parent
    if init is not None:
        library("family/__init__.py", init)

    module = loading.load(folder / first)
    near = loading.load(folder / "family/near.py")

    assert module.__name__ == "derivations." + first[:-3].replace("/", ".")
    assert near.later() == 5
    assert loading.load(folder / first) is module


def test_what_another_file_defines_is_claimed_by_the_file_that_declares_it(tmp_path):
    (tmp_path / "derivations").mkdir()
    (tmp_path / "defined_elsewhere.py").write_text(
        "def square(x): return x**2\ndef rule(dy, x): return dy\n"
    )
    path = tmp_path / "derivations" / "declares.py"
    path.write_text(
        "from functools import partial\n"
        "import numpy as np\n"
        "from defined_elsewhere import rule, square\n"
        "from gradcheck import derivation\n"
        "f = derivation(x='n')(square)\n"
        "f.vjp(rule)\n"
        "f.vjp(partial(rule))\n"
        "derivation(x='n')(np.tanh).vjp(lambda dy: dy)\n"
        "derivation(x='n')(type('Layer', (), {}))\n"
        "derivation(x='n,n')(square).vjp(rule)\n"
    )
    found = loading.found_at(path)
    claims = [one.id for one in found if one.claim is not None]
    assert claims == ["square[vjp-rule]", "square[vjp-partial]"]
    assert [one.id for one in found if one.problem] == ["tanh", "Layer", "square"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ONE = 1".encode("utf-16"), "UTF-16 or UTF-32, as it seems: save it as UTF-8"),
        ("ONE = 1".encode("utf-16-le"), "save it as UTF-8"),
        (b"from top import ONE", "top.py lies beside it: from derivations.top import …"),
        (b"import elsewhere", "No module named 'elsewhere'\n"),
        (b"def f(x): return x\nf.vjp", "f is not declared: put @derivation(…)"),
        (b"def f(x): return x\nf.vpj", "has no attribute 'vpj'\n"),
    ],
)
def test_what_keeps_a_file_from_being_imported_is_said_with_its_remedy(library, text, said):
    path = library("top.py", "ONE = 1").parent / "file.py"
    path.write_bytes(text)
    (found,) = loading.found_at(path)
    assert said in found.problem
