"""Whether anything has changed since the last run, asked before any large library is imported.

A run that went through leaves a note in the store: what its results depend on, as it was found
then. While all of it is as it was, there is nothing to do. Whatever cannot be told here is taken as
a change, and the run looks for itself.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from importlib.machinery import all_suffixes
from pathlib import Path
from typing import Any, TypeAlias

import xxhash

import ethoflow
from ethoflow.stamps import expand, seal, stamp_of, unseal

BEGUN = time.time_ns()
"""When the program began to import its code: what changed later may not be what it runs."""

STORE = "cohort.zarr"
"""Name of the store in the folder of the results."""

NOTE = Path("progress", "run.json")
"""The note within a store."""

FORMAT = 2

_UNTOLD = {"lock", "writer.json", NOTE.name}
"""Files beside the groups' records that change with every look at the store."""

Seen: TypeAlias = dict[str, str]
"""What was found, a digest a topic."""


@dataclass(frozen=True)
class Inputs:
    """What a run reads: a project file, tracking files by their patterns, and what is beside them.

    `videos` are the endings of videos, `tables` other files that stages read: tables about the
    animals, times of cameras.
    """

    project: str
    patterns: list[str]
    videos: list[str]
    tables: list[str]


@dataclass(frozen=True)
class Outputs:
    """What a run makes: folders and files of the store, its chunks by array, and other results."""

    store: str
    folders: list[str]
    files: list[str]
    chunks: dict[str, str]
    results: list[str]


@dataclass(frozen=True)
class Shown:
    """What a run said of its data, in kinds and texts, and what it made.

    `files` are names by folder of the results, `tables` columns of small tables by title.
    """

    said: list[list[str]] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Note:
    """The note of a run: files to watch, how they were, and the report to show again.

    `modules` are the files of loaded code that neither comes with Python or ethoflow, nor is
    installed.
    """

    inputs: Inputs
    modules: list[str]
    outputs: Outputs
    seen: Seen
    shown: Shown

    def to_bytes(self) -> bytes:
        """The note as a file."""
        return seal({"format": FORMAT, **asdict(self)})

    @classmethod
    def read(cls, path: Path) -> Note | None:
        """The note in a file; None where there is none that can be trusted."""
        try:
            content = unseal(path.read_bytes())
            if content.pop("format", None) != FORMAT:
                return None
            parts = {"inputs": Inputs, "outputs": Outputs, "shown": Shown}
            return cls(**{k: parts[k](**v) if k in parts else v for k, v in content.items()})
        except (OSError, ValueError, TypeError):
            return None


class Look:
    """Many files in one digest, and the latest time at which any of them changed."""

    def __init__(self) -> None:
        self._digest = xxhash.xxh3_128()
        self.latest = 0

    def add(self, what: object) -> Look:
        """Count something in."""
        self._digest.update(f"{what!r}\n".encode())
        return self

    def stamps(self, paths: Iterable[str]) -> Look:
        """Count in by what each file is known; one that is not there counts as such."""
        for path in paths:
            try:
                stamp = stamp_of(path)
            except OSError:
                self.add((path, None))
            else:
                self.latest = max(self.latest, *stamp[1:3])
                self.add((path, stamp))
        return self

    def names(self, folder: str, hidden: Iterable[str] = ()) -> list[str]:
        """Count in what a folder holds, and give it."""
        try:
            found = sorted(set(os.listdir(folder)).difference(hidden))
        except OSError:
            found = []
        self.add((folder, found))
        return found

    @property
    def digest(self) -> str:
        """All that was counted in, in a word."""
        return self._digest.hexdigest()


def unchanged(file: Path) -> Shown | None:
    """What to show of the last run of a project, if nothing has changed since; else None."""
    folder = results_of(file)
    note = None if folder is None else Note.read(folder / STORE / NOTE)
    if folder is None or note is None or not _is_free(folder / STORE):
        return None
    at_home = (note.inputs.project, note.outputs.store) == (
        str(file.absolute()),
        str((folder / STORE).absolute()),
    )
    return note.shown if at_home and not find_changes(note) else None


def results_of(file: Path) -> Path | None:
    """Folder of the results of a project file that is not checked; None where it names none."""
    import yaml

    from ethoflow.yaml_limits import LARGEST, load_yaml

    try:
        if file.stat().st_size > LARGEST:
            return None
        values = load_yaml(file.read_text(encoding="utf-8-sig"))[1]
    except (OSError, ValueError, yaml.YAMLError):
        return None
    out = values.get("out") if isinstance(values, dict) else 0
    name = "results" if out is None else out
    return file.parent / name if isinstance(name, str) and "://" not in name else None


