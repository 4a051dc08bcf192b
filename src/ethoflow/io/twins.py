"""Files that are of one video: versions of one network's tracks, and what lies beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ethoflow.errors import listed
from ethoflow.io.paths import recording_name
from ethoflow.names import NETWORK

MOST_NAMES = 3
"""Files that a note names."""

_SNAPSHOT = re.compile(
    r"(?P<before>shuffle\d+)(?:_(?:detector_)?(?:best[-_])?\d+)?"
    r"_(?:snapshot[-_])?(?P<best>best[-_])?(?P<number>\d+)"
)
_TRACKERS = ("bx", "sk", "el")
"""DeepLabCut's trackers of several animals, the one it prefers last."""
_TABLES = (".csv", ".h5")
_SLEAP = (".analysis.h5", ".slp")
_WORDS = {
    "filtered": "filtered versions",
    "snapshot": "earlier snapshots of the network",
    "tracker": "other trackers of the network",
    "adapted": "versions before the network was adapted",
    "suffix": "the same in another format",
    "same": "others that differ in .predictions alone",
}


@dataclass(frozen=True)
class Version:
    """Which run a file is of, by its name: `run` is the same for all versions of one.

    The other fields say which version it is; of two, the greater one is taken.
    """

    run: tuple[str, str]
    adapted: bool
    snapshot: tuple[bool, int]
    tracker: int
    filtered: int
    suffix: int

    @property
    def rank(self) -> tuple[object, ...]:
        """What decides between versions."""
        return (self.adapted, self.snapshot, self.tracker, self.filtered, self.suffix)

    def differs(self, other: Version) -> str:
        """In what this version is less than another, the first that decides."""
        fields = ("adapted", "snapshot", "tracker", "filtered", "suffix")
        return next((n for n in fields if getattr(self, n) != getattr(other, n)), "same")


def version_of(path: Path) -> Version | None:
    """The version that the name of a file tells; None for names that tell nothing.

    Without the mark of a network a name tells whether its tracks are filtered.

    Examples
    --------
    >>> raw, filtered = (
    ...     version_of(Path(f"m1DLC_resnet50_cageJan1shuffle1_5000{end}"))
    ...     for end in (".csv", "_filtered.csv")
    ... )
    >>> raw.run == filtered.run, filtered.differs(raw)
    (True, 'filtered')
    """
    name, folder = path.name.removesuffix(".gz"), str(path.parent)
    ending = next((end for end in _SLEAP if name.lower().endswith(end)), None)
    if ending is not None:
        base = re.sub(r"(\.predictions)?$", "", name[: -len(ending)])
        return Version((folder, f"{base} (SLEAP)"), True, (True, 0), 0, 0, _SLEAP.index(ending))
    stem, suffix = recording_name(path), Path(name).suffix.lower()
    if suffix not in _TABLES:
        return None
    base = stem.removesuffix("_filtered")
    filtered = 1 if base == stem else 0
    if not NETWORK.search(stem):
        return Version((folder, f"{base}{suffix}"), True, (True, 0), 0, filtered, 0)
    tracker = re.search(r"_(bx|sk|el)$", base)
    base = base if tracker is None else base[: tracker.start()]
    adapted = not base.endswith("_before_adapt")
    base = re.sub("_(before|after)_adapt$", "", base)
    found = list(_SNAPSHOT.finditer(base))
    snapshot = (True, 0)
    if found and found[-1].end() == len(base):
        snapshot = found[-1]["best"] is not None, int(found[-1]["number"])
        base = base[: found[-1].end("before")]
    place = -1 if tracker is None else _TRACKERS.index(tracker[1])
    return Version((folder, base), adapted, snapshot, place, filtered, _TABLES.index(suffix))


def leave_twins(files: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files of which one is taken per video and network, and sentences on the others.

    Taken are the tracks as the network gave them rather than filtered (cleaning wants to know what
    the network doubted), of the last snapshot, and HDF5 rather than CSV. Tables of skeletons, which
    DeepLabCut writes beside tracks, are left out.
    """
    skeletons = [file for file in files if _is_skeleton(file)]
    versions = {file: version_of(file) for file in files if file not in skeletons}
    best: dict[tuple[str, str], Path] = {}
    for file, version in versions.items():
        if version is not None:
            other = versions[best.setdefault(version.run, file)]
            if other is not None and version.rank > other.rank:
                best[version.run] = file
    kept, left = [], dict[str, list[str]]()
    for file, version in versions.items():
        taken = file if version is None else best[version.run]
        of_taken = versions[taken]
        if taken == file or version is None or of_taken is None:
            kept.append(file)
        else:
            left.setdefault(version.differs(of_taken), []).append(f"{file.name} ({taken.name})")
    notes = [_say(_WORDS[why], pairs) for why, pairs in left.items()]
    if skeletons and kept:
        notes.append(_say_skeletons([file.name for file in skeletons]))
    return (kept, [*notes, *_several_networks(kept)]) if kept else (list(files), [])


def _is_skeleton(path: Path) -> bool:
    stem = recording_name(path)
    return stem.endswith("_skeleton") and NETWORK.search(stem) is not None


def _say(what: str, pairs: Sequence[str]) -> str:
    return (
        f"{len(pairs)} {_files(pairs)} left out, as one video counts once: {what} of tracks that "
        f"are taken (in brackets): {listed(pairs, MOST_NAMES)}. To take the others, name those "
        "files alone."
    )


def _say_skeletons(names: Sequence[str]) -> str:
    return (
        f"{len(names)} {_files(names)} left out: lengths and angles of a skeleton, which "
        f"DeepLabCut writes beside tracks: {listed(names, MOST_NAMES)}."
    )


def _files(names: Sequence[str]) -> str:
    return "file is" if len(names) == 1 else "files are"


def _several_networks(files: Iterable[Path]) -> list[str]:
    """A sentence on videos that several networks seem to have tracked: nobody can say which counts.

    Also where they lie in different folders; two of one name are refused later.
    """
    videos: dict[str, list[str]] = {}
    for file in files:
        stem = recording_name(file)
        mark = NETWORK.search(stem)
        if mark is not None and re.search(r"shuffle\d|superanimal", stem):
            videos.setdefault(stem[: mark.start()].rstrip("_- "), []).append(stem)
    several = [sorted(set(stems)) for stems in videos.values() if len(set(stems)) > 1]
    if not several:
        return []
    videos_named = listed((" and ".join(stems) for stems in several), MOST_NAMES)
    return [
        "what seems to be one video, tracked several times, is several recordings here: "
        f"{videos_named}. Where it shall count once, name the files of one network."
    ]
