"""The note that a run leaves for the next one: what its results depend on, and how it was then.

What is read is looked at before the run and after it, so that nothing changed in between. No note
is left where something else may count that nobody can see from outside: rule files of the user's
own may read other files or the environment when they are loaded, and files that the catalogue does
not remember may take numbers from others.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ethoflow import results, unchanged
from ethoflow.engine.identity.libraries import is_installed
from ethoflow.io.catalogue import Catalogue, question
from ethoflow.io.reader import only_ours
from ethoflow.io.twins import leave_twins
from ethoflow.io.video import SUFFIXES
from ethoflow.pipeline import MADE_FROM
from ethoflow.project import Project, keys_of
from ethoflow.stages import stages
from ethoflow.stages.tracks import LOOKED_AT, TracksKeys
from ethoflow.stamps import SETTLED, expand
from ethoflow.store import PROGRESS, State, list_chunks, progress_of, read_damage, read_state
from ethoflow.store.files import write_file
from ethoflow.store.progress import copy_path, record_path
from ethoflow.store.state import METADATA
from ethoflow.unchanged import Inputs, Note, Outputs, Seen, Shown


class Watch:
    """A look at what a run of `project` depends on before it reads that, to be held against later.

    `content` is the digest that the project file had before it was loaded, `begun` the time (ns) at
    which nothing of ours had been imported. Files that were changed a moment ago are waited for:
    until their stamps tell them from what comes next, nobody could remember them.
    """

    def __init__(self, file: Path, project: Project, content: str, begun: int) -> None:
        self._project, self._begun = project, begun
        self._inputs = _inputs_of(file, project)
        self._before: Seen = {}
        if self._inputs is not None:
            _wait_for(unchanged.look_at_inputs(self._inputs)[1], begun)
            self._looked = max(begun, time.time_ns())
            code = unchanged.look_at_code(())[0]["code"]
            self._before = {**unchanged.look_at_inputs(self._inputs)[0], "code": code}
            self._before["project"] = content

    def save(self, store: Path, shown: Shown) -> None:
        """Leave the note of a run that has ended, if it can be trusted; the store must be held."""
        with contextlib.suppress(OSError):
            note = self._note(store.absolute(), shown)
            if note is not None:
                write_file(store / unchanged.NOTE, note.to_bytes())
            else:
                (store / unchanged.NOTE).unlink(missing_ok=True)

    def _note(self, store: Path, shown: Shown) -> Note | None:
        state = read_state(store)
        if self._inputs is None or state is None or not self._is_known(self._inputs, store):
            return None
        seen, read = unchanged.look_at_inputs(self._inputs)
        modules = sorted(set(_own_modules()))
        of_code, imported = unchanged.look_at_code(modules)
        if {**seen, "code": of_code["code"]} != self._before or not _is_tidy(state):
            return None
        if read + SETTLED > self._looked or imported + SETTLED > self._begun:
            return None
        outputs = _outputs_of(state, self._project.results.absolute(), shown)
        seen = {**seen, **of_code, **unchanged.look_at_outputs(outputs)}
        return Note(self._inputs, modules, outputs, seen, shown)

    def _is_known(self, inputs: Inputs, store: Path) -> bool:
        """Whether the stamps of the tracking files tell all there is to know of them."""
        catalogue = Catalogue.read(store / LOOKED_AT)
        keys = keys_of(self._project, TracksKeys)
        asked = question(keys.options(), keys.fps)
        files, _ = leave_twins([Path(file) for file in expand(inputs.patterns)])
        return all(catalogue.find(file, asked) is not None for file in files)


def _wait_for(latest: int, begun: int) -> None:
    """Let files settle of which the latest changed at a time (ns); not those of the future."""
    left = latest + SETTLED - max(begun, time.time_ns())
    if 0 < left <= SETTLED:
        time.sleep(left / 1e9)


def _inputs_of(file: Path, project: Project) -> Inputs | None:
    """The files to watch for changes; None where watching files is not enough."""
    if not only_ours():
        return None
    found = [str(project.path(pattern)) for pattern in keys_of(project, TracksKeys).tracks]
    patterns = [str(Path(pattern).absolute()) for pattern in found]
    # A folder above may have a name that reads as a pattern.
    if [str(Path(name).absolute()) for name in expand(found)] != expand(patterns):
        return None
    tables: dict[str, None] = {}
    for stage in stages():
        read = stage.inputs(project.keys_for(stage), project.path)
        if read is None:
            return None
        tables |= {str(other.absolute()): None for other in read}
    return Inputs(str(file.absolute()), patterns, list(SUFFIXES), list(tables))


def _own_modules() -> Iterator[str]:
    """Files of loaded code that is neither Python's nor ours, nor installed."""
    for name, module in list(sys.modules.items()):
        top, file = name.partition(".")[0], getattr(module, "__dict__", {}).get("__file__")
        ours = top in ("ethoflow", "__main__", "__mp_main__") or top in sys.stdlib_module_names
        if not ours and isinstance(file, str) and not is_installed(file):
            yield os.path.abspath(file)


def _outputs_of(state: State, folder: Path, shown: Shown) -> Outputs:
    """Everything a run made."""
    root = Path(state.path)
    groups = [group for group in state.groups() if group in state.records]
    files = [root / METADATA, Path(str(copy_path(state.path))), root / LOOKED_AT]
    files += [root / name / METADATA for name in state.nodes]
    records = (record_path(state.path, group, state.records[group]) for group in groups)
    files += [Path(str(record)) for record in records]
    folders = [root, *(root / name for name in state.nodes), root / PROGRESS]
    folders += [item for item in sorted((root / PROGRESS).iterdir()) if item.is_dir()]
    made = [
        folder / place / name
        for stage in stages()
        for place in stage.folders()
        for name in (results.RECORD, *shown.files.get(place, []))
    ]
    return Outputs(
        str(root),
        [os.path.relpath(item, root) for item in folders],
        [os.path.relpath(item, root) for item in files],
        {a: " ".join(keys) for group in groups for a, keys in _keys_of(state, group).items()},
        [str(item) for item in made],
    )


def _keys_of(state: State, group: str) -> dict[str, list[str]]:
    """Chunks that must be there, by array."""
    keys: dict[str, list[str]] = {f"{group}/{name}": [] for name in state.arrays(group)}
    start = len(f"{state.path}/{group}/")
    for _, file in list_chunks(state, group, state.record(group)):
        array, _, key = file[start:].partition("/")
        keys[f"{group}/{array}"].append(key)
    return keys


def _is_tidy(state: State) -> bool:
    """Whether the next run would find nothing to mend or to take away.

    It writes all groups but those that a function made and that are fresh.
    """
    if read_damage(state.path):
        return False
    for group in (name for stage in stages() for name in stage.groups_among(state.records)):
        if MADE_FROM in state.group_attributes(group):
            continue
        progress = progress_of(state.path, group)
        record = record_path(state.path, group, state.records[group])
        if os.listdir(str(progress)) != [record.name]:
            return False
        inside = (name for name in state.nodes if name.startswith(f"{group}/"))
        wanted = {METADATA, *(name[len(group) + 1 :].partition("/")[0] for name in inside)}
        if not wanted.issuperset(os.listdir(Path(state.path, group))):
            return False
        for array, keys in _keys_of(state, group).items():
            there = {METADATA, *(key.partition("/")[0] for key in keys)}
            if not there.issuperset(os.listdir(Path(state.path, array))):
                return False
    return True
