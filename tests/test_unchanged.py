"""A run with nothing to do: it says so at once, and never where something is to be done."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from click.testing import Result
from typer.testing import CliRunner

import ethoflow as ef
from ethoflow import pipeline, simulate, store, unchanged
from ethoflow.cli import app
from ethoflow.io import catalogue
from ethoflow.stages import Stage
from ethoflow.unchanged import NOTE, STORE, Note

NOTHING = "nothing has changed since the last run"
LATER = 3_600 * 10**9
"""A run that began that much later trusts the stamps of files that were written just now."""


def run(file: Path, later: int = LATER) -> Result:
    result = CliRunner().invoke(app, ["run", str(file)], obj=time.time_ns() + later)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def make_project(folder: Path, more: str = "") -> Path:
    """A small project as a lab has it, with a video and times of a camera."""
    simulation = simulate.simulate_cohort(2, duration="6 s", seed=5)
    paths = simulate.write_dlc(simulation.tracks, folder / "tracks")
    n_frames = int(simulation.tracks.sizes["time"])
    (folder / "times.txt").write_text("\n".join(f"{i / 25:.3f}" for i in range(n_frames)))
    rows = [f"{path.stem},{name},times.txt" for path, name in zip(paths, "ab", strict=True)]
    (folder / "animals.csv").write_text("\n".join(["recording,strain,timestamps", *rows, ""]))
    arena = simulation.arena
    (folder / "project.yaml").write_text(
        "tracks: tracks/*.csv\nfps: 25\nmetadata: animals.csv\n"
        f"arena: circle {arena.x} {arena.y} {arena.radius} px = {arena.size}\n"
        f"rules: [moving, climbing]\npictures: {{recordings: 0}}\ncleaning: {{pictures: 0}}\n{more}"
    )
    return folder / "project.yaml"


@pytest.fixture(scope="module", autouse=True)
def trusting() -> Iterator[None]:
    """Files need not be old to be remembered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "SETTLED", 0)
        yield


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = make_project(tmp_path_factory.mktemp("lab"))
    assert run(file).exit_code == 0
    return file


@pytest.fixture
def note(project: Path) -> Note:
    """The note of the project as if its last run had just ended."""
    found = Note.read(project.parent / "results" / STORE / NOTE)
    assert found is not None
    seen = {
        **unchanged.look_at_inputs(found.inputs)[0],
        **unchanged.look_at_code(found.modules)[0],
        **unchanged.look_at_outputs(found.outputs),
    }
    assert seen.keys() == found.seen.keys()
    found = replace(found, seen=seen)
    (project.parent / "results" / STORE / NOTE).write_bytes(found.to_bytes())
    assert unchanged.unchanged(project) == found.shown
    return found


def test_the_report_is_that_of_the_last_run(tmp_path: Path) -> None:
    file = make_project(tmp_path)
    first = run(file)
    again = run(file)
    assert NOTHING not in first.output
    assert NOTHING in again.output
    ends = [
        [
            line
            for line in done.output.split("\nwritten:")[1].splitlines()
            if "pictures:" not in line
        ]
        for done in (first, again)
    ]
    assert ends[0] == ends[1]
    said = [line for line in again.output.splitlines() if line.startswith(("poses", "labels"))]
    assert all(line in first.output and "written" not in line for line in said)
    assert len(said) == 3


def test_a_changed_arena_changes_the_labels(tmp_path: Path) -> None:
    file = make_project(tmp_path)
    path = tmp_path / "results" / STORE
    assert run(file).exit_code == 0
    before = ef.open(path, "labels/rules").moving.values
    text = file.read_text()
    size = text[text.index("px = ") + 5 :].splitlines()[0]
    file.write_text(text.replace(f"px = {size}", "px = 40 mm"))
    assert NOTHING not in run(file).output
    after = ef.open(path, "labels/rules").moving.values
    assert not np.array_equal(before, after, equal_nan=True)
    # What the last run replaced is taken away by the next one, so that one has to look.
    assert NOTHING not in run(file).output
    assert NOTHING in run(file).output


