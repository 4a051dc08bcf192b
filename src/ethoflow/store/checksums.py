"""Checksums of chunks: each carries that of what stands before it."""

from __future__ import annotations

import google_crc32c

from ethoflow.store.files import read_file


def holds(file: str) -> bool:
    """Whether the checksum of a chunk holds."""
    return is_sound(read_file(file) or b"")


def is_sound(content: bytes) -> bool:
    """Whether the checksum behind some bytes is theirs."""
    return len(content) >= 4 and checksum(content[:-4]) == content[-4:]


def checksum(content: bytes) -> bytes:
    """CRC-32C of some bytes, as it stands behind them in a chunk."""
    return int(google_crc32c.value(content)).to_bytes(4, "little")
