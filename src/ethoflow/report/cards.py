"""Cards of clusters that were explained before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import xxhash

from ethoflow import results
from ethoflow.engine.sources import open_store
from ethoflow.place import Place
from ethoflow.report.page import Section
from ethoflow.schema import as_dataset
from ethoflow.store import digests_of, list_groups

MOST_CARDS = 30


def state_of(store: Place, groups: Sequence[str], recordings: Sequence[str] | None = None) -> str:
    """A word that changes with the numbers of groups of a store and what is known of recordings.

    Of all recordings, or of some; empty where a group is not there.
    """
    found: list[object] = []
    for group in groups:
        if group not in list_groups(store):
            return ""
        ds = as_dataset(open_store(store, group, warn=False))
        if recordings is not None and "recording" in ds.dims:
            ds = ds.isel(recording=np.isin(ds.recording.values.astype(str), list(recordings)))
        for name in map(str, ds.data_vars):
            digests = digests_of(store, f"{group}/{name}")
            kept = {n: d for n, d in digests.items() if recordings is None or n in recordings}
            found.append((name, kept))
        known = {
            str(n): c for n, c in ds.coords.items() if set(c.dims) <= {"recording", "individual"}
        }
        found += [(name, known[name].values.tolist()) for name in sorted(known)]
    return xxhash.xxh3_64_hexdigest(repr(found).encode())


def card_section(folder: Path, store: Place) -> Section:
    """A table of the labels and their reasons, and a card of each, as they were written.

    What changed since in the store is said.
    """
    section = Section(f"Reasons: {folder.name}")
    written = datetime.fromtimestamp((folder / "cards.csv").stat().st_mtime, UTC)
    when = written.strftime("%Y-%m-%d %H:%M UTC")
    section.say(
        "What tells each label from other frames, in named features: how trees tell it, tested on "
        "held-out frames (of other recordings where there are several), and not what made the "
        f"animal do it. Written {when} by `ethoflow explain`."
    )
    note = results.note_of(folder, "cards.csv") or {}
    if state_of(store, note.get("groups", [])) != note.get("state"):
        section.say(
            "Note: labels, poses or metadata of the store are not those that this was written "
            "from. It may be wrong: run `ethoflow explain` again.",
            note=True,
        )
    section.table(pd.read_csv(folder / "cards.csv", keep_default_na=False), f"{folder.name}_cards")
    cards = sorted(folder.glob("card_*.png"))
    for card in cards[:MOST_CARDS]:
        section.file(card, f"card {card.stem.partition('_')[2]}")
    if len(cards) > MOST_CARDS:
        section.say(f"The page shows the first {MOST_CARDS} of {len(cards)} cards.")
    return section
