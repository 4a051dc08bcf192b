"""Cards of clusters that were explained before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from ethoflow.report.page import Section

MOST_CARDS = 30


def card_section(folder: Path) -> Section:
    """A table of the labels and their reasons, and a card of each, as they were written."""
    section = Section(f"Reasons: {folder.name}")
    written = datetime.fromtimestamp((folder / "cards.csv").stat().st_mtime, UTC)
    when = written.strftime("%Y-%m-%d %H:%M UTC")
    section.say(
        "What tells each label from other frames, in named features: how trees tell it, tested on "
        f"held-out recordings, and not what made the animal do it. Written {when} by `ethoflow "
        "explain`: run it again where labels have changed since."
    )
    section.table(pd.read_csv(folder / "cards.csv", keep_default_na=False), f"{folder.name}_cards")
    cards = sorted(folder.glob("card_*.png"))
    for card in cards[:MOST_CARDS]:
        section.file(card, f"card {card.stem.partition('_')[2]}")
    if len(cards) > MOST_CARDS:
        section.say(f"The page shows the first {MOST_CARDS} of {len(cards)} cards.")
    return section
