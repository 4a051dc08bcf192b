"""The project file that made a group: from what its writers said, and held against the store.

What a project would make of the stored groups is compared with what is stored, digest by digest, as
a run does that has nothing to do. Only tracks are taken at their word: their files are elsewhere.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ethoflow import store
from ethoflow.engine import drop_project_rules
from ethoflow.engine.attribution import Making, read_makings
from ethoflow.engine.sources import open_store
from ethoflow.errors import DataError, UnknownName, listed, no_such
from ethoflow.pipeline import find_unlike
from ethoflow.place import Place
from ethoflow.place import place as place_of
from ethoflow.project import load_project
from ethoflow.remaking.found import Remaking
from ethoflow.remaking.project import compose
from ethoflow.remaking.telling import tell_calls, tell_head, tell_unknown, tell_written, title
from ethoflow.stages import Job, Keys, Stage, leading_to, maker_of, stages
from ethoflow.units import UnitError


def remake(path: str | Place, group: str | None = None) -> Remaking:
    """The project file that makes a group of a store again.

    Parameters
    ----------
    path
        The store.
    group
        The group; by default the last one in the order of a run.

    Raises
    ------
    DataError
        There is no store, or no such group.
    """
    there = store.list_groups(path)
    group = _last(path, there) if group is None else group
    if group not in there:
        raise UnknownName(f"{path}: {no_such('group', group, there)}")
    maker = maker_of(group)
    if maker is None:
        names = listed(sorted(map(str, open_store(path, group, warn=False).data_vars)))
        unknown = [tell_written(names, group), *tell_calls(path, group)]
        return Remaking((title(path, group),), tuple(unknown), "", {})
    some = _chain(maker, there)
    wanted = {group, *(place for one in some for place in (*one.reads, *one.uses))}
    made = [item for one in some for item in _made(path, one, sorted(wanted))]
    unknown = [line for one, makings in made for line in tell_unknown(one, makings)]
    project, files, conflicts = compose(made)
    unknown += conflicts
    if not unknown:
        unknown += _check(path, some, wanted, project, files)
    if unknown:
        unknown += tell_calls(path, group)
    return Remaking(tuple(tell_head(path, group, made)), tuple(unknown), project, files)


def _last(path: str | Place, there: Collection[str]) -> str:
    known = [place for one in stages() for place in one.groups_among(there)]
    if not known:
        raise DataError(
            f"{path}: name a group: none is one that `ethoflow run` makes; there are: "
            f"{listed(there) or 'none'}."
        )
    return known[-1]


def _chain(maker: Stage, there: Collection[str]) -> list[Stage]:
    """The stages that lead to one, with those that read files, as far as their groups are there."""
    leading = {one.name: one for one in [*leading_to(maker.name), maker]}
    read = {place for one in leading.values() for place in one.reads}
    return [
        one
        for one in stages()
        if (one.name in leading and one.groups_among(there)) or one in map(maker_of, read)
    ]


def _made(
    path: str | Place, one: Stage, wanted: Sequence[str]
) -> Iterator[tuple[Stage, tuple[Making, ...]]]:
    """A stage, and who made each of its groups; those that a star stands for where wanted."""
    for own in one.groups():
        places = one.groups_among(wanted) if "*" in own else [own]
        yield one, tuple(making for place in places for making in _makings(path, place))


def _state(path: str | Place) -> store.State:
    found = store.read_state(path)
    assert found is not None
    return found


def _makings(path: str | Place, place: str) -> tuple[Making, ...]:
    """Who made a group, as it says; also, as made by nobody, what it says nothing of."""
    state = _state(path)
    if place not in state.groups():
        return ()
    names = set(map(str, open_store(path, place, warn=False).data_vars))
    recordings = state.known(place).recordings
    text = state.group_attributes(place).get(store.MADE_BY, "")
    known = read_makings(text, names, recordings)
    untold = names - {name for item in known for name in item.variables}
    missing = set(recordings) - {name for item in known for name in item.recordings}
    if untold or missing:
        return (*known, Making(None, frozenset(untold or names), frozenset(missing or recordings)))
    return known


class _Silent:
    """A report that nobody reads."""

    def say(self, text: str, did: str = "") -> None:
        """A finding."""

    def warn(self, text: str) -> None:
        """Something that was left out."""

    @contextmanager
    def track(self, task: str) -> Iterator[Callable[[int, int], None]]:
        """A long task."""
        yield lambda done, total: None


def _check(
    path: str | Place,
    some: Sequence[Stage],
    wanted: Collection[str],
    project: str,
    files: Mapping[str, str],
) -> Iterator[str]:
    """Parts of the groups that the project would make otherwise than they are stored."""
    with tempfile.TemporaryDirectory() as name:
        try:
            Remaking((), (), project, files).save(Path(name))
            found = load_project(Path(name, "project.yaml"))
            job = Job(place_of(path), found.results, _Silent(), folder=found.folder)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", store.StaleGroup)  # said below, by variable
                for stage in some:
                    if stage.reads:
                        yield from _compare(stage, found.keys_for(stage), job, wanted)
        except (DataError, UnitError, OSError) as error:
            yield f"Not the same: {str(error).replace(f'{name}/', '')}"
        finally:
            drop_project_rules()


def _compare(stage: Stage, keys: Keys, job: Job, wanted: Collection[str]) -> Iterator[str]:
    try:
        unlike = find_unlike(stage, keys, job)
    except (DataError, UnitError, OSError) as error:
        raise DataError(f"{', '.join(stage.groups())} cannot be made again: {error}") from error
    for place, names in unlike.items():
        if place not in (*wanted, *stage.groups()):
            continue  # another that a star stands for
        yield (
            f"Not the same: {listed(names)} of {place} would be made otherwise than stored. What "
            "the group was made from has changed since, or something that it depends on and that "
            "is not on record (other files of your own, another version of ethoflow)."
        )
