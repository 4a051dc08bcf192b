"""Arrays of single recordings, and how they stack into a cohort: padded, in one order of names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.io.prefixes import tell_prefixes
from ethoflow.names import animals_of
from ethoflow.room import unseen
from ethoflow.schema import (
    VARIABLES,
    DataError,
    describe_tracks,
    make_time,
    make_tracks,
    text,
)
from ethoflow.skeleton import Skeleton, find_roles

Float32: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Tracks:
    """What a reader gives for one recording.

    `position` has the dims (individual, bodypart, space, time), `confidence` the same without
    space; both float32, NaN where not seen. `animals` are the names the file has for the animals,
    None where it has none. `units` are px or mm (readers bring other lengths to mm). `position_sd`
    is the spread of a tracker's answers, with the dims of position. `notes` are sentences on what
    in the file contradicts itself or was put right. `first` is the number of the first frame as the
    file counts them, `start` its time in s where the file has times.
    """

    name: str
    position: Float32
    confidence: Float32 | None
    bodyparts: tuple[str, ...]
    animals: tuple[str, ...] | None = None
    fps: float | None = None
    source_software: str = ""
    units: str = "px"
    position_sd: Float32 | None = None
    notes: tuple[str, ...] = ()
    first: int = 0
    start: float | None = None

    def origin(self, fps: float) -> float:
        """Time of the first frame on the recording's own clock, s."""
        return self.first / fps if self.start is None else self.start


def with_notes(tracks: Tracks, notes: Iterable[str]) -> Tracks:
    """`tracks` with further notes."""
    return replace(tracks, notes=(*tracks.notes, *notes))


def first_number(numbers: npt.NDArray[Any]) -> int:
    """The first of the numbers of frames, counted from 0; from 1 on they count from 1.

    Examples
    --------
    >>> first_number(np.array([101, 100])), first_number(np.array([1, 2]))
    (100, 0)
    """
    first = int(numbers.min())
    return 0 if first == 1 else first


class Counts(NamedTuple):
    """Points (of an animal in a frame) in all, missing, and seen with a confidence."""

    points: int = 0
    missing: int = 0
    scored: int = 0

    @classmethod
    def of(cls, tracks: Tracks) -> Counts:
        """Counts over all animals, body parts and frames of `tracks`."""
        missing = np.isnan(tracks.position[:, :, 0])
        counts = (missing.size, int(np.count_nonzero(missing)))
        if tracks.confidence is None:
            return cls(*counts)
        scored = np.count_nonzero(~np.isnan(tracks.confidence) & ~missing)
        return cls(*counts, int(scored))

    def describe(self) -> str:
        """A sentence on what is missing, and whether there is a confidence."""
        missing = f"{self.missing / max(self.points, 1):.1%} of points missing"
        return missing if self.scored else f"{missing}, no confidence in these files"


NO_POINTS = Counts()
MOST_NAMES = 5
"""Names that one sentence lists."""


@dataclass(frozen=True)
class Header:
    """What is known of a recording without its arrays.

    `format` is that of its file, `part` its place in it, `marks` where the pieces of a long file
    begin, in bytes.
    """

    name: str
    path: str
    part: int
    n_frames: int
    n_space: int
    n_individuals: int
    bodyparts: tuple[str, ...]
    animals: tuple[str, ...]
    fps: float | None
    source_software: str
    digest: str
    stamp: tuple[int, ...] = ()
    units: str = "px"
    has_sd: bool = False
    notes: tuple[str, ...] = ()
    video_fps: float | None = None
    counts: Counts = NO_POINTS
    marks: tuple[int, ...] = ()
    format: str = ""
    start: float | None = None
    first: int = 0

    @classmethod
    def of(
        cls,
        tracks: Tracks,
        path: Path,
        part: int,
        digest: str,
        stamp: tuple[int, ...] = (),
        format: str = "",
    ) -> Header:
        """Header of `tracks`; one animal without a name of its own is called as its recording."""
        n_individuals, _, n_space, n_frames = tracks.position.shape
        animals = tracks.animals
        if animals is None:
            slots = slot_names(n_individuals)
            animals = (tracks.name,) if n_individuals == 1 else tuple(slots)
        return cls(
            name=tracks.name,
            path=str(path),
            part=part,
            n_frames=n_frames,
            n_space=n_space,
            n_individuals=n_individuals,
            bodyparts=tuple(map(str, tracks.bodyparts)),
            animals=tuple(animals_of(animals, tracks.name)),
            # What libraries give looks like a float and is written differently, in digests too.
            fps=None if tracks.fps is None else float(tracks.fps),
            source_software=tracks.source_software,
            digest=digest,
            stamp=stamp,
            units=tracks.units,
            has_sd=tracks.position_sd is not None,
            notes=tracks.notes,
            counts=Counts.of(tracks),
            format=format,
            start=None if tracks.start is None else float(tracks.start),
            first=int(tracks.first),
        )

    def origin(self, fps: float) -> float:
        """Time of the first frame on the recording's own clock, s."""
        return self.first / fps if self.start is None else self.start


@dataclass(frozen=True)
class Layout:
    """The common shape of a cohort's recordings and the order of their body parts."""

    n_individuals: int
    bodyparts: tuple[str, ...]
    n_space: int
    n_frames: int
    units: str = "px"
    has_sd: bool = False

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Shape of one padded recording: (individual, bodypart, space, time)."""
        return (self.n_individuals, len(self.bodyparts), self.n_space, self.n_frames)


def slot_names(n_individuals: int) -> list[str]:
    """Labels of the animals' slots."""
    return [f"individual_{i}" for i in range(n_individuals)]


