"""Results: made where something changed, kept where nothing did, removed where nothing is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow import pipeline, results, simulate, store
from ethoflow.labels.budget import time_budget
from ethoflow.stages import Job
from ethoflow.stages.tables import TITLE, summarise


def make(folder: Path, name: str, source: str, note: object = None) -> None:
    with results.beside(folder / name) as part:
        part.write_text(f"made from {source}")
    results.record(folder, name, source, note)


def test_only_what_changed_is_stale(tmp_path):
    folder = tmp_path / "tables"
    wanted = {"a.csv": "1", "b.csv": "2"}
    assert results.stale(folder, wanted) == ["a.csv", "b.csv"]
    for name, source in wanted.items():
        make(folder, name, source)
    assert results.stale(folder, wanted) == []
    assert results.stale(folder, {"a.csv": "1", "b.csv": "3", "c.csv": "4"}) == ["b.csv", "c.csv"]


def test_a_file_that_is_gone_or_was_changed_is_stale(tmp_path):
    wanted = {"a.png": "1", "b.png": "1", "c.png": "1"}
    for name, source in wanted.items():
        make(tmp_path, name, source)
    (tmp_path / "a.png").unlink()
    (tmp_path / "b.png").write_text("changed")
    os.utime(tmp_path / "c.png", (1e9, 1e9))
    assert results.stale(tmp_path, wanted) == ["a.png", "b.png", "c.png"]


def test_only_what_was_made_and_left_alone_is_removed(tmp_path):
    for name in ("old.png", "mine.png", "kept.png"):
        make(tmp_path, name, "1")
    (tmp_path / "mine.png").write_text("drawn over by hand")
    (tmp_path / "theirs.png").write_text("not of ours")
    results.remove_others(tmp_path, {"kept.png": "2", "new.png": "3"})
    names = {"mine.png", "kept.png", "theirs.png", results.RECORD}
    assert {item.name for item in tmp_path.iterdir()} == names
    results.remove_others(tmp_path, {})
    assert {item.name for item in tmp_path.iterdir()} == names - {"kept.png"}
    results.remove_others(tmp_path / "none", {})
    assert not (tmp_path / "none").exists()


def test_halves_of_killed_runs_are_removed(tmp_path):
    def stop(part: Path) -> None:
        part.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), results.beside(tmp_path / "a.png") as part:
        stop(part)
    assert list(tmp_path.iterdir()) == []
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / part.name.replace(f"-{os.getpid()}.", f"-{ended.pid}.")).write_text("left")
    being_written = tmp_path / part.name
    being_written.write_text("of this process")
    results.remove_others(tmp_path, {"a.png": "1"})
    assert list(tmp_path.iterdir()) == [being_written]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a.csv": 1}', '{"a.csv": {"source": "1"}}'])
def test_a_damaged_record_makes_all_anew_and_removes_nothing(tmp_path, text):
    make(tmp_path, "a.csv", "1")
    (tmp_path / results.RECORD).write_text(text)
    results.remove_others(tmp_path, {})
    assert (tmp_path / "a.csv").exists()
    assert results.stale(tmp_path, {"a.csv": "1"}) == ["a.csv"]
    assert results.note_of(tmp_path, "a.csv") is None
    make(tmp_path, "a.csv", "1", note=[1, None])
    assert results.note_of(tmp_path, "a.csv") == [1, None]


def test_a_record_cannot_lead_out_of_its_folder(tmp_path):
    folder = tmp_path / "tables"
    make(folder, "a.csv", "1")
    (tmp_path / "far.csv").write_text("far")
    found = (tmp_path / "far.csv").stat()
    row = {"source": "1", "stamp": [found.st_size, found.st_mtime_ns], "note": None}
    (folder / results.RECORD).write_text(json.dumps({"../far.csv": row}))
    results.remove_others(folder, {})
    assert (tmp_path / "far.csv").exists()


class Quiet:
    """A report that keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, text: str, did: str = "") -> None:
        self.said.append(text + did)

    warn = say

    @contextmanager
    def track(self, task: str):
        yield lambda done, total: None


@pytest.fixture
def labelled(tmp_path):
    """A store with poses and labels of two recordings."""
    simulation = simulate.simulate_cohort(2, duration="20 s", seed=3)
    path = tmp_path / "c.zarr"
    ef.write(simulation.tracks, path, "tracks")
    job = Job(path, tmp_path, Quiet())
    pipeline.run_one("poses", job, {"px_per_mm": 1.6})
    pipeline.run_one("rules", job, {"rules": ["moving", "immobile"]})
    return path


def write_tables(path: Path, folder: Path, report: Quiet) -> tuple[pd.DataFrame, list[Path]]:
    """Run the stage of the tables; the budget it shows, and its files."""
    made = pipeline.run_one("tables", Job(path, folder, report))
    files = [folder / "tables" / name for name in made.files["tables"]]
    return pd.DataFrame(made.tables.get(TITLE)), files


def draw_pictures(path: Path, folder: Path, report: Quiet, most: int = 12) -> list[Path]:
    """Run the stage of the pictures; its files."""
    made = pipeline.run_one("pictures", Job(path, folder, report), {"recordings": most})
    return [folder / "pictures" / name for name in made.files["pictures"]]


