"""Two stores compared: every group, array by array, attribute by attribute."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

import ethoflow as ef
from tests.stored import disagreements


def load_store(path: Path) -> dict[str, xr.Dataset]:
    """Every group as plain xarray reads it."""
    with xr.open_datatree(path, engine="zarr", chunks={}) as tree:
        return {
            node.path: node.to_dataset(inherit=False).load()
            for node in tree.subtree
            if node.has_data
        }


def assert_same_store(found: Path, expected: Path) -> None:
    """Both hold the same, say the same in every copy of their metadata, and are whole."""
    one, other = load_store(found), load_store(expected)
    assert list(one) == list(other)
    for group, ds in one.items():
        xr.testing.assert_identical(ds, other[group])
    for path in (found, expected):
        verified = ef.verify(path)
        assert not verified.faults, [str(fault) for fault in verified.faults]
        assert not verified.stale
    assert not disagreements(found)
