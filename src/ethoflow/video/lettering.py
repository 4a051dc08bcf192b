"""Text in pictures, its colours, and little boxes of text."""

from __future__ import annotations

import functools
from typing import Any, TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

Image: TypeAlias = npt.NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]
"""Blue, green, red, as OpenCV has them."""

INK, PALE, DIM = (236, 238, 240), (176, 178, 182), (104, 108, 114)
GROUND: Colour = (32, 28, 26)
"""Behind text."""
PLAIN, BOLD = 400, 700
LIGHT = 150
"""Brightness of a colour from which on text on it is dark."""


@functools.cache
def _face() -> Any:
    return cv2.FontFace("sans") if hasattr(cv2, "FontFace") else None


def text_width(text: str, size: int, weight: int = PLAIN) -> int:
    """How wide a text becomes, px."""
    if _face() is None:  # OpenCV 4 has stroke fonts alone
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, size / 30, 1)
        return int(width)
    left, _, width, _ = cv2.getTextSize((4096, 256), text, (0, 0), _face(), size, weight)
    return int(left + width)


def draw_text(
    image: Image, text: str, at: tuple[int, int], size: int, colour: Colour, weight: int = PLAIN
) -> None:
    """Text that begins at a place on its baseline."""
    if _face() is None:
        cv2.putText(image, text, at, cv2.FONT_HERSHEY_SIMPLEX, size / 30, colour, 1, cv2.LINE_AA)
    else:
        cv2.putText(image, text, at, colour, _face(), size, weight)


def shorten(text: str, size: int, room: int) -> str:
    """A text that fits, with its middle left out where it is too long."""
    keep = len(text)
    shown = text
    while keep > 4 and text_width(shown, size) > room:
        keep -= 1
        shown = f"{text[: (keep + 1) // 2]}…{text[len(text) - keep // 2 :]}"
    return shown


def colour_of(code: str) -> Colour:
    """A colour of `#RRGGBB`."""
    red, green, blue = (int(code[i : i + 2], 16) for i in (1, 3, 5))
    return blue, green, red


def text_on(colour: Colour) -> Colour:
    """Dark or light, whichever is read on a colour."""
    brightness = 0.114 * colour[0] + 0.587 * colour[1] + 0.299 * colour[2]
    return GROUND if brightness > LIGHT else (255, 255, 255)


def box(width: int, height: int, text: str, size: int, colour: Colour | None) -> Image:
    """A name on its colour; without one pale, as what is not there."""
    image = np.full((height, width, 3), GROUND, np.uint8)
    if colour is not None:
        _round(image, colour)
    ink = DIM if colour is None else text_on(colour)
    draw_text(image, text, (7, height // 2 + size // 2 - 1), size, ink, PLAIN)
    return image


def unknown_box(width: int, height: int, text: str, size: int) -> Image:
    """A name with a question mark, hatched: nobody knows."""
    image = np.full((height, width, 3), GROUND, np.uint8)
    _round(image, (60, 56, 54))
    for x in range(-height, width, 7):
        cv2.line(image, (x, height), (x + height, 0), (84, 79, 76), 1, cv2.LINE_AA)
    draw_text(image, f"{text} ?", (7, height // 2 + size // 2 - 1), size, PALE, PLAIN)
    return image


def _round(image: Image, colour: Colour) -> None:
    """Fill a picture but for its corners."""
    height, width = image.shape[:2]
    radius = min(5, height // 2)
    cv2.rectangle(image, (radius, 0), (width - 1 - radius, height - 1), colour, -1)
    cv2.rectangle(image, (0, radius), (width - 1, height - 1 - radius), colour, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(image, (x, y), radius, colour, -1, cv2.LINE_AA)
