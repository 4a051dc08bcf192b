"""A table of bouts, once it is known what its columns are."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ethoflow.io.scoring.headings import Unit
from ethoflow.io.sheets import Rows

EDGES = ("start", "stop", "duration")
NAMES = ("recording", "individual", "partner", "rater", "behaviour", "modifier")
ROLES = (*EDGES, *NAMES, "fps", "ignore")
"""What ``columns=`` may name."""
EMPTY = ("", "NA", "NaN", "nan", "n/a", "N/A", "-")
_BEST = (
    "recording",
    "dlc",
    "tracking",
    "csv",
    "video",
    "media",
    "movie",
    "clip",
    "filename",
    "id",
    "file",
    "observation",
    "session",
)


@dataclass(frozen=True)
class BoutTable:
    """Places of the columns of a table of bouts, by what they are.

    `units` are those of start, stop and duration; `is_last` says that a stop in frames is
    called the last; `together` are columns whose several values are pooled, which is said.
    """

    names: tuple[str, ...]
    rows: Rows
    places: Mapping[str, int]
    units: Mapping[str, Unit]
    is_last: bool
    together: tuple[str, ...] = ()

    def cell(self, cells: Sequence[str], kind: str) -> str:
        """The cell of a row in the column of a kind, empty where there is none."""
        place = self.places.get(kind)
        return cells[place] if place is not None and place < len(cells) else ""


def column_of(rows: Rows, i: int) -> list[str]:
    """Cells of a column, empty where a row is shorter."""
    return [cells[i] if i < len(cells) else "" for _, cells in rows]


def rank_of(name: str) -> int:
    """How well a column names the recording, by its heading; 0 is best."""
    plain = re.sub(r"[^a-z]", "", name.lower())
    return next((i for i, word in enumerate(_BEST) if plain.startswith(word)), len(_BEST))


def counts_rows(cells: Sequence[str]) -> bool:
    """Whether a column numbers the rows; of a few rows it could as well number animals."""
    if len(cells) < 4 or not all(cell.isdigit() for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
