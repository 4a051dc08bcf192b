"""The command line: demo, init, run, ingest, annotate, labels, export, formats, info, recipe."""

from __future__ import annotations

import sys

from ethoflow import unchanged
from ethoflow.cli import cohort, exchange, recipe  # importing them adds their commands
from ethoflow.cli.app import app

__all__ = ["app", "cohort", "exchange", "main", "recipe"]


def main() -> None:
    """Entry point of a process of its own: `run` may go by what the last one noted."""
    sys.exit(app(obj=unchanged.BEGUN))
