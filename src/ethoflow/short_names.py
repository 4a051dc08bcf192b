"""Recordings by the shortest names that tell them apart, for people to read; data keep the whole.

Trackers add what they are to the name of a video: ``m1DLC_resnet50_cageJan1shuffle1_5000_filtered``
is ``m1`` to whoever made it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from ethoflow.names import NETWORK

_MARK = re.compile(rf"[ _.-]*(?:{NETWORK.pattern}).*")
"""What networks append to the name of a video."""

_ENDING = re.compile(r"\.[a-zA-Z][a-zA-Z0-9]*$")
"""The last word of a name after a dot, as in ``mouse_07.analysis``."""


def short_names(names: Iterable[str]) -> dict[str, str]:
    """What to call each recording, by its name.

    Examples
    --------
    >>> short_names(["m1DLC_resnet50_xJan1shuffle1_5", "m2DLC_resnet50_xJan1shuffle1_5"])
    {'m1DLC_resnet50_xJan1shuffle1_5': 'm1', 'm2DLC_resnet50_xJan1shuffle1_5': 'm2'}
    >>> short_names(["m1DLC_a_shuffle1_5", "m1DLC_a_shuffle2_5"])["m1DLC_a_shuffle1_5"]
    'm1DLC_a_shuffle1_5'
    """
    names = list(dict.fromkeys(map(str, names)))
    bare = [_MARK.sub("", name) for name in names]
    counted = {name: bare.count(name) for name in bare}
    short = [
        cut if cut and counted[cut] == 1 and cut not in set(names) - {name} else name
        for name, cut in zip(names, bare, strict=True)
    ]
    return dict(zip(names, _without_ending(short), strict=True))


def fitted(names: Iterable[str], most: int = 36) -> dict[str, str]:
    """What stands beside a row that is called so: cut in the middle where they stay different.

    Examples
    --------
    >>> fitted(["rearing", "a_name_that_is_longer_than_there_is_room"], 20)
    {'rearing': 'rearing', 'a_name_that_is_longer_than_there_is_room': 'a_name_that_…is_room'}
    """
    names = list(dict.fromkeys(map(str, names)))
    front = 3 * most // 5
    cut = [n if len(n) <= most else f"{n[:front]}…{n[len(n) - most + front + 1 :]}" for n in names]
    return {
        name: short if cut.count(short) == 1 else name
        for name, short in zip(names, cut, strict=True)
    }


def videos_of(names: Iterable[str]) -> dict[str, str]:
    """The video of each recording, by its name; several networks may have tracked one.

    It is the name itself where no network is named in it, or where that of the video is a
    recording's own.

    Examples
    --------
    >>> videos_of(["m1DLC_a_shuffle1_5", "m1DLC_a_shuffle2_5", "m2"])
    {'m1DLC_a_shuffle1_5': 'm1', 'm1DLC_a_shuffle2_5': 'm1', 'm2': 'm2'}
    """
    names = list(dict.fromkeys(map(str, names)))
    bare = {name: _MARK.sub("", name) for name in names}
    return {name: video if video and video not in names else name for name, video in bare.items()}


def _without_ending(names: list[str]) -> list[str]:
    """Names without the ending that all share, where they stay different."""
    endings = {found[0] if (found := _ENDING.search(name)) else "" for name in names}
    if len(endings) != 1 or "" in endings:
        return names
    cut = [name[: -len(next(iter(endings)))] for name in names]
    return cut if all(cut) and len(set(cut)) == len(set(names)) else names


def shortener(names: Iterable[str]) -> Callable[[str], str]:
    """A function that puts short names into a sentence; names of files and in quotes stay whole.

    Examples
    --------
    >>> show = shortener(["m1DLC_resnet50_x", "m2DLC_resnet50_x"])
    >>> show("m1DLC_resnet50_x: 3 frames are missing (see /data/m1DLC_resnet50_x.h5).")
    'm1: 3 frames are missing (see /data/m1DLC_resnet50_x.h5).'
    """
    short = {name: cut for name, cut in short_names(names).items() if name != cut}
    if not short:
        return str
    every = "|".join(re.escape(name) for name in sorted(short, key=len, reverse=True))
    found = re.compile(rf"(?<![\w/\\'\".-])(?:{every})(?![\w-]|\.\w|['\"/\\])")
    return lambda text: found.sub(lambda match: short[match[0]], text)
