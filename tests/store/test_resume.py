"""A write that stops anywhere resumes: finished blocks stay, and readers see one state."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import dask
import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import store
from ethoflow.engine import layout
from tests import stored
from tests.conftest import LONG, REPOSITORY
from tests.walks import cohort
from tests.watch import WATCH, StoppedError, kind_of, stop_at

RULES = '''
import os, time
from pathlib import Path
import ethoflow as ef

BEFORE = 16

def count(diary):
    with open(diary) as lines:
        return sum(1 for _ in lines)

@ef.behaviour(roles=("nose",), units={"min_speed": "px/s"})
def slow_rule(speed, *, min_speed=20.0):
    """A rule that keeps a diary, and stops after some of it where there is a gate."""
    with open(os.environ["DIARY"], "a") as diary:
        diary.write(f"{speed.shape[-1]} {float(speed[0, 1]):.6f}\\n")
    while Path(os.environ["GATE"]).exists() and count(os.environ["DIARY"]) > BEFORE:
        time.sleep(0.01)
    return speed[0] > min_speed
'''

SCRIPT = """
import sys
import dask, ethoflow as ef
dask.config.set(scheduler="threads", num_workers=2)
ef.load_rules(sys.argv[2])
ef.write(ef.annotate(ef.open(sys.argv[1], "tracks"), ["slow_rule"]), sys.argv[1], "labels/rules")
"""

LENGTHS = tuple(range(200, 220))
ANIMALS = 2


@pytest.fixture
def make_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rules = tmp_path / "rules.py"
    rules.write_text(RULES)
    monkeypatch.setenv("DIARY", str(tmp_path / "diary.txt"))
    monkeypatch.setenv("GATE", str(tmp_path / "gate"))

    def make(name: str) -> Path:
        path = tmp_path / f"{name}.zarr"
        ef.write(cohort(LENGTHS), path)
        return path

    return make


def start(path: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY / "src")}
    rules = path.parent / "rules.py"
    return subprocess.Popen([sys.executable, "-c", SCRIPT, path, rules], env=environment)


def count_chunks(path: Path) -> int:
    """Chunks of the rule that are written."""
    folder = path / "labels/rules/slow_rule"
    return sum(f.is_file() and f.suffix != ".partial" for f in folder.glob("c/**/*"))


def test_a_killed_run_resumes_without_doing_anything_twice(make_store, tmp_path: Path) -> None:
    whole, broken = make_store("whole"), make_store("broken")
    assert start(whole).wait() == 0
    diary = tmp_path / "diary.txt"
    diary.unlink()

    gate = tmp_path / "gate"
    gate.touch()
    running = start(broken)
    while count_chunks(broken) < 4:
        assert running.poll() is None
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()
    gate.unlink()

    finished = count_chunks(broken)
    assert 4 <= finished < len(LENGTHS)
    assert store.list_groups(broken) == ["tracks"]
    assert not store.is_complete(broken, "labels/rules")

    diary.unlink()
    assert start(broken).wait() == 0
    # A line per animal of every block that was computed now.
    assert len(diary.read_text().splitlines()) == ANIMALS * (len(LENGTHS) - finished)

    assert store.is_complete(broken, "labels/rules")
    assert not stored.faults_of(broken)
    expected, found = (ef.open(path, "labels/rules").compute() for path in (whole, broken))
    xr.testing.assert_identical(found, expected)


def change_nothing(path: Path) -> None:
    """There is no store before."""


def write_first(path: Path) -> None:
    ef.write(cohort((250, 120)), path)


def write_more(path: Path) -> None:
    ef.write(cohort((310,), first_seed=5, first_name=5), path)


def write_other_numbers(path: Path) -> None:
    other = cohort((250, 120))
    other.position.values[1] += 1
    ef.write(other, path)


def a_few(operations: Sequence[str]) -> list[int]:
    """Numbers of every nineteenth operation."""
    return list(range(1, len(operations) + 1, 19))


def of_every_kind(operations: Sequence[str]) -> list[int]:
    """Numbers of operations: the first and the last of every kind, or all."""
    first = {kind: n for n, kind in reversed([*enumerate(operations, 1)])}
    last = {kind: n for n, kind in enumerate(operations, 1)}
    few = {*first.values(), *last.values()}
    return [n for n in range(1, len(operations) + 1) if LONG or n in few]


@pytest.mark.parametrize("choose", [a_few, pytest.param(of_every_kind, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("before", "change"),
    [(change_nothing, write_first), (write_first, write_more), (write_first, write_other_numbers)],
)
def test_wherever_a_write_is_interrupted_one_state_is_seen(
    before, change, choose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "BLOCK_BYTES", 6400)
    monkeypatch.setattr(layout, "MIN_BLOCK", 100)
    first, whole = tmp_path / "first.zarr", tmp_path / "whole.zarr"
    operations: list[str] = []
    with dask.config.set(scheduler="sync"):
        before(first)
        copy_store(first, whole)
        old = ef.open(whole, "tracks").load() if whole.exists() else None
        with WATCH.on(whole, lambda _, *found: operations.append(_kind(whole, *found))):
            change(whole)
        new = ef.open(whole, "tracks").load()
        for number in choose(operations):
            path = tmp_path / f"{number}.zarr"
            copy_store(first, path)
            with WATCH.on(path, stop_at(number)), pytest.raises((KeyboardInterrupt, StoppedError)):
                change(path)
            if store.exists(path):
                with xr.open_datatree(path, engine="zarr", chunks={}) as tree:
                    seen = tree["tracks"].to_dataset().load()
                wanted = new if seen.sizes == new.sizes and is_same(seen, new) else old
                assert wanted is not None
                assert is_same(seen, wanted), number
            else:
                assert old is None
            change(path)
            xr.testing.assert_identical(ef.open(path, "tracks").load(), new)
            assert not stored.faults_of(path)
            change(path)
            assert stored.files(path) == stored.named(path)


def _kind(root: Path, name: str, path: str) -> str:
    return kind_of(name, str(Path(path).relative_to(root)))


def copy_store(path: Path, to: Path) -> None:
    if path.exists():
        shutil.copytree(path, to)


def is_same(seen: xr.Dataset, wanted: xr.Dataset) -> bool:
    """Whether plain xarray shows the positions and lengths that ethoflow does."""
    return all(
        np.array_equal(seen[name].values, wanted[name].values, equal_nan=name == "position")
        for name in ("position", "n_frames", "recording")
    )


def test_a_switch_is_told_to_all_readers_before_old_chunks_go(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    write_first(path)
    done: list[str] = []

    def after_the_switch(_: int, name: str, file: str) -> None:
        if done:
            raise KeyboardInterrupt
        if (name, file) == ("rename", str(path / "zarr.json")):
            done.append(file)

    def at_the_first_chunk(_: int, name: str, file: str) -> None:
        if name == "remove" and "/position/" in file:
            raise KeyboardInterrupt

    with dask.config.set(scheduler="sync"):
        for act in (after_the_switch, at_the_first_chunk):
            with WATCH.on(path, act), pytest.raises(KeyboardInterrupt):
                write_other_numbers(path)
    new = cohort((250, 120))
    new.position.values[1] += 1
    for ds in (xr.open_zarr(path, group="tracks"), xr.open_zarr(path / "tracks")):
        assert is_same(ds.load(), new)


def test_a_variable_that_was_taken_out_is_not_seen_in_the_folder(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    write_first(path)
    ef.write(cohort((250, 120)).drop_vars("confidence"), path, keep=False)
    assert "confidence" not in xr.open_zarr(path / "tracks")
