"""Which body part plays which role: trackers name points freely, rules ask for roles."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ethoflow.errors import DataError, UnknownName, no_such

ALIASES: dict[str, tuple[str, ...]] = {
    "nose": ("nose", "snout", "nosetip", "snouttip", "mousenose", "muzzle"),
    "left_ear": ("leftear", "earleft", "earl", "leftearbase"),
    "right_ear": ("rightear", "earright", "earr", "rightearbase"),
    "head": ("head", "headcentre", "headcenter", "midhead"),
    "neck": ("neck", "nape", "spine1"),
    "centre": (
        "centre",
        "center",
        "centroid",
        "bodycentre",
        "bodycenter",
        "bodymiddle",
        "midbody",
        "midback",
        "mouseback",
        "mousecenter",
        "thorax",
        "back",
        "body",
        "torso",
    ),
    "left_side": ("leftside", "leftfhip", "lateralleft", "leftlateral", "leftflank"),
    "right_side": ("rightside", "rightfhip", "lateralright", "rightlateral", "rightflank"),
    "lower_back": ("lowerback", "spine2", "backlower"),
    "left_hip": ("lefthip", "leftbhip", "hipleft", "hipl"),
    "right_hip": ("righthip", "rightbhip", "hipright", "hipr"),
    "tail_base": ("tailbase", "baseoftail", "tailroot", "tailstart", "tailset", "proximaltail"),
    "tail_mid": ("tailmid", "midtail", "tail1", "tailcentre", "tailcenter"),
    "tail_tip": ("tailtip", "tipoftail", "tailend"),
}
"""Spellings of each role, lower case without blanks and punctuation."""

SEGMENTS: tuple[tuple[str, str], ...] = (
    ("nose", "tail_base"),
    ("nose", "left_ear"),
    ("nose", "right_ear"),
    ("left_ear", "right_ear"),
    ("nose", "centre"),
    ("centre", "tail_base"),
    ("left_side", "right_side"),
    ("left_hip", "right_hip"),
    ("tail_base", "tail_tip"),
)
"""Pairs of roles whose distance says something about posture."""


def find_roles(bodyparts: Sequence[str], skeleton: Mapping[str, str] | None = None) -> list[str]:
    """Role of every body part, empty where it has none.

    Parameters
    ----------
    bodyparts
        The tracker's names.
    skeleton
        Roles by hand, ``{role: bodypart}``; they win over the alias table.

    Raises
    ------
    DataError
        `skeleton` names a body part that is not there, or one twice, or spells a role otherwise.

    Examples
    --------
    >>> find_roles(["snout", "Tail_base", "Spine_2"], {"centre": "Spine_2"})
    ['nose', 'tail_base', 'centre']
    """
    by_hand = dict(skeleton or {})
    spelling = {alias: role for role, aliases in ALIASES.items() for alias in aliases}
    for role, part in by_hand.items():
        if part not in bodyparts:
            raise UnknownName(f"skeleton {role}={part}: {no_such('body part', part, bodyparts)}")
        name = spelling.get(_spell(role), role)
        if role not in ALIASES and name != role:
            raise DataError(f"skeleton {role}={part}: the role is called {name!r} here.")
    role_of = {part: role for role, part in by_hand.items()}
    if len(role_of) < len(by_hand):
        raise DataError(f"skeleton gives one body part two roles: {by_hand}.")
    taken = set(by_hand)
    roles = []
    for part in bodyparts:
        role = role_of.get(part)
        if role is None:
            role = spelling.get(_spell(part), "")
            role = "" if role in taken else role
        taken.add(role)
        roles.append(role)
    return roles


def _spell(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def place_roles(roles: Sequence[str], wanted: Sequence[str]) -> list[int | None]:
    """Place of each wanted role among the body parts, None where it is missing.

    Examples
    --------
    >>> place_roles(["nose", "", "tail_base"], ["tail_base", "centre"])
    [2, None]
    """
    found = list(roles)
    return [found.index(role) if role in found else None for role in wanted]
