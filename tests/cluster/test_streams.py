"""Training on more than lies in memory: what is drawn, what is on disk, and what comes of it."""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.cluster.family import find_family
from ethoflow.cluster.pieces import cut_evenly
from ethoflow.cluster.projection import project
from ethoflow.cluster.request import COLUMN_NODE, request_columns
from ethoflow.cluster.sampling import sample
from ethoflow.cluster.streaming import steps_to_pass, with_shelf
from ethoflow.engine.lazy import compute_calls
from ethoflow.networks.shelf import Shelf
from ethoflow.networks.streams import Stream, one_turn, size_of_piece
from ethoflow.networks.stretches import split_pieces
from ethoflow.networks.training import History, seeded, train
from tests.cluster.test_training import SHORT, Line, Stop
from tests.cluster.test_training import fit as fit_line

LENGTH = 16


@dataclass
class Held:
    """Pieces in memory, read as if they were not."""

    arrays: dict[str, np.ndarray]
    recording: np.ndarray
    n_frames: np.ndarray

    @property
    def channels(self) -> dict[str, int]:
        return {name: one.shape[1] for name, one in self.arrays.items()}

    @property
    def longest(self) -> int:
        return self.arrays["x"].shape[-1]

    def read(self, pieces: np.ndarray) -> dict[str, np.ndarray]:
        return {name: one[pieces] for name, one in self.arrays.items()}

    def on_disk(self) -> Shelf:
        shelf = Shelf(self.channels, self.longest, len(self.recording))
        shelf.put(self.arrays, self.recording, self.n_frames)
        return shelf


def tagged(n_frames: list[int], recording: list[int], longest: int = 64) -> Held:
    """Pieces in which every number says its piece and its frame."""
    n = np.array(n_frames)
    frame = np.where(np.arange(longest) < n[:, None], np.arange(longest), np.nan)
    x = np.stack([frame * 0 + np.arange(len(n))[:, None], frame], axis=1).astype(np.float32)
    return Held({"x": x, "y": x[:, 1:]}, np.array(recording), n)


def stream_of(shelf: Held | Shelf, *, share: float = 0.0, balanced: bool = False, seed: int = 0,
              slots: int = 64) -> Stream:  # fmt: skip
    runs, _ = split_pieces(shelf.recording, shelf.n_frames, share=share, gap=0, seed=seed)
    chances = runs.chances(LENGTH, shelf.recording, balanced=balanced)
    generator = torch.Generator().manual_seed(seed)
    room = slots * size_of_piece(shelf)
    return Stream(shelf, runs, LENGTH, chances, generator, seed=seed, room=room)


