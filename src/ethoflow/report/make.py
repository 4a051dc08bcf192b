"""The parts of a report, each from what a store holds."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ethoflow import __version__
from ethoflow.engine.sources import open_store
from ethoflow.errors import DataError, listed
from ethoflow.labels.runs import is_behaviour
from ethoflow.labels.sources import LABELS
from ethoflow.place import Place
from ethoflow.report.cards import card_section
from ethoflow.report.cohort import cohort_section
from ethoflow.report.comparisons import comparison_section
from ethoflow.report.labels import label_sections
from ethoflow.report.page import Section, write_page
from ethoflow.report.quality import quality_section
from ethoflow.report.videos import video_section
from ethoflow.store import IncompleteGroup, StaleGroup, list_groups

RULES = f"{LABELS}rules"


@dataclass(frozen=True)
class Wanted:
    """What is compared in a report, as for `ef.stats.compare`."""

    by: Sequence[str] = ()
    value: str = "share"
    unit: str | None = None
    test: str | None = None
    correction: str = "holm"
    reference: str | None = None
    animal: str | None = None

    def given(self) -> dict[str, Any]:
        """Arguments of `ef.stats.compare`."""
        return {
            "by": list(self.by), "value": self.value, "unit": self.unit, "test": self.test,
            "correction": self.correction, "reference": self.reference, "animal": self.animal,
        }  # fmt: skip


def make_report(
    store: Place,
    wanted: Wanted | None = None,
    group: str | None = None,
    title: str = "",
    explained: Sequence[Path] = (),
    videos: Path | None = None,
) -> str:
    """A page of HTML about a store: cohort, data quality, labels and clusters, comparisons.

    Parameters
    ----------
    store
        The store; it may hold tracks, labels, or both.
    wanted
        Which groups are compared; by default none.
    group
        Labels that are shown; by default all groups of labels.
    title
        The heading; the name of the store by default.
    explained
        Folders in which ``ethoflow explain`` wrote cards.
    videos
        The folder in which ``ethoflow video`` wrote videos.

    Raises
    ------
    DataError
        The store holds neither tracks nor labels; there is no such group or column.
    """
    wanted = wanted or Wanted()
    groups = list_groups(store)
    tracks = next((name for name in ("poses", "tracks") if name in groups), None)
    labels = _labels(store, groups, group)
    if tracks is None and not labels:
        raise DataError(
            f"{store} holds neither tracks nor labels, and a report is of these; it has: "
            f"{listed(groups)}."
        )
    opened = {name: _open(store, name) for name in labels}
    base = _open(store, tracks) if tracks else next(iter(opened.values()))
    sections: list[Section] = [cohort_section(base)]
    source = "tracks" if "tracks" in groups else tracks
    for note in _out_of_date(store, [*([tracks] if tracks else []), *labels]):
        sections[0].say(f"Note: {note}", note=True)
    if source:
        sections.append(quality_section(_open(store, source), source))
    for name, ds in opened.items():
        own = label_sections(ds, name, wanted.by)
        if said := _lacking(ds, base):
            own[0].say(f"Note: {said}", note=True)
        sections += own
    sections += [card_section(folder, store) for folder in explained]
    if videos is not None and (of_videos := video_section(videos, store)) is not None:
        sections.append(of_videos)
    if wanted.by:
        sections += [comparison_section(ds, name, wanted) for name, ds in opened.items()]
    facts = (
        f"ethoflow {__version__}. Missing numbers are left empty: they are not known, and not 0."
    )
    return write_page(title or str(store), facts, sections)


def _labels(store: Place, groups: Sequence[str], group: str | None) -> list[str]:
    """Groups of labels, those of the rules first."""
    if group is not None:
        if group not in groups:
            raise DataError(f"{store} has no group {group!r}; it has: {listed(groups)}.")
        return [group]
    found = sorted((n for n in groups if n.startswith(LABELS)), key=lambda n: (n != RULES, n))
    return [n for n in found if any(map(is_behaviour, _quietly(store, n).data_vars.values()))]


def _lacking(labels: xr.Dataset, base: xr.Dataset) -> str:
    """A sentence on recordings of the cohort that labels do not have; empty where they have all."""
    if "recording" not in base.dims or "recording" not in labels.coords:
        return ""
    own = set(map(str, np.atleast_1d(labels.recording.values)))
    lacking = [str(name) for name in base.recording.values if str(name) not in own]
    n = base.sizes["recording"]
    return (
        f"of {n - len(lacking)} of {n} recordings; lacking {listed(lacking, 5)}." if lacking else ""
    )


def _out_of_date(store: Place, groups: Sequence[str]) -> list[str]:
    """What opening the groups warns of: numbers that have changed since, writes not finished."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for name in groups:
            _open(store, name)
    kinds = (IncompleteGroup, StaleGroup)
    return [str(one.message) for one in caught if issubclass(one.category, kinds)]


def _quietly(store: Place, group: str) -> xr.Dataset:
    opened = open_store(store, group, warn=False)
    assert isinstance(opened, xr.Dataset)
    return opened


def _open(store: Place, group: str) -> xr.Dataset:
    opened = open_store(store, group)
    assert isinstance(opened, xr.Dataset)
    return opened
