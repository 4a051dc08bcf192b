"""Who a row of a table is of: its litter, cage, animal and recording, found from the columns."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time

import numpy as np
import pandas as pd

from ethoflow.errors import DataError, listed, no_column
from ethoflow.names import ASIDE, COUNTED

ALIASES = {
    "litter": ("litter", "litter_id", "dam", "dam_id"),
    "cage": ("cage", "cage_id", "cage_name", "cage_number", "home_cage", "homecage"),
    "animal": (
        "animal", "animal_id", "animal_name", "mouse", "mouse_id", "mouse_name", "rat_id",
        "subject", "subject_id", "ear_tag", "eartag",
    ),
    "recording": ("recording", "recording_id"),
}  # fmt: skip
"""Columns that say who a row is of, in small letters, by level from coarse to fine."""

GROUP = "recorded together"
"""The level of animals that share recordings, where some of them were recorded more than once."""

_VAGUE = re.compile(
    r"(animal|mouse|mus|rat|fly|fish|subject|object|id)?[ _-]?\w"
    r"|resident|intruder|male|female|black|white|left|right|focal|observer|demonstrator|stimulus"
)
"""Names, in small letters, that every recording of a setup may have: roles, colours, numbers."""


@dataclass(frozen=True)
class Levels:
    """Who every row is of, a column per level from coarse to fine, missing where unknown."""

    ids: pd.DataFrame
    columns: dict[str, str]
    """The column of the table that each level was read from."""
    notes: tuple[str, ...] = ()

    def resolve(self, name: str, table: pd.DataFrame) -> pd.Series:
        """Identities at the level or in the column `name`.

        Raises
        ------
        UnknownName
            There is neither.
        """
        if name == "row":
            return pd.Series(np.arange(len(table)).astype(str), index=table.index)
        if name in self.ids:
            return self.ids[name]
        if name in table:
            return as_names(table[name])
        from ethoflow.errors import UnknownName

        raise UnknownName(f"unit: {no_column(name, [*map(str, table.columns)])}")


def find_levels(table: pd.DataFrame, by: Sequence[str], animal: str | None = None) -> Levels:
    """Litters, cages, animals and recordings of the rows of a table.

    Of several columns that name animals the one with the fewest names counts: sessions of one
    animal are one animal. Slots without a name (`individual_0`, `track_1`) are animals of their own
    in every recording.

    Parameters
    ----------
    table
        A tidy table.
    by
        Columns of conditions, which tell whether a name that recurs is one animal.
    animal
        Column that names the animals; ``"recording"`` where every recording has its own.

    Raises
    ------
    DataError
        A vague name is in several recordings, and nothing says whether it is one animal.
    """
    if animal is not None and animal != "recording" and animal not in table:
        raise DataError(f"animal: {no_column(animal, map(str, table.columns))}")
    found: dict[str, pd.Series] = {}
    columns: dict[str, str] = {}
    for level in ("litter", "cage"):
        for column in _named(table, level):
            found.setdefault(level, as_names(table[column]))
            columns.setdefault(level, column)
    recording = None
    for column in _named(table, "recording")[:1]:
        recording, columns["recording"] = as_names(table[column]), column
        if "store" in table:
            recording = as_names(table["store"]) + "/" + recording
    animals, column, notes = _animals(table, recording, by, animal)
    if animals is not None:
        found["animal"], columns["animal"] = animals, column
        if recording is not None:
            together = _recorded_together(animals, recording)
            if together is not None:
                found[GROUP] = together
    if recording is not None:
        found["recording"] = recording
    order = ("litter", "cage", GROUP, "animal", "recording")
    ids = pd.DataFrame({level: found[level] for level in order if level in found}, table.index)
    return Levels(ids, columns, tuple(notes))


def with_index(table: pd.DataFrame) -> pd.DataFrame:
    """The table with what its index names as columns, its rows numbered."""
    named = [name for name in table.index.names if name is not None and name not in table.columns]
    kept = table.reset_index(level=named) if named else table
    return kept.reset_index(drop=True)


def as_names(column: pd.Series) -> pd.Series:
    """A column as text, missing where it says nothing; 3.0 and 3 are one cage."""
    codes, values = pd.factorize(column)
    names = np.array([*map(_name, values.tolist()), None], object)  # the last for what is missing
    return pd.Series(names[codes], column.index, dtype=object, name=column.name)


def _name(value: object) -> str | None:
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()  # as a column of dates without times has it
    whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if whole else value).strip() or None  # type: ignore[call-overload]


def _named(table: pd.DataFrame, level: str) -> list[str]:
    """Columns that are called like a level, the likeliest first."""
    plain: dict[str, str] = {}
    for column in map(str, table.columns):
        plain.setdefault(re.sub(r"[ .-]+", "_", column.removeprefix(ASIDE).casefold()), column)
    return [plain[alias] for alias in ALIASES[level] if alias in plain]


def _animals(
    table: pd.DataFrame, recording: pd.Series | None, by: Sequence[str], animal: str | None
) -> tuple[pd.Series | None, str, list[str]]:
    """Identities of the animals, the column they are from, and what is to be said of them."""
    if animal is not None and animal != "recording":
        return as_names(table[animal]), animal, []
    candidates = [(column, as_names(table[column])) for column in _named(table, "animal")]
    candidates = [(column, names) for column, names in candidates if names.notna().any()]
    if animal is None and candidates:
        return _identify(table, candidates, recording, by)
    slots = as_names(table["individual"]) if "individual" in table else None
    if recording is None:
        return slots, "individual", []
    places = slots if slots is not None else candidates[0][1] if candidates else None
    if places is None:
        return recording, "recording", []
    return recording + "/" + places.fillna(""), "recording", []


def _identify(
    table: pd.DataFrame,
    candidates: Sequence[tuple[str, pd.Series]],
    recording: pd.Series | None,
    by: Sequence[str],
) -> tuple[pd.Series, str, list[str]]:
    """The column that tells animals apart, and whether a name that recurs is one animal."""
    counts = [names.nunique() for _, names in candidates]
    several = [n for n in counts if n > 1] or counts
    column, names = candidates[counts.index(min(several))]
    again = _names_again(names, recording)
    if recording is None or not again:
        return _or_recording(names, recording), column, []
    slots = [name for name in again if COUNTED.fullmatch(name.casefold())]
    vague = [name for name in again if _VAGUE.fullmatch(name.casefold())]
    if vague:
        _refuse_vague(table, names, recording, by, vague)
    if slots:
        said = (
            f"names such as {slots[0]!r} do not say who is who: the animals of every recording "
            "were taken for animals of their own. If one was recorded several times, give a "
            "column with its name in the metadata, and animal='COLUMN'."
        )
        own = names.where(~names.isin(slots), recording + "/" + names)
        return _or_recording(own, recording), column, [said]
    return _or_recording(names, recording), column, []


def _or_recording(names: pd.Series, recording: pd.Series | None) -> pd.Series:
    """Rows that are of a whole group of animals are of their recording."""
    return names if recording is None else names.where(names.notna(), recording + "/")


def _names_again(names: pd.Series, recording: pd.Series | None) -> list[str]:
    """Names that are in several recordings."""
    if recording is None:
        return []
    pairs = pd.DataFrame({"name": names, "recording": recording}).dropna().drop_duplicates()
    counts = pairs.groupby("name")["recording"].nunique()
    return sorted(counts.index[counts > 1])


def _refuse_vague(
    table: pd.DataFrame,
    names: pd.Series,
    recording: pd.Series,
    by: Sequence[str],
    again: Sequence[str],
) -> None:
    """Refuse where conditions differ between recordings whose animals have the same names."""
    own = names.isin(again)
    names, recording, table = names[own], recording[own], table[own]
    for factor in by:
        of = pd.DataFrame({"name": names, "recording": recording, "f": as_names(table[factor])})
        within = of.groupby("recording")["f"].nunique().max() > 1
        if not within and of.groupby("name")["f"].nunique().max() > 1:
            raise DataError(
                f"several recordings have animals called {listed(again, 4)}, and {factor} differs "
                "between recordings: are these the same animals each time? Say animal='animal' if "
                "they are, animal='recording' if every recording has animals of its own, or name "
                "the column that tells them apart."
            )


def _recorded_together(animals: pd.Series, recording: pd.Series) -> pd.Series | None:
    """Animals joined by the recordings they share; None where each was recorded alone."""
    pairs = pd.DataFrame({"a": animals, "r": recording}).dropna().drop_duplicates()
    pairs = pairs[~pairs["a"].str.endswith("/")]
    if pairs.groupby("r")["a"].count().le(1).all():
        return None
    joined = join_sets(pairs.groupby("r")["a"])
    names = recording.map(joined.get)
    return names.astype(object)


def join_sets(members: Iterable[tuple[object, pd.Series]]) -> dict[object, str]:
    """For each set the name of the first that it is joined with, through members they share.

    Examples
    --------
    >>> sets = {"r1": ["a", "b"], "r2": ["c"], "r3": ["b"]}
    >>> join_sets((name, pd.Series(one)) for name, one in sets.items())
    {'r1': 'r1', 'r2': 'r2', 'r3': 'r1'}
    """
    above: dict[object, object] = {}

    def top(item: object) -> object:
        while above[item] != item:
            item = above[item]
        return item

    first: dict[object, object] = {}
    for name, of in members:
        above[name] = name
        for member in of:
            seen = first.setdefault(member, name)
            one, other = top(seen), top(name)
            above[other] = one
    return {name: str(top(name)) for name in above}
