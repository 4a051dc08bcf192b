"""Stages at work: what each gives is written where it is missing or stale, and told.

A stage that was stopped goes on with what is left: blocks of a group, files of a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias

import xarray as xr
import xxhash

import ethoflow
from ethoflow import results, store
from ethoflow.disk import beside
from ethoflow.engine.materialise import GOES_ON, Written, list_stale, write
from ethoflow.stages import FileSet, Group, Item, Job, Keys, Made, Stage, find_stage
from ethoflow.stages.making import describe_making
from ethoflow.unchanged import content_digest

MADE_FROM = "made_from"
"""Attribute of a group that a function made: what tells when it has to be called again."""


Source: TypeAlias = Callable[[], str]
"""What all results of a stage are made from, in a word; asked for where it counts."""


@dataclass
class Outcome:
    """What a run made: names of files by folder, and small tables to show, columns by title."""

    files: dict[str, list[str]] = field(default_factory=dict)
    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


def run(some: Iterable[tuple[Stage, Keys]], job: Job) -> Outcome:
    """Run stages, each with its keys, in the order given."""
    outcome, todo = Outcome(), list(some)
    foreseen = False
    for stage, keys in todo:
        if "tracks" in stage.reads and not foreseen:
            foreseen = True
            foresee(todo, job)
        run_stage(stage, keys, job, outcome)
    job.tell_lacking()
    return outcome


def foresee(todo: Iterable[tuple[Stage, Keys]], job: Job) -> None:
    """Refuse what some stage will refuse, as far as the tracks tell."""
    if not job.has("tracks"):
        return
    by_name = {stage.name: keys for stage, keys in todo}
    for stage, keys in todo:
        if stage.foresee is not None:
            stage.foresee(job, keys, by_name)


def run_one(name: str, job: Job, keys: Mapping[str, Any] | None = None) -> Outcome:
    """Run the stage called `name`, with `keys` as a project file has them."""
    stage = find_stage(name)
    return run([(stage, stage.keys.model_validate(keys or {}))], job)


def run_stage(stage: Stage, keys: Keys, job: Job, outcome: Outcome) -> None:
    """Run one stage; without what it reads, what it made before is taken away."""
    made: Made
    if all(job.has(place) for place in stage.reads):
        made = stage.function(job, keys)
    else:
        made = [
            FileSet(place=place) if place.endswith("/") else Group(None, place=place)
            for place in stage.writes
            if "*" not in place
        ]
    source = cache(lambda: _source_of(stage, keys, job))
    # What goes, goes first: another group may be about to take its place.
    for one in sorted(_as_list(made), key=lambda one: not _goes(one)):
        place = _place_of(stage, one)
        if isinstance(one, Group):
            own = keys if one.keys is None else one.keys
            rests_on = source if one.keys is None else cache(partial(_source_of, stage, own, job))
            _write_group(stage, own, one, place, rests_on, job)
        else:
            _write_files(stage, one, place, source, job, outcome)


def find_unlike(stage: Stage, keys: Keys, job: Job) -> dict[str, list[str]]:
    """Variables that are stored otherwise than a stage would make them, by group.

    Nothing is written; files of results are not looked at, and what a function makes of files that
    are not here is taken at its word.
    """
    found: dict[str, list[str]] = {}
    for one in _as_list(stage.function(job, keys)):
        place = _place_of(stage, one)
        if isinstance(one, FileSet):
            continue
        if one.data is None or not job.has(place):
            found[place] = ["all"] if (one.data is None) == job.has(place) else []
        elif isinstance(one.data, xr.Dataset):
            found[place] = list_stale(one.data, job.store, place)
        else:
            own = keys if one.keys is None else one.keys
            files = stage.inputs(own, job.locate) or ()
            here = all(file.exists() for file in files)
            if here and not _is_fresh(job, place, _source_of(stage, own, job), {}):
                found[place] = ["all"]
    return {place: names for place, names in found.items() if names}


def _as_list(made: Made) -> list[Group | FileSet]:
    if made is None:
        return []
    return [made] if isinstance(made, Group | FileSet) else list(made)


def _goes(one: Group | FileSet) -> bool:
    """Whether it says that a group is to be taken out."""
    return isinstance(one, Group) and one.data is None and not one.keep


def _place_of(stage: Stage, one: Group | FileSet) -> str:
    """Where a result goes: one of the places that the stage declares."""
    fitting = stage.groups() if isinstance(one, Group) else [f"{f}/" for f in stage.folders()]
    place = one.place or (fitting[0] if len(fitting) == 1 else "")
    if not any(fnmatchcase(place, name) for name in fitting) or "*" in place:
        raise ValueError(
            f"the stage {stage.name} gives {type(one).__name__}(place={one.place!r}) and declares "
            f"that it writes: {', '.join(stage.writes)}."
        )
    return place


def _source_of(stage: Stage, keys: Keys, job: Job) -> str:
    """What a stage makes its results from, in a word: data, keys, files, code by its version."""
    seen = [job.fingerprint(place) for place in (*stage.reads, *stage.uses)]
    for file in stage.inputs(keys, job.locate) or ():
        if not file.is_dir():
            seen += [*file.absolute().parts[-2:], content_digest(file)]
    fields = set(stage.keys.model_fields)
    return _digest(stage.name, *seen, keys.model_dump_json(include=fields, warnings=False))


def _digest(*parts: str) -> str:
    return xxhash.xxh3_128_hexdigest(repr((*parts, ethoflow.__version__)).encode())


def _write_group(
    stage: Stage, keys: Keys, group: Group, place: str, source: Source, job: Job
) -> None:
    if group.data is None:
        if _goes(group):
            store.drop_group(str(job.store), place)
        return
    if isinstance(group.data, xr.Dataset):
        data = group.data.assign_attrs(group.marks)
    elif _is_fresh(job, place, source(), group.marks):
        _tell_group(stage, group, job.open(place), FRESH, job)
        return
    else:
        data = group.data().assign_attrs({MADE_FROM: source(), **group.marks})
    # What has no time is not written in blocks, whose number tells what was done.
    small = not any("time" in array.dims for array in data.values())
    before = job.fingerprint(place) if small else ""
    with job.report.track(stage.doing) as progress:
        written = write(
            data,
            job.store,
            place,
            keep=group.keep,
            drop=group.drop,
            progress=progress,
            made_by=describe_making(stage, keys, job.locate),
        )
    is_new = small and job.fingerprint(place) != before
    _tell_group(stage, group, job.open(place), "" if is_new else effort(written), job)


def _is_fresh(job: Job, group: str, source: str, marks: Mapping[str, str]) -> bool:
    """Whether a group was made from the same, and nothing in it is known to be damaged."""
    state = store.read_state(job.store)
    if state is None or not job.has(group) or not store.is_complete(job.store, group):
        return False
    damaged = {place[0] for place in store.read_damage(str(store.place_of(job.store)))}
    wanted = {MADE_FROM: source, **marks}
    return group not in damaged and wanted.items() <= _texts(state.group_attributes(group)).items()


def _texts(attributes: Mapping[str, Any]) -> dict[str, str]:
    """Attributes that are text; lists have no place among what is compared."""
    return {name: value for name, value in attributes.items() if isinstance(value, str)}


def _tell_group(stage: Stage, group: Group, stored: xr.Dataset, did: str, job: Job) -> None:
    names = ", ".join(map(str, stored.data_vars))
    lines = [f"{stage.name}: {names}"] if group.found is None else group.found(stored)
    for number, line in enumerate(lines):
        job.report.say(line, "" if number else did)


FRESH = " (nothing to do: all is fresh)"


def effort(written: Written) -> str:
    """What a write did."""
    if not written.written:
        return FRESH
    return f" ({written.written} parts written, {written.fresh} fresh)" if written.fresh else ""


def _write_files(
    stage: Stage, files: FileSet, place: str, source: Source, job: Job, outcome: Outcome
) -> None:
    folder = job.results / place
    _check_names(stage, files)
    sources = {name: _source(item, source) for item in files.items for name in item.files}
    results.remove_others(folder, sources)
    stale = set(results.stale(folder, sources))
    todo = [item for item in files.items if not stale.isdisjoint(item.files)]
    if todo:
        with job.report.track(stage.doing) as progress:
            for number, item in enumerate(todo, 1):
                _make(item, folder, {n: sources[n] for n in item.files if n in stale})
                progress(number, len(todo))
    there = results.shown(folder, sources)
    if there:
        n_new = len(stale.intersection(there))
        job.report.say("", f"{stage.name}: {_made(n_new, len(there), files.verb)}")
    outcome.files[place[:-1]] = there
    for title, name in files.shows.items():
        columns = results.note_of(folder, name)
        if columns is not None:
            outcome.tables[title] = columns


def _check_names(stage: Stage, files: FileSet) -> None:
    """Refuse names that lead out of the folder, or that two items have."""
    known: set[str] = set()
    for name in (name for item in files.items for name in item.files):
        if Path(name).name != name or name in known | {".."}:
            raise ValueError(
                f"the stage {stage.name} gives a file {name!r}: every file needs a name of its "
                "own, without folders."
            )
        known.add(name)


def _source(item: Item, source: Source) -> str:
    return _digest(item.source) if item.source else source()


def _make(item: Item, folder: Path, wanted: Mapping[str, str]) -> None:
    """Files of one item that are not fresh, each there whole or not at all."""
    made = item.make()
    note = None if item.note is None else item.note(made)
    without = () if item.without is None else item.without(made)
    for name, source in wanted.items():
        if name in without:
            results.record_none(folder, name, source)
            continue
        with beside(folder / name, goes_on=GOES_ON) as part:
            item.save(made, part)
        results.record(folder, name, source, note)


def _made(n_new: int, n_all: int, verb: str) -> str:
    kept = f"{n_all - n_new} kept, as what they show has not changed"
    new = f"{n_new} {verb}"
    return new if n_new == n_all else kept if not n_new else f"{new}, {kept}"
