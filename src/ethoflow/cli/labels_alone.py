"""A store of labels alone: what was scored, where there are no tracks that it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ethoflow.cli.screen import Screen, err, out
from ethoflow.engine.materialise import write
from ethoflow.errors import DataError
from ethoflow.io.paths import explain_pattern
from ethoflow.io.scoring.cohort import read_label_cohort
from ethoflow.place import Place, local_path
from ethoflow.stages.scored import Scoring
from ethoflow.stamps import expand


def write_alone(path: Place, group: str, scoring: Scoring, metadata: Sequence[str]) -> None:
    """Read the files of scoring as a cohort and write it as a group of a store without tracks.

    Raises
    ------
    DataError
        A file cannot be read, or settings were given that are of tracks.
    """
    if scoring.since != "origin":
        raise DataError("--since is of labels of tracks, and these stand alone: leave it out.")
    files: dict[Path, None] = {}
    for name in scoring.files:
        local_path(name, "scores")
        found = expand([name])
        if not found:
            raise DataError(f"{name} is a pattern that no file fits.{explain_pattern(name)}")
        files |= dict.fromkeys(map(Path, found))
    tables = [local_path(name, "metadata") for name in metadata]
    with Screen().track("reading labels") as progress:
        labels, notes = read_label_cohort(
            list(files),
            fps=None if scoring.fps is None else float(scoring.fps),
            metadata=tables or None,
            rater=scoring.rater,
            individual=scoring.individual,
            offset=scoring.offset,
            columns=scoring.columns,
            background=scoring.background,
            progress=progress,
        )
    for note in notes:
        err.print(f"note: {note}", markup=False)
    write(labels, path, group)
    n = labels.sizes["recording"]
    out.print(
        f"{group}: {len(labels.data_vars)} behaviours in {n} recordings, without tracks\n\n"
        f"written:\n{path}/{group}\nnext: ethoflow compare {path} --by COLUMN, with a column of "
        "the metadata",
        markup=False,
    )