def drawn(stream: Stream, batches: int, n: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Piece and first frame of every window; each is checked to be whole and of one piece."""
    found = []
    for _ in range(batches):
        batch = stream.draw(n)
        x = batch["x"].numpy()
        assert (x[:, 0] == x[:, 0, :1]).all()
        assert (np.diff(x[:, 1], axis=1) == 1).all()
        np.testing.assert_array_equal(batch["y"].numpy()[:, 0], x[:, 1])
        found.append(x[:, :, 0])
    stream.close()
    piece, first = np.concatenate(found).astype(int).T
    return piece, first


@given(st.lists(st.integers(0, 50), min_size=1, max_size=60).filter(any), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_a_turn_has_every_run_as_often_as_its_chance_says(weights: list[int], turn: int) -> None:
    chances = np.array(weights) / sum(weights)
    counts = np.bincount(one_turn(chances, 3, turn), minlength=len(chances))
    assert counts.sum() == len(chances)
    assert (np.abs(counts - chances * len(chances)) < 1 + 1e-6).all()
    assert (counts[chances == 0] == 0).all()


@pytest.mark.parametrize("balanced", [False, True])
def test_every_window_is_as_likely(balanced: bool) -> None:
    """Of three times as many pieces as lie in memory; longer ones come more often."""
    n_frames = [64, 40, 20] * 64
    recording = sorted([0] * 100 + [1] * 60 + [2] * 32)
    shelf = tagged(n_frames, recording)
    n = 40_000
    piece, first = drawn(stream_of(shelf, balanced=balanced), n // 100, 100)
    windows = np.array(n_frames) - LENGTH + 1
    weight = windows.astype(float)
    if balanced:
        weight /= np.bincount(recording, weight)[recording]
    weight /= weight.sum()
    found = np.bincount(piece, minlength=len(windows))
    # Windows of one visit are of one piece, and a turn has a run once more or once less.
    each = stream_of(shelf, balanced=balanced).each
    spread = np.sqrt(n * weight + each**2 * (n / each / len(weight) / 4 + 2))
    assert (np.abs(found - n * weight) < 6 * spread).all()
    groups = np.bincount(recording, found) / n
    np.testing.assert_allclose(groups, np.bincount(recording, weight), atol=0.015)
    for long in (64, 40, 20):
        own = first[np.array(n_frames)[piece] == long]
        counts = np.bincount(own, minlength=long - LENGTH + 1)
        assert len(counts) == long - LENGTH + 1
        expected = len(own) / len(counts)
        assert (np.abs(counts - expected) < 6 * np.sqrt(expected)).all()


def test_held_out_recordings_are_not_drawn() -> None:
    shelf = tagged([40] * 200, [piece // 20 for piece in range(200)])
    _, held = split_pieces(shelf.recording, shelf.n_frames, share=0.3, gap=0, seed=0)
    piece, _ = drawn(stream_of(shelf, share=0.3), 500)
    assert not set(piece) & set(held.piece)
    assert set(piece) | set(held.piece) == set(range(200))


class Slow(Held):
    """Pieces that are read late now and then."""

    def read(self, pieces: np.ndarray) -> dict[str, np.ndarray]:
        time.sleep(0.002 * (pieces[0] % 3))
        return super().read(pieces)


def test_what_is_drawn_depends_neither_on_the_disk_nor_on_how_quickly_it_is_read() -> None:
    held = tagged([40] * 150, [0] * 150)
    slow = Slow(held.arrays, held.recording, held.n_frames)
    expected = drawn(stream_of(held), 60)
    for other in (slow, held.on_disk()):
        np.testing.assert_array_equal(drawn(stream_of(other), 60), expected)


@pytest.mark.parametrize("done", [0, 5, 333])
def test_a_stream_goes_on_where_it_was(done: int) -> None:
    shelf = tagged([64] * 100, [0] * 100)
    whole = stream_of(shelf)
    for _ in range(done):
        whole.draw(8)
    again = stream_of(shelf)
    again.generator.set_state(whole.generator.get_state())
    again.seek(8 * done)
    for _ in range(30):
        assert torch.equal(whole.draw(8)["x"], again.draw(8)["x"])
    whole.close()
    again.close()


def lines() -> Held:
    """What the line of `test_training` learns, in more pieces than lie in memory."""
    x = np.random.default_rng(0).normal(size=(90, 1, 60)).astype(np.float32)
    return Held({"x": x, "y": 3 * x}, np.arange(90) // 9, np.full(90, 60))


def fit_streamed(source: Held, room: int = 0, **more: Any) -> tuple[torch.nn.Module, History]:
    with seeded(0):
        line = Line()
    return line, train(line, source, source.recording, SHORT, seed=0, room=room, **more)


def test_training_on_a_stream_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    whole, history = fit_streamed(lines())
    assert history.rows[-1]["passes"] == pytest.approx(40 * 4 * 20 / (76 * 60), rel=0.1)
    file = tmp_path / "training.npz"

    def stop(step: int, steps: int, numbers: Mapping[str, float]) -> None:
        if step > 10:
            raise Stop

    with pytest.raises(Stop):
        fit_streamed(lines(), progress=stop, checkpoint=file)
    again, second = fit_streamed(lines(), checkpoint=file)
    assert again.slope == whole.slope
    assert second.rows == history.rows


def test_a_shelf_knows_all_that_lies_on_it() -> None:
    held, other = lines(), lines()
    middle = len(other.recording) // 2
    other.arrays["x"][middle, :, 3] += 1
    assert held.on_disk().digest == lines().on_disk().digest != other.on_disk().digest


def test_what_fits_is_drawn_as_it_always_was() -> None:
    source = lines()
    in_memory, history = fit_streamed(source.on_disk(), room=10**9)
    assert "passes" not in history.rows[-1]
    plain, _ = fit_line(arrays=source.arrays, recording=source.recording)
    assert in_memory.slope == plain.slope


class Broken(Held):
    """Pieces of which one cannot be read."""

    def read(self, pieces: np.ndarray) -> dict[str, np.ndarray]:
        if 70 in pieces:
            raise OSError("the disk is gone")
        return super().read(pieces)


def test_an_error_of_reading_ends_the_training() -> None:
    held = lines()
    with pytest.raises(OSError, match="the disk is gone"):
        fit_streamed(Broken(held.arrays, held.recording, held.n_frames))


def test_a_shelf_is_gone_with_who_held_it() -> None:
    shelf = tagged([10, 20], [0, 1]).on_disk()
    place = shelf._folder.path
    assert place.is_dir()
    del shelf
    gc.collect()
    assert not place.exists()


def test_a_disk_without_room_is_said_before_anything_is_read() -> None:
    with pytest.raises(ef.DataError, match=r"free; up to .* are to be written.*TMPDIR"):
        Shelf({"x": 15}, 2048, 10**9)


@given(st.integers(0, 10_000), st.integers(1, 3000))
@settings(max_examples=50, deadline=None)
def test_recordings_are_cut_so_that_nothing_is_left(n: int, longest: int) -> None:
    cut = cut_evenly(n, longest)
    assert sum(long for _, long in cut) == n
    assert all(first + long == later for (first, long), (later, _) in pairwise(cut))
    assert all(longest // 2 <= long <= longest for _, long in cut) or len(cut) <= 1


@pytest.fixture(scope="module")
def cohort() -> xr.Dataset:
    """Four recordings of two animals and other lengths, with gaps."""
    seconds = (12, 25, 40, 18)
    made = [
        ef.simulate.simulate_recording(n_individuals=2, duration=f"{n} s", seed=n).tracks
        for n in seconds
    ]
    longest = made[2]
    rows = [
        one.pad(time=(0, longest.sizes["time"] - one.sizes["time"])).assign_coords(
            time=longest.time, recording=[f"r{row}"], n_frames=("recording", [one.sizes["time"]])
        )
        for row, one in enumerate(made)
    ]
    found = xr.concat(rows, "recording", join="override", coords="minimal", compat="override")
    found["position"][1, 0, ..., 100:160] = np.nan
    return found


def test_all_frames_of_all_animals_are_on_disk_as_they_are_looked_at(cohort: xr.Dataset) -> None:
    taken = sample(cohort)
    shelf = with_shelf(cohort, taken, "all", reads="signal", seed=0).pieces.shelf
    request = request_columns(cohort, {**taken.recipe, "fitted_on": {}})
    columns = compute_calls(request.ds, {COLUMN_NODE: request.nodes[COLUMN_NODE]})[COLUMN_NODE]
    pieces = shelf.read(np.arange(len(shelf)))["x"]
    lengths = cohort.n_frames.values
    assert shelf.n_frames.sum() == 2 * lengths.sum()
    for row in range(4):
        whole = [project(one, taken.projection) for one in columns.values[row]]
        own = np.flatnonzero(shelf.recording == row)
        for animal, place in enumerate(own):  # each is one piece: recordings are short
            n = shelf.n_frames[place]
            np.testing.assert_array_equal(pieces[place, :, :n], whole[animal][:, : lengths[row]])
            assert np.isnan(pieces[place, :, n:]).all()
    gap = pieces[shelf.recording == 1][0]
    assert np.isnan(gap[:, 100:160]).all()


def test_chunks_of_a_store_do_not_show_in_a_network_that_is_streamed(
    cohort: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ethoflow.cluster import streaming
    from ethoflow.networks import streams

    monkeypatch.setattr(streaming, "LONGEST", 60)
    monkeypatch.setattr(streams, "ROOM", 100_000)
    monkeypatch.setattr(streams, "FEWEST", 2)
    wanted = {"steps": 15, "width": 16, "length": 48, "latent": 4}
    digests = set()
    for chunk, order in ((75, [0, 1, 2, 3]), (400, [2, 0, 3, 1])):
        path = str(tmp_path / f"{chunk}.zarr")
        ef.write(cohort.isel(recording=order).chunk(time=chunk), path, "poses")
        poses = ef.open(path)["poses"]
        model = ef.cluster.fit(poses, 3, "vade", frames="all", settings=wanted)
        assert "passes" in model.training
        digests.add(model.digest)
    assert len(digests) == 1


def test_frames_that_are_asked_for_are_those_that_are_learnt_from(cohort: xr.Dataset) -> None:
    taken = sample(cohort)
    for asked in (700, 1500):
        made = with_shelf(cohort, taken, asked, reads="signal", seed=0)
        assert 0.5 * asked < made.pieces.shelf.n_frames.sum() < 1.2 * asked
        assert made.recipe["fitted_on"]["network"]["asked"] == asked
    config = find_family("masked").configure({})
    assert steps_to_pass(1500, config).steps == config.steps
    short = find_family("masked").configure({"steps": 2, "batch": 4, "length": 16})
    assert steps_to_pass(6400, short).steps == 100


def test_the_default_is_taught_on_all_frames(cohort: xr.Dataset) -> None:
    quick = {"steps": 12, "width": 16, "again": 1, "most": 4}
    found = ef.cluster.fit(cohort, 2, frames="all", max_frames=2000, settings=quick)
    network = found.fitted_on["network"]
    assert network["recordings"] == 4
    assert network["frames"] > found.fitted_on["frames"]
    labels = found.predict(cohort).cluster.values
    assert set(np.unique(labels[~np.isnan(labels)])) <= {0, 1}


def test_frames_that_cannot_be_are_refused(cohort: xr.Dataset) -> None:
    for wrong in (0, True, "most", 2.5):
        with pytest.raises(TypeError, match="a whole number, 1 or more, or 'all'"):
            ef.cluster.fit(cohort, 3, frames=wrong)
    with pytest.raises(TypeError, match="hmm trains none"):
        ef.cluster.fit(cohort, 3, "hmm", frames="all")
