"""What a join leaves over: recordings without a row, rows without a recording, empty groups."""

from __future__ import annotations

from dataclasses import dataclass

from ethoflow.errors import listed
from ethoflow.io.metadata_rows import MISSING, note_numbers, to_number
from ethoflow.io.metadata_seats import Seated

MOST_GROUPS = 12
"""Values up to which a column in which values repeat is taken to name groups."""
MOST_COLUMNS = 4
"""Columns that one sentence names."""
MOST_NAMES = 8
"""Names that one sentence has."""


@dataclass(frozen=True)
class JoinReport:
    """Which recordings found a row of the metadata table, and what is left over."""

    source: str
    matched: tuple[str, ...]
    recordings_without_row: tuple[str, ...]
    rows_without_recording: tuple[str, ...]
    ambiguous_rows: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every recording has a row and every row a recording."""
        return not (
            self.recordings_without_row or self.rows_without_recording or self.ambiguous_rows
        )

    def __str__(self) -> str:
        n_recordings = len(self.matched) + len(self.recordings_without_row)
        lines = [f"{len(self.matched)} of {n_recordings} recordings have a row in {self.source}."]
        left_over = {
            "Recordings without a row": self.recordings_without_row,
            "Rows without a recording": self.rows_without_recording,
            "Rows that fit several recordings": self.ambiguous_rows,
        }
        lines += [f"{what}: {', '.join(names)}." for what, names in left_over.items() if names]
        near = note_numbers(self.rows_without_recording, self.recordings_without_row)
        return " ".join(lines) + near


def report_of(seated: Seated) -> JoinReport:
    """What a placed table found, and what it left over."""
    placed = seated.placed
    matched = {slot[0] for slot in seated.slots.values()}
    unknown = [
        key
        for key, row in zip(placed.columns[placed.key], placed.recordings, strict=True)
        if row is None and key not in placed.ambiguous
    ]
    return JoinReport(
        source=placed.source,
        matched=tuple(name for i, name in enumerate(placed.names) if i in matched),
        recordings_without_row=tuple(n for i, n in enumerate(placed.names) if i not in matched),
        rows_without_recording=(*unknown, *seated.strangers),
        ambiguous_rows=placed.ambiguous,
    )


def lost_groups(seated: Seated) -> str:
    """Groups that only rows without a recording are in, in words; empty where there are none.

    Where recordings lack a row as well, the join has probably failed, and every value counts. Else
    the table may just be longer than the list of files: then those count that name groups, a few
    values that repeat, and only where several recordings were read.
    """
    placed, report = seated.placed, report_of(seated)
    if not (report.rows_without_recording or report.ambiguous_rows):
        return ""
    failed = bool(report.recordings_without_row or report.ambiguous_rows)
    lost = []
    for column, cells in placed.columns.items():
        if column in ("", placed.key) or column.lower() in ("individual", "animal", "timestamps"):
            continue
        here = {cells[row] for row in seated.slots}
        gone = [cell for cell in dict.fromkeys(cells) if cell not in here and cell not in MISSING]
        if gone and (failed or (len(placed.names) > 1 and _names_groups(cells))):
            lost.append(f"{column} {listed(gone, MOST_NAMES)}")
    others = f"; and values of {len(lost) - MOST_COLUMNS} more columns"
    return "; ".join(lost[:MOST_COLUMNS]) + (others if len(lost) > MOST_COLUMNS else "")


def _names_groups(cells: list[str]) -> bool:
    known = [cell for cell in cells if cell not in MISSING]
    values = set(known)
    is_text = any(to_number(cell) is None for cell in values)
    return is_text and 2 <= len(values) <= min(MOST_GROUPS, len(known) // 2)
