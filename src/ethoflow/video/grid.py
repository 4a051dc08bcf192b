"""Cells in rows, all playing at once, below a line that says what they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ethoflow.colours import colours_of
from ethoflow.engine.declare import Array
from ethoflow.video.cells import CAPTION, Cell
from ethoflow.video.lettering import (
    BOLD,
    GROUND,
    INK,
    PALE,
    Image,
    colour_of,
    draw_text,
    shorten,
    text_width,
)
from ethoflow.video.picking import Picked

HEAD, GAP = 38, 6


@dataclass(frozen=True)
class Grid:
    """Cells in rows, below a line that says what they are."""

    columns: int
    rows: int
    size: int

    @property
    def width(self) -> int:
        """Px."""
        return 2 * ((self.columns * (self.size + GAP) + GAP + 1) // 2)

    @property
    def height(self) -> int:
        """Px."""
        return 2 * ((HEAD + self.rows * (self.size + CAPTION + GAP) + 1) // 2)

    def play(self, cells: list[Cell], picked: Picked, seed: int, length: int) -> Iterator[Image]:
        """The frames of the whole grid."""
        colour = colour_of(colours_of([picked.name])[picked.name])
        playing = [cell.play(self.size, colour) for cell in cells]
        ground = np.full((self.height, self.width, 3), GROUND, np.uint8)
        draw_text(ground, picked.name, (GAP + 2, 25), 18, INK, BOLD)
        n_recordings = len({bout.recording for bout in picked.bouts})
        said = (
            f"{len(cells)} of {picked.n_whole} whole bouts, {n_recordings} "
            f"recording{'s' if n_recordings > 1 else ''}, seed {seed}"
        )
        room = self.width - 3 * GAP - text_width(picked.name, 18, BOLD) - 16
        if room > 60:
            said = shorten(said, 12, room)
            draw_text(ground, said, (self.width - GAP - text_width(said, 12), 25), 12, PALE)
        for _ in range(length):
            image = ground.copy()
            for place, one in enumerate(playing):
                row, column = divmod(place, self.columns)
                top, left = (
                    HEAD + row * (self.size + CAPTION + GAP),
                    GAP + column * (self.size + GAP),
                )
                shown: Array = next(one)
                image[top : top + shown.shape[0], left : left + self.size] = shown
            yield image
        for one in playing:
            one.close()
