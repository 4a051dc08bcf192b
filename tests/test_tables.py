"""The stage of tables: bins, events, the wide form, and labels of people beside those of rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

import ethoflow as ef
from ethoflow import pipeline
from ethoflow.labels.sources import together
from ethoflow.labels.wide import spread
from ethoflow.project import ProjectError, load_project
from ethoflow.stages import Job
from ethoflow.stages.pictures import _kinds, _recordings
from ethoflow.stages.tables import summarise
from tests.labels.further import make_cohort
from tests.test_results import Quiet

EVENTS = "recording,event,start,duration\na,CS+,0.4,0.6\na,CS+,1.6,0.4\nb,CS+,0.4,0.6\n"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A store with labels of rules and of a person, and a table of events beside it."""
    ds = make_cohort()
    ef.write(ds[["moving", "cluster"]], tmp_path / "c.zarr", "labels/rules")
    scored = ds[["huddle", "moving"]].assign_attrs(rater="Anna B.", label_source="human")
    ef.write(scored, tmp_path / "c.zarr", "labels/anna")
    (tmp_path / "tones.csv").write_text(EVENTS)
    return tmp_path / "c.zarr"


def run(path: Path, **keys: Any) -> tuple[dict[str, pd.DataFrame], Quiet, list[str]]:
    report = Quiet()
    job = Job(path, path.parent / "r", report, folder=path.parent)
    made = pipeline.run_one("tables", job, keys)
    names = made.files["tables"]
    read = {n.removesuffix(".parquet"): pd.read_parquet(path.parent / "r/tables" / n)
            for n in names if n.endswith(".parquet")}  # fmt: skip
    return read, report, names


def test_people_stand_beside_rules_each_under_a_name(lab: Path) -> None:
    tables, _, _ = run(lab)
    ds = make_cohort()
    for name, make in (("bouts", ef.find_bouts), ("time_budget", ef.time_budget)):
        table = tables[name]
        assert set(zip(table.source, table.rater, strict=True)) == {
            ("rules", ""), ("anna", "Anna B.")
        }  # fmt: skip
        for source, variables in (("rules", ["moving", "cluster"]), ("anna", ["huddle", "moving"])):
            own = table[table.source == source].reset_index(drop=True)
            expected = make(ds[variables])
            pd.testing.assert_frame_equal(
                own[expected.columns.drop("category", errors="ignore")],
                expected.drop(columns="category", errors="ignore"),
                check_dtype=False,
            )
        assert set(table.treatment) == {"stress", "control"}


def test_bins_events_and_the_wide_form_are_files(lab: Path) -> None:
    tables, report, names = run(
        lab, bin="0.8 s", events="tones.csv", after="0.2 s", wide=["share", "n_bouts"]
    )
    stems = ["bouts", "time_budget", "time_budget_bins", "time_budget_events"]
    wide = [f"{stem}_{value}" for stem in stems[1:] for value in ("share", "n_bouts")]
    assert {Path(name).stem for name in names} == {*stems, *wide}
    ds = make_cohort()[["moving", "cluster"]]
    bins = tables["time_budget_bins"]
    expected = ef.time_budget(ds, bin="0.8 s")
    own = bins[bins.source == "rules"]
    np.testing.assert_allclose(own.share, expected.share)
    events = tables["time_budget_events"]
    assert events.groupby("recording").trial.max().to_dict() == {"a": 2, "b": 1}
    assert report.said[-1].startswith("tables: 20 written")
    shares = tables["time_budget_bins_share"]
    animals = shares[shares.individual != ""]
    assert not animals.duplicated(["recording", "individual", "bin"]).any()
    one = bins[(bins.behaviour == "moving") & (bins.source == "anna")]
    np.testing.assert_allclose(animals.moving_anna, one.share)
    again = run(
        lab, bin="0.8 s", events="tones.csv", after="0.2 s", wide=["share", "n_bouts"]
    )[1]  # fmt: skip
    assert again.said[-1] == "tables: 20 kept, as what they show has not changed"
    (lab.parent / "tones.csv").write_text(EVENTS.replace("1.6", "1.7"))
    assert "20 written" in run(
        lab, bin="0.8 s", events="tones.csv", after="0.2 s", wide=["share", "n_bouts"]
    )[1].said[-1]  # fmt: skip
    assert set(run(lab)[2]) == {"bouts.csv", "bouts.parquet", "time_budget.csv",
                                "time_budget.parquet"}  # fmt: skip


