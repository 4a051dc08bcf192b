"""Stale is found through the command line too: `run` after edits of a project, and `annotate`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.store.equality import assert_same_store
from tests.store.lab import Lab, invoke, small_blocks

Edit = Callable[[Lab], None]


def text_of(old: str, new: str) -> Edit:
    def edit(lab: Lab) -> None:
        text = lab.project.read_text()
        changed = re.sub(old, new, text, flags=re.MULTILINE)
        assert changed != text
        lab.project.write_text(changed)

    return edit


def line(more: str) -> Edit:
    return lambda lab: lab.project.write_text(f"{lab.project.read_text()}{more}\n")


def first_file(lab: Lab) -> Path:
    return sorted((lab.folder / "tracks").glob("*.csv"))[0]


def other_bytes(lab: Lab) -> None:
    rows = first_file(lab).read_text().splitlines()
    rows[60] = rows[61].replace(rows[61].split(",")[0], rows[60].split(",")[0], 1)
    first_file(lab).write_text("\n".join(rows) + "\n")


def other_metadata(lab: Lab) -> None:
    table = pd.read_csv(lab.folder / "animals.csv", dtype=str)
    table["treatment"] = "saline"
    table.to_csv(lab.folder / "animals.csv", index=False)


RULES = """
import ethoflow as ef
FASTEST = 90.0

@ef.behaviour(roles=("nose",), units={"min_speed": "mm/s"})
def dashing(speed, *, min_speed=20.0):
    \"\"\"The nose is faster than `min_speed` and slower than FASTEST.\"\"\"
    return (speed[0] > min_speed) & (speed[0] < FASTEST)
"""

EDITS: dict[str, Edit] = {
    "arena size": text_of(r"px = .*$", "px = 300 mm"),
    "arena place": text_of(r"circle \S+", "circle 405.0"),
    "arena to polygon": text_of(
        r"^arena: .*$", "arena: polygon 100,100 700,100 700,700 100,700 px = 380 mm"
    ),
    "scale": text_of(r"^arena: .*$", "px_per_mm: 2.0"),
    "no scale": text_of(r"^arena: .*\n", ""),
    "role": line("skeleton: {centre: Spine_1}"),
    "threshold": line("parameters: {moving: {min_speed: 60 mm/s}}"),
    "cleaning": line("clean: {max_gap: 80 ms}"),
    "rules": line("rules: [moving, climbing]"),
    "rate": text_of(r"^fps: 25", "fps: 50"),
    "bytes": other_bytes,
    "metadata": other_metadata,
    "a file less": lambda lab: first_file(lab).unlink(),
    "a file renamed": lambda lab: first_file(lab).rename(first_file(lab).with_stem("zz_last")),
}


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A project that was run."""
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch)
        lab = Lab.make(tmp_path_factory.mktemp("done") / "lab")
        assert lab.run().exit_code == 0
        yield lab


@pytest.mark.slow
@pytest.mark.parametrize("name", EDITS)
def test_a_project_that_was_edited_and_run_again(name: str, done: Lab, tmp_path: Path) -> None:
    again, fresh = done.copy(tmp_path / "again"), done.copy(tmp_path / "fresh")
    fresh_results = fresh.folder / "results"
    fresh_results.rename(tmp_path / "aside")
    for lab in (again, fresh):
        EDITS[name](lab)
        said = lab.run()
        assert said.exit_code == 0, said.output
    assert_same_store(again.store, fresh.store)
    tables = [folder / "results/tables/bouts.csv" for folder in (again.folder, fresh.folder)]
    assert [table.exists() for table in tables] in ([True, True], [False, False])
    if tables[0].exists():
        assert tables[0].read_bytes() == tables[1].read_bytes()


@pytest.mark.slow
def test_a_global_of_a_rule_file(done: Lab, tmp_path: Path) -> None:
    again, fresh = done.copy(tmp_path / "again"), done.copy(tmp_path / "fresh")
    (fresh.folder / "results").rename(tmp_path / "aside")
    for lab in (again, fresh):
        line("rule_files: [rules.py]\nrules: [moving, dashing]")(lab)
    (again.folder / "rules.py").write_text(RULES)
    assert again.run().exit_code == 0
    for lab in (again, fresh):
        (lab.folder / "rules.py").write_text(RULES.replace("90.0", "40.0"))
        assert lab.run().exit_code == 0
    assert_same_store(again.store, fresh.store)


WAYS = {
    "scale": ["--px-per-mm", "2.5"],
    "arena": ["--arena", "circle 400 400 300 px = 300 mm"],
    "corner": ["--arena", "polygon 100,110 700,100 700,700 100,700 px = 380 mm"],
    "role": ["--px-per-mm", "3.0", "--skeleton", "centre=Spine_1"],
    "threshold": ["--px-per-mm", "3.0", "--set", "moving.min_speed=60 mm/s"],
}


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_annotating_again_in_another_way(way: str, done: Lab, tmp_path: Path) -> None:
    files = [str(file) for file in sorted((done.folder / "tracks").glob("*.csv"))]
    stores = tmp_path / "again.zarr", tmp_path / "fresh.zarr"
    for store in stores:
        assert invoke("ingest", *files, "--fps", "25", "--out", store).exit_code == 0
    assert invoke("annotate", stores[0], "--px-per-mm", "3.0").exit_code == 0
    for store in stores:
        said = invoke("annotate", store, *WAYS[way])
        assert said.exit_code == 0, said.output
    assert_same_store(*stores)
