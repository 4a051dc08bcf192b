"""Tiling coefficients and correlograms: against counting frame by frame, and planted sequences."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.stats import associations, correlograms

FPS = 10


def labels_of(**states: np.ndarray) -> xr.Dataset:
    n = len(next(iter(states.values())))
    one = ef.from_arrays(np.zeros((1, 1, 2, n)), fps=FPS, bodyparts=["nose"], recording="r")
    one = one.drop_vars(["position", "confidence", "bodypart", "space", "role"])
    attrs = {"kind": "label", "units": "1"}
    return one.assign(
        {name: (("individual", "time"), x[np.newaxis].astype(np.float32), attrs)
         for name, x in states.items()}
    )  # fmt: skip


def bouts(starts: list[int], n: int, length: int = 1) -> np.ndarray:
    state = np.zeros(n)
    for start in starts:
        state[start : start + length] = 1
    return state


def by_counting(a: np.ndarray, b: np.ndarray, width: int) -> float:
    """The coefficient frame by frame, NaN being unknown."""
    n = len(a)

    def begins(x: np.ndarray) -> list[int]:
        return [t for t in range(1, n) if x[t] == 1 and x[t - 1] == 0]

    def shares(own: list[int], others: list[int], known: np.ndarray, sign: int) -> float:
        window = range(1, width + 1)
        valid = [
            t for t in range(n)
            if all(0 <= t + sign * k < n and known[t + sign * k] for k in window)
        ]  # fmt: skip
        hit = {t: any(t + sign * k in others for k in window) for t in valid}
        p = np.mean([hit[t] for t in own if t in hit])
        share = np.mean(list(hit.values()))
        return float((p - share) / (1 - p * share))

    first, second = begins(a), begins(b)
    return (shares(first, second, ~np.isnan(b), 1) + shares(second, first, ~np.isnan(a), -1)) / 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("width", [1, 6])
def test_it_is_what_counting_gives(seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = ((rng.random(150) < 0.25).astype(float) for _ in range(2))
    a[40:55], b[90:99] = np.nan, np.nan
    found = associations(labels_of(a=a, b=b), f"{width} frames").set_index("behaviour")
    assert found.fsttc["a → b"] == pytest.approx(by_counting(a, b, width))
    assert found.fsttc["b → a"] == pytest.approx(by_counting(b, a, width))


def test_what_always_follows_is_near_1_and_forward_alone() -> None:
    starts = [*range(50, 3000, 100)]
    ds = labels_of(a=bouts(starts, 3000), b=bouts([s + 5 for s in starts], 3000))
    found = associations(ds, "1 s").set_index("behaviour").fsttc
    assert found["a → b"] == pytest.approx(1.0)
    assert found["b → a"] < 0
    shown = correlograms(ds, "2 s", "0.5 s")
    shown = shown[shown.behaviour == "a → b"].set_index("lag")
    assert shown["count"].to_dict() == {lag: 30 * (lag == 0.5) for lag in np.arange(-2, 2, 0.5)}
    assert shown.ratio[0.5] == pytest.approx(3000 / 30 / 5)


def test_by_chance_it_is_0() -> None:
    rng = np.random.default_rng(1)
    states = {name: (rng.random(60_000) < 0.05).astype(float) for name in "abc"}
    found = associations(labels_of(**states), "1 s")
    assert found.fsttc.abs().max() < 0.04
    shown = correlograms(labels_of(**states), "2 s", "1 s")
    assert shown.ratio.between(0.85, 1.15).all()


def test_what_never_begins_has_no_coefficient() -> None:
    ds = labels_of(a=bouts([10, 30], 60), b=np.zeros(60), c=np.full(60, np.nan))
    found = associations(ds, "1 s").set_index("behaviour")
    assert found.fsttc.isna().all()
    assert found.n_origin["a → b"] == 2
    assert found.n_origin["a → c"] == 0
    with pytest.raises(ef.DataError, match="window must be a frame"):
        associations(ds, "1 ms")
    assert np.isnan(correlograms(ds, "1 s", "0.5 s").ratio).sum() > 0
