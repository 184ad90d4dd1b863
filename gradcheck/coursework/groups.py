"""Control groups of the kernel, version 2: limits on all processes of a submission together.

They hold for every user, root too. One is made where it may be: below the nearest group of the
grader's own that passes memory and processes on to its children and lets this user make some. root
has such a group on most systems; others have one under ``systemd-run --user --scope gradcheck …``.
No process but the submission's is moved, and no setting of others is changed.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path

from gradcheck.coursework.confinement import Limits

_NEEDED = ("memory", "pids")
#: The name of a group begins with this and the process that made it.
_PREFIX = "gradcheck-"
#: Seconds in which the kernel has to take down a group whose processes it was told to end.
_REMOVING = 2.0
_TICK = 0.005
_numbers = itertools.count()


@dataclass
class Group:
    """The group of one process and of all that it starts."""

    folder: Path

    @classmethod
    def made(cls, place: Path, limits: Limits) -> Group:
        """A group with limits; raises ``OSError``."""
        group = cls(place / f"{_PREFIX}{os.getpid()}-{next(_numbers)}")
        group.folder.mkdir()
        try:
            group._write("memory.max", limits.resident)
            group._write("pids.max", limits.processes)
            for name, value in (("memory.swap.max", 0), ("memory.oom.group", 1)):
                if (group.folder / name).exists():  # no swap, or an old kernel
                    group._write(name, value)
        except OSError:
            group.remove()
            raise
        return group

    def _write(self, name: str, value: int) -> None:
        (self.folder / name).write_text(f"{value}\n", encoding="ascii")

    def _counted(self, name: str, what: str) -> int:
        """One of the numbers in a file of names and numbers; 0 where it is not there."""
        with contextlib.suppress(OSError, ValueError):
            for line in (self.folder / name).read_text(encoding="ascii").splitlines():
                key, _, number = line.partition(" ")
                if key == what:
                    return int(number)
        return 0

    def add(self, pid: int) -> None:
        """Move a process here, and see that it is; raises ``OSError``."""
        self._write("cgroup.procs", pid)
        if str(pid) not in (self.folder / "cgroup.procs").read_text(encoding="ascii").split():
            raise OSError(f"process {pid} is not in its control group")

    @property
    def ran_out_of_memory(self) -> bool:
        """Whether the kernel has ended a process for the memory of all."""
        return self._counted("memory.events", "oom_kill") > 0

    @property
    def seconds(self) -> float:
        """What all processes have computed, those that have ended too."""
        return self._counted("cpu.stat", "usage_usec") / 1e6

    def remove(self) -> None:
        """End what is left in it, and delete it."""
        with contextlib.suppress(OSError):
            self._write("cgroup.kill", 1)
        until = time.monotonic() + _REMOVING
        while self.folder.exists() and time.monotonic() < until:
            with contextlib.suppress(OSError):
                self.folder.rmdir()
                return
            time.sleep(_TICK)


def place(proc: Path = Path("/proc/self")) -> Path | None:
    """Where groups with limits can be made; None where there is no such place."""
    try:
        top, own = _own(proc)
    except (OSError, ValueError):
        return None
    with contextlib.suppress(OSError):  # only the very top may have processes and pass limits on
        wanted = " ".join(f"+{name}" for name in _NEEDED)
        (own / "cgroup.subtree_control").write_text(f"{wanted}\n", encoding="ascii")
    for group in (own, *own.parents):
        if not group.is_relative_to(top):
            return None
        if _passes_on(group):
            _sweep(group)
            with contextlib.suppress(OSError):
                Group.made(group, Limits()).remove()
                return group
    return None


def _own(proc: Path) -> tuple[Path, Path]:
    """Where the groups are mounted, and the one of this process."""
    lines = (proc / "cgroup").read_text(encoding="utf-8").splitlines()
    path = next((line.removeprefix("0::") for line in lines if line.startswith("0::")), "/")
    for line in (proc / "mountinfo").read_text(encoding="utf-8").splitlines():
        fields, _, rest = line.partition(" - ")
        if rest.split()[0] == "cgroup2":
            root, top = fields.split()[3:5]
            inside = Path(path).relative_to(root) if path.startswith(root) else Path()
            return Path(top), Path(top) / inside
    raise ValueError("no control groups of version 2")


def _passes_on(group: Path) -> bool:
    with contextlib.suppress(OSError):
        passed = (group / "cgroup.subtree_control").read_text(encoding="ascii").split()
        return set(_NEEDED) <= set(passed) and os.access(group, os.W_OK)
    return False


def _sweep(group: Path) -> None:
    """Delete what graders left that were killed; their processes died with them."""
    for left in group.glob(f"{_PREFIX}*-*"):
        pid = left.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            Group(left).remove()
