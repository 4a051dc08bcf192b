"""The command line: demo, init, run, ingest, annotate, check, recipe, labels, export, info, ..."""

from __future__ import annotations

import sys

from ethoflow import unchanged
from ethoflow.cli import (  # importing them adds their commands
    checks,
    cohort,
    comparison,
    exchange,
    recipe,
)
from ethoflow.cli.app import app

__all__ = ["app", "checks", "cohort", "comparison", "exchange", "main", "recipe"]


def main() -> None:
    """Entry point of a process of its own: `run` may go by what the last one noted."""
    sys.exit(app(obj=unchanged.BEGUN))
