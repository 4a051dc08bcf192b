"""The frame of an NWB file: the session it is of, its subjects, and names as NWB takes them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from ethoflow.schema import DataError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the start of a session whose date is not known."""
_START = ("session_start_time", "session_start")
_SEX = {"m": "M", "male": "M", "f": "F", "female": "F"}
_FACTS = ("species", "genotype", "strain")
"""Metadata of an animal that NWB has a place for."""


def recording_of(ds: xr.Dataset) -> str:
    """Name of the recording."""
    return str(ds.recording.values) if "recording" in ds.coords else "recording"


def names_of(ds: xr.Dataset) -> list[str]:
    """Names of the animals, of their slots where they have none."""
    pairs = zip(ds.animal.values, ds.individual.values, strict=True)
    return [str(animal) or str(slot) for animal, slot in pairs]


def plain(name: str) -> str:
    """A name without the two characters that NWB refuses."""
    return name.replace("/", "_").replace(":", "_")


def check_distinct(names: list[str], what: str) -> None:
    """Refuse names that NWB could not tell apart.

    Raises
    ------
    DataError
        Two of them would be one.
    """
    written = [plain(name) for name in names]
    twice = sorted({name for name in written if written.count(name) > 1})
    if twice:
        raise DataError(
            f"two {what} would be called {twice[0]!r} in NWB, which knows neither / nor : and "
            "keeps Skeletons for itself: rename one."
        )


def session_of(ds: xr.Dataset, identifier: str) -> dict[str, Any]:
    """What every NWB file has to say of its session."""
    begin = _begin(ds)
    unknown = "; its date is not known, 1970-01-01 stands for it" if begin == EPOCH else ""
    return {
        "session_description": f"recording {recording_of(ds)}{unknown}",
        "identifier": identifier,
        "session_id": recording_of(ds),
        "session_start_time": begin,
    }


def _begin(ds: xr.Dataset) -> datetime:
    """Start of the session, where the metadata have it: a time without a zone is taken as UTC."""
    for name in _START:
        if name in ds.coords and ds[name].ndim == 0:
            stamp = pd.to_datetime(str(ds[name].values), errors="coerce")
            if not pd.isna(stamp):
                begin: datetime = stamp.to_pydatetime()
                return begin if begin.tzinfo else begin.replace(tzinfo=UTC)
    return EPOCH


def subject_facts(ds: xr.Dataset, animal: int) -> dict[str, str]:
    """What the metadata say of one animal, in the words of NWB."""
    found = {name: text for name in _FACTS if (text := _fact(ds, name, animal))}
    sex = _SEX.get(_fact(ds, "sex", animal).lower())
    return found | ({"sex": sex} if sex else {})


def _fact(ds: xr.Dataset, name: str, animal: int) -> str:
    if name not in ds.coords or ds[name].dims not in ((), ("individual",)):
        return ""
    value = np.broadcast_to(ds[name].values, ds.sizes["individual"])[animal]
    return "" if pd.isna(value) else str(value).strip()
