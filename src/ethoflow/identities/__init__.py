"""Identities: who is who over a whole recording. Suspected swaps, and a list of corrections."""

from ethoflow.identities.finding import find_swaps
from ethoflow.identities.swapping import applied_edits, restore_identities, swap_identities
from ethoflow.identities.table import read_edits, write_edits

__all__ = [
    "applied_edits",
    "find_swaps",
    "read_edits",
    "restore_identities",
    "swap_identities",
    "write_edits",
]
