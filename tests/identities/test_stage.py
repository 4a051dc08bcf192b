"""The key `identities` of a project, and the command that looks for swaps."""

import numpy as np
import pandas as pd
import pytest

import ethoflow as ef
from ethoflow.project import ProjectError, load_project
from tests.store.lab import Lab, invoke


def test_another_list_makes_poses_anew(tmp_path):
    lab = Lab.make(tmp_path)
    edits = lab.folder / "edits.csv"
    recording = str(
        ef.read(sorted((lab.folder / "tracks").glob("*.csv"))[0], fps=25).recording.item()
    )
    row = f"recording,start,stop,a,b\n{recording},4,{{}},individual_0,individual_1\n"
    edits.write_text(row.format(8))
    lab.project.write_text(lab.project.read_text() + "identities: edits.csv\n")
    assert lab.run().exit_code == 0, lab.run().output
    first = ef.open(lab.store)["poses"].to_dataset().position.values.copy()
    edits.write_text(row.format(10))
    assert lab.run().exit_code == 0
    second = ef.open(lab.store)["poses"].to_dataset().position.values
    tracks = ef.open(lab.store)["tracks"].to_dataset().position.values
    assert not np.array_equal(first, second, equal_nan=True)
    near = np.abs(np.nanmedian(tracks[0, 1, ..., 230]) - np.nanmedian(tracks[0, 0, ..., 230]))
    assert near > 0
    found = invoke("identities", lab.store)
    assert found.exit_code == 0, found.output
    folder = lab.folder / "results" / "cohort_results" / "identities"
    tables = {path.stem: len(pd.read_csv(path)) for path in folder.glob("swaps_*.csv")}
    assert {path.stem for path in folder.glob("*.png")} == {n for n, k in tables.items() if k}
    assert not all(tables.values())  # of some there is nothing to draw
    assert len(pd.read_csv(folder / "suspects.csv")) == sum(tables.values())
    again = invoke("identities", lab.store)
    assert "kept, as what they show has not changed" in again.output


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("start,stop,who\n2,4,x\n", "needs the columns a, b"),
        ("start,stop,a,b\n2,4,x,x\n", "row 1 exchanges x, x"),
        ("start,stop,a,b\n2,4,x,y\n,4,x,y\n", "row 2 has no start"),
        ("start,stop,a,b\n4,2,x,y\n", "row 1: stop is 2 and start is 4"),
        ("start_frame,stop_frame,a,b\n40,20,x,y\n", "row 1: stop_frame is 20"),
        ("start,stop,a,b\nsoon,2,x,y\n", "row 1: start is 'soon'"),
        ("start,stop,a,b,status\n1,2,x,y,acepted\n", "accepted"),
    ],
)
def test_a_list_is_read_when_the_project_is(tmp_path, text, said):
    (tmp_path / "edits.csv").write_text(text)
    project = tmp_path / "project.yaml"
    project.write_text("tracks: '*.h5'\nfps: 25\nidentities: edits.csv\n")
    with pytest.raises(ProjectError, match=said) as found:
        load_project(project)
    assert "line 3" in str(found.value)
    assert "edits.csv" in str(found.value)


def test_what_was_found_is_applied_and_refused_once_tracked_again(tmp_path):
    lab = Lab.make(tmp_path)
    path = sorted((lab.folder / "tracks").glob("*.csv"))[0]
    lines = path.read_text().splitlines()
    half = (len(lines[0].split(",")) - 1) // 2 + 1
    for number in range(200, len(lines)):  # the second animal goes on where the first was
        frame, *values = lines[number].split(",")
        lines[number] = ",".join([frame, *values[half - 1 :], *values[: half - 1]])
    path.write_text("\n".join(lines) + "\n")
    assert lab.run().exit_code == 0
    assert invoke("identities", lab.store).exit_code == 0
    suspects = lab.folder / "results" / "cohort_results" / "identities" / "suspects.csv"
    found = pd.read_csv(suspects)
    assert "accepted" in found.status.tolist()
    (lab.folder / "edits.csv").write_bytes(suspects.read_bytes())
    lab.project.write_text(lab.project.read_text() + "identities: edits.csv\n")
    done = lab.run()
    assert done.exit_code == 0, done.output
    assert "exchange_frame" in ef.open(lab.store)["poses"].to_dataset()
    changed = path.read_text().splitlines()
    for number in range(150, 250):
        frame, x, *rest = changed[number].split(",")
        changed[number] = ",".join([frame, f"{float(x or 0) + 1:.3f}", *rest])
    path.write_text("\n".join(changed) + "\n")
    refused = lab.run()
    assert refused.exit_code != 0
    assert "found in other tracks" in refused.output.replace("\n", " ")
