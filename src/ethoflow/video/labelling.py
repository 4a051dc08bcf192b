"""A video of one recording with its skeletons, what the animals do, and the clock."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import xarray as xr

from ethoflow.engine.declare import Array
from ethoflow.io.video_frames import each_frame
from ethoflow.io.video_index import FrameIndex, VideoNote, index_frames
from ethoflow.one_recording import animal_names, one_recording, recording_title
from ethoflow.origin import clock_times
from ethoflow.schema import Data, DataError, as_dataset
from ethoflow.units import Quantity, convert
from ethoflow.video.canvas import (
    FLOOR,
    Body,
    Outlines,
    draw_outlines,
    draw_skeletons,
    draw_trail,
    outlines_of,
)
from ethoflow.video.choosing import GivenVideo, video_of_recording
from ethoflow.video.following import tell_if_elsewhere
from ethoflow.video.lettering import Image
from ethoflow.video.matching import check_inside, match_frames
from ethoflow.video.panel import Panel, make_panel
from ethoflow.video.places import Placing, blocks_of, empty_floor, on_video
from ethoflow.video.states import Slot, labels_beside, slots_of, states_of
from ethoflow.video.writing import check_target, writing_video

NARROW, WIDE = 480, 960
"""Widths between which a picture is as wide as its video, px."""
EMPTY = 640
"""Width of an empty floor, px."""
SAMPLE = 200
"""Frames in a row, at three places, whose points are held against the size of the picture."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scene:
    """A stretch of one recording, and where its points lie in which frames of a video.

    Attributes
    ----------
    ds
        The frames that are shown.
    index
        The video; None on an empty floor.
    numbers
        The frame of the video for each, -1 where there is none.
    placing
        Where points lie in the picture.
    """

    ds: xr.Dataset
    index: FrameIndex | None
    numbers: Array
    placing: Placing

    def pictures(self) -> Iterator[Image]:
        """What is behind the animals in each frame, to be drawn into."""
        size = (self.placing.height, self.placing.width)
        if self.index is None:
            for _ in self.numbers:
                yield np.full((*size, 3), FLOOR, np.uint8)
            return
        found = each_frame(self.index, self.numbers[self.numbers >= 0].tolist())
        for number in self.numbers:
            picture = np.zeros((*size, 3), np.uint8)
            if number >= 0:
                frame, zoom = next(found), self.placing.zoom
                if zoom != 1:
                    to = [round(side * zoom) for side in frame.shape[1::-1]]
                    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_LINEAR
                    frame = np.asarray(cv2.resize(frame, to, interpolation=way), np.uint8)
                height, width = (min(a, b) for a, b in zip(frame.shape, size, strict=False))
                picture[:height, :width] = frame[:height, :width]
            yield picture


def labelled(
    poses: Data,
    labels: Data | None = None,
    video: GivenVideo = None,
    *,
    to: str | Path,
    start: float | None = None,
    stop: float | None = None,
    begin: Quantity | None = None,
    trail: Quantity = 0.0,
    outlines: bool = True,
    width: int | None = None,
    progress: Progress | None = None,
) -> Path:
    """Write a video of one recording: skeletons, what each animal does, and the recording's clock.

    Body parts have a colour each, with the animal's around it. Below, each animal has its labels: a
    filled box is present, a pale name absent, a hatched box with a question mark unknown. Points
    that are not seen are not drawn. The file is there once it is whole; what is in memory does not
    grow with its length.

    Parameters
    ----------
    poses
        Tracks or poses of one recording. What is in mm goes back to px as it was calibrated.
    labels
        Labels of it, as `annotate` gives them; or of the cohort that it is of.
    video
        Its video, or the folder of a video of its name; by default the metadata ``video`` of the
        recording, and an empty floor where there is none. ``"none"`` is an empty floor as well.
    to
        The file that is written: ``.webm`` (VP9), or ``.mp4`` (H.264) where OpenCV can.
    start, stop
        Between which times, s of the recording's own clock; all by default.
    begin
        Second of the video at which the recording begins; its `origin` by default.
    trail
        For how long, in s, the path of each animal is seen; not at all by default.
    outlines
        Whether the arena, the regions and the scale bar are drawn, as far as they are known.
    width
        Of the picture, px; that of the video by default, or between 480 and 960.
    progress
        Is told how many frames are done, and of how many.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        The video is not that of the tracks: another rate, length or size. The labels are not on its
        frames. Nothing lies between `start` and `stop`. Or the file cannot be written.

    Warns
    -----
    VideoNote
        What may be wrong with the video, or how frames were matched.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import ethoflow as ef
    >>> poses = ef.simulate.still_then_running()
    >>> labels = ef.annotate(poses, ["moving", "immobile"])
    >>> folder = tempfile.TemporaryDirectory()
    >>> to = pathlib.Path(folder.name) / "mouse.webm"
    >>> made = ef.video.labelled(poses, labels, to=to, start=3.8, stop=4.2)
    >>> ef.video.frames(made).sizes["time"]
    10
    >>> folder.cleanup()
    """
    path = check_target(to)
    ds = one_recording(as_dataset(poses, needs=["position"]))
    beside = None if labels is None else labels_beside(labels, ds)
    slots = [] if beside is None else slots_of(beside)
    length = 0 if trail == 0 else round(convert(trail, "s", name="trail") * float(ds.fps))
    scene = _scene(ds, video, start, stop, begin, width)
    who = animal_names(scene.ds)
    body = Body.of(scene.ds, scene.placing.width)
    panel = make_panel(scene.placing.width, recording_title(ds), who, body.animals, slots)
    lines = outlines_of(scene.ds, scene.placing) if outlines else None
    size = (scene.placing.width, scene.placing.height + panel.height)
    total = scene.ds.sizes["time"]
    with writing_video(path, float(ds.fps), *size) as write:
        shown = _draw(scene, panel, body, lines, beside, slots, list(who), length)
        for done, image in enumerate(shown, 1):
            write(image)
            if progress is not None and (done % 10 == 0 or done == total):
                progress(done, total)
    return path


