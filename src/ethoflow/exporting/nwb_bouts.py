"""Bouts in NWB with the extension ndx-ethogram: what happened, what was looked for, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr

from ethoflow import __version__
from ethoflow.engine.bouts import find_runs
from ethoflow.engine.declare import Array
from ethoflow.exporting.nwb_file import names_of
from ethoflow.labels.runs import Track, follow_tracks, is_behaviour, label_names
from ethoflow.origin import on_clock, origins
from ethoflow.schema import first_frame


def bout_tables(ds: xr.Dataset, animal: int, pose: Any = None) -> list[Any]:
    """Tables of the bouts of one animal; none where the data have no labels.

    Behaviours that were observed in the same frames share a table, beside which lie the catalogue
    of what was looked for and the intervals in which it was: outside of these a behaviour is
    unknown, not absent. What animals do with others has a column for the partner, and counts as
    observed where it is known with every partner. What all do together is a bout of each.
    """
    if not any(is_behaviour(array) for array in ds.data_vars.values()):
        return []
    # A single block: the tracks of a recording in memory.
    tracks = [
        track
        for track in follow_tracks(ds.load())
        if track.individual in (animal, None) and _seated(ds, track)
    ]
    together: dict[bytes, list[str]] = {}
    for name in label_names(ds):
        if any(track.behaviour == name for track in tracks):
            together.setdefault(_seen(ds, name, animal).tobytes(), []).append(name)
    tables: list[Any] = []
    for number, (seen, names) in enumerate(together.items(), 1):
        suffix = "" if len(together) == 1 else f"_{number}"
        own = [track for track in tracks if track.behaviour in names]
        tables += _tables(ds, suffix, own, names, np.frombuffer(seen, bool), pose)
    return tables


def _seated(ds: xr.Dataset, track: Track) -> bool:
    return track.partner is None or bool(partners_of(ds)[track.partner])


def partners_of(ds: xr.Dataset) -> list[str]:
    """Names of the partners in pairs; empty for a slot nobody sits in."""
    if "partner_animal" in ds.coords:
        return [str(name) for name in ds.partner_animal.values]
    known = dict(zip(map(str, ds.individual.values), names_of(ds), strict=True))
    return [known.get(str(slot), str(slot)) for slot in ds.partner.values]


def _seen(ds: xr.Dataset, name: str, animal: int) -> Array:
    """In which frames a behaviour of one animal is known."""
    label = ds[name]
    if "individual" in label.dims:
        label = label.isel(individual=animal)
    if "partner" in label.dims:
        own = str(ds.individual.values[animal])
        others = [
            place
            for place, slot in enumerate(map(str, ds.partner.values))
            if slot != own and partners_of(ds)[place]
        ]
        label = label.isel(partner=others)
    seen = ~np.isnan(label.transpose(..., "time").values)
    return np.asarray(seen.reshape(-1, seen.shape[-1]).all(axis=0))


def _times(ds: xr.Dataset, runs: Array) -> list[list[float]]:
    """Starts and stops of runs of frames on the recording's own clock, s."""
    frames = first_frame(ds) + np.asarray(runs, np.int64).reshape(-1, 2)
    times: list[list[float]] = on_clock(float(origins(ds)[0]), frames, float(ds.fps)).tolist()
    return times


def _tables(
    ds: xr.Dataset, suffix: str, tracks: list[Track], names: list[str], seen: Array, pose: Any
) -> Iterator[Any]:
    from hdmf.common import VectorData
    from ndx_ethogram import Ethogram, EthogramBouts
    from pynwb.epoch import TimeIntervals

    def column(name: str, description: str, values: list[Any], kind: str = "text") -> VectorData:
        data = np.array(values, np.float64) if kind == "number" else np.array(values, object)
        return VectorData(name=name, description=description, data=data if values else [])

    said = {name: str(ds[name].attrs.get("long_name", "") or name) for name in names}
    catalogue = Ethogram(
        name=f"ethogram{suffix}",
        description="behaviours that were looked for",
        columns=[
            column("behavior", "name of the behaviour", names),
            column("definition", "what it is", [said[name] for name in names]),
            column("behavior_type", "state", ["state"] * len(names)),
        ],
    )
    observed = TimeIntervals(
        name=f"observed{suffix}", description="when these behaviours were looked for and known"
    )
    for start, stop in _times(ds, find_runs(seen.astype(np.int8))):
        observed.add_interval(start_time=start, stop_time=stop)
    partners = partners_of(ds) if "partner" in ds.dims else []
    rows = sorted(
        (start, stop, track.behaviour, "" if track.partner is None else partners[track.partner])
        for track in tracks
        for start, stop in _times(ds, track.runs)
    )
    bouts = EthogramBouts(
        name=f"bouts{suffix}",
        description=f"bouts of {', '.join(names)}",
        **_provenance(ds, names),
        source_pose=pose,
        observation_intervals=observed,
        ethogram=catalogue,
        columns=[
            column("start_time", "start of the bout, s", [row[0] for row in rows], "number"),
            column("stop_time", "end of its last frame, s", [row[1] for row in rows], "number"),
            column("label", "name of the behaviour", [row[2] for row in rows]),
        ],
    )
    if any("partner" in ds[name].dims for name in names):
        with_whom = np.array([row[3] for row in rows], np.str_)
        bouts.add_column("partner", "with whom", data=with_whom)
    yield from (catalogue, observed, bouts)


def _provenance(ds: xr.Dataset, names: list[str]) -> dict[str, str]:
    """Who or what made the labels, and with what settings."""
    by = {str(ds[name].attrs.get("label_source", "")) for name in names} - {""}
    by = by or {str(ds.attrs.get("label_source", ""))}
    made = {name: str(ds[name].attrs["source"]) for name in names if "source" in ds[name].attrs}
    facts = {
        "source_software": f"ethoflow {__version__}",
        "parameters": json.dumps({"fps": float(ds.fps), "made_by": made}),
    }
    if by != {"human"}:
        return {"labeling_method": "automated", **facts}
    raters = {str(ds[name].attrs.get("rater", ds.attrs.get("rater", ""))) for name in names} - {""}
    rater = {"annotator": ", ".join(sorted(raters))} if raters else {}
    return {"labeling_method": "manual", **rater, **facts}
