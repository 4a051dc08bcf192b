"""Whether clusters are found again, how many there are, and which conditions they are found in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.cluster.choosing import UnsureNumber, choose_n_clusters, halves_of
from ethoflow.cluster.halves import _halves
from ethoflow.cluster.pieces import MOST_RECORDINGS, choose_places
from ethoflow.cluster.sampling import sample
from ethoflow.errors import DataError, UnknownName, WrongUse
from tests.cluster.test_clusterer import cohort, recording
from tests.cluster.worlds import switching


@pytest.fixture(scope="module")
def four() -> xr.Dataset:
    rows = [recording(seed, name, n) for seed, name, n in
            ((0, "a", 1500), (1, "b", 1000), (2, "c", 1500), (3, "d", 500))]  # fmt: skip
    return cohort(*rows).assign_coords(treatment=("recording", ["drug", "none", "none", "none"]))


@pytest.fixture(scope="module")
def model(four: xr.Dataset) -> ef.cluster.Clusterer:
    return ef.cluster.fit(four, 2, "kmeans")


def test_clusters_that_are_there_are_found_in_other_animals(
    four: xr.Dataset, model: ef.cluster.Clusterer
) -> None:
    kept = ef.cluster.stability(four, model)
    assert kept.by == "animal"
    assert kept.agreement > 0.9
    assert kept.clusters.cluster.tolist() == list(model.clusters)
    assert kept.clusters.share.sum() == pytest.approx(1)
    assert (kept.clusters.overlap > 0.9).all()
    more = ef.cluster.stability(four, ef.cluster.fit(four, 9, "kmeans"))
    assert more.agreement < kept.agreement - 0.2
    assert ef.cluster.stability(four.isel(recording=[0]), model).by == "time"


def test_recordings_of_one_animal_are_in_one_half(
    four: xr.Dataset, model: ef.cluster.Clusterer
) -> None:
    named = four.assign_coords(
        animal=(("recording", "individual"), [["Ann"], ["Bea"], ["Ann"], ["Cat"]])
    )
    rows = [half.recording.values.tolist() for half in _halves(named, social=False)[0]]
    assert rows == [["a", "c", "d"], ["b"]]
    same = four.assign_coords(animal=(("recording", "individual"), [["Ann"]] * 4))
    assert ef.cluster.stability(same, model).by == "recording"


def test_the_number_that_is_there_is_chosen() -> None:
    pieces, _ = switching(n_pieces=12)
    choice = choose_n_clusters(pieces, most=8)
    assert choice.n_clusters == 4
    assert choice.agreement[4] > choice.agreement[6]
    assert list(choice.gained) == list(choice.bic) == [8, 7, 6, 5, 4, 3, 2]
    assert list(choice.unseen) == list(choice.agreement) == [6, 5, 4, 3, 2]
    assert choice.gained[4] - choice.gained[3] > choice.worth > choice.gained[5] - choice.gained[4]
    with pytest.warns(UnsureNumber, match="were tried up to 3"):
        choose_n_clusters(pieces, most=3)


def test_a_number_that_halves_do_not_agree_on_is_said() -> None:
    pieces, _ = switching(n_pieces=4)
    noise = np.random.default_rng(0).normal(size=pieces.signal.shape).astype(np.float32)
    with pytest.warns(UnsureNumber, match="two halves agree to"):
        choose_n_clusters(replace(pieces, signal=noise), most=5)
    one, _ = switching(n_pieces=1, n_frames=600)
    assert [half.n_frames for half in halves_of(one)] == [300, 300]


def test_conditions_are_sampled_alike(four: xr.Dataset) -> None:
    def of(balance: str | None) -> list[str]:
        found = choose_places(four, length=250, max_frames=9000, seed=0, balance=balance)
        return [str(four.treatment.values[place.row]) for place in found]

    assert (of(None).count("drug"), of(None).count("none")) == (6, 12)
    assert (of("treatment").count("drug"), of("treatment").count("none")) == (6, 6)
    with pytest.raises(UnknownName, match="Did you mean 'treatment'"):
        of("treatmnt")
    lacks = four.assign_coords(treatment=("recording", ["drug", "", "none", "none"]))
    with pytest.raises(DataError, match="b has no treatment"):
        choose_places(lacks, length=250, max_frames=9000, seed=0, balance="treatment")
    fitted = ef.cluster.fit(four, 2, "kmeans", balance="treatment").fitted_on
    assert (fitted["balance"], fitted["frames"]) == ("treatment", 3000)


def test_a_clusterer_with_names_is_another_and_says_the_same(
    four: xr.Dataset, model: ef.cluster.Clusterer
) -> None:
    named = model.named({"cluster_0": "sit"})
    assert named.clusters == ("sit", "cluster_1")
    assert named.digest != model.digest
    one, other = model.predict(four).cluster, named.predict(four).cluster
    np.testing.assert_array_equal(one.values, other.values)
    assert other.attrs["flag_meanings"] == "sit cluster_1"
    assert model.durations == {}
    with pytest.raises(UnknownName, match="cluster_0"):
        model.named({"cluster0": "sit"})
    with pytest.raises(WrongUse, match="names of their own"):
        model.named({"cluster_0": "cluster_1"})


def test_clusters_last_as_long_as_they_were_made_to(four: xr.Dataset) -> None:
    fitted = ef.cluster.fit(four, 2, "hmm", settings={"again": 2, "most": 6})
    assert fitted.durations.keys() == {*fitted.clusters}
    assert np.mean(list(fitted.durations.values())) == pytest.approx(2.0, rel=0.3)


def test_of_a_large_cohort_few_recordings_are_read_and_few_frames_are_held() -> None:
    one, read = cohort(recording(0, "a", 300)), set()

    def noted(block: np.ndarray, block_info: object = None) -> np.ndarray:
        read.add(block_info[0]["chunk-location"][0])
        return block

    many = one.isel(recording=np.zeros(150, int)).assign_coords(
        recording=[f"r{k}" for k in range(150)]
    )
    position = many.position.chunk(recording=1)
    dims = position.dims
    lazy = position.data.map_blocks(noted, dtype=position.dtype, meta=np.empty((0,) * 5, "f4"))
    many = many.assign(position=(dims, lazy, position.attrs))
    taken = sample(many, max_frames=10_000, length="4 s")
    assert 0 < len(read) <= MOST_RECORDINGS
    assert taken.pieces.signal.shape[0] * taken.pieces.n_frames <= 10_000
