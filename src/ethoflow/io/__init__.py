"""Tracker files to datasets: one file per format, one recording or a cohort.

`read` and `read_cohort` recognise a format by its content. A new format is one new module here
whose function carries ``@reader(...)`` of `ethoflow.io.reader`; nothing else changes.
"""

from __future__ import annotations

from ethoflow.io.cohort import Cohort, UnmatchedMetadata, open_cohort, read_cohort
from ethoflow.io.metadata import JoinReport, join_metadata
from ethoflow.io.reader import read
from ethoflow.io.scan import BrokenFile, Problem

__all__ = [
    "BrokenFile",
    "Cohort",
    "JoinReport",
    "Problem",
    "UnmatchedMetadata",
    "join_metadata",
    "open_cohort",
    "read",
    "read_cohort",
]
