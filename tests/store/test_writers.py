"""Two writers never mix: one waits or is refused in a sentence, and readers see old or new."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import store
from ethoflow.simulate import simulate_cohort, write_dlc
from tests.conftest import LONG, REPOSITORY
from tests.store.lab import Lab, contents, invoke

SPEEDS = ("30 mm/s", "60 mm/s")
"""Thresholds of moving that give different labels."""

REFUSED = r"is being written by \S+ on \S+ \(process \d+, `[^`]+`, since [-\d]+ [:\d]+\)\. Wait"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    lab = Lab.make(tmp_path_factory.mktemp("made") / "lab")
    assert lab.run().exit_code == 0
    return lab


@pytest.fixture
def lab(made: Lab, tmp_path: Path) -> Lab:
    return made.copy(tmp_path / "lab")


def start(*command: object, prefix: Sequence[str] = (), **options: object) -> subprocess.Popen[str]:
    """A process of its own; what it says is kept."""
    paths = f"{REPOSITORY / 'src'}{os.pathsep}{REPOSITORY}"
    return subprocess.Popen(
        [*prefix, sys.executable, *map(str, command)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": paths}, **options,
    )  # type: ignore[call-overload,no-any-return]  # fmt: skip


def end(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit code, and what it said of what went wrong."""
    _, said = process.communicate()
    assert "Traceback" not in said, said
    return process.returncode, said


def labels_of(path: Path) -> xr.Dataset:
    return contents(path)["labels/rules"]


def expected(path: Path) -> dict[str, np.ndarray]:
    """Labels of moving under each threshold."""
    poses = ef.open(path, "poses", warn=False)
    return {
        speed: ef.annotate(poses, ["moving"], parameters={"moving": {"min_speed": speed}})
        .moving.values
        for speed in SPEEDS
    }  # fmt: skip


def which(found: np.ndarray, wanted: Mapping[str, np.ndarray]) -> str:
    """The threshold whose labels these are, all of them."""
    [speed] = [s for s, values in wanted.items() if np.array_equal(found, values, equal_nan=True)]
    return speed


def check_whole(path: Path) -> None:
    found = store.verify(path)
    assert not found.faults, list(map(str, found.faults))


def project_with(lab: Lab, speed: str, name: str) -> Path:
    """The project under another name, with another threshold."""
    project = lab.folder / f"{name}.yaml"
    text = lab.project.read_text()
    project.write_text(f"{text}parameters:\n  moving: {{min_speed: {speed}}}\n")
    return project


def check_ends(codes: Sequence[int], said: Sequence[str], *, refused: str = REFUSED) -> None:
    """Both went through, or one was refused in a sentence."""
    assert set(codes) <= {0, 1}
    assert 0 in codes
    for code, text in zip(codes, said, strict=True):
        assert code == 0 or re.search(refused, text), text


# --- two processes ----------------------------------------------------------------------------

WRITE = """
import sys, time
from pathlib import Path
import ethoflow as ef
path, speed, go = sys.argv[1:]
changed = {"moving": {"min_speed": speed}}
labels = ef.annotate(ef.open(path, "poses"), ["moving"], parameters=changed)
print("ready", flush=True)
while not Path(go).exists():
    time.sleep(0.001)
try:
    ef.write(labels, path, "labels/own")
except ef.DataError as error:
    sys.exit(f"error: {error}")
"""


def write_together(lab: Lab, number: int) -> None:
    wanted, go = expected(lab.store), lab.folder / f"go-{number}"
    running = [start("-c", WRITE, lab.store, speed, go) for speed in SPEEDS]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    go.touch()
    codes, said = zip(*map(end, running), strict=True)
    check_ends(codes, said)
    found = which(xr.open_zarr(lab.store, group="labels/own").moving.values, wanted)
    if 1 in codes:
        assert found == SPEEDS[codes.index(0)]
    check_whole(lab.store)


def run_together(lab: Lab, number: int) -> None:
    wanted = expected(lab.store)
    projects = [project_with(lab, speed, f"p{i}") for i, speed in enumerate(SPEEDS)]
    running = [start("-m", "ethoflow", "run", project) for project in projects]
    codes, said = zip(*map(end, running), strict=True)
    check_ends(codes, said)
    found = which(labels_of(lab.store).moving.values, wanted)
    if 1 in codes:
        assert found == SPEEDS[codes.index(0)]
    check_whole(lab.store)