def _scene(
    ds: xr.Dataset,
    video: GivenVideo,
    start: float | None,
    stop: float | None,
    begin: Quantity | None,
    width: int | None,
) -> Scene:
    """The frames between two times, with the video behind them."""
    found = video_of_recording(video, ds)
    part = cut_out(ds, start, stop)
    if found is None:
        numbers = np.full(part.sizes["time"], -1)
        return Scene(part, None, numbers, empty_floor(part, width or EMPTY))
    index = index_frames(found)
    index.tell(stacklevel=4)
    second = None if begin is None else convert(begin, "s", name="begin")
    match = match_frames(ds, index, second)
    within = np.isin(ds.time.values, part.time.values)
    numbers = match.numbers[within]
    if (numbers < 0).all():
        raise DataError(f"none of these frames is in the video {found.name}: {match.notes[-1]}")
    wanted = width or min(max(index.video.width, NARROW), WIDE)
    placing = on_video(part, index.video.width, index.video.height, wanted)
    scene = Scene(part, index, numbers, placing)
    notes = [
        *match.notes,
        *_look_inside(scene),
        *tell_if_elsewhere(ds, index, match.numbers, placing),
    ]
    for note in notes:
        warnings.warn(note, VideoNote, stacklevel=4)
    return scene


def cut_out(ds: xr.Dataset, start: float | None, stop: float | None) -> xr.Dataset:
    """Frames of one recording between two times of its own clock.

    Raises
    ------
    DataError
        There are none.
    """
    times = clock_times(ds)
    low = -np.inf if start is None else start
    high = np.inf if stop is None else stop
    within = np.flatnonzero((times >= low - 1e-9) & (times < high - 1e-9))
    if not within.size:
        ends = f"{times[0]:.4g} to {times[-1]:.4g} s" if times.size else "no time at all"
        raise DataError(
            f"the recording is {ends} on its clock; nothing from {low:g} to {high:g} s."
        )
    return ds.isel(time=slice(int(within[0]), int(within[-1]) + 1))


def _look_inside(scene: Scene) -> Sequence[str]:
    """Hold points of some frames against the size of the picture."""
    assert scene.index is not None
    size = scene.ds.sizes["time"]
    starts = sorted({0, max(size // 2 - SAMPLE // 2, 0), max(size - SAMPLE, 0)})
    parts = [scene.ds.isel(time=slice(start, start + SAMPLE)) for start in starts]
    points = [block.reshape(-1, 2) for part in parts for _, block in blocks_of(part)]
    return check_inside(
        scene.placing.back(np.concatenate(points)), scene.index, recording_title(scene.ds)
    )


def _draw(
    scene: Scene,
    panel: Panel,
    body: Body,
    lines: Outlines | None,
    labels: xr.Dataset | None,
    slots: list[Slot],
    seats: list[int],
    trail: int,
) -> Iterator[Image]:
    """The frames of the video, one by one."""
    ds, total = scene.ds, scene.ds.sizes["time"]
    times = clock_times(ds)
    first = round(float(ds.time.values[0]) * float(ds.fps))
    pictures = scene.pictures()
    paths: list[deque[Array]] = [deque(maxlen=trail + 1) for _ in range(ds.sizes["individual"])]
    for start, block in blocks_of(ds):
        points = scene.placing.place(block)
        stop = start + len(points)
        if labels is None:
            states = np.zeros((ds.sizes["individual"], 0, len(points)), np.int64)
        else:
            states = states_of(labels, slots, ds, start, stop)
        for step, frame in enumerate(range(start, stop)):
            picture = next(pictures)
            if lines is not None:
                draw_outlines(picture, lines, 13, on_floor=scene.index is None)
            for seat in seats if trail else ():
                paths[seat].append(middle_of(points[step, seat]))
                draw_trail(picture, list(paths[seat]), body.animals[seat])
            draw_skeletons(picture, points[step], body)
            share = frame / max(total - 1, 1)
            strip = panel.draw(float(times[frame]), first + frame, share, states[..., step])
            yield np.concatenate([picture, strip])


def middle_of(points: Array) -> Array:
    """The middle of the body parts that are seen, dims (space,)."""
    seen = points[np.isfinite(points).all(axis=-1)]
    return seen.mean(axis=0) if len(seen) else np.full(2, np.nan)