def test_what_is_to_be_said_of_events_is_said_every_time(lab: Path) -> None:
    (lab.parent / "tones.csv").write_text("recording,start,stop\na,1,1.5\nx,1,1.5\n")
    for _ in range(2):
        _, report, _ = run(lab, events="tones.csv")
        said = " ".join(report.said)
        assert "left out events of recordings that are not here: 'x'" in said
        assert "has no events of b" in said


def test_a_person_who_scored_no_recording_with_events_has_no_rows(lab: Path) -> None:
    ef.write(make_cohort()[["moving"]].isel(recording=[1]), lab, "labels/ben")
    ef.write(make_cohort()[["moving"]], lab, "tracks")
    (lab.parent / "tones.csv").write_text("recording,start,stop\na,1,1.5\n")
    tables, report, _ = run(lab, events="tones.csv")
    assert set(tables["time_budget_events"].source) == {"rules", "anna"}
    assert "has no events of b" in " ".join(report.said)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"before": "3 s"}, "before is of events"),
        ({"wide": "speed"}, "wide knows observed, .* not speed"),
        ({"bin": "3 mm"}, "needs a value in s"),
    ],
)
def test_keys_that_do_not_fit_are_refused(lab: Path, keys: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        run(lab, **keys)


def test_a_project_says_where_its_events_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "tracks").mkdir()
    (tmp_path / "tracks" / "a.csv").write_text("")
    project = tmp_path / "project.yaml"
    project.write_text("tracks: tracks/*.csv\nfps: 25\ntables: {events: tones.csv}\n")
    with pytest.raises(ProjectError, match=r"line 3.*tones\.csv: no such file"):
        load_project(project)
    (tmp_path / "tones.csv").write_text("start,stop\n3,1\n")
    with pytest.raises(ProjectError, match=r"line 3.*stops \(1\) before it starts"):
        load_project(project)


def test_raters_of_single_recordings_stay_in_their_column() -> None:
    ds = make_cohort()[["moving"]]
    several = ds.assign_coords(rater=("recording", ["Anna", "Ben"])).assign_attrs(rater="Anna, Ben")
    table = together({"labels/human": several, "labels/rules": ds}, ef.time_budget)
    own = table[table.source == "human"]
    assert dict(zip(own.recording, own.rater, strict=True)) == {"a": "Anna", "b": "Ben"}
    assert set(table[table.source == "rules"].rater) == {""}


def test_metadata_called_source_step_aside() -> None:
    ds = make_cohort()[["moving"]].assign_coords(source=("recording", ["jax", "lab"]))
    table = together({"labels/rules": ds}, ef.time_budget)
    assert set(table.source) == {"rules"}
    assert set(table.metadata_source) == {"jax", "lab"}


def test_the_wide_form_has_every_number_once() -> None:
    budget = ef.time_budget(make_cohort(), bin="1 s")
    for value in ("share", "n_bouts"):
        wide = spread(budget, value)
        numbers = wide.drop(columns=["bin", "start", "stop"]).select_dtypes("number")
        assert numbers.notna().sum().sum() == budget[value].notna().sum()
        np.testing.assert_allclose(np.nansum(numbers), np.nansum(budget[value]))
    assert (wide.partner != "").is_monotonic_increasing  # pairs below the animals
    assert "surface" not in wide  # of a region, not of a row
    assert set(wide.treatment) == {"stress", "control"}
    with pytest.raises(ef.DataError, match="'sahre'. Did you mean 'share'"):
        spread(budget, "sahre")


def test_every_group_of_labels_has_its_ethogram(lab: Path) -> None:
    ef.write(make_cohort()[["moving"]], lab, "labels/ben/again")
    job = Job(lab, lab.parent / "r", Quiet())
    kinds = _kinds(job)
    assert [(kind.begins, kind.whose) for kind in kinds[1:]] == [
        ("ethogram", ""), ("ethogram-anna", "Anna B."), ("ethogram-ben_again", "ben/again")
    ]  # fmt: skip
    assert _recordings(job, "labels/anna") == {"a", "b"}


def test_an_animal_of_several_recordings_is_not_shown_as_several_animals() -> None:
    """Two recordings of one mouse: n counts what the means are over."""
    budget = pd.DataFrame(
        {
            "recording": ["s1", "s2"], "individual": "mouse", "partner": "", "animal": "mouse",
            "behaviour": "rest", "share": [0.2, 0.4], "n_bouts": [1, 2], "mean_bout": [1.0, 2.0],
        }
    )  # fmt: skip
    (row,) = summarise(budget).to_dict("records")
    assert "animals" not in row
    assert row["n"] == 2
    assert row["share"] == pytest.approx(0.3)