def append_beside(lab: Lab, number: int) -> None:
    """A recording joins while the others are labelled with another threshold."""
    wanted, before = expected(lab.store), labels_of(lab.store).moving.values
    names = [name for name in ef.open(lab.store, "tracks").recording.values if "extra" not in name]
    extra = simulate_cohort(1, duration="15 s", seed=100 + number).tracks
    extra = extra.assign_coords(recording=[f"extra_{number}"])
    [file] = write_dlc(extra, lab.folder / "more" / str(number))
    project = project_with(lab, SPEEDS[number % 2], "p")
    running = [start("-m", "ethoflow", "ingest", file, "--fps", 25, "--out", lab.store)]
    # Reading files to check them needs no lock: without a pause it is always the second to ask.
    time.sleep(number % 3)
    running.append(start("-m", "ethoflow", "annotate", lab.store, "--project", project))
    codes, said = zip(*map(end, running), strict=True)
    check_ends(codes, said)
    tracks = ef.open(lab.store, "tracks", warn=False)
    assert (file.stem in tracks.recording.values) == (codes[0] == 0)
    labels = labels_of(lab.store)
    found = labels.moving.sel(recording=names).values
    if codes[1]:
        np.testing.assert_array_equal(found, before[: len(names)])
    else:
        old = {speed: values[: len(names)] for speed, values in wanted.items()}
        assert which(found, old) == SPEEDS[number % 2]
    check_whole(lab.store)


TOGETHER = [write_together, run_together, append_beside]


def test_two_processes_write_one_group(lab: Lab) -> None:
    write_together(lab, 0)


@pytest.mark.slow
@pytest.mark.parametrize("together", TOGETHER)
def test_two_commands_at_once(together: object, lab: Lab) -> None:
    for number in range(3 if LONG or together is append_beside else 2):
        together(lab, number)  # type: ignore[operator]


# --- the lock ---------------------------------------------------------------------------------

HOLD = """
import sys, time
from ethoflow import store
with store.writing(sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the store ``c.zarr``."""
    process = start("-c", HOLD, tmp_path / "c.zarr")
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_the_lock_of_a_killed_owner_is_free_at_once(
    owner: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = tmp_path / "c.zarr"
    with pytest.raises(store.StoreLocked, match=REFUSED) as refused, store.writing(path):
        pass
    assert f"(process {owner.pid}, `" in str(refused.value)
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with store.writing(path):
        written = json.loads((path / store.PROGRESS / "writer.json").read_text())
    assert written["process"] == os.getpid()


def test_who_writes_is_not_known_from_a_damaged_note(
    owner: subprocess.Popen[str], tmp_path: Path
) -> None:
    path = tmp_path / "c.zarr"
    for note in (b"", b"\xff\x00{", b"[1, 2]", b'{"user": 1}', b"7"):
        (path / store.PROGRESS / "writer.json").write_bytes(note)
        with (
            pytest.raises(store.StoreLocked, match="by another process. Wait"),
            store.writing(path),
        ):
            pass


def test_one_thread_may_write_within_its_own_lock(tmp_path: Path) -> None:
    path = tmp_path / "c.zarr"
    heard: list[str] = []

    def other() -> None:
        try:
            with store.writing(path):
                heard.append("held")
        except store.StoreLocked as error:
            heard.append(str(error))

    def ask() -> str:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return heard.pop()

    with store.writing(path):
        with store.writing(path):
            assert re.search(REFUSED, ask())
        assert re.search(REFUSED, ask())
    assert ask() == "held"
    with store.writing(path):
        pass


def test_two_threads_do_not_mix(lab: Lab) -> None:
    wanted = expected(lab.store)
    poses = ef.open(lab.store, "poses")
    refused: list[str] = []
    ready = threading.Barrier(2)

    def write(speed: str) -> None:
        labels = ef.annotate(poses, ["moving"], parameters={"moving": {"min_speed": speed}})
        ready.wait()
        try:
            ef.write(labels, lab.store, "labels/own")
        except store.StoreLocked as error:
            refused.append(str(error))

    threads = [threading.Thread(target=write, args=(speed,)) for speed in SPEEDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) <= 1
    which(ef.open(lab.store, "labels/own").moving.values, wanted)
    check_whole(lab.store)


# --- readers ----------------------------------------------------------------------------------

READ = """
import sys, warnings
from pathlib import Path
import numpy as np, xarray as xr
path, folder = map(Path, sys.argv[1:])
with np.load(folder / "wanted.npz") as found:
    wanted = {name: found[name] for name in found}
count, seen = 0, []
while not (folder / "stop").exists() or not count:
    labels = xr.open_zarr(path, group="labels/rules").load()
    for speed, values in wanted.items():
        if np.array_equal(labels.moving.values, values, equal_nan=True):
            seen.append(speed)
            break
    else:
        unknown = int((np.isnan(labels.moving.values) & ~np.isnan(values)).sum())
        sys.exit(f"neither old nor new: {unknown} unknown")
    count += 1
    (folder / "count").write_text(str(count))
    if count == 1:
        print("reading", flush=True)
print(count, len(set(seen)))
"""


def wait_for_reading(folder: Path, reader: subprocess.Popen[str]) -> None:
    """Until the reader has opened and read what is there now."""
    begun = int((folder / "count").read_text() or 0)
    # The read that is under way may have begun before the last write.
    while reader.poll() is None and int((folder / "count").read_text() or 0) < begun + 2:
        time.sleep(0.01)


def read_during(lab: Lab, rewrites: int) -> tuple[int, int]:
    """How often a reader in a loop read, and how many states it saw."""
    wanted = expected(lab.store)
    poses = ef.open(lab.store, "poses")
    rules = {
        speed: ef.annotate(poses, parameters={"moving": {"min_speed": speed}}) for speed in SPEEDS
    }
    ef.write(rules[SPEEDS[0]], lab.store, "labels/rules")
    np.savez(lab.folder / "wanted.npz", **wanted)
    reader = start("-W", "ignore", "-c", READ, lab.store, lab.folder)
    assert reader.stdout is not None
    first = reader.stdout.readline()
    for number in range(rewrites):
        ef.write(rules[SPEEDS[1 - number % 2]], lab.store, "labels/rules")
        wait_for_reading(lab.folder, reader)
    (lab.folder / "stop").touch()
    out, said = reader.communicate()
    assert first == "reading\n", said
    assert reader.returncode == 0, said
    (lab.folder / "stop").unlink()
    count, states = map(int, out.split())
    return count, states


def test_a_reader_sees_the_old_labels_or_the_new(lab: Lab) -> None:
    read_during(lab, 3)


@pytest.mark.slow
def test_a_reader_sees_the_old_labels_or_the_new_many_times(lab: Lab) -> None:
    _, states = read_during(lab, 10)
    assert states == 2


# --- places that cannot be written to, rules that fail ----------------------------------------

LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
from ethoflow.cli import main
main()
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="limits of processes are those of Unix")
@pytest.mark.parametrize("limit", [20_000, 400])
def test_a_full_disk_is_said_and_harms_nothing(limit: int, lab: Lab) -> None:
    before = contents(lab.store)
    file = sorted((lab.folder / "tracks").glob("*.csv"))[0]
    project = project_with(lab, SPEEDS[0], "other")
    whole = file.read_text()
    file.write_text(whole.replace("0.9", "0.8"))
    code, said = end(start("-c", LIMITED, limit, "run", project))
    assert code == 1
    assert re.search(r"cannot be written to \(File too large\)", said), said
    for group, ds in contents(lab.store).items():
        xr.testing.assert_identical(ds, before[group])
    check_whole(lab.store)
    file.write_text(whole)
    assert lab.run().exit_code == 0
    for group, ds in contents(lab.store).items():
        xr.testing.assert_identical(ds, before[group])
    check_whole(lab.store)


