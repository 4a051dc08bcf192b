"""Digest of all that a group holds, by which results made from it are known to be fresh."""

from __future__ import annotations

from pathlib import Path

import xxhash


def fingerprint(path: str | Path, group: str, recording: str | None = None) -> str:
    """Digest of a group, which changes with anything that is stored in it.

    Parameters
    ----------
    path, group
        A store and a group of it.
    recording
        One recording of the group; other recordings may change its digest, too.
    """
    digest = xxhash.xxh3_128()
    root = Path(path, group)
    for file in sorted(item for item in root.rglob("*") if item.is_file()):
        digest.update(repr((file.relative_to(root).as_posix(), file.stat().st_size)).encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()
