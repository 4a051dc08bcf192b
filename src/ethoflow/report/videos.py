"""Videos that were written of a store, and whether they still show what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ethoflow import results
from ethoflow.place import Place
from ethoflow.report.cards import state_of
from ethoflow.report.page import Section

SHOWS = "yes"
CHANGED = "no: labels, poses or metadata are others by now"
UNKNOWN = "not known"
ENDINGS = (".webm", ".mp4")


def made_from(
    store: Place, groups: Sequence[str], recordings: Sequence[str] | None, shows: str
) -> dict[str, Any]:
    """What a video is made from, to be noted beside it: read before it is drawn."""
    state = state_of(store, groups, recordings)
    return {"groups": list(groups), "recordings": recordings, "state": state, "shows": shows}


def is_current(file: Path, store: Place) -> bool | None:
    """Whether a video shows the numbers that the store has; None where nothing is known of it."""
    if file.name not in results.sources(file.parent):
        return None
    note = results.note_of(file.parent, file.name)
    if not isinstance(note, dict) or "state" not in note:
        return None
    return bool(state_of(store, note["groups"], note["recordings"]) == note["state"])


def video_section(folder: Path, store: Place) -> Section | None:
    """A table of the videos in a folder: what each shows, and whether it is up to date."""
    files = sorted(f for f in folder.glob("*") if f.suffix in ENDINGS and f.name[0] != ".")
    if not files:
        return None
    said = {True: SHOWS, False: CHANGED, None: UNKNOWN}
    rows = []
    for file in files:
        note = results.note_of(folder, file.name) or {}
        rows.append((file.name, note.get("shows", ""), said[is_current(file, store)]))
    table = pd.DataFrame(rows, columns=["video", "shows", "up to date"])
    section = Section("Videos")
    section.say(f"Written by `ethoflow video` into {folder.name}, beside this page.")
    if (table["up to date"] == CHANGED).any():
        section.say(
            "Note: some videos show labels or poses that are others by now: write them again with "
            "--overwrite.",
            note=True,
        )
    section.table(table, "videos")
    return section
