"""Examples of a behaviour or a cluster side by side, as one video."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.io.video_index import FrameIndex, VideoNote, index_frames
from ethoflow.one_recording import animal_names, one_recording, recording_title
from ethoflow.origin import clock_times
from ethoflow.schema import Data, DataError, as_dataset, first_frame
from ethoflow.units import Quantity, convert
from ethoflow.video.cells import BODIES, Cell, body_length, middle_path, points_of
from ethoflow.video.choosing import GivenVideo, video_of_recording
from ethoflow.video.following import tell_if_elsewhere
from ethoflow.video.grid import Grid
from ethoflow.video.matching import Match, check_inside, match_frames
from ethoflow.video.panel import clock
from ethoflow.video.picking import Bout, Picked, pick_bouts
from ethoflow.video.places import Placing, on_video
from ethoflow.video.states import labels_beside
from ethoflow.video.writing import check_target, writing_video

SMALLEST = 48.0
"""Side of a cell at least, px of the video."""


@dataclass(frozen=True)
class _Source:
    """One recording of the poses, and its video."""

    ds: xr.Dataset
    labels: xr.Dataset
    index: FrameIndex | None
    match: Match
    placing: Placing


def examples(
    poses: Data,
    labels: Data,
    behaviour: str,
    *,
    to: str | Path,
    category: str | None = None,
    video: GivenVideo = None,
    n: int = 12,
    columns: int = 4,
    seed: int = 0,
    around: Quantity = "0.5 s",
    longest: Quantity = "8 s",
    size: int = 220,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Write a video of examples of a behaviour or a cluster: a grid of bouts, each over and over.

    Bouts are picked by chance, from each recording in turn, and the `seed` gives the same ones
    again. Those that touch unknown frames or an end of the recording are left out. Each cell
    follows its animal, has a rim in the colour of the behaviour while the bout lasts, and says the
    recording, the animal and the time the bout begins. The video is as long as its longest cell;
    shorter ones begin again.

    Parameters
    ----------
    poses
        Tracks or poses.
    labels
        Labels of them: of rules, people, classifiers or clusters.
    behaviour
        Name of the label, or of the variable whose `category` is shown.
    to
        The file that is written: ``.webm`` (VP9), or ``.mp4`` (H.264) where OpenCV can.
    category
        Which category, or cluster.
    video
        As for `labelled`: a folder of videos, one for each recording by name, the metadata, or
        ``"none"`` for skeletons alone.
    n, columns
        Most cells, and how many stand in a row.
    seed
        Of the choice.
    around
        What is shown before and after each bout, s.
    longest
        How much of a longer bout is shown, s.
    size
        Of a cell, px.
    progress
        Is told how many frames are done, and of how many.

    Returns
    -------
    pd.DataFrame
        The bouts shown, a row each: recording, individual, animal, and start and stop, s of the
        recording's own clock. ``attrs`` has the path and how many bouts there are.

    Raises
    ------
    DataError
        There is no such behaviour, or no whole bout of it; or as `labelled`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import ethoflow as ef
    >>> poses = ef.simulate.still_then_running()
    >>> labels = ef.annotate(poses, ["moving"])
    >>> labels["moving"][..., -5:] = 0  # a bout up to the end would be cut
    >>> folder = tempfile.TemporaryDirectory()
    >>> to = pathlib.Path(folder.name) / "moving.webm"
    >>> ef.video.examples(poses, labels, "moving", to=to, longest="0.2 s").shape
    (1, 5)
    >>> folder.cleanup()
    """
    path = check_target(to)
    if n < 1 or columns < 1 or size < 2 * SMALLEST:
        raise DataError(
            f"a grid has 1 cell or more, of {2 * SMALLEST:.0f} px or more; found n={n}, "
            f"columns={columns}, size={size}."
        )
    ds = as_dataset(poses, needs=["position"])
    marked = as_dataset(labels)
    picked = pick_bouts(marked, behaviour, category, n, seed)
    fps = float(ds.fps)
    margin = round(convert(around, "s", name="around") * fps)
    most = round(convert(longest, "s", name="longest") * fps)
    sources = _sources(ds, marked, picked, video)
    cells, rows = [], []
    for bout in picked.bouts:
        cell, row = _cell(sources[bout.recording], bout, margin, most)
        cells.append(cell)
        rows.append(row)
    cells = _as_large(cells, picked)
    length = max(len(cell.numbers) for cell in cells)
    columns = min(columns, len(cells))
    grid = Grid(columns, -(-len(cells) // columns), size)
    with writing_video(path, fps, grid.width, grid.height) as write:
        for done, image in enumerate(grid.play(cells, picked, seed, length), 1):
            write(image)
            if progress is not None and (done % 10 == 0 or done == length):
                progress(done, length)
    table = pd.DataFrame(rows)
    table.attrs = {"path": str(path), "n_whole": picked.n_whole, "n_cut": picked.n_cut}
    return table


def _sources(
    ds: xr.Dataset, labels: xr.Dataset, picked: Picked, video: GivenVideo
) -> dict[int, _Source]:
    """The recordings of the bouts, by their rows in the labels."""
    found = {}
    for row in sorted({bout.recording for bout in picked.bouts}):
        name = (
            str(np.atleast_1d(labels.recording.values)[row]) if "recording" in labels.coords else ""
        )
        one = ds
        if "recording" in ds.dims:
            names = [str(each) for each in ds.recording.values]
            if name and name not in names:
                raise DataError(f"the poses have no recording {name!r}, the labels have.")
            one = ds.isel(recording=names.index(name) if name else 0)
        one = one_recording(one)
        own = labels.isel(recording=row) if "recording" in labels.dims else labels
        beside = labels_beside(own, one)
        path = video_of_recording(video, one)
        if path is None:
            plain = Placing(lambda points: points, lambda points: points, 1.0, 0, 0)
            none = Match(np.full(one.sizes["time"], -1))
            found[row] = _Source(one, beside, None, none, plain)
            continue
        index = index_frames(path)
        index.tell(stacklevel=4)
        match = match_frames(one, index)
        placing = on_video(one, index.video.width, index.video.height, index.video.width)
        for note in (*match.notes, *tell_if_elsewhere(one, index, match.numbers, placing)):
            warnings.warn(note, VideoNote, stacklevel=4)
        found[row] = _Source(one, beside, index, match, placing)
    return found


def _cell(source: _Source, bout: Bout, margin: int, most: int) -> tuple[Cell, dict[str, object]]:
    """A bout as a cell, and what the table says of it."""
    ds, labels = source.ds, source.labels
    shift = first_frame(labels) - first_frame(ds)
    start, stop = bout.start + shift, bout.stop + shift
    end = min(stop, start + most)
    first, last = max(start - margin, 0), min(end + margin, ds.sizes["time"])
    if start < 0 or stop > ds.sizes["time"]:
        raise DataError(
            f"{recording_title(ds)}: a bout lies beyond the frames of the poses: give the poses of "
            "the whole recording."
        )
    part = ds.isel(time=slice(first, last))
    points = points_of(part, source.placing)
    slots = [str(slot) for slot in ds.individual.values]
    seat, others = _seats(labels, bout, slots)
    own = points[:, seat] if seat is not None else points.reshape(len(points), -1, 2)
    numbers = source.match.numbers[first:last]
    if source.index is not None:
        flat = points.reshape(-1, 2)
        for note in check_inside(flat, source.index, recording_title(ds)):
            warnings.warn(note, VideoNote, stacklevel=4)
    side = BODIES * body_length(own)
    if others:
        apart = middle_path(own, float(ds.fps)) - middle_path(points[:, others[0]], float(ds.fps))
        side = max(side, 2.6 * float(np.linalg.norm(apart, axis=1).max()))
    times = clock_times(ds)
    who = animal_names(part)
    name = who.get(seat, "") if seat is not None and len(who) > 1 else ""
    begins, ends = float(times[start]), float(times[stop - 1] + 1 / float(ds.fps))
    lasts = f"{ends - begins:.2g} s" if stop == end else f"first {most / float(ds.fps):g} s"
    said = f"{name}  {clock(begins)}  {lasts}".strip()
    within = np.zeros(last - first, bool)
    within[start - first : end - first] = True
    row = {
        "recording": recording_title(ds)
        if "recording" not in ds.coords
        else str(ds.recording.values),
        "individual": slots[seat] if seat is not None else "",
        "animal": who.get(seat, "") if seat is not None else "",
        "start": begins,
        "stop": ends,
    }
    cell = Cell(
        part, points, middle_path(own, float(ds.fps)), side, within, source.index, numbers,
        source.placing, (recording_title(ds), said),
    )  # fmt: skip
    return cell, row


def _seats(labels: xr.Dataset, bout: Bout, slots: list[str]) -> tuple[int | None, list[int]]:
    """Places of the animal and of its partner among the tracks; None for what all do."""
    if bout.individual is None:
        return None, []
    name = str(labels.individual.values[bout.individual])
    if name not in slots:
        raise DataError(f"the labels are of {name!r}, whom the poses do not have: {slots}.")
    others = []
    if bout.partner is not None:
        partner = str(labels.partner.values[bout.partner])
        others = [slots.index(partner)] if partner in slots else []
    return slots.index(name), others


def _as_large(cells: list[Cell], picked: Picked) -> list[Cell]:
    """Cells of one recording with one scale: the median of their sides."""
    sides: dict[int, list[float]] = {}
    for cell, bout in zip(cells, picked.bouts, strict=True):
        sides.setdefault(bout.recording, []).append(cell.side)
    usual = {}
    for row, found in sides.items():
        known = [side for side in found if side == side]
        usual[row] = float(np.median(known)) if known else float("nan")
    every = [side for side in usual.values() if side == side]
    rest = float(np.median(every)) if every else 4 * SMALLEST
    made = []
    for cell, bout in zip(cells, picked.bouts, strict=True):
        side = usual[bout.recording] if usual[bout.recording] == usual[bout.recording] else rest
        least = SMALLEST if cell.index is not None else 1e-6
        made.append(replace(cell, side=max(side, least)))
    return made
