"""How the process of a submission is kept apart: what it is started with, and whether that holds.

``bubblewrap`` gives it a file system in which there is nothing but the interpreter, numpy, the
mounted modules and this submission; no network, no other process, no capability. As root it
becomes a user of its own inside, since resource limits do not bind root; else it stays the same
user in a user namespace. Where namespaces are forbidden, as in most containers, root starts it as a
user of its own, which the file modes keep out of everything that is the grader's. What is there is
what a probe has shown: a submission that tries what must not work.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from gradcheck.coursework import protocol
from gradcheck.coursework.child import Broken, Child
from gradcheck.coursework.confinement import Limits
from gradcheck.coursework.groups import Group, place
from gradcheck.coursework.mounts import (
    Mounts,
    executable,
    is_reachable,
    made_at,
    mount_interpreter,
    reachable_interpreter,
)
from gradcheck.coursework.staging import Room, packages, room
from gradcheck.coursework.users import adopt_orphans, clean_after, own_user
from gradcheck.errors import GradcheckError

BUBBLEWRAP, SEPARATE, NONE = "bubblewrap", "separate user", "none (unsafe)"
#: Bytes that a submission may keep in files, beside what a single file may have.
_SPACE = 16 << 20
#: Seconds of a probe.
_PROBING = 20.0
#: Environment of the process: one thread, so that time is the same on every machine.
_ENVIRONMENT = {
    "HOME": "/tmp", "LANG": "C.UTF-8", "PATH": "/nowhere", "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TMPDIR": "/tmp",
}  # fmt: skip
_INSIDE = "/grading"


class Unavailable(GradcheckError):
    """No way to keep submissions apart works here, and why."""


@dataclass(frozen=True)
class Sandbox:
    """One way to keep a submission apart, for submissions that may use some modules."""

    kind: str
    #: The folder of ``staging.library``.
    root: Path
    modules: tuple[str, ...] = ("numpy",)
    limits: Limits = field(default_factory=Limits)
    #: Below which control group each process has one of its own; None where there are none.
    groups: Path | None = None

    def start(self, where: Room) -> Child:
        """The process of a submission; nothing has run in it yet. Raises ``Unavailable``."""
        try:
            match self.kind:
                case "bubblewrap":
                    return self._bubblewrapped(where)
                case "separate user":
                    return self._separate(where)
            return self._plain(where)
        except OSError as error:
            raise Unavailable(f"no process could be started: {error}") from None

    # ---- bubblewrap ----------------------------------------------------------------------------

    def _bubblewrapped(self, where: Room) -> Child:
        is_root = os.geteuid() == 0
        mounts = Mounts()
        mount_interpreter(mounts)
        mounts.read_only(self.root / "lib", f"{_INSIDE}/lib")
        mounts.read_only(where.main.parent, f"{_INSIDE}/submission")
        for name, path in packages(self.modules).items():
            mounts.read_only(path, f"{_INSIDE}/packages/{name}")
        if is_root:  # a user of its own instead of a namespace, in which it would still be root
            apart = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts",
                     "--unshare-cgroup-try", "--cap-drop", "ALL",
                     "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]  # fmt: skip
        else:
            apart = ["--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
        devices = [
            part for name in ("null", "zero", "urandom", "random")
            for part in ("--dev-bind", f"/dev/{name}", f"/dev/{name}")
        ]  # fmt: skip
        # The tmpfs that bubblewrap makes for / and /dev have no size, so nothing is written there.
        command = [
            _found("bwrap"), *apart, "--die-with-parent", "--new-session", "--clearenv",
            *(part for n, v in _ENVIRONMENT.items() for part in ("--setenv", n, v)),
            *mounts.arguments, "--proc", "/proc",
            "--perms", "0755", "--size", "65536", "--tmpfs", "/dev", *devices,
            "--remount-ro", "/dev",
            "--perms", "1777", "--size", str(_SPACE), "--tmpfs", "/tmp",
            "--remount-ro", "/", "--chdir", "/tmp",
        ]  # fmt: skip
        paths = [f"{_INSIDE}/packages", f"{_INSIDE}/lib"]
        main = f"{_INSIDE}/submission/{where.main.name}"
        shim = f"{_INSIDE}/lib/gradcheck/coursework/shim.py"
        uid = own_user() if is_root else None
        # bubblewrap leaves the first process that it starts to whoever waits for it.
        adopt_orphans()
        command += self._python(shim, paths, main, uid)
        return Child(command, depth=2, bounds=self._group(), env={}, close_fds=True)

    def _group(self) -> Group | None:
        return None if self.groups is None else Group.made(self.groups, self.limits)

    def _python(
        self,
        shim: str,
        paths: list[str],
        main: str,
        uid: int | None = None,
        scratch: Path | None = None,
        confined: bool = True,
    ) -> list[str]:
        settings = {
            "paths": paths, "submission": main, "limits": asdict(self.limits), "uid": uid,
            "scratch": None if scratch is None else str(scratch), "confined": confined,
        }  # fmt: skip
        apart = self.kind == SEPARATE
        python = reachable_interpreter(self.root) if apart else executable()
        return [python, "-I", "-S", "-B", shim, json.dumps(settings)]

    # ---- another user --------------------------------------------------------------------------

    def _separate(self, where: Room) -> Child:
        uid = own_user()
        adopt_orphans()
        home = _scratch(where)
        os.chown(home, uid, uid)
        # Into this room goes this user alone.
        os.chown(where.folder, 0, uid)
        where.folder.chmod(0o710)
        command = self._python(
            str(self.root / "lib/gradcheck/coursework/shim.py"),
            self._linked(),
            str(where.main),
            scratch=home,
        )
        environment = {**_ENVIRONMENT, "HOME": str(home), "TMPDIR": str(home)}
        return Child(
            command, clean=functools.partial(clean_after, uid), bounds=self._group(),
            env=environment, cwd=home, user=uid, group=uid, extra_groups=[],
            start_new_session=True, close_fds=True,
        )  # fmt: skip

    def _linked(self) -> list[str]:
        """A folder with the allowed modules alone, linked or copied, and the mounted ones."""
        folder = self.root / "packages"
        if not folder.exists():
            with made_at(folder) as made:
                for name, path in packages(self.modules).items():
                    if self.kind == SEPARATE and not is_reachable(path):
                        copied = shutil.copytree if path.is_dir() else shutil.copy
                        copied(path, made / name)
                    else:
                        (made / name).symlink_to(path)
        return [str(folder), str(self.root / "lib")]

    # ---- not at all ----------------------------------------------------------------------------

    def _plain(self, where: Room) -> Child:
        shim = str(self.root / "lib/gradcheck/coursework/shim.py")
        home = _scratch(where)
        command = self._python(shim, self._linked(), str(where.main), confined=False)
        environment = {**_ENVIRONMENT, "HOME": str(home), "TMPDIR": str(home)}
        return Child(command, env=environment, cwd=home, start_new_session=True, close_fds=True)


def _scratch(where: Room) -> Path:
    """A private folder for one process: no other one of the same submission leaves anything in it.

    What is in it goes with the room.
    """
    return Path(tempfile.mkdtemp(prefix="scratch-", dir=where.folder))


def choose(
    root: Path,
    modules: Sequence[str] = ("numpy",),
    *,
    private: Sequence[Path] = (),
    limits: Limits | None = None,
    unsafe: bool = False,
    kinds: Sequence[str] = (BUBBLEWRAP, SEPARATE),
) -> Sandbox:
    """The first way that holds; ``private`` is what no submission may reach.

    With ``unsafe``, none at all where none holds. Raises ``Unavailable`` with every reason.
    """
    bound = limits or Limits()
    if any(name != "numpy" for name in modules) and limits is None:
        # Frameworks reserve address space by the gigabyte, and start threads.
        bound = Limits(memory=16 << 30, processes=64, descriptors=256, resident=4 << 30)
    require_system(unsafe=unsafe)
    reasons = []
    if not _is_linux():
        kinds = ()
    groups = place() if kinds else None
    for kind in kinds:
        sandbox = Sandbox(kind, root, tuple(modules), bound)
        try:
            probe(sandbox, private)
        except Unavailable as error:
            reasons.append(f"{kind}: {error}")
            continue
        if groups is not None:
            bounded = replace(sandbox, groups=groups)
            with contextlib.suppress(Unavailable):
                probe(bounded, private)
                return bounded
        return sandbox
    if unsafe:
        return Sandbox(NONE, root, tuple(modules), bound)
    raise Unavailable(
        "no submission is run here, since nothing would keep it apart:\n  "
        + "\n  ".join(reasons)
        + "\ninstall bubblewrap, or run as root in a container; --unsafe-no-sandbox grades without "
        "and marks every result"
    )


def require_system(*, unsafe: bool) -> None:
    """Raise ``Unavailable`` on systems where nothing keeps a submission apart."""
    if not _is_linux() and not unsafe:
        raise Unavailable(
            "no submission is run here, since nothing would keep it apart: submissions are kept "
            f"apart by Linux; this is {sys.platform}. Grade in a container or on another machine"
        )


def _is_linux() -> bool:
    return sys.platform.startswith("linux")


#: What a probe tries: each must come out as 0. The paths are put in.
_PROBE = """
import os, socket
import numpy as np

