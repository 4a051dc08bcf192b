"""A run that is killed resumes: finished blocks stay, half a block never counts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import ethoflow as ef
from ethoflow import store
from tests.conftest import REPOSITORY
from tests.walks import cohort

RULES = '''
import os, time
import ethoflow as ef

@ef.behaviour(roles=("nose",), units={"min_speed": "px/s"})
def slow_rule(speed, *, min_speed=20.0):
    """A rule that takes its time and keeps a diary."""
    with open(os.environ["DIARY"], "a") as diary:
        diary.write(f"{speed.shape[-1]} {float(speed[0, 1]):.6f}\\n")
    time.sleep(float(os.environ["PAUSE"]))
    return speed[0] > min_speed
'''

SCRIPT = """
import sys
import dask, ethoflow as ef
dask.config.set(scheduler="threads", num_workers=2)
ef.load_rules(sys.argv[2])
ef.write(ef.annotate(ef.open(sys.argv[1], "tracks"), ["slow_rule"]), sys.argv[1], "labels/rules")
"""

LENGTHS = tuple(range(200, 240))


@pytest.fixture
def make_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rules = tmp_path / "rules.py"
    rules.write_text(RULES)
    monkeypatch.setenv("DIARY", str(tmp_path / "diary.txt"))

    def make(name: str) -> Path:
        path = tmp_path / f"{name}.zarr"
        ef.write(cohort(LENGTHS), path)
        return path

    return make


def start(path: Path, pause: float) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PAUSE": str(pause), "PYTHONPATH": str(REPOSITORY / "src")}
    rules = path.parent / "rules.py"
    return subprocess.Popen([sys.executable, "-c", SCRIPT, path, rules], env=environment)


def count_done(path: Path) -> int:
    done = store.read_done(str(path), "labels/rules", ["slow_rule"], len(LENGTHS), 1)
    return int(np.count_nonzero(done))


def test_a_killed_run_resumes_without_doing_anything_twice(make_store, tmp_path: Path) -> None:
    whole, broken = make_store("whole"), make_store("broken")
    assert start(whole, 0).wait(60) == 0
    (tmp_path / "diary.txt").unlink()

    running = start(broken, 0.15)
    deadline = time.monotonic() + 60
    while not store.exists(broken, "labels/rules") or count_done(broken) < 4:
        assert running.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(signal.SIGKILL)
    running.wait()

    finished = count_done(broken)
    assert 4 <= finished < len(LENGTHS)
    with pytest.warns(store.IncompleteGroup, match=f"{finished} of {len(LENGTHS)} parts"):
        ef.open(broken, "labels/rules")
    assert not store.is_complete(broken, "labels/rules")

    diary = tmp_path / "diary.txt"
    diary.unlink()
    assert start(broken, 0).wait(60) == 0
    lines = Counter(diary.read_text().splitlines())
    # A line per animal of every block that was computed again.
    assert sum(lines.values()) == 2 * (len(LENGTHS) - finished)

    assert store.is_complete(broken, "labels/rules")
    expected, found = (ef.open(path, "labels/rules").compute() for path in (whole, broken))
    np.testing.assert_array_equal(found.slow_rule, expected.slow_rule)
    assert found.slow_rule.attrs == expected.slow_rule.attrs


@pytest.mark.parametrize("step", ["grow", "create_arrays", "write_rows", "write_done", "commit"])
def test_nothing_looks_complete_wherever_a_write_stops(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.zarr"
    ef.write(cohort((200, 300)), path)
    before = ef.open(path, "tracks").compute()
    more = cohort((5000,), first_seed=5, first_name=5)
    whole = getattr(store, step)

    def stop(*arguments: object, **options: object) -> None:
        whole(*arguments, **options)
        raise KeyboardInterrupt

    if step == "commit":
        monkeypatch.setattr(store.progress, "_consolidate", lambda _: None)
    target = tmp_path / "new.zarr" if step == "create_arrays" else path
    with monkeypatch.context() as patched:
        patched.setattr(store, step, stop)
        with pytest.raises(KeyboardInterrupt):
            ef.write(more, target)
    if step == "create_arrays":
        assert not store.is_complete(tmp_path / "new.zarr", "tracks")
        path = tmp_path / "new.zarr"
    elif step != "commit":
        assert not store.is_complete(path, "tracks")
    ef.write(more, path)
    after = ef.open(path, "tracks")
    assert store.is_complete(path, "tracks")
    np.testing.assert_array_equal(
        after.position.sel(recording="mouse_05"), more.position.isel(recording=0)
    )
    if step != "create_arrays":
        for name in before.recording.values:
            n = int(before.n_frames.sel(recording=name))
            np.testing.assert_array_equal(
                after.position.sel(recording=name)[..., :n],
                before.position.sel(recording=name)[..., :n],
            )
