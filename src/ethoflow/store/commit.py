"""The switch from one state of a store to the next: the root document is replaced as a whole."""

from __future__ import annotations

from ethoflow.schema import DataError
from ethoflow.store.files import (
    is_local,
    objects_of,
    place_of,
    read_file,
    stamp_of,
    unlike,
    write_file,
)
from ethoflow.store.progress import copy_path
from ethoflow.store.root import is_same
from ethoflow.store.state import METADATA, State


def commit(state: State, before: State) -> None:
    """Make `state` what readers see, in place of `before`: one file is replaced.

    Raises
    ------
    DataError
        Among objects, where no lock of the system's own keeps others out: `before` is not what
        readers see.
    """
    root, content = place_of(state.path) / METADATA, state.to_bytes()
    if is_local(root):
        write_file(root, content)
        return
    objects = objects_of(root)
    if objects.replace(str(root), content, before.seen):
        return
    now = stamp_of(root)  # it may have been mended, or written by others to say the same
    if now and is_same(root, before) and objects.replace(str(root), content, now):
        return
    raise DataError(
        f"{state.path} was written by somebody else meanwhile, who took this writer for dead: what "
        "they wrote stays. Run this again to add to it."
    )


def publish(state: State, group: str) -> None:
    """Let the files of single nodes, and the copy of the root's, say what the root says.

    That of the group comes first: it tells whoever opens the group's own folder of all its arrays.
    """
    content = state.to_bytes()
    root = place_of(state.path)
    for place in (root / METADATA, copy_path(state.path)):
        if read_file(place) != content:
            write_file(place, content)
    own = {str(root / n / METADATA): state.node_bytes(n) for n in state.below(group)}
    for file in unlike(root / group, own):
        write_file(file, own[file])
    parts = group.split("/")
    above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    for name in (parent for parent in above if parent in state.nodes):
        place, document = root / name / METADATA, state.node_bytes(name)
        if read_file(place) != document:
            write_file(place, document)