def find_changes(note: Note) -> list[str]:
    """What is not as it was when the note was made, by topic."""
    now = {**look_at_inputs(note.inputs)[0], **look_at_code(note.modules)[0]}
    changed = [topic for topic, digest in now.items() if note.seen.get(topic) != digest]
    if changed:  # what was made need not be looked at
        return changed
    made = look_at_outputs(note.outputs)
    return [topic for topic, digest in made.items() if note.seen.get(topic) != digest]


def look_at_inputs(inputs: Inputs) -> tuple[Seen, int]:
    """What a run reads, and when the latest of it changed.

    The project file counts by its content.
    """
    looks = {"tracks": _look_at_tracks(inputs), "tables": Look().stamps(inputs.tables)}
    seen = {"project": content_digest(inputs.project)}
    seen |= {topic: look.digest for topic, look in looks.items()}
    return seen, max(look.latest for look in looks.values())


def content_digest(file: str | Path) -> str:
    """The content of a file, in a word; empty where it cannot be read."""
    try:
        with Path(file).open("rb") as content:
            return hashlib.file_digest(content, xxhash.xxh3_128).hexdigest()
    except OSError:
        return ""


def _look_at_tracks(inputs: Inputs) -> Look:
    """Tracking files, and the videos in their folders."""
    files, endings = expand(inputs.patterns), tuple(inputs.videos)
    look = Look().stamps(files)
    for folder in sorted({os.path.dirname(file) for file in files}):
        try:
            beside = sorted(os.listdir(folder))
        except OSError:
            beside = []
        look.stamps(os.path.join(folder, n) for n in beside if n.lower().endswith(endings))
    return look


def look_at_code(modules: Iterable[str]) -> tuple[Seen, int]:
    """What a run computes with, and when the latest of it changed.

    The code of ethoflow, where Python finds that of others, and `modules` of the user's own.
    """
    root = os.path.dirname(os.path.abspath(ethoflow.__file__))
    look = Look().add((ethoflow.__version__, sys.version, sys.path))
    for place in map(os.path.abspath, sys.path):
        _look_at_place(look, place)
    for folder, inside, names in os.walk(root):
        inside.sort()
        look.stamps(os.path.join(folder, n) for n in sorted(names) if n.endswith(".py"))
    own = Look().stamps(modules)
    seen = {"code": look.digest, "modules": own.digest}
    return seen, max(look.latest, own.latest)


def _look_at_place(look: Look, place: str) -> None:
    """One place where Python finds code.

    Installing a library changes the folder it is put into. Of other folders, which may be that of
    the project, what can be imported counts: results and files of data come and go there.
    """
    try:
        items = sorted(os.scandir(place), key=lambda item: item.name)
    except OSError:
        items = []
    if not items or any(item.name.endswith(_INSTALLED) for item in items):
        look.stamps([place])
    else:
        look.add((place, list(_importable(items))))


_INSTALLED = (".dist-info", ".egg-info", ".pth")
"""Endings of what lies where libraries are installed."""


def _importable(items: Iterable[os.DirEntry[str]]) -> Iterator[str]:
    """Modules and packages among what a folder holds."""
    for item in items:
        init = os.path.join(item.path, "__init__.py")
        if item.name.endswith(tuple(all_suffixes())) or os.path.exists(init):
            yield item.name


def look_at_outputs(outputs: Outputs) -> Seen:
    """The store and the other results."""
    store, root = Look(), outputs.store
    for folder in outputs.folders:
        store.names(os.path.join(root, folder), _UNTOLD)
    store.stamps(os.path.join(root, file) for file in outputs.files)
    for array, keys in outputs.chunks.items():
        store.add(array).stamps(f"{root}/{array}/{key}" for key in keys.split())
    return {"store": store.digest, "results": Look().stamps(outputs.results).digest}


def _is_free(store: Path) -> bool:
    """Whether nobody is writing into a store; who might be is left to those who know to say."""
    try:
        import fcntl
    except ImportError:
        return _is_free_there(store)
    try:
        with (store / "progress" / "lock").open("rb+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _is_free_there(store: Path) -> bool:
    """The same where the system has other locks."""
    from filelock import FileLock, Timeout

    try:
        with FileLock(store / "progress" / "lock", timeout=0):
            return True
    except (OSError, Timeout):
        return False
