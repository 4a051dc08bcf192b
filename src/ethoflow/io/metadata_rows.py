"""Rows of a metadata table, and which recording each is about."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import pandas as pd

from ethoflow.errors import near_file
from ethoflow.io.paths import PathLike, naming
from ethoflow.io.sheets import Rows, rows_of, shown
from ethoflow.names import plain
from ethoflow.place import local_path
from ethoflow.schema import DataError

MetadataSource: TypeAlias = PathLike | pd.DataFrame

MISSING = {"", "NA", "N/A", "n/a", "NaN", "nan", "#N/A"}
_KEYS = ("recording", "name", "file", "filename", "video")
_BESIDE = ("individual", "fps", "timestamps")
"""Columns that say something else of a recording, whatever else they fit."""
WHO = (
    "animal",
    "individual",
    "mouse",
    "rat",
    "subject",
    "animal id",
    "mouse id",
    "rat id",
    "subject id",
    "ear tag",
    "eartag",
    "tag",
    "id",
)
"""What people call the column that says which animal a row is about."""
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]\d+)?")
_NO_NUMBER = re.compile(r"[+-]?(0\d.*|\d{1,3}(,\d{3})+)")  # names such as 007; 1,000


def to_number(cell: str) -> float | None:
    """The number in a cell, None for text; 007 and 1,000 are text, 1,5 is one and a half.

    Examples
    --------
    >>> [to_number(cell) for cell in ("12", "1,5", "007", "A1")]
    [12.0, 1.5, None, None]
    """
    if not _NUMBER.fullmatch(cell) or _NO_NUMBER.fullmatch(cell):
        return None
    return float(cell.replace(",", "."))


def called(name: str) -> str:
    """A heading in lower case, with blanks for signs.

    Examples
    --------
    >>> called("Mouse_ID")
    'mouse id'
    """
    return re.sub(r"[\W_]+", " ", name).strip().lower()


@dataclass(frozen=True)
class Placed:
    """A table whose rows know their recordings: None where a row has none.

    `slots` has the animal of each row where the key is that of an animal, and `notes` what was
    taken for granted.
    """

    source: str
    key: str
    columns: Mapping[str, list[str]]
    names: tuple[str, ...]
    recordings: tuple[int | None, ...]
    ambiguous: tuple[str, ...]
    slots: tuple[int | None, ...] | None = None
    notes: tuple[str, ...] = ()

    def column(self, name: str) -> str | None:
        """Name of the column called `name` in any case, None where there is none."""
        return next((c for c in self.columns if c.lower() == name and c != self.key), None)

    def fps(self) -> dict[str, float]:
        """Frame rate by recording, where the table has the column ``fps``."""
        column = self.column("fps")
        if column is None:
            return {}
        rates: dict[str, float] = {}
        for row, cell in zip(self.recordings, self.columns[column], strict=True):
            if row is None or cell in MISSING:
                continue
            rate, name = to_number(cell), self.names[row]
            if rate is None or rates.setdefault(name, rate) != rate:
                raise DataError(f"{self.source}: fps of {name} is {cell!r}; needed one number.")
        return rates

    def clocks(self, folder: Path) -> dict[str, Path]:
        """File with the times of frames by recording, where the table has ``timestamps``."""
        column = self.column("timestamps")
        if column is None:
            return {}
        cells = zip(self.recordings, self.columns[column], strict=True)
        return {
            self.names[row]: find_beside(folder, cell)
            for row, cell in cells
            if row is not None and cell not in MISSING
        }


def find_beside(folder: Path, cell: str) -> Path:
    """The file a cell names, also where its name has other forms of letters or blanks."""
    path = folder / cell
    if path.exists() or not path.parent.is_dir():
        return path
    alike = [file for file in path.parent.iterdir() if plain(file.name) == plain(path.name)]
    return alike[0] if len(alike) == 1 else path


def read_rows(source: MetadataSource) -> tuple[str, dict[str, list[str]]]:
    """Name and columns of a metadata table, every cell as text.

    Raises
    ------
    DataError
        The table is missing, empty or ragged, or two columns have one name.
    """
    if isinstance(source, pd.DataFrame):
        frame = source.reset_index() if source.index.name else source
        names = [plain(str(name)) for name in frame.columns]
        _check_names(names)
        cells = [["" if pd.isna(v) else plain(shown(v)) for v in frame[c]] for c in frame.columns]
        return "the table", dict(zip(names, cells, strict=True))
    path = local_path(source, "tables")
    if not path.is_file():
        if path.is_dir():
            raise DataError(f"{path} is a folder: name the metadata table in it.")
        raise DataError(f"{path}: there is no such metadata table.{near_file(path)}")
    with naming(path):
        return path.name, _columns(rows_of(path))


def _columns(rows: Rows) -> dict[str, list[str]]:
    if not rows:
        raise DataError("the metadata table is empty.")
    names = [plain(name) for name in rows[0][1]]
    _check_names(names)
    for number, row in rows[1:]:
        if any(row[len(names) :]) or len(row) < len(names):
            raise DataError(f"line {number} has {len(row)} cells, the header has {len(names)}.")
    return {name: [plain(row[i]) for _, row in rows[1:]] for i, name in enumerate(names)}


def _check_names(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if name and names.count(name) > 1})
    if repeated:
        raise DataError(f"several columns are called {', '.join(repeated)}.")


def place_rows(
    table: tuple[str, dict[str, list[str]]], names: Sequence[str], files: Sequence[str]
) -> Placed | None:
    """Which recording each row is about; None where no row names a recording.

    The key is the column called recording, name, file, filename or video, else the one that fits
    most recordings. A key fits as the recording's name, as the name of its file or video, or as the
    part before ``DLC``, ``DeepCut`` or ``_superanimal_`` where only one recording has it.

    Raises
    ------
    DataError
        Several columns fit as well, each another recording in the same row.
    """
    source, columns = table
    fit = fitter(names, files)
    fits = {name: [fit(cell) for cell in cells] for name, cells in columns.items()}
    fits = {name: rows for name, rows in fits.items() if any(rows)}
    named = [name for key in _KEYS for name in fits if name.lower() == key]
    if not fits:
        return None
    key, notes = (named[0], ()) if named else _choose_key(source, fits)
    return Placed(
        source=source,
        key=key,
        columns=columns,
        names=tuple(names),
        recordings=tuple(hits[0] if len(hits) == 1 else None for hits in fits[key]),
        ambiguous=tuple(
            cell for cell, hits in zip(columns[key], fits[key], strict=True) if len(hits) > 1
        ),
        notes=notes,
    )


Hits: TypeAlias = Sequence[Sequence[int]]


def _choose_key(source: str, fits: Mapping[str, Hits]) -> tuple[str, tuple[str, ...]]:
    """The column that names recordings where none is called `recording`, and a note on the choice.

    Recordings called 1, 2, 3 fit a column of animals, one of cages and one that counts rows.
    """
    counts = {name: sum(map(bool, rows)) for name, rows in fits.items()}
    most = max(counts.values())
    able = [name for name in fits if 2 * counts[name] > most]
    likely = [name for name in able if name and name.lower() not in _BESIDE] or able
    rivals = [name for name in likely if _is_each_once(fits[name])] or likely
    animals = sorted(
        (name for name in rivals if called(name) in WHO and _is_each_once(fits[name])),
        key=lambda name: WHO.index(called(name)),
    )
    key = animals[0] if animals else max(rivals, key=lambda name: counts[name])
    others = [name for name in rivals if _disagree(fits[name], fits[key])]
    if not others:
        return key, ()
    listed = ", ".join(map(repr, others))
    if not animals:
        raise DataError(
            f"{source}: its columns {key!r} and {listed} both fit names of recordings, and put "
            "rows on different ones. Call the one that names the recordings 'recording'."
        )
    return key, (
        f"{source}: its rows are about the recordings that {key!r} names; {listed} would fit as "
        "well, and differently. Call the one that names the recordings 'recording'.",
    )


def _is_each_once(rows: Hits) -> bool:
    """Whether no two rows are about one recording."""
    found = [hits[0] for hits in rows if len(hits) == 1]
    return len(found) == len(set(found))


def _disagree(rows: Hits, others: Hits) -> bool:
    return any(a and b and list(a) != list(b) for a, b in zip(rows, others, strict=True))


def explain_misfit(table: tuple[str, dict[str, list[str]]], names: Sequence[str]) -> str:
    """What to say of a table that has no row for any recording or animal."""
    source, columns = table
    shown_column = next((c for c in columns if c.lower() in _KEYS), next(iter(columns), ""))
    cells = columns.get(shown_column, [])
    return (
        f"{source}: no row names a recording. Its column {shown_column!r} has "
        f"{', '.join(map(repr, cells[:3])) or 'no rows'}; the recordings are "
        f"{', '.join(map(repr, names[:3]))}. Write one of these in each row, the name of its "
        "file or video, or the part before DLC; animals belong in a column called animal."
        f"{note_numbers(cells, names)}"
    )


def note_numbers(keys: Sequence[str], names: Sequence[str]) -> str:
    """A sentence on keys that are names but for zeros a spreadsheet took away; else empty."""
    bare = {_bare(name): name for name in names}
    near = [(key, bare[_bare(key)]) for key in keys if key not in names and _bare(key) in bare]
    if not near:
        return ""
    key, name = near[0]
    return (
        f" {key!r} and {name!r} are taken for different names: where a spreadsheet has made "
        "numbers of names, give that column the format text and write them in full."
    )


def _bare(name: str) -> str:
    """Digits as a spreadsheet leaves them: 007 and 7.0 are 7."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", re.sub(r"(?<=\d)\.0+$", "", plain(name)))


