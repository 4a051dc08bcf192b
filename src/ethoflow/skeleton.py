"""Which body part plays which role: trackers name points freely, rules ask for roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ethoflow.errors import DataError, UnknownName, did_you_mean

Skeleton: TypeAlias = Mapping[str, str | Sequence[str]]
"""Roles by hand: a body part's name, or several that stand for one point."""

ALIASES: dict[str, tuple[str, ...]] = {
    "nose": ("nose", "snout", "nosetip", "snouttip", "mousenose", "muzzle", "nosepoint"),
    "left_ear": ("leftear", "earleft", "earl", "lear", "leftearbase", "earbaseleft"),
    "right_ear": ("rightear", "earright", "earr", "rear", "rightearbase", "earbaseright"),
    "head": ("head", "headcentre", "headcenter", "midhead", "headmid", "headmidpoint"),
    "neck": ("neck", "nape", "neckbase", "baseneck", "spine1"),
    "centre": (
        "centre",
        "center",
        "centroid",
        "wcentroid",
        "bodycentre",
        "bodycenter",
        "bodycentroid",
        "mousecentre",
        "mousecenter",
        "centreofmass",
        "centerofmass",
        "com",
        "bodymiddle",
        "bodymid",
        "midbody",
        "spinemid",
        "midspine",
        "spinem",
        "spinecentre",
        "spinecenter",
        "centrespine",
        "centerspine",
        "midback",
        "backmiddle",
        "mouseback",
        "thorax",
        "trunk",
        "back",
        "body",
        "torso",
    ),
    "left_side": (
        "leftside",
        "leftmidside",
        "bodymiddleleft",
        "leftfhip",
        "lateralleft",
        "leftlateral",
        "leftflank",
    ),
    "right_side": (
        "rightside",
        "rightmidside",
        "bodymiddleright",
        "rightfhip",
        "lateralright",
        "rightlateral",
        "rightflank",
    ),
    "lower_back": ("lowerback", "spine2", "backlower"),
    "left_hip": ("lefthip", "hipleft", "hipl", "lhip", "leftbhip", "lefthaunch", "haunchleft"),
    "right_hip": (
        "righthip",
        "hipright",
        "hipr",
        "rhip",
        "rightbhip",
        "righthaunch",
        "haunchright",
    ),
    "tail_base": (
        "tailbase",
        "baseoftail",
        "basetail",
        "tailroot",
        "rootoftail",
        "tailstart",
        "tailset",
        "proximaltail",
        "buttproximaltail",
        "tti",
        "tail",
    ),
    "tail_mid": ("tailmid", "midtail", "tailmiddle", "tailcentre", "tailcenter", "tail1"),
    "tail_tip": ("tailtip", "tipoftail", "tiptail", "tailend", "endoftail"),
}
"""Spellings of each role, lower case without blanks and punctuation; the best come first.

Where several points could have a role, the best spelling has it and the others have none.
"""

_OF_MAMMALS = {
    alias for role in ("left_ear", "right_ear", "left_hip", "right_hip") for alias in ALIASES[role]
} - {"rear"} | {"nose"}

_ROLE_OF = {alias: role for role, aliases in ALIASES.items() for alias in aliases}

ONLY_IF: dict[str, Callable[[set[str]], bool]] = {
    # The only point of the tail of an animal with a nose, ears or hips is where the tail begins, in
    # every skeleton known; a fish's or a larva's tail is its end.
    "tail": lambda names: (
        sum("tail" in name or name == "tti" for name in names) == 1 and bool(names & _OF_MAMMALS)
    ),
    # Of the two that DeepOF's skeleton has; of four or five they lie elsewhere.
    "spine1": lambda names: "spine3" not in names,
    "spine2": lambda names: "spine3" not in names,
    "tail1": lambda names: "tail3" not in names,
    # Right ear, or the rear of a robot.
    "rear": lambda names: "lear" in names,
}
"""Spellings that mean a role only in some company: of which names."""

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


