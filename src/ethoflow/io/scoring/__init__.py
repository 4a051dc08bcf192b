"""Scored behaviour in: what people and other programs labelled, as datasets of labels."""

from __future__ import annotations

from ethoflow.io.scoring.clock import LabelNote
from ethoflow.io.scoring.labels import list_labels, read_labels
from ethoflow.io.scoring.offset import Offset, find_offset

__all__ = ["LabelNote", "Offset", "find_offset", "list_labels", "read_labels"]
