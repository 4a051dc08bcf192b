"""The list of corrections: what it does to tracks, how it is read, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow import simulate
from ethoflow.identities.exchanges import Exchange, compose, exchanges_of
from ethoflow.schema import DataError

A, B, C = (f"individual_{i}" for i in range(3))


@pytest.fixture(scope="module")
def tracks() -> xr.Dataset:
    return simulate.simulate_cohort(2, n_individuals=3, duration=["8 s", "5 s"], seed=1).tracks


def edits(*rows: tuple, recording: str = "session_00") -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["start", "stop", "a", "b"])
    return table.assign(recording=recording)


def test_points_and_confidence_change_hands_and_names_stay(tracks):
    found = ef.swap_identities(tracks, edits((2, 4, A, B)))
    for name in ("position", "confidence"):
        before, after = tracks[name].values, found[name].values
        np.testing.assert_array_equal(after[0, 0, ..., 50:100], before[0, 1, ..., 50:100])
        np.testing.assert_array_equal(after[0, 1, ..., 50:100], before[0, 0, ..., 50:100])
        for where in (slice(0, 50), slice(100, None)):
            np.testing.assert_array_equal(after[0, ..., where], before[0, ..., where])
        np.testing.assert_array_equal(after[0, 2], before[0, 2])
        np.testing.assert_array_equal(after[1], before[1])
    xr.testing.assert_identical(found.animal, tracks.animal)
    assert found.position.attrs == tracks.position.attrs


@pytest.mark.parametrize("chunk", [1, 37, 1000])
def test_chunks_do_not_show(tracks, chunk):
    rows = edits((2, np.nan, A, B), (3, 5, B, C))
    lazy = ef.swap_identities(tracks.chunk(time=chunk, recording=1), rows)
    assert hasattr(lazy.position.variable._data, "dask")
    xr.testing.assert_identical(lazy.compute(), ef.swap_identities(tracks, rows))


def test_any_order_of_dims_and_any_slice(tracks):
    rows = edits((2, 6, A, C))
    whole = ef.swap_identities(tracks, rows)
    xr.testing.assert_identical(ef.swap_identities(tracks.transpose(), rows), whole)
    cut = ef.swap_identities(tracks.isel(time=slice(40, 160)), rows)
    np.testing.assert_array_equal(cut.position, whole.position.isel(time=slice(40, 160)))


def test_corrections_are_taken_back_to_the_bit(tracks):
    rows = edits((2, np.nan, A, B), (3, 5, B, C), (4, 7, A, C))
    found = ef.swap_identities(tracks, rows)
    assert not found.position.equals(tracks.position)
    xr.testing.assert_identical(ef.restore_identities(found), tracks)
    again = ef.swap_identities(tracks, ef.applied_edits(found))
    xr.testing.assert_identical(again.position, found.position)


@st.composite
def exchanges(draw):
    n = draw(st.integers(2, 5))
    found = []
    for _ in range(draw(st.integers(1, 5))):
        seats = draw(st.permutations(range(n)))[: draw(st.integers(2, n))]
        start, stop = sorted(draw(st.tuples(st.integers(0, 80), st.integers(81, 160))))
        found.append(Exchange(start, stop, tuple(seats)))
    return n, found


@given(exchanges())
def test_disjoint_exchanges_say_the_same(drawn):
    n, some = drawn
    one = compose(some, n)
    other = compose(exchanges_of(one, 200), n)
    for frame in range(165):
        here = [t.holders[np.searchsorted(t.frames, frame, "right") - 1] for t in (one, other)]
        np.testing.assert_array_equal(*here)


def test_absent_animals_of_a_cohort():
    one = simulate.simulate_cohort(1, n_individuals=3, duration="4 s", seed=2).tracks
    alone = one.isel(individual=[0, 2]).assign_coords(recording=["pair"], individual=[A, B])
    cohort = xr.concat([one, alone], "recording", join="outer", fill_value={"animal": ""})
    cohort = cohort.assign_coords(individual=[A, B, C])
    rows = edits((1, 3, A, B), recording="pair")
    found = ef.swap_identities(cohort, rows).position.values
    np.testing.assert_array_equal(found[1, 0, ..., 30], alone.position.values[0, 1, ..., 30])
    with pytest.raises(DataError, match="no animal sits"):
        ef.swap_identities(cohort, edits((1, 3, A, C), recording="pair"))


@pytest.mark.parametrize(
    ("rows", "recording", "said"),
    [
        ([(2, 4, A, B)], "session_07", "not here"),
        ([(2, 4, A, "individual_9")], "session_00", "individual_9"),
        ([(2, 4, A, A)], "session_00", "different animals"),
        ([(4, 2, A, B)], "session_00", "start before the stop"),
        ([(2, 9, A, B)], "session_00", "within this recording"),
        ([(2, 5.5, A, B)], "session_01", "within this recording"),
        ([(2, 6, A, B), (2.2, 6, B, A)], "session_00", "twice"),
        ([(2, 4, A, B), (2, 6, B, C)], "session_00", "which comes first"),
        ([(np.nan, 4, A, B)], "session_00", "no start"),
    ],
)
def test_what_does_not_fit_is_refused(tracks, rows, recording, said):
    with pytest.raises(DataError, match=said):
        ef.swap_identities(tracks, edits(*rows, recording=recording))


def test_not_twice_and_not_after_something_was_computed(tracks):
    found = ef.swap_identities(tracks, edits((2, 4, A, B)))
    with pytest.raises(DataError, match="corrected already"):
        ef.swap_identities(found, edits((5, 6, A, B)))
    with_speed = tracks.assign(speed=ef.features.speed(tracks))
    with pytest.raises(DataError, match="speed"):
        ef.swap_identities(with_speed, edits((2, 4, A, B)))
    with pytest.raises(DataError, match="any more"):
        ef.restore_identities(found.isel(individual=[0, 2]))


def test_only_accepted_rows_change_anything(tracks):
    rows = edits((2, 4, A, B)).assign(status="undecided")
    xr.testing.assert_identical(ef.swap_identities(tracks, rows), tracks)


def test_files_by_hand(tmp_path):
    one = simulate.simulate_cohort(1, duration="8 s", seed=1).tracks
    wanted = ef.swap_identities(one, edits((2.52, 4, A, B)))
    for text in (
        f"start,stop,a,b\n2.52,4,{A},{B}\n",
        f"Start;Stop;A;B\n2,52;4,0;{A};{B}\n",
        f"start_frame,stop_frame,a,b\n63,100,{A},{B}\n",
        "start,stop,a,b\n2.52,4,session_00_a,session_00_b\n",
    ):
        path = tmp_path / "edits.csv"
        path.write_text(text)
        xr.testing.assert_identical(ef.swap_identities(one, path), wanted)
    path.write_text(f"start,start_frame,stop,a,b\n2.52,60,4,{A},{B}\n")
    with pytest.raises(DataError, match="which is right"):
        ef.swap_identities(one, path)
    path.write_text("start,stop,who\n2,4,x\n")
    with pytest.raises(DataError, match="columns a, b"):
        ef.read_edits(path)
    written = ef.applied_edits(wanted)
    ef.write_edits(written, path)
    xr.testing.assert_identical(ef.swap_identities(one, path), wanted)


def test_seconds_are_those_of_the_recordings_own_clock():
    one = simulate.simulate_cohort(1, duration="8 s", seed=1).tracks
    later = one.assign_coords(origin=("recording", [100.0]))
    found = ef.swap_identities(later, edits((102, 104, A, B)))
    np.testing.assert_array_equal(
        found.position, ef.swap_identities(one, edits((2, 4, A, B))).position
    )
    assert ef.applied_edits(found)[["start", "start_frame"]].values.tolist() == [[102.0, 50]]


def test_rows_found_in_other_tracks_are_refused(tmp_path):
    """Tracked again, the same recording has its swaps elsewhere."""
    pair = simulate.simulate_cohort(1, duration="1 min", seed=1)
    made = simulate.swap_animals(pair, 1, kinds=["contact"], seed=1)
    found = ef.find_swaps(made.tracks)
    assert len(found) == 1
    path = tmp_path / "edits.csv"
    ef.write_edits(found, path)
    for same in (found, path):
        ef.swap_identities(made.tracks, same)
        ef.swap_identities(made.tracks.chunk(time=100), same)
        ef.swap_identities(made.tracks.isel(time=slice(100, None)), same)
        ef.swap_identities(ef.calibrate(made.tracks, px_per_mm=2), same)
        moved = found.start_frame.iloc[0] + 3
        rows = ef.read_edits(same).assign(start_frame=moved, start=np.nan)  # corrected by hand
        ef.swap_identities(made.tracks, rows)
    cohort = xr.concat(
        [made.tracks, simulate.simulate_cohort(2, n_individuals=3, duration="70 s", seed=2).tracks
         .isel(recording=[1])], "recording", join="outer", fill_value={"animal": ""}
    )  # fmt: skip
    ef.swap_identities(cohort, path)
    again = made.tracks.assign(position=made.tracks.position + np.float32(0.01))
    shorter = made.tracks.isel(time=slice(int(found.start_frame.iloc[0]) - 5))
    for other in (
        again,
        made.unswapped,
        shorter.assign_coords(n_frames=("recording", [shorter.sizes["time"]])),
    ):
        with pytest.raises(DataError, match=r"edits.csv: row 1 (was found in other|is from)"):
            ef.swap_identities(other, path)
    ef.swap_identities(again, found.assign(tracks=""))
