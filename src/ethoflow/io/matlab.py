"""MATLAB files before version 7.3, whose reader in SciPy crashes on some damaged ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ethoflow.io.apart import call_apart
from ethoflow.io.limits import check_matlab


def list_matlab(path: Path) -> list[str]:
    """Names of the variables in a file."""
    check_matlab(path)
    names: list[str] = call_apart("list_matlab", path)
    return names


def read_matlab(path: Path, *, nested: bool = False) -> dict[str, Any]:
    """Variables of a file, without dims of length 1.

    Parameters
    ----------
    path
        The file.
    nested
        Whether structs become dicts; they are records of NumPy by default.

    Raises
    ------
    DataError
        The file is damaged, or far smaller than its variables.
    """
    check_matlab(path)
    variables: dict[str, Any] = call_apart("read_matlab", path, nested=nested)
    return variables
