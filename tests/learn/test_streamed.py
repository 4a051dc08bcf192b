"""Networks that learn from tracks on disk: what is read of them, and that it comes to the same."""

from __future__ import annotations

import numpy as np
import pytest

import ethoflow as ef
from ethoflow.learn.choices import Choices
from ethoflow.learn.preparing import prepare
from ethoflow.learn.samples import labelled
from ethoflow.learn.streaming import LabelledPieces, put_on_disk, spaced
from ethoflow.networks.shelf import Folder, Stored
from tests.learn.worlds import as_labels, bursts

torch = pytest.importorskip("torch", reason="networks need PyTorch")

SMALL = {"networks": 1, "steps": 24, "width": 16, "every": 12, "rate": 0.01}


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    from ethoflow.networks import streams

    monkeypatch.setattr(streams, "ROOM", 1000)
    monkeypatch.setattr(streams, "FEWEST", 2)


@pytest.fixture(scope="module")
def long_world():
    """Two recordings; of the second the middle has no labels."""
    poses, labels = bursts(2, n_frames=5000)
    running = labels.running.values.copy()
    running[1, :, 100:4900] = np.nan
    return poses, as_labels(poses, running)


def test_pieces_are_read_as_the_tracks_are(long_world):
    learnt = prepare(*long_world, None, Choices(model="tcn", settings=SMALL, folds=0))
    tracks = put_on_disk(learnt.tracks, Folder())
    assert all(isinstance(track.x, Stored) for track in tracks)
    masks = labelled(tracks, ["running"])
    look = 20
    pieces = LabelledPieces.of(tracks, masks, ["running"], look)
    assert [(t, f) for t, f in zip(pieces.track, pieces.first, strict=True)] == [
        (0, 0), (0, 2048), (0, 4096), (1, 0), (1, 4096),
    ]  # fmt: skip
    order = np.array([4, 0, 2])
    read = pieces.read(order)
    again = pieces.taken(order).read(np.arange(3))
    for name, array in read.items():
        np.testing.assert_array_equal(array, again[name])
    for row, piece in enumerate(order):
        number, first = pieces.track[piece], pieces.first[piece]
        x, said = learnt.tracks[number].x, learnt.tracks[number].states["running"]
        frames = first - look + np.arange(pieces.longest)
        there = (frames >= 0) & (frames < x.shape[1])
        np.testing.assert_array_equal(read["x"][row][:, there], x[:, frames[there]])
        assert np.isnan(read["x"][row][:, ~there]).all()
        inner = there.copy()
        inner[:look] = inner[len(inner) - look :] = False
        own = np.where(masks[number], said, -1)[frames[inner]]
        np.testing.assert_array_equal(read["y"][row, 0, inner], np.where(own < 0, np.nan, own))
        assert np.isnan(read["y"][row, 0, ~inner]).all()


def test_frames_for_scales_are_spread_over_all_tracks():
    masks = [np.arange(1000) % 3 > 0, np.arange(500) > 250, np.zeros(20, bool)]
    places = spaced(masks, most=100)
    assert sum(map(len, places)) == pytest.approx(100, abs=20)
    for own, mask in zip(places, masks, strict=True):
        assert mask[own].all()
    assert all(map(np.array_equal, spaced(masks, most=10**6), map(np.flatnonzero, masks)))


def test_what_is_streamed_is_learnt_and_chunks_do_not_show(long_world, little_room):
    poses, labels = long_world
    made = [
        ef.learn.fit(data, labels, model="tcn", settings=SMALL, folds=0)
        for data in (poses, poses.chunk(time=700))
    ]
    assert made[0].digest == made[1].digest
    assert "passes" in made[0].training
    found = made[0].predict(poses)
    whole = bursts(2, n_frames=5000)[1]
    assert float((found.running == whole.running).mean()) > 0.95


def test_a_tested_fold_is_scored_by_tracks_on_disk(little_room):
    world = bursts()
    streamed = ef.learn.fit(*world, model="tcn", settings=SMALL, folds=2)
    assert streamed.scores.set_index("measure").value["f1"] > 0.95


def test_the_data_have_one_fingerprint_wherever_they_lie(monkeypatch, long_world):
    from ethoflow.networks import streams

    quick = {**SMALL, "steps": 2}
    given = {"model": "tcn", "settings": quick, "folds": 0}
    one = ef.learn.fit(*long_world, **given)
    monkeypatch.setattr(streams, "ROOM", 1000)
    assert ef.learn.fit(*long_world, **given).trained_on == one.trained_on
