"""The Zarr store: layout, regions, digests of what is done, commit.

A store is one Zarr v3 directory. Every group is a complete dataset; its variables share one grid
of blocks along `recording` and `time`. Beside the groups, ``progress/GROUP`` keeps, for every
variable, recording and block, the digest of the recipe and input it was written from.
"""

from __future__ import annotations

from ethoflow.store.fingerprint import fingerprint
from ethoflow.store.groups import (
    IncompleteGroup,
    block_length,
    check_place,
    drop_arrays,
    drop_others,
    exists,
    has_data,
    is_complete,
    list_arrays,
    list_groups,
    open_group,
    set_attrs,
)
from ethoflow.store.layout import (
    BLOCK_BYTES,
    MIN_BLOCK,
    choose_block,
    create_arrays,
    grow,
    missing_of,
    rows_of,
    write_coord,
    write_names,
    write_rows,
)
from ethoflow.store.progress import PROGRESS, begin, commit, expect, read_done, write_done
from ethoflow.store.regions import (
    DECODED_BYTES,
    UNKNOWN,
    StoredArray,
    decode_label,
    describe,
    encode_label,
    erase,
    read_bounds,
    write_region,
    write_row,
)

__all__ = [
    "BLOCK_BYTES",
    "DECODED_BYTES",
    "MIN_BLOCK",
    "PROGRESS",
    "UNKNOWN",
    "IncompleteGroup",
    "StoredArray",
    "begin",
    "block_length",
    "check_place",
    "choose_block",
    "commit",
    "create_arrays",
    "decode_label",
    "describe",
    "drop_arrays",
    "drop_others",
    "encode_label",
    "erase",
    "exists",
    "expect",
    "fingerprint",
    "grow",
    "has_data",
    "is_complete",
    "list_arrays",
    "list_groups",
    "missing_of",
    "open_group",
    "read_bounds",
    "read_done",
    "rows_of",
    "set_attrs",
    "write_coord",
    "write_done",
    "write_names",
    "write_region",
    "write_row",
    "write_rows",
]
