"""NWB files with bouts of the extension ndx-ethogram; the extension itself is not needed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import h5py
import numpy as np

from ethoflow.io.content import Content
from ethoflow.io.nwb import find_typed, subject_of, subject_within, text_of
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.scored import Event, Events, Scored
from ethoflow.schema import DataError

Spans: TypeAlias = list[tuple[float, float]]

_BOUTS = "EthogramBouts"


def _matches(file: Content) -> bool:
    if not {"processing", "intervals", "analysis"} & set(file.keys):
        return False
    with h5py.File(file.path, "r") as opened:
        return next(find_typed(opened, _BOUTS), None) is not None


@label_reader("NWB ndx-ethogram", matches=_matches, fixture="built")
def read_nwb_ethogram(path: Path) -> list[Scored]:
    """Bouts in s, with everything their catalogue lists, about the subject they are stored of.

    Where a table says when its behaviours were looked for they are unknown outside of these
    intervals; otherwise all of the recording was watched. Raters are the annotators, or the
    programs. A column ``partner`` is kept as the modifier.
    """
    found: list[Scored] = []
    with h5py.File(path, "r") as file:
        for place in find_typed(file, _BOUTS):
            group = file[place]
            who = subject_within(file, group.parent) or subject_of(file)
            found += _read(recording_name(path), group, who)
    return found


def _read(name: str, table: h5py.Group, who: str) -> list[Events]:
    """One table: an `Events` for each interval in which its behaviours were looked for."""
    events = _events(table, who)
    listed = _texts(table["ethogram"], "behavior") if "ethogram" in table else []
    behaviours = tuple(dict.fromkeys([*listed, *(event.behaviour for event in events)]))
    by_hand = _said(table, "labeling_method") in ("manual", "curated")
    spans = _spans(table["observation_intervals"]) if "observation_intervals" in table else [None]
    return [
        Events(
            name=name,
            events=tuple(own),
            unit="s",
            rater=_said(table, "annotator") or _said(table, "source_software"),
            fps=_rate(table),
            span=span,
            behaviours=behaviours,
            individuals=(who,) if who else (),
            source="human" if by_hand else "classifier",
        )
        for span, own in zip(spans, _share(events, spans), strict=True)
    ]


def _events(table: h5py.Group, who: str) -> list[Event]:
    starts, stops = (
        np.asarray(table[name][()], np.float64) for name in ("start_time", "stop_time")
    )
    labels = _texts(table, "label")
    partners = _texts(table, "partner") if "partner" in table else [""] * len(labels)
    wrong = np.flatnonzero(stops < starts)
    if wrong.size:
        row = int(wrong[0])
        raise DataError(
            f"row {row}: the bout of {labels[row]!r} stops ({stops[row]:g} s) before it starts "
            f"({starts[row]:g} s)."
        )
    return [
        Event(label, start, stop, who, partner)
        for label, start, stop, partner in zip(
            labels, starts.tolist(), stops.tolist(), partners, strict=True
        )
    ]


def _spans(table: h5py.Group) -> Spans:
    """Intervals in which behaviours were looked for, in order; none where nothing was watched."""
    pairs = np.column_stack([table["start_time"][()], table["stop_time"][()]])
    return [(float(start), float(stop)) for start, stop in pairs[np.argsort(pairs[:, 0])]]


def _share(
    events: Sequence[Event], spans: Sequence[tuple[float, float] | None]
) -> list[list[Event]]:
    """Events by the interval they begin in, the one before where they begin in none."""
    shares: list[list[Event]] = [[] for _ in spans]
    begins = [-np.inf if span is None else span[0] for span in spans]
    for event in events if shares else ():
        # Times that were computed twice may miss each other by a rounding.
        place = int(np.searchsorted(begins, event.start + 1e-9, "right")) - 1
        shares[max(place, 0)].append(event)
    return shares


def _texts(table: h5py.Group, column: str) -> list[str]:
    return [text_of(value) for value in np.ravel(table[column][()])]


def _said(table: h5py.Group, name: str) -> str:
    return text_of(table.attrs.get(name, ""))


def _rate(table: h5py.Group) -> float | None:
    """Frames per second of the recording, where the settings of the labels say so."""
    try:
        rate = json.loads(_said(table, "parameters") or "{}")["fps"]
    except (ValueError, KeyError, TypeError):
        return None
    return float(rate) if isinstance(rate, int | float) and rate > 0 else None
