"""The Zarr store: its state, chunks, records of what they were made from, and how it changes.

A store is one Zarr v3 directory. Every group is a complete dataset; its variables share one grid
of blocks along `recording` and `time`. What readers see is what the root's metadata say; a write
makes its chunks where nobody looks, then replaces that one file. Beside the groups, ``progress``
keeps what only ethoflow reads: for every variable and recording the digest of what it was made
from, and the journals of writes under way.
"""

from __future__ import annotations

from ethoflow.store.arrays import StoredArray, refer
from ethoflow.store.change import Change, drop_group
from ethoflow.store.codes import decode, encode, missing_of
from ethoflow.store.damage import DamagedChunk, note_damage, read_damage
from ethoflow.store.decoded import DECODED_BYTES
from ethoflow.store.documents import (
    UNKNOWN,
    Document,
    array_document,
    chunks_of,
    dims_of,
    keys_of,
)
from ethoflow.store.files import PROGRESS, check_process, is_file, place_of
from ethoflow.store.fingerprint import fingerprint
from ethoflow.store.groups import (
    IncompleteGroup,
    StaleGroup,
    check_place,
    digests_of,
    exists,
    find_stale,
    has_data,
    is_complete,
    is_foreign,
    list_groups,
    open_group,
)
from ethoflow.store.journal import journal_path
from ethoflow.store.lock import StoreLocked, writing
from ethoflow.store.names import check_group
from ethoflow.store.plan import Plan
from ethoflow.store.progress import progress_of
from ethoflow.store.reading import read_bounds, read_whole
from ethoflow.store.record import Record
from ethoflow.store.root import DamagedStore, read_state
from ethoflow.store.saving import write_chunk
from ethoflow.store.state import FRAMES_OF, MADE_BY, State
from ethoflow.store.verify import Fault, Verified, list_chunks, verify

__all__ = [
    "DECODED_BYTES",
    "FRAMES_OF",
    "MADE_BY",
    "PROGRESS",
    "UNKNOWN",
    "Change",
    "DamagedChunk",
    "DamagedStore",
    "Document",
    "Fault",
    "IncompleteGroup",
    "Plan",
    "Record",
    "StaleGroup",
    "State",
    "StoreLocked",
    "StoredArray",
    "Verified",
    "array_document",
    "check_group",
    "check_place",
    "check_process",
    "chunks_of",
    "decode",
    "digests_of",
    "dims_of",
    "drop_group",
    "encode",
    "exists",
    "find_stale",
    "fingerprint",
    "has_data",
    "is_complete",
    "is_file",
    "is_foreign",
    "journal_path",
    "keys_of",
    "list_chunks",
    "list_groups",
    "missing_of",
    "note_damage",
    "open_group",
    "place_of",
    "progress_of",
    "read_bounds",
    "read_damage",
    "read_state",
    "read_whole",
    "refer",
    "verify",
    "write_chunk",
    "writing",
]
