"""Damage is found, named, and mended by the next run, whatever of a store it is done to."""

from __future__ import annotations

import json
import random
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
import zarr

import ethoflow as ef
from ethoflow import store
from ethoflow.store.decoded import decoded
from ethoflow.store.progress import read_record
from ethoflow.store.root import _read_state
from tests.conftest import LONG
from tests.store.lab import (
    BLOCK,
    Chunk,
    Lab,
    assert_mended,
    chunks_of,
    contents,
    documents,
    invoke,
    small_blocks,
    stamps_of,
)

AT_ONCE = 1 if LONG else 4
"""Chunks that are damaged before a run mends them: each of another variable."""


@dataclass(frozen=True)
class Whole:
    """A store without damage: the project it is from, and what it holds."""

    lab: Lab
    datasets: dict[str, xr.Dataset]
    documents: dict[str, Any]

    def check(self, lab: Lab) -> None:
        """Whether the store of another copy of the project equals it."""
        assert_mended(lab.store, self.datasets, self.documents)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch)
        lab = Lab.make(tmp_path_factory.mktemp("whole") / "lab")
        assert lab.run().exit_code == 0
        yield Whole(lab, contents(lab.store), documents(lab.store))


@pytest.fixture
def lab(whole: Whole, tmp_path: Path) -> Lab:
    return whole.lab.copy(tmp_path / "lab")


@pytest.fixture(autouse=True)
def forget() -> None:
    """Nothing that was read before hides what is damaged now."""
    clear()


def clear() -> None:
    decoded.chunks.clear()
    _read_state.cache_clear()
    read_record.cache_clear()


