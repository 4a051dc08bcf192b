"""Small projects, what is changed in them, and the commands that are killed."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tests.walks import cohort

STORE = Path("results", "cohort.zarr")
LENGTHS = (250, 130, 210, 150, 120)
LINES = 2
"""Lines that the diary has of one block: one for each animal."""

RULES = '''
import os
import ethoflow as ef

@ef.behaviour(roles=("nose",), units={"min_speed": "mm/s"})
def in_a_diary(speed, *, min_speed=20.0):
    """Faster than `min_speed`; every call leaves a line."""
    with open(os.environ["DIARY"], "a") as diary:
        diary.write(f"{speed.shape[-1]}\\n")
    return speed[0] > min_speed
'''

PROJECT = """\
tracks: tracks/*.csv
fps: 25
metadata: animals.csv
arena: circle 300 300 200 px = 400 mm
features: [speed, body_length]
rules: [moving, following, in_a_diary]
rule_files: [rules.py]
pictures: {recordings: 0}
cleaning: {pictures: 0}
"""

Step = Callable[[Path], None]


@dataclass(frozen=True)
class Scenario:
    """A command that is killed, and the steps that lead to the state it starts from.

    After each step of `before` the project is run; `change` is what `command` then finds new.
    """

    name: str
    before: tuple[Step, ...]
    change: Step
    command: Step
    recordings: tuple[int, ...] = (0, 1, 2)

    def lay_out(self, folder: Path) -> None:
        """A project without results."""
        folder.mkdir()
        (folder / "rules.py").write_text(RULES)
        (folder / "project.yaml").write_text(PROJECT)
        names = [_file_name(row) for row in range(len(LENGTHS))]
        table = {"recording": names, "treatment": ["control", "stress"] * 2 + ["control"]}
        pd.DataFrame(table).to_csv(folder / "animals.csv", index=False)
        add(folder, *self.recordings)


def _file_name(row: int) -> str:
    from ethoflow.simulate.files import SCORER

    return f"mouse_{row:02d}{SCORER}"


# --- steps ------------------------------------------------------------------------------------


def nothing(folder: Path) -> None:
    """The project as it is."""


def add(folder: Path, *rows: int, into: str = "tracks", seed: int = 0) -> None:
    """Tracking files of some recordings."""
    from ethoflow.simulate import write_dlc

    for row in rows:
        tracks = cohort(LENGTHS[row : row + 1], first_seed=row + seed, first_name=row)
        write_dlc(tracks, folder / into)


def set_lines(folder: Path, text: str) -> None:
    """Lines of the project file, instead of those with the same keys."""
    keys = [line.partition(":")[0] for line in text.splitlines() if not line.startswith(" ")]
    kept = [line for line in PROJECT.splitlines() if line.partition(":")[0] not in keys]
    (folder / "project.yaml").write_text("\n".join([*kept, text]) + "\n")


def change_file(folder: Path) -> None:
    """Other numbers in the file of the second recording."""
    add(folder, 1, seed=50)


def remove_file(folder: Path) -> None:
    """The first recording goes."""
    (folder / "tracks" / f"{_file_name(0)}.csv").unlink()


def change_metadata(folder: Path) -> None:
    """A column has other values."""
    table = pd.read_csv(folder / "animals.csv")
    table.loc[1, "treatment"] = "none"
    table.to_csv(folder / "animals.csv", index=False)


# --- commands ---------------------------------------------------------------------------------


def run(folder: Path) -> None:
    """``ethoflow run``."""
    _cli("run", str(folder / "project.yaml"), "--scheduler", os.environ.get("SCHEDULER", "sync"))


def ingest(folder: Path) -> None:
    """``ethoflow ingest`` of further files."""
    _cli(
        "ingest", str(folder / "more" / "*.csv"), "--out", str(folder / STORE), "--fps", "25",
        "--metadata", str(folder / "animals.csv"),
        "--scheduler", os.environ.get("SCHEDULER", "sync"),
    )  # fmt: skip


def _cli(*arguments: str) -> None:
    from ethoflow.cli import app

    try:
        app(list(arguments))
    except SystemExit as error:
        if error.code:
            raise RuntimeError(f"ethoflow {arguments[0]} ended with {error.code}") from error


def annotate(folder: Path) -> None:
    """`ef.write` of labels, from Python."""
    import dask

    import ethoflow as ef

    ef.load_rules(folder / "rules.py")
    fast = (folder / "fast").exists()
    speed = {"min_speed": "60 mm/s" if fast else "30 mm/s"}
    rules = ["moving", "following", "in_a_diary"] if fast else ["moving"]
    with dask.config.set(scheduler=os.environ.get("SCHEDULER", "sync")):
        labels = ef.annotate(ef.open(folder / STORE, "poses"), rules, parameters={"moving": speed})
        ef.write(labels, folder / STORE, "labels/mine")


def annotate_after_run(folder: Path) -> None:
    """A group of labels of one's own, beside those of the project."""
    run(folder)
    annotate(folder)


def warm_up(folder: Path) -> None:
    """Import and compile everything in this process, from which the others are forked."""
    import dask

    import ethoflow.io.reader
    from ethoflow.engine import layout
    from tests import stored

    dask.config.set(scheduler="sync")  # a pool of threads would not live on in a forked process
    # Blocks of 100 frames: recordings have several.
    layout.BLOCK_BYTES, layout.MIN_BLOCK = 6400, 100
    warnings.simplefilter("ignore")
    os.environ["SCHEDULER"] = "sync"
    ethoflow.io.reader.readers()
    SCENARIOS["fresh"].lay_out(folder)
    text = PROJECT.replace("rule_files: [rules.py]\n", "").replace(", in_a_diary", "")
    (folder / "project.yaml").write_text(text)
    run(folder)
    stored.look(folder / STORE, ["tracks"])


_OTHER_THRESHOLDS = "parameters:\n  moving: {min_speed: 40 mm/s}\n  in_a_diary: {min_speed: 9}"
_THRESHOLDS = "parameters:\n  moving: {min_speed: 55 mm/s}\n  in_a_diary: {min_speed: 31}"


def _make(
    name: str, change: Step, *, command: Step = run, before: tuple[Step, ...] = (nothing,)
) -> Scenario:
    return Scenario(name, before, change, command)


SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        _make("fresh", nothing, before=()),
        _make("append", lambda folder: add(folder, 3, 4)),
        _make("ingest", lambda folder: add(folder, 3, 4, into="more"), command=ingest),
        _make(
            "threshold",
            lambda folder: set_lines(folder, _THRESHOLDS),
            before=(nothing, lambda folder: set_lines(folder, _OTHER_THRESHOLDS)),
        ),
        _make("scale", lambda f: set_lines(f, "arena: circle 300 300 200 px = 410 mm")),
        _make("cleaning", lambda folder: set_lines(folder, "clean: {window: 320 ms}")),
        _make("changed", change_file),
        _make("removed", remove_file),
        _make("metadata", change_metadata),
        _make("annotate", lambda folder: (folder / "fast").touch(), command=annotate),
    )
}
"""All scenarios by name."""
