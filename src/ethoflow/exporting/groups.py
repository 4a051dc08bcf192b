"""Which groups of a store a format is written from, where nobody says."""

from __future__ import annotations

import xarray as xr

from ethoflow import store
from ethoflow.engine.sources import open_store
from ethoflow.exporting.declare import Writer
from ethoflow.labels.joining import MAKERS
from ethoflow.place import Place
from ethoflow.schema import DataError, position_units

RULES = "labels/rules"


def open_for(path: str | Place, chosen: Writer, group: str | None = None) -> tuple[xr.Dataset, str]:
    """Data of a store that a format takes, and which groups they are.

    Tracks are the poses, unless these are in a unit that the format has no place for; labels are
    those of the rules, or the only ones. A format that takes both gets both, where their frames are
    the same.

    Parameters
    ----------
    path
        The Zarr store.
    chosen
        The format.
    group
        One group, taken as it is.

    Raises
    ------
    DataError
        The store has no such group, none that the format takes, or several kinds of labels.
    """
    if group is not None:
        return _open(path, group), group
    groups = store.list_groups(path)
    labels = [name for name in groups if name.startswith("labels/")]
    if chosen.kind == "labels":
        found = choose_labels(labels, f"{chosen.name} takes labels, and {path}")
        others = [name for name in labels if name != found]
        return _open(path, found), _also(found, others)
    tracks, name = _open_tracks(path, groups, chosen)
    if not (chosen.labels and labels):
        return tracks, name
    if len(labels) > 1 and RULES not in labels:
        return tracks, f"{name}, without labels: there are several ({', '.join(labels)})"
    return _join(tracks, name, _open(path, own := choose_labels(labels, "")), own, labels)


def choose_labels(labels: list[str], what: str) -> str:
    """The labels of the rules, or the only ones.

    Raises
    ------
    DataError
        There are none, or several of which none is of the rules; `what` begins the sentence.
    """
    if RULES in labels:
        return RULES
    if len(labels) == 1:
        return labels[0]
    if not labels:
        raise DataError(
            f"{what} has none: `ethoflow annotate` makes them by rules, `ethoflow labels` reads "
            "those that people scored."
        )
    raise DataError(
        f"{what} has several: choose one, as in --group {labels[0]} ({', '.join(labels)})."
    )


def _also(found: str, others: list[str]) -> str:
    return f"{found} (there is also {', '.join(others)}: --group)" if others else found


def _open_tracks(path: str | Place, groups: list[str], chosen: Writer) -> tuple[xr.Dataset, str]:
    there = [name for name in ("poses", "tracks") if name in groups]
    if not there:
        raise DataError(
            f"{chosen.name} takes tracks, and {path} has none; it has: {', '.join(groups)}."
        )
    first = _open(path, there[0])
    unit = position_units(first)
    if unit == "px" or "units" in chosen.survives or len(there) == 1:
        return first, there[0]
    reason = f"poses are in {unit}, for which {chosen.name} has no place: --group poses"
    return _open(path, there[1]), f"{there[1]} ({reason})"


def _join(
    tracks: xr.Dataset, name: str, labels: xr.Dataset, group: str, known: list[str]
) -> tuple[xr.Dataset, str]:
    """Tracks with the labels beside them, where both are of the same frames and animals."""
    shared = [dim for dim in ("recording", "individual", "time") if dim in tracks.dims]
    if not all(dim in labels.dims and tracks[dim].equals(labels[dim]) for dim in shared):
        return tracks, f"{name}, without {group}: its recordings or frames are others"
    facts = {key: labels.attrs[key] for key in MAKERS if key in labels.attrs}
    arrays = {
        str(label): array.drop_vars([c for c in array.coords if c not in array.dims]).assign_attrs(
            facts
        )
        for label, array in labels.data_vars.items()
        if str(label) not in tracks
    }
    return tracks.assign(arrays), f"{name}, with {_also(group, [g for g in known if g != group])}"


def _open(path: str | Place, group: str) -> xr.Dataset:
    opened = open_store(path, group)
    assert isinstance(opened, xr.Dataset)
    return opened
