"""Mutated files: tracks or one of our own errors, in a process of its own.

Here a few mutations of small samples; ``python -m tests.fuzz FILES --n 10000`` reads many more.
"""

from __future__ import annotations

import pytest

from tests import fuzz
from tests.conftest import LONG

SAMPLES = {
    "tracks": (
        "deepof-examples/test_single_topview/Tables/testDLC_h5_table.h5",
        "deepof-examples/test_multi_topview/Tables/testDLC_h5_table_multi.h5",
        "small-interchange-formats/dlc/labeled-data/video/maudlc_testdata_v2.csv",
        "many-formats-animovement/deeplabcut/mouse_multi.csv",
        "many-formats-animovement/trex/beetle.csv",
        "many-formats-animovement/animalta/single_individual_multi_arena.csv",
        "many-formats-animovement/bbox/single-crab.csv",
        "ethovision-and-watermaze/rtrack-mwm/Track_1.tab",
        "jabs-pose/example_pose_est_v2.h5",
        "sleap-flies/analysis-h5/simple_standard.analysis.h5",
        "mouse-3d-dannce/com3d.mat",
    ),
    "labels": (
        "boris-annotations/boris-tests/test.boris",
        "boris-annotations/boris-tests/test_export_events_tabular.tsv",
        "boris-annotations/boris-tests/test_export_aggregated_events_test_full_1.tsv",
        "freezing-behaviordepot/demo7/hB_expert1.mat",
        "human-labels-ethz/FST/FSTLables_Oliver.csv",
    ),
}


MUTATIONS = 150 if LONG else 60


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "name"), [(k, n) for k, names in SAMPLES.items() for n in names])
def test_only_our_own_errors_come_out(real_data, kind, name):
    outcomes = fuzz.run(real_data / name, n=MUTATIONS, seed=7, kind=kind)
    assert set(outcomes) <= {"read", "refused"}, outcomes
    assert sum(outcomes.values()) == MUTATIONS
