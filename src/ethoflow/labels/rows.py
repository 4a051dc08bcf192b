"""Rows of tables of labels: names of who and what, and the metadata beside them."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.labels.places import further_dims, names_along
from ethoflow.labels.runs import Track, label_names
from ethoflow.names import name_aside
from ethoflow.schema import COORDINATES, DataError

ROW = ("recording", "individual", "partner", "animal", "partner_animal", "behaviour")
"""Columns that say who and what a row is of; further dims follow the partner."""


class MetadataAside(UserWarning):
    """Metadata that are called like a column of a table, and the column they are in instead."""


def columns_of(ds: xr.Dataset, tracks: Sequence[Track], own: Sequence[str]) -> list[str]:
    """Columns of a table: who and what, with one for each further dim, then its `own`.

    Raises
    ------
    DataError
        A dim is called like one of them.
    """
    further = further_dims(ds, label_names(ds))
    taken = {*ROW, "category", *own}
    for dim in further:
        if dim in taken:
            raise DataError(
                f"the labels have a dimension {dim!r}, and the table a column of its own that is "
                f"called so: rename it, as in ds.rename({dim}='{dim}_of_labels')."
            )
    place = ROW.index("partner") + 1
    category = ["category"] if any(track.category for track in tracks) else []
    return [*ROW[:place], *further, *ROW[place:], *category, *own]


def name_track(ds: xr.Dataset, track: Track) -> dict[str, Any]:
    """Names of the recording, the animals, the behaviour, and the places along further dims."""
    recordings = np.atleast_1d(ds.recording.values) if "recording" in ds.coords else ["recording"]
    slots = [str(slot) for slot in ds.individual.values] if "individual" in ds.dims else []
    partner = "" if track.partner is None else str(ds.partner.values[track.partner])
    usual = ("individual", "partner")
    return {
        "recording": str(recordings[track.recording]),
        "individual": "" if track.individual is None else slots[track.individual],
        "partner": partner,
        **{dim: names_along(ds, dim)[i] for dim, i in track.place.items() if dim not in usual},
        "animal": _animal(ds, track.recording, track.individual),
        "partner_animal": (
            _animal(ds, track.recording, slots.index(partner)) if partner in slots else ""
        ),
        "behaviour": track.behaviour,
        **({"category": track.category} if track.category else {}),
    }


def _animal(ds: xr.Dataset, row: int, slot: int | None) -> str:
    if "animal" not in ds.coords or slot is None:
        return ""
    values = ds.animal.values
    return str(values[row, slot] if values.ndim == 2 else values[slot])


def make_table(
    ds: xr.Dataset,
    tracks: Sequence[Track],
    records: Sequence[tuple[Track, tuple[object, ...]]],
    own: Sequence[str],
) -> pd.DataFrame:
    """A table with a row for each record: who and what it is of, values of its `own`, metadata.

    Metadata that are called like a column of the table get ``metadata_`` before their name. A row
    whose behaviour lacks a further dim has nothing in its column.

    Warns
    -----
    MetadataAside
        Which these are.
    """
    columns = columns_of(ds, tracks, own)
    names = {id(track): name_track(ds, track) for track in tracks}
    rows = [
        {**names[id(track)], **dict(zip(own, values, strict=True))} for track, values in records
    ]
    table = pd.DataFrame(rows, columns=columns)
    for dim in further_dims(ds, label_names(ds)):
        if names_along(ds, dim).dtype.kind in "OUT":
            table[dim] = table[dim].astype(object).where(table[dim].notna(), "")
    if "category" in table:
        table["category"] = table["category"].astype(object).where(table["category"].notna(), "")
    beside: dict[str, list[Any]] = {}
    for name, values in _metadata(ds, [track for track, _ in records]):
        column = name_aside(name, [*table.columns, *beside])
        if column != name:
            warnings.warn(
                f"the table has a column {name!r} of its own: the metadata {name!r} are its column "
                f"{column!r}.",
                MetadataAside,
                stacklevel=3,
            )
        beside[column] = values
    return pd.concat([table, pd.DataFrame(beside, index=table.index)], axis=1)


_KEPT = set(COORDINATES) - {"bodypart", "space"}
"""Coordinates that are no metadata; a body part that was chosen says what the labels are of."""


def _metadata(ds: xr.Dataset, tracks: Sequence[Track]) -> Iterator[tuple[str, list[Any]]]:
    """Metadata of the recording, the animal and the further places of each row; of partners too."""
    known = {"recording", "individual", *further_dims(ds, label_names(ds))}
    slots = [str(slot) for slot in ds.individual.values] if "individual" in ds.dims else []
    partners = [
        None if track.partner is None else str(ds.partner.values[track.partner]) for track in tracks
    ]
    others = [slots.index(name) if name in slots else None for name in partners]
    for name, coord in ds.coords.items():
        if name in _KEPT or name in ds.dims or not set(coord.dims) <= known:
            continue
        places: list[dict[str, int | None]] = [
            {"recording": track.recording, **track.place} for track in tracks
        ]
        yield str(name), [_value(coord, place) for place in places]
        if "individual" in coord.dims and any(partner is not None for partner in partners):
            places = [
                {**place, "individual": other} for place, other in zip(places, others, strict=True)
            ]
            yield f"partner_{name}", [_value(coord, place) for place in places]


def _value(coord: xr.DataArray, place: dict[str, int | None]) -> Any:
    index = tuple(place.get(str(dim)) for dim in coord.dims)
    return None if None in index else coord.values[index]
