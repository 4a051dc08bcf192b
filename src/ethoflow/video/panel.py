"""The strip below a picture: the clock, and what each animal does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from ethoflow.colours import colours_of
from ethoflow.engine.declare import Array
from ethoflow.labels.categories import UNKNOWN
from ethoflow.short_names import short_names
from ethoflow.video.lettering import (
    BOLD,
    DIM,
    GROUND,
    INK,
    PALE,
    Colour,
    Image,
    box,
    colour_of,
    draw_text,
    shorten,
    text_width,
    unknown_box,
)
from ethoflow.video.states import GONE, Slot

PAD, GAP = 10, 5
CLOCK, SMALL = 19, 13
HEAD = 34
LINE = 22
MOST_NAME = 150


def clock(seconds: float) -> str:
    """A time as on a stop watch.

    Examples
    --------
    >>> clock(75.3), clock(3661.04), clock(-0.5)
    ('1:15.30', '1:01:01.04', '-0:00.50')
    """
    hundredths = round(abs(seconds) * 100)
    minutes, rest = divmod(hundredths, 6000)
    hours, minutes = divmod(minutes, 60)
    sign = "-" if seconds < 0 and hundredths else ""
    before = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{sign}{before}:{rest // 100:02d}.{rest % 100:02d}"


@dataclass(frozen=True)
class _Place:
    """Where a slot of an animal stands, and how it looks in each state."""

    row: int
    slot: int
    x: int
    y: int
    looks: dict[int, Image]


@dataclass
class Panel:
    """The strip of one recording; `draw` gives it at a moment.

    Attributes
    ----------
    width, height
        Px.
    """

    width: int
    height: int
    ground: Image
    places: list[_Place]
    _last: bytes = b""
    _drawn: Image = field(default_factory=lambda: np.empty((0, 0, 3), np.uint8))

    def draw(self, seconds: float, frame: int, share: float, states: Array) -> Image:
        """The strip at a second of the clock.

        Parameters
        ----------
        seconds
            On the recording's own clock.
        frame
            Number of the frame of the recording.
        share
            How much of what is shown has passed, 0 to 1.
        states
            Dims (individual, slot), as `states_of` gives them.
        """
        key = states.tobytes()
        if key != self._last or not self._drawn.size:
            image = self.ground.copy()
            for one in self.places:
                look = one.looks.get(int(states[one.row, one.slot]))
                if look is not None:
                    image[one.y : one.y + look.shape[0], one.x : one.x + look.shape[1]] = look
            self._last, self._drawn = key, image
        image = self._drawn.copy()
        said = f"{clock(seconds)} s"
        draw_text(image, said, (PAD, 24), CLOCK, INK, BOLD)
        beside = PAD + text_width(said, CLOCK, BOLD) + 12
        draw_text(image, f"frame {frame}", (beside, 24), SMALL, DIM)
        cv2.rectangle(image, (0, 0), (self.width - 1, 2), (60, 56, 54), -1)
        cv2.rectangle(image, (0, 0), (round(share * (self.width - 1)), 2), PALE, -1)
        return image


def make_panel(
    width: int, title: str, animals: dict[int, str], colours: Sequence[Colour], slots: list[Slot]
) -> Panel:
    """The strip of a recording.

    Parameters
    ----------
    width
        Px.
    title
        What stands at its right.
    animals
        Who sits in each slot.
    colours
        Colour of each animal.
    slots
        What they may do.
    """
    looks = _looks_of(slots)
    brief = short_names(list(animals.values()))
    names = {seat: shorten(brief[name], SMALL, MOST_NAME) for seat, name in animals.items()}
    left = PAD + 18 + max((text_width(name, SMALL) for name in names.values()), default=0) + 14
    places, y = [], HEAD + 2
    tops = {}
    for seat in animals:
        x, tops[seat] = left, y
        for number, found in enumerate(looks):
            wide = max(image.shape[1] for image in found.values())
            if x + wide > width - PAD and x > left:
                x, y = left, y + LINE + GAP
            places.append(_Place(seat, number, x, y, found))
            x += wide + GAP
        y += LINE + GAP
    height = y + 4 if animals else HEAD + 4
    ground = np.full((height + height % 2, width, 3), GROUND, np.uint8)
    shown = shorten(title, SMALL, max(width - 330, 60))
    draw_text(ground, shown, (width - PAD - text_width(shown, SMALL), 24), SMALL, PALE)
    for seat, top in tops.items():
        centre = (PAD + 6, top + LINE // 2)
        cv2.circle(ground, centre, 6, colours[seat], -1, cv2.LINE_AA)
        draw_text(ground, names[seat], (PAD + 18, top + LINE // 2 + 5), SMALL, INK)
    return Panel(width, ground.shape[0], ground, places)


def _looks_of(slots: list[Slot]) -> list[dict[int, Image]]:
    """How each slot looks in each of its states."""
    named = [_shown(slot, member) for slot in slots for member in slot.members.values()]
    colours = {
        name: colour_of(code) for name, code in colours_of(list(dict.fromkeys(named))).items()
    }
    looks = []
    for slot in slots:
        said = {
            code: f"{slot.name} {slot.short[member]}" if slot.is_category else slot.name
            for code, member in slot.members.items()
        }
        wide = max(text_width(f"{text} ?", SMALL) for text in (slot.name, *said.values())) + 14
        found = {
            code: box(wide, LINE, text, SMALL, colours[_shown(slot, slot.members[code])])
            for code, text in said.items()
        }
        found[UNKNOWN] = unknown_box(wide, LINE, slot.name, SMALL)
        found[GONE] = np.full((LINE, wide, 3), GROUND, np.uint8)
        if not slot.is_category:
            found[0] = box(wide, LINE, slot.name, SMALL, None)
        looks.append(found)
    return looks


def _shown(slot: Slot, member: str) -> str:
    """The name that has a colour, as in pictures."""
    return f"{slot.variable} {slot.short[member]}" if slot.is_category else slot.variable
