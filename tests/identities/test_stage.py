"""The key `identities` of a project, and the command that looks for swaps."""

import numpy as np

import ethoflow as ef
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
    assert (lab.folder / "results" / "cohort_results" / "identities" / "suspects.csv").exists()
