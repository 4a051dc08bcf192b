"""Errors of ours, and the sentences that lead out of them: the nearest name, what is missing once.

They lie below everything else, so that whoever meets a wrong name can say which one was meant.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


class DataError(ValueError):
    """Input that cannot be used: the message names it, what was needed, and the way out."""


class OutOfMemory(DataError):
    """The memory was not enough; the message says for what, and how to go on."""


FEWER = (
    "Run it again with fewer blocks at a time (DASK_NUM_WORKERS=1 before the command, or "
    "dask.config.set(num_workers=1)), or with more memory for each worker."
)
"""How to go on where the memory was not enough."""


class UnknownName(DataError, KeyError):
    """A name that nothing has; the message has the nearest that there are."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would show its message in quotes


class NoSuchFile(DataError, FileNotFoundError):
    """A path at which nothing lies; the message has the nearest that does."""


class WrongUse(DataError, TypeError):
    """A function that is declared, or called, in a way it cannot be."""


class Missing(DataError):
    """What data lack for a computation, and not a mistake in what was asked for.

    Parameters
    ----------
    who
        Name of what cannot be computed.
    need
        What it needs, as in "a body part in the role 'nose'".
    found
        What there is instead, a sentence or nothing.
    way
        The way out, a sentence or nothing.
    """

    def __init__(self, who: str, need: str, found: str = "", way: str = "") -> None:
        super().__init__(who, need, found, way)
        self.who, self.need, self.found, self.way = who, need, found, way

    def __str__(self) -> str:
        return " ".join(filter(None, [f"{self.who} needs {self.need}.", self.found, self.way]))


def tell_missing(skipped: Mapping[str, Missing], what: str = "skipped") -> list[str]:
    """One sentence for every cause, with all who were skipped (or `what` else) for it.

    Examples
    --------
    >>> def lacks(who): return Missing(who, "an arena", way="Give one with --arena.")
    >>> tell_missing({name: lacks(name) for name in ("climbing", "wall_distance")})
    ['skipped climbing and wall_distance, which need an arena. Give one with --arena.']
    """
    causes: dict[str, dict[str, list[str]]] = {}
    ways: dict[str, str] = {}
    for name, error in skipped.items():
        cause = error.found or error.way or error.need
        causes.setdefault(cause, {}).setdefault(error.need, []).append(name)
        ways.setdefault(cause, f"{error.found} {error.way}".strip())
    told = []
    for cause, needs in causes.items():
        who = [
            f"{in_words(names)}, which need{'s' if len(names) == 1 else ''} {need}"
            for need, names in needs.items()
        ]
        told.append(f"{what} {'; '.join(who)}. {ways[cause]}".rstrip())
    return told


def in_words(names: Sequence[str], last: str = "and") -> str:
    """Names as people list them.

    Examples
    --------
    >>> in_words(["a", "b", "c"])
    'a, b and c'
    """
    return f" {last} ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def one_or_many(names: str | Iterable[str]) -> list[str]:
    """A list of names, also where one was given alone."""
    return [names] if isinstance(names, str) else list(names)


def nearest(name: object, known: Iterable[object], most: int = 2) -> list[str]:
    """Names that somebody who wrote `name` may have meant, the likeliest first.

    Examples
    --------
    >>> nearest("Imobile", ["moving", "immobile", "climbing"])
    ['immobile']
    >>> nearest("m1", ["m1DLC_resnet50_5000", "m2DLC_resnet50_5000"])
    ['m1DLC_resnet50_5000']
    """
    asked = str(name).strip().casefold()
    names = {str(item): str(item).casefold() for item in known}
    spelled: dict[str, list[str]] = {}
    for item, plain in names.items():
        spelled.setdefault(plain, []).append(item)
    found = [item for plain in [asked] for item in spelled.get(plain, [])]
    found += [item for item, plain in names.items() if asked and plain.startswith(asked)]
    close = difflib.get_close_matches(asked, list(spelled), n=most, cutoff=0.6) if asked else []
    found += [item for plain in close for item in spelled[plain]]
    found += [item for item, plain in names.items() if len(asked) > 2 and asked in plain]
    return list(dict.fromkeys(found))[:most]


def did_you_mean(name: object, known: Iterable[object]) -> str:
    """The question, with a blank before it; empty where nothing is near.

    Examples
    --------
    >>> did_you_mean("sped", ["speed", "heading"])
    " Did you mean 'speed'?"
    """
    near = nearest(name, known)
    return f" Did you mean {in_words([repr(item) for item in near], 'or')}?" if near else ""


def no_such(what: str, name: object, known: Iterable[object], most: int = 20) -> str:
    """What to say of a name that nothing of its kind has.

    Examples
    --------
    >>> no_such("rule", "mooving", ["moving", "climbing"])
    "there is no rule 'mooving'. Did you mean 'moving'? There are: moving, climbing."
    """
    names = [str(item) for item in known]
    if not names:
        return f"there is no {what} {str(name)!r}: there are none at all."
    return (
        f"there is no {what} {str(name)!r}.{did_you_mean(name, names)} "
        f"There {'are' if len(names) > 1 else 'is'}: {listed(names, most)}."
    )


def no_column(name: str, columns: Iterable[str]) -> str:
    """What to say of a column that a table does not have.

    Examples
    --------
    >>> no_column("pos_x", ["posx", "posy"])
    "no column 'pos_x'; the table has 'posx', 'posy'. Did you mean 'posx' or 'posy'?"
    """
    names = list(columns)
    return (
        f"no column {name!r}; the table has {listed(map(repr, names), 30)}."
        f"{did_you_mean(name, names)}"
    )


def listed(names: Iterable[object], most: int = 20) -> str:
    """The first names, and how many more there are.

    Examples
    --------
    >>> listed(["a", "b", "c", "d"], 2)
    'a, b and 2 more'
    """
    every = [str(name) for name in names]
    if len(every) <= most + 1:
        return ", ".join(every)
    return f"{', '.join(every[:most])} and {len(every) - most} more"


def near_file(path: str | os.PathLike[str]) -> str:
    """The question after the files beside a path that is not there, with a blank before it.

    Where its folder is not there either, the part of the path that is missing is named.
    """
    path = Path(path)
    above = path.parent
    try:
        if not above.is_dir():
            there = next((folder for folder in above.parents if folder.is_dir()), Path())
            lost = above.relative_to(there).parts[0] if above != there else above.name
            near = nearest(lost, _names_in(there), 1)
            return f" There is no folder {there / lost}." + (
                f" Did you mean {str(there / near[0])!r}?" if near else ""
            )
        near = _nearest_files(path, _names_in(above))
    except OSError:
        return ""
    if not near:
        return ""
    return f" Did you mean {in_words([repr(str(above / name)) for name in near], 'or')}?"


def _nearest_files(path: Path, names: Sequence[str], most: int = 2) -> list[str]:
    """Names near that of a file; one that differs in the ending alone comes first."""
    by_stem: dict[str, list[str]] = {}
    for name in names:
        by_stem.setdefault(Path(name).stem, []).append(name)
    found = [name for stem in nearest(path.stem, by_stem) for name in by_stem[stem]]
    alike = [name for name in found if Path(name).suffix == path.suffix]
    return list(dict.fromkeys([*alike, *found]))[:most]


def _names_in(folder: Path) -> list[str]:
    """Names in a folder, without hidden ones; of a very large folder the first."""
    names: list[str] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                names.append(entry.name)
            if len(names) == 10_000:
                break
    return sorted(names)
