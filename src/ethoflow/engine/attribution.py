"""Who made which part of a group: what a writer says of itself, beside what is said of the rest."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ethoflow.engine.beside import Stored
from ethoflow.store import MADE_BY


@dataclass(frozen=True)
class Making:
    """Some variables of some recordings, and who made them; nothing where nobody said."""

    by: Mapping[str, Any] | None
    variables: frozenset[str]
    recordings: frozenset[str]


def attributed(
    there: Stored,
    by: Mapping[str, Any] | None,
    variables: Collection[str],
    recordings: Collection[str],
) -> dict[str, str]:
    """The attribute of a group into which `variables` of `recordings` are written.

    Parameters
    ----------
    there
        What stays of the group.
    by
        Who writes, as JSON can hold it; None where that is not said.
    variables, recordings
        What is written.
    """
    text = there.state.group_attributes(there.group).get(MADE_BY, "")
    stored = read_makings(text, there.documents, there.recordings)
    known = _merged(stored, Making(by, frozenset(variables), frozenset(recordings)), there)
    if all(item.by is None for item in known):
        return {}
    return {MADE_BY: json.dumps([_plain(item, there.names) for item in known], sort_keys=True)}


def read_makings(
    text: str, variables: Collection[str], recordings: Sequence[str]
) -> tuple[Making, ...]:
    """What the attribute of a group says; nothing where it cannot be read.

    Parameters
    ----------
    text
        The attribute.
    variables, recordings
        Those of the group.
    """
    try:
        found = [
            Making(
                item["by"],
                frozenset(item["variables"]) & frozenset(variables),
                frozenset(item.get("recordings", recordings)),
            )
            for item in json.loads(text or "[]")
        ]
    except (ValueError, TypeError, KeyError):
        return ()
    return tuple(item for item in found if isinstance(item.by, dict | None))


def _merged(stored: Sequence[Making], new: Making, there: Stored) -> list[Making]:
    """What is known after a write, in order: where two speak of one thing, the later counts."""
    staying, kept = frozenset(there.staying), frozenset(there.variables)
    left: list[Making] = []
    for item in stored:
        if item.variables <= new.variables:
            item = replace(item, recordings=item.recordings & staying)
        elif not item.recordings & staying:
            item = replace(item, variables=item.variables & kept)
        item = replace(item, variables=item.variables & (kept | new.variables))
        if item.variables and item.recordings & frozenset(there.names):
            left.append(item)
    while left and (joined := _joined(left[-1], new)) is not None:
        new = joined
        del left[-1]
    return [*left, new]


def _joined(one: Making, other: Making) -> Making | None:
    """Two makers with nobody between them as one; None where they cannot be told as one."""
    if one.by == other.by and one.recordings == other.recordings:
        return replace(other, variables=other.variables | one.variables)
    if one.by == other.by and one.variables == other.variables:
        return replace(other, recordings=other.recordings | one.recordings)
    return None


def _plain(item: Making, names: Sequence[str]) -> dict[str, Any]:
    """As JSON: recordings only where they are not all of the group."""
    some = {} if item.recordings >= frozenset(names) else {"recordings": sorted(item.recordings)}
    return {"by": item.by, "variables": sorted(item.variables), **some}
