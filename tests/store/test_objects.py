"""A store in memory and on an S3 server: what holds of one in a folder holds there."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dask
import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import store
from ethoflow.engine import layout
from ethoflow.store import lease
from ethoflow.store.commit import commit
from ethoflow.store.files import names_in, objects_of, read_file, remove, write_file
from tests.conftest import REPOSITORY
from tests.store.lab import Lab, invoke
from tests.store.s3_server import Server, serving
from tests.walks import cohort, walk

LENGTHS = (250, 120)
RULES = ["moving", "following"]
REQUESTS = 10
"""Requests that opening a group may take."""

pytestmark = pytest.mark.filterwarnings("ignore::ethoflow.cleaning.CostlyThreshold")

_numbers = itertools.count()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    lacking = [name for name in ("moto", "s3fs", "flask") if find_spec(name) is None]
    if lacking:
        pytest.skip(f"{', '.join(lacking)} are not installed: pip install 'ethoflow[dev]'")
    with serving("lab") as found:
        yield found


@pytest.fixture
def s3(server: Server) -> str:
    """A URL at which nothing lies."""
    return f"s3://lab/{next(_numbers)}/cohort.zarr"


@pytest.fixture(params=["memory", "s3"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "s3":
        return str(request.getfixturevalue("s3"))
    return f"memory://lab/{next(_numbers)}/cohort.zarr"


@pytest.fixture(params=["memory", pytest.param("s3", marks=pytest.mark.slow)])
def any_url(request: pytest.FixtureRequest) -> str:
    """As `url`, for tests of many requests."""
    if request.param == "s3":
        return str(request.getfixturevalue("s3"))
    return f"memory://lab/{next(_numbers)}/cohort.zarr"


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "BLOCK_BYTES", 6400)
    monkeypatch.setattr(layout, "MIN_BLOCK", 100)


def other(by: float = 1) -> xr.Dataset:
    """The cohort with other numbers in its second recording."""
    tracks = cohort(LENGTHS)
    tracks.position.values[1] += by
    return tracks


def plain(url: str, group: str = "tracks") -> xr.Dataset:
    """A group as somebody without ethoflow reads it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return xr.open_zarr(url, group=group, chunks=None).load()


def check(url: str) -> None:
    found = store.verify(url)
    assert not found.faults, list(map(str, found.faults))


# --- what is written and read -----------------------------------------------------------------


@pytest.mark.usefixtures("small_blocks")
def test_a_store_holds_what_one_in_a_folder_holds(url: str, tmp_path: Path) -> None:
    written = []
    for place in (url, tmp_path / "c.zarr"):
        own = [ef.write(cohort(LENGTHS), place)]
        poses = ef.clean(ef.calibrate(ef.open(place, "tracks"), px_per_mm=2))
        own.append(ef.write(poses, place, "poses"))
        own.append(ef.write(ef.annotate(ef.open(place, "poses"), RULES), place, "labels/rules"))
        own.append(ef.write(other(), place))
        own.append(ef.write(cohort((310,), first_seed=5, first_name=5), place))
        own.append(ef.write(cohort((310,), first_seed=5, first_name=5), place))
        written.append([(w.written, w.fresh) for w in own])
    assert written[0] == written[1]
    with pytest.warns(store.StaleGroup):
        tree = ef.open(url)
    with pytest.warns(store.StaleGroup):
        expected = ef.open(tmp_path / "c.zarr")
    xr.testing.assert_identical(tree.load(), expected.load())
    for group in ("tracks", "poses", "labels/rules"):
        xr.testing.assert_identical(plain(url, group), plain(str(tmp_path / "c.zarr"), group))
    check(url)


def test_other_metadata_reach_a_store_that_is_there(url: str) -> None:
    for treatment in (["a", "b"], ["c", "d"], ["a", "b"], ["e", "f"]):
        tracks = cohort(LENGTHS).assign_coords(treatment=("recording", treatment))
        ef.write(tracks, url)
        assert ef.open(url, "tracks").treatment.values.tolist() == treatment
        assert plain(url).treatment.values.tolist() == treatment


def test_what_was_opened_stays_until_the_write_after_the_next(url: str) -> None:
    ef.write(cohort(LENGTHS), url)
    before, expected = ef.open(url, "tracks"), cohort(LENGTHS)
    ef.write(other(), url)
    np.testing.assert_array_equal(before.position[0], expected.position[0])
    ef.write(cohort(LENGTHS).isel(recording=[0]), url, keep=False)
    with pytest.raises(store.DamagedChunk, match="block 0 is gone"):
        before.position[1].load()