IN_A_PROCESS = """
import sys
sys.argv[:1] = ["ethoflow"]
from ethoflow.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code
heavy = ("dask", "xarray", "zarr", "pandas", "numpy", "pint", "filelock", "ethoflow.stages")
print([name for name in heavy if name in sys.modules])
"""


def run_apart(file: Path) -> str:
    """What a process of its own says, that of the folder in which the project lies."""
    command = [sys.executable, "-c", IN_A_PROCESS, "run", file.name]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=file.parent)
    return done.stdout


def test_with_nothing_to_do_nothing_large_is_imported(tmp_path: Path) -> None:
    """Even where the tracks are new, and the results lie where Python looks for code."""
    file = make_project(tmp_path)
    outputs = [run_apart(file) for _ in range(2)]
    assert NOTHING not in outputs[0]
    assert NOTHING in outputs[1]
    assert outputs[1].splitlines()[-1] == "[]"


def make_full_project(folder: Path) -> Path:
    """A project that says all that a project may say of tracks, poses and what is made of them."""
    ds = simulate.simulate_cohort(1, duration="6 s", seed=5).tracks.drop_vars("role")
    corners = np.array([[0.0, 0.0], [640.0, 0.0], [640.0, 640.0], [0.0, 640.0]])
    fixed = ds.isel(bodypart=slice(4)).assign_coords(bodypart=["tl", "tr", "br", "bl"])
    fixed.position[:] = corners[..., np.newaxis]
    simulate.write_dlc(xr.concat([ds, fixed], "bodypart"), folder / "tracks")
    name = str(ds.recording.values[0])
    a, b = map(str, ds.individual.values)
    (folder / "edits.csv").write_text(f"recording,start,stop,a,b\n{name},1,2,{a},{b}\n")
    (folder / "regions.csv").write_text("region,shape\nnest,circle 60 60 50 px\n")
    (folder / "animals.csv").write_text(f"recording,strain\n{name},a\n")
    (folder / "project.yaml").write_text(
        "tracks: tracks/*.csv\nfps: 25\nmetadata: animals.csv\nrules: [moving]\n"
        "arena: polygon from tl, tr, br, bl = 400 mm\nregions: regions.csv\n"
        "identities: edits.csv\nfind_swaps: true\nsummary: {bin: 2 s}\n"
        "windows: {features: [speed], window: [0.2 s], statistic: [mean]}\n"
        "clean: {max_speed: auto, n_deviations: 5, max_stretch: 3, min_points: 2, fill: kalman, "
        "smoothing: polynomial}\ntables: {bin: 2 s, wide: [share]}\n"
        "cleaning: {pictures: 1}\npictures: {recordings: 1}\n"
    )
    return folder / "project.yaml"


def test_every_key_keeps_the_shortcut(tmp_path: Path) -> None:
    file = make_full_project(tmp_path)
    first, again = run(file), run(file)
    assert first.exit_code == 0
    assert NOTHING not in first.output
    assert NOTHING in again.output
    for kind in ("identities", "cleaning", "summary", "windows"):
        assert f"{kind}:" in again.output or f"/{kind}/" in again.output
    note = Note.read(tmp_path / "results" / STORE / NOTE)
    assert note is not None
    seen = unchanged.look_at_outputs(note.outputs)
    for made in ("summary/summary.csv", "cleaning/cleaning.csv", "identities/suspects.csv"):
        flip(tmp_path / "results" / made)
        before, seen = seen, unchanged.look_at_outputs(note.outputs)
        assert seen["results"] != before["results"]
    tables = unchanged.look_at_inputs(note.inputs)[0]["tables"]
    for watched in ("edits.csv", "regions.csv"):
        flip(tmp_path / watched)
        before_tables, tables = tables, unchanged.look_at_inputs(note.inputs)[0]["tables"]
        assert tables != before_tables


# --- each thing that counts ---------------------------------------------------------------------


