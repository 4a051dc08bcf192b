"""What is compared with what, and what the sample is: the level at which a condition varies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from ethoflow.errors import DataError, in_words, listed, no_column, one_or_many
from ethoflow.names import in_order
from ethoflow.stats.factors import order_levels
from ethoflow.stats.levels import GROUP, Levels, as_names, find_levels, with_index

LEAST = 3
"""Units that a group needs: of two nothing can be said of how much units differ."""
FEW_MIXED = 0.25
"""Share of cages with several conditions below which they look like mistakes in a table."""


@dataclass(frozen=True)
class Design:
    """Conditions, the unit that is the sample, and who is in which.

    Attributes
    ----------
    by
        The factors, each with its levels; the first level is the one others are compared with.
    unit
        What the sample is of: cage, animal, ...
    between, within
        Factors that are one thing in every unit, and those of which a unit has all levels.
    rows
        For each row of the table that counts: its unit, animal, recording and conditions, each
        condition in the column that `column_of` gives.
    notes
        What was left out, and what was assumed.
    """

    by: Mapping[str, tuple[str, ...]]
    unit: str
    between: tuple[str, ...]
    within: tuple[str, ...]
    rows: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def n_units(self) -> dict[tuple[str, ...], int]:
        """Units of each combination of the factors between units; of all where there is none."""
        if not self.between:
            return {(): self.rows["unit"].nunique()}
        counts = self.rows.groupby([column_of(f) for f in self.between])["unit"].nunique()
        return {cell if isinstance(cell, tuple) else (cell,): int(n) for cell, n in counts.items()}

    def __str__(self) -> str:
        """The design in a sentence."""
        rows, unit = self.rows, self.unit
        parts = [
            f"{factor} ({in_words(levels)}) differs "
            f"{'between' if factor in self.between else 'within'} {plural(unit)}"
            for factor, levels in self.by.items()
        ]
        sizes = [f"{n} of {' '.join(cell)}" if cell else str(n) for cell, n in self.n_units.items()]
        counts = [f"{plural(unit)}: {', '.join(sizes)}"]
        for level in ("animal", "recording"):
            if level != unit and level in rows:
                counts.append(f"{rows[level].nunique()} {plural(level)}")
        return f"{'; '.join(parts)}; {'; '.join(counts)}."


def find_design(
    table: pd.DataFrame,
    by: str | Sequence[str],
    *,
    unit: str | None = None,
    animal: str | None = None,
    independent: str | None = None,
    reference: str | Sequence[str] | None = None,
) -> Design:
    """The design of a table: by default the unit is the level at which the conditions vary.

    Where all animals of a cage (or litter, or all that were recorded together) have the same
    condition, the cage was given it and is the unit. Where cage mates have different ones, the
    animal is. Conditions that differ within an animal are compared within animals.

    Parameters
    ----------
    table
        A tidy table with columns for the conditions and for who is who.
    by
        Columns of conditions.
    unit
        The level or column that is the sample; found by default.
    animal
        The column that names animals; found by default.
    independent
        A level whose members are taken as independent though the table says otherwise.
    reference
        The level of each factor that others are compared with.

    Raises
    ------
    DataError
        A column is not there; there is one group alone; too few units; a unit that would treat
        cage mates, sessions of one animal or bins as independent; nothing says who is who.

    Examples
    --------
    >>> cages = [f"c{i // 2}" for i in range(12)]
    >>> drug = ["saline" if i < 6 else "drug" for i in range(12)]
    >>> animals = [f"m{i}" for i in range(12)]
    >>> table = pd.DataFrame({"animal": animals, "cage": cages, "treatment": drug})
    >>> print(find_design(table, "treatment"))
    treatment (saline and drug) differs between cages; cages: 3 of drug, 3 of saline; 12 animals.
    """
    factors = one_or_many(by)
    if isinstance(table, pd.DataFrame):
        table = with_index(table)
    _check_columns(table, factors)
    levels = find_levels(table, factors, animal)
    conditions = pd.DataFrame({factor: as_names(table[factor]) for factor in factors})
    known = conditions.notna().all(axis=1)
    notes = [*levels.notes, *_tell_unknown(conditions, levels, known)]
    order = order_levels(table, conditions[known], reference)
    for factor, names in order.items():
        if len(names) < 2:
            raise DataError(
                f"there is one group alone: {factor} is {names[0]!r} in every row that has one. A "
                "comparison needs two."
            )
    unit = unit or independent
    proper = _default_unit(levels, conditions[known], named=unit is not None)
    ids = _unit_ids(table, levels, unit or proper)
    if unit is not None and proper is not None:
        notes += _check_independent(levels, ids[known], unit, proper, factors, independent)
    name = _shown(levels, unit or proper or "")
    rows = pd.DataFrame({"unit": ids})
    for level in ("animal", "recording"):
        if level in levels.ids:
            rows[level] = levels.ids[level]
    rows = pd.concat([rows, conditions.rename(columns=column_of)], axis=1)[known]
    lost = rows["unit"].isna()
    if lost.any():
        notes.append(f"{int(lost.sum())} rows have no {name}, and were left out.")
    rows = rows[~lost]
    between, within = _sort_factors(rows, factors, name)
    design = Design(order, name, between, within, rows, tuple(notes))
    _check_size(design)
    return design


def plural(unit: str) -> str:
    """Several of a unit.

    Examples
    --------
    >>> plural("cage"), plural("recorded together")
    ('cages', 'groups recorded together')
    """
    return f"groups {unit}" if unit == GROUP else f"{unit}s"


def column_of(factor: str) -> str:
    """Where the conditions of a factor stand among the rows of a design, whatever it is called."""
    return f"by {factor}"


def _check_columns(table: object, factors: Sequence[str]) -> None:
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"compare takes a table (a pandas DataFrame), such as ef.time_budget(labels) gives; "
            f"found a {type(table).__name__}."
        )
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise DataError(f"the table has two columns called {str(twice[0])!r}: rename one.")
    if not factors or len(set(factors)) < len(factors) or len(factors) > 3:
        raise DataError(
            f"by= takes one to three different columns; found {listed(factors) or 'none'}."
        )
    for factor in factors:
        if factor in ("behaviour", "category"):
            raise DataError(
                f"by: {factor} is what is compared, not a condition: each has rows of its own."
            )
        if factor not in table:
            raise DataError(f"by: {no_column(factor, map(str, table.columns))}")
        if as_names(table[factor]).isna().all():
            raise DataError(
                f"{factor} is known of no row: give it in the table of metadata, a row per "
                "recording or animal."
            )


def _tell_unknown(conditions: pd.DataFrame, levels: Levels, known: pd.Series) -> list[str]:
    told = []
    for factor in conditions:
        lost = conditions[factor].isna()
        if not lost.any():
            continue
        for level in ("animal", "recording"):
            if level in levels.ids:
                names = sorted(map(str, levels.ids[level][lost].dropna().unique()), key=in_order)
                told.append(
                    f"{len(names)} {plural(level)} have no {factor} and were left out: "
                    f"{listed(names, 5)}."
                )
                break
        else:
            told.append(f"{int(lost.sum())} rows have no {factor} and were left out.")
    return told


def _default_unit(levels: Levels, conditions: pd.DataFrame, named: bool) -> str | None:
    """The coarsest level at which one of the conditions varies."""
    ids = levels.ids.loc[conditions.index]
    found = [_level_of(ids, conditions[factor], named) for factor in conditions]
    known = [level for level in found if level is not None]
    return min(known, key=lambda level: ids[level].nunique(), default=None)


def _level_of(ids: pd.DataFrame, condition: pd.Series, named: bool) -> str | None:
    """The coarsest level whose members all have one condition; the animal where none is.

    Raises
    ------
    DataError
        A few cages have several conditions, which looks like a mistake.
    """
    constant = []
    finest = "animal" if "animal" in ids else None
    for level in (str(name) for name in ids if name not in ("animal", "recording")):
        who = ids["animal"] if finest else pd.Series(ids.index, index=ids.index)
        facts = pd.DataFrame({"unit": ids[level], "who": who, "f": condition}).dropna()
        if facts.empty or (finest and facts.groupby("who")["unit"].nunique().max() > 1):
            continue
        several = facts.groupby("unit")["who"].nunique() > 1
        mixed = (facts.groupby("unit")["f"].nunique() > 1) & several
        within = finest and facts.groupby("who")["f"].nunique().max() > 1
        if not several.any() or (within and mixed.any()):
            continue
        few = level != GROUP and mixed.sum() < FEW_MIXED * several.sum()
        if not mixed.any() or (few and named):
            constant.append(level)
        elif few:
            raise DataError(
                f"{condition.name} is one thing in most {plural(level)} but not in "
                f"{listed(mixed.index[mixed], 3)}: correct the table, or say "
                "independent='animal' if animals were assigned one by one."
            )
    if constant:
        return min(constant, key=lambda level: ids[level].nunique())
    return finest


def _unit_ids(table: pd.DataFrame, levels: Levels, unit: str | None) -> pd.Series:
    if unit is None:
        raise DataError(
            "nothing in the table says which rows are of one animal: name the column with unit=, "
            "or say unit='row' if every row is an animal of its own."
        )
    ids = levels.resolve(unit, table)
    if ids.isna().all():
        raise DataError(f"{unit} is known of no row: give it in the table of metadata.")
    return ids


def _check_independent(
    levels: Levels,
    ids: pd.Series,
    unit: str,
    proper: str,
    factors: Sequence[str],
    independent: str | None,
) -> list[str]:
    """Refuse a unit of which several are in one that was given the condition."""
    pairs = pd.DataFrame({"unit": ids, "proper": levels.ids[proper]}).dropna()
    inside = pairs.groupby("proper")["unit"].nunique()
    if inside.max() <= 1:
        return []
    whole, many = _shown(levels, proper), plural(unit)
    if independent == unit:
        return [
            f"{many} of one {whole} were taken as independent, as independent={unit!r} says: p "
            "values are too small where they resemble one another."
        ]
    raise DataError(
        f"{in_words(factors)}: {many} of one {whole} are not independent (there are up to "
        f"{inside.max()} in one), and a test that takes them so finds effects where there are "
        f"none. Leave unit out, which takes unit={whole!r}, or say independent={unit!r} to do it "
        "all the same."
    )


def _shown(levels: Levels, level: str) -> str:
    """Animals recorded together once are a recording."""
    if level == GROUP and (levels.ids[GROUP] == levels.ids["recording"]).all():
        return "recording"
    return level


def _sort_factors(
    rows: pd.DataFrame, factors: Sequence[str], unit: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Factors between and within units.

    Raises
    ------
    DataError
        A factor is one thing in some units and several in others, and too few have all.
    """
    between, within = [], []
    for factor in factors:
        seen = rows.groupby("unit")[column_of(factor)].nunique()
        if seen.max() == 1:
            between.append(factor)
            continue
        within.append(factor)
        complete = int((seen == rows[column_of(factor)].nunique()).sum())
        if complete < LEAST:
            mixed = seen.index[seen > 1]
            raise DataError(
                f"{factor} differs within {len(mixed)} of {len(seen)} {plural(unit)} "
                f"({listed(mixed, 3)}), and {complete} have all of its levels: to compare within "
                f"{plural(unit)} takes {LEAST}. If it should be one thing in each {unit}, correct "
                "the table."
            )
    return tuple(between), tuple(within)


def _check_size(design: Design) -> None:
    """Refuse groups of which nothing can be said.

    Raises
    ------
    DataError
        A group has fewer than `LEAST` units, or a combination of factors none.
    """
    wanted = 1
    for factor in design.between:
        wanted *= len(design.by[factor])
    counts = design.n_units
    if len(counts) < wanted:
        raise DataError(
            f"some combinations of {in_words(design.between)} have no {design.unit}: there are "
            f"{listed([' '.join(cell) for cell in counts])}. Compare by one factor."
        )
    few = {cell: n for cell, n in counts.items() if n < LEAST}
    if few:
        said = [f"{n} in {' '.join(cell)}" if cell else f"{n} in all" for cell, n in few.items()]
        raise DataError(
            f"too few {plural(design.unit)} to compare: {in_words(said)}. A group needs {LEAST}: "
            f"how much {plural(design.unit)} differ cannot be known from fewer."
        )
