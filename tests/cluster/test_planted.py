"""The default on animals whose states were planted: how much of them it finds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from benchmarks.clustering import STATES, read

import ethoflow as ef
from tests.conftest import REPOSITORY


def planted(name: str) -> Path:
    data = Path(os.environ.get("ETHOFLOW_DATA", REPOSITORY.parent / "shared" / "data"))
    for folder in (data, data.parent):
        if (file := folder / "planted_states" / f"{name}.npz").exists():
            return file
    pytest.skip(f"no planted_states beside {data}: set ETHOFLOW_DATA")


@pytest.mark.slow
def test_the_default_finds_planted_states() -> None:
    ds, state = read(planted("seed_0_1mm"))
    found = ef.cluster.fit(ds, STATES).predict(ds).cluster.isel(individual=0).values
    assert ef.cluster.adjusted_rand(found, state) >= 0.80


@pytest.mark.slow
def test_two_seeds_find_the_same_states_in_four_animals() -> None:
    ds = read(planted("seed_0_1mm"))[0].isel(recording=slice(1, None, 2))
    one, other = (
        ef.cluster.fit(ds, STATES, "hmm", seed=seed).predict(ds).cluster.values for seed in (0, 1)
    )
    assert ef.cluster.adjusted_rand(one, other) >= 0.95
