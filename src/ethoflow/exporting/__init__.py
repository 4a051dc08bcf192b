"""Results out to other tools: files in their formats, objects of their kinds.

A new format is one new module here whose function carries ``@writer(...)``; nothing else changes.
"""

from __future__ import annotations

from ethoflow.exporting.files import export
from ethoflow.exporting.moseq import to_keypoint_moseq
from ethoflow.exporting.movement import to_movement
from ethoflow.exporting.nap import to_pynapple
from ethoflow.exporting.tables import to_table
from ethoflow.io.movement import from_movement

__all__ = ["export", "from_movement", "to_keypoint_moseq", "to_movement", "to_pynapple", "to_table"]
