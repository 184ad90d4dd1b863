"""A limit on the time that code of a user's may take, in the thread that runs it."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator


class TimeUp(BaseException):
    """Raised in the middle of a user's loop; no ``except Exception`` of theirs catches it."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise ``TimeUp`` in this thread after ``seconds``; cuts loops of Python code anywhere."""
    thread = ctypes.c_ulong(threading.get_ident())
    finished = threading.Event()
    lock = threading.Lock()

    def cut() -> None:
        with lock:
            if not finished.is_set():
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TimeUp))

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            finished.set()
        timer.cancel()