def test_what_was_opened_never_gives_the_numbers_of_another_write() -> None:
    url = f"memory://lab/{next(_numbers)}.zarr"
    ef.write(cohort(LENGTHS), url)
    opened = ef.open(url, "tracks")
    for by in (1, 2, 3):
        ef.write(other(by), url)
    with pytest.raises(store.DamagedChunk, match="mouse_01, block 0 is no more the one that was"):
        opened.position[1].load()
    np.testing.assert_array_equal(opened.confidence, cohort(LENGTHS).confidence)


def test_a_group_that_goes_leaves_nothing(url: str) -> None:
    ef.write(cohort(LENGTHS), url)
    ef.write(ef.calibrate(ef.open(url, "tracks"), px_per_mm=2), url, "poses")
    store.drop_group(url, "poses")
    assert store.list_groups(url) == ["tracks"]
    assert names_in(f"{url}/poses") == []
    check(url)


def test_refusals_name_the_url(url: str) -> None:
    with pytest.raises(ef.DataError, match=f"no Zarr store at {url}"):
        ef.open(url)
    write_file(f"{url}/notes.txt", b"mine")
    with pytest.raises(ef.DataError, match="holds other things"):
        ef.write(walk(50), url)
    with pytest.raises(ef.DataError, match="is a file"):
        ef.write(walk(50), f"{url}/notes.txt")
    assert names_in(url) == ["notes.txt"]


def test_a_group_and_a_variable_never_lie_at_one_place(url: str) -> None:
    ef.write(walk(50), url)
    before = store.read_state(url)
    with pytest.raises(ef.DataError, match="the group tracks has a variable 'position'"):
        ef.write(walk(50), url, "tracks/position")
    ef.write(walk(50), url, "poses/position")
    with pytest.raises(ef.DataError, match="the group poses/position is stored at that place"):
        ef.write(walk(50), url, "poses")
    assert before is not None
    after = store.read_state(url)
    assert after is not None
    assert after.arrays("tracks") == before.arrays("tracks")
    check(url)


@pytest.mark.parametrize("content", [None, b"cut", b""])
def test_damage_is_found_said_and_mended(url: str, content: bytes | None) -> None:
    ef.write(cohort(LENGTHS), url)
    chunk = f"{url}/tracks/position/c/1/0/0/0/0"
    whole = read_file(chunk)
    assert whole
    remove(chunk) if content is None else write_file(chunk, content)
    with pytest.raises(store.DamagedChunk, match="recording mouse_01, block 0"):
        ef.open(url, "tracks").position.load()
    assert len(store.verify(url).faults) == 1
    assert ef.write(cohort(LENGTHS), url).written == 1
    assert read_file(chunk) == whole
    check(url)


# --- requests ---------------------------------------------------------------------------------

OPEN = """
import sys, warnings
import ethoflow as ef
from tests.store.s3_server import Server
server = Server(sys.argv[2])
counts = []
for group in ("tracks", "poses", "labels/rules"):
    server.requests()
    ds = ef.open(sys.argv[1], group)
    counts.append(len(server.requests()))
ds.moving.load()
print(*counts, len(server.requests()))
"""


def test_opening_a_group_takes_few_requests(s3: str, server: Server) -> None:
    columns = {f"column_{i}": ("recording", [f"{i}", "x"]) for i in range(30)}
    ef.write(cohort(LENGTHS).assign_coords(columns), s3)
    ef.write(ef.clean(ef.calibrate(ef.open(s3, "tracks"), px_per_mm=2)), s3, "poses")
    ef.write(ef.annotate(ef.open(s3, "poses"), RULES), s3, "labels/rules")
    made = run_python(OPEN, s3, server.url)
    counts = list(map(int, made.stdout.split()))
    assert len(counts) == 4, made.stderr
    assert max(counts[:3]) <= REQUESTS, counts
    assert counts[3] == len(LENGTHS)  # a chunk, a request
    assert ef.open(s3, "tracks").column_7.values.tolist() == ["7", "x"]


