"""Whatever is edited in a project, running again gives what a project made afresh gives.

The project file, the metadata and the files are drawn at random, twice or more in a row; the last
state is also run in an empty folder. Both end with the same store and the same tables, or with the
same sentence.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from tests.conftest import LONG
from tests.store.equality import assert_same_store
from tests.store.lab import Lab, small_blocks

RULES = """
import ethoflow as ef

@ef.behaviour(roles=("nose",), units={{"min_speed": "mm/s"}})
def hurrying(speed, *, min_speed={speed}):
    \"\"\"The nose is faster than `min_speed`.\"\"\"
    return speed[0] > min_speed
"""

PARTS = ("Nose", "Spine_1", "Spine_2", "Tail_base")
NAMES = ("treatment", "cage", "speed", "start", "share", "n_bouts", "moving", "origin", "px per mm")


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


circles = st.builds(
    "circle {:g} {:g} {:g} px = {:g} mm".format,
    *[st.sampled_from([390.0, 400.0, 410.0])] * 2, st.just(300.0), st.sampled_from([300.0, 380.0]),
)  # fmt: skip
polygons = st.builds(
    "polygon 100,100 700,100 700,{:g} 100,{:g} px = 380 mm".format,
    *[st.sampled_from([690, 700])] * 2,
)  # fmt: skip

projects = st.fixed_dictionaries(
    {
        "fps": st.sampled_from([25, 25, 25, 50]),
        "scale": st.one_of(
            st.none(),
            st.builds(lambda a: {"arena": a}, circles | polygons),
            st.builds(lambda p: {"px_per_mm": p}, st.sampled_from([2.0, 3.0])),
        ),
        "resample_fps": maybe(st.just(10)),
        "skeleton": maybe(st.dictionaries(
            st.sampled_from(["centre", "neck"]), st.sampled_from(PARTS), min_size=1, max_size=1)),
        "clean": maybe(st.fixed_dictionaries({}, optional={
            "max_gap": st.sampled_from(["80 ms", "400 ms"]),
            "min_confidence": st.sampled_from([0.3, 0.9, None]),
            "window": st.sampled_from(["40 ms", "200 ms"]),
            "max_jump": st.sampled_from(["auto", "40 mm"]),
        })),
        "rules": maybe(st.lists(
            st.sampled_from(["moving", "climbing", "following", "immobile", "nose_to_nose"]),
            unique=True, min_size=1, max_size=3)),
        "own": maybe(st.sampled_from([20.0, 60.0])),
        "features": maybe(st.lists(
            st.sampled_from(["speed", "body_length", "segment_length", "heading"]),
            unique=True, max_size=2)),
        "parameters": maybe(st.builds(
            lambda v: {"moving": {"min_speed": v}}, st.sampled_from(["30 mm/s", "60 mm/s"]))),
        "files": st.sets(st.integers(0, 2), min_size=1),
        "metadata": maybe(st.dictionaries(
            st.sampled_from(NAMES), st.lists(st.sampled_from(["a", "b", "1", "7.5", ""]),
                                             min_size=3, max_size=3), max_size=3)),
    }
)  # fmt: skip
"""States of a project that a person may leave behind."""


def put(lab: Lab, state: Mapping[str, Any], aside: Path) -> None:
    """Bring the project file, the metadata and the files of a folder into a state."""
    files = sorted(aside.glob("*.csv"))
    for i, file in enumerate(files):
        there = lab.folder / "tracks" / file.name
        if i not in state["files"]:
            there.unlink(missing_ok=True)
        elif not there.exists():
            shutil.copy2(file, there)
    kept = ("fps", "resample_fps", "skeleton", "clean", "rules", "features", "parameters")
    content = {k: state[k] for k in kept if state[k] is not None} | (state["scale"] or {})
    if "moving" not in (state["rules"] or ["moving"]):
        content.pop("parameters", None)
    content |= {
        "tracks": "tracks/*.csv",
        "pictures": {"recordings": 0},
        "cleaning": {"pictures": 0},
    }
    if state["metadata"] is not None:
        table = pd.DataFrame({"recording": [file.stem for file in files], **state["metadata"]})
        table.to_csv(lab.folder / "animals.csv", index=False)
        content["metadata"] = "animals.csv"
    if state["own"] is not None:
        (lab.folder / "mine.py").write_text(RULES.format(speed=state["own"]))
        content["rule_files"] = ["mine.py"]
        if state["rules"] is not None:
            content["rules"] = [*state["rules"], "hurrying"]
    lab.project.write_text(yaml.safe_dump(content))


def said(lab: Lab) -> tuple[int, str]:
    """How a run ended, and the sentence where it was an error."""
    result = lab.run()
    errors = result.output.replace(str(lab.folder), "").split("error:")
    return result.exit_code, " ".join(errors[-1].split()) if result.exit_code == 1 else ""


def tables_of(lab: Lab) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in sorted((lab.folder / "results/tables").glob("*.csv"))}


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A project that was run, and its files aside."""
    with pytest.MonkeyPatch.context() as patch:
        small_blocks(patch)
        lab = Lab.make(tmp_path_factory.mktemp("start") / "lab")
        shutil.copytree(lab.folder / "tracks", lab.folder.parent / "aside")
        assert lab.run().exit_code == 0
        yield lab


@pytest.mark.slow
@settings(
    max_examples=60 if LONG else 8, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip
@given(states=st.lists(projects, min_size=1, max_size=3))
def test_edits_of_a_project_end_where_a_fresh_one_does(
    states: list[dict[str, Any]], start: Lab, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("edits")
    aside = start.folder.parent / "aside"
    again = start.copy(folder / "again")
    for state in states:
        put(again, state, aside)
        found = said(again)
    fresh = start.copy(folder / "fresh")
    shutil.rmtree(fresh.folder / "results")
    put(fresh, states[-1], aside)
    expected = said(fresh)
    event(f"ended with {expected[0]}: {expected[1][:160]}")
    assert found == expected, json.dumps(states, default=list)
    if expected[0] != 1:
        assert_same_store(again.store, fresh.store)
        assert tables_of(again) == tables_of(fresh)
    shutil.rmtree(folder)
