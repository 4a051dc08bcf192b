"""What looks wrong is found where it was put, and nothing in clean tracks."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.stats.quality import share_missing, track_quality
from ethoflow.stats.survey import survey
from ethoflow.stats.suspicion import find_pieces, find_suspicious, suspect


@pytest.fixture
def walk():
    """Two animals of three points on smooth paths of their own."""
    rng = np.random.default_rng(3)
    path = np.cumsum(rng.normal(0, 1, (2, 1, 2, 400)), axis=-1)
    shape = np.array([[0, 0], [20, 0], [40, 5]])[None, :, :, None]
    return (300 + path + shape).astype(np.float32)


def tracks(position, confidence=None):
    parts = ["nose", "centre", "tailbase"][: position.shape[1]]
    return ef.from_arrays(position, fps=25, bodyparts=parts, confidence=confidence)


def test_clean_tracks_are_not_suspected(walk):
    assert find_suspicious(tracks(walk)) == []


def test_what_was_put_in_is_found(walk):
    walk[0, 1] = 55
    walk[0, 2, :, 100:200] = 0
    walk[1, 0] = np.nan
    found = find_suspicious(tracks(walk))
    assert "centre of individual_0: does not move at all." in found
    assert any(s.startswith("tailbase of individual_0: often at exactly (0, 0)") for s in found)
    assert "nose of individual_1: never seen." in found


def test_animals_that_are_absent_rare_or_the_same(walk):
    absent = walk.copy()
    absent[1] = np.nan
    assert find_suspicious(tracks(absent)) == ["individual_1: never seen."]
    absent[1, :, :, :8] = walk[1, :, :, :8]
    assert find_suspicious(tracks(absent)) == [
        "individual_1: seen in 2.0% of the frames, all between 0 s and 0.32 s of 16 s; "
        "longest absence 15.68 s."
    ]
    twins = np.concatenate([walk[:1], walk[:1]])
    assert find_suspicious(tracks(twins)) == [
        "individual_0 and individual_1: at the same place, to the digit."
    ]


def test_confidence_that_is_none_or_low(walk):
    confidence = np.full((2, 3, 400), 90.0)
    assert find_suspicious(tracks(walk, confidence)) == [
        "confidence runs from 90 to 90, not between 0 and 1."
    ]
    confidence = np.full((2, 3, 400), 0.9)
    confidence[0, 0, :300] = 0.1
    found = find_suspicious(tracks(walk, confidence))
    assert found[0].startswith("cleaning: min_confidence=0.6 takes 12.5% of the points")
    assert found[1:] == ["nose of individual_0: has a confidence under 0.6 most of the time."]


def test_jumps_are_steps_longer_than_the_animal(walk):
    walk[0, 0, 0, 50:450:50] += 100
    quality = track_quality(tracks(walk)).set_index(["individual", "bodypart"]).jumps
    assert quality["individual_0", "nose"] == pytest.approx(14 / 399)
    assert quality["individual_0", "centre"] == 0
    assert any("nose of individual_0: jumps" in s for s in find_suspicious(tracks(walk)))
    assert track_quality(tracks(walk[:, :1])).jumps.isna().all()


@pytest.mark.parametrize("chunk", [1, 7, 133, 400])
def test_chunks_do_not_show(walk, chunk):
    walk[0, 0, 0, 50:450:50] += 100
    walk[1, :, :, 90:150] = np.nan
    ds = tracks(walk)
    lazy = ds.chunk(time=chunk)
    assert find_suspicious(lazy) == find_suspicious(ds)
    assert track_quality(lazy).equals(track_quality(ds))
    found, whole = survey(lazy)[0], survey(ds)[0]
    assert (found.n_frames, found.present.tolist()) == (400, [400, 340])
    assert found.absence.tolist() == [0, 60]
    for field in fields(found):
        np.testing.assert_array_equal(getattr(found, field.name), getattr(whole, field.name))


def test_real_tracks(real_data):
    flies = ef.read(real_data / "sleap-flies/centered_pair_predictions.slp", fps=15)
    found = find_suspicious(flies)
    assert any(s.startswith("27 animals, 25 of them seen in less than 5%") for s in found)
    counted = survey(flies)[0]
    assert counted.n_frames == 1100
    assert counted.present[0] == int((~np.isnan(flies.position[0].values).any(1).all(0)).sum())


def test_a_copied_animal_is_found_though_a_point_is_never_seen(walk):
    walk[1] = walk[0]
    walk[:, 2] = np.nan
    assert "individual_0 and individual_1: at the same place, to the digit." in find_suspicious(
        tracks(walk)
    )
    walk[1, :, :, :350] = np.nan
    assert not any("same place" in text for text in find_suspicious(tracks(walk)))


def test_confidence_counts_where_the_point_was_seen(walk):
    confidence = np.full(walk.shape[:2] + walk.shape[-1:], 0.9, np.float32)
    walk[0, 0, :, :100] = np.nan
    confidence[0, 0, :100] = 0
    confidence[0, 0, 100:130] = 0.1
    quality = track_quality(tracks(walk, confidence)).set_index(["individual", "bodypart"])
    row = quality.loc[("individual_0", "nose")]
    assert row.missing == 0.25
    assert row.low_confidence == pytest.approx(0.1)
    assert find_suspicious(tracks(walk, confidence)) == []


def mouse_in_maze(rng, n_frames=6000, n_corners=12, jitter=0.5):
    """A mouse of 60 px on its way through a maze of 700 px whose corners are body parts too."""
    heading = np.cumsum(rng.normal(0, 0.1, n_frames))
    path = 350 + 250 * np.sin(np.cumsum(rng.normal(0, 0.01, (2, n_frames)), axis=-1) * 3)
    along = np.array([30, 10, -10, -30])[:, None, None]
    body = path + along * np.stack([np.cos(heading), np.sin(heading)])
    corners = rng.uniform(0, 700, (n_corners, 2, 1)) + rng.normal(
        0, jitter, (n_corners, 2, n_frames)
    )
    return np.concatenate([body, corners])[np.newaxis].astype(np.float32)


PARTS = ["nose", "neck", "centre", "tailbase", *(f"corner{i}" for i in range(12))]


@pytest.mark.parametrize("misplaced", [0.0, 0.2])
@pytest.mark.parametrize("jitter", [0.0, 0.5, 3.0])
def test_corners_of_a_maze_do_not_hide_jumps(jitter, misplaced):
    rng = np.random.default_rng(8)
    position = mouse_in_maze(rng, jitter=jitter)
    wrong = rng.random((12, 6000)) < misplaced
    position[0, 4:][wrong.nonzero()[0], :, wrong.nonzero()[1]] = rng.uniform(
        0, 700, (wrong.sum(), 2)
    )
    position[0, 0, 0, 100:6000:300] += 90
    ds = ef.from_arrays(position, fps=25, bodyparts=PARTS)
    found = survey(ds)[0]
    assert found.apart.tolist() == [[False] * 4 + [True] * 12]
    assert found.length[0] == pytest.approx(60, rel=0.35)
    assert found.jumps[0, :4].tolist() == [40, 0, 0, 0]
    for chunk in (1000, 177):
        same = survey(ds.chunk(time=chunk))[0]
        for field in fields(found):
            np.testing.assert_array_equal(getattr(found, field.name), getattr(same, field.name))


def test_who_stays_at_one_place_has_no_corners():
    rng = np.random.default_rng(9)
    position = mouse_in_maze(rng)[:, :4] * 0.01 + rng.normal(0, 0.3, (1, 4, 2, 6000)) + 300
    ds = ef.from_arrays(position.astype(np.float32), fps=25, bodyparts=PARTS[:4])
    assert not survey(ds)[0].apart.any()
    assert not survey(ds.isel(time=slice(0, 1)))[0].apart.any()


@given(data=st.data())
@settings(max_examples=25, deadline=None)
def test_where_frames_lie(data):
    """Against a walk through the frames, whatever the chunks."""
    n = data.draw(st.integers(1, 60))
    seen = np.array(data.draw(st.lists(st.booleans(), min_size=n, max_size=n)))
    position = np.where(seen, np.arange(n, dtype=np.float32), np.nan)[None, None, None].repeat(2, 2)
    ds = ef.from_arrays(position, fps=25, bodyparts=["nose"])
    found = survey(ds.chunk(time=data.draw(st.integers(1, n))))[0]
    longest = max((len(run) for run in "".join(str(int(s)) for s in seen).split("1")), default=0)
    frames = np.flatnonzero(seen)
    assert found.absence[0] == longest
    assert [found.first[0], found.last[0]] == ([frames[0], frames[-1]] if seen.any() else [-1, -1])
    assert found.present[0] == seen.sum()


def test_who_leaves_early_is_told(walk):
    walk[1, ..., 200:] = np.nan
    assert find_suspicious(tracks(walk)) == [
        "individual_1: seen in 50.0% of the frames, all between 0 s and 8 s of 16 s; "
        "longest absence 8 s."
    ]


def test_the_threshold_is_that_of_the_kind_of_score(walk):
    confidence = np.full((2, 3, 400), 0.4)
    confidence[0, 0, :8] = 0.1
    sleap = tracks(walk, confidence).assign_attrs(source_software="SLEAP")
    assert find_suspicious(sleap) == []
    assert track_quality(sleap).low_confidence.tolist() == [0.02, 0, 0, 0, 0, 0]
    deeplabcut = sleap.assign_attrs(source_software="DeepLabCut")
    assert any("takes 100.0% of the points" in text for text in find_suspicious(deeplabcut))


def test_recordings_of_a_cohort_are_surveyed_as_alone(walk):
    cohort = xr.concat(
        [tracks(walk).assign_coords(recording=str(i)) for i in range(5)], "recording"
    )
    found = survey(cohort.chunk(recording=1, time=50))
    assert list(found) == [0, 1, 2, 3, 4]
    one = survey(tracks(walk))[0]
    for other in found.values():
        for field in fields(one):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))


def test_many_animals_that_are_all_there_are_no_fault(walk):
    many = np.concatenate([walk + 50 * i for i in range(5)])
    assert find_suspicious(tracks(many)) == []
    many[3:, :, :, 5:] = np.nan
    assert any(
        "10 animals, 7 of them seen in less" in text for text in find_suspicious(tracks(many))
    )


def test_a_run_tells_of_pieces_of_tracks_and_counts_who_is_there() -> None:
    position = np.full((9, 1, 2, 100), np.nan)
    position[0] = np.random.default_rng(1).normal(size=(1, 2, 100)).cumsum(axis=-1)
    position[1:, ..., :3] = 1.0
    ds = ef.from_arrays(position, fps=25, bodyparts=["nose"])
    (told,) = find_pieces(ds, survey(ds))
    assert "9 animals, 8 of them seen in less than 5%" in told
    assert share_missing(ds, survey(ds)) == pytest.approx(1 - (100 + 8 * 3) / 900)
    here = ds.assign_coords(animal=("individual", ["m1", *[""] * 8]))
    assert share_missing(here, survey(here)) == 0
    assert list(find_pieces(here, survey(here))) == []


def test_without_a_frame_rate_nothing_is_said_in_seconds(walk):
    absent = walk.copy()
    absent[1, :, :, 8:] = np.nan
    ds = tracks(absent)
    assert suspect(ds, survey(ds), fps_known=False) == [
        "individual_1: seen in 2.0% of the frames, all between 0 frames and 8 frames of "
        "400 frames; longest absence 392 frames."
    ]
