"""What a stage is, where stages are kept, and in which order they run."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeAlias

from ethoflow.errors import UnknownName, no_such
from ethoflow.stages.job import Job
from ethoflow.stages.keys import Files, Keys, Locate, Where
from ethoflow.stages.made import Made

Run: TypeAlias = Callable[[Job, Any], Made]
Check: TypeAlias = Callable[[Any, Locate, Where], None]
Watch: TypeAlias = Callable[[Any, Locate], Sequence[Path] | None]
Foresee: TypeAlias = Callable[[Any, Any, Mapping[str, Any]], None]

PACKAGE = "ethoflow.stages"

RESERVED = ("out", "folder", "roles")
"""Keys of the project file that are no stage's."""


@dataclass(frozen=True)
class Stage:
    """One step of the pipeline, as data; see `stage` for what the parts mean."""

    name: str
    function: Run
    reads: tuple[str, ...]
    uses: tuple[str, ...]
    writes: tuple[str, ...]
    keys: type[Keys]
    top: bool
    template: str
    check: Check | None
    watch: Watch | None
    doing: str
    command: str
    foresee: Foresee | None = None

    def __repr__(self) -> str:
        return f"<stage {self.name}>"

    @property
    def summary(self) -> str:
        """What it makes, in a sentence."""
        return (inspect.getdoc(self.function) or "").partition("\n")[0]

    @property
    def names(self) -> list[str]:
        """Its keys at the top of the project file."""
        fields = self.keys.model_fields
        if not self.top:
            return [self.name] if fields else []
        own = inspect.get_annotations(self.keys)
        return sorted(fields, key=lambda name: name not in own)

    def groups(self) -> list[str]:
        """Groups of the store that it writes; names with a star stand for several."""
        return [place for place in self.writes if not place.endswith("/")]

    def groups_among(self, there: Collection[str]) -> list[str]:
        """Groups of a store that are its own, those that a star stands for included."""
        return [
            group
            for place in self.groups()
            for group in ([place] if place in there else there)
            if fnmatchcase(group, place) and maker_of(group) == self
        ]

    def may_write(self, place: str) -> bool:
        """Whether it declares that it writes a place, by its name or with a star."""
        return any(fnmatchcase(place, one) for one in self.writes)

    def how_closely(self, place: str) -> tuple[bool, int]:
        """How closely it names a place: by its name, or by most of it before a star."""
        return place in self.writes, max(len(one) for one in self.writes if fnmatchcase(place, one))

    def folders(self) -> list[str]:
        """Folders of results that it writes, without the slash."""
        return [place[:-1] for place in self.writes if place.endswith("/")]

    def inputs(self, keys: Keys, locate: Locate) -> Sequence[Path] | None:
        """Files that its keys name; None where what it depends on cannot be known from outside."""
        if self.watch is not None:
            return self.watch(keys, locate)
        found: list[Path] = []
        for name, field in self.keys.model_fields.items():
            if any(isinstance(mark, Files) for mark in field.metadata):
                value = getattr(keys, name)
                names = [value] if isinstance(value, str) else value or []
                found += map(locate, names)
        return found


_stages: dict[str, Stage] = {}


def stage(
    *,
    writes: str | Sequence[str],
    reads: Sequence[str] = (),
    uses: Sequence[str] = (),
    keys: type[Keys] = Keys,
    top: bool = False,
    template: str = "",
    check: Check | None = None,
    watch: Watch | None = None,
    doing: str = "",
    command: str = "",
    foresee: Foresee | None = None,
) -> Callable[[Run], Run]:
    """Declaration of a stage: its name is that of the function, its help the function's first line.

    The function gets a `Job` and the stage's keys, and gives what it makes as `Group` or `FileSet`.

    Parameters
    ----------
    writes
        Groups of the store, such as ``"poses"``, and folders of results, such as ``"tables/"``.
        ``"labels/*"`` stands for all groups there that no other stage names more closely.
    reads
        What it needs, written in the same way; where one is not there it does not run, and what it
        made before is taken away. ``"labels/*"`` is all groups there, whoever writes them, of which
        one has to be there; `Job.groups` names them.
    uses
        What it also looks at where it is there.
    keys
        Its keys of the project file; they stand under the name of the stage.
    top
        Whether they stand at the top of the file instead.
    template
        Lines of the file that `ethoflow init` writes; made from the keys by default.
    check
        Raises `ProjectError` where the keys name what is not there.
    watch
        Files that the result depends on; those that keys marked with `Files` name by default. None
        where that cannot be known.
    doing
        What the progress bar says; the name by default.
    command
        The command of the command line; the name by default.
    foresee
        Called with the job, the keys and those of all stages of a run by name, before the first
        stage that reads tracks: raises where this stage will not be able to do what was asked, so
        that it is said before hours of work.

    Raises
    ------
    ValueError
        The name, a group, a folder or a key is that of another stage.

    Examples
    --------
    >>> [one.name for one in stages()][:3]
    ['tracks', 'identities', 'poses']
    """

    def register(function: Run) -> Run:
        name = function.__name__
        places = (writes,) if isinstance(writes, str) else tuple(writes)
        entry = Stage(
            name,
            function,
            tuple(reads),
            tuple(uses),
            places,
            keys,
            top,
            template,
            check,
            watch,
            doing or name,
            command or name,
            foresee,
        )
        for key in set(entry.names) & set(RESERVED):
            raise ValueError(f"a stage cannot have the key {key!r}: give it another name.")
        for other in _stages.values():
            if (other.name, _home(other)) != (name, _home(entry)):
                _check_apart(entry, other)
        _stages[name] = entry
        return function

    return register


