"""Arenas as written by people, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import ethoflow as ef
from ethoflow.geometry.arena import N_VERTICES, parse_arena

SQUARE = [(0, 0), (100, 0), (100, 100), (0, 100)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("circle 320 240 200 px = 380 mm", ef.circle(320, 240, 200, size="380 mm")),
        ("Circle 320.5 240 200px=38cm", ef.circle(320.5, 240, 200, size="38 cm")),
        ("circle 0 -10 5e1", ef.circle(0, -10, 50)),
        ("polygon 0,0 100,0 100,100 0,100 px = 380 mm", ef.polygon(SQUARE, size=380)),
        ("polygon 0 0 100 0 100 100 0 100", ef.polygon(SQUARE)),
        (
            "polygon 0,0 100,0 100,100 0,100 px, 120.5 px = 241 mm",
            ef.polygon(SQUARE, size=241, size_px=120.5),
        ),
    ],
)
def test_written_arenas(text: str, expected: ef.Arena) -> None:
    assert parse_arena(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "square 0 0 1 1", "circle 320 240 px = 380 mm", "circle 1 2 3 4", "polygon 0,0 1,0 px",
     "polygon 0,0 1,0 1,1 0 px", "circle 320 240 200 px, 120 px = 240 mm",
     "circle 320 240 200 px 380 mm", "polygon 0,0 1,0 1,1 px 380mm", "circle 1 2 3 px =",
     "circle 320 240 200 mm = 380 mm", "polygon 0,0 1,0 1,1 px, = 3 mm"],
)  # fmt: skip
def test_what_cannot_be_read_is_shown_how(text: str) -> None:
    with pytest.raises(ef.DataError, match="circle X Y RADIUS"):
        parse_arena(text)


@pytest.mark.parametrize("size", ["380", "380 mm", "38 cm", "0.38 m", 380])
def test_sizes_have_units(size: str | int) -> None:
    assert ef.circle(0, 0, 190, size=size).px_per_mm == pytest.approx(1)
    side = [(0, 0), (380, 0), (380, 380)]
    assert ef.polygon(side, size=size).px_per_mm == pytest.approx(1)


def test_wrong_sizes() -> None:
    with pytest.raises(ef.UnitError, match="size of the arena"):
        ef.circle(0, 0, 100, size="380 px")
    for size in (0, "-3 mm"):
        with pytest.raises(ef.DataError, match="positive length"):
            ef.polygon(SQUARE, size=size)


def test_wrong_shapes() -> None:
    for radius in (0, -1, np.nan):
        with pytest.raises(ef.DataError, match="positive radius"):
            ef.circle(0, 0, radius)
    with pytest.raises(ef.DataError, match="three or more"):
        ef.polygon(SQUARE[:2])
    with pytest.raises(ef.DataError, match="cross"):
        ef.polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    with pytest.raises(ef.DataError, match="no length"):
        ef.polygon([(0, 0), (0, 0), (100, 100), (0, 100)])


def test_a_circle_has_many_corners() -> None:
    corners = ef.circle(5, 6, 10).corners()
    assert corners.shape == (N_VERTICES, 2)
    np.testing.assert_allclose(np.hypot(*(corners - [5, 6]).T), 10)


def test_corners_that_are_no_pairs_of_numbers_are_refused() -> None:
    for corners in ("0,0 1,0 1,1", [(0, 0), (1, 0), (1,)], [("a", 0), (1, 0), (1, 1)], 3):
        with pytest.raises(ef.DataError, match="three or more corners"):
            ef.polygon(corners)  # type: ignore[arg-type]
