"""Studies of several stores: recordings of another skeleton or frame rate, in one table."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.errors import in_words, listed
from ethoflow.labels.bouts import find_bouts
from ethoflow.labels.budget import time_budget
from ethoflow.labels.places import each_place, further_dims
from ethoflow.labels.rows import ROW
from ethoflow.labels.runs import is_behaviour
from ethoflow.names import name_aside
from ethoflow.schema import DataError, as_dataset
from ethoflow.stats.people import add_metadata, seats_of, spread_over
from ethoflow.stats.quality import track_quality

Store: TypeAlias = str | Path | xr.DataTree
Stores: TypeAlias = Mapping[str, Store] | Sequence[Store]


class OtherSettings(UserWarning):
    """Labels of one name that were made otherwise in another store."""


def study(stores: Stores) -> Study:
    """Several stores as one study, whose tables have a column ``store``.

    A store has one skeleton and one frame rate; recordings with others live in a second store, and
    meet in tables per animal. Nothing is opened until a table is asked for.

    Parameters
    ----------
    stores
        Stores by the name they have in the column, or a list of them, which are called by their
        folders: paths, or what `ef.open` gave.

    Raises
    ------
    DataError
        A store is there twice, or two cannot be told apart by their names.

    Examples
    --------
    >>> study(["lab/open_field.zarr", "lab/home_cage.zarr"]).names
    ('open_field', 'home_cage')
    """
    if isinstance(stores, Mapping):
        named = {str(name): item for name, item in stores.items()}
    elif isinstance(stores, str | Path | xr.DataTree):
        raise DataError("a study is of several stores: give a list of them.")
    else:
        named = dict(zip(_names_of(stores), stores, strict=True))
    places: dict[object, str] = {}
    for name, item in named.items():
        place = id(item) if isinstance(item, xr.DataTree) else _place(item)
        if place in places:
            raise DataError(f"{places[place]} and {name} are one store: each counts once.")
        places[place] = name
    if not named:
        raise DataError("no stores were given.")
    return Study(named)


@dataclass(frozen=True)
class Study:
    """Several stores by name; every method makes a table of all of them.

    All raise `DataError` where a recording is in two stores, where a column is in other units or of
    another kind in one of them, or where a store lacks the group. Tables of labels warn
    `OtherSettings` where a behaviour was made with other settings in another store.
    """

    stores: Mapping[str, Store]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the stores, as the column ``store`` has them."""
        return tuple(self.stores)

    def time_budget(self, group: str = "labels/rules") -> pd.DataFrame:
        """Time spent with each behaviour, as `ef.time_budget` gives it."""
        return self._of_labels(group, time_budget)

    def find_bouts(self, group: str = "labels/rules") -> pd.DataFrame:
        """Every bout, as `ef.find_bouts` gives them."""
        return self._of_labels(group, find_bouts)

    def track_quality(self, group: str = "tracks") -> pd.DataFrame:
        """What is missing, doubtful and jumping, a row per recording, animal and body part."""
        return self._concatenate(group, track_quality)

    def summaries(self, group: str = "features") -> pd.DataFrame:
        """Numbers of whole recordings, such as the body length, a row per recording and animal.

        A number with further dims has a column for each of their names; metadata follow. The units
        of the columns are in ``table.attrs["units"]``.
        """
        table = self._concatenate(group, summarise)
        _, ds = next(self._open(group))
        table.attrs["units"] = {str(n): a.attrs.get("units", "1") for n, a in _numbers(ds).items()}
        return table

    def _open(self, group: str) -> Iterator[tuple[str, xr.Dataset]]:
        """Each store's group, lazily; one is held at a time."""
        from ethoflow.engine.sources import open_store  # Dask is heavy

        for name, item in self.stores.items():
            if isinstance(item, xr.DataTree):
                found = [node.path.strip("/") for node in item.subtree if node.has_data]
                if group not in found:
                    raise DataError(f"{name} has no group {group!r}; it has: {', '.join(found)}.")
                yield name, as_dataset(item[group])  # type: ignore[arg-type]
            else:
                yield name, as_dataset(open_store(item, group))

    def _of_labels(self, group: str, make: Callable[[xr.Dataset], pd.DataFrame]) -> pd.DataFrame:
        made: dict[str, dict[str, str]] = {}
        for name, ds in self._open(group):
            for label, array in ds.data_vars.items():
                if is_behaviour(array) and "source" in array.attrs:
                    made.setdefault(str(label), {}).setdefault(str(array.attrs["source"]), name)
        for label, sources in made.items():
            if len(sources) > 1:
                said = in_words([f"{source} in {name}" for source, name in sources.items()])
                warnings.warn(
                    f"{label} is not the same everywhere: it is {said}. Compare within a store, or "
                    "make it anew with one setting.",
                    OtherSettings,
                    stacklevel=3,
                )
        return self._concatenate(group, make)

    def _concatenate(self, group: str, make: Callable[[xr.Dataset], pd.DataFrame]) -> pd.DataFrame:
        _check_recordings(self._facts(group))
        tables, places = [], set(ROW)
        units: dict[str, dict[str, str]] = {}
        for name, ds in self._open(group):
            shown = list(ds.coords.items())
            shown += _numbers(ds).items() if make is summarise else []
            for key, array in shown:
                if "units" in array.attrs:
                    found = units.setdefault(str(key), {})
                    found.setdefault(str(array.attrs["units"]), name)
            _check_units(units)
            labels = [str(key) for key, array in ds.data_vars.items() if is_behaviour(array)]
            places |= {"category", *further_dims(ds, labels)}
            table = make(ds)
            if "store" in table:
                table = table.rename(columns={"store": name_aside("store", table.columns)})
            table.insert(0, "store", name)
            tables.append(table)
        _check_kinds(dict(zip(self.names, tables, strict=True)))
        whole = pd.concat(_without_empty(tables), ignore_index=True)
        for column in places & set(whole.columns):
            if not pd.api.types.is_numeric_dtype(whole[column]):
                whole[column] = whole[column].astype(object).where(whole[column].notna(), "")
        return whole

    def _facts(self, group: str) -> dict[str, dict[str, str]]:
        """Digest of the file of every recording, by store and name."""
        facts = {}
        for name, ds in self._open(group):
            recordings = np.atleast_1d(ds.recording.values).astype(str).tolist()
            digests = ds.digest.values if "digest" in ds.coords else ""
            known = np.broadcast_to(np.asarray(digests, object), len(recordings)).tolist()
            facts[name] = dict(zip(recordings, map(str, known), strict=True))
        return facts


