"""A colour for each behaviour, the same in every picture and video."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from ethoflow.behaviours import available, usual
from ethoflow.names import in_order

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#999933")
"""Okabe and Ito's colours, which colour-blind people tell apart, and two of Tol's."""

SHADES = (0.0, -0.35, 0.3, 0.55)
"""How far the palette's colours go towards white, or black, once all of them are used."""


_NUMBERED = re.compile(r".*?[ _-]?(\d{1,6})")


def colours_of(names: Sequence[str]) -> dict[str, str]:
    """Colours by name: of a behaviour that comes with ethoflow always the same.

    Those with a number (``cluster 3``) have the one of their number, whichever others are there;
    where two have the same number, it is that of the first. Others have one that follows from their
    name, or the next that is free. Of more names than there are colours some share one.

    Examples
    --------
    >>> colours_of(["moving"])["moving"] == colours_of(["climbing", "moving"])["moving"]
    True
    >>> alone, both = colours_of(["cluster 3"]), colours_of(["cluster 1", "cluster 3"])
    >>> alone["cluster 3"] == both["cluster 3"]
    True
    >>> len(set(colours_of(["cluster 3", "state 3"]).values()))
    2
    """
    colours = [shade(colour, share) for share in SHADES for colour in PALETTE]
    first = sorted(usual())
    known = [*first, *sorted(set(available()) - set(first))]
    places = {name: known.index(name) % len(colours) for name in names if name in known}
    others = range(len(first), len(colours))  # the usual behaviours keep theirs
    numbers: dict[int, str] = {}
    for name in sorted(set(names) - set(places), key=in_order):
        if number := _NUMBERED.fullmatch(name):
            numbers.setdefault(int(number.group(1)), name)
    places |= {name: others[number % len(others)] for number, name in numbers.items()}
    for name in sorted(names, key=in_order):
        if name not in places:
            digest = hashlib.blake2b(name.encode(), digest_size=4).digest()
            strong = others[: -len(PALETTE)]  # the palest only once the others are used
            wanted = strong[int.from_bytes(digest, "big") % len(strong)]
            free = [p for p in others if p not in places.values()]
            places[name] = next((p for p in free if p >= wanted), free[0] if free else wanted)
    return {name: colours[places[name]] for name in names}


def colour_of_seat(seat: int) -> str:
    """The colour of an animal by its place in a recording: 32 that differ, the strong ones first.

    Examples
    --------
    >>> len({colour_of_seat(seat) for seat in range(32)})
    32
    """
    round_, place = divmod(seat, len(PALETTE))
    return shade(PALETTE[place], SHADES[round_ % len(SHADES)])


def shade(colour: str, share: float) -> str:
    """A colour, a share of the way to white, or to black where it is negative."""
    parts = [int(colour[i : i + 2], 16) for i in (1, 3, 5)]
    goal = 255 if share > 0 else 0
    return "#" + "".join(f"{round(part + (goal - part) * abs(share)):02X}" for part in parts)
