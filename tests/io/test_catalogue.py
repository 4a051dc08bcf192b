"""The catalogue: it saves reading, never changes an answer, and what is odd counts as nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ethoflow.engine.materialise import write
from ethoflow.io import catalogue as module
from ethoflow.io import reader as reader_module
from ethoflow.io import scan as scan_module
from ethoflow.io.catalogue import Catalogue, header_of, made_with, row_of
from ethoflow.io.cohort import open_cohort, read_cohort
from ethoflow.io.options import Options
from ethoflow.io.scan import scan
from ethoflow.io.stack import Counts, Header, Tracks
from ethoflow.schema import DataError


@pytest.fixture
def folder(tmp_path, make_table):
    """Three recordings; their stamps are trusted at once."""
    folder = tmp_path / "tracks"
    folder.mkdir()
    for seed, name in enumerate("abc"):
        make_table(seed=seed).to_csv(folder / f"{name}.csv")
    return folder


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, "SETTLED", 0)


@pytest.fixture
def looked(monkeypatch):
    """Names of the files that are read."""
    names: list[str] = []
    look = scan_module._look

    def watched(path, *rest):
        names.append(path.name)
        return look(path, *rest)

    monkeypatch.setattr(scan_module, "_look", watched)
    return names


@pytest.fixture
def again(tmp_path, looked):
    """Scan with a catalogue kept in a file; gives the result and which files were read."""

    def scanned(paths, options=Options(), **more):  # noqa: B008
        looked.clear()
        kept = Catalogue.read(tmp_path / "files.json")
        result = scan(paths, options, catalogue=kept, **more)
        kept.save(tmp_path / "files.json")
        return result, sorted(looked)

    return scanned


def test_unchanged_files_are_not_read_and_the_answer_is_the_same(folder, again):
    steps = []
    first, read_first = again(folder / "*.csv")
    second, read_second = again(folder / "*.csv", progress=lambda *step: steps.append(step))
    assert read_first == ["a.csv", "b.csv", "c.csv"]
    assert read_second == []
    assert repr(second) == repr(first) == repr(scan(folder / "*.csv"))
    assert steps == [(3, 3)]


def test_only_what_is_new_or_changed_is_read(folder, again, make_table):
    again(folder / "*.csv")
    make_table(seed=7).to_csv(folder / "d.csv")
    make_table(seed=8, n_frames=9).to_csv(folder / "b.csv")
    (headers, _), read = again(folder / "*.csv")
    assert read == ["b.csv", "d.csv"]
    assert [h.n_frames for h in headers] == [6, 9, 6, 6]
    assert again(folder / "*.csv")[1] == []


def test_a_time_that_was_set_back_does_not_fool_it(folder, again):
    again(folder / "*.csv")
    path = folder / "a.csv"
    before, text = path.stat(), path.read_text()
    changed = text.replace("nose", "ears")
    assert len(changed) == len(text)
    path.write_text(changed)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    now = path.stat()
    assert (now.st_size, now.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    (headers, _), read = again(path)
    assert read == ["a.csv"]
    assert "ears" in headers[0].bodyparts


def test_a_file_moved_over_another_is_seen(folder, again):
    again(folder / "*.csv")
    before = (folder / "a.csv").stat()
    text = (folder / "a.csv").read_text().replace("nose", "ears")
    (folder / "new").write_text(text)
    os.utime(folder / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (folder / "new").replace(folder / "a.csv")
    assert again(folder / "*.csv")[1] == ["a.csv"]


def test_a_fresh_file_is_not_trusted(folder, again, monkeypatch):
    """As in git: a second change within a tick of the clock would bear the same stamp."""
    monkeypatch.setattr(module, "SETTLED", 2_000_000_000)
    again(folder / "*.csv")
    assert again(folder / "*.csv")[1] == ["a.csv", "b.csv", "c.csv"]
    for path in folder.iterdir():
        os.utime(path, (1e9, 1e9))
    assert again(folder / "*.csv")[1] == ["a.csv", "b.csv", "c.csv"]  # ctime is that of now
    monkeypatch.setattr(module, "SETTLED", 0)
    again(folder / "*.csv")
    assert again(folder / "*.csv")[1] == []


def test_a_file_that_changes_while_it_is_looked_at(folder, again, monkeypatch):
    look = scan_module._look

    def slow(path, *rest):
        found = look(path, *rest)
        if path.name == "a.csv":
            path.write_text(path.read_text() + "\n")
        return found

    monkeypatch.setattr(scan_module, "_look", slow)
    again(folder / "*.csv")
    monkeypatch.setattr(scan_module, "_look", look)
    kept = Catalogue.read(folder.parent / "files.json")
    asked = module.question(Options(), None)
    assert [kept.find(folder / f"{n}.csv", asked) is None for n in "abc"] == [True, False, False]


def test_options_and_rates_are_part_of_the_question(folder, again):
    again(folder / "*.csv")
    everything = ["a.csv", "b.csv", "c.csv"]
    assert again(folder / "*.csv", Options(repeats="first"))[1] == everything
    assert again(folder / "*.csv", Options(repeats="first"))[1] == []
    assert again(folder / "*.csv", Options(repeats="first"), fps=25)[1] == everything
    assert again(folder / "*.csv", Options(repeats="first"), fps="video")[1] == everything


def test_a_video_that_appears_changes_or_goes(real_data, tmp_path, again):
    source = real_data / "vame-one-recording-4-formats/tests_project_sample_data"
    table, video = tmp_path / "m1DLC_net.csv", tmp_path / "m1.mp4"
    shutil.copy(source / "cropped_video.csv", table)
    (headers, _), _ = again(table)
    assert headers[0].video_fps is None
    shutil.copy(source / "cropped_video.mp4", video)
    (headers, _), read = again(table)
    assert read == [table.name]
    assert headers[0].video_fps == 25
    assert any("m1.mp4 749" in note for note in headers[0].notes)
    assert again(table)[1] == []
    video.write_bytes(b"no video")
    (headers, _), read = again(table)
    assert read == [table.name]
    assert headers[0].video_fps is None
    video.unlink()
    assert again(table)[1] == [table.name]


def test_refusals_are_not_remembered(folder, again):
    (folder / "broken.csv").write_text("scorer,a\nbodyparts,b\n")
    again(folder / "*.csv")
    (_, problems), read = again(folder / "*.csv")
    assert read == ["broken.csv"]
    assert "broken.csv" in problems[0].path


def test_names_and_twins_are_compared_anew(folder, again):
    again([folder / "a.csv"])
    again([folder / "b.csv"])
    (folder / "sub").mkdir()
    shutil.copy(folder / "a.csv", folder / "sub/a.csv")
    shutil.copy(folder / "a.csv", folder / "sub/copy.csv")
    (headers, problems), _ = again(folder / "**/*.csv")
    assert "already read from" in problems[0].reason
    assert headers[-1].notes == ("its content is that of a, to the byte.",)
    (folder / "sub/a.csv").unlink()
    (folder / "a.csv").unlink()
    (headers, problems), read = again([folder / "sub/copy.csv"])
    assert not problems
    assert headers[0].notes == ()
    assert read == []


def test_formats_with_companions_or_pickles_are_looked_at_each_time(tmp_path, again):
    path = tmp_path / "trajectories.csv"
    rows = ["seconds,x1,y1", *(f"{i / 10},{i},{i}" for i in range(5))]
    path.write_text("\n".join(rows))
    again(path)
    (tmp_path / "attributes.json").write_text('{"frames_per_second": 40}')
    (headers, _), read = again(path)
    assert read == ["trajectories.csv"]
    assert headers[0].fps == 40
    unsure = {found.name for found in reader_module.readers() if not found.lasts}
    assert unsure >= {"DANNCE", "Ethoscope", "FastTrack database", "idtracker.ai CSV"}
    assert {found.name for found in reader_module.readers() if found.pickle} <= unsure


def test_numbers_that_lie_in_another_hdf5_file(tmp_path, again):
    values = np.ones((3, 2, 2))
    for name, link in (("own.h5", False), ("linked.h5", True)):
        with h5py.File(tmp_path / name, "w") as file, h5py.File(tmp_path / "far.hdf5", "w") as far:
            file["id_probabilities"] = np.ones((3, 2))
            (far if link else file)["trajectories"] = values
            if link:
                file["trajectories"] = h5py.ExternalLink("far.hdf5", "/trajectories")
    headers, problems = again(tmp_path / "*.h5")[0]
    assert [Path(header.path).name for header in headers] == ["own.h5"]
    assert "in other files" in problems[0].reason
    trusted = Options(allow_links=True)
    assert again(tmp_path / "*.h5", trusted)[0][1] == []
    assert again(tmp_path / "*.h5", trusted)[1] == ["linked.h5"]


def test_a_format_declared_elsewhere_may_claim_any_file(folder, again, monkeypatch):
    again(folder / "*.csv")
    kept = reader_module._READERS
    monkeypatch.setattr(kept, "entries", dict(kept.entries))
    monkeypatch.setattr(kept, "_homes", dict(kept._homes))

    @reader_module.reader("mine", matches=lambda file: False)
    def read_mine(path: Path) -> list[Tracks]:
        raise AssertionError

    assert again(folder / "*.csv")[1] == ["a.csv", "b.csv", "c.csv"]


READ_WITH = """
import sys
from ethoflow.io.reader import readers
readers()
print(*[m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "ethoflow"], sep="\\n")
"""


def test_every_module_that_readers_read_with_counts():
    done = subprocess.run(
        [sys.executable, "-c", READ_WITH], capture_output=True, text=True, check=True
    )
    files = [Path(line) for line in done.stdout.splitlines()]
    found = {f"{file.parent.name}/{file.name}" for file in files if "engine" not in file.parts}
    assert {"schema/frames.py", "trackers/dlc_csv.py"} <= found
    assert found <= {name for name, *_ in module._own_code()}


def test_another_library_or_version_reads_again(folder, again, monkeypatch):
    again(folder / "*.csv")
    made = []
    for change in (
        lambda patch: patch.setattr(module, "FORMAT", 2),
        lambda patch: patch.setattr(module.ethoflow, "__version__", "99"),
        lambda patch: patch.setitem(sys.modules, "scipy", None),
    ):
        with monkeypatch.context() as patch:
            change(patch)
            made_with.cache_clear()
            made.append(made_with())
            assert again(folder / "*.csv")[1] == ["a.csv", "b.csv", "c.csv"]
        made_with.cache_clear()
    assert len({*made, made_with()}) == 4


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data + b" ",
        lambda data: data.replace(b'"nose"', b'"ears"'),
        lambda data: b"[]",
        lambda data: b"\xff\xfe" + data,
    ],
)
def test_a_damaged_catalogue_counts_as_empty_and_is_written_anew(folder, again, spoil):
    first, _ = again(folder / "*.csv")
    kept = folder.parent / "files.json"
    kept.write_bytes(spoil(kept.read_bytes()))
    second, read = again(folder / "*.csv")
    assert read == ["a.csv", "b.csv", "c.csv"]
    assert repr(second) == repr(first)
    assert again(folder / "*.csv")[1] == []


def test_it_is_json_and_leaves_nothing_behind(folder, again):
    (folder.parent / ".files.json.0.part").write_text("left by a run that was killed")
    again(folder / "*.csv")
    assert sorted(item.name for item in folder.parent.iterdir()) == ["files.json", "tracks"]
    content = json.loads((folder.parent / "files.json").read_bytes())["content"]
    assert sorted(Path(name).name for name in content["files"]) == ["a.csv", "b.csv", "c.csv"]
    (folder / "a.csv").unlink()
    (folder / "b.csv").write_text((folder / "b.csv").read_text() + "\n")
    again(folder / "*.csv")
    content = json.loads((folder.parent / "files.json").read_bytes())["content"]
    assert sorted(Path(name).name for name in content["files"]) == ["b.csv", "c.csv"]


def test_nothing_new_is_not_written_and_no_folder_is_made(folder, again):
    again(folder / "*.csv")
    before = (folder.parent / "files.json").stat()
    again(folder / "*.csv")
    assert (folder.parent / "files.json").stat().st_ino == before.st_ino
    kept = Catalogue()
    scan(folder / "*.csv", catalogue=kept)
    kept.save(folder / "none" / "files.json")
    assert not (folder / "none").exists()


def test_many_writers_at_once(folder, tmp_path):
    def work():
        for _ in range(20):
            kept = Catalogue()
            scan(folder / "*.csv", catalogue=kept)
            kept.save(tmp_path / "files.json")

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asked = module.question(Options(), None)
    assert Catalogue.read(tmp_path / "files.json").find(folder / "a.csv", asked)
    assert not list(tmp_path.glob(".*.part"))


_words = st.text(max_size=8)
_numbers = st.none() | st.floats()
_counts = st.integers(0, 2**62)


@settings(max_examples=200, deadline=None)
@given(
    st.builds(
        Header,
        name=_words, path=_words, part=_counts, n_frames=_counts, n_space=_counts,
        n_individuals=_counts,
        bodyparts=st.lists(_words).map(tuple), animals=st.lists(_words).map(tuple),
        fps=_numbers, source_software=_words, digest=_words,
        stamp=st.lists(_counts).map(tuple), units=_words, has_sd=st.booleans(),
        notes=st.lists(_words).map(tuple), video_fps=_numbers,
        counts=st.builds(Counts, _counts, _counts, _counts),
        marks=st.lists(_counts).map(tuple), format=_words,
    )
)  # fmt: skip
def test_headers_survive_json(header):
    back = header_of(json.loads(json.dumps(row_of(header))))
    assert repr(back) == repr(header)  # NaN differs from itself, and is written as it is
    assert type(back.counts) is Counts


def test_real_headers_survive_json(real_data):
    files = [*real_data.glob("dlc-openfield-m3v1/*.h5"), *real_data.rglob("*.slp")]
    headers, _ = scan(files)
    assert len(headers) > 4
    for header in headers:
        assert repr(header_of(json.loads(json.dumps(row_of(header))))) == repr(header)


def test_a_cohort_through_its_store(folder, tmp_path, looked, make_table):
    kept = tmp_path / "files.json"
    for expected in (3, 0):
        looked.clear()
        cohort = open_cohort(folder / "*.csv", fps=25, remembered=kept)
        cohort.catalogue.save(kept)
        assert len(looked) == expected
        assert cohort.dataset.identical(read_cohort(folder / "*.csv", fps=25))
    write(cohort.dataset, tmp_path / "c.zarr", "tracks")
    again = open_cohort(folder / "*.csv", fps=25, remembered=kept).dataset
    make_table(seed=9).to_csv(folder / "a.csv")
    with pytest.raises(DataError, match=r"a.csv: the file has changed"):
        again.position.load()


def test_only_the_content_of_a_file_counts_when_it_is_read(folder):
    ds = read_cohort(folder / "*.csv", fps=25)
    before = (folder / "a.csv").stat()
    (folder / "a.csv").chmod(0o600)
    os.utime(folder / "a.csv")
    ds.position.load()
    ds = read_cohort(folder / "*.csv", fps=25)
    text = (folder / "a.csv").read_text()
    (folder / "a.csv").write_text(text.replace("1", "2"))
    os.utime(folder / "a.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(DataError, match=r"a.csv: the file has changed"):
        ds.position.load()
