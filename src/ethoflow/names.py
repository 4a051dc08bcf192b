"""Names as people type them: one form of letters, a place beside other names, a name of a file."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Hashable, Sequence

NETWORK = re.compile(r"DLC(?=[_A-Z])|DeepCut(?=_)|_superanimal_")
"""Where a name stops being that of a video and goes on with the network that tracked it."""

COUNTED = re.compile(
    r"(individual|ind|track|untracked|instance|roi|arena_?\d+_ind)[ _-]?\d+|single|recording"
)
"""What trackers and defaults call animals, in small letters: the same names in every file."""

ASIDE = "metadata_"
"""What stands before the name of metadata that are called like something of ours."""


def name_aside(name: Hashable, taken: Container[Hashable]) -> str:
    """Name of metadata beside names that are `taken`: its own, or with ``metadata_`` before it.

    Examples
    --------
    >>> name_aside("cage", {"speed"}), name_aside("speed", {"speed"})
    ('cage', 'metadata_speed')
    """
    found = str(name)
    while found in taken:
        found = f"{ASIDE}{found}"
    return found


def animals_of(names: Sequence[str], recording: str) -> list[str]:
    """Who sits in the slots of a recording: its only animal is called as it if only counted.

    A tracker calls the only animal ``track_0`` in every file; as the name of an animal that would
    make one animal of all recordings.

    Examples
    --------
    >>> animals_of(["track_0"], "day_1"), animals_of(["B7"], "day_1")
    (['day_1'], ['B7'])
    """
    if len(names) == 1 and COUNTED.fullmatch(str(names[0]).casefold()):
        return [recording]
    return [str(name) for name in names]


def plain(words: str) -> str:
    """`words` as two people who mean the same may have typed them: one form of letters and blanks.

    Accents are composed (a Mac keeps them apart in names of files), blanks of any kind are one
    space, and what has no width is nothing.

    Examples
    --------
    >>> plain("Mau\u0308schen\u00a01 ") == "M\u0061\u00fcschen 1"
    True
    """
    composed = unicodedata.normalize("NFC", words)
    return " ".join(re.sub("[\u200b-\u200d\u2060\ufeff]", "", composed).split())


def in_order(name: str) -> list[tuple[int, str]]:
    """What names are sorted by for people, 2 before 10.

    Examples
    --------
    >>> sorted(["cluster 10", "cluster 2", "rest"], key=in_order)
    ['cluster 2', 'cluster 10', 'rest']
    """
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]


def clean_name(name: str) -> str:
    """`name` as it may stand in a file name."""
    return re.sub(r"[^\w.-]+", "_", name).strip("_") or "recording"
