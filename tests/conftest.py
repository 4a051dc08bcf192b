"""What every test may use: the real files, and a scheduler that refuses to compute."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dask
import pytest
from hypothesis import HealthCheck, settings

REPOSITORY = Path(__file__).parents[1]

LONG = os.environ.get("ETHOFLOW_TESTS") == "long"
"""Whether tests of a sample of places, bits or examples try many more: hours instead of minutes."""

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile(
    "ethoflow", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)  # fmt: skip
settings.load_profile("ethoflow")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real tracking files; a test that needs it skips where it is absent."""
    folder = Path(os.environ.get("ETHOFLOW_DATA", REPOSITORY.parent / "shared" / "data"))
    folder = folder / "tracking" if (folder / "tracking").is_dir() else folder
    if not (folder / "dlc-openfield-m3v1").is_dir():
        pytest.skip(f"the real tracking files are not at {folder}: set ETHOFLOW_DATA to them")
    return folder


@contextmanager
def no_compute() -> Iterator[None]:
    """Fail when anything computes: building a graph must not."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("computed while building the graph")

    with dask.config.set(scheduler=refuse):
        yield
