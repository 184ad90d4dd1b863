"""Measurements made once: an identity is evaluated again under jitter, its measurements are not.

The error of a measured value is its own bound; jittering the operations inside the function that is
measured would measure the jitter.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

T = TypeVar("T")


class Recording:
    """The measurements of one evaluation, in order."""

    def __init__(self) -> None:
        self._values: list[object] = []
        self._next: int | None = None

    @contextmanager
    def record(self) -> Iterator[None]:
        """Keep what is measured inside."""
        with _active(self):
            yield

    @contextmanager
    def replay(self) -> Iterator[None]:
        """Give back what was kept, in the same order."""
        self._next = 0
        with _active(self):
            yield
        self._next = None

    def take(self, measure: Callable[[], T]) -> T:
        """The next kept measurement, or a new one that is kept."""
        if self._next is not None and self._next < len(self._values):
            self._next += 1
            return self._values[self._next - 1]  # type: ignore[return-value]
        value = measure()
        self._values.append(value)
        return value


_recording: ContextVar[Recording | None] = ContextVar("recording", default=None)


def once(measure: Callable[[], T]) -> T:
    """``measure()``, or what it was when the same evaluation was recorded."""
    recording = _recording.get()
    return measure() if recording is None else recording.take(measure)


@contextmanager
def _active(recording: Recording) -> Iterator[None]:
    token = _recording.set(recording)
    try:
        yield
    finally:
        _recording.reset(token)
