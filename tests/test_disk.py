"""Full disks, places that are only read, too little memory: a sentence, and no harm."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow import plot, simulate, store
from ethoflow.cli import app
from ethoflow.disk import CannotWrite, beside, clear_parts, reason_of, refusal, writing_to
from ethoflow.engine import paused
from ethoflow.engine.schedule import run_tasks
from ethoflow.errors import OutOfMemory
from ethoflow.exporting.declare import writers
from ethoflow.schema import DataError
from tests.walks import cohort

LENGTHS = (300, 400)


class Disk:
    """A file system of a size of its own, which can be made smaller, larger or read-only."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def mount(self, options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.place)]
        subprocess.run(command, check=True, capture_output=True)

    def leave(self, n_bytes: int) -> None:
        """Leave so many bytes of it free."""
        found = os.statvfs(self.place)
        used = (found.f_blocks - found.f_bfree) * found.f_frsize
        self.mount(f"remount,size={used + n_bytes}")

    def close(self) -> None:
        """Let nobody write."""
        self.mount("remount,ro")


@pytest.fixture
def disk(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    found = Disk(place)
    try:
        found.mount("size=64m")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("mounting a small file system needs root on Linux")
    yield found
    subprocess.run(["umount", "-l", str(place)], check=True)


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(item) for item in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, re.sub(r"\s+", " ", result.output)


def parts_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if ".part" in path.name and path.is_file()]


@pytest.fixture
def project(disk, tmp_path):
    """A project on the disk, its tracks elsewhere."""
    simulation = simulate.simulate_cohort(2, duration="20 s", seed=1)
    simulate.write_dlc(simulation.tracks, tmp_path / "tracks")
    path = disk.place / "project.yaml"
    fps = float(simulation.tracks.fps)
    lines = [f"tracks: {tmp_path}/tracks/*.csv", f"fps: {fps:g}", "px_per_mm: 2", ""]
    path.write_text("\n".join([*lines, "pictures: {recordings: 1}", ""]))
    return path


def test_a_run_on_a_full_disk_goes_on_from_where_it_stopped(disk, project):
    results = project.parent / "results"
    stopped = set()
    for free in (20_000, 200_000, 700_000, 1_200_000, 2_000_000, 4_000_000, 7_000_000):
        disk.leave(free)
        code, said = run("run", project)
        if code == 0:
            break
        assert code == 1, said
        assert "cannot be written to (No space left on device)" in said
        assert f"the file system at {disk.place} has" in said
        assert not parts_in(results)
        if store.exists(results / "cohort.zarr") and store.list_groups(results / "cohort.zarr"):
            stopped.update(store.list_groups(results / "cohort.zarr"))
            assert not store.verify(results / "cohort.zarr").faults
    disk.leave(60_000_000)
    assert stopped
    assert run("run", project)[0] == 0
    assert not store.verify(results / "cohort.zarr").faults
    assert list((results / "pictures").glob("*.png"))
    assert list((results / "tables").glob("*.csv"))


@pytest.fixture
def filled(disk):
    """A store with tracks and labels on the disk."""
    path = disk.place / "cohort.zarr"
    ef.write(cohort(LENGTHS), path)
    slow = {"moving": {"min_speed": "30 px/s"}}
    labels = ef.annotate(ef.open(path, "tracks"), ["moving"], parameters=slow)
    ef.write(labels, path, "labels/rules")
    return path


def test_every_command_that_writes_says_that_the_disk_is_full(disk, filled, tmp_path):
    simulation = simulate.simulate_cohort(1, duration="20 s", seed=1)
    tracks = simulate.write_dlc(simulation.tracks, tmp_path / "tracks")[0]
    labels = tmp_path / "labels.csv"
    labels.write_text("behaviour,start,stop\nrearing,1,2\n")
    before = {g: ef.open(filled, g).load() for g in ("tracks", "labels/rules")}
    disk.leave(0)
    commands = [
        ("init", disk.place), ("init", disk.place / "new"), ("demo", "--out", disk.place / "demo"),
        ("ingest", tracks, "--fps", 25, "--out", disk.place / "new.zarr"),
        ("ingest", tracks, "--fps", 25, "--out", filled),
        ("annotate", filled, "--px-per-mm", 3),
    ]  # fmt: skip
    for command in commands:
        code, said = run(*command)
        assert code == 1, (command, said)
        assert "cannot be written to (No space left on device)" in said, (command, said)
        assert "0 bytes of" in said, (command, said)
    assert not store.verify(filled).faults
    for group, ds in before.items():
        xr.testing.assert_identical(ef.open(filled, group).load(), ds)
    disk.leave(40_000_000)
    assert run("annotate", filled)[0] == 0


