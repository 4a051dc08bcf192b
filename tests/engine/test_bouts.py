"""The bout filter against a slow reference written from the words of its definition."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.engine.bouts import filter_bouts, find_runs, hold_bouts, loosen, take_majority
from tests.strategies import chunkings, states


def split(state: list[int]) -> list[tuple[int, int, int]]:
    """Stretches of equal value: value, start, stop."""
    found: list[tuple[int, int, int]] = []
    for t, value in enumerate(state):
        if found and found[-1][0] == value:
            found[-1] = (value, found[-1][1], t + 1)
        else:
            found.append((value, t, t + 1))
    return found


def filter_slowly(state: list[int], max_gap: int, min_bout: int) -> list[int]:
    """Gaps between two bouts are filled first; then short bouts between two pauses are dropped."""
    filled = list(state)
    stretches = split(state)
    for left, gap, right in zip(stretches, stretches[1:], stretches[2:], strict=False):
        if gap[0] == 0 and left[0] == 1 and right[0] == 1 and gap[2] - gap[1] <= max_gap:
            filled[gap[1] : gap[2]] = [1] * (gap[2] - gap[1])
    kept = list(filled)
    stretches = split(filled)
    for left, bout, right in zip(stretches, stretches[1:], stretches[2:], strict=False):
        whole = left[0] == 0 and right[0] == 0
        if bout[0] == 1 and whole and bout[2] - bout[1] < min_bout:
            kept[bout[1] : bout[2]] = [0] * (bout[2] - bout[1])
    return kept


@given(state=states(), max_gap=st.integers(0, 12), min_bout=st.integers(0, 12))
@settings(max_examples=300, deadline=None)
def test_the_filter_does_what_its_words_say(state: np.ndarray, max_gap: int, min_bout: int) -> None:
    found = filter_bouts(state, max_gap, min_bout)
    assert found.tolist() == filter_slowly(state.tolist(), max_gap, min_bout)
    np.testing.assert_array_equal(found == -1, state == -1)


@ef.behaviour()
def given_state(confidence: np.ndarray) -> np.ndarray:
    """The confidence of the one point is above a half."""
    return confidence[0] > 0.5


def as_dataset(state: np.ndarray) -> xr.Dataset:
    values = np.where(state < 0, np.nan, state).reshape(1, 1, -1)
    return ef.from_arrays(
        np.zeros((1, 1, 2, state.size)), fps=10, bodyparts=["nose"], confidence=values
    )


@given(
    data=st.data(), state=states(40).filter(len),
    max_gap=st.integers(0, 10), min_bout=st.integers(0, 10),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_no_chunk_cuts_a_bout(
    data: st.DataObject, state: np.ndarray, max_gap: int, min_bout: int
) -> None:
    ds = as_dataset(state).chunk(time=data.draw(chunkings(state.size)))
    labels = given_state(ds, max_gap=f"{max_gap} frames", min_bout=f"{min_bout} frames")
    found = labels.fillna(-1).values[0].astype(int).tolist()
    assert found == filter_slowly(state.tolist(), max_gap, min_bout)


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ([0, 1, 1, 0, 1, 0], [0, 1, 1, 1, 1, 0]),
        ([0, 1, 1, -1, 1, 0], [0, 1, 1, -1, 1, 0]),
        ([1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, 0]),
        ([0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 0]),
        ([0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 1]),
        ([-1, 1, 0, 0, 0, 0], [-1, 1, 0, 0, 0, 0]),
        ([1, 0, 1, 0, 1, 0], [1, 1, 1, 1, 1, 0]),
    ],
)
def test_examples(state: list[int], expected: list[int]) -> None:
    assert filter_bouts(np.array(state, np.int8), 1, 3).tolist() == expected


@given(state=states())
def test_runs_are_where_the_ones_are(state: np.ndarray) -> None:
    runs = [(start, stop) for value, start, stop in split(state.tolist()) if value == 1]
    assert [tuple(run) for run in find_runs(state).tolist()] == runs


@pytest.mark.parametrize(("frames", "kept"), [(2, False), (3, True)])
def test_durations_are_rounded_half_up(frames: int, kept: bool) -> None:
    bout = np.zeros(40, np.int8)
    bout[10 : 10 + frames] = 1
    # 0.25 s at 10 fps are 2.5 frames, rounded to 3.
    assert bool(given_state(as_dataset(bout), min_bout=0.25, max_gap=0).any()) == kept


def vote_slowly(state: list[int], window: int) -> list[int]:
    """A centred window, one frame less where it would be even; the unknown have no vote."""
    half = max(window - 1, 0) // 2
    found = list(state)
    for t, value in enumerate(state):
        seen = [v for v in state[max(t - half, 0) : t + half + 1] if v >= 0]
        if value >= 0:
            found[t] = int(sum(seen) > len(seen) / 2)
    return found


def hold_slowly(strict: list[int], loose: list[int], max_hold: int) -> list[int]:
    """Every way in which the unknown may turn out, one by one; unknown where they disagree."""
    found = []
    for t, value in enumerate(strict):
        outcome = value
        for back in range(max_hold + 1):
            s = t - back
            if s < 0 or (back and loose[s + 1] == 0):
                break
            between = loose[s + 1 : t + 1]
            if strict[s] == 1 and all(v == 1 for v in between):
                outcome = 1
                break
            if strict[s] != 0 and outcome == 0:
                outcome = -1
        found.append(value if value == 1 else outcome)
    return found


@given(state=states(), window=st.integers(0, 15))
@settings(max_examples=200, deadline=None)
def test_most_of_the_known_frames_decide(state: np.ndarray, window: int) -> None:
    assert take_majority(state, window).tolist() == vote_slowly(state.tolist(), window)


@given(data=st.data(), strict=states(30), max_hold=st.integers(0, 8))
@settings(max_examples=300, deadline=None)
def test_a_bout_goes_on_by_the_wider_threshold(
    data: st.DataObject, strict: np.ndarray, max_hold: int
) -> None:
    # What holds by the strict threshold holds by the wider one; both know the same frames.
    loose = [
        v if v else data.draw(st.integers(0, 1), label=str(t))
        for t, v in enumerate(strict.tolist())
    ]
    found = hold_bouts(strict, np.array(loose, np.int8), max_hold)
    assert found.tolist() == hold_slowly(strict.tolist(), loose, max_hold)


@given(
    data=st.data(), state=states(40).filter(len), majority=st.integers(0, 9),
    max_hold=st.integers(0, 9),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_no_chunk_shows_in_votes_and_held_bouts(
    data: st.DataObject, state: np.ndarray, majority: int, max_hold: int
) -> None:
    ds = as_dataset(state)
    values = ds.confidence.values * data.draw(st.sampled_from([0.4, 0.6, 1.0]))
    ds = ds.assign(confidence=ds.confidence.copy(data=values))
    settings = {
        "majority": f"{majority} frames", "hysteresis": 0.5, "max_hold": f"{max_hold} frames",
        "min_bout": "2 frames", "max_gap": "3 frames",
    }  # fmt: skip
    whole = confident(ds, **settings)
    parts = confident(ds.chunk(time=data.draw(chunkings(state.size))), **settings)
    xr.testing.assert_identical(parts.compute(), whole)


@ef.behaviour(units={"min_confidence": "1"})
def confident(confidence: np.ndarray, *, min_confidence: float = 0.5) -> np.ndarray:
    """The confidence of the one point is above `min_confidence`."""
    return confidence[0] > min_confidence


def test_hysteresis_widens_the_thresholds_of_a_bout_that_has_begun() -> None:
    level = np.array([0.3, 0.6, 0.3, 0.3, 0.1, 0.3, 0.6])
    ds = ef.from_arrays(
        np.zeros((1, 1, 2, 7)), fps=10, bodyparts=["nose"], confidence=level.reshape(1, 1, -1)
    )
    raw = {"min_bout": 0, "max_gap": 0}
    assert confident(ds, **raw)[0].values.tolist() == [0, 1, 0, 0, 0, 0, 1]
    held = confident(ds, hysteresis=0.5, **raw)
    assert held[0].values.tolist() == [0, 1, 1, 1, 0, 0, 1]
    assert "hysteresis=0.5" in held.attrs["source"]
    short = confident(ds, hysteresis=0.5, max_hold="1 frame", **raw)
    assert short[0].values.tolist() == [0, 1, 1, 0, 0, 0, 1]
    with pytest.raises(ef.UnitError, match=r"hysteresis.*0 to 1, found -1"):
        confident(ds, hysteresis=-1)


@ef.behaviour(units={"max_step": "mm/s"})
def below(speed: np.ndarray, *, max_step: float = 8.0, min_kept: float = 0.5) -> np.ndarray:
    """Slower than `max_step`; `min_kept` is no length, and lets nothing through above 1."""
    return (speed[0] < max_step) & (min_kept <= 1)


def test_hysteresis_widens_thresholds_however_they_are_written() -> None:
    # A body of 80 mm at 4, 10 and 4 mm/s: thresholds of 8 mm/s, and of a tenth of the body's.
    steps = np.repeat([4.0, 10.0, 4.0], 20) / 25
    x = np.cumsum(steps)
    position = np.stack([np.stack([x + 80, 0 * x]), np.stack([x, 0 * x])])[np.newaxis]
    ds = ef.from_arrays(position, fps=25, bodyparts=["nose", "tail_base"], units="mm")
    raw = {"min_bout": 0, "max_gap": 0, "hysteresis": 0.5}
    found = [
        below(ds, max_step=given, **raw).values[0, 1:-1]
        for given in (8.0, 8, "8 mm/s", "0.1 body_length/s", "0.8 cm/s")
    ]
    for one in found:
        assert one.tolist() == [1] * 58
    bare = below(ds, max_step="0.1 body_length/s", min_bout=0, max_gap=0).values[0, 1:-1]
    assert 0 < bare.mean() < 1
    # A share that is written as a whole number is a threshold all the same, a count is none.
    assert below(ds, min_kept=2, **raw)[0, 30] == below(ds, min_kept=2.0, **raw)[0, 30]


def test_a_threshold_below_zero_widens_away_from_the_strict_one() -> None:
    assert loosen({"max_distance": -10.0, "min_x": -4.0}, {}, 0.5) == {
        "max_distance": -5.0, "min_x": -6.0,
    }  # fmt: skip
