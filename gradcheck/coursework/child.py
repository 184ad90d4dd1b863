"""The process of one submission, seen from the grader: requests, answers, and every way to end.

Everything that comes back is hostile until it is read: sizes are checked before memory is taken,
time is counted, and what is printed is kept up to a bound and thrown away beyond it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gradcheck.coursework import protocol
from gradcheck.coursework.groups import Group
from gradcheck.coursework.results import Outcome

#: Of what is printed, so many bytes are kept.
KEPT = 16 << 10
#: How often the clock is looked at while nothing comes.
_TICK_MS = 20
_PIECE = 1 << 16
#: A process that computes nothing may wait so many times its limit: a busy machine is no fault.
PATIENCE = 6.0
#: Bytes of a message beside the numbers: text, and remarks.
_REMARKS = 64 << 10
#: Seconds in which a process that has closed its pipe has to end.
_ENDING = 2.0
#: Seconds in which a process has to be there that was started.
_STARTING = 20.0


class Broken(BaseException):
    """The process cannot be asked any more: which outcome that is, and why.

    It is no ``Exception``: nothing on the way takes it for an exception of a rule.
    """

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(reason)
        self.outcome, self.reason = outcome, reason


class Child:
    """One running submission.

    ``depth`` is how many processes stand between the one that is started and the one that counts,
    which ``bounds`` are for; ``clean`` is called when it is gone. Raises ``OSError`` where there is
    no starting it, or no putting it into its group.
    """

    def __init__(
        self,
        command: Sequence[str],
        depth: int = 0,
        clean: Callable[[], None] = lambda: None,
        bounds: Group | None = None,
        **how: Any,
    ) -> None:
        pipe = subprocess.PIPE
        self._clean, self._group = clean, bounds
        try:
            self._process = subprocess.Popen(
                command, stdin=pipe, stdout=pipe, stderr=pipe, bufsize=0, **how
            )
        except BaseException:
            if bounds is not None:
                bounds.remove()
            raise
        self._depth = depth
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._requests = self._process.stdin.fileno()
        self._answers = self._process.stdout.fileno()
        self._printed = self._process.stderr.fileno()
        for descriptor in (self._requests, self._answers, self._printed):
            os.set_blocking(descriptor, False)
        self._open_print = True
        self._number = 0
        self._printing = bytearray()
        self.lost = 0
        self._pid: int | None = None
        #: The first process of the namespace, which the sandbox starts.
        self._first: int | None = None
        #: The seconds of a part, and what was used of it.
        self.limit = 0.0
        self._began = self._cpu_began = 0.0
        if bounds is not None:
            self._enter(bounds)

    def _enter(self, group: Group) -> None:
        """Into its group goes the process that counts: it waits for a request meanwhile."""
        until = time.monotonic() + _STARTING
        try:
            while (pid := _descendant(self._process.pid, self._depth)) is None:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise OSError(self._last_words() or "the process did not start")
                time.sleep(_TICK_MS / 1000 / 10)
            group.add(pid)
        except BaseException:
            self.end()
            raise

    def _last_words(self) -> str:
        with contextlib.suppress(OSError):
            self._take_in()
        return self.printed().strip()

    # ---- time ----------------------------------------------------------------------------------

    def begin(self, limit: float) -> None:
        """From here on the process may compute for ``limit`` seconds."""
        self.limit = limit
        self._waited = 0.0
        self._cpu_began = self._cpu()

    def _cpu(self) -> float:
        """The seconds that the process has computed, with all its threads; in a group, with all."""
        if self._group is not None:
            return self._group.seconds
        if self._pid is None:
            self._pid = _descendant(self._process.pid, self._depth)
        try:
            raw = Path(f"/proc/{self._pid}/stat").read_text(encoding="ascii", errors="replace")
            fields = raw.rpartition(")")[2].split()
            return sum(int(fields[k]) for k in (11, 12, 13, 14)) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            return 0.0

    def _require_time(self, since: float) -> None:
        wall = self._waited + time.monotonic() - since
        computed = self._cpu() - self._cpu_began
        if computed > self.limit or wall > PATIENCE * self.limit:
            raise self._ended(Outcome.TIMED_OUT, f"it computed for more than {self.limit:g} s"
                              if computed > self.limit else
                              f"no answer within {PATIENCE * self.limit:g} s")  # fmt: skip

    # ---- requests ------------------------------------------------------------------------------

    def request(self, what: int, values: Sequence[Any], size: int, expected: int) -> list[Any]:
        """Send a message and read one of the ``expected`` kind; ``size`` is that of a right one.

        Raises ``Broken``, after which the process is gone.
        """
        self._number += 1
        try:
            self._send(protocol.message(what, self._number, values))
        except Broken:
            raise
        except BaseException:
            # Cut off in the middle: what comes next would answer something else.
            self.end()
            raise
        return self.receive(expected, size)

    def receive(self, expected: int, size: int) -> list[Any]:
        """One more message to the last request; as ``request``."""
        self._first = self._first or self._start_of_all()
        try:
            return self._receive(expected, size)
        except Broken:
            raise
        except BaseException:
            self.end()
            raise

    @property
    def exit_code(self) -> int | None:
        """That of the process, once it has ended."""
        return self._process.poll()

    def _send(self, data: bytes) -> None:
        left, since = memoryview(data), time.monotonic()
        while left:
            ready = self._wait(since, self._requests)
            if self._requests in ready:
                try:
                    left = left[os.write(self._requests, left[:_PIECE]) :]
                except BlockingIOError:
                    continue
                except OSError:
                    raise self._gone() from None
        self._waited += time.monotonic() - since

    def _receive(self, what: int, size: int) -> list[Any]:
        since = time.monotonic()
        try:
            top = protocol.head(self._read(protocol.HEAD.size, since))
            if top.what != what or top.number != self._number:
                raise protocol.ProtocolError("it answers what was not asked")
            most = protocol.MOST_TIMES * size + _REMARKS
            if top.size > most or top.items > protocol.MOST_ITEMS:
                raise protocol.ProtocolError(
                    f"an answer of {top.size} bytes, where {size} were expected"
                )
            raw = self._read(top.items * protocol.ITEM.size, since)
            items = protocol.records(raw, top)
            values = protocol.values(items, self._read(top.size, since))
        except protocol.ProtocolError as error:
            raise self._ended(Outcome.BROKEN_PROTOCOL, str(error)) from None
        self._waited += time.monotonic() - since
        return values

    def _read(self, size: int, since: float) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                # Mostly the rest of a message is there as soon as its head is.
                part = os.read(self._answers, min(size - len(data), _PIECE))
            except BlockingIOError:
                self._wait(since, self._answers)
                continue
            if not part:
                raise self._gone()
            data += part
        return bytes(data)

    def _wait(self, since: float, wanted: int) -> set[int]:
        """The descriptors at which something can be done; prints are taken in, clocks looked at."""
        self._first = self._first or self._start_of_all()
        watched = select.poll()
        watched.register(wanted, select.POLLOUT if wanted == self._requests else select.POLLIN)
        if self._open_print:
            watched.register(self._printed, select.POLLIN)
        ready = {descriptor for descriptor, _ in watched.poll(_TICK_MS)}
        if self._printed in ready:
            self._take_in()
        if wanted not in ready or time.monotonic() - since > self.limit:
            self._require_time(since)
        return ready

    def _take_in(self) -> None:
        with contextlib.suppress(BlockingIOError):
            part = os.read(self._printed, _PIECE)
            self._open_print = bool(part)
            room = KEPT - len(self._printing)
            self._printing += part[:room]
            self.lost += max(0, len(part) - room)

    def printed(self) -> str:
        """What was printed since the last call, as text of whatever kind."""
        if self._open_print:
            self._take_in()
        text = bytes(self._printing).decode("utf-8", "replace")
        text += f"\n… {self.lost} more bytes" if self.lost else ""
        self._printing.clear()
        self.lost = 0
        return text

    # ---- the end -------------------------------------------------------------------------------

    def _gone(self) -> Broken:
        """The process has closed its pipe: how it ended."""
        until = time.monotonic() + _ENDING
        while self._process.poll() is None and time.monotonic() < until:
            with contextlib.suppress(OSError):
                if self._open_print:
                    self._take_in()
            time.sleep(_TICK_MS / 1000)
        code = self._process.poll()
        if code is None:
            return self._ended(Outcome.BROKEN_PROTOCOL, "it closed the pipe for its answers")
        # The sandbox tells a signal as a shell does.
        number = -code if code < 0 else code - 128 if code > 128 else 0
        if number == signal.SIGXCPU:
            return self._ended(Outcome.OVER_LIMIT, "it used up its processor time")
        if number == signal.SIGXFSZ:
            return self._ended(Outcome.OVER_LIMIT, "it wrote a file that was too large")
        if self._group is not None and self._group.ran_out_of_memory:
            return self._ended(Outcome.OVER_LIMIT, "it used more memory than there is for it")
        said = f"exit code {code}"
        if number:
            with contextlib.suppress(ValueError):
                said = signal.Signals(number).name
        return self._ended(Outcome.CRASHED, f"its process ended ({said})")

    def _ended(self, outcome: Outcome, reason: str) -> Broken:
        self.end()
        return Broken(outcome, reason)

    def end(self) -> None:
        """End the process and all that it has started; none of it runs any more afterwards."""
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            first = self._start_of_all()
            self._first = self._first or first
            if first is not None:
                # The kernel ends all others of the namespace before it is gone, and the sandbox
                # waits for that.
                os.kill(first, signal.SIGKILL)
                self._process.wait(_ENDING)
        with contextlib.suppress(OSError):
            if not self._depth:  # it leads a group of processes of its own
                os.killpg(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.kill()
        with contextlib.suppress(OSError):
            if self._open_print:
                self._take_in()
        self._process.wait()
        self._bury()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._open_print = False
        if self._group is not None:
            self._group.remove()
            self._group = None
        clean, self._clean = self._clean, lambda: None
        clean()

    def _start_of_all(self) -> int | None:
        return _descendant(self._process.pid, 1) if self._depth else None

    def _bury(self) -> None:
        """Wait for what the sandbox has left behind, ended: whose child it is else may not."""
        until = time.monotonic() + _ENDING
        with contextlib.suppress(ChildProcessError):
            while self._first is not None and time.monotonic() < until:
                if os.waitpid(self._first, os.WNOHANG)[0]:
                    return
                time.sleep(_TICK_MS / 1000 / 10)


def _descendant(pid: int, depth: int) -> int | None:
    """The process so many steps below another; None while there is none."""
    for _ in range(depth):
        try:
            path = Path(f"/proc/{pid}/task/{pid}/children")
            pid = int(path.read_text(encoding="ascii").split()[0])
        except (OSError, ValueError, IndexError):
            return None
    return pid