@pytest.mark.filterwarnings("ignore::ethoflow.exporting.declare.ExportNote")
@pytest.mark.parametrize("name", writers())
def test_every_export_says_that_the_disk_is_full(disk, filled, name):
    group = "labels/rules" if writers()[name].kind == "labels" else "tracks"
    data = ef.open(filled, group)
    disk.leave(4096)
    out = disk.place / "out"
    with pytest.raises(CannotWrite, match=r"out/.* cannot be written to \(No space left"):
        ef.export(data, out, format=name)
    assert not parts_in(disk.place)
    disk.leave(40_000_000)
    each = data.sizes["individual"] if writers()[name].apart else 1
    assert len(ef.export(data, out, format=name)) == each * len(LENGTHS)


def test_pictures_say_it_too(disk):
    figure = plot.trajectories(simulate.still_then_running())
    disk.leave(4096)
    for suffix in (".png", ".html"):
        with pytest.raises(CannotWrite, match="No space left"):
            plot.save(figure, disk.place / f"p{suffix}")
    assert not list(disk.place.iterdir())


def test_a_store_that_is_only_read_is_looked_at_and_not_written(disk, filled, tmp_path):
    simulation = simulate.simulate_cohort(1, duration="20 s", seed=1)
    tracks = simulate.write_dlc(simulation.tracks, tmp_path / "tracks")[0]
    whole = ef.open(filled, "labels/rules").load()
    disk.close()
    xr.testing.assert_identical(ef.open(filled, "labels/rules").load(), whole)
    assert run("info", filled)[0] == 0
    assert run("verify", filled)[0] == 0
    commands = [
        ("annotate", filled), ("ingest", tracks, "--fps", 25, "--out", filled),
        ("ingest", tracks, "--fps", 25, "--out", disk.place / "new.zarr"),
        ("init", disk.place), ("init", disk.place / "new"), ("demo", "--out", disk.place / "demo"),
        ("export", filled, "--format", "tidy CSV", "--out", disk.place / "out"),
    ]  # fmt: skip
    for command in commands:
        code, said = run(*command)
        assert code == 1, (command, said)
        assert "cannot be written to (Read-only file system)" in said, (command, said)


def test_a_project_that_is_only_read_says_so(disk, project):
    disk.close()
    code, said = run("run", project)
    assert code == 1
    assert "cannot be written to (Read-only file system)" in said


def greedy(name: str, line: str) -> str:
    return f'''
import os
import numpy as np
import ethoflow as ef

@ef.behaviour(units={{"min_speed": "px/s"}})
def {name}(speed, *, min_speed=20.0):
    """A rule that takes what there is, of long recordings."""
    if speed.shape[-1] > 350:
        {line}
    return speed[0] > min_speed
'''


def store_and_rule(folder: Path, name: str, line: str) -> tuple[Path, Path]:
    """A store of tracks, and the file of a greedy rule that is known."""
    path, rules = folder / "cohort.zarr", folder / f"{name}.py"
    ef.write(cohort(LENGTHS), path)
    rules.write_text(greedy(name, line))
    ef.load_rules(rules)
    return path, rules


def test_a_block_without_memory_is_named(tmp_path):
    path, rules = store_and_rule(tmp_path, "greedy_rule", "np.empty(2**50)")
    name = str(cohort(LENGTHS).recording.values[1])
    with pytest.raises(DataError) as raised:
        ef.write(ef.annotate(ef.open(path, "tracks"), ["greedy_rule"]), path, "labels/rules")
    said = str(raised.value)
    assert f"the memory was not enough for greedy_rule of recording {name}, block 0" in said
    assert "DASK_NUM_WORKERS=1" in said
    assert "the same command goes on from here" in said
    assert not store.verify(path).faults
    xr.testing.assert_identical(
        ef.open(path, "tracks").position.load(), ef.open(path, "tracks").position.load()
    )
    rules.write_text(greedy("greedy_rule", "pass"))
    ef.load_rules(rules)
    ef.write(ef.annotate(ef.open(path, "tracks"), ["greedy_rule"]), path, "labels/rules")
    assert "greedy_rule" in ef.open(path, "labels/rules")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_worker_that_is_killed_is_said_with_its_recording(tmp_path):
    """The system ends a worker that takes too much memory without a word."""
    import dask
    from distributed import Client, LocalCluster

    path, _ = store_and_rule(tmp_path, "fatal_rule", "os.kill(os.getpid(), 9)")
    labels = ef.annotate(ef.open(path, "tracks"), ["fatal_rule"])
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
        pytest.raises(
            DataError, match=r"workers ended, .* had recording mouse_0\d, block 0 to make"
        ),
    ):
        ef.write(labels, path, "labels/rules")
    assert not store.verify(path).faults
    assert store.list_groups(path) == ["tracks"]


