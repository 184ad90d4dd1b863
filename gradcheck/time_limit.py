"""A limit on the time that code of a user's may take, in the thread that runs it."""

from __future__ import annotations

import contextlib
import ctypes
import threading
import time
from collections.abc import Callable, Iterator


class TimeUp(BaseException):
    """Raised in the middle of a user's loop; no ``except Exception`` of theirs catches it."""


#: No shorter is waited between two looks at a clock.
_SHORTEST = 0.01
#: Where it is raised inside a callback of the garbage collector Python drops it; after so many
#: seconds it is raised again.
_UNHEARD = 1.0
#: Python looks for it at least once in so many turns of a loop.
_UNTIL_HEARD = 8


@contextlib.contextmanager
def limited(seconds: float, *, patience: float = 1.0) -> Iterator[None]:
    """Raise ``TimeUp`` in this thread after ``seconds``; cuts loops of Python code anywhere.

    With a ``patience`` above 1 they are seconds that the thread computes, where the system tells
    them, and at most so many times as many go by: on a busy machine, code that is slow to get a
    processor is not slow, and code that waits for something still ends.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    finished = threading.Event()
    lock = threading.Lock()
    clock = _own_clock() if patience > 1 else time.monotonic
    computed, began = clock(), time.monotonic()

    def watch() -> None:
        while True:
            left = seconds - (clock() - computed)
            gone = time.monotonic() - began
            wait = min(left, patience * seconds - gone)
            if wait <= 0:
                break
            if finished.wait(max(wait, _SHORTEST)):
                return
        while not finished.is_set():
            with lock:
                if not finished.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeUp))
            finished.wait(_UNHEARD)

    watcher = threading.Thread(target=watch, daemon=True)
    try:
        watcher.start()  # on a busy machine the time may be over before that returns
        yield
    finally:
        while True:
            # It may come here as well, be it for an outer limit, which raises it again.
            try:
                with lock:
                    finished.set()
                # What was told before is raised by now. It is not taken back: of that Python 3.11
                # is told as of an exception, which it looks for at every call of a function that a
                # profiler or a debugger watches, and for ever.
                for _ in range(_UNTIL_HEARD):
                    pass
                break
            except TimeUp:
                continue


def _own_clock() -> Callable[[], float]:
    """A clock of what this thread computes that others can read; else one of the process."""
    try:
        clock = time.pthread_getcpuclockid(threading.get_ident())
    except (AttributeError, OSError):
        return time.process_time
    return lambda: time.clock_gettime(clock)
