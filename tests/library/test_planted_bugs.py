"""The library's claims have wrong versions in ``planted/``, and every one is caught.

A claim that no mistake can break claims nothing. The tables in ``tables/``, one for the homework
and one for each folder of ``derivations/``, name for each claim the wrong versions of it, which
are in the file of the same name in ``planted/``. Of the homework, the files that lie flat in
``derivations/``, every claim has one; of the other files at least one claim, and the wrong version
is the most instructive mistake.
"""

import importlib.util
import runpy
import sys
from pathlib import Path

import pytest

import gradcheck
from gradcheck import Derivation, loading
from gradcheck.checking import check_claim
from gradcheck.profiles import PROFILES
from gradcheck.verdict import Status

HERE = Path(__file__).parent
LIBRARY = HERE.parent.parent / "derivations"
HOMEWORK = "homework"
TABLES = {
    path.stem: runpy.run_path(str(path))["PLANTED_BUGS"]
    for path in sorted((HERE / "tables").glob("*.py"))
}
PLANTED_BUGS = {
    file if family == HOMEWORK else f"{family}/{file}": of_claims
    for family, table in TABLES.items()
    for file, of_claims in table.items()
}
PRINTED_MISTAKES = [
    ("softmax_as_printed", "different_index_chain_as_printed"),
    ("log_softmax_transposed", "rows_of_columns"),
    ("log_softmax_transposed", "upstream_times_rows_of_columns"),
]
#: Simplifying and naming a bug takes ten times as long as catching it: one of so many is reported.
EACH = 8


def load(file):
    """A file of the library."""
    return loading.load(LIBRARY / f"{file}.py")


def load_wrong(folder, file):
    """A file of ``planted/`` or ``printed/``, under a name of its own."""
    name = f"{folder}_{file.replace('/', '_')}"
    if name not in sys.modules:
        load("softmax")  # from now on `derivations` means the library
        spec = importlib.util.spec_from_file_location(name, HERE / folder / f"{file}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
    return sys.modules[name]


def claims(module):
    """The rules and identities that a module declares."""
    return [one for one in loading.declared_in(module) if not isinstance(one, Derivation)]


def files_below(folder):
    """The files below a folder as the tables name them: ``softmax``, ``activations/sigmoid``."""
    return sorted(
        path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.py")
    )


def bugs():
    return [
        pytest.param(file, name, id=f"{file}-{name}")
        for file, of_claims in PLANTED_BUGS.items()
        for names in of_claims.values()
        for name in names
    ]


@pytest.mark.parametrize(("file", "name"), bugs())
def test_a_planted_bug_is_caught(file, name):
    bug = getattr(load_wrong("planted", file), name)

    outcome = check_claim(bug, PROFILES["ci"], simplify=False)

    assert outcome.record.status == str(Status.FAIL)


@pytest.mark.parametrize(("file", "name"), bugs()[::EACH])
def test_the_report_of_a_planted_bug_names_it(file, name):
    bug = getattr(load_wrong("planted", file), name)

    with pytest.raises(gradcheck.GradientMismatch) as failure:
        gradcheck.check(bug, profile="ci")

    assert bug.name in str(failure.value)


@pytest.mark.parametrize(("file", "name"), PRINTED_MISTAKES)
def test_what_the_homework_prints_wrongly_is_caught_and_named(file, name):
    printed = getattr(load_wrong("printed", file), name)

    with pytest.raises(gradcheck.GradientMismatch) as failure:
        gradcheck.check(printed, profile="ci")

    assert printed.name in str(failure.value)


@pytest.mark.parametrize("file", [file for file in files_below(LIBRARY) if "/" not in file])
def test_every_claim_of_the_homework_has_a_planted_bug(file):
    claimed = [claim.id for claim in claims(load(file))]

    assert claimed == list(PLANTED_BUGS.get(file, {}))


@pytest.mark.parametrize("file", [file for file in files_below(LIBRARY) if "/" in file])
def test_every_file_of_the_library_has_a_planted_bug(file):
    claimed = [claim.id for claim in claims(load(file))]
    broken = list(PLANTED_BUGS.get(file, {}))

    assert broken, "a file whose claims no mistake is shown to break"
    assert broken == [claim for claim in claimed if claim in broken], "unknown, or in another order"


@pytest.mark.parametrize("file", files_below(HERE / "planted"))
def test_every_planted_bug_is_in_the_table(file):
    planted = [bug.name for bug in claims(load_wrong("planted", file))]

    assert planted
    assert planted == [name for names in PLANTED_BUGS.get(file, {}).values() for name in names]


def test_every_printed_mistake_is_in_the_table():
    printed = [
        (path.stem, claim.name)
        for path in sorted((HERE / "printed").glob("*.py"))
        for claim in claims(load_wrong("printed", path.stem))
    ]

    assert sorted(printed) == sorted(PRINTED_MISTAKES)
