"""BORIS: bouts as a table of aggregated events, or as a log of starts and stops."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.behaviours.bouts import find_bouts, is_behaviour
from ethoflow.csv_text import write_csv
from ethoflow.exporting.declare import ExportNote, writer
from ethoflow.origin import clock_end, clock_frame


@writer(
    "BORIS aggregated events", kind="labels", suffix=".tsv",
    reader="BORIS aggregated events", survives=("bouts", "animal"),
)  # fmt: skip
def save_boris(ds: xr.Dataset, path: Path) -> None:
    """A row per bout, tab-separated; what is unknown is not in it, as BORIS has no such state."""
    bouts = find_bouts(ds)
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    note_unknown(ds, name)
    table = pd.DataFrame({
        "Observation id": name,
        "Observation date": "",
        "Description": "",
        "Media file": "",
        "Total length": clock_end(ds),
        "FPS": float(ds.fps),
        "Subject": bouts.animal,
        "Behavior": bouts.behaviour,
        "Behavioral category": "",
        "Modifiers": bouts.partner_animal,
        "Behavior type": "STATE",
        "Start (s)": bouts.start,
        "Stop (s)": bouts.stop,
        "Duration (s)": bouts.duration,
    })  # fmt: skip
    write_csv(table, path, separator="\t")


@writer(
    "BORIS tabular events", kind="labels", suffix=".tsv",
    reader="BORIS tabular events", survives=("bouts", "animal"),
)  # fmt: skip
def save_boris_log(ds: xr.Dataset, path: Path) -> None:
    """A row for every start and one for every stop, as BORIS 8 lists them."""
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    note_unknown(ds, name)
    length = clock_end(ds)
    bouts = find_bouts(ds)
    rows = [
        {
            "Observation id": name,
            "Observation date": "",
            "Description": "",
            "Observation duration": length,
            "Media duration (s)": length,
            "FPS (frame/s)": float(ds.fps),
            "Subject": bout.animal,
            "Behavior": bout.behaviour,
            "Behavioral category": "",
            "Modifiers": bout.partner_animal,
            "Behavior type": kind,
            "Time": time,
            "Comment": "",
        }
        for bout in bouts.itertuples()
        for kind, time in (("START", bout.start), ("STOP", bout.stop))
    ]
    # At one time a stop comes before the start that follows it.
    rows.sort(key=lambda row: (row["Time"], row["Behavior type"] == "START"))
    columns = list(rows[0]) if rows else ["Observation id", "Observation date", "Behavior", "Time"]
    write_csv(pd.DataFrame(rows, columns=columns), path, separator="\t")


def note_unknown(ds: xr.Dataset, name: str) -> None:
    """Say how much of the labels BORIS will take for absent behaviour."""
    labels = [array.values for array in ds.data_vars.values() if is_behaviour(array)]
    first = clock_frame(ds)
    unknown = sum(int(np.isnan(values).sum()) for values in labels)
    n_frames = sum(values.size for values in labels)
    lost = []
    if first:
        lost.append(f"the {first} frames before these data were not scored")
    if unknown:
        lost.append(f"{unknown / n_frames:.1%} of the labels are unknown")
    if lost:
        warnings.warn(
            f"{name}: {', and '.join(lost)}; BORIS has no such state and reads them as absent.",
            ExportNote,
            stacklevel=4,
        )
