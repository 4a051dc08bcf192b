"""Frames of a video: frame k is frame k, wherever one begins to read.

A jump in a file ends at some frame before or after the one that is wanted. Each decoded frame is
known by its time, so that reading goes on, or back further, until the wanted one is there.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import xarray as xr

from ethoflow.io.video import recode
from ethoflow.io.video_index import (
    SAME_TIME,
    FrameIndex,
    index_frames,
    open_video,
    seek,
    stamp_of_video,
    time_of,
)
from ethoflow.schema import DataError
from ethoflow.schema.coordinates import make_time

Image: TypeAlias = npt.NDArray[np.uint8]

BACK = 2
"""Frames before the wanted one at which a jump aims."""
CHUNK_BYTES = 32e6
"""Size of the chunks of frames, where none is given."""
PARKED = 4
"""Open videos that wait in a process for who reads on where they are."""


def frames(path: str | Path, *, chunk: int | None = None) -> xr.DataArray:
    """Frames of a video as a lazy array, dims (time, row, column, channel), uint8.

    Nothing is decoded before it is asked for, and then no more than chunks. Frame k of the array is
    frame k of the video, in every codec and after every jump. The array can be sent to workers,
    which have to see the file at the same path.

    Parameters
    ----------
    path
        The video.
    chunk
        Frames of a chunk; about 32 MB of them by default.

    Returns
    -------
    xr.DataArray
        With the coordinates ``time`` (s from the first frame), ``fps`` and ``channel`` (red, green,
        blue).

    Raises
    ------
    DataError
        There is no such video, it cannot be decoded, or OpenCV is missing.

    Warns
    -----
    VideoNote
        It has fewer frames than it states, is cut off, or has no constant rate. Its times are then
        those of the file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import ethoflow as ef
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = pathlib.Path(folder.name) / "mouse_07.webm"
    >>> _ = ef.video.labelled(ef.simulate.still_then_running(), to=path, stop=0.2)
    >>> video = frames(path)
    >>> video.dims, video.sizes["time"], float(video.time[3])
    (('time', 'row', 'column', 'channel'), 5, 0.12)
    >>> video.isel(time=3, channel=0).values.dtype
    dtype('uint8')
    >>> folder.cleanup()
    """
    import dask.array as da
    from dask.base import tokenize

    path = Path(path).absolute()
    index = index_frames(path)
    index.tell()
    height, width = index.video.height, index.video.width
    if chunk is None:
        chunk = int(CHUNK_BYTES // (3 * height * width)) or 1
    if chunk < 1:
        raise DataError(f"chunk is a number of frames above 0, found {chunk}.")
    numbers = da.arange(index.n_frames, chunks=chunk, dtype=np.int64)
    values = da.map_blocks(
        _read_chunk,
        numbers,
        path=str(path),
        stamp=index.stamp,
        dtype=np.uint8,
        new_axis=[1, 2, 3],
        chunks=(numbers.chunks[0], (height,), (width,), (3,)),
        meta=np.empty((0, 0, 0, 0), np.uint8),
        name=f"video-frames-{tokenize(str(path), index.stamp, chunk)}",
    )
    time = make_time(index.n_frames, index.fps)
    if not index.even:
        time = xr.Variable("time", index.times - index.times[0], time.attrs)
    coords = {"time": time, "fps": index.fps, "channel": ["red", "green", "blue"]}
    attrs = {"long_name": "frames of a video", "video": path.name}
    return xr.DataArray(values, coords, ["time", "row", "column", "channel"], "frames", attrs)


def _read_chunk(numbers: npt.NDArray[np.int64], *, path: str, stamp: tuple[int, int]) -> Image:
    """Frames of a chunk, in RGB."""
    if stamp_of_video(Path(path)) != stamp:
        raise DataError(f"{path} has changed since it was opened: open it again.")
    index = index_frames(path)
    found = np.empty((len(numbers), index.video.height, index.video.width, 3), np.uint8)
    for place, frame in enumerate(each_frame(index, numbers.tolist())):
        found[place] = frame[..., ::-1]
    return found


def each_frame(index: FrameIndex, numbers: Sequence[int] | range) -> Iterator[Image]:
    """Frames by their numbers, which ascend and may repeat, in BGR as OpenCV draws.

    One frame at a time is in memory. Where the index is not exact, the frames that come nearest.

    Raises
    ------
    DataError
        A number is beyond the video, or its frame cannot be decoded.
    """
    if not len(numbers):
        return
    if min(numbers) < 0 or max(numbers) >= index.n_frames:
        raise DataError(
            f"{index.video.path.name} has the frames 0 to {index.n_frames - 1}; asked for "
            f"{min(numbers)} to {max(numbers)}."
        )
    capture, at = _open_before(index, numbers[0])
    frame: Image | None = None
    shown = -1
    whole = True
    try:
        for number in numbers:
            if number != shown or frame is None:
                whole = False
                capture, at = _go_to(index, capture, at, number)
                read, frame = capture.retrieve()
                if not read or frame is None:
                    raise DataError(_broken(index, number))
                whole, shown = True, number
            yield frame
    finally:
        _park(index, capture, at) if whole else capture.release()


_parked: list[tuple[tuple[Any, ...], int, Any]] = []
_parking = threading.Lock()


def _open_before(index: FrameIndex, number: int) -> tuple[Any, int]:
    """An open video and the frame it grabbed last: one that waits nearby, or one anew."""
    with _parking:
        near = [one for one in _parked if one[0] == _key(index) and one[1] < number]
        best = max(near, key=lambda one: one[1], default=None)
        if best is not None and (not index.sought or number - best[1] <= _gap(index)):
            _parked.remove(best)
            return best[2], best[1]
    return open_video(index.video.path), -1


def _park(index: FrameIndex, capture: Any, at: int) -> None:
    """Let a video wait for who reads on."""
    with _parking:
        _parked.append((_key(index), at, capture))
        while len(_parked) > PARKED:
            _parked.pop(0)[2].release()


def _key(index: FrameIndex) -> tuple[Any, ...]:
    """The video as it is now; a process that was forked has none of the threads of a decoder."""
    return os.getpid(), index.video.path, index.stamp


def _gap(index: FrameIndex) -> int:
    """Frames over which it is quicker to decode on than to jump."""
    return max(int(index.n_frames / max(len(index.whole), 1)), 2 * BACK)


def _go_to(index: FrameIndex, capture: Any, at: int, number: int) -> tuple[Any, int]:
    """The video with the wanted frame grabbed: decoded on, or after a jump."""
    if not index.exact:
        seek(capture, number)
        if capture.grab():
            return capture, number
        raise DataError(_broken(index, number))
    if at < number and (not index.sought or number - at <= _gap(index)):
        if _grab_until(index, capture, at, number):
            return capture, number
    elif index.sought:
        back = BACK
        while back < 2 * number + 2 * BACK:
            goal = max(number - back, 0)
            # A jump is to a time, counted in frames of the stated rate.
            seek(capture, round((index.times[goal] - index.times[0]) * index.video.fps))
            if _grab_until(index, capture, None, number):
                return capture, number
            back *= 4
    capture.release()
    capture = open_video(index.video.path)
    if _grab_until(index, capture, -1, number):
        return capture, number
    capture.release()
    raise DataError(_broken(index, number))


def _grab_until(index: FrameIndex, capture: Any, at: int | None, number: int) -> bool:
    """Grab frames until the wanted one; whether it came. `at` is the last, None after a jump."""
    while capture.grab():
        if index.sought:
            late = time_of(capture) - index.times[number]
            if abs(late) < SAME_TIME:
                return True
            if late > 0:
                return False
        elif at is not None:
            at += 1
            if at == number:
                return True
    return False


def _broken(index: FrameIndex, number: int) -> str:
    path = index.video.path
    return f"{path}: frame {number} cannot be decoded, the video is damaged there. {recode(path)}"
