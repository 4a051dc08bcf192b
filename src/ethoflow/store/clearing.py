"""What earlier writers left where no reader looks any more, taken away by the next one."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ethoflow.place import Place
from ethoflow.store.arrays import chunk_path, index_of
from ethoflow.store.documents import Document, chunks_of, encoding_of
from ethoflow.store.files import PROGRESS, clear, names_in, place_of, read_file, remove, sweep
from ethoflow.store.journal import Journal
from ethoflow.store.progress import progress_of, record_path
from ethoflow.store.state import State

_KEYS = (re.compile(r"c"), re.compile(r"\d+(\.\d+)*"))
"""Names in an array's folder under which the chunks of each encoding lie."""


@dataclass(frozen=True)
class Clearing:
    """What to take away of a group: all that its state does not name, but the files in `kept`."""

    state: State
    group: str
    planned: Collection[str]
    journals: Sequence[Journal]
    kept: Collection[str]

    def run(self, *, interrupted: bool) -> None:
        """Take it away; unfinished files are looked for where a writer was `interrupted`."""
        root = place_of(self.state.path)
        if interrupted:
            sweep(root / self.group, below=True)
        above = [root / parent for parent in PurePosixPath(self.group).parents]
        for folder in (*above, root / PROGRESS, progress_of(self.state.path, self.group)):
            sweep(folder, below=False)
        arrays = self.state.arrays(self.group)
        ours = {*arrays, *self.planned, *self._dropped(), *self._begun()}
        # What was an array once may be a group now.
        ours = {name for name in ours if not self.state.is_group(f"{self.group}/{name}")}
        self._clear_arrays(ours, arrays)
        for journal in self.journals:
            self._clear_behind(journal, arrays)
        self._clear_progress()

    def _begun(self) -> set[str]:
        """Arrays that killed writers began."""
        return {name for journal in self.journals for name in journal.documents}

    def _dropped(self) -> list[str]:
        """Arrays that were taken out of the group."""
        try:
            names = list(json.loads(read_file(self._dropped_file) or b"[]"))
        except (ValueError, TypeError):
            return []
        return [n for n in names if isinstance(n, str) and n.strip(".") and "/" not in n]

    @property
    def _dropped_file(self) -> Place:
        return progress_of(self.state.path, self.group) / "dropped.json"

    def _clear_arrays(self, names: Collection[str], arrays: Mapping[str, Document]) -> None:
        """Take away the chunks of arrays that lie where their documents do not look."""
        folder = f"{self.state.path}/{self.group}"
        current = {name: encoding_of(document) for name, document in arrays.items()}

        def gone(name: str, key: str) -> bool:
            others = (p for n, p in enumerate(_KEYS) if n != current.get(name))
            return name in names and any(pattern.fullmatch(key) for pattern in others)

        clear(folder, gone, self.kept)
        for name in {*names}.difference(arrays).intersection(names_in(folder)):
            if not any(file.startswith(f"{folder}/{name}/") for file in self.kept):
                remove(f"{folder}/{name}")

    def _clear_behind(self, journal: Journal, arrays: Mapping[str, Document]) -> None:
        """Take away what a killed writer wrote behind the ends of arrays."""
        for name, _, row, block, _ in journal.cells():
            document = arrays.get(name)
            if document is None:
                continue
            length = chunks_of(document)[-1]
            if row < document["shape"][0] and block * length < document["shape"][-1]:
                continue
            at = index_of(document, row, block)
            file = chunk_path(self.state.path, self.group, name, document, at)
            if file not in self.kept:
                remove(file)

    def _clear_progress(self) -> None:
        """Take away records that no state names."""
        remove(self._dropped_file)
        current = self.state.records.get(self.group, "")
        kept = record_path(self.state.path, self.group, current)
        folder = progress_of(self.state.path, self.group)
        for name in names_in(folder):
            if name.startswith("record-") and name.endswith(".npz") and name != kept.name:
                remove(folder / name)
