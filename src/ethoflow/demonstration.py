"""The demo: a simulated cohort as a lab would have it, and how well its labels fit the script."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.disk import beside, clear_parts
from ethoflow.engine.declare import Array
from ethoflow.engine.materialise import write
from ethoflow.engine.sources import open_store
from ethoflow.schema import is_symmetric
from ethoflow.simulate import simulate_cohort, write_dlc, write_metadata
from ethoflow.simulate.arena import CircleArena
from ethoflow.stages import Report
from ethoflow.stages.rules import LABELS

TRUTH = "labels/script"
EDGE = 5
"""Frames on either side of a bout's start and stop that no comparison counts."""

PROJECT = """\
# The demo's project file: `ethoflow run project.yaml` does everything again.
tracks: tracks/*.csv
fps: {fps:g}
metadata: animals.csv
arena: circle {x:.2f} {y:.2f} {radius:.2f} px = {size}
pictures: {{recordings: 2}}
out: results
"""


def make_files(folder: Path, report: Report) -> Path:
    """DeepLabCut files, metadata and a project file in `folder`; gives the project file.

    The script that the animals followed goes into the results' store, as ``labels/script``.
    """
    clear_parts(folder)
    simulation = simulate_cohort(6, duration="150 s", seed=2)
    arena = simulation.arena
    assert isinstance(arena, CircleArena)
    paths = write_dlc(simulation.tracks, folder / "tracks")
    names = {path.stem[: path.stem.index("DLC")]: path.stem for path in paths}
    write_metadata(simulation.tracks, folder / "animals.csv")
    truth = simulation.truth.assign_coords(
        recording=[names[str(name)] for name in simulation.truth.recording.values]
    )
    write(truth, folder / "results" / "cohort.zarr", TRUTH)
    project = folder / "project.yaml"
    text = PROJECT.format(
        fps=float(simulation.tracks.fps),
        x=arena.x,
        y=arena.y,
        radius=arena.radius,
        size=arena.size,
    )
    with beside(project) as part:
        part.write_text(text, encoding="utf-8")
    report.say(f"simulated {len(paths)} DeepLabCut files in {folder / 'tracks'}")
    return project


def compare_with_truth(folder: Path) -> pd.DataFrame:
    """F1 of every scripted behaviour, `EDGE` frames at each edge of a bout left out."""
    path = folder / "results" / "cohort.zarr"
    truth, labels = open_store(path, TRUTH), open_store(path, LABELS)
    assert isinstance(truth, xr.Dataset)
    assert isinstance(labels, xr.Dataset)
    labels = labels.sel(recording=truth.recording)
    return score_labels(truth.compute(), labels.compute())


def score_labels(truth: xr.Dataset, labels: xr.Dataset, *, edge: int = EDGE) -> pd.DataFrame:
    """Precision, recall and F1 of labels against a script, a row per behaviour.

    Frames that either does not know, and `edge` frames on both sides of every scripted start and
    stop, are left out.

    Parameters
    ----------
    truth, labels
        Labels of the same recordings and animals.
    edge
        Frames, default 5.

    Examples
    --------
    >>> from ethoflow import annotate, simulate
    >>> labels = annotate(simulate.still_then_running(), ["moving"])
    >>> score_labels(labels, labels).f1.tolist()
    [1.0]
    """
    rows = []
    for name in truth.data_vars:
        wanted, found = (_tracks(ds[name]) for ds in (truth, labels))
        counted = ~np.isnan(wanted) & ~np.isnan(found) & ~_near_edges(wanted == 1, edge)
        wanted, found = wanted[counted] == 1, found[counted] == 1
        hits = int((wanted & found).sum())
        precision = hits / max(int(found.sum()), 1)
        recall = hits / max(int(wanted.sum()), 1)
        f1 = 2 * hits / max(int(found.sum()) + int(wanted.sum()), 1)
        rows.append((str(name), precision, recall, f1, int(wanted.sum())))
    return pd.DataFrame(rows, columns=["behaviour", "precision", "recall", "f1", "frames_scripted"])


def _tracks(array: xr.DataArray) -> Array:
    """Every animal or pair of a label as a row; dims (row, time)."""
    if is_symmetric(array):
        # A pair counts once: below the diagonal stands what stands above it.
        above = np.triu(np.ones((array.sizes["individual"], array.sizes["partner"]), bool))
        array = array.where(xr.DataArray(above, dims=("individual", "partner")))
    values = np.asarray(array.transpose(..., "time").values)
    return values.reshape(-1, values.shape[-1])


def _near_edges(shown: Array, edge: int) -> Array:
    near = np.zeros(shown.shape, bool)
    for row, frame in np.argwhere(np.diff(shown, axis=-1)):
        near[row, max(frame + 1 - edge, 0) : frame + 1 + edge] = True
    return near
