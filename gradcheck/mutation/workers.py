"""Work shared out over processes, each of which may hang, crash or be ended without harm.

A planted bug may not end inside compiled code, or end its process. So a worker that takes too long
is killed and another takes its place, which the executors of the standard library do not do.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

#: Seconds in which a worker has to start, and what it says when it has.
_STARTING = 120.0
_READY = "ready to work"


@dataclass(frozen=True)
class Lost:
    """What there is instead of a result: the process ended, took too long, or raised."""

    reason: str
    ours: bool = False


@dataclass
class _Worker:
    """One process, and what it is at work on."""

    process: Any
    connection: Connection
    task: int | None = None
    #: When it has to have answered.
    until: float = 0.0

    def end(self) -> None:
        self.connection.close()
        self.process.kill()
        self.process.join()


def share_out(
    compute: Callable[[Any], Any], tasks: Sequence[Any], jobs: int, patience: float
) -> Iterator[tuple[int, Any]]:
    """``compute`` of each task, as (position, result) in the order in which they are done.

    ``compute`` is a function of a module, and tasks and results can be pickled. A worker gets
    ``patience`` seconds for a task; the result is a ``Lost`` where there is none.
    """
    waiting = deque(range(len(tasks)))
    workers: list[_Worker] = []
    try:
        while waiting or any(worker.task is not None for worker in workers):
            for worker in workers:
                if worker.task is None and waiting:
                    worker.task = waiting.popleft()
                    worker.until = time.monotonic() + patience
                    worker.connection.send(tasks[worker.task])
            while waiting and len(workers) < jobs:
                workers.append(_started(compute))
                workers[-1].task = waiting.popleft()
                workers[-1].until = time.monotonic() + _STARTING
                workers[-1].connection.send(tasks[workers[-1].task])
            for worker in _news(workers):
                assert worker.task is not None
                done, result = worker.task, _result(worker)
                if isinstance(result, str) and result == _READY:
                    worker.until = time.monotonic() + patience
                    continue
                if isinstance(result, Lost) and not result.ours:
                    worker.end()
                    workers.remove(worker)
                worker.task = None
                yield done, result
    finally:
        for worker in workers:
            worker.end()


def _news(workers: list[_Worker]) -> list[_Worker]:
    """The workers that have finished, ended or run out of time; waits for the first."""
    busy = [worker for worker in workers if worker.task is not None]
    left = min(worker.until for worker in busy) - time.monotonic()
    ready = wait([worker.connection for worker in busy], timeout=max(left, 0.0))
    now = time.monotonic()
    return [w for w in busy if w.connection in ready or w.until <= now]


def _result(worker: _Worker) -> Any:
    if not worker.connection.poll():
        return Lost("does not end")
    try:
        return worker.connection.recv()
    except (EOFError, OSError):
        return Lost("ends the process")


def _started(compute: Callable[[Any], Any]) -> _Worker:
    # Spawned on every system: a fork would inherit threads, and locks that nobody opens.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, compute), daemon=True)
    process.start()
    theirs.close()
    return _Worker(process, ours)


def _serve(connection: Connection, compute: Callable[[Any], Any]) -> None:
    """The life of a worker: a task after the other, until nobody sends any."""
    # Ctrl-C reaches the whole group; the process that shares out ends its workers by itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(
        target=_end_with, args=(multiprocessing.parent_process(),), daemon=True
    ).start()
    with (
        open(os.devnull, "w", encoding="utf-8") as nowhere,  # noqa: PTH123 - a device
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
        contextlib.suppress(EOFError, OSError),
    ):
        connection.send(_READY)
        while True:
            task = connection.recv()
            try:
                result = compute(task)
            except Exception:
                result = Lost(traceback.format_exc(), ours=True)
            connection.send(result)
    sys.exit()


def _end_with(parent: Any) -> None:
    """End this process with the one that shares out: nobody is there for what it is at work on."""
    parent.join()
    os._exit(1)