def replace_text(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def a_chunk(lab: Path, array: str = "labels/rules/moving") -> Path:
    return next(
        p for p in sorted((lab / "results" / STORE / array / "c").rglob("*")) if p.is_file()
    )


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    """Other content of the same size at the same time of change."""
    data, found = bytearray(path.read_bytes()), path.stat()
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def replace_by_copy(path: Path) -> None:
    shutil.copy2(path, path.with_name("beside"))
    path.with_name("beside").replace(path)


def in_store(name: str) -> Callable[[Path], Path]:
    return lambda lab: lab / "results" / STORE / name


def a_record(lab: Path) -> Path:
    return next((lab / "results" / STORE / "progress" / "poses").glob("record-*.npz"))


def a_track(lab: Path) -> Path:
    return sorted((lab / "tracks").glob("*.csv"))[0]


CHANGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "another rate": (
        "project",
        lambda lab: replace_text(lab / "project.yaml", "fps: 25", "fps: 5"),
    ),
    "project gone": ("project", lambda lab: (lab / "project.yaml").rename(lab / "other.yaml")),
    "one file more": ("tracks", lambda lab: shutil.copy(a_track(lab), lab / "tracks" / "z.csv")),
    "one file less": ("tracks", lambda lab: (lab / "tracks" / "z.csv").unlink()),
    "numbers changed": ("tracks", lambda lab: flip(a_track(lab))),
    "file replaced": ("tracks", lambda lab: replace_by_copy(a_track(lab))),
    "a video": ("tracks", lambda lab: (lab / "tracks" / "session_00.MP4").write_bytes(b"video")),
    "another video": ("tracks", lambda lab: flip(lab / "tracks" / "session_00.MP4")),
    "the video gone": ("tracks", lambda lab: (lab / "tracks" / "session_00.MP4").unlink()),
    "animals": ("tables", lambda lab: replace_text(lab / "animals.csv", ",a,", ",c,")),
    "times": ("tables", lambda lab: flip(lab / "times.txt")),
    "times gone": ("tables", lambda lab: (lab / "times.txt").unlink()),
    "chunk gone": ("store", lambda lab: a_chunk(lab).unlink()),
    "chunk cut": ("store", lambda lab: cut(a_chunk(lab, "poses/position"))),
    "chunk flipped": ("store", lambda lab: flip(a_chunk(lab, "tracks/position"))),
    "chunk replaced": ("store", lambda lab: replace_by_copy(a_chunk(lab, "features/speed"))),
    "names flipped": ("store", lambda lab: flip(a_chunk(lab, "poses/bodypart"))),
    "root": ("store", lambda lab: flip(in_store("zarr.json")(lab))),
    "node": ("store", lambda lab: flip(in_store("poses/position/zarr.json")(lab))),
    "node gone": ("store", lambda lab: in_store("labels/zarr.json")(lab).unlink()),
    "copy": ("store", lambda lab: in_store("progress/state.json")(lab).unlink()),
    "catalogue": ("store", lambda lab: cut(in_store("progress/files.json")(lab))),
    "record": ("store", lambda lab: flip(a_record(lab))),
    "record gone": ("store", lambda lab: a_record(lab).unlink()),
    "journal": ("store", lambda lab: in_store("progress/tracks/journal-1.npz")(lab).touch()),
    "journal of labels": (
        "store",
        lambda lab: in_store("progress/labels%2Frules/journal-1.npz")(lab).touch(),
    ),
    "damage": ("store", lambda lab: in_store("progress/damage.json")(lab).write_text("[]")),
    "another group": ("store", lambda lab: in_store("labels/human")(lab).mkdir()),
    "table gone": ("results", lambda lab: (lab / "results/tables/bouts.csv").unlink()),
    "table edited": ("results", lambda lab: flip(lab / "results/tables/time_budget.csv")),
    "record of tables": ("results", lambda lab: flip(lab / "results/tables/.made.json")),
    "a picture record": (
        "results",
        lambda lab: (
            (lab / "results/pictures").mkdir() or (lab / "results/pictures/.made.json").touch()
        ),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_is_seen(note: Note, project: Path, change: str) -> None:
    topic, make = CHANGES[change]
    make(project.parent)
    try:
        assert unchanged.find_changes(note) == [topic]
        assert unchanged.unchanged(project) is None
    finally:
        if change == "project gone":
            (project.parent / "other.yaml").rename(project)


def test_another_python_library_or_ethoflow_is_seen(
    note: Note, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_seen() -> bool:
        return unchanged.find_changes(note) == ["code"] and unchanged.unchanged(project) is None

    with monkeypatch.context() as patch:
        patch.setattr(ef, "__version__", "99")
        assert is_seen()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version", "4")
        assert is_seen()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(tmp_path)])
        assert is_seen()
        with_path = replace(note, seen={**note.seen, **unchanged.look_at_code(note.modules)[0]})
        assert unchanged.find_changes(with_path) == []
        (tmp_path / "library-2.0.dist-info").mkdir()
        assert unchanged.find_changes(with_path) == ["code"]
    assert unchanged.find_changes(note) == []


def test_every_module_of_ethoflow_counts(
    note: Note, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "ethoflow"
    shutil.copytree(Path(ef.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(ef, "__file__", str(copy / "__init__.py"))
    here = replace(note, seen={**note.seen, **unchanged.look_at_code(note.modules)[0]})
    assert unchanged.find_changes(here) == []
    for module in ("behaviours/moving.py", "io/trackers/dlc_csv.py", "units.py"):
        flip(copy / module)
        assert unchanged.find_changes(here) == ["code"]
        here = replace(note, seen={**note.seen, **unchanged.look_at_code(note.modules)[0]})
    (copy / "behaviours" / "another.py").touch()
    assert unchanged.find_changes(here) == ["code"]


def test_modules_of_the_users_own_count(note: Note) -> None:
    assert __file__ in note.modules  # a module outside of Python, ethoflow and what is installed
    assert not any("site-packages" in file or "src/ethoflow" in file for file in note.modules)
    other = replace(note, modules=note.modules[1:])
    assert unchanged.find_changes(other) == ["modules"]


def test_while_somebody_writes_the_run_looks_for_itself(note: Note, project: Path) -> None:
    with store.writing(project.parent / "results" / STORE):
        assert unchanged.find_changes(note) == []
        assert unchanged.unchanged(project) is None
    assert unchanged.unchanged(project) is not None


def test_a_copied_project_is_another(note: Note, project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(project.parent, copy)
    assert unchanged.unchanged(project) is not None
    assert unchanged.unchanged(copy / "project.yaml") is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data.replace(b'"moving"', b'"movinh"'),
        lambda data: b"{}",
        lambda data: b"\xff" + data,
        lambda data: catalogue.seal({"format": unchanged.FORMAT}),
        lambda data: catalogue.seal({**catalogue.unseal(data), "format": 0}),
    ],
)
def test_a_damaged_note_is_none(
    note: Note, project: Path, damage: Callable[[bytes], bytes]
) -> None:
    place = project.parent / "results" / STORE / NOTE
    place.write_bytes(damage(place.read_bytes()))
    try:
        assert unchanged.unchanged(project) is None
    finally:
        place.write_bytes(note.to_bytes())


@pytest.mark.parametrize("text", ["", "a: [", "- out", "out: 5", "out: elsewhere", "\xff"])
def test_a_file_that_is_no_project_has_no_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "project.yaml").write_bytes(text.encode("latin-1"))
    assert unchanged.unchanged(tmp_path / "project.yaml") is None
    assert unchanged.unchanged(tmp_path / "none.yaml") is None


# --- where no note is left ------------------------------------------------------------------------


def has_note(file: Path) -> bool:
    return (file.parent / "results" / STORE / NOTE).exists()


def test_rules_of_the_users_own_leave_no_note(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from ethoflow import behaviour\n"
        "LIMIT = float(open('limit.txt').read()) if False else 5.0\n\n\n"
        '@behaviour(scope="individual", roles=("centre",), units={"min_speed": "mm/s"})\n'
        "def dashing(speed, *, min_speed=LIMIT):\n"
        '    """Moves fast."""\n'
        "    return (speed > min_speed).all(axis=-2)\n"
    )
    file = make_project(tmp_path, "rule_files: [own.py]\n")
    assert run(file).exit_code == 0
    assert not has_note(file)


def test_a_run_that_left_something_out_leaves_no_note(tmp_path: Path) -> None:
    file = make_project(tmp_path)
    assert run(file).exit_code == 0
    assert has_note(file)
    (tmp_path / "tracks" / "broken.csv").write_text("scorer,a\nbodyparts,b\n")
    for _ in range(2):
        done = run(file)
        assert done.exit_code == 3
        assert NOTHING not in done.output


def test_no_note_of_files_of_the_future_or_without_a_process_of_its_own(tmp_path: Path) -> None:
    file = make_project(tmp_path)
    later = time.time() + 2 * LATER / 1e9
    os.utime(a_track(tmp_path), (later, later))
    assert run(file).exit_code == 0
    assert not has_note(file)
    os.utime(a_track(tmp_path))
    assert CliRunner().invoke(app, ["run", str(file)]).exit_code == 0
    assert not has_note(file)


def test_no_note_where_code_may_have_changed_since_it_was_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "just_now.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("just_now")
    try:
        file = make_project(tmp_path)
        assert run(file, later=0).exit_code == 0
        assert not has_note(file)
    finally:
        del sys.modules["just_now"]


@pytest.mark.parametrize(
    ("name", "is_code"), [("own.py", True), ("package/__init__.py", True), ("data/a.csv", False)]
)
def test_of_a_folder_on_the_path_only_code_counts(
    note: Note, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, is_code: bool
) -> None:
    (tmp_path / "notes.txt").touch()
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    with_path = replace(note, seen={**note.seen, **unchanged.look_at_code(note.modules)[0]})
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    assert unchanged.find_changes(with_path) == (["code"] if is_code else [])


@pytest.mark.parametrize("change", ["another rate", "one file more", "times"])
def test_what_changes_during_a_run_leaves_no_note(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    run_stage = pipeline.run_stage

    def change_and_run(stage: Stage, *arguments: Any) -> Any:
        if stage.name == "features":
            CHANGES[change][1](tmp_path)
        return run_stage(stage, *arguments)

    file = make_project(tmp_path)
    monkeypatch.setattr(pipeline, "run_stage", change_and_run)
    assert run(file).exit_code == 0
    assert not has_note(file)


def test_filtered_versions_beside_the_tracks_keep_the_shortcut(tmp_path: Path) -> None:
    file = make_project(tmp_path)
    for path in sorted((tmp_path / "tracks").glob("*.csv")):
        shutil.copy2(path, path.with_name(f"{path.stem}_filtered.csv"))
    assert NOTHING not in run(file).output
    assert NOTHING in run(file).output
    next((tmp_path / "tracks").glob("*_filtered.csv")).unlink()
    assert NOTHING not in run(file).output


def test_times_in_a_file_of_another_form_of_letters_are_watched(tmp_path: Path) -> None:
    file, decomposed = make_project(tmp_path), "Ma\u0308rz.txt"
    (tmp_path / "times.txt").rename(tmp_path / decomposed)
    table = tmp_path / "animals.csv"
    table.write_text(table.read_text().replace("times.txt", "M\u00e4rz.txt"))
    assert NOTHING not in run(file).output
    assert NOTHING in run(file).output
    times = (tmp_path / decomposed).read_text().splitlines()
    moved = "\n".join(f"{float(time) + 5:.3f}" for time in times)
    (tmp_path / decomposed).write_text(moved)
    assert NOTHING not in run(file).output
    poses = ef.open(tmp_path / "results/cohort.zarr", "poses")
    assert poses.origin.values.tolist() == [5.0, 5.0]
