"""Assays on paths that are known: which place an animal is in, frame by frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import ethoflow as ef
from ethoflow.errors import Missing
from ethoflow.labels.events import EventNote
from tests.conftest import no_compute
from tests.strategies import chunkings

FPS = 10.0
PLACES = {"a": (0, 100), "b": (87, -50), "c": (-87, -50), "m": (0, 0), "x": (500, 500)}
"""Arms of a Y maze or of a plus maze, its middle, and a place that is in no region."""
REGIONS = {name: ef.circle(*PLACES[name], 30) for name in "abcm"}


def poses(
    path: str,
    regions: Mapping[str, ef.Arena] = REGIONS,
    *,
    nose: str = "",
    name: str = "a",
    hold: int = 5,
) -> xr.Dataset:
    """An animal that is `hold` frames in each place of a path; a dot is not seen."""
    where = {**PLACES, ".": (np.nan, np.nan)}

    def track(places: str) -> np.ndarray:
        return np.repeat([where[place] for place in places], hold, axis=0).T

    position = np.stack([track(nose or path), track(path), track(path)])[np.newaxis]
    ds = ef.from_arrays(
        position, fps=FPS, bodyparts=["nose", "centre", "tail_base"], units="mm", recording=name
    )
    return ef.mark_regions(ds, regions, units="mm")


def row(table: pd.DataFrame) -> dict[str, float]:
    (found,) = table.to_dict("records")
    return found


def test_open_field() -> None:
    found = row(ef.assays.open_field(poses("xxmmxmx."), centre="m"))
    assert found["observed"] == 3.5
    assert (found["time_centre"], found["time_periphery"]) == (1.5, 2.0)
    assert found["thigmotaxis"] == pytest.approx(4 / 7)
    assert found["share_centre"] == pytest.approx(3 / 7)
    assert (found["entries_centre"], found["latency_centre"]) == (2, 1.0)
    assert not found["latency_cut"]
    assert row(ef.assays.open_field(poses(".xm"), centre="m"))["latency_cut"]


def test_entries_are_not_made_up_across_gaps_or_at_the_beginning() -> None:
    for path, entries in (("mmx", 0), ("xm", 1), ("x.m", 0), (".m", 0), ("m.m", 0), ("xm.m", 1)):
        found = row(ef.assays.open_field(poses(path), centre="m"))
        assert found["entries_centre"] == entries, path
    unseen = row(ef.assays.open_field(poses("..."), centre="m"))
    assert unseen["observed"] == 0
    assert np.isnan([unseen["time_centre"], unseen["entries_centre"], unseen["thigmotaxis"]]).all()
    never = row(ef.assays.open_field(poses("xxx"), centre="m"))
    assert (never["time_centre"], never["entries_centre"], never["thigmotaxis"]) == (0, 0, 1)
    assert np.isnan(never["latency_centre"])


def test_visits_of_a_moment_are_time_and_no_entries() -> None:
    path = "xxxxx" + "m" + "xxxxx" + "mmmmm" + "x" + "mmmmm" + "xxxxx"
    found = row(ef.assays.open_field(poses(path, hold=1), centre="m"))
    assert (found["entries_centre"], found["time_centre"]) == (1, 1.1)
    assert found["latency_centre"] == 1.1
    every = row(ef.assays.open_field(poses(path, hold=1), centre="m", min_visit=0))
    assert (every["entries_centre"], every["latency_centre"]) == (3, 0.5)


def test_light_dark() -> None:
    found = row(ef.assays.light_dark(poses("aabbab.b"), light="a", dark="b"))
    assert (found["time_light"], found["time_dark"]) == (1.5, 2.0)
    assert found["share_light"] == pytest.approx(3 / 7)
    assert (found["entries_light"], found["entries_dark"], found["transitions"]) == (1, 2, 3)
    assert (found["latency_light"], found["latency_dark"]) == (0, 1.0)


def test_three_chamber() -> None:
    found = row(ef.assays.three_chamber(poses("mamamab"), social="a", empty="b"))
    assert (found["time_social"], found["time_empty"], found["time_elsewhere"]) == (1.5, 0.5, 1.5)
    assert found["preference"] == pytest.approx(0.5)
    assert (found["entries_social"], found["entries_empty"]) == (3, 1)
    alone = row(ef.assays.three_chamber(poses("mm"), social="a", empty="b"))
    assert np.isnan(alone["preference"])
    nose = poses("mmm", nose="mam")
    by_nose = row(ef.assays.three_chamber(nose, social="a", empty="b", point="nose"))
    assert (by_nose["time_social"], by_nose["preference"]) == (0.5, 1)


def test_novel_object() -> None:
    ds = poses("mmmmamm.", nose="maab" + "a" + ".m.")
    found = row(ef.assays.novel_object(ds, novel="a", familiar="b"))
    assert (found["exploration_novel"], found["exploration_familiar"]) == (1.0, 0.5)
    assert found["discrimination_index"] == pytest.approx(1 / 3)
    assert found["visits_novel"] == 1
    assert found["observed"] == 3.0  # without a nose anything may be
    settled = poses("ma", nose="..", hold=5)
    found = row(ef.assays.novel_object(settled, novel="a", familiar="b"))
    assert found["observed"] == 0.5  # an animal that sits on it does not explore it
    assert np.isnan(found["discrimination_index"])


def test_elevated_plus_maze() -> None:
    maze = {"open_arms": ["a"], "closed_arms": ["b", "c"], "platform": "m"}
    found = row(ef.assays.elevated_plus_maze(poses("mambmcma", nose="maxbmcmx"), **maze))
    assert (found["time_open"], found["time_closed"], found["time_middle"]) == (1.0, 1.0, 2.0)
    assert (found["entries_open"], found["entries_closed"]) == (2, 2)
    assert (found["share_open"], found["share_open_of_arms"]) == (0.25, 0.5)
    assert found["share_entries_open"] == 0.5
    assert found["latency_open"] == 0.5
    assert (found["head_dips"], found["time_dipping"]) == (2, 1.0)
    maze["platform"] = None
    assert "head_dips" not in ef.assays.elevated_plus_maze(poses("ma"), **maze)
    with pytest.raises(ef.DataError, match="an arm is named twice: a, a"):
        ef.assays.elevated_plus_maze(poses("ma"), open_arms=["a"], closed_arms=["a"])


@pytest.mark.parametrize(
    ("path", "entries", "triads", "alternations", "returns"),
    [
        ("mambmcma", 4, 2, 2, 0),
        ("mamamb", 3, 1, 0, 1),
        ("mambma", 3, 1, 0, 0),
        ("ambmcma", 3, 1, 1, 0),  # it began in an arm, which it did not enter
        ("mamb.mcma", 4, 0, 0, 0),
        ("mambm.cmamb", 4, 0, 0, 0),
        ("mambmcm.mambmc", 6, 2, 2, 0),
        ("m", 0, 0, 0, 0),
    ],
)
def test_spontaneous_alternation(
    path: str, entries: int, triads: int, alternations: int, returns: int
) -> None:
    found = row(ef.assays.spontaneous_alternation(poses(path)))
    assert found["entries"] == entries
    assert sum(found[f"entries_{arm}"] for arm in "abc") == entries
    assert (found["triads"], found["alternations"]) == (triads, alternations)
    assert found["same_arm_returns"] == returns
    np.testing.assert_allclose(found["alternation"], alternations / triads if triads else np.nan)


@given(path=st.lists(st.sampled_from("abcm."), min_size=1, max_size=30).map("".join))
@settings(max_examples=40, deadline=None)
def test_alternation_is_a_walk_from_place_to_place(path: str) -> None:
    found = row(ef.assays.spontaneous_alternation(poses(path, hold=2)))
    entered = [
        i for i in range(1, len(path)) if path[i] in "abc" and path[i - 1] not in (path[i], ".")
    ]
    triads = [
        [path[i] for i in three]
        for three in zip(entered, entered[1:], entered[2:], strict=False)
        if "." not in path[three[0] : three[2]]
    ]
    if set(path) == {"."}:
        assert np.isnan(found["entries"])
        return
    assert found["entries"] == len(entered)
    assert found["triads"] == len(triads)
    assert found["alternations"] == sum(len(set(three)) == 3 for three in triads)


def test_fear_conditioning(tmp_path: Path) -> None:
    still = ef.simulate.still_then_running()
    (tmp_path / "tones.csv").write_text("event,start,duration\nCS,1,2\nCS,4,2\n")
    table = ef.assays.fear_conditioning(still, tmp_path / "tones.csv", before="1 s")
    during = table[table.window == "during"]
    scored = ef.annotate(still, ["freezing"])
    truth = scored.freezing.isel(individual=0)
    for found in during.itertuples():
        span = truth.sel(time=slice(found.start, found.stop - 1e-6))
        assert found.percent_freezing == pytest.approx(100 * float(span.mean()))
        assert found.observed == 2
    assert during.percent_freezing.iloc[0] == 100
    own = ef.assays.fear_conditioning(scored, tmp_path / "tones.csv", freezing="freezing")
    assert own.percent_freezing.tolist() == during.percent_freezing.tolist()
    pair = scored.freezing.expand_dims(partner=["p"]).assign_attrs(kind="label")
    with pytest.raises(ef.DataError, match="no label of single animals"):
        ef.assays.fear_conditioning(
            scored.assign(freezing=pair), tmp_path / "tones.csv", freezing="freezing"
        )
    with pytest.raises(ef.DataError, match="frezing"):
        ef.assays.fear_conditioning(scored, tmp_path / "tones.csv", freezing="frezing")


def test_what_is_said_of_tones_points_to_who_asked() -> None:
    still = ef.simulate.still_then_running()
    tones = pd.DataFrame({"start": [1.0, 7.5], "duration": [2.0, 2.0]})
    with pytest.warns(EventNote, match="reach beyond") as said:
        ef.assays.fear_conditioning(still, tones)
    assert [note.filename for note in said] == [__file__]


def test_forced_swim_counts_the_stretch_that_is_asked_for() -> None:
    still = ef.simulate.still_then_running()
    truth = ef.annotate(still, ["immobile"]).immobile.isel(individual=0)
    found = row(ef.assays.forced_swim(still, begin="2 s", length="4 s"))
    assert found["time_immobile"] == pytest.approx(
        float(truth.sel(time=slice(2, 5.999)).sum()) / 25
    )
    with pytest.warns(
        ef.assays.AssayNote, match="from 6 to 10 s is not whole .*running at 8 s"
    ) as said:
        beyond = row(ef.assays.forced_swim(still, begin="6 s", length="4 s"))
    assert [note.filename for note in said] == [__file__]
    assert beyond["observed"] == 2.0
    with pytest.warns(ef.assays.AssayNote, match="from 120 to 360 s"):
        nothing = row(ef.assays.forced_swim(still))
    assert nothing["observed"] == 0
    assert np.isnan(nothing["share_immobile"])
    with pytest.raises(ef.DataError, match="a stretch of time"):
        ef.assays.forced_swim(still, length=0)


def stacked(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Recordings of unlike length, in one."""
    size = max(part.sizes["time"] for part in parts)
    padded = [
        part[["position", "confidence"]].pad(time=(0, size - part.sizes["time"])) for part in parts
    ]
    time = np.arange(size) / FPS
    whole = xr.concat(
        [one.assign_coords(time=time).expand_dims("recording") for one in padded], "recording",
        data_vars="all", coords="different", compat="equals",
    ).assign_coords(n_frames=("recording", [part.sizes["time"] for part in parts]))  # fmt: skip
    return ef.mark_regions(whole, REGIONS, units="mm").assign_coords(
        treatment=("recording", ["drug", "none"])
    )


