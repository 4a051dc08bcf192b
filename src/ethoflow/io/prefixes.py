"""Two animals in a file of one: the same body parts under several prefixes."""

from __future__ import annotations

from collections.abc import Sequence

FEWEST = 3
"""Body parts that each animal has, from which on prefixes are taken for animals."""
_SIDES = {"left", "right", "l", "r", "front", "hind", "fore", "rear", "upper", "lower", "top"}


def find_prefixes(bodyparts: Sequence[str]) -> tuple[str, ...]:
    """Prefixes that divide all body parts into the same ones of several animals; none where not.

    Examples
    --------
    >>> find_prefixes(["B_Nose", "B_Ear", "B_Tail", "W_Nose", "W_Ear", "W_Tail"])
    ('B', 'W')
    >>> find_prefixes(["left_ear", "left_paw", "left_hip", "right_ear", "right_paw", "right_hip"])
    ()
    """
    rests: dict[str, set[str]] = {}
    for part in bodyparts:
        prefix, _, rest = part.partition("_")
        rests.setdefault(prefix, set()).add(rest)
    same = len(set(map(frozenset, rests.values()))) == 1
    if len(rests) < 2 or not same or _SIDES & {prefix.lower() for prefix in rests}:
        return ()
    return tuple(rests) if len(bodyparts) >= FEWEST * len(rests) else ()


def tell_prefixes(bodyparts: Sequence[str]) -> str:
    """A sentence on body parts that seem to be of several animals, empty where none do."""
    found = find_prefixes(bodyparts)
    if not found:
        return ""
    listed = ", ".join(found)
    return (
        f"its body parts are the same under the prefixes {listed}: where these are animals, read "
        f"them with individuals: [{listed}] in the project file (--individuals {','.join(found)})."
    )