def stamps(paths: list[Path]) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in paths}


def test_tables_are_written_once_and_the_budget_stays_the_same(labelled, tmp_path):
    folder, report = tmp_path / "tables", Quiet()
    first, paths = write_tables(labelled, tmp_path, report)
    before = stamps(paths)
    second, again = write_tables(labelled, tmp_path, report)
    assert again == paths
    assert stamps(paths) == before
    assert report.said == [
        "tables: 4 written",
        "tables: 4 kept, as what they show has not changed",
    ]
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    anew = summarise(time_budget(ef.open(labelled, "labels/rules")))
    pd.testing.assert_frame_equal(second, anew, check_exact=True, check_dtype=False)
    (folder / "bouts.csv").unlink()
    write_tables(labelled, tmp_path, report)
    changed = {name for name, inode in stamps(paths).items() if inode != before[name]}
    assert changed <= {"bouts.csv"}
    assert report.said[-1].startswith("tables: 1 written, 3 kept")


def test_other_labels_make_other_tables(labelled, tmp_path):
    write_tables(labelled, tmp_path, Quiet())
    job = Job(labelled, tmp_path, Quiet())
    keys = {"rules": ["moving"], "parameters": {"moving": {"min_speed": 200.0}}}
    pipeline.run_one("rules", job, keys)
    budget, _ = write_tables(labelled, tmp_path, Quiet())
    anew = summarise(time_budget(ef.open(labelled, "labels/rules")))
    pd.testing.assert_frame_equal(budget, anew, check_exact=True, check_dtype=False)
    store.drop_group(str(labelled), "labels/rules")
    assert write_tables(labelled, tmp_path, Quiet())[1] == []
    assert [item.name for item in (tmp_path / "tables").iterdir()] == [results.RECORD]


def test_pictures_are_drawn_once_and_go_with_their_recordings(labelled, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "fingerprint", lambda path, group, recording=None: f"{recording}")
    folder, report = tmp_path / "pictures", Quiet()
    paths = draw_pictures(labelled, tmp_path, report)
    assert len(paths) == 8
    assert all(path.stat().st_size for path in paths)
    before = stamps(paths)
    (folder / "trajectories_session_00.png").unlink()
    (folder / "photo.png").write_text("of somebody else")
    assert draw_pictures(labelled, tmp_path, report) == paths
    after = stamps(paths)
    assert {name for name in after if after[name] != before[name]} <= {
        "trajectories_session_00.png"
    }
    assert report.said[-1].startswith("pictures: 1 drawn, 7 kept")
    kept = draw_pictures(labelled, tmp_path, report, most=1)
    assert len(kept) == 4
    assert {item.name for item in folder.iterdir()} == {
        *(path.name for path in kept), "photo.png", results.RECORD,
    }  # fmt: skip
    monkeypatch.setattr(ef, "__version__", "99")
    draw_pictures(labelled, tmp_path, report, most=1)
    assert report.said[-1] == "pictures: 4 drawn"


NOTHING_TO_DO = """
import sys
from contextlib import contextmanager
from pathlib import Path
from ethoflow import pipeline
from ethoflow.stages import Job

class Report:
    def say(self, text, did=""): print(text + did)
    warn = say
    @contextmanager
    def track(self, task):
        yield lambda done, total: None

path, folder = map(Path, sys.argv[1:])
pipeline.run_one("tables", Job(path, folder, Report()))
pipeline.run_one("pictures", Job(path, folder, Report()))
heavy = ("holoviews", "hvplot", "bokeh", "matplotlib", "pyarrow.parquet", "panel")
print([name for name in heavy if name in sys.modules])
"""


def test_with_nothing_to_do_no_heavy_library_is_imported(labelled, tmp_path):
    write_tables(labelled, tmp_path, Quiet())
    draw_pictures(labelled, tmp_path, Quiet())
    command = [sys.executable, "-W", "ignore", "-c", NOTHING_TO_DO, str(labelled), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "tables: 4 kept, as what they show has not changed",
        "pictures: 8 kept, as what they show has not changed",
        "[]",
    ]


def test_regions_and_categories_are_not_taken_together() -> None:
    ds = ef.simulate.still_then_running()
    state = (ef.features.speed(ds).isel(bodypart=0, drop=True) > 50).astype("float32")
    state.attrs = {"kind": "category", "flag_values": [0, 1], "flag_meanings": "rest run"}
    inside = xr.concat([state == 1, state == 0, state >= 0], "region").astype("float32")
    inside = inside.assign_coords(region=["left", "right", "all"]).assign_attrs(kind="label")
    labels = xr.Dataset({"state": state, "inside": inside.transpose(..., "time")}, attrs={})
    shown = summarise(time_budget(labels.assign_coords(ds.coords)))
    shares = shown.set_index(["behaviour", "region", "category"]).share
    assert shares["inside", "all", ""] == 1
    assert shares["inside", "left", ""] + shares["inside", "right", ""] == pytest.approx(1)
    assert shares["state", "", "rest"] + shares["state", "", "run"] == pytest.approx(1)