def run_python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run some code in a process of its own, to its end."""
    paths = f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *map(str, arguments)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip


# --- writers that are killed, and several of them ---------------------------------------------


class StoppedError(Exception):
    """A writer was stopped."""


def stop_at(monkeypatch: pytest.MonkeyPatch, url: str, number: int) -> list[str]:
    """Have the `number`-th change of an object fail, and all after; the changes, as they come."""
    objects = type(objects_of(url).objects)
    changes: list[str] = []
    for name in ("put", "delete", "copy"):
        act: Callable[..., Any] = getattr(objects, name)

        def watched(self: Any, key: Any, *given: Any, act: Any = act, name: str = name) -> Any:
            keys = [key] if isinstance(key, str) else list(key)
            if keys and "progress/lock" not in keys[0]:
                changes.append(f"{name} {keys[0]}")
                if len(changes) >= number:
                    raise StoppedError
            return act(self, key if isinstance(key, str) else keys, *given)

        monkeypatch.setattr(objects, name, watched)
    return changes


def write_first(url: str) -> None:
    ef.write(cohort(LENGTHS), url)


def write_other(url: str) -> None:
    ef.write(other(), url)


def nothing(_: str) -> None:
    """There is no store before."""


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("before", "change"), [(nothing, write_first), (write_first, write_other)])
def test_wherever_a_write_stops_readers_see_one_state_and_it_resumes(
    before: Callable[[str], None], change: Callable[[str], None], step: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    urls = (f"memory://lab/{next(_numbers)}.zarr" for _ in itertools.count())
    with dask.config.set(scheduler="sync"):
        whole = next(urls)
        before(whole)
        old = plain(whole) if store.exists(whole) else None
        with monkeypatch.context() as patched:
            changes = stop_at(patched, whole, sys.maxsize)
            change(whole)
        new = plain(whole)
        for number in range(1, len(changes) + 1, step):
            url = next(urls)
            before(url)
            with monkeypatch.context() as patched:
                stop_at(patched, url, number)
                with pytest.raises(StoppedError):
                    change(url)
            seen = plain(url) if store.exists(url) else None
            assert any(seen is w or (seen and w and seen.identical(w)) for w in (old, new)), number
            change(url)
            xr.testing.assert_identical(plain(url), new)
            check(url)


KILLED = """
import os, signal, sys
import dask
import ethoflow as ef
from ethoflow.engine import layout
from ethoflow.store.s3 import S3Objects
from tests.walks import cohort
layout.BLOCK_BYTES, layout.MIN_BLOCK = 6400, 100
put, done = S3Objects.put, []

def killed(self, key, *given):
    if "/position/c/" in key:
        done.append(key)
        if len(done) == int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
    return put(self, key, *given)

S3Objects.put = killed
with dask.config.set(scheduler="sync"):
    ef.write(cohort((250, 120)), sys.argv[1])
"""


@pytest.mark.usefixtures("small_blocks")
def test_a_killed_writer_is_followed_at_once_and_nothing_is_done_twice(
    s3: str, server: Server
) -> None:
    assert run_python(KILLED, s3, 3).returncode == -9
    with pytest.raises(ef.DataError, match="its first write .tracks. is under way"):
        ef.open(s3)
    server.requests()
    with dask.config.set(scheduler="sync"):
        ef.write(cohort(LENGTHS), s3)
    again = [r for r in server.requests() if r.startswith("PUT") and "/position/c/" in r]
    assert len(again) == 3  # of five blocks two were finished
    np.testing.assert_array_equal(ef.open(s3, "tracks").position, cohort(LENGTHS).position)
    check(s3)


HOLDS = """
import sys
from ethoflow import store
with store.writing(sys.argv[1]):
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_writer_keeps_others_out_until_it_ends(s3: str) -> None:
    paths = f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDS, s3], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    with pytest.raises(store.StoreLocked, match=rf"is being written by .*process {holder.pid}"):
        ef.write(walk(50), s3)
    assert not store.exists(s3)
    holder.kill()
    holder.communicate()
    ef.write(walk(50), s3)  # a process of this machine that is no more
    assert names_in(f"{s3}/progress") == ["state.json", "tracks"]


def test_another_thread_is_kept_out_and_the_same_one_is_not(url: str) -> None:
    said: list[str] = []

    def write() -> None:
        try:
            ef.write(walk(50), url)
        except store.StoreLocked as error:
            said.append(str(error))

    with store.writing(url):
        ef.write(walk(50), url)
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
    assert len(said) == 1
    write()
    assert len(said) == 1


