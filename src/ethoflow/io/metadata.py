"""What is known of the animals: tables whose rows join recordings, or animals, by name."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.engine.registry import declarations
from ethoflow.io.metadata_animals import place_animals
from ethoflow.io.metadata_rows import (
    MISSING,
    MetadataSource,
    Placed,
    explain_misfit,
    place_rows,
    read_rows,
    to_number,
)
from ethoflow.io.metadata_seats import Seated, seat_animals
from ethoflow.io.metadata_unmatched import JoinReport, lost_groups, report_of
from ethoflow.names import name_aside
from ethoflow.schema import (
    COORDINATES,
    DIMS,
    TABLE_COLUMNS,
    VARIABLES,
    DataError,
    text,
)

_SPECIAL = ("fps", "timestamps", "individual", "animal")

MetadataSources: TypeAlias = MetadataSource | Sequence[MetadataSource]
"""One table, or several: with a row per recording first, then with a row per animal."""


def list_tables(metadata: MetadataSources | None) -> list[MetadataSource]:
    """The tables behind what a caller may give."""
    if metadata is None:
        return []
    if isinstance(metadata, str | os.PathLike | pd.DataFrame):
        return [metadata]
    return list(metadata)


def join_metadata(ds: xr.Dataset, metadata: MetadataSources) -> tuple[xr.Dataset, list[JoinReport]]:
    """`ds` with the columns of tables as coordinates along ``recording``, and what did not fit.

    Text stays text ("" where missing), numbers become numbers. With a column ``individual`` (a slot
    or the name of an animal) the rows are about animals, and the coordinates have that dim too,
    where there are several. A column ``animal`` names who sits in the slot. A column that is called
    as something computed, stored or in a table of results gets ``metadata_`` before its name.

    Raises
    ------
    DataError
        Nothing fits, or two rows are about the same.
    """
    names = [str(name) for name in np.atleast_1d(ds.recording.values)]
    files = [str(name) for name in np.atleast_1d(ds.source_file.values)]
    animals = np.atleast_2d(ds.animal.values).tolist()
    seated = place_tables(list_tables(metadata), names, files, animals, ds.individual.values)
    for one in seated:
        wrong = {n: rate for n, rate in one.placed.fps().items() if rate != float(ds.fps)}
        if wrong:
            source = one.placed.source
            raise DataError(f"{source}: the data have fps {float(ds.fps):g}, the table {wrong}.")
    return attach(ds, seated)


def place_tables(
    tables: Sequence[MetadataSource],
    names: Sequence[str],
    files: Sequence[str],
    animals: Sequence[Sequence[str]],
    labels: Sequence[str],
) -> list[Seated]:
    """Which recordings and animals the rows of each table are about, one table after the other.

    Raises
    ------
    DataError
        A table fits nothing, or two of its rows are about the same.
    """
    seated: list[Seated] = []
    for source in tables:
        table = read_rows(source)
        placed = place_rows(table, names, files) or place_animals(table, names, animals)
        if placed is None:
            raise DataError(explain_misfit(table, names))
        seated.append(seat_animals(placed, animals, labels))
        animals = seated[-1].animals
    return seated


def attach(ds: xr.Dataset, seated: Sequence[Seated]) -> tuple[xr.Dataset, list[JoinReport]]:
    """`ds` with the columns of placed tables, and the reports of the joins.

    `ds.attrs["notes"]` says what was renamed or taken for granted.
    """
    reports, notes = [], []
    given: dict[str, str] = {}
    for one in seated:
        coordinates, renamed = _coordinates(ds, one)
        for name in coordinates.keys() & given.keys():
            coordinates[name] = _complete(ds[name].variable, coordinates[name], name, one, given)
        given |= {name: one.placed.source for name in coordinates if name != "animal"}
        ds = ds.assign_coords(coordinates)
        reports.append(report_of(one))
        notes += [*one.placed.notes, *renamed]
    if notes:
        ds.attrs["notes"] = [*ds.attrs.get("notes", []), *notes]
    return ds, reports


def check_groups(seated: Sequence[Seated]) -> None:
    """Refuse a join in which a group comes out empty.

    Raises
    ------
    DataError
        A value of a column is only in rows that found no recording.
    """
    for one in seated:
        lost = lost_groups(one)
        if lost:
            raise DataError(
                f"{report_of(one)} So {lost} would come out empty. Give the rows and the "
                "recordings the same names, or confirm with empty_groups='allow' (--empty-groups "
                "allow) that it shall be so."
            )


def _coordinates(ds: xr.Dataset, seated: Seated) -> tuple[dict[str, Any], list[str]]:
    placed = seated.placed
    of_animals = placed.slots is not None or placed.column("individual") is not None
    per_animal = of_animals and ds.sizes["individual"] > 1
    dims: tuple[str, ...] = ("recording", "individual") if per_animal else ("recording",)
    shape = (len(placed.names), ds.sizes["individual"])[: len(dims)]
    single = "recording" not in ds.dims
    coordinates: dict[str, Any] = {}
    names, notes = _name_columns(placed)
    for column, name in names.items():
        values = np.full(shape, "", dtype=object)
        for row, slot in seated.slots.items():
            values[slot[: len(dims)]] = placed.columns[column][row]
        values = _convert(values)
        coordinates[name] = (dims[1:], values[0]) if single else (dims, values)
    animals = np.array(seated.animals, dtype=object).reshape(ds.animal.shape)
    if (animals != ds.animal.values).any():
        coordinates["animal"] = (tuple(map(str, ds.animal.dims)), animals)
    return coordinates, notes


def _complete(
    before: xr.Variable,
    new: tuple[tuple[str, ...], Any],
    name: str,
    one: Seated,
    given: Mapping[str, str],
) -> xr.Variable:
    """A column of two tables: the later one fills what the earlier one lacks.

    Raises
    ------
    DataError
        They say different things of a recording or an animal, or are of different kinds.
    """
    found = xr.Variable(*new)
    lacks, lacked = (pd.isna(v.values) | (v.values == "") for v in (before, found))
    alike = before.dims == found.dims and (before.dtype == object) == (found.dtype == object)
    if not alike or ((before.values != found.values) & ~lacks & ~lacked).any():
        raise DataError(
            f"{given[name]} and {one.placed.source} both have a column {name!r}, and do not say "
            "the same in it: rename it in one of them, or leave it out there."
        )
    return before.copy(data=np.where(lacks, found.values, before.values))


def _name_columns(placed: Placed) -> tuple[dict[str, str], list[str]]:
    """Name of the coordinate that each column becomes, and notes on those that are not its own."""
    taken = {*COORDINATES, *DIMS, *VARIABLES, *TABLE_COLUMNS, *declarations()}
    columns = [c for c in placed.columns if c not in ("", placed.key) and c.lower() not in _SPECIAL]
    names = {
        column: name_aside(column, taken | set(columns)) if column in taken else column
        for column in columns
    }
    renamed = [f"{column} is {name} here" for column, name in names.items() if name != column]
    if not renamed:
        return names, []
    what = "has a column called" if len(renamed) == 1 else "has columns called"
    return names, [
        f"{placed.source} {what} as something that is computed or stored: {', '.join(renamed)}."
    ]


def _convert(cells: Any) -> Any:
    """Numbers where every cell that is not missing is one, else text."""
    flat = ["" if cell in MISSING else cell for cell in cells.ravel()]
    numbers = [to_number(cell) if cell else np.nan for cell in flat]
    if not any(flat) or None in numbers:
        return text(flat).reshape(cells.shape)
    values = np.array(numbers, dtype=np.float64).reshape(cells.shape)
    whole = bool((values == np.floor(values)).all()) and not any("." in cell for cell in flat)
    return values.astype(np.int64) if whole else values


def stated_rates(seated: Sequence[Seated]) -> Mapping[str, float]:
    """Frame rates that tables state, by recording.

    Raises
    ------
    DataError
        Two tables state different ones.
    """
    found: dict[str, float] = {}
    for one in seated:
        for name, rate in one.placed.fps().items():
            if found.setdefault(name, rate) != rate:
                raise DataError(
                    f"{one.placed.source}: fps of {name} is {rate:g}, in another table of the "
                    f"metadata it is {found[name]:g}."
                )
    return found
