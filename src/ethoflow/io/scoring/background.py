"""What a class means that stands for none of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, TypeAlias

import numpy as np

from ethoflow.io.scoring.scored import Frames
from ethoflow.schema import DataError

Background: TypeAlias = Literal["absent", "unlabelled"]
_UNLABELLED = "background"
"""The one word of them that programs also use for frames nobody looked at."""


def settle_background(scored: Frames, meaning: Background | None) -> Frames:
    """The same without its background: its frames have no behaviour, or are not labelled.

    Without a meaning the file tells it: where other frames are marked as not labelled, background
    is an absence; else a class called background is not labelled, one called none or other absent.
    What was taken is a note.

    Raises
    ------
    DataError
        The meaning is neither ``"absent"`` nor ``"unlabelled"``.
    """
    if meaning not in (None, "absent", "unlabelled"):
        raise DataError(f"background must be 'absent' or 'unlabelled', found {meaning!r}.")
    if not scored.background:
        return scored
    is_background = np.isin(scored.behaviours, scored.background)
    marked = bool(np.isnan(scored.values).all(axis=0).any())
    named = " and ".join(map(repr, scored.background))
    notes = scored.notes
    if meaning is None:
        is_open = any(name.strip().lower() == _UNLABELLED for name in scored.background)
        meaning = "unlabelled" if is_open and not marked else "absent"
        how = "other frames are marked as not labelled" if marked else "the file does not say"
        taken = "frames without any behaviour" if meaning == "absent" else "frames nobody labelled"
        other = "absent" if meaning == "unlabelled" else "unlabelled"
        notes = (
            *notes,
            f"{named} is taken as {taken} ({how}); background={other!r} (--background {other}) "
            "says otherwise.",
        )
    values = scored.values[~is_background].copy()
    if meaning == "unlabelled":
        values[:, (scored.values[is_background] == 1).any(axis=0)] = np.nan
    kept = tuple(
        b for b, is_one in zip(scored.behaviours, is_background, strict=True) if not is_one
    )
    return replace(scored, behaviours=kept, values=values, notes=notes, background=())
