"""What is known of a stored group, in sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from ethoflow import __version__, store
from ethoflow.engine.attribution import Making
from ethoflow.engine.sources import open_store
from ethoflow.errors import listed
from ethoflow.place import Place, place
from ethoflow.remaking.project import say_value
from ethoflow.stages import Stage

MOST_FILES = 20
"""Files that are listed by name."""

TRACKS = "tracks"
"""The group whose recordings are those of the tracking files."""


def title(path: str | Place, group: str) -> str:
    """A group by its name and that of its store."""
    return f"{group} of {place(path).name}"


def tell_head(
    path: str | Place, group: str, made: Sequence[tuple[Stage, Sequence[Making]]]
) -> Iterator[str]:
    """What was made, by which version, from which files."""
    said = [item.by for _, makings in made for item in makings if item.by is not None]
    versions = sorted({str(by.get("version")) for by in said})
    by = f", made by ethoflow {' and '.join(versions)}" if versions else ""
    yield f"{title(path, group)}{by}"
    if versions and versions != [__version__]:
        yield f"This is ethoflow {__version__}: it may read tracking files in another way."
    yield "Files are named as they were given, and read as they are when this is run: put it where"
    yield "they are seen from."
    yield from _tell_files(path, group)
    runs = max((len(makings) for one, makings in made if not one.reads), default=1)
    if runs > 1:
        yield f"Tracks were read in {runs} runs; a run of this file reads them in one."


def _tell_files(path: str | Place, group: str) -> Iterator[str]:
    """Tracking files, and those of scoring that a group was read from, by name and digest."""
    tracked = _files_of(path, TRACKS) if TRACKS in store.list_groups(path) else []
    own = _files_of(path, group)
    yield from _list_files("Tracking files", tracked or own)
    if tracked and own != tracked:
        yield from _list_files("Files of scoring", own)


def _files_of(path: str | Place, group: str) -> list[tuple[str, str]]:
    """Name and digest of the file that each recording of a group was read from."""
    ds = open_store(path, group, warn=False)
    if "source_file" not in ds.coords or "digest" not in ds.coords:
        return []
    names = np.atleast_1d(ds.source_file.values).tolist()
    return list(zip(names, np.atleast_1d(ds.digest.values).tolist(), strict=True))


def _list_files(what: str, files: Sequence[tuple[str, str]]) -> Iterator[str]:
    if not files:
        return
    yield f"{what}, with digests of what was read:"
    for name, digest in files[:MOST_FILES]:
        yield f"  {name or 'a file of unknown name'} {digest}".rstrip()
    if len(files) > MOST_FILES:
        yield f"  and {len(files) - MOST_FILES} more"


def tell_calls(path: str | Place, group: str) -> Iterator[str]:
    """Functions that the variables of a group went through, the last first."""
    state = store.read_state(path) or store.State(str(path))
    documents = state.arrays(group)
    names = [str(name) for name in open_store(path, group, warn=False).data_vars]
    yield f"What is on record of each variable of {group}:"
    for name in names:
        text = documents[name]["attributes"].get("recipe", "") if name in documents else ""
        yield f"  {name}: {_calls(json.loads(text)) if text else 'nothing'}"


def _calls(recipe: Mapping[str, Any]) -> str:
    """A call as one writes it: what it takes, and its parameters."""
    if "function" not in recipe:
        return str(recipe.get("variable", "numbers"))
    inputs = recipe.get("inputs", {}).values()
    taken = [_calls(one) for item in inputs for one in (item if isinstance(item, list) else [item])]
    given = [
        f"{n}={say_value(v)}" for n, v in recipe.get("parameters", {}).items() if v is not None
    ]
    own = " (code of your own, of which only a digest is on record)" if "code" in recipe else ""
    return f"{str(recipe['function']).rpartition('.')[2]}({', '.join([*taken, *given])}){own}"


def tell_unknown(one: Stage, makings: Sequence[Making]) -> Iterator[str]:
    """Parts of the groups of a stage that something else made."""
    if not makings:
        yield f"Not known: {', '.join(one.groups())}, which is not in the store."
    for item in makings:
        if item.by is None or item.by.get("stage") != one.name:
            names = listed(sorted(item.variables))
            yield tell_written(names, ", ".join(one.groups()))


def tell_written(names: str, group: str) -> str:
    """That variables were written by something that the store does not have."""
    return (
        f"Not known: how {names} of {group} came about: no stage of a project wrote them, but "
        "ef.write in a program of your own, which the store does not have, nor what it had read."
    )
