"""What is known of the animals: a table whose rows join recordings by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from ethoflow.io.metadata_rows import (
    MISSING,
    MetadataSource,
    Placed,
    place_rows,
    read_rows,
    to_number,
)
from ethoflow.schema import COORDINATES, DIMS, VARIABLES, DataError, text

_TAKEN = {*COORDINATES, *DIMS, *VARIABLES}
_SPECIAL = ("fps", "timestamps", "individual", "animal")


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
        return " ".join(lines)


def join_metadata(ds: xr.Dataset, metadata: MetadataSource) -> tuple[xr.Dataset, JoinReport]:
    """`ds` with the columns of a table as coordinates along ``recording``, and what did not fit.

    Text stays text ("" where missing), numbers become numbers. With a column ``individual`` (a slot
    or the name of an animal) the rows are about animals, and the coordinates have that dim too. A
    column ``animal`` names who sits in the slot.

    Raises
    ------
    DataError
        Nothing fits, two rows are about the same, or a column has a name that is taken.
    """
    names = [str(name) for name in np.atleast_1d(ds.recording.values)]
    files = [str(name) for name in np.atleast_1d(ds.source_file.values)]
    placed = place_rows(read_rows(metadata), names, files)
    wrong = {name: rate for name, rate in placed.fps().items() if rate != float(ds.fps)}
    if wrong:
        raise DataError(f"{placed.source}: the data have fps {float(ds.fps):g}, the table {wrong}.")
    return attach(ds, placed)


def attach(ds: xr.Dataset, placed: Placed) -> tuple[xr.Dataset, JoinReport]:
    """`ds` with the columns of a placed table, and the report of the join."""
    slots, strangers = _slots(ds, placed)
    ds = ds.assign_coords(_coordinates(ds, placed, slots))
    keys = placed.columns[placed.key]
    matched = {slot[0] for slot in slots.values()}
    unknown = [
        key
        for key, row in zip(keys, placed.recordings, strict=True)
        if row is None and key not in placed.ambiguous
    ]
    report = JoinReport(
        source=placed.source,
        matched=tuple(name for i, name in enumerate(placed.names) if i in matched),
        recordings_without_row=tuple(n for i, n in enumerate(placed.names) if i not in matched),
        rows_without_recording=tuple(unknown + strangers),
        ambiguous_rows=placed.ambiguous,
    )
    return ds, report


def _slots(ds: xr.Dataset, placed: Placed) -> tuple[dict[int, tuple[int, int | None]], list[str]]:
    """Recording and slot of each row that has them, and rows about animals that are not there."""
    column = placed.column("individual")
    animals, labels = np.atleast_2d(ds.animal.values).tolist(), ds.individual.values.tolist()
    slots: dict[int, tuple[int, int | None]] = {}
    strangers: list[str] = []
    for row, recording in enumerate(placed.recordings):
        if recording is None:
            continue
        slot = None
        key = placed.columns[placed.key][row]
        if column is not None:
            who = placed.columns[column][row]
            slot = _find_slot(who, labels, animals[recording])
            if slot is None:
                strangers.append(f"{key} / {who}")
                continue
        if (recording, slot) in slots.values():
            about = key if slot is None else f"{key} / {labels[slot]}"
            raise DataError(
                f"{placed.source}: two rows are about {about} (recording "
                f"{placed.names[recording]!r}). Keep one, or tell animals apart in a column "
                "'individual'."
            )
        slots[row] = recording, slot
    return slots, strangers


def _find_slot(who: str, labels: Sequence[str], animals: Sequence[str]) -> int | None:
    for names in (labels, animals):
        if who and list(names).count(who) == 1:
            return list(names).index(who)
    return None


def _coordinates(
    ds: xr.Dataset, placed: Placed, slots: dict[int, tuple[int, int | None]]
) -> dict[str, Any]:
    per_animal = placed.column("individual") is not None
    dims: tuple[str, ...] = ("recording", "individual") if per_animal else ("recording",)
    shape = (len(placed.names), ds.sizes["individual"])[: len(dims)]
    single = "recording" not in ds.dims
    coordinates: dict[str, Any] = {}
    for name, cells in placed.columns.items():
        if name in ("", placed.key) or name.lower() in _SPECIAL:
            continue
        if name in _TAKEN:
            raise DataError(
                f"{placed.source}: the column {name!r} has the name of something every dataset "
                "has; rename it."
            )
        values = np.full(shape, "", dtype=object)
        for row, slot in slots.items():
            values[slot[: len(dims)]] = cells[row]
        values = _convert(values)
        coordinates[name] = (dims[1:], values[0]) if single else (dims, values)
    column = placed.column("animal")
    if column is not None:
        animals = _name_animals(ds, placed, slots, placed.columns[column])
        dims = tuple(str(dim) for dim in ds.animal.dims)
        coordinates["animal"] = (dims, animals.reshape(ds.animal.shape))
    return coordinates


def _convert(cells: Any) -> Any:
    """Numbers where every cell that is not missing is one, else text."""
    flat = ["" if cell in MISSING else cell for cell in cells.ravel()]
    numbers = [to_number(cell) if cell else np.nan for cell in flat]
    if not any(flat) or None in numbers:
        return text(flat).reshape(cells.shape)
    values = np.array(numbers, dtype=np.float64).reshape(cells.shape)
    whole = bool((values == np.floor(values)).all()) and not any("." in cell for cell in flat)
    return values.astype(np.int64) if whole else values


def _name_animals(
    ds: xr.Dataset,
    placed: Placed,
    slots: dict[int, tuple[int, int | None]],
    cells: Sequence[str],
) -> Any:
    """Who sits in each slot, as the table says; slots it does not know keep what they have."""
    animals = np.atleast_2d(ds.animal.values).astype(object)
    for row, (recording, slot) in slots.items():
        seated = np.flatnonzero(animals[recording] != "")
        if slot is None and len(seated) != 1:
            raise DataError(
                f"{placed.source}: {placed.names[recording]} has {len(seated)} animals; a column "
                "'individual' must say which slot each row of the column 'animal' is about."
            )
        if cells[row] not in MISSING:
            animals[recording, seated[0] if slot is None else slot] = cells[row]
    return animals
