"""The command line: demo, init, run, ingest, annotate, check, labels, agreement, export, ..."""

from __future__ import annotations

import sys

from ethoflow import unchanged

# Importing them adds their commands.
from ethoflow.cli import (
    agreement,
    arenas,
    checks,
    cohort,
    comparison,
    exchange,
    explanation,
    learning,
    measures,
    recipe,
    report,
    video,
)
from ethoflow.cli.app import app
from ethoflow.cli.ending import end_reading

__all__ = [
    "agreement",
    "app",
    "arenas",
    "checks",
    "cohort",
    "comparison",
    "exchange",
    "explanation",
    "learning",
    "main",
    "measures",
    "recipe",
    "report",
    "video",
]


def main() -> None:
    """Entry point of a process of its own: `run` may go by what the last one noted."""
    try:
        sys.exit(app(obj=unchanged.BEGUN))
    finally:
        end_reading()
