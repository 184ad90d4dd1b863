"""Scan every file of student code and count: ``python -m tests.adapters.measure``."""

import collections
from pathlib import Path

from gradcheck.adapters.scan import scan
from gradcheck.adapters.scan_report import FileReport

FOLDER = Path(__file__).parent / "students"

if __name__ == "__main__":
    for side in ("right", "wrong"):
        counts = collections.Counter()
        for path in sorted((FOLDER / side).glob("*.py")):
            for report in scan(path, {}, told=False):
                if not isinstance(report, FileReport):
                    verdict = "not read" if report.reason else report.verdict
                    counts[verdict] += 1
                    print(side, path.stem, report.name, verdict, report.convention, sep="\t")
        print(side, dict(counts))