ASSAYS = {
    "open_field": {"centre": "m"},
    "light_dark": {"light": "a", "dark": ["b", "c"]},
    "three_chamber": {"social": "a", "empty": "b"},
    "novel_object": {"novel": "a", "familiar": "b"},
    "elevated_plus_maze": {"open_arms": ["a"], "closed_arms": ["b", "c"], "platform": "m"},
    "spontaneous_alternation": {},
}


@pytest.mark.parametrize("name", ASSAYS)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_chunks_and_cohorts_do_not_show(name: str, data: st.DataObject) -> None:
    assay, options = getattr(ef.assays, name), ASSAYS[name]
    parts = [poses("mambmc.mam", name="a"), poses("xmcma", name="b")]
    whole = stacked(parts)
    table = assay(whole, **options, bin="1.5 s")
    sizes = data.draw(chunkings(whole.sizes["time"]))
    pd.testing.assert_frame_equal(assay(whole.chunk(time=sizes), **options, bin="1.5 s"), table)
    assert table.groupby("recording").size().to_dict() == {"a": 4, "b": 2}
    assert set(table[table.recording == "a"].treatment) == {"drug"}
    for part, one in zip(parts, "ab", strict=True):
        alone = assay(part, **options, bin="1.5 s")
        own = table[table.recording == one].reset_index(drop=True)
        pd.testing.assert_frame_equal(own[alone.columns], alone, check_dtype=False)
    total = assay(whole, **options)
    for column in (c for c in total if c.startswith(("time_", "entries", "observed", "triads"))):
        sums = table.groupby("recording")[column].sum()
        np.testing.assert_allclose(sums.to_numpy(), total[column].to_numpy(), err_msg=column)