GATE, PASSED = threading.Event(), []
"""Where tasks wait, all but the first, and which came to it."""


def wait_at_gate(number):
    PASSED.append(number)
    return GATE.wait(60) if number else True


def test_a_run_that_is_stopped_leaves_nothing_waiting_on_the_cluster():
    from dask._task_spec import Task
    from distributed import Client

    def stop(key, result):
        raise KeyboardInterrupt

    keys = [f"stopped-{number}" for number in range(40)]
    tasks = {key: Task(key, wait_at_gate, number) for number, key in enumerate(keys)}
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None):
        with pytest.raises(KeyboardInterrupt) as stopped:
            run_tasks(tasks, set(keys), stop)
        GATE.set()
        assert stopped  # what it refers to, the futures, is not collected before
    assert 0 < len(PASSED) < len(keys)


def test_workers_that_are_paused_for_want_of_memory_are_said(tmp_path, monkeypatch):
    """A worker with hardly more memory than Python takes is paused for ever, and Dask waits."""
    from distributed import Client

    path = ef.write(cohort(LENGTHS), tmp_path / "cohort.zarr").path
    slow = {"moving": {"min_speed": "20 px/s"}}
    labels = ef.annotate(ef.open(path, "tracks"), ["moving"], parameters=slow)
    monkeypatch.setattr(paused, "LOOK", 0.05)
    small = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "memory_limit": "60 MB"}
    with Client(dashboard_address=None, **small) as client:
        deadline = time.monotonic() + 60
        while not paused.are_stuck(client.scheduler_info()["workers"]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        with pytest.raises(OutOfMemory, match=r"takes no task any more, .* of the 60 MB") as raised:
            ef.write(labels, path, "labels/rules")
    assert "the same command goes on from here" in str(raised.value)
    ef.write(labels, path, "labels/rules")
    assert "moving" in ef.open(path, "labels/rules")


def test_what_killed_processes_began_is_taken_away_and_nothing_else(tmp_path):
    script = """
import os, sys
from pathlib import Path
from ethoflow.disk import beside
with beside(Path(sys.argv[1])) as part:
    part.write_text("half")
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", script, tmp_path / "bouts.csv"], check=False)
    (left,) = tmp_path.iterdir()
    theirs = [".download.part", ".video.part.mp4", "bouts.csv.part", ".x.ethoflow.part.csv"]
    theirs += [f".x.ethoflow-00000000-{2**22 + 1}.part.csv"]
    for name in theirs:
        (tmp_path / name).write_text("of others")
    with beside(tmp_path / "other.csv") as part:
        part.write_text("being written")
        clear_parts(tmp_path)
        assert part.exists()
    assert not left.exists()
    assert {path.name for path in tmp_path.iterdir()} == {*theirs, "other.csv"}


def test_exports_results_and_projects_clear_what_was_left(tmp_path, monkeypatch):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: dead.pid)
        kept = []
        for name in ("out.csv", "project.yaml"):
            with beside(tmp_path / name) as part:
                kept.append(part)
                part.write_text("")
            (tmp_path / name).unlink()
    for part in kept:
        part.write_text("half")
    ef.export(simulate.still_then_running(), tmp_path / "m.csv", format="tidy CSV")
    assert [path.name for path in tmp_path.iterdir()] == ["m.csv"]
    kept[1].write_text("half")
    assert run("init", tmp_path)[0] == 0
    assert {path.name for path in tmp_path.iterdir()} == {"m.csv", "project.yaml"}


@pytest.mark.parametrize(("error", "number"), [
    (OSError(errno.ENOSPC, "No space left on device"), errno.ENOSPC),
    (RuntimeError("unable to write, errno = 28, error message"), errno.ENOSPC),
    (ValueError("[Errno 30] Read-only file system"), errno.EROFS),
    (FileNotFoundError(errno.ENOENT, "No such file"), None),
    (ValueError("28"), None),
])  # fmt: skip
def test_reasons_are_found_in_what_libraries_raise(error, number):
    assert reason_of(error) == number
    wrapped = RuntimeError("cannot close")
    wrapped.__cause__ = error
    assert reason_of(wrapped) == number


def test_other_errors_pass(tmp_path):
    with pytest.raises(ZeroDivisionError), writing_to(tmp_path / "a"):
        raise ZeroDivisionError
    assert "may write" in refusal(errno.EACCES, tmp_path)


def test_nothing_is_begun_where_there_is_no_room(tmp_path):
    with pytest.raises(CannotWrite, match="up to 1e"), writing_to(tmp_path / "a", needed=10**24):
        raise AssertionError
    assert np.isfinite(os.statvfs(tmp_path).f_bfree)
