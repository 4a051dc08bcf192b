"""SQLite databases, opened for reading tables that somebody else made."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from ethoflow.io.limits import LONGEST_VALUE
from ethoflow.schema import DataError

_TABLES = (
    "select name from sqlite_master where type = 'table' and sql not like 'create virtual table%'"
)
_COMPUTED = (2, 3)
"""How SQLite marks columns that are computed when they are read."""


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """A database that is only read and does nothing by itself; single values have a bound.

    Raises
    ------
    DataError
        It is damaged, or a value in it is longer than any that a program writes beside tracks.
    """
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute("pragma trusted_schema = off")
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_VALUE)
            yield database
    except sqlite3.Error as error:
        raise DataError(f"this database is damaged: {error}.") from error


def tables_of(path: Path) -> list[str]:
    """Names of the tables of a database, views not among them; none where it cannot be opened."""
    try:
        with open_database(path) as database:
            return [str(name) for (name,) in database.execute(_TABLES)]
    except DataError:
        return []


def read_columns(
    database: sqlite3.Connection, table: str, columns: Sequence[str], order: str = ""
) -> list[tuple[object, ...]]:
    """Rows of some columns of a table.

    Raises
    ------
    DataError
        A column is computed by the database: no program stores tracks so.
    """
    kinds = {str(row[1]): row[6] for row in database.execute(f"pragma table_xinfo({table})")}
    computed = [name for name in columns if kinds.get(name) in _COMPUTED]
    if computed:
        raise DataError(f"the column {computed[0]!r} of {table} is computed, not stored.")
    query = f"select {', '.join(columns)} from {table}"
    return database.execute(f"{query} order by {order}" if order else query).fetchall()