def layout_of(headers: Sequence[Header]) -> Layout:
    """The layout that holds all `headers`, body parts in the order of the first.

    Raises
    ------
    DataError
        A recording has other body parts or another number of coordinates than the first.
    """
    first = headers[0]
    for header in headers:
        reason = mismatch(header, first)
        if reason:
            raise DataError(f"{header.name}: {reason}")
    return Layout(
        n_individuals=max(header.n_individuals for header in headers),
        bodyparts=first.bodyparts,
        n_space=first.n_space,
        n_frames=max(header.n_frames for header in headers),
        units=first.units,
        has_sd=any(header.has_sd for header in headers),
    )


def mismatch(header: Header, first: Header) -> str:
    """Why `header` cannot stand in a cohort beside `first`; empty where it can."""
    missing = [part for part in first.bodyparts if part not in header.bodyparts]
    extra = [part for part in header.bodyparts if part not in first.bodyparts]
    if missing or extra:
        parts = [f"missing {_first_of(missing)}"] if missing else []
        parts += [f"not in the others {_first_of(extra)}"] if extra else []
        told = tell_prefixes(header.bodyparts)
        return (
            f"its body parts differ from those of {first.name}: {'; '.join(parts)}. "
            "Recordings with different skeletons belong in different cohorts."
            f"{f' As it stands {told}' if told else ''}"
        )
    if header.n_space != first.n_space:
        return f"it has {header.n_space} coordinates per point, {first.name} has {first.n_space}."
    if header.units != first.units:
        return f"its positions are in {header.units}, those of {first.name} in {first.units}."
    return ""


def _first_of(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMES
    return f"{', '.join(names[:MOST_NAMES])}{f' and {more} more' if more > 0 else ''}"


def mismatch_of_shape(tracks: Tracks, first: Tracks) -> str:
    """In what `tracks` differ from others of the same recording; empty where they do not."""
    if tracks.bodyparts != first.bodyparts:
        return f"it has other body parts ({', '.join(tracks.bodyparts)})"
    if tracks.position.shape != first.position.shape:
        return f"it has another shape {tracks.position.shape}, not {first.position.shape},"
    return ""


def pad(tracks: Tracks, layout: Layout) -> dict[str, Float32]:
    """Variables of one recording in the cohort's layout, with a leading axis."""
    given = {"position": tracks.position, "confidence": tracks.confidence}
    if layout.has_sd:
        given["position_sd"] = tracks.position_sd
    return {
        name: _pad_one(
            values,
            layout.shape if name != "confidence" else layout.shape[:2] + layout.shape[3:],
            [tracks.bodyparts.index(part) for part in layout.bodyparts],
        )[np.newaxis]
        for name, values in given.items()
    }


def _pad_one(values: Float32 | None, shape: tuple[int, ...], order: Sequence[int]) -> Float32:
    if values is not None and values.shape == shape and order == sorted(order):
        return values
    padded = unseen(shape)
    if values is not None:
        for place, part in enumerate(order):
            padded[: len(values), place, ..., : values.shape[-1]] = values[:, part]
    return padded


def dataset_of(tracks: Tracks, header: Header, fps: float, skeleton: Skeleton | None) -> xr.Dataset:
    """Dataset of one recording, without the dim `recording`."""
    ds = make_tracks(
        tracks.position,
        fps=fps,
        bodyparts=tracks.bodyparts,
        confidence=tracks.confidence,
        position_sd=tracks.position_sd,
        recording=tracks.name,
        animals=None if tracks.animals is None else animals_of(tracks.animals, tracks.name),
        units=tracks.units,
        skeleton=skeleton,
        digest=header.digest,
        source_file=Path(header.path).name,
        source_software=tracks.source_software,
        origin=tracks.origin(fps),
    )
    return ds.assign_attrs(notes=list(tracks.notes)) if tracks.notes else ds


def stack_tracks(
    headers: Sequence[Header],
    layout: Layout,
    arrays: Mapping[str, Any],
    *,
    fps: float,
    skeleton: Skeleton | None = None,
) -> xr.Dataset:
    """Dataset of a cohort from padded arrays, NumPy's or Dask's, with `recording` as first dim."""
    software = {header.source_software for header in headers}
    ds = xr.Dataset(
        {name: (VARIABLES[name].dims, array) for name, array in arrays.items()},
        coords=_coordinates(headers, layout, fps, skeleton),
        attrs={"source_software": ", ".join(sorted(software))} if any(software) else {},
    )
    told: dict[str, list[str]] = {}
    for header in headers:
        for note in header.notes:
            told.setdefault(note, []).append(header.name)
    if told:
        ds.attrs["notes"] = [f"{_first_of(names)}: {note}" for note, names in told.items()]
    return describe_tracks(ds, layout.units)


def _coordinates(
    headers: Sequence[Header], layout: Layout, fps: float, skeleton: Skeleton | None
) -> dict[str, Any]:
    animal = np.full((len(headers), layout.n_individuals), "", dtype=object)
    for row, header in enumerate(headers):
        animal[row, : header.n_individuals] = header.animals
    return {
        "recording": text([header.name for header in headers]),
        "individual": text(slot_names(layout.n_individuals)),
        "bodypart": text(layout.bodyparts),
        "space": text(["x", "y", "z"][: layout.n_space]),
        "time": make_time(layout.n_frames, fps),
        "fps": float(fps),
        "n_frames": ("recording", np.array([header.n_frames for header in headers], np.int64)),
        "origin": ("recording", np.array([header.origin(fps) for header in headers])),
        "role": ("bodypart", text(find_roles(layout.bodyparts, skeleton))),
        "animal": (("recording", "individual"), animal),
        "digest": ("recording", text([header.digest for header in headers])),
        "source_file": ("recording", text([Path(header.path).name for header in headers])),
    }