COMMANDS = """
import json, sys
from typer.testing import CliRunner
from ethoflow.cli import app
for command in json.loads(sys.argv[1]):
    done = CliRunner().invoke(app, command)
    print(json.dumps([done.exit_code, done.stderr, repr(done.exception)]))
"""


@pytest.mark.slow
def test_a_folder_that_may_only_be_read(lab: Lab) -> None:
    prefix: tuple[str, ...] = ()
    if os.name == "posix" and os.geteuid() == 0:
        # The rights of root are left behind.
        prefix = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
        if shutil.which("setpriv") is None:
            pytest.skip("root may write anywhere")
    before = contents(lab.store)
    folders = [lab.folder, *(f for f in lab.folder.rglob("*") if f.is_dir())]
    project = project_with(lab, SPEEDS[0], "other")
    for folder in folders:
        folder.chmod(0o555)
    (lab.store / store.PROGRESS / "lock").chmod(0o444)
    ingest = ("ingest", next((lab.folder / "tracks").glob("*.csv")), "--fps", 25, "--out")
    writing = (
        ("run", project),
        ("annotate", lab.store, "--project", project),
        (*ingest, lab.store),
        (*ingest, lab.folder / "n.zarr"),
    )
    reading = ("info", lab.store), ("verify", lab.store)
    commands = json.dumps([[str(word) for word in words] for words in (*writing, *reading)])
    try:
        process = start("-c", COMMANDS, commands, prefix=prefix)
        out, failed = process.communicate()
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert process.returncode == 0, failed
    *refused, info, verified = map(json.loads, out.splitlines())
    assert len(refused) == len(writing)
    for code, said, raised in refused:
        assert (code, raised) == (1, "SystemExit(1)"), said
        assert "cannot be written to (Permission denied)" in said, said
    # What is there can be read.
    assert info[0] == verified[0] == 0, (info, verified)
    for group, ds in contents(lab.store).items():
        xr.testing.assert_identical(ds, before[group])


RULE = '''
import ethoflow as ef

@ef.behaviour(roles=("centre",), units={"min_speed": "px/s"})
def fussy(speed, *, min_speed=20.0):
    """A rule that fails for recordings of 300 frames."""
    if speed.shape[-1] == 300:
        raise ZeroDivisionError("one of 300 frames")
    return speed[0] > min_speed
'''


def test_a_rule_that_fails_for_one_recording(lab: Lab) -> None:
    before = labels_of(lab.store)
    rules = lab.folder / "rules.py"
    rules.write_text(RULE)
    done = invoke("annotate", lab.store, "--project", lab.project, "--rule-file", rules)
    assert done.exit_code == 1
    assert re.search(r"fussy.*one of 300 frames.*\(recording session_01", done.stderr, re.DOTALL)
    xr.testing.assert_identical(labels_of(lab.store), before)
    check_whole(lab.store)
    assert lab.run().exit_code == 0
    xr.testing.assert_identical(labels_of(lab.store), before)
    check_whole(lab.store)