def test_what_is_not_there_is_said() -> None:
    with pytest.raises(ef.DataError, match=r"no region 'center'.*a, b, c, m"):
        ef.assays.open_field(poses("m"), centre="center")
    bare = poses("m").drop_dims("region")
    with pytest.raises(ef.DataError, match=r"mark them with ef\.mark_regions"):
        ef.assays.open_field(bare)
    with pytest.raises(Missing, match="'centre'"):
        ef.assays.open_field(poses("m").isel(bodypart=[0]), centre="m")
    with pytest.raises(ef.DataError, match="three arms, found: a, b"):
        ef.assays.spontaneous_alternation(poses("m"), arms=["a", "b"])


def test_labels_of_places_are_lazy() -> None:
    from ethoflow.assays.places import inside

    with no_compute():
        inside(poses("mam").chunk(time=4), {"any": ["a", "m"]})


def test_time_elsewhere_is_neither_side_also_where_zones_overlap() -> None:
    x = np.arange(0, 100, 2.0)
    ds = ef.from_arrays(np.stack([x, 0 * x])[None, None], fps=25, bodyparts=["centre"], units="mm")
    zones = {"social": (-5, 61), "empty": (31, 81)}
    drawn = {name: ef.polygon([(a, -5), (b, -5), (b, 5), (a, 5)]) for name, (a, b) in zones.items()}
    marked = ef.mark_regions(ds, drawn, units="mm")
    with pytest.warns(ef.assays.AssayNote, match=r"social and empty overlap.*was in .*for 0\.6 s"):
        row = ef.assays.three_chamber(marked, min_visit=0).iloc[0]
    times = [row[f"time_{name}"] * 25 for name in ("social", "empty", "elsewhere")]
    expected = [(x < 61).sum(), ((x > 31) & (x < 81)).sum(), (x > 81).sum()]
    np.testing.assert_allclose(times, expected)