def test_one_of_many_takes_the_lock(url: str) -> None:
    at, taken = f"{url}/progress/lock", []
    leases = [lease.Lease(at) for _ in range(8)]
    threads = [
        threading.Thread(target=lambda one=one: taken.append(one.take({"user": "somebody"})))
        for one in leases
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(None) == 1
    [holder] = [one for one in leases if one.count]
    holder.give_back()
    assert read_file(at) is None


def test_the_writer_of_another_machine_is_dead_when_it_is_not_heard_of(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = {"user": "a", "host": "b", "process": 1, "command": "c", "since": "d", "machine": "b 1"}
    write_file(f"{url}/progress/lock", json.dumps(owner).encode())
    with pytest.raises(store.StoreLocked, match=r"is being written by a on b \(process 1"):
        ef.write(walk(50), url)
    monkeypatch.setattr(lease, "LAPSE", -1.0)
    assert ef.write(walk(50), url).written == 2


def test_a_writer_lets_it_be_known_that_it_lives(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "BEAT", 0.01)
    with store.writing(url):
        first = read_file(f"{url}/progress/lock")
        while read_file(f"{url}/progress/lock") == first:
            pass
    assert read_file(f"{url}/progress/lock") is None


def test_who_was_taken_for_dead_cannot_commit(url: str) -> None:
    ef.write(cohort(LENGTHS), url)
    before = store.read_state(url)
    assert before is not None
    ef.write(other(), url)
    with pytest.raises(ef.DataError, match="written by somebody else meanwhile"):
        commit(before.without("tracks"), before)
    np.testing.assert_array_equal(plain(url).position, other().position)


# --- workers of a cluster ---------------------------------------------------------------------


@pytest.mark.slow
def test_workers_write_to_a_server_and_not_to_the_memory_of_another(s3: str) -> None:
    distributed = pytest.importorskip("distributed")
    memory = f"memory://lab/{next(_numbers)}.zarr"
    ef.write(walk(300), memory)
    opened = ef.open(memory, "tracks")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster),
    ):
        ef.write(cohort(LENGTHS), s3)
        poses = ef.clean(ef.calibrate(ef.open(s3, "tracks"), px_per_mm=2))
        assert ef.write(poses, s3, "poses").written == 8
        with pytest.raises(ef.DataError, match="in the memory of one process"):
            ef.write(cohort(LENGTHS), memory, keep=False)
        with pytest.raises(ef.DataError, match="in the memory of one process"):
            opened.position.load()
    xr.testing.assert_equal(ef.open(s3, "poses").load(), poses.load())
    check(s3)


# --- commands and the project file ------------------------------------------------------------


def test_commands_work_on_a_store_at_a_url(
    any_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    url, lab = any_url, Lab.make(tmp_path / "lab")
    for command in (
        ("ingest", lab.folder / "tracks/*.csv", "--fps", 25, "--out", url),
        ("annotate", url, "--px-per-mm", 2, "--rules", "moving"),
        ("info", url), ("verify", url), ("export", url, "--format", "tidy CSV"),
        ("info", f"{url}/"),
    ):  # fmt: skip
        result = invoke(*command)
        assert result.exit_code == 0, (command, result.output)
    assert store.list_groups(url) == ["tracks", "poses", "features", "labels/rules"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cohort_results", "export", "lab"]
    assert (tmp_path / "cohort_results/tables/bouts.csv").is_file()


def test_a_project_may_have_its_store_at_a_url(any_url: str, tmp_path: Path) -> None:
    url, lab = any_url, Lab.make(tmp_path / "lab")
    out = url.rpartition("/")[0]
    lab.project.write_text(lab.project.read_text() + f"out: {out}\n")
    first, again = lab.run(), lab.run()
    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    assert url in first.output
    assert "tables: 4 kept" in again.output
    assert sorted(p.name for p in lab.folder.iterdir()) == [
        "animals.csv", "project.yaml", "results", "tracks",
    ]  # fmt: skip
    made = ["cleaning", "summary", "tables"]
    assert sorted(p.name for p in (lab.folder / "results").iterdir()) == made
    check(url)


def test_a_server_that_cannot_be_used_is_said(
    s3: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    result = invoke("info", "s3://nobodys-bucket/x.zarr")
    assert result.exit_code == 1
    assert "there is no bucket 'nobodys-bucket'" in result.output
    closed = run_python("import ethoflow as ef; ef.open('s3://lab/x.zarr')")
    assert "no Zarr store" in closed.stderr
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    unheard = run_python(
        "import ethoflow as ef\ntry: ef.open('s3://lab/x.zarr')\nexcept ef.DataError as e: print(e)"
    )
    assert "s3://lab/x.zarr/zarr.json cannot be used" in unheard.stdout