def fitter(names: Sequence[str], files: Sequence[str]) -> Callable[[str], list[int]]:
    """Function that gives the recordings a key may mean, by the strictest rule that finds any."""
    as_written = {name: i for i, name in enumerate(names) if list(names).count(name) == 1}
    by_name: dict[str, list[int]] = {}
    by_file: dict[str, list[int]] = {}
    by_video: dict[str, list[int]] = {}
    for i, (written, file) in enumerate(zip(names, files, strict=True)):
        name = plain(written)
        by_name.setdefault(name, []).append(i)
        by_file.setdefault(plain(file), []).append(i)
        for mark in re.finditer("DLC|DeepCut|_superanimal_", name):
            by_video.setdefault(name[: mark.start()].rstrip("_- "), []).append(i)

    def fit(key: str) -> list[int]:
        if key in as_written:  # a name may have a slash in it, as a path has
            return [as_written[key]]
        base = re.split(r"[\\/]", plain(key))[-1].strip()
        stem = re.sub(r"\.[A-Za-z][A-Za-z0-9]{1,4}(\.gz)?$", "", base)
        if not base:
            return []
        for table, word in (
            (by_name, base),
            (by_file, base),
            (by_name, stem),
            (by_video, base),
            (by_video, stem),
        ):
            if word in table:
                exact = [i for i in table[word] if names[i] == key]
                return exact if len(exact) == 1 else table[word]
        return []

    return fit
