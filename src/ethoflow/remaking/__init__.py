"""Provenance that runs: a stored group as the project file that makes it again."""

from ethoflow.remaking.found import Remaking
from ethoflow.remaking.project import OUT
from ethoflow.remaking.remake import remake

__all__ = ["OUT", "Remaking", "remake"]
