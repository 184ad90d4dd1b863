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
    with Watch(seconds, patience=patience) as watch, watch.lap():
        yield


class Watch:
    """The limit for one thing after another, each a ``lap``, in the thread that makes it.

    One other thread watches over all of them: to start one takes longer than a short lap.
    """

    def __init__(self, seconds: float, *, patience: float = 1.0) -> None:
        self._seconds, self._patience = seconds, patience
        self._thread = ctypes.c_ulong(threading.get_ident())
        self._clock = _own_clock() if patience > 1 else time.monotonic
        self._lock = threading.Lock()
        self._over = threading.Event()
        #: What the two clocks showed when the lap began; None between two.
        self._began: tuple[float, float] | None = None

    def __enter__(self) -> Watch:
        threading.Thread(target=self._look, daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        _for_certain(self._over.set)

    @contextlib.contextmanager
    def lap(self) -> Iterator[None]:
        """Raise ``TimeUp`` in this thread where the body takes too long."""
        began = self._clock(), time.monotonic()
        try:
            self._began = began
            yield
        finally:
            _for_certain(self._end)

    def _end(self) -> None:
        with self._lock:
            self._began = None
        # What was told before is raised by now. It is not taken back: of that Python 3.11 is told
        # as of an exception, which it looks for at every call of a function that a profiler or a
        # debugger watches, and for ever.
        for _ in range(_UNTIL_HEARD):
            pass

    def _look(self) -> None:
        wait = self._seconds
        while not self._over.wait(wait):
            with self._lock:
                left = self._left()
                if left <= 0:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        self._thread, ctypes.py_object(TimeUp)
                    )
            wait = max(left, _SHORTEST) if left > 0 else _UNHEARD

    def _left(self) -> float:
        if self._began is None:
            return self._seconds
        computed, began = self._began
        gone = time.monotonic() - began
        return min(
            self._seconds - (self._clock() - computed), self._patience * self._seconds - gone
        )


def _for_certain(step: Callable[[], None]) -> None:
    """Take a step though ``TimeUp`` may come in the middle, even for an outer limit.

    That one raises it again.
    """
    while True:
        try:
            return step()
        except TimeUp:
            continue


def _own_clock() -> Callable[[], float]:
    """A clock of what this thread computes that others can read; else one of the process."""
    try:
        clock = time.pthread_getcpuclockid(threading.get_ident())
    except (AttributeError, OSError):
        return time.process_time
    return lambda: time.clock_gettime(clock)
