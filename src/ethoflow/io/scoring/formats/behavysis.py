"""Tables of behavysis (Arrow): predictions and a person's verdict for every behaviour."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np

from ethoflow.io.arrow_tables import names_in_feather, read_feather
from ethoflow.io.content import Content
from ethoflow.io.paths import recording_name
from ethoflow.io.scoring.declare import label_reader
from ethoflow.io.scoring.scored import Frames, Scored
from ethoflow.schema import DataError


def _matches(file: Content) -> bool:
    if file.kind != "feather":
        return False
    return any(kind == "pred" for _, kind in _columns(file.path).values())


def _columns(path: Path) -> dict[str, tuple[str, str]]:
    """Behaviour and kind of each column, whose name is the text of a pair."""
    found = {}
    for name in names_in_feather(path):
        try:
            pair = ast.literal_eval(name)
        except (ValueError, SyntaxError):
            continue
        if isinstance(pair, tuple) and len(pair) == 2:
            found[name] = (str(pair[0]), str(pair[1]))
    return found


@label_reader("behavysis", matches=_matches)
def read_behavysis(path: Path) -> list[Scored]:
    """Labels by a classifier (pred), and by a person where there are any (actual).

    -1 means not decided: nothing is known there.
    """
    table = read_feather(path)
    columns = _columns(path)
    scored: list[Scored] = []
    for kind, rater, source in (("actual", "human", "human"), ("pred", "classifier", "classifier")):
        names = {behaviour: name for name, (behaviour, k) in columns.items() if k == kind}
        if not names:
            continue
        values = np.array([table[name].to_numpy() for name in names.values()], np.float32)
        if not np.isin(values, (-1, 0, 1)).all():
            raise DataError(f"the columns {kind!r} must hold 1, 0 or -1; others were found.")
        values[values == -1] = np.nan
        scored.append(Frames(recording_name(path), tuple(names), values, rater, source=source))  # type: ignore[arg-type]
    return scored