def _works(attempt):
    try:
        return attempt() is not False
    except BaseException:
        return False

def _fork():
    made = 0
    try:
        for _ in range(64):
            if os.fork() == 0:
                import time
                time.sleep(60)
            made += 1
    except OSError:
        return False
    return True

def probe(n):
    reached = [_works(lambda: os.stat(p) and (os.listdir(p) if os.path.isdir(p) else open(p)))
               for p in PRIVATE]
    tried = [
        _works(lambda: socket.socket()),
        _works(lambda: os.setuid(0)),
        _works(lambda: open("/etc/passwd", "a")),
        _works(lambda: bytearray(LIMIT)),
        _works(_fork),
        os.getuid() == 0,
    ]
    return np.array(reached + tried, dtype=float)
"""
_TRIED = (
    "opens a socket", "becomes root", "writes to /etc", "exceeds its memory", "starts processes",
    "is root",
)  # fmt: skip


def probe(sandbox: Sandbox, private: Sequence[Path] = ()) -> None:
    """Run a submission that tries what must not work; raises ``Unavailable`` with what works."""
    if sandbox.kind == SEPARATE and os.geteuid() != 0:
        raise Unavailable("only root can start a process as another user")
    if sandbox.kind == BUBBLEWRAP:
        _found("bwrap")
    # Below the folder of all rooms a name alone leads on, so it must not be listed.
    paths = [str(path.resolve()) for path in private] + [str(sandbox.root)]
    head = f"PRIVATE = {paths!r}\nLIMIT = {2 * sandbox.limits.memory}\n"
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "probe.py"
        source.write_text(head + _PROBE, encoding="utf-8")
        with room(sandbox.root, source, ()) as where:
            child = sandbox.start(where)
            try:
                child.begin(_PROBING)
                wanted = {"names": ["probe"], "parameters": ["n"]}
                child.request(protocol.LOAD, [json.dumps([wanted])], 0, protocol.READ)
                child.receive(protocol.LOADED, 0)
                answer, _ = child.request(
                    protocol.CALL, [0, 1 << 16, (0,)], 1 << 16, protocol.ANSWERS
                )
            except Broken as error:
                raise Unavailable(_last_line(child.printed()) or error.reason) from None
            finally:
                child.end()
    said = [f"a submission reaches {path}" for path in paths]
    said += [f"a submission {what}" for what in _TRIED]
    if not isinstance(answer, np.ndarray) or answer.size != len(said):
        text = answer.text if isinstance(answer, protocol.Failure) else "no answer"
        raise Unavailable(f"the probe failed: {text}")
    works = [text for text, worked in zip(said, answer, strict=True) if worked]
    if works:
        hint = "; take the rights of others away: chmod 700" if "reaches" in works[0] else ""
        raise Unavailable(f"{works[0]}{hint}")


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")


@functools.cache
def _found(program: str) -> str:
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/bin:/bin")
    if path is None:
        raise Unavailable(f"{program} is not installed (apt-get install bubblewrap)")
    return path
