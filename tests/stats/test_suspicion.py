"""What looks wrong is found where it was put, and nothing in clean tracks."""

from __future__ import annotations

import numpy as np
import pytest

import ethoflow as ef
from ethoflow.stats.quality import track_quality
from ethoflow.stats.suspicion import count_seen, find_suspicious


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
    assert find_suspicious(tracks(absent)) == ["individual_1: seen in 2.0% of the frames."]
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
    assert found == ["nose of individual_0: has a confidence under 0.6 most of the time."]


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
    total, seen, longest = count_seen(lazy)[0]
    assert (total, seen.tolist(), longest.tolist()) == (400, [400, 340], [0, 60])


def test_real_tracks(real_data):
    flies = ef.read(real_data / "sleap-flies/centered_pair_predictions.slp", fps=15)
    found = find_suspicious(flies)
    assert any(s.startswith("27 animals, 25 of them seen in less than 5%") for s in found)
    total, seen, _ = count_seen(flies)[0]
    assert total == 1100
    assert seen[0] == int((~np.isnan(flies.position[0].values).any(1).all(0)).sum())


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


def test_many_animals_that_are_all_there_are_no_fault(walk):
    many = np.concatenate([walk + 50 * i for i in range(5)])
    assert find_suspicious(tracks(many)) == []
    many[3:, :, :, 5:] = np.nan
    assert any(
        "10 animals, 7 of them seen in less" in text for text in find_suspicious(tracks(many))
    )