def find_roles(bodyparts: Sequence[str], skeleton: Skeleton | None = None) -> list[str]:
    """Role of every body part, empty where it has none.

    Parameters
    ----------
    bodyparts
        The tracker's names.
    skeleton
        Roles by hand, ``{role: bodypart}``; they win over the alias table. A role made of several
        points (see `find_points`) is taken, and no tracked point has it.

    Raises
    ------
    DataError
        `skeleton` names a body part that is not there, or one twice, or spells a role otherwise.

    Examples
    --------
    >>> find_roles(["snout", "Tail_base", "Spine_2"], {"centre": "Spine_2"})
    ['nose', 'tail_base', 'centre']
    """
    for role in skeleton or {}:
        name = _ROLE_OF.get(_spell(role), role)
        if role not in ALIASES and name != role:
            raise DataError(f"skeleton: the role {role!r} is called {name!r} here.")
    made = {point.role for point in find_points(bodyparts, skeleton)}
    by_hand = {
        role: _find_part(_read_point(given, bodyparts)[1][0], bodyparts, role)
        for role, given in (skeleton or {}).items()
        if role not in made
    }
    role_of = {part: role for role, part in by_hand.items()}
    if len(role_of) < len(by_hand):
        raise DataError(f"skeleton gives one body part two roles: {by_hand}.")
    for role, place in _by_alias(bodyparts).items():
        if role not in (skeleton or {}):
            role_of.setdefault(bodyparts[place], role)
    return [role_of.get(part, "") for part in bodyparts]


def _by_alias(bodyparts: Sequence[str]) -> dict[str, int]:
    """Place of the body part whose name says a role best, by role."""
    spelled = [_spell(part) for part in bodyparts]
    company = set(spelled)
    found: dict[str, int] = {}
    for role, aliases in ALIASES.items():
        for alias in aliases:
            if alias in company and (alias not in ONLY_IF or ONLY_IF[alias](company)):
                found[role] = spelled.index(alias)
                break
    return found


def _spell(name: str) -> str:
    """A name as the alias table has it: ``L_ear`` and ``earL`` have a side, ``rear`` has none."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+", name)
    sides = {"l": "left", "r": "right"}
    return "".join(sides.get(word.lower(), word.lower()) for word in words)


@dataclass(frozen=True)
class Point:
    """A body part made of others: their mean where at least `needed` of them were seen."""

    role: str
    parts: tuple[str, ...]
    needed: int

    def __str__(self) -> str:
        """The definition, as it may be given again."""
        several = "" if self.needed == len(self.parts) else f"{self.needed} of "
        return several + " + ".join(self.parts)


def find_points(bodyparts: Sequence[str], skeleton: Skeleton | None = None) -> list[Point]:
    """The roles of a skeleton that several points together stand for.

    Parameters
    ----------
    bodyparts
        The tracker's names.
    skeleton
        A list of names or roles, ``{"centre": ["left_ear", "right_ear", "tail_base"]}``, or the
        same in a text, ``"left_ear + right_ear + tail_base"``. All have to be seen, since the mean
        of some lies elsewhere; ``"2 of left_ear + right_ear + tail_base"`` takes what there is of
        at least two.

    Raises
    ------
    DataError
        A point is not there, is named twice, or more are needed than there are.

    Examples
    --------
    >>> point, = find_points(["EarL", "EarR", "nose"], {"head": "left_ear + EarR"})
    >>> point.parts, point.needed
    (('EarL', 'EarR'), 2)
    """
    points = []
    for role, given in (skeleton or {}).items():
        needed, names = _read_point(given, bodyparts)
        parts = tuple(_find_part(name, bodyparts, role) for name in names)
        if len(parts) == 1 and needed in (None, 1):
            continue
        if len(set(parts)) < len(parts):
            raise DataError(f"{role} is made of one body part twice: {', '.join(parts)}.")
        if needed is not None and not 1 <= needed <= len(parts):
            raise DataError(f"{role} needs {needed} of {len(parts)} body parts.")
        points.append(Point(role, parts, needed or len(parts)))
    return points


def _read_point(
    given: str | Sequence[str], bodyparts: Sequence[str]
) -> tuple[int | None, Sequence[str]]:
    """How many are needed, None for all, and the names."""
    if not isinstance(given, str):
        return None, [str(name) for name in given]
    if given in bodyparts:
        return None, [given]
    counted = re.fullmatch(r"\s*([0-9]+) of (.+)", given)
    names = counted[2] if counted else given
    return int(counted[1]) if counted else None, [name.strip() for name in names.split("+")]


def _find_part(name: str, bodyparts: Sequence[str], role: str) -> str:
    if name in bodyparts:
        return name
    place = _by_alias(bodyparts).get(name)
    if place is None or name == role:
        raise UnknownName(
            f"skeleton names {name!r} as {role}; these tracks have: {', '.join(bodyparts)}."
            f"{did_you_mean(name, bodyparts)}"
        )
    return bodyparts[place]


def place_roles(roles: Sequence[str], wanted: Sequence[str]) -> list[int | None]:
    """Place of each wanted role among the body parts, None where it is missing.

    Examples
    --------
    >>> place_roles(["nose", "", "tail_base"], ["tail_base", "centre"])
    [2, None]
    """
    found = list(roles)
    return [found.index(role) if role in found else None for role in wanted]
