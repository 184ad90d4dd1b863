"""The ``gradcheck`` command."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from gradcheck.commands import (
    FAILED,
    INTERRUPTED,
    USAGE,
    assignment,
    check,
    explain,
    grade,
    mutate,
    new,
    replay,
    scan,
)
from gradcheck.commands import list as listing
from gradcheck.errors import GradcheckError

#: In the order in which the help names them.
_COMMANDS = (check, mutate, listing, explain, scan, replay, new, assignment, grade)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # not every console can write ∂
    options = _parser().parse_args(arguments)
    # As with pytest, the files may import what lies beside the folder; last, to shadow nothing.
    sys.path.append(str(Path.cwd()))
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except GradcheckError as error:
        print(f"gradcheck: {error}", file=sys.stderr)
        return USAGE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; what is left must not fail again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gradcheck",
        description="Verify derivations: what is claimed against what is measured.",
    )
    parser.add_argument("--version", action="version", version=f"gradcheck {version('gradcheck')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in _COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":  # as for `python -m gradcheck`: doing nothing would look like a pass
    sys.exit(main())
