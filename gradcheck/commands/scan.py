"""``gradcheck scan``: the layers of files that declare nothing."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from gradcheck.commands import Subparsers
from gradcheck.report.terminal import Screen


def add(commands: Subparsers) -> None:
    """Declare the command and its options."""
    scanning = commands.add_parser(
        "scan", help="check the layers of any Python file or notebook, without running it",
        description="Take the definitions of files, recognise layers, and check their gradients. "
        "Exit code: 0 all are right, 1 one is wrong, 2 nothing was recognised, 3 undecided.",
    )  # fmt: skip
    scanning.add_argument("files", nargs="+", metavar="FILE", help="a .py file or a notebook")
    scanning.add_argument("--spec", type=Path, help="a .toml or .py file that declares layers")
    scanning.add_argument("--json", action="store_true", help="the result as JSON")
    scanning.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the command; returns its exit code."""
    from gradcheck.adapters import scan_report as told
    from gradcheck.adapters.scan import require_defined, scan
    from gradcheck.adapters.spec import spec_of

    spec = spec_of(options.spec) if options.spec is not None else {}
    screen = Screen.of(sys.stdout)
    reports: list[told.FileReport] = []
    for file in options.files:
        for report in scan(Path(file), spec):
            if isinstance(report, told.FileReport):
                reports.append(report)
            elif not options.json:
                print(screen.line(*told.headline(report)), flush=True)
    require_defined(spec, [name for report in reports for name in report.defined], reports)
    code = told.exit_code(reports)
    said = told.nothing(reports) if code == told.NOTHING else []
    if options.json:
        data = {"files": [one.as_dict() for one in reports], "nothing": "\n".join(said) or None}
        print(json.dumps(data, indent=2, default=float))
        return code
    layers = [layer for report in reports for layer in report.layers]
    for text in (text for layer in layers for text in told.details(layer)):
        print(screen.show(f"\n{text}"))
    print()
    for text in (text for layer in layers for text in told.remarks(layer)):
        print(screen.show(text))
    for text in (f"left out: {r.file}, {one}" for r in reports for one in r.left_out):
        print(screen.show(text))
    for text in (text for report in reports for text in told.others(report)):
        print(screen.show(text))
    for text in said:
        print(screen.show(text))
    print(told.summary(reports))
    return code
