"""The commands, one file each: ``add`` declares its options, ``run`` does it.

What is needed by one command alone is imported when that runs: some of it is slow to load.
"""

import argparse
from typing import TypeAlias

#: What ``add`` adds a command to.
Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"

#: Exit codes; the last is what shells say of a process that Ctrl-C ended.
PASSED, FAILED, USAGE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 130
