"""Who scored which recordings in which files, where several files go into one group."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from ethoflow.names import name_aside
from ethoflow.schema import text

RATER = "rater"

NAMELESS = "not named"
"""Stands for a rater whom a file does not name, beside others."""


@dataclass(frozen=True)
class Raters:
    """What files say of who scored: of all, and by recording of which something is known."""

    of_all: dict[str, dict[str, None]] = field(default_factory=dict)
    by_recording: dict[str, dict[str, dict[str, None]]] = field(default_factory=dict)

    def add(self, found: xr.Dataset) -> None:
        """The labels of one more file."""
        said = {name: str(value) for name, value in found.attrs.items()}
        for name, value in said.items():
            self.of_all.setdefault(name, {})[value] = None
        known = np.zeros(found.sizes["recording"], bool)
        for label in found.data_vars.values():
            known |= label.notnull().any([d for d in label.dims if d != "recording"]).values
        for row in np.flatnonzero(known).tolist():
            own = self.by_recording.setdefault(str(found.recording.values[row]), {})
            own.setdefault(RATER, {})[said[RATER]] = None
            for name in ("source_file", "digest"):
                own.setdefault(name, {})[str(found[name].values[row])] = None

    def tell(self, labels: xr.Dataset) -> tuple[xr.Dataset, list[str]]:
        """The labels of all files with who scored them, and a note where these are several.

        Files and raters are those of each recording, none where nothing of it is known.
        """
        names = list(map(str, labels.recording.values))
        told = {
            kind: [_join(self.by_recording.get(n, {}).get(kind, {})) for n in names]
            for kind in (RATER, "source_file", "digest")
        }
        several = len(self.of_all[RATER]) > 1
        if not several or RATER in labels.data_vars:
            del told[RATER]
        elif RATER in labels.coords:
            labels = labels.rename({RATER: name_aside(RATER, labels.variables)})
        labels = labels.assign_coords({k: ("recording", text(v)) for k, v in told.items()})
        labels.attrs |= {name: _join(values) for name, values in self.of_all.items()}
        return labels, [note for note in self._notes() if note]

    def _notes(self) -> Iterable[str]:
        for kind, what in ((RATER, "raters"), ("label_source", "sources")):
            if len(self.of_all[kind]) > 1:
                yield (
                    f"files of several {what} ({_join(self.of_all[kind])}) are in one group: put "
                    "them into groups of their own (--group, or several groups under the key "
                    "labels)."
                )


def _join(values: Iterable[str]) -> str:
    """Names in the order found; one that is empty beside others is said to be so."""
    found = list(values)
    return ", ".join(value or NAMELESS for value in found) if len(found) > 1 else "".join(found)