def summarise(ds: xr.Dataset) -> pd.DataFrame:
    """Numbers of whole recordings, a row per recording and animal, and the metadata of both."""
    lead, table = seats_of(ds)
    seats = table["animal"]
    for name, array in _numbers(ds).items():
        further = [str(dim) for dim in array.dims if dim not in lead]
        for cells, one in each_place(array, further):
            column = "_".join([name, *cells])
            if column in table:
                raise DataError(
                    f"two columns would be called {column!r}: call {in_words(cells)} otherwise."
                )
            table[column] = spread_over(one, lead).ravel()
    add_metadata(table, ds, lead)
    return pd.DataFrame({name: values[seats != ""] for name, values in table.items()})


def _numbers(ds: xr.Dataset) -> dict[str, xr.DataArray]:
    """Variables that are numbers of whole recordings.

    Raises
    ------
    DataError
        There are none.
    """
    found = {
        str(name): array
        for name, array in ds.data_vars.items()
        if "time" not in array.dims and "space" not in array.dims and array.dtype.kind in "iuf"
    }
    if not found:
        raise DataError(
            f"no number here is of a whole recording; there are: {listed(ds.data_vars)}."
        )
    return found


def _names_of(stores: Sequence[Store]) -> list[str]:
    """What each store is called: its folder, with as many above it as tell them apart."""
    if any(isinstance(item, xr.DataTree) for item in stores):
        raise DataError(
            "opened stores have no names: give them some, as in {'lab A': tree, 'lab B': other}."
        )
    parts = [re.split(r"[\\/]+", re.sub(r"\.zarr$", "", str(s).rstrip("\\/"))) for s in stores]
    for length in range(1, max(map(len, parts), default=0) + 1):
        names = ["/".join(one[-length:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    if stores:
        raise DataError(f"a store is there twice: {listed(stores)}. Each counts once.")
    return []


def _place(item: str | Path) -> str:
    text = str(item).rstrip("\\/")
    return text if "://" in text else str(Path(text).resolve())


def _check_recordings(facts: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse recordings that would count twice: of one file, or of one name with nothing to tell.

    Raises
    ------
    DataError
        One is in two stores.
    """
    by_name: dict[str, tuple[str, str]] = {}
    by_digest: dict[str, tuple[str, str]] = {}
    for store, recordings in facts.items():
        for name, digest in recordings.items():
            if digest and digest in by_digest:
                other, known = by_digest[digest]
                raise DataError(
                    f"{known!r} in {other} and {name!r} in {store} were read from one file: it "
                    "would count twice. Leave it out of one store."
                )
            if name in by_name and not (digest and by_name[name][1]):
                raise DataError(
                    f"a recording {name!r} is in {by_name[name][0]} and in {store}, and nothing "
                    "says that they were read from different files: rename one, or leave it out."
                )
            by_name.setdefault(name, (store, digest))
            if digest:
                by_digest[digest] = (store, name)


def _check_units(units: Mapping[str, Mapping[str, str]]) -> None:
    for name, found in units.items():
        if len(found) > 1:
            said = in_words([f"{unit} in {store}" for unit, store in found.items()])
            raise DataError(
                f"{name} is in {said}: calibrate or convert one, then make its group anew."
            )


def _check_kinds(tables: Mapping[str, pd.DataFrame]) -> None:
    """Refuse a column that is text in one table and numbers in another: 1 is not '1'."""
    kinds: dict[str, dict[str, str]] = {}
    for store, table in tables.items():
        for column in table.columns:
            values = table[column].dropna()
            if values.empty or (values == "").all():
                continue
            kind = "numbers" if pd.api.types.is_numeric_dtype(values.infer_objects()) else "text"
            kinds.setdefault(str(column), {}).setdefault(kind, store)
    for column, found in kinds.items():
        if len(found) > 1:
            said = in_words([f"{kind} in {store}" for kind, store in found.items()])
            raise DataError(f"the column {column!r} is {said}: write it alike in both.")


def _without_empty(tables: Sequence[pd.DataFrame]) -> list[pd.DataFrame]:
    """Tables with rows, whose columns have kinds; the first where all are empty."""
    return [table for table in tables if len(table)] or [tables[0]]
