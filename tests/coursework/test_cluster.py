"""Submissions on a Dask cluster get the marks that they get here, whatever becomes of a worker."""

import os
import signal
import subprocess
import sys
import time

import pytest

from gradcheck.coursework import roster
from gradcheck.coursework.classroom import Run
from gradcheck.errors import InputError
from tests.coursework.generated import generated, handed_in

distributed = pytest.importorskip("distributed")


@pytest.fixture
def cluster(tmp_path):
    """A scheduler on the loopback with two workers, each a process of its own."""
    started = []

    def start(*arguments):
        log = open(tmp_path / f"log-{len(started)}", "wb")  # noqa: PTH123, SIM115 - a process's
        command = [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]]
        environment = {**os.environ, "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}
        one = subprocess.Popen(command, stdout=log, stderr=log, cwd=tmp_path, env=environment)
        log.close()
        started.append(one)
        return one

    file = tmp_path / "scheduler.json"
    start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard",
          "--scheduler-file", str(file))  # fmt: skip
    until = time.monotonic() + 60
    while not file.exists() or not file.read_text().endswith("}"):
        assert time.monotonic() < until, (tmp_path / "log-0").read_text()
        time.sleep(0.05)
    workers = [
        start("dask_worker", "--scheduler-file", str(file), "--no-nanny", "--nthreads", "1",
              "--no-dashboard", "--local-directory", str(tmp_path))
        for _ in range(2)
    ]  # fmt: skip
    with distributed.Client(scheduler_file=str(file), set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        yield client.scheduler.address, workers
    for one in started:
        one.kill()
        one.wait()


def test_a_worker_that_is_killed_costs_nobody_a_mark(cluster, tmp_path, homework, apart):
    address, workers = cluster
    chosen = [one for one in generated(24) if "endless" not in one][:4]
    expected = handed_in(tmp_path / "in", chosen)
    heard = []

    def kill_one(graded):
        heard.append(graded.submission)
        if len(heard) == 1:
            os.kill(workers[0].pid, signal.SIGKILL)

    entries = roster.entries(sorted((tmp_path / "in").iterdir()))
    run = Run(homework, tmp_path / "out", scheduler=address, heard=kill_one)
    results = run.grade(entries)
    assert workers[0].wait() == -signal.SIGKILL
    assert sorted(heard) == list(expected)
    for graded in results:
        earned = [str(part.outcome) == "passed" for part in graded.parts]
        assert earned == expected[graded.submission], graded
        assert graded.isolation == apart.kind
    here = Run(homework, tmp_path / "here", jobs=1).grade(entries[:1])[0]
    there = results[0]
    assert [part.feedback for part in here.parts] == [part.feedback for part in there.parts]


def test_a_scheduler_that_is_not_there_is_named(tmp_path, homework, monkeypatch):
    from gradcheck.coursework import cluster as module

    monkeypatch.setattr(module, "_CONNECTING", 1)
    handed_in(tmp_path / "in", [("stable", "short", "right")])
    entries = roster.entries(list((tmp_path / "in").iterdir()))
    run = Run(homework, tmp_path / "out", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(InputError, match="no scheduler answers there"):
        run.grade(entries)


def test_a_scheduler_without_workers_is_not_waited_for_for_ever(tmp_path, homework, monkeypatch):
    from gradcheck.coursework import cluster as module

    monkeypatch.setattr(module, "_GATHERING", 0.1)
    handed_in(tmp_path / "in", [("stable", "short", "right")])
    entries = roster.entries(list((tmp_path / "in").iterdir()))
    with distributed.LocalCluster(
        n_workers=0, processes=False, protocol="tcp", dashboard_address=None, host="127.0.0.1"
    ) as empty:
        run = Run(homework, tmp_path / "out", scheduler=empty.scheduler_address)
        with pytest.raises(InputError, match=r"no worker came within .* start one, as by `dask"):
            run.grade(entries)
