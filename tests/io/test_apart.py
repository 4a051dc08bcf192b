"""Libraries that hang or crash do so in a process apart, and the next call is answered."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest

from ethoflow.io import apart
from ethoflow.io.loading import load
from ethoflow.io.matlab import list_matlab, read_matlab
from ethoflow.schema import DataError


@pytest.fixture
def matlab(tmp_path):
    io = pytest.importorskip("scipy.io")
    path = tmp_path / "com3d.mat"
    io.savemat(path, {"com": np.arange(12.0).reshape(4, 3), "sampleID": np.arange(4.0)})
    return path


def test_a_crash_is_an_error_of_ours(matlab):
    """The number of bytes of the first name makes SciPy 1.16 read where nothing is."""
    whole = matlab.read_bytes()
    for value in (9, 14, 15):
        broken = bytearray(whole)
        broken[145] = value
        matlab.write_bytes(broken)
        with pytest.raises(DataError, match="damaged"):
            load(matlab)
    matlab.write_bytes(whole)
    assert load(matlab)[0].position.shape == (1, 1, 3, 4)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_what_never_ends_is_ended(tmp_path, matlab, monkeypatch):
    os.mkfifo(tmp_path / "pipe.mat")
    with monkeypatch.context() as patch:
        patch.setattr(apart, "SECONDS", 1.0)
        with pytest.raises(DataError, match="did not come to an end in 1 s"):
            read_matlab(tmp_path / "pipe.mat")
    assert set(list_matlab(matlab)) == {"com", "sampleID"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_after_an_interrupt_no_answer_is_left_for_the_next_call(tmp_path, matlab):
    os.mkfifo(tmp_path / "pipe.mat")

    def interrupt(*_):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(KeyboardInterrupt):
            read_matlab(tmp_path / "pipe.mat")
    finally:
        signal.signal(signal.SIGALRM, before)
    for _ in range(3):
        np.testing.assert_array_equal(read_matlab(matlab)["sampleID"], np.arange(4.0))
        assert set(list_matlab(matlab)) == {"com", "sampleID"}


def test_a_process_that_was_killed_is_started_again(matlab):
    list_matlab(matlab)
    os.kill(apart._started[0].pid, signal.SIGKILL)
    assert set(list_matlab(matlab)) == {"com", "sampleID"}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_nothing_is_left_running_where_the_caller_was_killed(tmp_path):
    os.mkfifo(tmp_path / "pipe.mat")
    ask = (
        "from pathlib import Path; from ethoflow.io import apart; apart.SECONDS = 5.0\n"
        "apart._process(); print(apart._started[0].pid, flush=True)\n"
        f"apart.call_apart('read_matlab', Path({str(tmp_path / 'pipe.mat')!r}), nested=False)"
    )
    with subprocess.Popen([sys.executable, "-c", ask], stdout=subprocess.PIPE, text=True) as caller:
        pid = int(caller.stdout.readline())
        _wait_for_reader(tmp_path / "pipe.mat", pid)
        caller.kill()
    while _is_running(pid):
        time.sleep(0.1)


def _wait_for_reader(pipe, pid):
    """Until the process reads the pipe, which gives it nothing, or has ended."""
    while _is_running(pid):
        try:
            os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            time.sleep(0.01)
        else:
            return


def _is_running(pid):
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_many_threads_ask_one_process(tmp_path, matlab):
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(read_matlab, [matlab] * 40))
    for variables in found:
        np.testing.assert_array_equal(variables["com"], np.arange(12.0).reshape(4, 3))


def test_damaged_hdf5_neither_hangs_nor_kills(tmp_path, monkeypatch):
    """Single bytes of a small file; libhdf5 2.0 hangs or crashes on about one in a thousand."""
    monkeypatch.setattr(apart, "SECONDS", 2.0)
    path = tmp_path / "points3d.h5"
    with h5py.File(path, "w") as file:
        for i in range(12):
            file.attrs[f"a{i}"] = "x" * 30
        file.create_dataset("tracks", data=np.ones((50, 1, 2, 3)), chunks=(5, 1, 2, 3))
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    outcomes = set()
    for place, value in zip(rng.integers(0, 3000, 400), rng.integers(0, 256, 400), strict=True):
        broken = bytearray(whole)
        broken[place] = value
        path.write_bytes(broken)
        try:
            load(path)
            outcomes.add("read")
        except DataError:
            outcomes.add("refused")
    assert outcomes == {"read", "refused"}
