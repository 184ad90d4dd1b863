"""The house: imports point one way, and importing the package is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sources import imports

PACKAGE = Path(__file__).parents[1] / "gradcheck"
#: What `gradcheck assignment new` writes, which is nobody's module here.
TEMPLATE = PACKAGE / "coursework" / "template"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if TEMPLATE not in path.parents)
#: The rooms as data flows through them; a module imports from those above it alone.
ORDER = [
    "errors", "answers", "report", "report.figures", "dims", "regimes", "arguments", "domains",
    "case", "signatures", "claims",
    "oracle.scatter", "oracle.makers", "oracle.captured", "oracle.exactness", "oracle.layout",
    "oracle.norms", "oracle.gathered", "oracle.constants", "oracle.stability", "oracle.rounding",
    "oracle.own_numbers", "oracle.operations", "oracle.stepped",
    "oracle.imaginary", "oracle.point", "oracle.ladder",
    "oracle.directions", "oracle.interval", "oracle.noise", "oracle.confirmation",
    "oracle.elementwise", "oracle.entry", "oracle.recording",
    "hints", "report.phrases", "report.matrix", "report.narration", "report.grid",
    "report.heatmap", "report.curve", "report.notebook",
    "returned", "subject", "gradients", "asked_entries", "evaluation", "contracts", "verdict",
    "localization",
    "judging.evidence", "judging.probes", "judging.rule_rounding", "judging.context",
    "judging.screened", "judging.stacking", "judging.pulled", "judging.listed",
    "judging.screening", "judging.comparison", "judging.one_entry", "judging.entries",
    "judging.kinks", "judging.settling", "judging.conclusion",
    "judging.hessians", "judging.subjects", "judging.exhibits", "judging.lost_digits",
    "judging.precision", "judging",
    "sides", "identities",
    "plain_functions", "measurement",
    "neighbours", "source_trees", "source_edits", "known_slips", "forward_values",
    "lesser_functions", "missing_parts", "insertions",
    "time_limit",
    "diagnosis.samples", "diagnosis.evidence", "diagnosis.catalogue", "diagnosis.pattern",
    "diagnosis.factors", "diagnosis.judged_again", "diagnosis.catalogue.behaviour",
    "diagnosis.catalogue.conditions",
    "diagnosis.changed_functions", "diagnosis.paths", "diagnosis.catalogue.paths",
    "diagnosis.catalogue.cotangent", "diagnosis.catalogue.layout", "diagnosis.catalogue.nonlinear",
    "diagnosis.catalogue.regions", "diagnosis.catalogue.specials",
    "diagnosis.catalogue.partial", "diagnosis.catalogue.scale",
    "diagnosis.catalogue.products", "diagnosis.catalogue.softmax",
    "diagnosis.catalogue.fused_losses", "diagnosis.catalogue.sums", "diagnosis.catalogue.terms",
    "diagnosis.catalogue.crops", "diagnosis.catalogue.recurrent", "diagnosis.catalogue.reruns",
    "diagnosis.catalogue.formulas", "diagnosis.catalogue.windows", "diagnosis.catalogue.orders",
    "diagnosis.catalogue.spectra", "diagnosis.catalogue.lesser",
    "diagnosis.inserting", "diagnosis.likelihood", "diagnosis.repair", "diagnosis.rewriting",
    "diagnosis.chain", "diagnosis",
    "verification", "simplification", "records", "report.reproducer", "report.evidence",
    "report.terminal", "report.progress", "report.document", "report.github", "report.formula",
    "report.template", "report.page", "sizes", "sampling", "boundaries", "profiles",
    "misdeclared", "tally", "checking", "loading", "imports", "changes",
    "mutation.mutants", "mutation.comparison", "mutation.trial", "mutation.workers",
    "mutation.summary", "mutation",
    "adapters.activation", "adapters.losses", "adapters.words", "adapters.names",
    "adapters.places", "adapters.style",
    "adapters.sources", "adapters.standins", "adapters.by_name", "adapters.caches",
    "adapters.keyed_parameters",
    "adapters.numpy_names", "adapters.calls", "adapters.construction",
    "adapters.forms", "adapters.landing", "adapters.pairs", "adapters.randomness",
    "adapters.session",
    "adapters.state", "adapters.originals", "adapters.gradient_places", "adapters.plan",
    "adapters.boundary",
    "adapters.conventions",
    "adapters.written_formulas",
    "adapters.layers", "adapters.siblings", "adapters.chunks", "adapters.definitions", "adapters",
    "adapters.outer_parameters", "adapters.packed_parameters",
    "adapters.kinds", "adapters.known", "adapters.one_hot", "adapters.discovery",
    "adapters.flat_vectors", "adapters.numbered_keys", "adapters.inputs", "adapters.sightings",
    "adapters.written_sizes",
    "adapters.searched_dims", "adapters.aligned_dims", "adapters.source_dims",
    "adapters.settling", "adapters.recognition",
    "adapters.usage", "adapters.unrecognised", "adapters.guesses", "adapters.guards",
    "adapters.penalties", "adapters.readings", "adapters.spec", "adapters.scan_report",
    "adapters.judgements", "adapters.scales", "adapters.loss_readings", "adapters.gradient_report",
    "adapters.second_readings", "adapters.reasons", "adapters.default_penalties",
    "adapters.other_defaults", "adapters.other_inputs", "adapters.modes", "adapters.precision",
    "adapters.layer_scan", "adapters.scan",
    "coursework.results", "coursework.protocol", "coursework.confinement",
    "coursework.arithmetic", "coursework.differencing", "coursework.reading", "coursework.units",
    "coursework.shim",
    "coursework.own_folder", "coursework.submitted", "coursework", "coursework.settings",
    "coursework.assignment", "coursework.staging", "coursework.groups", "coursework.child",
    "coursework.users",
    "coursework.mounts", "coursework.sandbox", "coursework.precision", "coursework.interview",
    "coursework.steadiness", "coursework.growth",
    "coursework.placement", "coursework.cotangents",
    "coursework.smoothness", "coursework.grading",
    "coursework.whole_files", "coursework.roster", "coursework.cluster", "coursework.classroom",
    "coursework.writing",
    "coursework.verifying",
    "coursework.formats.text", "coursework.formats.disclosure", "coursework.formats.files",
    "coursework.formats.overview", "coursework.formats.csv", "coursework.formats.github",
    "coursework.formats.gradescope", "coursework.formats.html", "coursework.formats.junit",
    "coursework.formats.prairielearn", "coursework.formats",
    "pytest_results", "listing",
    "worked_numbers", "explanation", "pytest_plugin",
    "commands", "commands.selection", "commands.check", "commands.mutate", "commands.list",
    "commands.explain", "commands.scan", "commands.replay", "commands.new",
    "commands.assignment", "commands.grade", "cli", "__main__",
]  # fmt: skip


def module_name(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    parts = parts[:2] if parts[:2] == ("adapters", "conventions") else parts  # one room, open
    return ".".join(part for part in parts if part != "__init__")


def imported(path):
    """The modules of the package that a file imports."""
    for node in imports(path):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if base.startswith("gradcheck"):
                for alias in node.names:
                    full = f"{base}.{alias.name}".removeprefix("gradcheck.")
                    short = base.removeprefix("gradcheck").removeprefix(".")
                    yield full if full in ORDER else short


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_imports_point_upwards(path):
    name = module_name(path)
    if name in ("", "oracle"):
        return
    assert name in ORDER, "a new module needs its place in the order"
    for other in imported(path):
        assert ORDER.index(other) < ORDER.index(name), f"{name} imports {other}"


def test_only_two_modules_import_hypothesis():
    users = {
        module_name(path)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hypothesis"))
        or (isinstance(node, ast.Import) and any(a.name == "hypothesis" for a in node.names))
    }
    assert users == {"sampling", "checking"}


def test_importing_the_package_loads_numpy_alone():
    code = "import gradcheck, sys; print(sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert "'numpy'" in loaded
    for other in ("hypothesis", "pytest", "rich"):
        assert f"'{other}'" not in loaded
