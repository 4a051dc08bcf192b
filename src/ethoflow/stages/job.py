"""What a stage works on, and where it says what it finds."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import xarray as xr

from ethoflow import results, store
from ethoflow.errors import Missing, tell_missing
from ethoflow.place import Place


class Report(Protocol):
    """Where a stage says what it does."""

    def say(self, text: str, did: str = "") -> None:
        """A finding that holds until something changes, and what this run `did` for it."""

    def warn(self, text: str) -> None:
        """Something that was left out, and why."""

    def track(self, task: str) -> AbstractContextManager[Callable[[int, int], None]]:
        """A context that gives a `Progress` for a long task."""


@dataclass
class Job:
    """A store, the folder of its results, and what is asked of the stages that work on them.

    `folder` is where names of files are seen from. `keep` says that what is stored already and was
    not asked for stays; a run of a whole project makes the store what the project says. `asked` is
    false where nobody gave any settings: a stage may then leave what it made before as it is.

    `lacking` is what computations that were left out lacked; stages add to it, and the causes are
    told once. `left_out` counts files that could not be used.
    """

    store: Place
    results: Path
    report: Report
    folder: Path = Path()
    keep: bool = False
    asked: bool = True
    lacking: dict[str, Missing] = field(default_factory=dict)
    left_out: int = 0

    def has(self, place: str) -> bool:
        """Whether a group holds data, or a folder results of ours."""
        if place.endswith("/"):
            return bool(results.sources(self.results / place))
        if "*" in place:
            return bool(self.groups(place))
        return store.has_data(self.store, place)

    def groups(self, pattern: str) -> list[str]:
        """Groups of the store that a name with a star stands for, by name."""
        state = store.read_state(self.store)
        return [] if state is None else fnmatch.filter(state.groups(), pattern)

    def open(self, group: str) -> xr.Dataset:
        """A group of the store, lazy."""
        from ethoflow.engine.sources import open_store  # Dask is heavy

        ds = open_store(self.store, group)
        assert isinstance(ds, xr.Dataset)
        return ds

    def fingerprint(self, place: str, recording: str | None = None) -> str:
        """What tells what a group (or a recording in it) or a folder holds from anything else."""
        if place.endswith("/"):
            return repr(sorted(results.sources(self.results / place).items()))
        if "*" in place:
            return repr({name: self.fingerprint(name, recording) for name in self.groups(place)})
        return store.fingerprint(self.store, place, recording)

    def locate(self, name: str) -> Path:
        """The path of a file that a key names."""
        return self.folder / name

    def tell_lacking(self) -> None:
        """Say what was left out for lack of something: one note for each cause, once."""
        for reason in tell_missing(self.lacking):
            self.report.warn(reason)
        self.lacking.clear()
