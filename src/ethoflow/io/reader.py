"""Reading one file: the formats that exist, which one a file has, and the dataset it becomes."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import xarray as xr

from ethoflow.errors import FEWER, OutOfMemory, near_file
from ethoflow.io.clock import check_resampling, contradict, set_clock
from ethoflow.io.content import Content
from ethoflow.io.individuals import choose_individuals
from ethoflow.io.options import DEFAULTS, Columns, Options, Repeats, TimeUnit, digest_of
from ethoflow.io.paths import explain_folder, one_path
from ethoflow.io.registry import Registry, in_words
from ethoflow.io.stack import Header, Tracks, dataset_of, layout_of, pad, stack_tracks, with_notes
from ethoflow.io.time_lists import read_times
from ethoflow.io.times import begin, check_unit
from ethoflow.io.undetected import without_undetected
from ethoflow.io.video import compare, look_at, look_beside, video_of
from ethoflow.points import make_points
from ethoflow.schema import DataError, check_fps
from ethoflow.skeleton import Skeleton

__all__ = ["Content", "Options", "TrackingNote", "Tracks", "load", "read", "reader", "readers"]

PathLike: TypeAlias = str | os.PathLike[str]
Load: TypeAlias = Callable[[Path], list[Tracks]] | Callable[[Path, Options], list[Tracks]]
Matches: TypeAlias = Callable[[Content], bool]


class TrackingNote(UserWarning):
    """Something about a file that a reader cannot decide: what it found and what it did."""


@dataclass(frozen=True)
class Reader:
    """One format: how it is known, the function that reads it, what it needs, how it is tested."""

    name: str
    matches: Matches
    load: Load
    extra: str
    fixture: Literal["real", "built"]
    pickle: bool
    takes_options: bool
    beside: bool

    @property
    def lasts(self) -> bool:
        """Whether what is found in a file depends on that file and on code of ours alone."""
        return self.load.__module__.startswith(f"{_READERS.package}.") and not (
            self.beside or self.pickle
        )


_READERS: Registry[Reader] = Registry("ethoflow.io.trackers")


def reader(
    name: str,
    *,
    matches: Matches,
    extra: str = "",
    fixture: Literal["real", "built"] = "real",
    pickle: bool = False,
    takes_options: bool = False,
    beside: bool = False,
) -> Callable[[Load], Load]:
    """Declaration of a tracker format.

    Parameters
    ----------
    name
        What people call the format.
    matches
        Whether a file has this format, by its content and never by its extension.
    extra
        The optional dependencies it needs, as ``"sleap"`` in ``pip install "ethoflow[sleap]"``.
    fixture
        ``"real"`` where tests read a file somebody recorded, ``"built"`` where they read one made
        from the published layout.
    pickle
        Whether the file is a Python pickle, opened only with ``allow_pickle=True``.
    takes_options
        Whether the function takes the `Options` of the caller beside the path.
    beside
        Whether other files beside the one it is given may be opened (companions, the log of a
        database): such a file is looked at anew by every run.

    Raises
    ------
    ValueError
        Two formats have one name.
    """

    def register(load: Load) -> Load:
        entry = Reader(name, matches, load, extra, fixture, pickle, takes_options, beside)
        _READERS.add(name, load, entry)
        return load

    return register


def readers() -> list[Reader]:
    """Every format that can be read: those of this package, then those declared elsewhere.

    Examples
    --------
    >>> "DeepLabCut CSV" in [reader.name for reader in readers()]
    True
    """
    return list(_READERS.all().values())


def read(
    path: PathLike,
    *,
    fps: float | Literal["video"] | None = None,
    individuals: Sequence[str] | None = None,
    skeleton: Skeleton | None = None,
    timestamps: PathLike | None = None,
    resample_fps: float | None = None,
    anti_alias: bool = True,
    columns: Columns | None = None,
    repeats: Repeats = "error",
    allow_pickle: bool = False,
    time_unit: TimeUnit | None = None,
    allow_links: bool = False,
) -> xr.Dataset:
    r"""Tracks of one file: positions in px with dims (individual, bodypart, space, time).

    The format is recognised by the content. The recording is named after the file (its full stem)
    and begins at the first frame the file has a row for, whose time on the clock of the video (or
    camera) is the coordinate ``origin``; frames missing in between are NaN. A SLEAP
    file of several videos gives a cohort, with the dim ``recording``.

    Parameters
    ----------
    path
        A tracker's file.
    fps
        Frames per second, exactly (29.97, not 30); only needed where the file does not hold it.
        ``"video"`` takes that of the video beside the file.
    individuals
        The animals to take, in this order: names of animals in a file that names them, else
        prefixes of body parts (``["B", "W"]`` for ``B_Nose`` and ``W_Nose``).
    skeleton
        Roles the alias table does not know: ``{"centre": "Spine_2"}``, and points made of several,
        ``{"centre": ["left_ear", "right_ear", "tail_base"]}``, as for `assign_roles`.
    timestamps
        File with the time of every frame, as `ethoflow.io.time_lists.read_times` reads it:
        ``.npy``, or text with one number (or date and time) per line or in one column. Frames
        that a camera dropped become NaN; the frame rate is that of the times.
    resample_fps
        Frame rate to bring the tracks to; as they are by default.
    anti_alias
        Whether a lower `resample_fps` takes means over its frames (the default) or single points.
    columns
        What the columns of a plain CSV or Parquet table are, as `ethoflow.io.tidy` says.
    repeats
        Which row counts where a frame number occurs twice: ``"first"``, ``"last"``, or neither
        (``"error"``, the default).
    allow_pickle
        Open files that are Python pickles, which can run any code; default False.
    time_unit
        What `timestamps` and the times of plain tables are in, ``"s"``, ``"ms"``, ``"us"`` or
        ``"ns"``; what their heading says by default, else s.
    allow_links
        Read HDF5 files whose arrays lie in other files, which may be any of this machine; default
        False.

    Warns
    -----
    TrackingNote
        What the file contradicts itself in, and what was done about it.

    Raises
    ------
    DataError
        The file is missing, damaged or of no known format; the frame rate is not known.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "mouse_07.csv"
    >>> rows = ["scorer,DLC,DLC,DLC", "bodyparts,nose,nose,nose", "coords,x,y,likelihood"]
    >>> _ = path.write_text("\n".join([*rows, "0,10.5,20,0.9", "1,11.5,20,0.8", ""]))
    >>> read(path, fps=25).position.sel(bodypart="nose", space="x").values
    array([[10.5, 11.5]], dtype=float32)
    >>> folder.cleanup()
    """
    path = one_path(path)
    with naming(path):
        options = Options.of(individuals, columns, repeats, allow_pickle, time_unit, allow_links)
        parts = load(path, options)
        if resample_fps is not None:
            resample_fps = check_resampling(resample_fps)
        given = (str(timestamps or ""), resample_fps, anti_alias)
        clock = given if timestamps is not None or resample_fps is not None else ()
        rate = look_at(video_of(path)).fps if fps == "video" else fps
        parts = [with_notes(part, contradict(part.fps, rate)) for part in parts]
        video = look_beside(path) if len(parts) == 1 else None
        if video is not None:
            n_frames = parts[0].position.shape[-1]
            stated = parts[0].fps if rate is None else rate
            parts = [with_notes(parts[0], compare(n_frames, parts[0], video, stated))]
        times = None if timestamps is None else read_times(Path(timestamps), time_unit, rate)
    if times is None:
        rate = check_fps(rate if rate is not None else parts[0].fps, str(path))
    with naming(path):
        if times is None and fps is None:
            check_stated(rate, options)
        parts = [
            set_clock(part, rate, times=times, resample_fps=resample_fps, anti_alias=anti_alias)
            for part in parts
        ]
    for part in parts:
        for note in part.notes:
            warnings.warn(f"{path}: {note}", TrackingNote, stacklevel=2)
    ds = to_dataset(path, parts, options, skeleton=skeleton, clock=clock)
    return make_points(ds, skeleton)


def to_dataset(
    path: Path,
    parts: Sequence[Tracks],
    options: Options,
    *,
    fps: float | None = None,
    skeleton: Skeleton | None = None,
    clock: tuple[object, ...] = (),
) -> xr.Dataset:
    """Dataset of the recordings in a file: without the dim ``recording`` where there is one."""
    rate = check_fps(parts[0].fps if fps is None else fps, str(path))
    digest = digest_of(path, options, *clock)
    headers = [Header.of(part, path, i, digest) for i, part in enumerate(parts)]
    if len(parts) == 1:
        return dataset_of(parts[0], headers[0], rate, skeleton)
    with naming(path):
        layout = layout_of(headers)
    arrays = [pad(part, layout) for part in parts]
    stacked = {name: np.concatenate([array[name] for array in arrays]) for name in arrays[0]}
    return stack_tracks(headers, layout, stacked, fps=rate, skeleton=skeleton)


def check_stated(rate: float | None, options: Options) -> None:
    """Refuse a frame rate that only the times of a file give where no camera has it.

    Raises
    ------
    DataError
        It is below 1 or above 2,000 per second, and nobody said what the times are in.
    """
    if rate is not None and options.time_unit is None:
        check_unit(rate, None, "its times")


def only_ours() -> bool:
    """Whether no formats were declared outside this package, which may claim any file."""
    known = _READERS.entries.values()
    return all(found.load.__module__.startswith(f"{_READERS.package}.") for found in known)


def reader_named(name: str) -> Reader:
    """The format of that name."""
    return _READERS.all()[name]


def load(path: Path, options: Options = DEFAULTS, found: Reader | None = None) -> list[Tracks]:
    """Arrays of every recording in a file, checked; `found` is its format where that is known.

    Raises
    ------
    DataError
        The file cannot be read; the message says why and does not name the file (`naming` does).
    """
    found = found or recognise(path, options)
    if found.pickle and not options.allow_pickle:
        raise DataError(
            f"recognised as {found.name}, a Python pickle: opening it can run any code. If you "
            "trust where it comes from, give allow_pickle=True (--allow-pickle)."
        )
    with in_words(found.name, found.extra):
        parts = found.load(path, options) if found.takes_options else found.load(path)  # type: ignore[call-arg]
    if options.individuals is not None:
        parts = [choose_individuals(part, options.individuals) for part in parts]
    return [check(part) for part in parts]


def recognise(path: Path, options: Options = DEFAULTS) -> Reader:
    """The format of a file.

    Raises
    ------
    DataError
        There is no such file, or it has no known format: the message says what it looks like.
    """
    if not path.exists():
        raise DataError(f"there is no such file.{near_file(path)}")
    if path.is_dir():
        raise DataError(explain_folder(path))
    try:
        if path.stat().st_size == 0:
            raise DataError("the file is empty (0 bytes).")
        known = readers()
        if options.columns is not None:
            return reader_named(TABLE)
        content = Content(path).check(allow_links=options.allow_links)
        for candidate in known:
            if _has_format(content, candidate):
                return candidate
        looks = content.describe()
    except OSError as error:
        raise DataError(f"the file cannot be opened ({error.strerror or error}).") from error
    scored = _scored_format(content)
    if scored:
        raise DataError(
            f"no tracks: it looks like {looks}, which is scored behaviour ({scored}): read it with "
            "ef.read_labels, or list it with `ethoflow labels FILE`."
        )
    raise DataError(
        f"no known format: it looks like {looks}. {len(known)} formats can be read; "
        "`ethoflow formats` lists them."
    )


def _scored_format(content: Content) -> str:
    """Name of the format of scored behaviour a file has; empty where it has none."""
    from ethoflow.io.scoring.declare import recognise_labels

    try:
        return recognise_labels(content.path).name
    except DataError:
        return ""


TABLE = "plain table"
"""Name of the format that a column map stands for."""


def _has_format(content: Content, candidate: Reader) -> bool:
    """Whether the content is of that format; what a library cannot even open is of none."""
    try:
        return bool(candidate.matches(content))
    except PermissionError:
        raise
    except Exception:
        return False


def check(tracks: Tracks) -> Tracks:
    """`tracks`, which have frames, names and finite positions.

    Raises
    ------
    DataError
        They do not.
    """
    shape = tracks.position.shape
    if len(shape) != 4 or 0 in shape:
        raise DataError(
            "no frames: needed at least one animal, one body part and one frame, found the shape "
            f"{shape} of (individual, bodypart, space, time)."
        )
    repeated = sorted({part for part in tracks.bodyparts if tracks.bodyparts.count(part) > 1})
    if repeated:
        raise DataError(f"body part named twice: {', '.join(repeated)}.")
    # A sum is finite only where all is, and quick; NaN hides infinity from it, so look then.
    with np.errstate(invalid="ignore", over="ignore"):
        suspect = not np.isfinite(tracks.position.sum())
    infinite = np.argwhere(np.isinf(tracks.position)) if suspect else np.empty((0, 4), np.int64)
    if len(infinite):
        _, part, _, frame = infinite[0]
        raise DataError(f"the position of {tracks.bodyparts[part]!r} at frame {frame} is infinite.")
    if tracks.start is not None:
        start, notes = begin(np.array([tracks.start]))
        tracks = replace(with_notes(tracks, notes), start=start)
    tracks = without_undetected(tracks)
    if np.isnan(tracks.position).all():
        return with_notes(tracks, ["no point was seen in any frame."])
    return tracks


def recording_name(path: PathLike) -> str:
    """Name of the recording in a file: the full stem of its name.

    Examples
    --------
    >>> recording_name("day1/mouse_07.analysis.h5"), recording_name("m1DLC_filtered.csv.gz")
    ('mouse_07.analysis', 'm1DLC_filtered')
    """
    name = Path(path).name
    return Path(name[:-3] if name.lower().endswith(".gz") else name).stem


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the name of the file in front of an error about its content."""
    try:
        yield
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    except MemoryError as error:
        raise OutOfMemory(f"{path}: the memory is not enough for it ({error}). {FEWER}") from error
