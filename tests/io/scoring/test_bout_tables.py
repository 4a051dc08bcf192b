"""Tables of bouts in every spelling; nothing that tells animals or videos apart is lost."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.io.scoring import LabelNote
from ethoflow.io.scoring.headings import heading_of
from ethoflow.io.sheets import rows_of
from ethoflow.schema import DataError
from tests.io.scoring.conftest import frames

FPS = 25.0


def quietly(path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelNote)
        return ef.read_labels(path, fps=FPS, n_frames=200, **options)


def clock(seconds):
    return f"{int(seconds // 3600):02d}:{int(seconds // 60) % 60:02d}:{seconds % 60:06.3f}"


STARTS = {
    "s": ("onset", "Onset (s)", "start_time_s", "Begin Time - ss.msec", "t_start", "From", "Start"),
    "ms": ("start_ms", "Start [ms]", "onset (msec)", "Begin Time - msec"),
    "clock": ("Start Time [hh:mm:ss]", "begin", "Begin Time - hh:mm:ss.ms"),
    "frame": ("first_frame", "StartFrame", "Frame start", "start (frames)", "onset_frame"),
}
STOPS = {
    "s": ("offset", "Offset (s)", "stop_time_s", "End Time - ss.msec", "tEnd", "to", "Stop"),
    "ms": ("stop_ms", "End [ms]", "offset (msec)", "End Time - msec"),
    "clock": ("Stop Time [hh:mm:ss]", "end", "End Time - hh:mm:ss.ms"),
    "frame": ("end_frame", "StopFrame", "Frame stop", "end (frames)", "offset_frame"),
}
LASTS = ("last_frame", "Last Frame", "lastframe")
LENGTHS = {
    "s": ("duration", "Duration (s)", "dur_s"), "ms": ("duration_ms", "Duration [ms]"),
    "clock": ("Duration - hh:mm:ss.ms",), "frame": ("n_frames", "duration (frames)"),
}  # fmt: skip
WAYS = {
    "s": lambda frame: f"{frame / FPS:.2f}",
    "ms": lambda frame: f"{frame / FPS * 1000:.0f}",
    "clock": lambda frame: clock(frame / FPS),
    "frame": str,
}


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None
)
@given(data=st.data())
def test_every_spelling_gives_the_same_frames(table, data):
    unit = data.draw(st.sampled_from(list(STARTS)))
    how = data.draw(st.sampled_from(["stop", "last", "length"]))
    if how == "last":
        unit = "frame"
    edges = data.draw(st.lists(st.integers(0, 190), min_size=2, max_size=8, unique=True))
    edges = sorted(edges[: len(edges) // 2 * 2])
    bouts = list(zip(edges[::2], edges[1::2], strict=True))
    write = WAYS[unit]
    ends = {
        "stop": (STOPS[unit], lambda a, b: write(b)),
        "last": (LASTS, lambda a, b: str(b - 1)),
        "length": (LENGTHS[unit], lambda a, b: write(b - a)),
    }
    names, end = ends[how]
    columns = {
        data.draw(st.sampled_from(["behaviour", "Behavior", "Action", "event type"])): [
            "run" for _ in bouts
        ],
        data.draw(st.sampled_from(STARTS[unit])): [write(a) for a, _ in bouts],
        data.draw(st.sampled_from(names)): [end(a, b) for a, b in bouts],
        "Comment": [f"note {i}" for i in range(len(bouts))],
        "bout": [str(i + 1) for i in range(len(bouts))],
    }
    order = data.draw(st.permutations(list(columns)))
    mark, point = data.draw(st.sampled_from([(",", "."), (";", ","), ("\t", ".")]))
    lines = [mark.join(order)]
    for i in range(len(bouts)):
        lines.append(mark.join(columns[name][i] for name in order))
    text = "\n".join(lines) + "\n"
    if point == ",":
        text = "\n".join([lines[0], *(line.replace(".", ",") for line in lines[1:])]) + "\n"
    labels = quietly(table(text))
    assert frames(labels.run[0]) == [f for a, b in bouts for f in range(a, b)]
    assert labels.run.notnull().all()


def test_whether_the_last_frame_belongs_is_told_by_the_lengths_or_said(table):
    inclusive = "behaviour,start_frame,stop_frame,n_frames\nrun,0,2,3\nrun,9,9,1\n"
    path = table(inclusive)
    assert frames(ef.read_labels(path, fps=FPS, n_frames=20).run[0]) == [0, 1, 2, 9]
    path = table(inclusive.replace(",3\n", ",2\n").replace("9,9,1", "9,10,1"))
    assert frames(ef.read_labels(path, fps=FPS, n_frames=20).run[0]) == [0, 1, 9]
    with pytest.warns(LabelNote, match="counted from 0"):  # lengths do not tell that
        ef.read_labels(table(inclusive.replace("0,2,3", "1,3,3")), fps=FPS)
    with pytest.warns(LabelNote, match="'last_frame' is taken as the last frame of its bout"):
        labels = ef.read_labels(table("behaviour,first_frame,last_frame\nrun,3,5\n"), fps=FPS)
    assert frames(labels.run[0]) == [3, 4, 5]
    # A bout that ends where it starts is one frame long.
    path = table("behaviour,start_frame,end_frame\nrun,3,5\nrun,9,9\n")
    with pytest.warns(LabelNote, match="'end_frame' is taken as the last frame of its bout"):
        labels = ef.read_labels(path, fps=FPS)
    assert frames(labels.run[0]) == [3, 4, 5, 9]


@pytest.mark.parametrize(
    ("video", "mouse"),
    [
        ("video_name", "mouse_id"), ("session", "subject_id"), ("Media file", "Subject name"),
        ("Media file name", "Animal"), ("recording", "Ear tag"), ("VideoFile", "agent_id"),
        ("video_id", "Focal animal"), ("filename", "mouse"),
    ],
)  # fmt: skip
def test_videos_and_animals_stay_apart(table, video, mouse):
    path = table(
        f"{video},{mouse},behavior,start,stop\nv1.mp4,a,run,2,4\nv1.mp4,b,run,5,6\n"
        "C:\\x\\v2.mp4,a,run,7,8\n"
    )
    listed = ef.list_labels(path)
    found = listed[["recording", "individual", "n_bouts", "total"]].values.tolist()
    assert found == [["v1", "a", 1, 2.0], ["v1", "b", 1, 1.0], ["v2", "a", 1, 1.0]]


def test_a_column_that_is_not_understood_is_named(table):
    path = table("behavior,box,start,stop\nrun,l,2,4\nrun,r,3,5\n")
    with pytest.raises(DataError, match="not understood: the column 'box'"):
        ef.list_labels(path)
    apart = ef.list_labels(path, columns={"individual": "box"})
    assert apart.individual.tolist() == ["l", "r"]
    pooled = ef.list_labels(path, columns={"ignore": ["box"]})
    assert pooled.n_bouts.tolist() == [2]
    with pytest.raises(DataError, match="no column 'cage'; the table has"):
        ef.list_labels(path, columns={"ignore": "cage"})
    with pytest.raises(DataError, match="columns knows start, stop"):
        ef.list_labels(path, columns={"beginning": "start"})


@pytest.mark.parametrize("cells", [("12.1", "12.2"), ("1", "3"), ("m", "f"), ("1", "2")])
def test_what_could_be_an_animal_is_never_passed_over(table, cells):
    one, other = cells
    rows = f"rear,{one},0,1\nrear,{one},2,3\ngroom,{other},4,5\n"
    with pytest.raises(DataError, match="not understood: the column 'unit'"):
        ef.list_labels(table(f"behaviour,unit,start,stop\n{rows}"))


def test_columns_that_say_nothing_of_whose_a_bout_is(table):
    path = table(
        ",behaviour,Behavioral category,video,fps,start,stop,duration,mean_speed,sex\n"
        "0,rear,up,v,25,0,1,1,12.5,m\n1,rear,up,v,25,2,3,1,3.25,m\n2,groom,self,v,25,4,6,2,0.1,m\n"
    )
    listed = ef.list_labels(path)
    assert listed.fps.tolist() == [25, 25]
    assert listed.total.tolist() == [2, 2]


def test_columns_by_hand(table):
    path = table("what,t_in,t_out\nrun,2,4\n")
    with pytest.raises(DataError, match="Where it is a table of bouts, say what its columns are"):
        ef.list_labels(path)
    columns = {"behaviour": "what", "start": "t_in", "stop": "t_out"}
    assert frames(quietly(path, columns=columns).run[0]) == list(range(50, 100))


def test_partners_are_said_and_kept_as_modifiers(table):
    path = table(
        "video_id,agent_id,target_id,action,start_frame,stop_frame\n"
        "44,1,2,sniff,10,20\n44,1,3,sniff,30,40\n44,2,1,sniff,50,60\n"
    )
    with (
        pytest.warns(LabelNote, match="'stop_frame' is taken as the first frame after"),
        pytest.warns(LabelNote, match="different partners"),
    ):
        labels = ef.read_labels(path, fps=FPS)
    assert labels.animal.values.tolist() == ["1", "2"]
    assert frames(labels.sniff[0]) == [*range(10, 20), *range(30, 40)]
    apart = quietly(path, modifiers=True)
    assert frames(apart.sniff_3[0]) == list(range(30, 40))


def test_tiers_are_asked_about_unless_they_say_nothing(table):
    head = "Tier\tBegin Time - ss.msec\tEnd Time - ss.msec\tAnnotation\n"
    with pytest.raises(DataError, match="not understood: the column 'Tier'"):
        ef.list_labels(table(head + "m1\t0\t1\trun\nm2\t2\t3\trun\n"))
    assert ef.list_labels(table(head + "m1\t0\t1\trun\nm1\t2\t3\trun\n")).n_bouts.tolist() == [2]


def test_times_and_frames_side_by_side(table):
    path = table("behaviour,start,stop,start_frame,stop_frame,duration\nrun,0.4,0.8,10,20,0.4\n")
    assert frames(ef.read_labels(path, fps=FPS, n_frames=30).run[0]) == list(range(10, 20))
    with pytest.raises(DataError, match="not in one unit"):
        ef.list_labels(table("behaviour,start (s),stop_frame\nrun,0.4,20\n"))


def test_units_that_are_not_stated(table):
    path = table("behaviour,start,stop\nrun,1200,1400\n")
    with pytest.warns(LabelNote, match="whole numbers without a unit"):
        ef.read_labels(path, fps=FPS)
    assert frames(ef.read_labels(path, fps=FPS, unit="frame").run[0]) == list(range(1200, 1400))
    with pytest.raises(DataError, match="its times are in s by its own headings"):
        ef.read_labels(table("behaviour,start_ms,stop_ms\nrun,1,2\n"), fps=FPS, unit="frame")


def test_the_tables_of_bouts_of_our_own_are_read(tmp_path):
    tracks = ef.simulate.still_then_running()
    labels = ef.annotate(tracks, ["moving"])
    path = tmp_path / "bouts.csv"
    ef.find_bouts(labels).to_csv(path, index=False)
    fps = float(labels.fps)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelNote)
        again = ef.read_labels(path, fps=fps, n_frames=labels.sizes["time"])
    moving = labels.moving.squeeze().values
    np.testing.assert_array_equal(again.moving.squeeze().values == 1, moving == 1)


def test_our_own_bouts_of_pairs_are_read_on_the_frames_of_a_cohort(tmp_path):
    """Slots and names of both animals stand in them: nothing is unclear, and nothing is guessed."""
    made = ef.simulate.simulate_cohort(2, duration="40 s", seed=8)
    arena = ef.circle(made.arena.x, made.arena.y, made.arena.radius, size=made.arena.size)
    poses = ef.clean(ef.calibrate(made.tracks, arena))
    labels = ef.annotate(poses, ["moving", "following"]).compute()
    path = tmp_path / "bouts.csv"
    ef.find_bouts(labels).to_csv(path, index=False)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        again = ef.read_labels(path, like=poses)
    assert {"taken together" in str(note.message) for note in said} == {True}  # the partners alone
    for name, wanted in {
        "moving": labels.moving,
        "following": labels.following.max("partner"),
    }.items():
        known = wanted.notnull().values
        np.testing.assert_array_equal(again[name].values[known], wanted.values[known])


def test_another_column_of_partners_that_says_something_else_is_not_passed_over(table):
    text = "mouse,target,receiver,behaviour,start,stop\na,b,x,run,0,1\na,b,y,run,2,3\n"
    with pytest.raises(DataError, match="not understood: the column 'receiver'"):
        ef.list_labels(table(text))


def test_a_workbook_of_bouts(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (["Behaviour", "Onset (s)", "Offset (s)"], ["run", 1.0, 2.5]):
        book.active.append(row)
    book.save(tmp_path / "m.xlsx")
    assert frames(quietly(tmp_path / "m.xlsx").run[0]) == list(range(25, 62))


@pytest.mark.parametrize(
    "heading",
    ["selected observation period start", "weight", "cage", "trial", "Tier", "id", "start weight"],
)
def test_headings_that_are_not_known_have_no_kind(heading):
    assert heading_of(heading).kind == ""


def test_a_row_number_and_three_animals_look_alike(table):
    text = "behaviour,box,start,stop\nrun,1,0,1\nrun,2,2,3\nrun,3,4,5\n"
    with pytest.raises(DataError, match="not understood: the column 'box'"):
        ef.list_labels(table(text))
    assert ef.list_labels(table(text.replace("box", "bout no"))).n_bouts.tolist() == [3]


def test_a_second_stop_is_not_passed_over(table):
    path = table("behavior,start,stop,offset\nrun,2,4,12\nrun,5,6,12\n")
    with pytest.raises(DataError, match="not understood: the column 'offset'"):
        ef.list_labels(path)


def test_a_length_under_any_name(table):
    listed = ef.list_labels(table("behaviour,start,stop,Total\nrun,2,4,2\nrest,5,6.5,1.5\n"))
    assert listed.total.tolist() == [2, 1.5]


def test_lines_above_the_headings_are_said(table):
    path = table("Scored by,Jo\n\nbehaviour,start,stop\nrun,2,4\n")
    with pytest.warns(LabelNote, match="the lines above its headings are not read"):
        assert ef.list_labels(path).total.tolist() == [2]


def test_rows_without_their_recording_or_behaviour(table):
    with pytest.raises(DataError, match="line 3 has nothing in the column 'video'"):
        ef.list_labels(table("behaviour,start,stop,video\nrun,2,4,m\nrest,5,6,\n"))
    with pytest.warns(LabelNote, match="1 of its rows name no behaviour"):
        listed = ef.list_labels(table("behaviour,start,stop\nrun,2,4\n,5,6\n"))
    assert listed.behaviour.tolist() == ["run"]


@pytest.mark.parametrize(
    ("head", "unit"), [("frame,behavior,duration", "frame"), ("time,behavior,duration", "s")]
)
def test_a_time_and_a_duration_are_a_bout(table, head, unit):
    path = table(f"{head}\n10,run,5\n30,run,5\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LabelNote)
        listed = ef.list_labels(path)
    assert listed[["n_bouts", "total", "unit"]].values.tolist() == [[2, 10, unit]]
    if unit == "frame":
        with pytest.raises(DataError, match="some are no whole numbers"):
            ef.list_labels(table(f"{head}\n10,run,2.5\n"))


@pytest.mark.parametrize("words", [("START", "STOP"), ("on", "off"), ("Begin", "End")])
def test_a_log_of_starts_and_stops(table, words):
    start, stop = words
    path = table(
        f"Time (s),Animal,Behaviour,Status\n1,a,run,{start}\n1.5,b,run,{start}\n2,a,run,{stop}\n"
        f"3,b,run,{stop}\n"
    )
    listed = ef.list_labels(path)
    assert listed[["individual", "total"]].values.tolist() == [["a", 1.0], ["b", 1.5]]
    with pytest.raises(DataError, match="not understood: the column 'box'"):
        ef.list_labels(table(path.read_text().replace("Animal", "box")))


@pytest.mark.filterwarnings("ignore:.*begin while another")
def test_logs_keep_partners_apart(table):
    rows = ["1,chase,start,a", "2,chase,start,b", "3,chase,stop,a", "4,chase,stop,b"]
    path = table("\n".join(["time,behaviour,status,target", *rows]))
    labels = quietly(path, modifiers=True)
    assert frames(labels.chase_a[0]) == list(range(25, 75))
    assert frames(labels.chase_b[0]) == list(range(50, 100))
    with pytest.warns(LabelNote, match="different partners"):
        ef.read_labels(path, fps=FPS, n_frames=200)


@pytest.mark.parametrize(
    ("unit", "cells"),
    [("ms", ("1,500", "2,750")), ("frame", ("1,500", "2,750")), ("s", ("950", "1,200")),
     ("s", ("950.5", "1,200"))],
)  # fmt: skip
def test_commas_of_thousands_are_no_decimals(table, unit, cells):
    start, stop = cells
    with pytest.raises(DataError, match="may part thousands or decimals"):
        quietly(table(f'behaviour,start_{unit},stop_{unit}\nrun,"{start}","{stop}"\n'))


@pytest.mark.parametrize("cells", ["1,500;2,750", "1,5;2,750", "1,500;2", "0,500;0,750"])
def test_commas_of_decimals_are_read(table, cells):
    start, stop = (float(cell.replace(",", ".")) for cell in cells.split(";"))
    labels = quietly(table(f"behaviour;start_s;stop_s\nrun;{cells}\n"))
    expected = [i for i in range(200) if start <= (i + 0.5) / FPS < stop]
    assert frames(labels.run[0]) == expected


def workbook(path, **sheets):
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(path) as book:
        for name, sheet in sheets.items():
            pd.DataFrame(sheet).to_excel(book, sheet_name=name, index=False)
    return path


def test_every_sheet_of_a_workbook_of_bouts_is_read_or_named(tmp_path):
    a, b = ({"behaviour": ["run"], "start": [begin], "stop": [begin + 1]} for begin in (1.0, 3.0))
    with pytest.warns(LabelNote, match="its sheets 'a', 'b' are read, 'about' are not"):
        labels = ef.read_labels(
            workbook(tmp_path / "s.xlsx", a=a, b=b, about={"rater": ["Jin"]}), fps=FPS, n_frames=200
        )
    assert labels.recording.values.tolist() == ["a", "b"]
    assert [frames(row[0]) for row in labels.run] == [list(range(25, 50)), list(range(75, 100))]
    named = [{"video": ["v"], **sheet} for sheet in (a, b)]
    both = workbook(tmp_path / "both.xlsx", Jin=named[0], Kim=named[1])
    with pytest.raises(DataError, match="'Jin' and 'Kim' are both of 'v'"):
        ef.list_labels(both)
    one = workbook(tmp_path / "one.xlsx", bouts=a, about={"rater": ["Jin"]})
    with pytest.warns(LabelNote, match="its sheets 'about' are not read"):
        ef.list_labels(one)


def test_a_table_that_goes_on_in_another_sheet_is_refused(tmp_path):
    sheets = {name: {"recording": [name], "group": ["wt"]} for name in ("day1", "day2")}
    with pytest.raises(DataError, match="'day1', 'day2' have the same headings"):
        rows_of(workbook(tmp_path / "m.xlsx", **sheets))
    beside = workbook(tmp_path / "n.xlsx", day1=sheets["day1"], about={"rater": ["Jin"]})
    assert len(rows_of(beside)) == 2
