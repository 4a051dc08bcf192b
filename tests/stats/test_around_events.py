"""Averages around events: by hand, with what is unknown unknown, and per animal."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import ethoflow as ef
from ethoflow.stats import ComparisonNote, around_events, compare

FPS = 10


def labels_of(rows: list[np.ndarray], **more: np.ndarray) -> xr.Dataset:
    """A mouse per recording with the label `still`, and features."""
    n = len(rows[0])
    one = ef.from_arrays(np.zeros((1, 1, 2, n)), fps=FPS, bodyparts=["nose"], recording="r0")
    one = one.drop_vars(["position", "confidence", "bodypart", "space", "role"])
    parts = [
        one.assign_coords(recording=f"r{i}", animal=("individual", np.array([f"m{i}"], object)))
        for i in range(len(rows))
    ]
    ds = xr.concat(parts, "recording", coords="different", compat="equals")
    dims = ("recording", "individual", "time")
    values = np.array(rows, np.float32)[:, np.newaxis]
    ds = ds.assign(still=(dims, values, {"kind": "label", "units": "1"}))
    return ds.assign_coords(treatment=("recording", ["a", "b"] * (len(rows) // 2)))


def tones(*starts: float) -> pd.DataFrame:
    return pd.DataFrame({"event": "tone", "start": starts})


def test_averages_are_those_of_the_known_frames() -> None:
    state = np.zeros(100)
    state[30:35] = 1  # half of the second after the first tone
    state[60:70] = 1  # all of that after the other
    unknown = state.copy()
    unknown[62:70] = np.nan
    gone = np.full(100, np.nan)
    ds = labels_of([state, unknown, gone, state])
    found = around_events(ds, tones(3.0, 6.0), before="1 s", after="2 s", bin="1 s")
    assert found.lag.unique().tolist() == [-1.0, 0.0, 1.0]
    wide = found.pivot(index="recording", columns="lag", values="mean")
    np.testing.assert_allclose(wide.loc["r0"], [0.0, 0.75, 0.0])
    np.testing.assert_allclose(wide.loc["r1"], [0.0, 0.75, 0.0])  # of two known frames
    assert wide.loc["r2"].isna().all()
    counts = found.set_index(["recording", "lag"]).n_trials
    assert counts["r0"].tolist() == counts["r1"].tolist() == [2, 2, 2]
    assert counts["r2"].tolist() == [0, 0, 0]
    unknown[60:70] = np.nan
    found = around_events(
        labels_of([state, unknown]), tones(3.0, 6.0), before="1 s", after="1 s", bin="1 s"
    )
    row = found[(found.recording == "r1") & (found.lag == 0)].iloc[0]
    assert (row["mean"], row.n_trials, row.n_events) == (0.5, 1, 2)


@pytest.mark.filterwarnings("ignore::ethoflow.labels.events.EventNote")
def test_what_is_beyond_a_recording_is_unknown() -> None:
    found = around_events(labels_of([np.ones(50)] * 2), tones(0.5, 4.5), before="1 s", after="1 s",
                          bin="0.5 s")  # fmt: skip
    own = found[found.recording == "r0"].set_index("lag")
    assert own.n_trials.to_dict() == {-1.0: 1, -0.5: 2, 0.0: 2, 0.5: 1}
    assert (own["mean"] == 1).all()


@pytest.mark.parametrize("chunk", [None, 7])
def test_features_and_baselines(chunk: int | None) -> None:
    ramp = np.arange(200) / FPS
    ds = labels_of([ramp, ramp]).rename(still="speed")
    ds["speed"].attrs = {"units": "mm/s"}
    ds = ds if chunk is None else ds.chunk(time=chunk)
    settings = {"before": "1 s", "after": "1 s", "bin": "1 s"}
    plain = around_events(ds, tones(5.0, 9.0), **settings)
    assert plain["mean"].tolist()[:2] == pytest.approx([6.45, 7.45])
    based = around_events(ds, tones(5.0, 9.0), baseline=(-1, 0), **settings)
    assert based["mean"].tolist()[:2] == pytest.approx([0.0, 1.0], abs=1e-6)
    with pytest.raises(ef.DataError, match="baseline must be a stretch between -1 and 1 s"):
        around_events(ds, tones(5.0), baseline=(-2, 0), **settings)
    with pytest.raises(ef.DataError, match="no bin of 5 s fits"):
        around_events(ds, tones(5.0), before="1 s", after="1 s", bin="5 s")
    with pytest.raises(ef.DataError, match="bin must be a frame"):
        around_events(ds, tones(5.0), before="1 s", after="1 s", bin="1 ms")


@pytest.mark.filterwarnings("ignore::ethoflow.stats.ComparisonNote")
def test_animals_are_compared_and_not_trials() -> None:
    rng = np.random.default_rng(2)
    rows = [(rng.random(400) < 0.3 + 0.4 * (i % 2)).astype(float) for i in range(8)]
    found = around_events(labels_of(rows), tones(5, 12, 20, 30), before="2 s", after="2 s",
                          bin="1 s")  # fmt: skip
    one = compare(found, by="treatment", value="mean").iloc[0]
    assert (one.n_units, one.n_animals, one.behaviour) == (8, 8, "still")
    assert one.estimate == pytest.approx(0.4, abs=0.1)
    over_time = compare(found, by=["treatment", "lag"], value="mean")
    assert (over_time.n_units == 8).all()
    assert issubclass(ComparisonNote, UserWarning)