def _home(one: Stage) -> str:
    return one.function.__module__


def _check_apart(one: Stage, other: Stage) -> None:
    """Refuse a stage that takes something that is another's."""
    where = f"{_home(one)} and {_home(other)}"
    if one.name == other.name:
        raise ValueError(f"two stages are called {one.name!r}: in {where}.")
    for place in set(one.writes) & set(other.writes):
        raise ValueError(f"two stages write {place!r}: {one.name} and {other.name}, in {where}.")
    for key in set(one.names) & set(other.names):
        if not (one.top and other.top) or _definer(one.keys, key) != _definer(other.keys, key):
            raise ValueError(
                f"two stages have the key {key!r}: {one.name} and {other.name}, in {where}. "
                "Stages share a key where both take it from one class."
            )


def _definer(keys: type[Keys], name: str) -> type:
    """The class that declares a key."""
    return next(one for one in keys.__mro__ if name in inspect.get_annotations(one))


def stages() -> list[Stage]:
    """Every stage, in the order in which they run."""
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{PACKAGE}.{module.name}")
    return in_order(_stages.values())


def in_order(some: Collection[Stage]) -> list[Stage]:
    """Stages so that what one reads is made before; where two may go first, that which reads less.

    Raises
    ------
    ValueError
        Stages read what each other makes.
    """
    ordered: list[Stage] = []
    left = sorted(some, key=lambda one: (len(one.reads) + len(one.uses), one.name))
    while left:
        ready = [one for one in left if not any(maker in left for maker in _makers_for(one, some))]
        if not ready:
            names = ", ".join(one.name for one in left)
            raise ValueError(f"stages read what each other makes: {names}.")
        ordered.append(ready[0])
        left.remove(ready[0])
    return ordered


def find_stage(name: str) -> Stage:
    """The stage called `name`.

    Raises
    ------
    UnknownName
        There is none; the message has the nearest.
    """
    known = {one.name: one for one in stages()}
    if name not in known:
        raise UnknownName(no_such("stage", name, list(known)))
    return known[name]


def leading_to(name: str) -> list[Stage]:
    """The stages between the tracks and what `name` makes, that one included, in order.

    Examples
    --------
    >>> [one.name for one in leading_to("rules")]
    ['poses', 'features', 'rules']
    """
    known, wanted = stages(), [find_stage(name)]
    for one in wanted:
        wanted += [maker for maker in _makers_for(one, known) if maker not in wanted]
    return [one for one in known if one in wanted and one.reads]


def maker_of(place: str) -> Stage | None:
    """The stage that writes a group or a folder: of several the one that names it most closely."""
    return _maker(place, stages())


def _makers_for(one: Stage, some: Collection[Stage]) -> list[Stage]:
    """The stages that make what a stage reads or uses; of a name with a star all that fit it."""
    found: list[Stage] = []
    for place in (*one.reads, *one.uses):
        if "*" in place:
            fitting = (s for s in some if any(fnmatchcase(own, place) for own in s.writes))
            found += [s for s in fitting if s != one]
        elif (maker := _maker(place, some)) is not None:
            found.append(maker)
    return found


def _maker(place: str, some: Collection[Stage]) -> Stage | None:
    fitting = [one for one in some if one.may_write(place)]
    return max(fitting, key=lambda one: one.how_closely(place), default=None)
