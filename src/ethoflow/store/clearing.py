"""What earlier writers left where no reader looks any more, taken away by the next one."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ethoflow.store.chunks import chunk_path, index_of
from ethoflow.store.documents import Document, chunks_of, encoding_of
from ethoflow.store.files import PARTIAL, PROGRESS, read_file, remove, sweep
from ethoflow.store.journal import Journal
from ethoflow.store.state import State, progress_of, record_path

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
        root = Path(self.state.path)
        if interrupted:
            sweep(root / self.group)
        above = [root / parent for parent in Path(self.group).parents]
        for folder in (*above, root / PROGRESS, progress_of(self.state.path, self.group)):
            for file in folder.glob(f"*{PARTIAL}"):
                file.unlink(missing_ok=True)
        arrays = self.state.arrays(self.group)
        for name in {*arrays, *self.planned, *self._dropped(), *self._begun()}:
            self._clear_array(name, arrays.get(name))
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
    def _dropped_file(self) -> Path:
        return progress_of(self.state.path, self.group) / "dropped.json"

    def _clear_array(self, name: str, document: Document | None) -> None:
        """Take away the chunks of an array that lie where its document does not look."""
        folder = Path(self.state.path) / self.group / name
        try:
            entries = os.listdir(folder)
        except (FileNotFoundError, NotADirectoryError):
            return
        current = None if document is None else encoding_of(document)
        for number, pattern in enumerate(_KEYS):
            if number != current:
                for entry in entries:
                    if pattern.fullmatch(entry):
                        self._remove(folder / entry)
        if document is None and not any(file.startswith(f"{folder}/") for file in self.kept):
            remove(folder)

    def _remove(self, place: Path) -> None:
        """Remove a chunk, or a folder of them, but for what is kept."""
        if str(place) in self.kept:
            return
        if not place.is_dir() or not any(file.startswith(f"{place}/") for file in self.kept):
            remove(place)
            return
        for file in place.rglob("*"):
            if file.is_file() and str(file) not in self.kept:
                file.unlink()

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
                remove(Path(file))

    def _clear_progress(self) -> None:
        """Take away records that no state names."""
        remove(self._dropped_file)
        current = self.state.records.get(self.group, "")
        kept = record_path(self.state.path, self.group, current)
        for file in progress_of(self.state.path, self.group).glob("record-*.npz"):
            if file != kept:
                file.unlink()
