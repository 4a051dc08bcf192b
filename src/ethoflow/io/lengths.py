"""Units of stored positions: pixels, or a length that is brought to mm."""

from __future__ import annotations

from ethoflow.schema import DataError
from ethoflow.units import UnitError, factor, same_dimension

_PIXELS = ("", "px", "pixel", "pixels", "n/a")


def scale_of(unit: str, where: str) -> tuple[str, float]:
    """Unit that positions in `unit` get, and what they are multiplied by.

    Raises
    ------
    DataError
        It is neither pixels nor a length; `where` names the numbers in the message.

    Examples
    --------
    >>> scale_of("cm", "X center"), scale_of("pixels", "X center")
    (('mm', 10.0), ('px', 1.0))
    """
    plain = unit.strip().lower()
    if plain in _PIXELS:
        return "px", 1.0
    try:
        if same_dimension(plain, "mm"):
            return "mm", factor(plain, "mm")
    except UnitError:
        pass
    raise DataError(f"{where}: positions are in {unit!r}; needed px, or a length in mm, cm or m.")
