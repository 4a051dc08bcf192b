"""BORIS: bouts as a table of aggregated events, or as a log of starts and stops."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import xarray as xr

from ethoflow.csv_text import write_csv
from ethoflow.exporting.declare import writer
from ethoflow.exporting.recordings import note_unknown
from ethoflow.labels.bouts import find_bouts
from ethoflow.origin import clock_end


@writer(
    "BORIS aggregated events",
    kind="labels",
    suffix=".tsv",
    reader="BORIS aggregated events",
    survives=("bouts", "animal"),
)
def save_boris(ds: xr.Dataset, path: Path) -> None:
    """A row per bout, tab-separated; what is unknown is not in it, as BORIS has no such state."""
    bouts = find_bouts(ds)
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    note_unknown(ds, name, "BORIS", 4)
    table = pd.DataFrame(
        {
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
        }
    )
    write_csv(table, path, separator="\t")


@writer(
    "BORIS tabular events",
    kind="labels",
    suffix=".tsv",
    reader="BORIS tabular events",
    survives=("bouts", "animal"),
)
def save_boris_log(ds: xr.Dataset, path: Path) -> None:
    """A row for every start and one for every stop, as BORIS 8 lists them."""
    name = str(ds.recording.values) if "recording" in ds.coords else "recording"
    note_unknown(ds, name, "BORIS", 4)
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
