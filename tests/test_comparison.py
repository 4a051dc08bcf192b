"""The command that compares groups, on a store as the demo makes it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import ethoflow as ef
from tests.test_cli import run, succeed


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    simulation = ef.simulate.simulate_cohort(6, duration="20 s", seed=2)
    poses = ef.calibrate(simulation.tracks, px_per_mm=1.6)
    ef.write(ef.annotate(poses, ["moving", "following"]), folder / "cohort.zarr", "labels/rules")
    return folder / "cohort.zarr"


def test_compare_writes_what_python_gives(store: Path) -> None:
    said = succeed("compare", store, "--by", "treatment")
    assert "differs between recordings; recordings: 3 of control, 3 of treated; 12 animals" in said
    assert "t test of recordings, p has no lower bound" in said
    assert "treated - control, t test, recording as unit" in said
    assert "next: `ethoflow compare" in said
    folder = store.parent / "cohort_results" / "comparisons"
    written = pd.read_parquet(folder / "treatment_share.parquet")
    budget = ef.time_budget(ef.open(store, "labels/rules"))
    wanted = ef.stats.compare(budget, by="treatment")
    pd.testing.assert_frame_equal(written, wanted, check_dtype=False)
    plain = pd.read_csv(folder / "treatment_share.csv")
    assert plain.columns.tolist() == wanted.columns.tolist()
    assert plain.p.tolist() == wanted.p.tolist()
    again = run("compare", store, "--by", "treatment", "--test", "welch")
    assert again.exit_code == 1
    assert "treatment_share.csv is there already: give --overwrite" in " ".join(
        again.output.split()
    )
    pd.testing.assert_frame_equal(pd.read_csv(folder / "treatment_share.csv"), plain)
    succeed("compare", store, "--by", "treatment", "--overwrite")


def test_compare_says_before_what_a_test_cannot_find(store: Path, tmp_path: Path) -> None:
    said = succeed(
        "compare", store, "--by", "treatment", "--test", "permutation", "--out", tmp_path
    )
    assert said.index("p cannot be below 0.1") < said.index("permutation (exact)")
    assert "no data can give p below 0.1" in said
    assert (tmp_path / "treatment_share.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--by", "treatmen"], "Did you mean 'treatment'?"),
        (["--by", "treatment", "--unit", "animal"], "are not independent"),
        (["--by", "treatment", "--value", "shere"], "Did you mean 'share' or"),
        (["--by", "treatment", "--test", "florp"], "no test 'florp'"),
        (["--by", "treatment", "--group", "labels/human"], "labels/human"),
        (["--by", "behaviour"], "is what is compared, not a condition"),
    ],
)
def test_compare_refuses_in_a_sentence(store: Path, arguments: list[str], said: str) -> None:
    done = run("compare", store, *arguments)
    assert done.exit_code == 1
    assert "error:" in done.output
    assert said in done.output