def test_the_middle_of_a_maze_is_no_arm_also_where_arms_overlap() -> None:
    x = np.arange(0, 100, 2.0)
    ds = ef.from_arrays(np.stack([x, 0 * x])[None, None], fps=25, bodyparts=["centre"], units="mm")
    arms = {"open": (-5, 61), "closed": (31, 81)}
    drawn = {name: ef.polygon([(a, -5), (b, -5), (b, 5), (a, 5)]) for name, (a, b) in arms.items()}
    marked = ef.mark_regions(ds, drawn, units="mm")
    maze = {"open_arms": ["open"], "closed_arms": ["closed"], "platform": None}
    with pytest.warns(ef.assays.AssayNote, match="open and closed overlap"):
        found = row(ef.assays.elevated_plus_maze(marked, **maze))
    assert found["time_middle"] * 25 == pytest.approx((x > 81).sum())


@pytest.mark.parametrize(
    ("assay", "names"),
    [
        (ef.assays.light_dark, {"light": "a", "dark": "m"}),
        (ef.assays.novel_object, {"novel": "a", "familiar": "m"}),
        (ef.assays.spontaneous_alternation, {"arms": "amb"}),
    ],
)
def test_time_in_two_places_at_once_is_said(assay, names) -> None:
    regions = {**REGIONS, "m": ef.circle(0, 95, 20), "b": ef.circle(0, 0, 20)}
    here = poses("xma", regions, nose="aaa")
    if assay is ef.assays.novel_object:
        here = poses("xxx", regions, nose="xma")
    with pytest.warns(ef.assays.AssayNote, match="overlap, and 1 of the animals was") as said:
        assay(here, **names)
    assert len(said) == 1
