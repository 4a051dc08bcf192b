"""Parquet and Feather tables, read when their files can hold what they claim."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ethoflow.io.limits import check_columns, check_table

if TYPE_CHECKING:
    import pyarrow as pa


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Some columns of a Parquet table, or all.

    Raises
    ------
    DataError
        They are far larger than the file.
    """
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        fields = [field for field in file.schema_arrow if columns is None or field.name in columns]
        check_columns(len(fields))
        check_table([field.type for field in fields], file.metadata.num_rows, path)
        return file.read(None if columns is None else list(columns))


def names_in_parquet(path: Path) -> list[str]:
    """Names of the columns of a Parquet table."""
    import pyarrow.parquet as pq

    names: list[str] = pq.read_schema(path).names
    return names


def names_in_feather(path: Path) -> list[str]:
    """Names of the columns of a Feather table."""
    import pyarrow as pa

    with pa.OSFile(str(path)) as source:
        names: list[str] = pa.ipc.open_file(source).schema.names
        return names


def read_feather(path: Path) -> pa.Table:
    """All columns of a Feather table.

    Raises
    ------
    DataError
        They are far larger than the file.
    """
    import pyarrow as pa

    with pa.OSFile(str(path)) as source:
        file = pa.ipc.open_file(source)
        check_columns(len(file.schema))
        check_table(file.schema.types, file.count_rows(), path)
        return file.read_all()