def flip(file: Path, rng: random.Random) -> None:
    """Change one bit of a file."""
    content = bytearray(file.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    file.write_bytes(content)


def read_ours(path: Path, chunk: Chunk) -> None:
    ef.open(path, chunk.group, warn=False)[chunk.name].load()


def read_plain(path: Path, chunk: Chunk) -> None:
    xr.open_zarr(path, group=chunk.group, chunks={})[chunk.name].load()


def choose(path: Path, count: int, rng: random.Random) -> Iterator[Chunk]:
    """Chunks of all variables and coordinates of all groups, each about as often."""
    names = sorted({(chunk.group, chunk.name) for chunk in chunks_of(path)})
    rng.shuffle(names)
    for number in range(count):
        name = names[number % len(names)]
        yield rng.choice([c for c in chunks_of(path) if (c.group, c.name) == name])


def check_found(path: Path, chunks: Sequence[Chunk], damage: Callable[[Path], None]) -> None:
    """Chunks are damaged: whoever reads one says which it is, and verifying names them all."""
    damaged = {}
    for chunk in chunks:
        content = chunk.file.read_bytes()
        damage(chunk.file)
        damaged[chunk.file] = chunk.file.read_bytes() if chunk.file.exists() else None
        clear()
        if damaged[chunk.file]:
            with pytest.raises(ValueError, match="checksum"):
                read_plain(path, chunk)
        with pytest.raises(store.DamagedChunk) as raised:
            read_ours(path, chunk)
        assert chunk.named_in(str(raised.value)), str(raised.value)
        chunk.file.write_bytes(content)
    for file, now in damaged.items():
        file.unlink() if now is None else file.write_bytes(now)
    found = store.verify(path).faults
    assert len(found) == len(chunks)
    assert all(any(chunk.named_in(str(fault)) for fault in found) for chunk in chunks)


def check_mended(whole: Whole, lab: Lab, chunks: Sequence[Chunk]) -> None:
    """The next run makes them anew, and nothing else."""
    before = stamps_of(lab.store)
    done = lab.run()
    assert done.exit_code == 0, (chunks, done.output)
    after = stamps_of(lab.store)
    # What they are made from, and what is made from them, stays.
    changed = {file for file, _ in before.items() ^ after.items()}
    folders = tuple(chunk.folder for chunk in chunks)
    assert all(file.as_posix().startswith(folders) for file in changed)
    in_blocks = {chunk.folder for chunk in chunks if chunk.row is not None}
    assert {file for file in changed if file.as_posix().startswith(tuple(in_blocks))} == {
        chunk.file for chunk in chunks if chunk.row is not None
    }
    clear()
    whole.check(lab)


def check_flips(whole: Whole, lab: Lab, count: int, *, at_once: int = 1) -> None:
    rng = random.Random(count)
    chosen = list(choose(lab.store, count, rng))
    for first in range(0, count, at_once):
        # A small array that was mended lies elsewhere than before.
        names = [(chunk.group, chunk.name, chunk.row, chunk.block) for chunk in chosen]
        there = {(c.group, c.name, c.row, c.block): c for c in chunks_of(lab.store)}
        chunks = [there[name] for name in names[first : first + at_once]]
        check_found(lab.store, chunks, lambda file: flip(file, rng))
        check_mended(whole, lab, chunks)


def test_flipped_bits_are_found_and_mended(whole: Whole, lab: Lab) -> None:
    check_flips(whole, lab, 6, at_once=6)


@pytest.mark.slow
def test_flipped_bits_of_all_variables_are_found_and_mended(whole: Whole, lab: Lab) -> None:
    check_flips(whole, lab, 40, at_once=AT_ONCE)


# --- chunks that are gone or cut --------------------------------------------------------------


def gone(file: Path) -> None:
    file.unlink()


def half(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def empty(file: Path) -> None:
    file.write_bytes(b"")


CUTS = (gone, half, empty)


@pytest.mark.parametrize("cut", CUTS)
def test_a_plain_run_finds_chunks_that_are_gone_or_cut(
    cut: Callable[[Path], None], whole: Whole, lab: Lab
) -> None:
    check_cuts(whole, lab, 6, cut, at_once=6)


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUTS)
def test_a_plain_run_finds_any_chunk_that_is_gone_or_cut(
    cut: Callable[[Path], None], whole: Whole, lab: Lab
) -> None:
    check_cuts(whole, lab, 24, cut, at_once=AT_ONCE)


def check_cuts(
    whole: Whole, lab: Lab, count: int, cut: Callable[[Path], None], *, at_once: int = 1
) -> None:
    """A run with nothing else to do finds them without anybody having looked for them."""
    chosen = list(choose(lab.store, count, random.Random(count)))
    for first in range(0, count, at_once):
        names = {(c.group, c.name, c.row, c.block) for c in chosen[first : first + at_once]}
        chunks = [c for c in chunks_of(lab.store) if (c.group, c.name, c.row, c.block) in names]
        check_found(lab.store, chunks, cut)
        (lab.store / store.PROGRESS / "damage.json").unlink(missing_ok=True)
        check_mended(whole, lab, chunks)


def test_what_is_unknown_as_a_whole_is_stored_and_missed(whole: Whole, lab: Lab) -> None:
    """A chunk in which nothing is known is damage like any other when it is gone."""
    moving = whole.datasets["labels/rules"].moving[1, :, BLOCK : 2 * BLOCK]
    assert bool(moving.isnull().all())
    for group, name in (("labels/rules", "moving"), ("poses", "position")):
        [chunk] = [
            c for c in chunks_of(lab.store)
            if (c.group, c.name, c.row, c.block) == (group, name, 1, 1)
        ]  # fmt: skip
        chunk.file.unlink()
        with pytest.raises(store.DamagedChunk, match="recording session_01.*, block 1 is gone"):
            read_ours(lab.store, chunk)
    assert len(store.verify(lab.store).faults) == 2
    lab.run()
    whole.check(lab)


def test_a_whole_group_whose_chunks_are_gone_is_made_again(whole: Whole, lab: Lab) -> None:
    for chunk in chunks_of(lab.store):
        if chunk.group == "poses":
            chunk.file.unlink()
    assert lab.run().exit_code == 0
    whole.check(lab)


# --- tracks whose files are gone --------------------------------------------------------------


def damage_tracks(lab: Lab, row: int) -> Chunk:
    [chunk] = [
        c for c in chunks_of(lab.store)
        if (c.group, c.name, c.row, c.block) == ("tracks", "position", row, 1)
    ]  # fmt: skip
    flip(chunk.file, random.Random(1))
    assert len(store.verify(lab.store).faults) == 1
    return chunk


def files_of(lab: Lab) -> list[Path]:
    return sorted((lab.folder / "tracks").glob("*.csv"))


@pytest.mark.parametrize("damage", [None, gone], ids=["flipped", "gone"])
def test_tracks_whose_file_is_gone_stay_named(
    damage: Callable[[Path], None] | None, whole: Whole, lab: Lab
) -> None:
    """Other files can be ingested; what cannot be mended is named, now and later."""
    chunk = damage_tracks(lab, 1)
    if damage is not None:
        damage(chunk.file)
    file = files_of(lab)[1]
    kept = file.rename(lab.folder / "kept.csv")
    ingest = ("ingest", *files_of(lab), "--fps", 25, "--out", lab.store)
    for _ in range(2):
        done = invoke(*ingest)
        assert done.exit_code == 0, done.output
        assert re.search(r"tracks position, recording session_01\S*, block 1 stay", done.stderr)
        clear()
        [fault] = store.verify(lab.store).faults
        assert chunk.named_in(str(fault))
    found = xr.open_zarr(lab.store, group="tracks").isel(recording=[0, 2]).load()
    expected = whole.datasets["tracks"].isel(recording=[0, 2])
    # Another command made them: of that alone the group may tell otherwise.
    xr.testing.assert_identical(found.assign_attrs(made_by=""), expected.assign_attrs(made_by=""))
    kept.rename(file)
    assert lab.run().exit_code == 0
    clear()
    whole.check(lab)


def test_other_numbers_beside_tracks_whose_file_is_gone(whole: Whole, lab: Lab) -> None:
    """What goes elsewhere when other recordings change takes the damaged along as it is."""
    chunk = damage_tracks(lab, 1)
    first, second, _ = files_of(lab)
    second.unlink()
    first.write_text(first.read_text().replace("0.9", "0.8"))
    done = invoke("ingest", first, "--fps", 25, "--out", lab.store)
    assert done.exit_code == 0, done.output
    assert "block 1 stay damaged" in done.stderr
    clear()
    [fault] = store.verify(lab.store).faults
    assert chunk.named_in(str(fault))
    tracks = ef.open(lab.store, "tracks", warn=False).isel(recording=2).position.load()
    np.testing.assert_array_equal(tracks, whole.datasets["tracks"].position[2])


def test_with_run_a_recording_whose_file_is_gone_leaves_the_store(whole: Whole, lab: Lab) -> None:
    damage_tracks(lab, 1)
    files_of(lab)[1].unlink()
    assert lab.run().exit_code == 0
    clear()
    assert not store.verify(lab.store).faults
    found = contents(lab.store)["labels/rules"]
    assert found.sizes["recording"] == 2
    expected = whole.datasets["labels/rules"].isel(recording=[0, 2])
    xr.testing.assert_identical(found.drop_attrs(), expected.drop_attrs())


# --- metadata ---------------------------------------------------------------------------------


def cut_to(tenths: int) -> Callable[[Path], None]:
    def cut(file: Path) -> None:
        content = file.read_bytes()
        file.write_bytes(content[: len(content) * tenths // 10])

    return cut


def other_shape(file: Path) -> None:
    text = re.sub(r'("shape":\[)3,', r"\g<1>2,", file.read_text(), count=1)
    assert text != file.read_text()
    file.write_text(text)


def other_attribute(file: Path) -> None:
    text = file.read_text().replace('"units":"mm"', '"units":"cm"', 1)
    assert text != file.read_text()
    file.write_text(text)


def no_attribute(file: Path) -> None:
    root = json.loads(file.read_text())
    del root["attributes"]["ethoflow"]
    file.write_text(json.dumps(root))


def no_nodes(file: Path) -> None:
    root = json.loads(file.read_text())
    del root["consolidated_metadata"]
    file.write_text(json.dumps(root))


def garbage(file: Path) -> None:
    file.write_bytes(b"PK\x03\x04\xff{[garbage" * 9)


def json_of_another_kind(file: Path) -> None:
    file.write_text('[{"a": 1}, 2]')


def one_bit(file: Path) -> None:
    flip(file, random.Random(4))


def check_metadata(
    whole: Whole, lab: Lab, file: Path, damage: Callable[[Path], None], *, found: bool = True
) -> None:
    """Opening works from the copy or says the way out; verify finds it; the next run mends it."""
    damage(file)
    clear()
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            tree = ef.open(lab.store)
            assert isinstance(tree, xr.DataTree)
            assert "labels" in tree
        except ef.DataError as error:
            assert re.search(r"Run the command again|run of the command", str(error)), str(error)
        faults = list(map(str, store.verify(lab.store).faults))
    if found:
        named = file.relative_to(lab.store).as_posix()
        assert any(named in fault for fault in faults), (named, faults)
    if file == lab.store / "zarr.json":
        assert any(issubclass(note.category, store.DamagedStore) for note in heard)
    clear()
    done = lab.run()
    assert done.exit_code == 0, (file, damage, done.output)
    clear()
    whole.check(lab)


KINDS = [other_shape, other_attribute, no_attribute, no_nodes, gone, garbage, json_of_another_kind]
"""What may become of a root document beside being cut."""


def test_damaged_metadata_of_the_root(whole: Whole, lab: Lab) -> None:
    for damage in (cut_to(5), other_shape):
        check_metadata(whole, lab, lab.store / "zarr.json", damage)


@pytest.mark.slow
def test_damage_of_any_kind_to_the_metadata_of_the_root(whole: Whole, lab: Lab) -> None:
    for damage in (*(cut_to(tenths) for tenths in range(0, 10, 1 if LONG else 3)), *KINDS):
        check_metadata(whole, lab, lab.store / "zarr.json", damage)


def test_any_flipped_bit_of_the_root_is_noticed_or_harmless(whole: Whole, lab: Lab) -> None:
    rng = random.Random(0)
    file, expected = lab.store / "zarr.json", store.read_state(lab.store)
    assert expected is not None
    content = file.read_bytes()
    for _ in range(100):
        flip(file, rng)
        clear()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", store.DamagedStore)
            found = store.read_state(lab.store)
        assert found is not None
        assert found.records == expected.records
        assert {n: found.nodes[n] for n in expected.nodes} == expected.nodes
        file.write_bytes(content)


def metadata_files(path: Path) -> list[Path]:
    progress = path / store.PROGRESS
    return [
        path / "poses" / "zarr.json",
        path / "labels" / "rules" / "moving" / "zarr.json",
        progress / "state.json",
        *sorted(progress.glob("*/record-*.npz")),
    ]


def test_damaged_metadata_of_nodes_and_records(whole: Whole, lab: Lab) -> None:
    # Of all files at once: each is mended by itself in the slow test.
    for file in metadata_files(lab.store):
        half(file)
    clear()
    with pytest.raises(ef.DataError, match="the record of how the group tracks came about"):
        ef.open(lab.store)
    assert len(store.verify(lab.store).faults) >= len(metadata_files(lab.store))
    assert lab.run().exit_code == 0
    clear()
    whole.check(lab)


@pytest.mark.slow
@pytest.mark.parametrize("damage", [gone, half, one_bit, *([empty, garbage] if LONG else [])])
def test_damaged_metadata_of_each_node_and_record(
    damage: Callable[[Path], None], whole: Whole, lab: Lab
) -> None:
    for number in range(len(metadata_files(lab.store))):
        check_metadata(whole, lab, metadata_files(lab.store)[number], damage)


NOTES = ("damage.json", "files.json", "poses/dropped.json", "poses/journal-0.npz", "writer.json")


@pytest.mark.parametrize("damage", [garbage, json_of_another_kind])
def test_garbage_in_all_notes_does_not_matter(
    damage: Callable[[Path], None], whole: Whole, lab: Lab
) -> None:
    for name in NOTES[1:]:
        damage(lab.store / store.PROGRESS / name)
    check_metadata(whole, lab, lab.store / store.PROGRESS / NOTES[0], damage, found=False)


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTES)
def test_garbage_in_notes_does_not_matter(name: str, whole: Whole, lab: Lab) -> None:
    for damage in (garbage, json_of_another_kind, empty):
        check_metadata(whole, lab, lab.store / store.PROGRESS / name, damage, found=False)


def test_both_the_metadata_and_their_copy_are_damaged(lab: Lab) -> None:
    garbage(lab.store / "zarr.json")
    garbage(lab.store / store.PROGRESS / "state.json")
    clear()
    with pytest.raises(ef.DataError, match="no copy that is whole. Move the folder away"):
        ef.open(lab.store)
    done = lab.run()
    assert done.exit_code == 1
    assert "Move the folder away" in done.stderr


def test_an_append_to_a_group_without_its_record_loses_nothing(whole: Whole, lab: Lab) -> None:
    for record in (lab.store / store.PROGRESS / "tracks").glob("record-*.npz"):
        garbage(record)
    clear()
    first = files_of(lab)[0]
    done = invoke("ingest", first, "--fps", 25, "--out", lab.store)
    assert done.exit_code == 1
    assert "holds session_01" in done.stderr
    done = invoke("ingest", *files_of(lab), "--fps", 25, "--out", lab.store)
    assert done.exit_code == 0, done.output
    lab.run()
    clear()
    whole.check(lab)


def test_other_versions_are_named(lab: Lab, tmp_path: Path) -> None:
    root = json.loads((lab.store / "zarr.json").read_text())
    own = json.loads(root["attributes"]["ethoflow"])
    root["attributes"]["ethoflow"] = json.dumps({**own, "format": 3})
    (lab.store / "zarr.json").write_text(json.dumps(root))
    clear()
    for call in (ef.open, store.verify):
        with pytest.raises(ef.DataError, match="format 3, this ethoflow reads format 2. Update"):
            call(lab.store)
    assert "Update ethoflow" in lab.run().stderr

    old = tmp_path / "old.zarr"
    for group in ("tracks", "progress/tracks"):
        xr.Dataset({"position": ("time", np.ones(3))}).to_zarr(old, group=group, mode="a")
    zarr.consolidate_metadata(str(old))
    for call in (ef.open, store.verify):
        with pytest.raises(ef.DataError, match="format 1, this ethoflow reads format 2. Ingest"):
            call(old)


# --- plain tools ------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Object at progress is not recognized")
def test_consolidating_again_changes_nothing(whole: Whole, lab: Lab) -> None:
    before = json.loads((lab.store / "zarr.json").read_text())
    zarr.consolidate_metadata(str(lab.store))
    assert json.loads((lab.store / "zarr.json").read_text()) == before
    clear()
    assert not store.verify(lab.store).faults
    ef.open(lab.store)
    assert lab.run().exit_code == 0
    whole.check(lab)


def add_own(path: Path) -> xr.Dataset:
    """Some poses as a user would keep them, in a group of the user's own."""
    poses = ef.open(path, "poses").isel(recording=[0, 2]).load().drop_encoding()
    mine = poses[["position", "confidence"]]
    mine["position"] = mine.position * 2
    mine.to_zarr(path, group="mine", mode="a")
    return mine


@pytest.mark.filterwarnings("ignore:Object at progress is not recognized")
def test_a_group_of_ones_own_is_opened_kept_and_read_from(whole: Whole, lab: Lab) -> None:
    mine = add_own(lab.store)
    found = ef.open(lab.store, "mine")
    np.testing.assert_array_equal(found.position, mine.position)
    assert found.position.attrs["units"] == "mm"
    assert list(ef.open(lab.store))[-1] in ("mine", "labels")

    labels = ef.annotate(found, ["moving"])
    assert ef.write(labels, lab.store, "labels/mine").written == 6
    assert ef.write(ef.annotate(found, ["moving"]), lab.store, "labels/mine").written == 0
    again = ef.annotate(mine, ["moving"])
    np.testing.assert_array_equal(ef.open(lab.store, "labels/mine").moving, again.moving)

    project = lab.project.read_text() + "parameters:\n  moving: {min_speed: 70 mm/s}\n"
    lab.project.write_text(project)
    assert lab.run().exit_code == 0
    np.testing.assert_array_equal(ef.open(lab.store, "mine").position, mine.position)
    np.testing.assert_array_equal(xr.open_zarr(lab.store, group="mine").position, mine.position)
    assert not store.verify(lab.store).faults

    other = mine.assign_coords(recording=["x", "y"]) + 1
    with pytest.raises(ef.DataError, match=r"there is none|record .* is none.*another group"):
        ef.write(other, lab.store, "mine")
    ef.write(mine, lab.store, "mine", keep=False)
    clear()
    np.testing.assert_array_equal(ef.open(lab.store, "mine").position, mine.position)
    assert not store.verify(lab.store).faults


@pytest.mark.filterwarnings("ignore:Object at progress is not recognized")
def test_attributes_that_others_change(whole: Whole, lab: Lab) -> None:
    """Attributes of the root are the user's; those of our groups are what was written."""
    add_own(lab.store)
    zarr.open_group(lab.store).attrs["note"] = "mine"
    clear()
    assert not store.verify(lab.store).faults
    zarr.open_group(lab.store)["poses"].attrs["note"] = "yours"
    clear()
    [fault] = store.verify(lab.store).faults
    assert str(fault).startswith("poses/zarr.json")
    ef.open(lab.store)
    zarr.consolidate_metadata(str(lab.store))
    clear()
    with pytest.warns(store.DamagedStore, match="not what was written"):
        assert "mine" in ef.open(lab.store)
    assert lab.run().exit_code == 0
    clear()
    assert not store.verify(lab.store).faults
    root = zarr.open_group(lab.store, mode="r")
    assert root.attrs["note"] == "mine"
    assert "note" not in root["poses"].attrs
    assert "mine" in root
