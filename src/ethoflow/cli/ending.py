"""How a command ends: without the trace that zarr leaves where a machine is busy."""

from __future__ import annotations

import sys

PATIENCE = 30.0
"""Seconds for what is still being read or written to end."""


def end_reading() -> None:
    """Let zarr's thread end before Python does.

    At exit zarr gives it a fifth of a second, and then fails to close a loop that still runs:
    nothing is lost, but a command that has done its work ends with a trace.
    """
    found = sys.modules.get("zarr.core.sync")
    if found is None or found.loop[0] is None or found.iothread[0] is None:
        return
    found.loop[0].call_soon_threadsafe(found.loop[0].stop)
    found.iothread[0].join(PATIENCE)
