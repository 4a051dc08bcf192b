"""Budgets around events: tones at known times, tables as people write them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.labels.events import EventNote
from tests.labels.test_budget import assert_counted, count, labels_of
from tests.strategies import states

FPS = 10.0
TONES = pd.DataFrame({"start": [10.0, 30.0], "duration": [5.0, 5.0]})


def freezing(n_frames: int = 600) -> np.ndarray:
    """Freezing in all of the first tone, in half of the second, and nowhere else."""
    state = np.zeros(n_frames)
    state[100:150] = 1
    state[300:325] = 1
    return state


def cohort(*names: str) -> xr.Dataset:
    """The same animal in several recordings."""
    return xr.concat([labels_of(freezing(), name=name).expand_dims("recording") for name in names],
                     "recording", data_vars="all", coords="different", compat="equals")  # fmt: skip


def test_freezing_in_tones_and_about_them() -> None:
    table = ef.time_budget(labels_of(freezing()), events=TONES, before="5 s", after="10 s")
    shares = table.pivot_table(index="trial", columns="window", values="share")
    assert shares.loc[1].to_dict() == {"before": 0, "during": 1, "after": 0}
    assert shares.loc[2].to_dict() == {"before": 0, "during": 0.5, "after": 0}
    assert table.window.tolist() == ["before", "during", "after"] * 2
    assert table.event.unique().tolist() == ["event"]
    assert table.start.tolist() == [5, 10, 15, 25, 30, 35]
    assert table.stop.tolist() == [10, 15, 25, 30, 35, 45]
    during = table[table.window == "during"]
    assert during.n_bouts.tolist() == [1, 1]
    assert during.latency_to_first.tolist() == [0, 0]


@given(
    state=states().filter(len),
    starts=st.lists(st.integers(-20, 70), min_size=1, max_size=4, unique=True),
    before=st.integers(0, 15),
    after=st.integers(1, 15),
)
@settings(max_examples=60, deadline=None)
@pytest.mark.filterwarnings("ignore::ethoflow.labels.events.EventNote")
def test_windows_are_a_walk_through_their_frames(
    state: np.ndarray, starts: list[int], before: int, after: int
) -> None:
    values = np.where(state < 0, np.nan, state).astype(float)
    given = pd.DataFrame({"onset": np.array(starts) / FPS})
    if not any(0 <= start < state.size for start in starts):
        return
    table = ef.time_budget(
        labels_of(values).chunk(time=7), events=given, before=before / FPS, after=after / FPS
    )
    assert len(table) == len(starts) * (2 if before else 1)
    for row in table.itertuples():
        start, stop = round(row.start * FPS), round(row.stop * FPS)
        assert_counted(row, count(values, start, stop), FPS)


def test_the_clock_is_that_of_the_recording() -> None:
    ds = labels_of(freezing())
    later = ds.assign_coords(origin=1000.0)
    with pytest.raises(ef.DataError, match="runs from 1000 to 1060 s on its own clock"):
        ef.time_budget(later, events=TONES)
    moved = ef.time_budget(later, events=TONES.assign(start=TONES.start + 1000))
    assert moved.share.tolist() == [1, 0.5]
    sliced = ef.time_budget(ds.isel(time=slice(90, 400)), events=TONES)
    assert sliced.share.tolist() == [1, 0.5]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("start,duration\n10,5\n30,5\n", ["event"] * 2),
        ("onset_ms;offset_ms\n10000;15000\n30000;35000\n", ["event"] * 2),
        ("recording,event,start (s),stop (s)\na,CS+,10,15\na,CS+,30,35\n", ["CS+"] * 2),
        ("start_frame,stop_frame,tone\n100,150,CS+\n300,350,CS-\n", ["CS+", "CS-"]),
        ("Start;Duration;dB\n10,0;5,0;70\n30,0;5,0;80\n", ["event"] * 2),
        ("video,time,stop\na.mp4,0:10,0:15\na.mp4,0:30,0:35\n", ["event"] * 2),
        ("type\tstart\tend\tnotes\nCS+\t30\t35\tloud\nCS-\t10\t15\t\n", ["CS-", "CS+"]),
    ],
)
@pytest.mark.filterwarnings("ignore::ethoflow.labels.events.EventNote")
def test_tables_as_people_write_them(tmp_path: Path, text: str, names: list[str]) -> None:
    path = tmp_path / "tones.csv"
    path.write_text(text)
    table = ef.time_budget(labels_of(freezing()), events=path)
    assert table.share.tolist() == [1, 0.5]
    assert table.start.tolist() == [10, 30]
    assert table.event.tolist() == names
    assert table.trial.tolist() == ([1, 2] if len(set(names)) == 1 else [1, 1])


def test_events_in_frames_say_whose_frames(tmp_path: Path) -> None:
    path = tmp_path / "tones.csv"
    path.write_text("start_frame,stop_frame\n100,150\n")
    with pytest.warns(EventNote) as said:
        ef.time_budget(labels_of(freezing()), events=path)
    assert any("taken as counted at 10 per second" in str(one.message) for one in said)


def test_events_of_one_recording_are_of_no_other() -> None:
    ds = cohort("a", "b", "c")
    events = pd.DataFrame(
        {"recording": ["a", "b", "x"], "start": [10, 30, 10], "stop": [15, 35, 15]}
    )
    with pytest.warns(EventNote) as said:
        table = ef.time_budget(ds, events=events)
    assert table[["recording", "share"]].values.tolist() == [["a", 1], ["b", 0.5]]
    text = " ".join(str(one.message) for one in said)
    assert "left out events of recordings that are not here: 'x'" in text
    assert "has no events of c" in text
    shared = ef.time_budget(ds, events=TONES)
    assert shared.recording.tolist() == ["a", "a", "b", "b", "c", "c"]
    with pytest.raises(ef.DataError, match="no event is of a recording that is here"):
        ef.time_budget(ds, events=events.assign(recording=["x", "y", "z"]))


def test_events_beyond_a_recording_are_said_and_have_nothing() -> None:
    events = pd.DataFrame({"start": [10, 58, 70], "duration": [5, 5, 5]})
    with pytest.warns(EventNote) as said:
        table = ef.time_budget(labels_of(freezing()), events=events)
    assert table.observed.tolist() == [5, 2, 0]
    assert table.share.tolist()[:2] == [1, 0]
    assert np.isnan(table.share[2])
    assert np.isnan(table.n_bouts[2])
    text = " ".join(str(one.message) for one in said)
    assert "events beyond their recordings, in which nothing is observed: event at 70 s" in text
    assert "a part is not observed: during event 2" in text


def test_windows_that_reach_into_other_events_are_said() -> None:
    with pytest.warns(EventNote, match=r"reach into other events: after event 1 \("):
        ef.time_budget(labels_of(freezing()), events=TONES, after="20 s")
    both = pd.DataFrame({"event": ["tone", "shock"], "start": [10, 14], "stop": [15, 15]})
    with pytest.warns(EventNote, match="during tone 1 .*, during shock 1"):
        table = ef.time_budget(labels_of(freezing()), events=both)
    assert table.share.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("events", "options", "message"),
    [
        ({"start": [10, 12], "duration": [5, 5]}, {}, "overlap"),
        ({"start": [10, 10], "duration": [5, 5]}, {}, "overlap"),
        ({"start": [10, 10]}, {"after": 5}, "overlap"),
        ({"start": [10]}, {}, "take no time"),
        ({"start": [10], "stop": [9]}, {}, "stops .* before it starts"),
        ({"start": [10], "stop": [12]}, {"duration": 3}, "leave one out"),
        ({"start": ["x"], "stop": [12]}, {}, "needed a start and a stop"),
        ({"start": [None], "stop": [12]}, {}, "no start"),
        ({"stop": [12]}, {}, "needed a column 'start'"),
        ({"start": [10000], "duration": [5000]}, {}, "start \\(ms\\)"),
        ({"recording": ["a", ""], "start": [1, 9], "stop": [2, 10]}, {}, "no recording is named"),
        ({"mouse": ["m1"], "start": [1], "stop": [2]}, {}, "events are of recordings"),
        ({"start": [], "stop": []}, {}, "no events"),
        ({"start": [1], "stop": [2]}, {"before": -1}, "zero or more"),
        ({"start": [1], "stop": [2]}, {"bin": 1}, "both given"),
    ],
)
def test_what_is_no_table_of_events_is_refused(
    events: dict[str, list[object]], options: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ef.time_budget(labels_of(freezing()), events=pd.DataFrame(events), **options)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    (tmp_path / "tones.csv").write_text("start,stop\n")
    with pytest.raises(ef.DataError, match=r"Did you mean '.*tones.csv'"):
        ef.time_budget(labels_of([0, 1]), events=tmp_path / "tone.csv")
    with pytest.raises(ef.DataError, match=r"tones\.csv: the table has no events"):
        ef.time_budget(labels_of([0, 1]), events=tmp_path / "tones.csv")
    with pytest.raises(ef.DataError, match="give events="):
        ef.time_budget(labels_of([0, 1]), before="3 s")


def test_durations_may_be_given_beside_the_starts() -> None:
    table = ef.time_budget(
        labels_of(freezing()), events=pd.DataFrame({"start": [10, 30]}), duration="5 s"
    )
    assert table.share.tolist() == [1, 0.5]
