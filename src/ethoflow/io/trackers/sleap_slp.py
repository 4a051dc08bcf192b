"""SLEAP projects and predictions (``.slp``), through sleap-io and without opening any video."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ethoflow.io.hdf5 import check_arrays
from ethoflow.io.paths import recording_name
from ethoflow.io.reader import Content, Tracks, reader
from ethoflow.real import check_real
from ethoflow.room import unseen
from ethoflow.schema import DataError

if TYPE_CHECKING:
    from sleap_io import Instance, LabeledFrame, Labels, Track, Video


MOST_LABELLED = 0.5
"""Share of frames up to which what people placed is taken to be labels for training."""


def _matches(file: Content) -> bool:
    return {"metadata", "videos_json", "frames", "instances"} <= file.keys


@reader("SLEAP .slp", matches=_matches, extra="sleap")
def read_slp(path: Path) -> list[Tracks]:
    """Tracks of every video in a SLEAP file that has labelled frames.

    Animals are the tracks seen in the video, in file order; instances without a track follow in
    slots by their order in the frame. Where a person corrected a prediction, the correction counts;
    its confidence is NaN, as people give none. Scores of predictions are kept as they are.
    The recording runs from frame 0 to the last labelled one, or to the end of the video where the
    file knows its length.
    """
    import sleap_io

    check_arrays(path)
    try:
        labels = sleap_io.load_slp(str(path), open_videos=False)
    except Exception as error:  # it raises anything when it meets what it does not know
        raise DataError(
            f"recognised as SLEAP .slp, but sleap-io {sleap_io.__version__} cannot open it "
            f"({type(error).__name__}: {error}): it may be of a version of SLEAP that it does not "
            "know. A newer sleap-io may, or export it from SLEAP as 'Analysis HDF5', which is read "
            "without sleap-io."
        ) from error
    frames: dict[int, list[LabeledFrame]] = {}
    for frame in labels.labeled_frames:
        frames.setdefault(id(frame.video), []).append(frame)
    videos = [video for video in labels.videos if id(video) in frames]
    if not videos:
        raise DataError("no frames: it holds no labelled or predicted frame.")
    names = _name_videos(videos, recording_name(path))
    return [
        _read_video(name, video, frames[id(video)], labels)
        for name, video in zip(names, videos, strict=True)
    ]


def _name_videos(videos: list[Video], stem: str) -> list[str]:
    """The file's name for a single video, else the videos' own names where they tell them apart."""
    if len(videos) == 1:
        return [stem]
    names = []
    for video in videos:
        origin = video.source_video or video
        first = origin.filename if isinstance(origin.filename, str) else origin.filename[0]
        names.append(Path(re.split(r"[\\/]", first)[-1]).stem)
    if len(set(names)) < len(names) or "" in names:
        return [f"{stem}_video{i}" for i in range(len(videos))]
    return names


def _read_video(name: str, video: Video, frames: list[LabeledFrame], labels: Labels) -> Tracks:
    nodes = _nodes(frames)
    kept = [(frame.frame_idx, list(_kept(frame))) for frame in frames]
    seen = {id(instance.track) for _, instances in kept for instance in instances}
    tracks = [track for track in labels.tracks if id(track) in seen]
    slots = {id(track): slot for slot, track in enumerate(tracks)}
    loose = max(sum(i.track is None for i in instances) for _, instances in kept)
    n_slots = len(tracks) + loose
    n_frames = max(max(index for index, _ in kept) + 1, _length(video))
    position = unseen((n_slots, len(nodes), 2, n_frames))
    confidence = unseen((n_slots, len(nodes), n_frames))
    for index, instances in kept:
        free = len(tracks)
        for instance in instances:
            slot = slots.get(id(instance.track), free)
            free += instance.track is None
            points = instance.numpy()
            check_real(points.dtype, "points")
            position[slot, :, :, index] = points
            confidence[slot, :, index] = _scores(instance)
    return Tracks(
        name=name,
        position=position,
        confidence=confidence,
        bodyparts=nodes,
        animals=_name_animals(tracks, loose),
        source_software="SLEAP",
        notes=_note_labels([instances for _, instances in kept], n_frames),
    )


def _note_labels(instances: list[list[Instance]], n_frames: int) -> tuple[str, ...]:
    """What to say of labels that people placed on a few frames, to train a network."""
    by_people = not any(hasattr(one, "score") for frame in instances for one in frame)
    if not by_people or len(instances) > MOST_LABELLED * n_frames:
        return ()
    return (f"labels of {len(instances)} single frames: no tracks of a video.",)


def _nodes(frames: list[LabeledFrame]) -> tuple[str, ...]:
    skeletons = {
        tuple(instance.skeleton.node_names) for frame in frames for instance in frame.instances
    }
    if len(skeletons) != 1:
        raise DataError(
            f"its instances have {len(skeletons)} different skeletons; needed one."
            if skeletons
            else "no frames: its labelled frames hold no instance."
        )
    return skeletons.pop()


def _kept(frame: LabeledFrame) -> Iterator[Instance]:
    """Instances that count: corrections instead of what they correct, one per track.

    A correction takes the place of the prediction it was made from.
    """
    corrected = {
        id(instance.from_predicted): instance
        for instance in frame.user_instances
        if instance.from_predicted is not None
    }
    present = {id(instance) for instance in frame.instances}
    moved = {id(user) for origin, user in corrected.items() if origin in present}
    in_place = [
        corrected.get(id(instance), instance)
        for instance in frame.instances
        if id(instance) not in moved
    ]
    best: dict[int, Instance] = {}
    for instance in in_place:
        key = id(instance if instance.track is None else instance.track)
        if key not in best or _rank(instance) >= _rank(best[key]):
            best[key] = instance
    yield from best.values()


def _rank(instance: Instance) -> tuple[bool, float]:
    """What wins where one track has two instances in a frame: people, then the higher score."""
    score = getattr(instance, "score", None)
    return score is None, 0.0 if score is None else float(score)


def _scores(instance: Instance) -> np.ndarray[tuple[int], np.dtype[np.float64]] | float:
    names = instance.points.dtype.names or ()
    return np.asarray(instance.points["score"]) if "score" in names else np.nan


def _length(video: Video) -> int:
    """Frames of the video as far as the file knows, else 0."""
    if isinstance(video.filename, list):
        return len(video.filename)
    shape = video.backend_metadata.get("shape")
    return int(shape[0]) if shape is not None and shape[0] else 0


def _name_animals(tracks: list[Track], loose: int) -> tuple[str, ...] | None:
    if not tracks:
        return None
    return tuple(track.name for track in tracks) + tuple(f"untracked_{i}" for i in range(loose))
