"""Limits of time: those that go by, and those that a thread computes."""

import contextlib
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest

from gradcheck import time_limit
from gradcheck.time_limit import TimeUp, Watch, limited


def spin():
    while True:
        pass


def doze():
    while True:
        time.sleep(0.01)


def test_a_loop_is_cut_after_the_seconds_that_it_computes():
    before = time.thread_time()
    with pytest.raises(TimeUp), limited(0.1, patience=100):
        spin()
    assert 0.05 < time.thread_time() - before < 1


def test_waiting_is_no_computing_until_patience_ends():
    with limited(0.05, patience=100):
        time.sleep(0.1)
    with pytest.raises(TimeUp), limited(0.05, patience=2):
        doze()


def test_a_limit_that_is_not_heard_is_told_again(monkeypatch):
    """As where Python drops it, inside a callback of its garbage collector."""
    monkeypatch.setattr(time_limit, "_UNHEARD", 0.05)
    with pytest.raises(TimeUp), limited(0.05):
        not_heard()


def not_heard():
    with contextlib.suppress(TimeUp):
        spin()
    until = time.monotonic() + 1
    while time.monotonic() < until:
        pass


class CutShort(threading.Event):
    """An event in the middle of whose ``set`` the limit is met for the first time."""

    met = False

    def set(self):
        if not self.met:
            self.met = True
            raise TimeUp
        super().set()


def test_a_limit_that_is_met_at_the_end_is_not_told_afterwards(monkeypatch):
    within = SimpleNamespace(
        Event=CutShort, Lock=threading.Lock, Thread=threading.Thread, get_ident=threading.get_ident
    )
    monkeypatch.setattr(time_limit, "threading", within)
    monkeypatch.setattr(time_limit, "_UNHEARD", 0.05)
    with contextlib.suppress(TimeUp), limited(0.02):
        time.sleep(0.01)
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        pass


class Slow(threading.Thread):
    """A thread of which a busy machine comes back late from starting it."""

    def start(self):
        super().start()
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            pass


def test_a_watcher_that_is_slow_to_start_takes_nothing_from_what_it_watches(monkeypatch):
    within = SimpleNamespace(
        Event=threading.Event, Lock=threading.Lock, Thread=Slow, get_ident=threading.get_ident
    )
    monkeypatch.setattr(time_limit, "threading", within)
    monkeypatch.setattr(time_limit, "_UNHEARD", 0.05)
    with limited(0.02):
        pass
    until = time.monotonic() + 0.2
    while time.monotonic() < until:
        pass


def test_each_lap_has_the_whole_time_and_those_after_one_that_is_cut_as_well():
    lasted = []
    with Watch(0.1, patience=100) as watch:
        for seconds in (0.07, 0.07, 9.0, 0.07):
            with contextlib.suppress(TimeUp), watch.lap():
                until = time.thread_time() + seconds
                while time.thread_time() < until:
                    pass
                lasted.append(seconds)
            time.sleep(0.05)  # between two laps none is cut
    assert lasted == [0.07, 0.07, 0.07]


def test_what_a_profiler_watches_goes_on_after_a_limit():
    """It stood still for ever, in Python 3.11."""
    watched = """if True:
    import sys
    from gradcheck.time_limit import limited

    def nothing():
        return None

    sys.setprofile(lambda *seen: None)
    with limited(60):
        nothing()
    nothing()
    """
    subprocess.run([sys.executable, "-c", watched], check=True, timeout=60)
