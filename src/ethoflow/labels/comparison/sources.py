"""Sources of labels by name: groups of a store, raters of a dataset, datasets, files of scoring."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import xarray as xr

from ethoflow.errors import DataError, UnknownName, in_words, listed, no_such
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring import list_labels, read_labels
from ethoflow.labels.places import names_along
from ethoflow.labels.runs import is_behaviour, label_names
from ethoflow.place import Url
from ethoflow.schema import Data, align_partners, as_dataset, own_frames
from ethoflow.store import exists

LABELS = "labels/"

RATER = "rater"

Given: TypeAlias = Data | xr.DataArray | str | os.PathLike[str] | Url
Labels: TypeAlias = Given | Sequence[Given] | Mapping[str, Given | Sequence[Given]]


@dataclass(frozen=True)
class Source:
    """Labels of one maker, of one or many recordings, as they are: nothing is loaded yet."""

    name: str
    parts: tuple[xr.Dataset, ...]

    @property
    def fps(self) -> float:
        """Frames per second.

        Raises
        ------
        DataError
            It has several.
        """
        rates = list(dict.fromkeys(float(part.fps) for part in self.parts))
        if len(rates) > 1:
            raise DataError(
                f"{self.name} has recordings at {in_words([f'{rate:g}' for rate in rates])} frames "
                "per second: compare those of each rate by themselves."
            )
        return rates[0]

    @cached_property
    def recordings(self) -> dict[str, tuple[int, int | None]]:
        """Part and row of every recording.

        Raises
        ------
        DataError
            One is there twice.
        """
        found: dict[str, tuple[int, int | None]] = {}
        for place, part in enumerate(self.parts):
            names = (
                np.atleast_1d(part.recording.values)
                if "recording" in part.coords
                else ["recording"]
            )
            for row, name in enumerate(map(str, names)):
                if name in found:
                    raise DataError(
                        f"{self.name} has the recording {name!r} twice: each counts once."
                    )
                found[name] = place, row if "recording" in part.dims else None
        return found

    def load(self, recording: str) -> xr.Dataset:
        """Labels of one recording, over its own frames, in memory."""
        place, row = self.recordings[recording]
        part = self.parts[place]
        part = part[label_names(part)]
        one = part if row is None else part.isel(recording=row)
        return own_frames(one).load()


def sources_of(labels: Labels, fps: float | None = None, like: Data | None = None) -> list[Source]:
    """All sources in what somebody gave.

    Raises
    ------
    DataError
        There are none, or files that cannot be read.
    """
    if isinstance(labels, Mapping) and not isinstance(labels, xr.Dataset | xr.DataTree):
        found = [
            one for name, item in labels.items() for one in _several(str(name), item, fps, like)
        ]
    elif isinstance(labels, Sequence) and not isinstance(labels, str):
        found = [one for item in labels for one in _named("", item, fps, like)]
    else:
        found = _named("", labels, fps, like)
    names = [one.name for one in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"two sources are called {twice[0]!r}: give each its own name, as in "
            f"ef.agreement({{'one': ..., 'other': ...}})."
        )
    if not found:
        raise DataError("no source of labels was given.")
    return found


def find_source(sources: Sequence[Source], name: str) -> Source:
    """The source called `name`, with ``labels/`` before it or not.

    Raises
    ------
    UnknownName
        None is.
    """
    for called in (name, f"{LABELS}{name}"):
        for one in sources:
            if one.name == called:
                return one
    raise UnknownName(no_such("source", name, [one.name for one in sources]))


def _several(
    name: str, item: Given | Sequence[Given], fps: float | None, like: Data | None
) -> list[Source]:
    """Sources of one name: a list is the recordings of one."""
    if not isinstance(item, Sequence) or isinstance(item, str):
        return _named(name, item, fps, like)
    parts: dict[str, list[xr.Dataset]] = {}
    for one in item:
        for source in _named(name, one, fps, like):
            parts.setdefault(source.name, []).extend(source.parts)
    return [Source(called, tuple(found)) for called, found in parts.items()]


def _named(name: str, item: Given, fps: float | None, like: Data | None) -> list[Source]:
    if isinstance(item, xr.DataTree):
        return _of_tree(name, item)
    if isinstance(item, xr.DataArray):
        item = item.to_dataset(name=item.name or "label")
    if isinstance(item, xr.Dataset):
        return _of_dataset(name, item)
    if not isinstance(item, str | os.PathLike | Url):
        raise DataError(
            "a source is a dataset of labels, a node of a store, or the path of a store or of a "
            f"file of scoring; found {type(item).__name__}."
        )
    if isinstance(item, Url) or exists(os.fspath(item)):
        from ethoflow.engine.sources import open_store  # Dask is heavy

        tree = open_store(item if isinstance(item, Url) else os.fspath(item))
        assert isinstance(tree, xr.DataTree)
        return _of_tree(name, tree)
    return read_sources(item, name, fps, like)


def _of_tree(name: str, tree: xr.DataTree) -> list[Source]:
    """Groups of labels below a node, or the node itself."""
    nodes = {node.path.strip("/"): node for node in tree.subtree if _has_labels(node)}
    below = {path: node for path, node in nodes.items() if node is not tree}
    if not below:
        return _of_dataset(name or tree.path.strip("/"), tree)
    chosen = {path: n for path, n in below.items() if path.startswith(LABELS)} or below
    return [
        Source(f"{name}: {path}" if name else path, (_checked(n),)) for path, n in chosen.items()
    ]


def _has_labels(node: xr.DataTree) -> bool:
    return any(is_behaviour(array) for array in node.data_vars.values())


def _of_dataset(name: str, data: Data) -> list[Source]:
    """A dataset, or one source for each of its raters."""
    ds = _checked(data)
    label_names(ds)
    if RATER not in ds.dims:
        return [Source(name or str(ds.attrs.get("rater") or "labels"), (ds,))]
    return [
        Source(f"{name}: {rater}" if name else str(rater), (ds.isel({RATER: place}, drop=True),))
        for place, rater in enumerate(names_along(ds, RATER))
    ]


def _checked(data: Data) -> xr.Dataset:
    return align_partners(as_dataset(data))


def read_sources(
    path: str | os.PathLike[str],
    name: str = "",
    fps: float | None = None,
    like: Data | None = None,
    **options: object,
) -> list[Source]:
    """A file of scoring as a source, or one for each of its raters.

    `options` are those of `read_labels`.
    """
    told = {key: value for key, value in options.items() if key in ("columns", "background")}
    raters = list(dict.fromkeys(list_labels(path, **told).rater))  # type: ignore[arg-type]
    if len(raters) < 2:
        return [Source(name or recording_name(path), (_read(path, fps, like, options),))]
    return [
        Source(
            f"{name}: {rater}" if name else str(rater),
            (_read(path, fps, like, {**options, "rater": rater}),),
        )
        for rater in raters
    ]


def _read(
    path: str | os.PathLike[str],
    fps: float | None,
    like: Data | None,
    options: Mapping[str, object],
) -> xr.Dataset:
    return _checked(read_labels(path, fps=fps, like=like, **options))  # type: ignore[arg-type]


def pairs_of(
    sources: Sequence[Source], a: str | Sequence[str] | None, b: str | Sequence[str] | None
) -> Iterator[tuple[Source, Source]]:
    """Which sources are held against which: a against b, against all others, or all pairs.

    Raises
    ------
    DataError
        There is only one source, or one is to be held against itself.
    """
    if len(sources) < 2:
        raise DataError(
            f"agreement is between two sources of labels, and there is one: {sources[0].name}. "
            "Give another: a group of the store, a dataset, or a file of scoring."
        )
    first = [find_source(sources, name) for name in _names(a)]
    second = [find_source(sources, name) for name in _names(b)]
    if not first and second:
        held = {one.name for one in second}
        first = [one for one in sources if one.name not in held]
    places = {id(one): place for place, one in enumerate(sources)}
    found = [
        (one, other)
        for one in (first or sources)
        for other in (second or sources)
        if one is not other and (first or places[id(one)] < places[id(other)])
    ]
    if not found:
        raise DataError(f"{listed(_names(a))} is held against itself: name another source as b.")
    yield from found


def _names(given: str | Sequence[str] | None) -> list[str]:
    return [] if given is None else [given] if isinstance(given, str) else list(given)
